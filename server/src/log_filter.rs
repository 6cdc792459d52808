//! What may stand in a filter of the log. A word that means nothing is refused: a filter of such words logs nothing.

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
/// Kalends's own parts, by the names that stand in the log.
const PARTS: [&str; 2] = ["kalends", "app"];

/// Looks at each part of a filter: a level, the name of a part, or both with `=` between them. Libraries log under names
/// of their own, which may stand before `=`.
///
/// # Errors
/// What is wrong with it, and which words there are.
pub fn check(filter: &str) -> Result<(), String> {
    let directives = filter.split(',').map(str::trim);
    for directive in directives.filter(|it| !it.is_empty()) {
        let (target, level) = match directive.rsplit_once('=') {
            Some((target, level)) => (Some(target), Some(level)),
            None if is_level(directive) => (None, Some(directive)),
            None => (Some(directive), None),
        };
        if let Some(level) = level.filter(|level| !is_level(level)) {
            return Err(told(level, target.is_some()));
        }
        if let Some(target) = target {
            // Spans stand between brackets behind it.
            let part = target.split(['[', ':']).next().unwrap_or(target).trim();
            let is_ours = PARTS.contains(&part) || part.is_empty();
            let is_slip = PARTS
                .iter()
                .any(|ours| strsim::levenshtein(ours, part) == 1);
            if !is_ours && (level.is_none() || is_slip) {
                return Err(told(part, false));
            }
        }
    }
    Ok(())
}

fn is_level(word: &str) -> bool {
    LEVELS.contains(&word.trim().to_ascii_lowercase().as_str())
}

fn told(word: &str, is_level: bool) -> String {
    let levels = LEVELS.join(", ");
    let meant = match word.to_ascii_lowercase().as_str() {
        "warning" => " (warn is meant)",
        "verbose" => " (debug or trace is meant)",
        _ => "",
    };
    let word: String = word.chars().take(40).collect();
    if is_level {
        return format!("{word:?} is no level{meant}. The levels are {levels}");
    }
    format!(
        "{word:?} is neither a level nor a part of Kalends{meant}. The levels are {levels}; a part with a level is such as kalends=debug"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_mean_nothing_are_refused() {
        for fine in [
            "",
            "info",
            "WARN",
            "off",
            "kalends=debug",
            "info,kalends::sync=trace,hyper=warn",
            "kalends",
            "warn, app=info",
            "kalends[sync.run]=debug",
        ] {
            assert_eq!(check(fine), Ok(()), "{fine}");
        }
        for (wrong, part) in [
            ("warning", "warn is meant"),
            ("verbose", "debug or trace"),
            ("kalend=debug", "\"kalend\""),
            ("kalends=loud", "\"loud\" is no level"),
            ("info,nothing", "\"nothing\""),
        ] {
            let told = check(wrong).unwrap_err();
            assert!(
                told.contains(part) && told.contains("off, error, warn"),
                "{told}"
            );
        }
    }
}

//! Time zones as people name them: by their IANA name, or by its city alone.

/// Why a text names no time zone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ZoneError {
    #[error("Choose a time zone from the list, such as Europe/Berlin.")]
    Unknown,
    #[error("There are several: {0}. Choose one of them.")]
    Several(String),
}

/// All IANA zones, sorted.
pub fn all() -> Vec<String> {
    let mut zones: Vec<String> = jiff::tz::db()
        .available()
        .map(|name| name.to_string())
        .collect();
    zones.sort_unstable();
    zones
}

/// The zone of that name, or of that city if there is just one; blanks around it, `_` and case do not matter.
pub fn find(typed: &str) -> Result<String, ZoneError> {
    let wanted = typed.trim().replace(' ', "_");
    let is_wanted = |name: &str| name.eq_ignore_ascii_case(&wanted);
    let mut cities = Vec::new();
    for zone in all() {
        if is_wanted(&zone) {
            return Ok(zone);
        }
        if zone.rsplit('/').next().is_some_and(is_wanted) {
            cities.push(zone);
        }
    }
    match cities.as_slice() {
        [] => Err(ZoneError::Unknown),
        [zone] => Ok(zone.clone()),
        _ => Err(ZoneError::Several(cities.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_found_by_its_name_or_by_its_city() {
        for typed in ["Europe/Berlin", " europe/berlin ", "Berlin", "BERLIN"] {
            assert_eq!(find(typed), Ok("Europe/Berlin".to_owned()), "{typed}");
        }
        assert_eq!(find("new york"), Ok("America/New_York".to_owned()));
        assert!(matches!(find("Louisville"), Err(ZoneError::Several(_))));
        for typed in ["", "Nowhere", "Europe/"] {
            assert_eq!(find(typed), Err(ZoneError::Unknown), "{typed}");
        }
    }
}

//! Names made safe for a line that an administrator pastes into PowerShell: a single-quoted string, in which nothing
//! is expanded, with every character doubled that PowerShell takes for a single quote.

use crate::account_name::is_ignorable;

/// What PowerShell's tokenizer takes for a single quote: the plain one and four typographic ones.
const QUOTES: [char; 5] = ['\'', '\u{2018}', '\u{2019}', '\u{201A}', '\u{201B}'];

/// A single-quoted PowerShell string that stands for `text` without its control characters.
pub fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('\'');
    for c in plain(text).chars() {
        if QUOTES.contains(&c) {
            quoted.push(c);
        }
        quoted.push(c);
    }
    quoted.push('\'');
    quoted
}

/// `quote`, with a word in capitals for names that are not known.
pub(super) fn quote_or(text: &str, otherwise: &str) -> String {
    if plain(text).is_empty() {
        quote(otherwise)
    } else {
        quote(text)
    }
}

/// A text without control characters, line separators, and marks that show it in another order than it is run.
pub fn plain(text: &str) -> String {
    text.trim().chars().filter(|c| !is_ignorable(*c)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// How PowerShell reads a single-quoted string: any of the five quotes ends it unless another follows, and then
    /// the first of both stands for itself. Returns the value and what follows the string.
    fn read(line: &str) -> Option<(String, String)> {
        let mut chars = line.chars().peekable();
        if !QUOTES.contains(&chars.next()?) {
            return None;
        }
        let mut value = String::new();
        while let Some(c) = chars.next() {
            if QUOTES.contains(&c) {
                let is_doubled = chars.next_if(|next| QUOTES.contains(next)).is_some();
                if !is_doubled {
                    return Some((value, chars.collect()));
                }
            }
            value.push(c);
        }
        None
    }

    #[test]
    fn names_with_quotes_stay_names() {
        assert_eq!(quote("O'Neil"), "'O''Neil'");
        assert_eq!(quote("x’; Remove-Mailbox ‘y"), "'x’’; Remove-Mailbox ‘‘y'");
        assert_eq!(quote("a\r\nb\u{202E}c$(x)`n"), "'abc$(x)`n'");
    }

    proptest! {
        #[test]
        fn nothing_that_is_typed_leaves_the_quotes(text in ".{0,60}|['‘’‚‛a; $\u{2028}\n]{0,20}") {
            let quoted = quote(&text);
            prop_assert_eq!(read(&quoted), Some((plain(&text), String::new())));
            prop_assert!(!quoted.chars().any(char::is_control));
        }
    }
}

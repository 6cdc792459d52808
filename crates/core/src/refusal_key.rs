//! Under which name the refusals of an account are counted.

use crate::account_name::AccountName;
use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

impl AccountName {
    /// The name under which refusals are counted: the user alone, whatever stands around it, in the one spelling of all
    /// that a directory takes for the same (letters in any width or case, with or without accents); for all of them lock
    /// the same account.
    pub fn refusal_key(&self) -> String {
        let name = folded(&self.to_string());
        let user = name.rsplit('\\').next().unwrap_or_default();
        let user = user.split('@').next().unwrap_or_default().trim();
        if user.is_empty() {
            name
        } else {
            user.to_owned()
        }
    }
}

fn folded(name: &str) -> String {
    let lower: String = name.nfkd().collect::<String>().to_lowercase();
    let plain = lower.nfkd().filter(|c| !is_combining_mark(*c));
    plain.collect::<String>().replace('\u{00DF}', "ss")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_spellings_of_a_bare_name_are_one() {
        let same = [
            "svc@example.test",
            "EXAMPLE\\SVC",
            "Svc",
            "example.test\\svc",
            "EXAMPLE\\svc@example.test",
            "example.test\\SVC@other.test",
            "EXAMPLE\\ svc ",
            "svc @example.test",
            "svc@one@example.test",
            "\u{FF33}\u{FF36}\u{FF23}",
            "\u{FF33}vc@example.test",
            "EXAMPLE\\s\u{24E5}c",
            "svc\u{FF20}example.test",
            "EXAMPLE\u{FF3C}svc",
            "\u{015B}vc",
            "s\u{0301}vc",
            "\u{017F}vc",
            "\u{00A0}svc\u{3000}",
        ];
        for name in same {
            let parsed = AccountName::parse(name, "").unwrap();
            assert_eq!(parsed.refusal_key(), "svc", "{name}");
        }
        let key = |name| AccountName::parse(name, "").unwrap().refusal_key();
        assert_eq!(key("stra\u{00DF}e"), key("STRASSE"));
        assert_eq!(
            AccountName::parse("svc@example.test", "")
                .unwrap()
                .refusal_key(),
            "svc"
        );
        for other in ["svc-new", "svc2", "svcc@example.test", "vc"] {
            assert_ne!(key(other), "svc", "{other}");
        }
    }
}

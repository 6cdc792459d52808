//! Domains with letters beyond ASCII: people read them as they are written, and everything on the wire is their ASCII
//! form (IDNA, `xn--…`).

/// Whether names are converted here.
pub const IS_CONVERTED: bool = true;

/// A host or domain as it stands on the wire and is compared, lower-cased; `None` where it has no ASCII form.
pub fn to_ascii(host: &str) -> Option<String> {
    if host.is_ascii() {
        return Some(host.to_ascii_lowercase());
    }
    let ascii = idna::domain_to_ascii(host).ok()?;
    (!ascii.is_empty()).then_some(ascii)
}

/// A host or domain as people read it: each part that stands for other letters is written with them.
pub fn to_unicode(host: &str) -> String {
    let has_other = host.split('.').any(|label| label.starts_with("xn--"));
    if host.is_ascii() && !has_other {
        return host.to_owned();
    }
    match idna::domain_to_unicode(host) {
        (shown, Ok(())) if to_ascii(&shown).as_deref() == to_ascii(host).as_deref() => shown,
        _ => host.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_a_domain_lead_to_each_other() {
        let ascii = "xn--mller-kva.example.test";
        for typed in [
            "müller.example.test",
            "MÜLLER.example.test",
            "mu\u{308}ller.Example.test",
        ] {
            assert_eq!(to_ascii(typed).as_deref(), Some(ascii), "{typed}");
        }
        assert_eq!(
            to_ascii("XN--MLLER-KVA.example.test").as_deref(),
            Some(ascii)
        );
        assert_eq!(to_unicode(ascii), "müller.example.test");
        assert_eq!(to_unicode("müller.example.test"), "müller.example.test");
        assert_eq!(to_unicode("xn--broken-.test"), "xn--broken-.test");
        assert_eq!(to_unicode("mail.example.test"), "mail.example.test");
        assert_eq!(
            to_ascii("例え。テスト").as_deref(),
            Some("xn--r8jz45g.xn--zckzah")
        );
    }
}

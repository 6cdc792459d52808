//! Basic authentication (RFC 7617): user and password in UTF-8, over TLS alone. The text is wiped after use and the
//! header is marked as sensitive, so that no debug output shows it.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::HeaderValue;
use kalends_core::account_name::{AccountName, Password};
use zeroize::Zeroizing;

/// The value of the `Authorization` header. `None` cannot happen with base64 text.
pub fn header(account: &AccountName, password: &Password) -> Option<HeaderValue> {
    let pair = Zeroizing::new(format!("{account}:{}", password.reveal()));
    let mut text = Zeroizing::new("Basic ".to_owned());
    STANDARD.encode_string(pair.as_bytes(), &mut text);
    let mut value = HeaderValue::from_str(&text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_and_password_go_as_utf8_and_show_nowhere() {
        let account = AccountName::parse("EXAMPLE\\svc", "").unwrap();
        let value = header(&account, &Password::from("Grüße:1".to_owned())).unwrap();
        assert_eq!(
            value.to_str().unwrap(),
            "Basic RVhBTVBMRVxzdmM6R3LDvMOfZTox"
        );
        assert_eq!(format!("{value:?}"), "Sensitive");
    }
}

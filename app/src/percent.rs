//! Texts as they stand in the query of an address.

/// Everything but letters, digits and `-._~` as percent signs and hex digits.
pub fn encoded(text: &str) -> String {
    use std::fmt::Write as _;

    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// The query of a list: the parts that say something, and its page if that is not the first.
pub fn query(parts: &[(&str, &str)], page: i64) -> String {
    let page = page.to_string();
    let page = ("page", if page == "1" { "" } else { page.as_str() });
    let mut query = String::new();
    for (name, value) in parts.iter().chain([&page]) {
        if !value.is_empty() {
            query.push(if query.is_empty() { '?' } else { '&' });
            query.push_str(name);
            query.push('=');
            query.push_str(&encoded(value));
        }
    }
    query
}

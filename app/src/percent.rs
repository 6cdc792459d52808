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

/// The query of a list: the parts that say something, and the place of its page, which the first one has none of.
pub fn query(parts: &[(&str, &str)], page: &str) -> String {
    let mut query = String::new();
    for (name, value) in parts.iter().chain([&("page", page)]) {
        if !value.is_empty() {
            query.push(if query.is_empty() { '?' } else { '&' });
            query.push_str(name);
            query.push('=');
            query.push_str(&encoded(value));
        }
    }
    query
}

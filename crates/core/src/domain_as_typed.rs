//! Domains in the browser's part, which carries no tables of letters: they come from the server, and stay as they are.

/// Whether names are converted here.
pub const IS_CONVERTED: bool = false;

pub fn to_ascii(host: &str) -> Option<String> {
    Some(host.to_lowercase())
}

pub fn to_unicode(host: &str) -> String {
    host.to_owned()
}

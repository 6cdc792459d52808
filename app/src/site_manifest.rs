//! The files of the site that pages name.

use serde::Deserialize;

/// The addresses of the built site files.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct SiteManifest {
    pub css: String,
    pub js: String,
    pub wasm: String,
    /// The script of pages that follow what they show.
    pub follow: String,
}

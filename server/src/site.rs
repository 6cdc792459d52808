//! The built site: inside the program, or in a folder while developing. Names carry a hash, so browsers keep files
//! for good; each file lies beside its brotli and gzip forms.

use crate::settings::SettingError;
use app::SiteManifest;
use axum::{
    Router,
    body::Body,
    extract::Path,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use std::{borrow::Cow, path::PathBuf, sync::Arc};

#[cfg(feature = "embed")]
#[derive(rust_embed::RustEmbed)]
#[folder = "../target/site"]
struct Embedded;

/// Where the files come from.
#[derive(Debug, Clone)]
enum Source {
    /// Pages come without style and script.
    Nowhere,
    Folder(Arc<PathBuf>),
    #[cfg(feature = "embed")]
    Inside,
}

/// The site files and the names under which pages link them.
#[derive(Debug, Clone)]
pub struct Site {
    source: Source,
    manifest: Option<SiteManifest>,
}

impl Site {
    /// The folder if one is named, else what the program carries.
    pub fn open(folder: Option<&std::path::Path>) -> Result<Self, SettingError> {
        let source = match folder {
            Some(folder) => Source::Folder(Arc::new(folder.to_owned())),
            #[cfg(feature = "embed")]
            None => Source::Inside,
            #[cfg(not(feature = "embed"))]
            None => Source::Nowhere,
        };
        let manifest = source.read("manifest.json").map(|bytes| serde_json::from_slice(&bytes));
        let manifest = match (manifest, folder) {
            (Some(Ok(manifest)), _) => Some(manifest),
            (None, None) => None,
            (_, folder) => {
                let value = folder.map(|folder| folder.display().to_string()).unwrap_or_default();
                return Err(SettingError::new("KALENDS_SITE", &value, "no built site lies there: run cargo xtask build"));
            }
        };
        Ok(Self { source, manifest })
    }

    pub fn manifest(&self) -> Option<SiteManifest> {
        self.manifest.clone()
    }

    pub fn routes(&self) -> Router {
        let (hashed, named) = (self.source.clone(), self.source.clone());
        Router::new()
            .route(
                "/pkg/{file}",
                get(move |Path(file): Path<String>, headers: HeaderMap| async move {
                    hashed.answer(&format!("pkg/{file}"), &headers, "public, max-age=31536000, immutable")
                }),
            )
            .route(
                "/favicon.svg",
                get(move |headers: HeaderMap| async move { named.answer("favicon.svg", &headers, "public, max-age=86400") }),
            )
    }
}

impl Source {
    fn read(&self, name: &str) -> Option<Cow<'static, [u8]>> {
        match self {
            Self::Nowhere => None,
            Self::Folder(folder) => std::fs::read(folder.join(name)).ok().map(Cow::Owned),
            #[cfg(feature = "embed")]
            Self::Inside => Embedded::get(name).map(|file| file.data),
        }
    }

    /// The file in the smallest form that the browser takes.
    fn answer(&self, name: &str, headers: &HeaderMap, cache: &'static str) -> Response {
        let safe = name.chars().all(|c| c.is_ascii_alphanumeric() || "._-/".contains(c)) && !name.contains("..");
        let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let takes = |coding: &str| accepted.split(',').any(|part| part.trim().split(';').next() == Some(coding));
        let forms = [("br", ".br"), ("gzip", ".gz")];
        let found = safe
            .then(|| {
                forms
                    .into_iter()
                    .filter(|(coding, _)| takes(coding))
                    .find_map(|(coding, suffix)| Some((Some(coding), self.read(&format!("{name}{suffix}"))?)))
                    .or_else(|| Some((None, self.read(name)?)))
            })
            .flatten();
        let Some((coding, bytes)) = found else {
            return StatusCode::NOT_FOUND.into_response();
        };
        let kind = mime_guess::from_path(name).first_or_octet_stream();
        let mut response = Response::builder()
            .header(header::CONTENT_TYPE, kind.as_ref())
            .header(header::CACHE_CONTROL, cache)
            .header(header::VARY, "accept-encoding");
        if let Some(coding) = coding {
            response = response.header(header::CONTENT_ENCODING, coding);
        }
        response.body(Body::from(bytes.into_owned())).unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
    }
}

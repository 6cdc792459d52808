//! The built site: style, script, wasm and the files of `public/`, from a folder or from inside the program.
//!
//! `cargo xtask build` lays the files out: `manifest.json`, `pkg/` with a hash in every name, the rest beside it, and
//! a `.br` and a `.gz` twin next to each file that is worth packing.

use crate::setting_error::SettingError;
use app::SiteManifest;
use axum::{
    Router,
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue, Response, StatusCode, header},
    routing::get,
};
use sha2::{Digest as _, Sha256};
use std::{collections::BTreeMap, path::Path, sync::Arc};

const MANIFEST: &str = "manifest.json";

/// Names under `pkg/` carry a hash of their content, so they never go stale.
const FOREVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const ONE_HOUR: HeaderValue = HeaderValue::from_static("public, max-age=3600");

/// A file with what a browser that has it names it by.
#[derive(Debug, Clone)]
struct SiteFile {
    content: Bytes,
    /// Over the content as it is packed: each twin has its own.
    etag: HeaderValue,
}

impl SiteFile {
    fn new(content: Bytes) -> Self {
        let hash = hex::encode(&Sha256::digest(&content)[..8]);
        let etag = HeaderValue::from_str(&format!("\"{hash}\""));
        Self {
            content,
            etag: etag.unwrap_or(HeaderValue::from_static("\"\"")),
        }
    }

    /// Whether whoever asks has it already.
    fn is_known(&self, request: &HeaderMap) -> bool {
        let known = request.get(header::IF_NONE_MATCH);
        let known = known.and_then(|known| known.to_str().ok());
        known.unwrap_or_default().split(',').any(|tag| {
            let tag = tag.trim();
            tag == "*" || tag.strip_prefix("W/").unwrap_or(tag).as_bytes() == self.etag.as_bytes()
        })
    }
}

/// All site files in memory, by their path without a leading slash.
#[derive(Debug, Clone, Default)]
pub struct Site {
    files: Arc<BTreeMap<String, SiteFile>>,
    manifest: Option<SiteManifest>,
}

impl Site {
    /// Reads the site from `folder`; without one, from inside the program; else there is none, and pages come
    /// without style and script.
    ///
    /// Fails when the folder holds no complete site.
    pub fn open(folder: Option<&Path>) -> Result<Self, SettingError> {
        let Some(folder) = folder else {
            return Self::from_files(embedded())
                .map_err(|problem| bad(Path::new("(embedded)"), &problem));
        };
        let files = read_folder(folder).map_err(|error| bad(folder, &error.to_string()))?;
        if !files.contains_key(MANIFEST) {
            return Err(bad(folder, "there is no manifest.json"));
        }
        Self::from_files(files).map_err(|problem| bad(folder, &problem))
    }

    fn from_files(mut files: BTreeMap<String, Bytes>) -> Result<Self, String> {
        let manifest = match files.remove(MANIFEST) {
            Some(text) => Some(
                serde_json::from_slice(&text).map_err(|error| format!("{MANIFEST}: {error}"))?,
            ),
            None => None,
        };
        let files = files
            .into_iter()
            .map(|(name, content)| (name, SiteFile::new(content)));
        Ok(Self {
            files: Arc::new(files.collect()),
            manifest,
        })
    }

    /// The addresses that pages link to; none where the site was not built.
    pub fn manifest(&self) -> Option<SiteManifest> {
        self.manifest.clone()
    }

    /// One route for each file.
    pub fn routes(&self) -> Router {
        let plain = self.files.keys().filter(|name| !is_packed(name)).cloned();
        plain.fold(Router::new(), |router, name| {
            let site = self.clone();
            let path = format!("/{name}");
            router.route(
                &path,
                get(async move |headers: HeaderMap| site.answer(&name, &headers)),
            )
        })
    }

    /// The file as small as the browser takes it.
    fn answer(&self, name: &str, request: &HeaderMap) -> Response<Body> {
        let accepted = |coding| accepts(request, coding);
        let packed = [("br", "br"), ("gzip", "gz")]
            .into_iter()
            .filter(|(coding, _)| accepted(coding))
            .find_map(|(coding, suffix)| {
                Some((coding, self.files.get(&format!("{name}.{suffix}"))?))
            });
        let plain = || self.files.get(name).map(|file| (None, file));
        let found = packed.map(|(coding, file)| (Some(coding), file));
        let Some((coding, file)) = found.or_else(plain) else {
            return status(StatusCode::NOT_FOUND);
        };
        let mut response = if file.is_known(request) {
            status(StatusCode::NOT_MODIFIED)
        } else {
            Response::new(Body::from(file.content.clone()))
        };
        let headers = response.headers_mut();
        headers.insert(header::ETAG, file.etag.clone());
        headers.insert(header::CONTENT_TYPE, content_type(name));
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        headers.insert(
            header::CACHE_CONTROL,
            if name.starts_with("pkg/") {
                FOREVER
            } else {
                ONE_HOUR
            },
        );
        if let Some(coding) = coding {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
        }
        response
    }
}

fn status(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

fn bad(folder: &Path, problem: &str) -> SettingError {
    let cure = format!("this is no built site ({problem}). Run `cargo xtask build`");
    SettingError::new("KALENDS_SITE", &folder.display().to_string(), cure)
}

fn is_packed(name: &str) -> bool {
    matches!(
        Path::new(name)
            .extension()
            .and_then(|extension| extension.to_str()),
        Some("br" | "gz")
    )
}

fn content_type(name: &str) -> HeaderValue {
    let guess = mime_guess::from_path(name).first_or_octet_stream();
    let text = match (guess.type_().as_str(), guess.subtype().as_str()) {
        ("text", _) | (_, "javascript" | "json") => format!("{guess}; charset=utf-8"),
        _ => guess.to_string(),
    };
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("application/octet-stream"))
}

/// Whether `Accept-Encoding` names the coding and does not rule it out with `q=0`.
fn accepts(request: &HeaderMap, coding: &str) -> bool {
    let lines = request
        .get_all(header::ACCEPT_ENCODING)
        .into_iter()
        .filter_map(|value| value.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|item| {
        let (name, weight) = item.split_once(';').unwrap_or((item, ""));
        let refused = weight
            .trim()
            .strip_prefix("q=")
            .and_then(|q| q.trim().parse::<f32>().ok())
            == Some(0.0);
        name.trim().eq_ignore_ascii_case(coding) && !refused
    })
}

fn read_folder(folder: &Path) -> std::io::Result<BTreeMap<String, Bytes>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![(folder.to_owned(), String::new())];
    while let Some((folder, prefix)) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if entry.file_type()?.is_dir() {
                folders.push((entry.path(), format!("{name}/")));
            } else {
                files.insert(name, Bytes::from(std::fs::read(entry.path())?));
            }
        }
    }
    Ok(files)
}

#[cfg(feature = "embed")]
fn embedded() -> BTreeMap<String, Bytes> {
    #[derive(rust_embed::RustEmbed)]
    #[folder = "../target/site"]
    struct Embedded;

    let bytes = |name: &str| match Embedded::get(name)?.data {
        std::borrow::Cow::Borrowed(content) => Some(Bytes::from_static(content)),
        std::borrow::Cow::Owned(content) => Some(Bytes::from(content)),
    };
    Embedded::iter()
        .filter_map(|name| Some((name.to_string(), bytes(&name)?)))
        .collect()
}

#[cfg(not(feature = "embed"))]
fn embedded() -> BTreeMap<String, Bytes> {
    BTreeMap::new()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{Request, StatusCode};
    use tower::ServiceExt;

    fn site() -> Site {
        let manifest = r#"{"css":"/pkg/a-1.css","js":"/pkg/a-1.js","wasm":"/pkg/a-1.wasm","follow":"/pkg/a-2.js"}"#;
        let files = [
            ("manifest.json", manifest),
            ("favicon.svg", "<svg/>"),
            ("pkg/a-1.js", "plain"),
            ("pkg/a-1.js.br", "brotli"),
            ("pkg/a-1.js.gz", "gzip"),
            ("pkg/a-1.wasm", "wasm"),
        ];
        let files = files
            .map(|(name, content)| (name.to_owned(), Bytes::from(content)))
            .into();
        Site::from_files(files).expect("a complete site")
    }

    async fn fetch(path: &str, accept: &str) -> (StatusCode, HeaderMap, Bytes) {
        fetch_anew(path, accept, "").await
    }

    async fn fetch_anew(path: &str, accept: &str, known: &str) -> (StatusCode, HeaderMap, Bytes) {
        let request = Request::get(path)
            .header("accept-encoding", accept)
            .header("if-none-match", known)
            .body(Body::empty())
            .expect("request");
        let response = site().routes().oneshot(request).await.expect("answer");
        let (status, headers) = (response.status(), response.headers().clone());
        let body = axum::body::to_bytes(response.into_body(), 1024)
            .await
            .expect("body");
        (status, headers, body)
    }

    #[tokio::test]
    async fn brotli_comes_before_gzip_and_both_before_plain() {
        for (accept, coding, body) in [
            ("gzip, deflate, br, zstd", Some("br"), "brotli"),
            ("gzip;q=1.0, br;q=0", Some("gzip"), "gzip"),
            ("identity", None, "plain"),
        ] {
            let (_, headers, content) = fetch("/pkg/a-1.js", accept).await;
            assert_eq!(content, body);
            assert_eq!(
                headers
                    .get("content-encoding")
                    .and_then(|value| value.to_str().ok()),
                coding
            );
            assert_eq!(headers["vary"], "accept-encoding");
            assert_eq!(headers["content-type"], "text/javascript; charset=utf-8");
        }
    }

    #[tokio::test]
    async fn hashed_files_are_kept_forever_and_others_are_not() {
        let (_, headers, _) = fetch("/pkg/a-1.wasm", "br").await;
        assert_eq!(
            headers["cache-control"],
            "public, max-age=31536000, immutable"
        );
        assert_eq!(headers["content-type"], "application/wasm");
        let (_, headers, _) = fetch("/favicon.svg", "br").await;
        assert_eq!(headers["cache-control"], "public, max-age=3600");
        assert_eq!(headers["content-type"], "image/svg+xml");
    }

    #[tokio::test]
    async fn who_has_a_file_is_not_sent_it_again() {
        let tag_of = async |accept| {
            let (_, headers, _) = fetch("/pkg/a-1.js", accept).await;
            headers["etag"].to_str().expect("text").to_owned()
        };
        let (brotli, plain) = (tag_of("br").await, tag_of("identity").await);
        assert_ne!(brotli, plain);
        for known in [
            brotli.clone(),
            format!("W/{brotli}"),
            format!("\"a\", {brotli}"),
            "*".to_owned(),
        ] {
            let (status, headers, body) = fetch_anew("/pkg/a-1.js", "br", &known).await;
            assert_eq!(
                (status, body.len()),
                (StatusCode::NOT_MODIFIED, 0),
                "{known}"
            );
            assert_eq!(headers["etag"], *brotli);
            assert_eq!(headers["vary"], "accept-encoding");
        }
        for known in [plain.as_str(), "", "\"a\""] {
            let (status, _, body) = fetch_anew("/pkg/a-1.js", "br", known).await;
            assert_eq!(
                (status, &*body),
                (StatusCode::OK, b"brotli".as_slice()),
                "{known}"
            );
        }
    }

    #[tokio::test]
    async fn packed_twins_and_the_manifest_have_no_address_of_their_own() {
        for path in ["/pkg/a-1.js.br", "/manifest.json", "/pkg/other.js"] {
            assert_eq!(fetch(path, "br").await.0, StatusCode::NOT_FOUND, "{path}");
        }
    }

    #[test]
    fn a_folder_without_a_site_stops_the_start() {
        let error = Site::open(Some(Path::new("/nowhere"))).expect_err("no site there");
        assert!(error.to_string().contains("cargo xtask build"), "{error}");
    }
}

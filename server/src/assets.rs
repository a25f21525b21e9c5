//! The front end's files: embedded, or read from a folder while one works on them.

use app::context::Site;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY};
use http::{HeaderMap, HeaderValue, StatusCode};
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::LazyLock;
use telemetry::propagation::hex;

/// A file of the site, with the SHA-256 of its bytes.
struct File {
    bytes: Cow<'static, [u8]>,
    hash: [u8; 32],
}

impl File {
    /// What `?v=` says of a file with this content; scripts/pages.mjs writes the same.
    fn version(&self) -> String {
        hex::encode(&self.hash[..6])
    }
}

/// What was built into the program.
#[derive(RustEmbed)]
#[folder = "$GLASSBOARD_SITE_DIR"]
#[allow_missing = true]
struct Embedded;

/// Where a debug build reads files from instead, while the front end is being worked on. A release has its own, whatever the
/// variables of whoever starts it.
static FOLDER: LazyLock<Option<PathBuf>> = LazyLock::new(|| {
    let folder = std::env::var_os("GLASSBOARD_SITE_DIR").filter(|_| cfg!(debug_assertions));
    folder.map(Into::into)
});

fn file(path: &str) -> Option<File> {
    let Some(folder) = &*FOLDER else {
        let file = Embedded::get(path)?;
        return Some(File { hash: file.metadata.sha256_hash(), bytes: file.data });
    };
    if path.split('/').any(|part| part == "..") {
        return None;
    }
    let bytes = std::fs::read(folder.join(path)).ok()?;
    Some(File { hash: Sha256::digest(&bytes).into(), bytes: bytes.into() })
}

/// Files that stand at the root of the site.
pub const ROOT_FILES: [&str; 4] = ["/favicon.svg", "/favicon.ico", "/robots.txt", "/manifest.webmanifest"];

/// The URLs that a page links, each with its content's hash.
#[must_use]
pub fn site(recording: Option<String>) -> Site {
    let url = |path: &str| match file(path) {
        Some(file) => format!("/{path}?v={}", file.version()),
        None => format!("/{path}"),
    };
    let pages = file("pkg/pages.json").and_then(|file| serde_json::from_slice(&file.bytes).ok());
    let pages: HashMap<String, Vec<String>> = pages.unwrap_or_default();
    let urls = |files: Vec<String>| files.iter().map(|name| url(&format!("pkg/{name}"))).collect();
    Site {
        script: url("pkg/glassboard.js"),
        wasm: url("pkg/glassboard.wasm"),
        style: url("pkg/glassboard.css"),
        recording,
        live_reload: std::env::var_os("GLASSBOARD_LIVE_RELOAD").is_some(),
        pages: pages.into_iter().map(|(name, files)| (name, urls(files))).collect(),
    }
}

/// Serves a file by its path; with `?v=` and its version it never changes.
pub async fn serve(request: Request) -> Response {
    let path = request.uri().path().trim_start_matches('/');
    let asked = request.uri().query().and_then(|query| query.strip_prefix("v="));
    let versioned = asked.is_some_and(|asked| file(path).is_some_and(|file| file.version() == asked));
    // A page of another build must not get this one's files: its own would not fit them.
    let outdated = asked.is_some() && !versioned && FOLDER.is_none();
    let Some((file, encoding)) = best(path, request.headers()).filter(|_| !outdated) else {
        return crate::problem::Problem::from(model::Code::NotFound).into_response();
    };
    let etag = format!("\"{}\"", hex::encode(&file.hash[..8]));
    let mut headers = HeaderMap::new();
    let caching = if versioned { "public, max-age=31536000, immutable" } else { "public, max-age=0, must-revalidate" };
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(caching));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type(path)));
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    if let Some(encoding) = encoding {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    let unchanged = request.headers().get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == etag.as_bytes());
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        headers.insert(ETAG, etag);
    }
    if unchanged {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    let body = match file.bytes {
        Cow::Borrowed(bytes) => axum::body::Body::from(bytes),
        Cow::Owned(bytes) => axum::body::Body::from(bytes),
    };
    (headers, body).into_response()
}

/// The smallest form of a file that the caller accepts.
fn best(path: &str, headers: &HeaderMap) -> Option<(File, Option<&'static str>)> {
    let accepted = headers.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    for (encoding, suffix) in [("br", ".br"), ("gzip", ".gz")] {
        if accepts(accepted, encoding)
            && let Some(file) = file(&format!("{path}{suffix}"))
        {
            return Some((file, Some(encoding)));
        }
    }
    file(path).map(|file| (file, None))
}

/// Whether an Accept-Encoding names an encoding, and not to refuse it (`;q=0`).
fn accepts(accepted: &str, encoding: &str) -> bool {
    let refuses = |parameter: &str| {
        let quality = parameter.strip_prefix("q=").or_else(|| parameter.strip_prefix("Q="));
        quality.is_some_and(|quality| quality.trim().parse() == Ok(0.0_f32))
    };
    accepted.split(',').any(|item| {
        let mut parts = item.split(';').map(str::trim);
        parts.next().is_some_and(|name| name.eq_ignore_ascii_case(encoding)) && !parts.any(refuses)
    })
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("js") => "text/javascript; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("txt") => "text/plain; charset=utf-8",
        Some("webmanifest") => "application/manifest+json",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::accepts;

    #[test]
    fn an_encoding_is_accepted_by_name_unless_its_quality_is_zero() {
        for accepted in ["br", "gzip, deflate, br", "gzip;q=0.5, BR;q=1", "br;q=0.001"] {
            assert!(accepts(accepted, "br"), "{accepted}");
        }
        for accepted in ["", "gzip", "br;q=0", "gzip, br; q=0.000", "brotli", "*"] {
            assert!(!accepts(accepted, "br"), "{accepted}");
        }
    }
}

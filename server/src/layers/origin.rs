use crate::state::ServerState;
use axum::extract::Request;
use http::header::{HOST, ORIGIN};
use http::{HeaderMap, Method};

/// Whether a request may go on: not when another site made a browser send it. What carries neither Origin nor
/// Sec-Fetch-Site comes from no browser.
pub fn is_allowed(state: &ServerState, request: &Request) -> bool {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    safe || is_same_origin(request.headers(), host(request), state.public_url.as_ref().map(|url| url.origin.as_str()))
}

/// The host that was asked for: HTTP/1 has a header for it, HTTP/2 the address itself. Empty when neither says.
pub fn host(request: &Request) -> &str {
    let authority = request.uri().authority().map(|authority| authority.as_str());
    authority.or_else(|| request.headers().get(HOST)?.to_str().ok()).unwrap_or_default()
}

fn is_same_origin(headers: &HeaderMap, host: &str, public: Option<&str>) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("invalid"));
    if let Some(origin) = text(ORIGIN.as_str()) {
        let origin = origin.to_ascii_lowercase();
        return match public {
            Some(public) => origin == public,
            None => {
                let host = host.to_ascii_lowercase();
                let authority = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
                !host.is_empty() && authority == Some(host.as_str())
            }
        };
    }
    matches!(text("sec-fetch-site"), None | Some("same-origin" | "none"))
}

#[cfg(test)]
mod tests {
    use super::is_same_origin;
    use http::{HeaderMap, HeaderName, HeaderValue};

    fn same(pairs: &[(&'static str, &'static str)], public: Option<&str>) -> bool {
        let headers: HeaderMap =
            pairs.iter().map(|(k, v)| (HeaderName::from_static(k), HeaderValue::from_static(v))).collect();
        let host = headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or_default();
        is_same_origin(&headers, host, public)
    }

    #[test]
    fn own_pages_and_plain_clients_pass() {
        assert!(same(&[], None));
        assert!(same(&[("origin", "http://127.0.0.1:3000"), ("host", "127.0.0.1:3000")], None));
        assert!(same(&[("sec-fetch-site", "same-origin")], None));
        assert!(same(&[("origin", "https://board.example"), ("host", "10.0.0.7")], Some("https://board.example")));
    }

    #[test]
    fn other_sites_are_refused() {
        for origin in ["http://evil.example", "null", "http://127.0.0.1:3000.evil.example", "file://"] {
            assert!(!same(&[("origin", origin), ("host", "127.0.0.1:3000")], None), "{origin}");
        }
        assert!(!same(&[("sec-fetch-site", "cross-site")], None));
        assert!(!same(&[("sec-fetch-site", "same-site")], None));
        assert!(!same(&[("origin", "http://10.0.0.7"), ("host", "10.0.0.7")], Some("https://board.example")));
    }
}

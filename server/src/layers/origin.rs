use crate::state::ServerState;
use axum::extract::Request;
use http::header::{HOST, ORIGIN};
use http::{HeaderMap, Method, Version};

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
    let is_own = |origin: &str| {
        let origin = origin.to_ascii_lowercase();
        match public {
            Some(public) => origin == public,
            None => {
                let host = host.to_ascii_lowercase();
                let authority = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
                !host.is_empty() && authority == Some(host.as_str())
            }
        }
    };
    // Of several, none may be another's.
    let said = |name: &str, fits: &dyn Fn(&str) -> bool| {
        headers.get_all(name).iter().all(|value| fits(value.to_str().unwrap_or("invalid")))
    };
    if headers.contains_key(ORIGIN) {
        return said(ORIGIN.as_str(), &is_own);
    }
    said("sec-fetch-site", &|site| matches!(site, "same-origin" | "none"))
}

/// Whether it is said which host is asked, once: HTTP/1.1 wants that, and what stands between may have read another one.
/// <https://www.rfc-editor.org/rfc/rfc9112#section-3.2>
pub fn has_one_host(request: &Request) -> bool {
    let hosts = request.headers().get_all(HOST).iter().count();
    hosts == 1 || (hosts == 0 && request.version() != Version::HTTP_11)
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
        let mut both = HeaderMap::new();
        for origin in ["http://127.0.0.1:3000", "http://evil.example"] {
            both.append("origin", HeaderValue::from_static(origin));
        }
        assert!(!is_same_origin(&both, "127.0.0.1:3000", None));
        assert!(!same(&[("sec-fetch-site", "same-site")], None));
        assert!(!same(&[("origin", "http://10.0.0.7"), ("host", "10.0.0.7")], Some("https://board.example")));
    }
}

//! Where to go after signing in.

/// Where nobody said otherwise.
pub const DEFAULT: &str = "/messages";

/// The path to go to, if it stays on this site, however it is read: it starts with `/`, and has no empty, `.` or `..`
/// segment, backslash or control character. Anything else becomes [`DEFAULT`].
#[must_use]
pub fn safe(next: Option<&str>) -> &str {
    let stays = |path: &&str| {
        let segments = path.split(['?', '#']).next().and_then(|path| path.strip_prefix('/'));
        segments.is_some_and(|segments| segments.is_empty() || segments.split('/').all(is_plain))
            && path.chars().all(|c| c != '\\' && !c.is_control() && c.is_ascii())
            && path.len() <= 2000
    };
    next.filter(stays).unwrap_or(DEFAULT)
}

/// Whether a segment is neither empty nor, percent-encoded or not, one that leads elsewhere.
fn is_plain(segment: &str) -> bool {
    let dots = segment.to_ascii_lowercase().replace("%2e", ".");
    !matches!(dots.as_str(), "" | "." | "..")
}

/// The address of the sign-in page that leads back to `path` with its `search` (without `?`). An error that the address tells,
/// as a form's without JavaScript does, is over by then.
#[must_use]
pub fn sign_in_first(path: &str, search: &str) -> String {
    let of_an_error = |parameter: &&str| parameter.starts_with("__path=") || parameter.starts_with("__err=");
    let parameters = search.trim_start_matches('?').split('&').filter(|parameter| !parameter.is_empty());
    let kept: Vec<&str> = parameters.filter(|parameter| !of_an_error(parameter)).collect();
    let next = if kept.is_empty() { path.to_owned() } else { format!("{path}?{}", kept.join("&")) };
    format!("/login?next={}", encode(&next))
}

/// Percent-encodes a value of a query string.
#[must_use]
pub fn encode(value: &str) -> String {
    let mut encoded = String::with_capacity(value.len());
    for byte in value.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => encoded.push(byte as char),
            _ => {
                const HEX: &[u8; 16] = b"0123456789ABCDEF";
                encoded.push('%');
                encoded.push(HEX[usize::from(byte >> 4)] as char);
                encoded.push(HEX[usize::from(byte & 15)] as char);
            }
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::{DEFAULT, encode, safe, sign_in_first};

    #[test]
    fn paths_of_this_site_are_taken() {
        for path in ["/", "/search?q=a%20b&page=2", "/traces/abc#x", "/?q=//./x", "/a.b/..c"] {
            assert_eq!(safe(Some(path)), path);
        }
    }

    #[test]
    fn other_sites_and_split_headers_are_not() {
        for path in ["", "messages", "//evil.example", "/\\evil.example", "https://evil.example", "/a\r\nSet-Cookie: x"]
        {
            assert_eq!(safe(Some(path)), DEFAULT, "{path:?}");
        }
        for path in ["/.//evil.example", "/..//x", "/a/../..//x", "/%2e//x", "/.%2E/x", "/a//b", "/a/", "/."] {
            assert_eq!(safe(Some(path)), DEFAULT, "{path:?}");
        }
        assert_eq!(safe(Some("/검색")), DEFAULT, "not a header value");
        assert_eq!(safe(None), DEFAULT);
    }

    #[test]
    fn the_way_back_survives_the_query_string() {
        assert_eq!(sign_in_first("/search", "q=a b&page=2"), "/login?next=/search%3Fq%3Da%20b%26page%3D2");
        assert_eq!(sign_in_first("/messages", ""), "/login?next=/messages");
        assert_eq!(sign_in_first("/messages", "__path=%2Ffn&mine=1&__err=x"), "/login?next=/messages%3Fmine%3D1");
        assert_eq!(sign_in_first("/messages", "?__path=%2Ffn&__err=x"), "/login?next=/messages");
        assert_eq!(encode("서"), "%EC%84%9C");
    }
}

use http::HeaderMap;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};

/// Headers that every response carries unless it set them itself. For what is not a page: nothing may run. Pages bring their
/// own policy, with a nonce.
static ALWAYS: [(HeaderName, HeaderValue); 5] = [
    (CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")),
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
];

pub fn add_security_headers(headers: &mut HeaderMap) {
    for (name, value) in &ALWAYS {
        headers.entry(name).or_insert_with(|| value.clone());
    }
}

/// Headers with room for those that every response carries: without it the table grows twice.
pub fn roomy_headers() -> HeaderMap {
    HeaderMap::with_capacity(12)
}

/// The policy of a page whose scripts carry this nonce.
#[must_use]
pub fn page_policy(nonce: &str) -> String {
    format!(
        "default-src 'self'; script-src 'strict-dynamic' 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self'; \
         img-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
}

#[cfg(test)]
mod tests {
    use super::add_security_headers;
    use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, SET_COOKIE};
    use http::{HeaderMap, HeaderValue};

    #[test]
    fn what_a_response_says_itself_stays() {
        let mut headers = HeaderMap::new();
        for (name, value) in [(SET_COOKIE, "a=1"), (CACHE_CONTROL, "public"), (SET_COOKIE, "b=2")] {
            headers.append(name, HeaderValue::from_static(value));
        }
        add_security_headers(&mut headers);
        assert_eq!(headers.get_all(SET_COOKIE).iter().collect::<Vec<_>>(), ["a=1", "b=2"]);
        assert_eq!(headers.get_all(CACHE_CONTROL).iter().collect::<Vec<_>>(), ["public"]);
        assert!(headers.contains_key(CONTENT_SECURITY_POLICY) && headers.contains_key(REFERRER_POLICY));
    }
}

//! What every server function does at the door.

use crate::context::{request, state};
use crate::drafts::Fields;
use http::request::Parts;
use http::{HeaderName, HeaderValue, header};
use leptos::prelude::use_context;
use leptos::server_fn::error::ServerFnUrlError;
use leptos_axum::ResponseOptions;
use model::BoardError;
use std::sync::PoisonError;

/// An error says under which trace it can be looked at; a form without JavaScript leads back to its page.
pub fn answer<T>(result: Result<T, BoardError>) -> Result<T, BoardError> {
    let result = result.map_err(|mut error| {
        error.trace_id = error.trace_id.or_else(|| request()?.trace_id.map(Into::into));
        error
    });
    if is_plain_form() {
        lead_back(result.as_ref().err());
    }
    result
}

/// To the page of the form, unless the function leads elsewhere. Leptos would do it too, but keeps the errors of earlier
/// attempts in the address.
fn lead_back(error: Option<&BoardError>) {
    let (Some(response), Some(parts)) = (use_context::<ResponseOptions>(), use_context::<Parts>()) else { return };
    let led = response.0.read().unwrap_or_else(PoisonError::into_inner).headers.contains_key(header::LOCATION);
    let referer = parts.headers.get(header::REFERER).and_then(|value| value.to_str().ok());
    let Some(mut back) = referer.filter(|_| !led).map(str::to_owned) else { return };
    ServerFnUrlError::<BoardError>::strip_error_info(&mut back);
    if let Some(error) = error {
        let Ok(url) = ServerFnUrlError::new(parts.uri.path(), error.clone()).to_url(&back) else { return };
        back = url.into();
    }
    if let Ok(back) = HeaderValue::from_str(back.trim_end_matches('?')) {
        response.insert_header(header::LOCATION, back);
    }
}

/// The answer to a form: when it failed without JavaScript, what was typed is kept for the page that is shown next.
/// `fields` must not have a password among them.
pub fn answer_form<T>(form: &'static str, fields: Fields, result: Result<T, BoardError>) -> Result<T, BoardError> {
    if result.is_err() && is_plain_form() {
        let now = state().board.ports().clock.now();
        state().drafts.keep(&draft_owner(), form, fields, now);
    }
    answer(result)
}

/// Whose drafts these are: the session's, else the visitor's.
#[must_use]
pub fn draft_owner() -> String {
    let Some(request) = request() else { return String::new() };
    request.signed_in.map_or_else(|| request.caller.browser_id.to_string(), |who| who.session.id.clone())
}

/// The browser, whoever is signed in.
#[must_use]
pub fn visitor() -> String {
    request().map(|request| request.caller.browser_id.to_string()).unwrap_or_default()
}

/// Whether the browser itself posted a form and waits for a page: there is no JavaScript.
#[must_use]
pub fn is_plain_form() -> bool {
    let accepts = |parts: Parts| Some(parts.headers.get(header::ACCEPT)?.to_str().ok()?.contains("text/html"));
    use_context::<Parts>().and_then(accepts).unwrap_or(false)
}

/// Adds a header to the response; one that HTTP does not allow is left out.
pub fn add_header(name: HeaderName, value: &str) {
    if let (Some(response), Ok(value)) = (use_context::<ResponseOptions>(), HeaderValue::from_str(value)) {
        response.append_header(name, value);
    }
}

use super::context::accepts_html;
use super::headers::page_policy;
use super::said::Said;
use super::trace::{Unrecorded, current_trace_id};
use crate::problem::{self, Problem};
use app::context::Site;
use axum::body::{Body, to_bytes};
use axum::response::{IntoResponse, Response};
use http::header::{ACCEPT_LANGUAGE, ALLOW, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use leptos::nonce::Nonce;
use model::{BoardError, Code, Lang};

/// How the caller wants to be told.
pub struct Wish {
    html: bool,
    /// Nothing was to be changed.
    read: bool,
    /// A page was asked for: its reader's language and theme.
    page: Option<(Lang, Option<&'static str>)>,
    /// Read when there is something to tell.
    accept_language: Option<HeaderValue>,
}

impl Wish {
    pub fn of(method: &Method, headers: &HeaderMap, page: Option<&Said>) -> Self {
        let html = accepts_html(headers);
        Self {
            html,
            read: matches!(*method, Method::GET | Method::HEAD),
            page: page.filter(|_| html).map(|said| (said.lang, said.theme)),
            accept_language: headers.get(ACCEPT_LANGUAGE).cloned(),
        }
    }
}

/// Writes a problem in the caller's language, and gives a server function's error its own status.
pub async fn write(site: &Site, response: Response, wish: &Wish) -> Response {
    let mut response = match response.status() {
        StatusCode::METHOD_NOT_ALLOWED if response.extensions().get::<Problem>().is_none() => not_allowed(&response),
        StatusCode::INTERNAL_SERVER_ERROR if !wish.html && response.headers().contains_key("serverfnerror") => {
            with_status_of_error(response).await
        }
        status if status.as_u16() >= 400 && !wish.html && is_html(&response) => page_as_problem(status),
        _ => response,
    };
    let Some(mut error) = problem::take(&mut response) else { return response };
    if wish.read && error.code == Code::Unconfirmed {
        error.code = Code::Unavailable;
    }
    match wish.page {
        Some((lang, theme)) => {
            let nonce = Nonce::new();
            let page = app::error_page(site, lang, theme, &error, &nonce);
            if let Ok(policy) = HeaderValue::from_str(&page_policy(&nonce)) {
                response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
            }
            response.extensions_mut().insert(Unrecorded);
            with_body(response, "text/html; charset=utf-8", Body::from(page))
        }
        None => {
            let body = problem::json(error, wish.accept_language.as_ref()).into_body();
            with_body(response, "application/json; charset=utf-8", body)
        }
    }
}

fn with_body(mut response: Response, content_type: &'static str, body: Body) -> Response {
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    *response.body_mut() = body;
    response
}

/// Whether it is a page.
pub fn is_html(response: &Response) -> bool {
    response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"))
}

/// A page that says what is wrong, for who does not read pages.
fn page_as_problem(status: StatusCode) -> Response {
    let code = match status {
        StatusCode::UNAUTHORIZED => Code::Unauthenticated,
        StatusCode::FORBIDDEN => Code::OperatorsOnly,
        StatusCode::NOT_FOUND => Code::NotFound,
        StatusCode::BAD_REQUEST => Code::InvalidRequest,
        StatusCode::SERVICE_UNAVAILABLE => Code::Unavailable,
        _ => Code::Internal,
    };
    let mut problem = Problem::from(code).into_response();
    *problem.status_mut() = status;
    problem
}

fn not_allowed(response: &Response) -> Response {
    let mut problem = Problem::from(Code::MethodNotAllowed).into_response();
    if let Some(allowed) = response.headers().get(ALLOW) {
        problem.headers_mut().insert(ALLOW, allowed.clone());
    }
    problem
}

/// Leptos answers every error with 500; the code in the body says which status it is.
async fn with_status_of_error(response: Response) -> Response {
    const MAX_ERROR_BYTES: usize = 4096;
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, MAX_ERROR_BYTES).await else {
        return Problem::from(Code::Internal).into_response();
    };
    let mut body = bytes.clone();
    if let Ok(mut error) = serde_json::from_slice::<BoardError>(&bytes) {
        // Arguments that can't be read are refused before anybody knows of the trace.
        if error.trace_id.is_none() {
            error.trace_id = current_trace_id().map(Into::into);
            body = serde_json::to_vec(&error).map_or(bytes, Into::into);
        }
        parts.status = StatusCode::from_u16(error.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if let Some(seconds) = error.retry_after_s {
            parts.headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
    }
    parts.headers.remove(CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(body))
}

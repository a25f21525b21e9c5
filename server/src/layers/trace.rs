use super::problems::is_html;
use crate::serve::Peer;
use crate::state::ServerState;
use app::context::PageTrace;
use axum::body::Bytes;
use axum::extract::Request;
use axum::response::Response;
use board::Caller;
use http::header::{ACCEPT, HeaderName, HeaderValue, UPGRADE_INSECURE_REQUESTS};
use http::{HeaderMap, Method, StatusCode, Uri};
use model::TraceId;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use telemetry::names::own::ACCESS_LOG_TARGET;
use telemetry::propagation::{TraceParent, hex};
use telemetry::server::{
    current_trace_parent, decide_trace, forget_parent, mask_addresses, new_span_id, reserve_parent, set_remote_parent,
};
use tracing::Span;
use tracing::field::Empty;

const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");
const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");
const SEC_PURPOSE: HeaderName = HeaderName::from_static("sec-purpose");
/// W3C's draft of what a server answers: <https://w3c.github.io/trace-context/#trace-context-http-response-headers-format>.
const TRACERESPONSE: HeaderName = HeaderName::from_static("traceresponse");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// What attributes and labels tell of a method that HTTP does not have.
const UNKNOWN_METHOD: &str = "_OTHER";
/// Bytes of such a method that its span tells.
const LONGEST_METHOD: usize = 32;

/// A request's server span, from its arrival to its response.
pub struct ServerSpan {
    pub span: Span,
    /// Where the browser's span above this one stands. A navigation can't carry a traceparent: the server makes the trace.
    reserved: Option<TraceParent>,
    method: Method,
    uri: Uri,
    user_agent: Arc<str>,
}

impl ServerSpan {
    /// A navigation's span gets the ids that are reserved for the browser's above it; any other its caller's, if told.
    pub fn open(request: &mut Request, caller: &Caller, route: Option<&str>, scheme: &'static str) -> Self {
        let span = server_span(request, caller, route, scheme);
        let reserved = is_document(request).then(|| reserve_parent(&span)).flatten();
        if let Some(document_fetch) = reserved {
            let document_load = hex::encode(&new_span_id());
            request.extensions_mut().insert(PageTrace { traceparent: document_fetch.to_string(), document_load });
        } else if let Some(parent) = remote_parent(request.headers()) {
            set_remote_parent(&span, parent);
        }
        let user_agent = Arc::clone(&caller.user_agent);
        Self { span, reserved, method: request.method().clone(), uri: request.uri().clone(), user_agent }
    }

    /// Records the answer's status, and decides whether the trace is kept: what is recorded of the request elsewhere says so.
    pub fn answered(&self, status: StatusCode) {
        self.span.record("http.response.status_code", i64::from(status.as_u16()));
        if status.is_server_error() {
            self.span.record("otel.status_code", "ERROR");
            self.span.record("error.type", status.as_str());
        }
        decide_trace(&self.span);
    }

    /// Tells the client where the request was recorded, and writes a line of the access log. Called within the span.
    pub fn close(self, mut response: Response, took: Duration) -> Response {
        tracing::info!(
            target: ACCESS_LOG_TARGET,
            // Not formatted, as one at the end is.
            message = "request",
            method = self.method.as_str(),
            url.path = &*mask_addresses(self.uri.path()),
            status = response.status().as_u16(),
            duration_ms = took.as_micros() as f64 / 1000.0,
            user_agent = &*self.user_agent,
        );
        let place = current_trace_parent();
        if let Some(value) = place.and_then(|place| HeaderValue::from_maybe_shared(Bytes::from(place.written())).ok()) {
            response.headers_mut().insert(TRACERESPONSE, value);
        }
        if let Some(reserved) = self.reserved {
            if !is_recorded(&response) {
                forget_parent(&self.span);
                return response;
            }
            let now_ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64() * 1000.0;
            let parent = TraceParent { sampled: place.is_some_and(|place| place.sampled), ..reserved };
            let value = format!("traceparent;desc=\"{parent}\", now;dur={now_ms:.1}");
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().append(SERVER_TIMING, value);
            }
        }
        response
    }
}

/// The current trace's id.
#[must_use]
pub fn current_trace_id() -> Option<TraceId> {
    TraceId::from_number(u128::from_be_bytes(current_trace_parent()?.trace_id))
}

/// The method as attributes and labels tell it: an unknown one may be anything.
pub fn known_method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        Method::PATCH => "PATCH",
        Method::TRACE => "TRACE",
        Method::CONNECT => "CONNECT",
        _ => UNKNOWN_METHOD,
    }
}

/// How the client reached the board: by what a trusted proxy in front says, else as the board's address has it. To be asked
/// before the peer is taken out of the request.
pub fn scheme(state: &ServerState, request: &Request) -> &'static str {
    let is_trusted = || {
        let peer = request.extensions().get::<Arc<Peer>>().and_then(|peer| peer.address);
        peer.is_some_and(|peer| state.proxies.trusts(peer))
    };
    let told = request.headers().get(&X_FORWARDED_PROTO).filter(|_| is_trusted()).and_then(|told| told.to_str().ok());
    // Of several proxies, the first one met the client.
    match told.and_then(|told| told.split(',').next()).map(str::trim) {
        Some(told) if told.eq_ignore_ascii_case("https") => "https",
        Some(told) if told.eq_ignore_ascii_case("http") => "http",
        _ if state.public_url.as_ref().is_some_and(|url| url.secure) => "https",
        _ => "http",
    }
}

fn server_span(request: &Request, caller: &Caller, route: Option<&str>, scheme: &'static str) -> Span {
    let method = known_method(request.method());
    let is_known = method != UNKNOWN_METHOD;
    let named = if is_known { method } else { "HTTP" };
    let visitor = Some(&*caller.browser_id).filter(|visitor| !visitor.is_empty());
    let name = route.map(|route| [named, " ", route].concat());
    // Of letters and signs in ASCII only, and of any length.
    let original = request.method().as_str();
    let original = (!is_known).then(|| &original[..original.len().min(LONGEST_METHOD)]);
    tracing::info_span!(
        "request",
        otel.name = name.as_deref().unwrap_or(named),
        otel.kind = "server",
        otel.status_code = Empty,
        error.type = Empty,
        http.request.method = method,
        http.request.method_original = original,
        http.route = route,
        http.response.status_code = Empty,
        url.path = &*mask_addresses(request.uri().path()),
        url.scheme = scheme,
        user_agent.original = &*caller.user_agent,
        client.address = &*caller.address,
        session.id = Empty,
        user.name = Empty,
        glassboard.visitor = visitor,
    )
}

/// Of a page without the program that records in the browser.
#[derive(Clone)]
pub struct Unrecorded;

/// Whether the browser's spans come that were reserved for it. Neither files nor redirections have any.
fn is_recorded(response: &Response) -> bool {
    is_html(response) && !response.status().is_redirection() && response.extensions().get::<Unrecorded>().is_none()
}

/// A page that a person navigates to; over plain HTTP browsers don't send Sec-Fetch-Dest.
fn is_document(request: &Request) -> bool {
    let told = |name: &HeaderName| header(request.headers(), name);
    let is_document = match told(&SEC_FETCH_DEST) {
        "" => told(&UPGRADE_INSECURE_REQUESTS) == "1" && told(&ACCEPT).contains("text/html"),
        destination => destination == "document",
    };
    is_document && *request.method() == Method::GET && !told(&SEC_PURPOSE).contains("prefetch")
}

fn remote_parent(headers: &HeaderMap) -> Option<TraceParent> {
    TraceParent::parse(headers.get(&TRACEPARENT)?.to_str().ok()?)
}

fn header<'a>(headers: &'a HeaderMap, name: &HeaderName) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

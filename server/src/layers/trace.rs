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
use telemetry::server::{current_trace_parent, decide_trace, new_span_id, reserve_parent, set_remote_parent};
use tracing::Span;
use tracing::field::Empty;

const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");
const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");
const SEC_PURPOSE: HeaderName = HeaderName::from_static("sec-purpose");
/// W3C's draft of what a server answers: <https://w3c.github.io/trace-context/#trace-context-http-response-headers-format>.
const TRACERESPONSE: HeaderName = HeaderName::from_static("traceresponse");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

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
    pub fn open(request: &mut Request, caller: &Caller, route: Option<&str>) -> Self {
        let span = server_span(request, caller, route);
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
            url.path = self.uri.path(),
            status = response.status().as_u16(),
            duration_ms = took.as_micros() as f64 / 1000.0,
            user_agent = &*self.user_agent,
        );
        let place = current_trace_parent();
        if let Some(value) = place.and_then(|place| HeaderValue::from_maybe_shared(Bytes::from(place.written())).ok()) {
            response.headers_mut().insert(TRACERESPONSE, value);
        }
        if let Some(reserved) = self.reserved {
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
        _ => "_OTHER",
    }
}

fn server_span(request: &Request, caller: &Caller, route: Option<&str>) -> Span {
    let method = known_method(request.method());
    let visitor = Some(&*caller.browser_id).filter(|visitor| !visitor.is_empty());
    let name = route.map(|route| [method, " ", route].concat());
    tracing::info_span!(
        "request",
        otel.name = name.as_deref().unwrap_or(method),
        otel.kind = "server",
        otel.status_code = Empty,
        error.type = Empty,
        http.request.method = method,
        http.route = route,
        http.response.status_code = Empty,
        url.path = request.uri().path(),
        url.scheme = "http",
        user_agent.original = &*caller.user_agent,
        client.address = &*caller.address,
        session.id = Empty,
        user.name = Empty,
        glassboard.visitor = visitor,
    )
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

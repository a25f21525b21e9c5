use app::context::PageTrace;
use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use http::header::{ACCEPT, HeaderName, HeaderValue, USER_AGENT};
use http::{HeaderMap, Method};
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use telemetry::names::own::ACCESS_LOG_TARGET;
use telemetry::propagation::{TraceParent, hex};
use telemetry::server::{new_ids, new_span_id, set_remote_parent};
use tracing::field::Empty;
use tracing::{Instrument, Span};

const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// Gives a request its server span. Reading traces, and telemetry itself, is never traced.
pub async fn trace_request(mut request: Request, next: Next) -> Response {
    let route = route_of(&request);
    if is_quiet(&route) {
        return next.run(request).await;
    }
    let started = Instant::now();
    let span = server_span(&request, &route);
    let page_trace = if is_document(&request) { Some(reserve_browser_spans(&span)) } else { None };
    if let Some(page_trace) = &page_trace {
        request.extensions_mut().insert(page_trace.clone());
    } else if let Some(parent) = remote_parent(request.headers()) {
        set_remote_parent(&span, parent);
    }
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let user_agent = header(request.headers(), &USER_AGENT).to_owned();
    let mut response = async move {
        let response = next.run(request).await;
        let status = response.status().as_u16();
        let span = Span::current();
        span.record("http.response.status_code", i64::from(status));
        if response.status().is_server_error() {
            span.record("otel.status_code", "ERROR");
            span.record("error.type", status.to_string());
        }
        let duration_ms = started.elapsed().as_secs_f64() * 1000.0;
        tracing::info!(target: ACCESS_LOG_TARGET, %method, url.path = path, status, duration_ms, user_agent, "request");
        response
    }
    .instrument(span)
    .await;
    if let Some(page_trace) = page_trace {
        let now_ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64() * 1000.0;
        let value = format!("traceparent;desc=\"{}\", now;dur={now_ms:.1}", page_trace.traceparent);
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().append(SERVER_TIMING, value);
        }
    }
    response
}

/// The route pattern; empty where nothing matched.
pub fn route_of(request: &Request) -> String {
    request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned()).unwrap_or_default()
}

fn is_quiet(route: &str) -> bool {
    const PREFIXES: [&str; 5] = ["/fn/traces/", "/v1/", "/pkg/", "/health", "/docs"];
    route == "/live"
        || crate::assets::ROOT_FILES.contains(&route)
        || PREFIXES.iter().any(|prefix| route.strip_prefix("/api").unwrap_or(route).starts_with(prefix))
}

fn server_span(request: &Request, route: &str) -> Span {
    let method = match request.method() {
        method @ (&Method::GET
        | &Method::POST
        | &Method::PUT
        | &Method::DELETE
        | &Method::HEAD
        | &Method::OPTIONS
        | &Method::PATCH) => method.as_str(),
        _ => "_OTHER",
    };
    let name = if route.is_empty() { method.to_owned() } else { format!("{method} {route}") };
    let route = (!route.is_empty()).then_some(route);
    tracing::info_span!(
        "request",
        otel.name = name,
        otel.kind = "server",
        otel.status_code = Empty,
        error.type = Empty,
        http.request.method = method,
        http.route = route,
        http.response.status_code = Empty,
        url.path = request.uri().path(),
        url.scheme = "http",
        user_agent.original = header(request.headers(), &USER_AGENT),
        client.address = Empty,
        session.id = Empty,
        user.name = Empty,
        glassboard.visitor = Empty,
    )
}

/// A navigation can't carry a traceparent: the server makes the trace and reserves the ids of the browser's two spans.
fn reserve_browser_spans(span: &Span) -> PageTrace {
    let document_fetch = new_ids();
    set_remote_parent(span, document_fetch);
    PageTrace { traceparent: document_fetch.to_string(), document_load: hex::encode(&new_span_id()) }
}

/// A page that a person navigates to; over plain HTTP browsers don't send Sec-Fetch-Dest.
fn is_document(request: &Request) -> bool {
    let headers = request.headers();
    let named = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if request.method() != Method::GET || named("sec-purpose").contains("prefetch") {
        return false;
    }
    match named("sec-fetch-dest") {
        "" => named("upgrade-insecure-requests") == "1" && header(headers, &ACCEPT).contains("text/html"),
        destination => destination == "document",
    }
}

fn remote_parent(headers: &HeaderMap) -> Option<TraceParent> {
    TraceParent::parse(headers.get("traceparent")?.to_str().ok()?)
}

fn header<'a>(headers: &'a HeaderMap, name: &HeaderName) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

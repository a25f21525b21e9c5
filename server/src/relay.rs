//! `POST /v1/traces`, `/v1/metrics` and `/v1/logs`: take telemetry from the own pages, and from other programs that may,
//! on to observatory and collector.

use crate::problem::Problem;
use crate::programs;
use crate::state::ServerState;
use ::http::header::{CONTENT_ENCODING, CONTENT_TYPE, ORIGIN, RETRY_AFTER};
use ::http::{HeaderMap, HeaderValue, StatusCode};
use app::context::RequestContext;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, http};
use model::{BoardError, Code};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;
use telemetry::server::relay::{Encoding, Limits, RelayIdentity, Relayed, Taken, decode};
use telemetry::server::relay::{losses, mask, sanitize, web_vitals};
use telemetry::server::{ExportLogsServiceRequest, Signal, metrics};

/// Requests per second and address, and how many at once.
const RATE: f64 = 20.0;
const BURST: f64 = 100.0;
const MAX_ADDRESSES: usize = 10_000;

/// A token bucket per client address.
#[derive(Default)]
pub struct RelayLimit(Mutex<HashMap<String, Bucket>>);

struct Bucket {
    tokens: f64,
    filled: Instant,
}

impl RelayLimit {
    fn allows(&self, address: &str, now: Instant) -> bool {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MAX_ADDRESSES {
            buckets.retain(|_, bucket| now.duration_since(bucket.filled).as_secs_f64() * RATE < BURST);
        }
        if buckets.len() >= MAX_ADDRESSES && !buckets.contains_key(address) {
            return false;
        }
        let bucket = buckets.entry(address.to_owned()).or_insert(Bucket { tokens: BURST, filled: now });
        bucket.tokens = (bucket.tokens + now.duration_since(bucket.filled).as_secs_f64() * RATE).min(BURST);
        bucket.filled = now;
        let allowed = bucket.tokens >= 1.0;
        if allowed {
            bucket.tokens -= 1.0;
        }
        allowed
    }
}

/// Takes an OTLP/HTTP trace export request, JSON or protobuf, gzip allowed.
pub async fn traces(
    State(state): State<ServerState>,
    Extension(context): Extension<RequestContext>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    relay(&state, &context, &headers, &body, |request| state.telemetry.accept_traces(request))
}

/// The same for metrics.
pub async fn metrics(
    State(state): State<ServerState>,
    Extension(context): Extension<RequestContext>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    relay(&state, &context, &headers, &body, |request| state.telemetry.accept_metrics(request))
}

/// The same for log records.
pub async fn logs(
    State(state): State<ServerState>,
    Extension(context): Extension<RequestContext>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    relay(&state, &context, &headers, &body, |request| {
        count_web_vitals(request);
        state.telemetry.accept_logs(request);
    })
}

/// Pages tell how they felt; only routes of ours become labels.
fn count_web_vitals(request: &ExportLogsServiceRequest) {
    for (name, route, value) in web_vitals(request) {
        if let Some(route) = app::PATTERNS.iter().find(|known| **known == route) {
            metrics::web_vital(name, route, value);
        }
    }
}

fn relay<R: Relayed>(
    state: &ServerState,
    context: &RequestContext,
    headers: &HeaderMap,
    body: &[u8],
    accept: impl FnOnce(&R),
) -> Response {
    let text = |name: &http::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let content_type = text(&CONTENT_TYPE).unwrap_or_default();
    let encoding = Encoding::from_content_type(content_type).unwrap_or(Encoding::Json);
    if !state.relay_limit.allows(&context.caller.address, Instant::now()) {
        return too_many(encoding);
    }
    let from_page = headers.contains_key(ORIGIN) || headers.contains_key("sec-fetch-site");
    if !from_page && !programs::may_call(state, &context.caller, headers) {
        return Problem::from(BoardError::from(Code::Unauthenticated)).into_response();
    }
    let Taken { mut request, rejected } = match decode(content_type, text(&CONTENT_ENCODING), body, &Limits::default())
    {
        Ok(taken) => taken,
        Err(error) => {
            let status = StatusCode::from_u16(error.http_status()).unwrap_or(StatusCode::BAD_REQUEST);
            return answer(status, encoding, error.body(encoding));
        }
    };
    // What nobody else keeps would be lost: its sender may keep it. The rest a dead collector takes from nobody.
    let of_collector = R::SIGNAL == Signal::Metrics || (R::SIGNAL == Signal::Logs && !from_page);
    if of_collector && !state.telemetry.has_room(&request) {
        return no_room(encoding);
    }
    if from_page {
        sanitize(&mut request, &identity(state, context));
        let lost = losses(&mut request);
        metrics::lost_in_page(lost.spans, lost.log_records);
    } else {
        mask(&mut request);
    }
    accept(&request);
    answer(StatusCode::OK, encoding, encoding.taken(R::SIGNAL, rejected))
}

fn identity(state: &ServerState, context: &RequestContext) -> RelayIdentity {
    let visitor = Some(context.caller.browser_id.to_string()).filter(|id| !id.is_empty());
    RelayIdentity {
        service_name: state.frontend_service.to_string(),
        client_address: context.caller.address.to_string(),
        visitor,
        session_id: context.signed_in.as_ref().map(|who| who.session.id.clone()),
        user: context.signed_in.as_ref().map(|who| who.username.to_string()),
    }
}

fn too_many(encoding: Encoding) -> Response {
    const RESOURCE_EXHAUSTED: i32 = 8;
    let body = encoding.status(RESOURCE_EXHAUSTED, "too many requests from this address; wait a second");
    later(answer(StatusCode::TOO_MANY_REQUESTS, encoding, body), "1")
}

fn no_room(encoding: Encoding) -> Response {
    const UNAVAILABLE: i32 = 14;
    let body = encoding.status(UNAVAILABLE, "the collector is slow, and there is no room for more; wait some seconds");
    later(answer(StatusCode::SERVICE_UNAVAILABLE, encoding, body), "5")
}

fn later(mut response: Response, seconds: &'static str) -> Response {
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static(seconds));
    response
}

fn answer(status: StatusCode, encoding: Encoding, body: Vec<u8>) -> Response {
    let content_type = match encoding {
        Encoding::Json => "application/json",
        Encoding::Protobuf => "application/x-protobuf",
    };
    (status, [(CONTENT_TYPE, content_type)], Body::from(body)).into_response()
}

#[cfg(test)]
mod tests {
    use super::{BURST, RelayLimit};
    use std::time::{Duration, Instant};

    #[test]
    fn a_flood_is_stopped_and_others_are_not() {
        let limit = RelayLimit::default();
        let now = Instant::now();
        let allowed = (0..500).filter(|_| limit.allows("10.0.0.1", now)).count();
        assert_eq!(allowed as f64, BURST);
        assert!(limit.allows("10.0.0.2", now));
        assert!(limit.allows("10.0.0.1", now + Duration::from_secs(1)));
    }
}

//! What other programs call: the metrics, and alerts sent here. They show `GLASSBOARD_TOKEN`, or run on this machine.

use crate::problem::{ApiJson, Problem};
use crate::state::ServerState;
use app::context::RequestContext;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use board::Caller;
use http::HeaderMap;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use model::Code;
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;
use subtle::ConstantTimeEq;
use telemetry::server::mask_addresses;
use telemetry::server::metrics::{self, TextFormat};

/// Alerts of one notification that are logged; Alertmanager groups fewer.
const MAX_ALERTS: usize = 100;

/// Whether another program may call: from this machine to a server that listens there only, or with the token.
pub fn may_call(state: &ServerState, caller: &Caller, headers: &HeaderMap) -> bool {
    let shown = headers.get(AUTHORIZATION).and_then(|value| {
        let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("Bearer").then_some(token.trim())
    });
    let token = match (&state.token, shown) {
        (Some(token), Some(shown)) => bool::from(token.as_bytes().ct_eq(shown.as_bytes())),
        _ => false,
    };
    token || caller.local
}

/// `GET /metrics`: all counters and histograms, for Prometheus, in the format that it asks for.
pub async fn read_metrics(
    State(state): State<ServerState>,
    Extension(context): Extension<RequestContext>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if !may_call(&state, &context.caller, &headers) {
        return Err(Code::Unauthenticated.into());
    }
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let format = TextFormat::accepted(accept);
    let text = metrics::read(format).map_err(|_| Code::Internal)?;
    Ok(([(CONTENT_TYPE, format.content_type())], text).into_response())
}

/// What Alertmanager sends to a webhook, as far as it is used.
#[derive(Deserialize)]
pub struct Notification {
    alerts: Vec<Alert>,
}

#[derive(Deserialize)]
struct Alert {
    /// `firing` or `resolved`.
    status: String,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

/// `POST /alerts/webhook`: each alert becomes an event of the log.
pub async fn receive_alerts(
    State(state): State<ServerState>,
    Extension(context): Extension<RequestContext>,
    headers: HeaderMap,
    notification: Result<ApiJson<Notification>, Problem>,
) -> Result<Response, Problem> {
    if !may_call(&state, &context.caller, &headers) {
        return Err(Code::Unauthenticated.into());
    }
    let ApiJson(notification) = notification?;
    for alert in notification.alerts.iter().take(MAX_ALERTS) {
        let masked = |texts: &BTreeMap<String, String>, name: &str| {
            texts.get(name).map(|text| mask_addresses(text).into_owned()).unwrap_or_default()
        };
        let (name, severity) = (masked(&alert.labels, "alertname"), masked(&alert.labels, "severity"));
        let (summary, status) = (masked(&alert.annotations, "summary"), mask_addresses(&alert.status));
        let (name, status) = (&*name, &*status);
        if alert.status == "firing" {
            tracing::warn!(event.name = "alert", alert = name, severity, status, summary, "alert");
        } else {
            tracing::info!(event.name = "alert", alert = name, severity, status, summary, "alert");
        }
    }
    Ok(Json(json!({"status": "success", "received": notification.alerts.len()})).into_response())
}

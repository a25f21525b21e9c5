//! Trouble on request, to try charts and alerts with. Not there in production.

use super::shapes::Answer;
use crate::problem::{ErrorBody, Problem};
use axum::Json;
use model::{BoardError, Code};
use serde::Serialize;
use std::time::Duration;

/// The longest delay of `/slow`.
const MAX_DELAY_MS: u64 = 2000;

#[derive(Serialize, utoipa::ToSchema)]
pub struct Slept {
    /// Always `success`.
    status: &'static str,
    delay_ms: u64,
}

#[derive(Serialize, utoipa::ToSchema)]
pub struct Lucky {
    /// Always `success`.
    status: &'static str,
}

/// Answers after up to two seconds.
#[utoipa::path(get, path = "/slow", tag = "trouble", responses((status = 200, body = Slept)))]
pub async fn slow() -> Answer<Slept> {
    let delay_ms = random()? % (MAX_DELAY_MS + 1);
    tokio::time::sleep(Duration::from_millis(delay_ms)).await;
    Ok(Json(Slept { status: "success", delay_ms }))
}

/// Fails half the time.
#[utoipa::path(get, path = "/error", tag = "trouble",
    responses((status = 200, body = Lucky), (status = 500, body = ErrorBody)))]
pub async fn error() -> Answer<Lucky> {
    if random()?.is_multiple_of(2) {
        return Err(Problem::from(Code::Internal));
    }
    Ok(Json(Lucky { status: "success" }))
}

fn random() -> Result<u64, BoardError> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(|_| Code::Internal)?;
    Ok(u64::from_le_bytes(bytes))
}

use crate::problem::Problem;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use futures::{FutureExt, StreamExt};
use http::header::{CONNECTION, CONTENT_LENGTH, EXPECT};
use http::{HeaderValue, Method, Version};
use model::Code;
use std::time::Duration;
use tokio::time::timeout;

/// A message of 10,000 characters, each escaped as two `\uXXXX`, fits.
const MAX_BODY_BYTES: usize = 256 * 1024;
/// A batch of the browser's spans.
const MAX_TELEMETRY_BYTES: usize = 1024 * 1024;
/// What is read of a body that is too large, before the connection is closed.
const MAX_DISCARDED_BYTES: usize = 8 * 1024 * 1024;
/// How long a body may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(15);
/// How long an answer may take, streams excepted.
const ANSWER_TIME: Duration = Duration::from_secs(30);

/// The response, within the time that one may take; a stream takes its own.
pub fn in_time(
    stream: bool,
    response: impl Future<Output = Response>,
) -> impl Future<Output = Result<Response, Problem>> {
    let time = if stream { Duration::MAX } else { ANSWER_TIME };
    timeout(time, response).map(|answered| answered.map_err(|_| Code::Unconfirmed.into()))
}

/// The problem, on a connection of no further use: the rest of the body may still be under way.
pub fn closing(code: Code) -> Response {
    let mut response = Problem::from(code).into_response();
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

/// Waits for all of the body, which the request has then.
pub async fn read_body(request: &mut Request) -> Result<(), Code> {
    if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(());
    }
    let most = if request.uri().path().starts_with("/v1/") { MAX_TELEMETRY_BYTES } else { MAX_BODY_BYTES };
    let announced = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let body = std::mem::take(request.body_mut());
    if announced.is_some_and(|bytes| bytes > most as u64) {
        // Whoever asks first sends nothing when the answer is no.
        let asks_first = request.headers().get(EXPECT).is_some_and(|value| value.as_bytes() == b"100-continue");
        // Nobody waits for the end of what is far too large.
        let is_endless = announced.is_some_and(|bytes| bytes > MAX_DISCARDED_BYTES as u64);
        if !is_endless && (!asks_first || request.version() < Version::HTTP_11) {
            let _ = timeout(BODY_TIME, discard(body)).await;
        }
        return Err(Code::PayloadTooLarge);
    }
    match timeout(BODY_TIME, to_bytes(body, most)).await {
        Ok(Ok(bytes)) => *request.body_mut() = Body::from(bytes),
        Ok(Err(error)) => return Err(if is_too_large(&error) { Code::PayloadTooLarge } else { Code::InvalidRequest }),
        Err(_) => return Err(Code::RequestTimeout),
    }
    Ok(())
}

/// Reads on for a while, because many clients only look at the answer once they have sent everything.
async fn discard(body: Body) {
    let mut chunks = body.into_data_stream();
    let mut read = 0;
    while let Some(Ok(chunk)) = chunks.next().await {
        read += chunk.len();
        if read > MAX_DISCARDED_BYTES {
            return;
        }
    }
}

fn is_too_large(error: &axum::Error) -> bool {
    use std::error::Error;
    error.source().is_some_and(|source| source.to_string().contains("length limit"))
}

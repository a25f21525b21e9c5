use crate::problem::Problem;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use http::header::{CONNECTION, CONTENT_LENGTH};
use http::{HeaderValue, Method};
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

/// Bounds a request's body and time.
pub async fn bound_request(request: Request, next: Next) -> Response {
    let stream = request.uri().path() == "/live";
    let request = match with_whole_body(request).await {
        Ok(request) => request,
        Err(code) => return closing(Problem::from(code).into_response()),
    };
    if stream {
        return next.run(request).await;
    }
    match timeout(ANSWER_TIME, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::from(Code::Unavailable).into_response(),
    }
}

/// The rest of the body may still be under way: the connection is of no further use.
fn closing(mut response: Response) -> Response {
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

async fn with_whole_body(request: Request) -> Result<Request, Code> {
    if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(request);
    }
    let most = if request.uri().path().starts_with("/v1/") { MAX_TELEMETRY_BYTES } else { MAX_BODY_BYTES };
    let announced = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let (parts, body) = request.into_parts();
    if announced.is_some_and(|bytes| bytes > most as u64) {
        let _ = timeout(BODY_TIME, discard(body)).await;
        return Err(Code::PayloadTooLarge);
    }
    match timeout(BODY_TIME, to_bytes(body, most)).await {
        Ok(Ok(bytes)) => Ok(Request::from_parts(parts, Body::from(bytes))),
        Ok(Err(error)) => Err(if is_too_large(&error) { Code::PayloadTooLarge } else { Code::InvalidRequest }),
        Err(_) => Err(Code::RequestTimeout),
    }
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

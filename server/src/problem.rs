//! Errors of the REST API: carried as values in the response's extensions, written in one place.

use crate::layers::current_trace_id;
use axum::Json;
use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};
use http::header::RETRY_AFTER;
use http::{HeaderValue, StatusCode};
use model::{BoardError, Code, Lang};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A board error on its way out.
#[derive(Debug, Clone)]
pub struct Problem(pub BoardError);

impl<E: Into<BoardError>> From<E> for Problem {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() =
            StatusCode::from_u16(self.0.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if let Some(seconds) = self.0.retry_after_s {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// The shape of every error: contract.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ErrorBody {
    /// Always `error`.
    pub status: &'static str,
    /// A sentence, Korean unless `Accept-Language` prefers English.
    pub message: &'static str,
    /// Stable, the same in every language.
    pub code: &'static str,
    /// The trace of this request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
}

/// The language of the API's messages.
#[must_use]
pub fn api_lang(accept_language: Option<&HeaderValue>) -> Lang {
    let accepted = accept_language.and_then(|value| value.to_str().ok());
    accepted.and_then(Lang::from_accept_language).unwrap_or(Lang::Ko)
}

/// Takes a problem that has no body yet out of its response, with the trace that it happened in.
#[must_use]
pub fn take(response: &mut Response) -> Option<BoardError> {
    let Problem(error) = response.extensions_mut().remove::<Problem>()?;
    let trace_id = error.trace_id.or_else(|| current_trace_id().map(Into::into));
    Some(BoardError { trace_id, ..error })
}

/// The body of an error.
#[must_use]
pub fn json(error: BoardError, accept_language: Option<&HeaderValue>) -> Response {
    let lang = api_lang(accept_language);
    let BoardError { code, trace_id, .. } = error;
    Json(ErrorBody { status: "error", message: code.message(lang), code: code.as_str(), trace_id }).into_response()
}

/// What serde reads from a JSON object; structs would take an array, too.
struct Object<T>(T);

impl<'de, T: DeserializeOwned> serde::Deserialize<'de> for Object<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let object = serde_json::Map::deserialize(deserializer)?;
        serde_json::from_value(object.into()).map(Self).map_err(serde::de::Error::custom)
    }
}

/// A JSON body; whatever is wrong with it becomes a problem.
pub struct ApiJson<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for ApiJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        match Json::<Object<T>>::from_request(request, state).await {
            Ok(Json(Object(value))) => Ok(Self(value)),
            Err(rejection) => Err(match rejection.status() {
                StatusCode::UNSUPPORTED_MEDIA_TYPE => Code::UnsupportedMediaType,
                StatusCode::PAYLOAD_TOO_LARGE => Code::PayloadTooLarge,
                _ => Code::InvalidRequest,
            }
            .into()),
        }
    }
}

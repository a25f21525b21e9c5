use crate::layers::roomy_headers;
use crate::problem::{ErrorBody, Problem};
use app::context::RequestContext;
use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::response::Response;
use board::{Caller, SignedIn};
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use jiff::Timestamp as Moment;
use jiff::fmt::rfc2822::DateTimePrinter;
use model::time::push_iso;
use model::{BoardError, Code, Message, PageRequest, Pagination, Timestamp};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::sync::Arc;

/// Who asks: refused without a session.
pub struct Asker {
    pub who: SignedIn,
    pub caller: Arc<Caller>,
}

impl<S: Send + Sync> FromRequestParts<S> for Asker {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let context = parts.extensions.get::<RequestContext>().ok_or(Code::Internal)?;
        let who = context.signed_in.clone().ok_or(Code::Unauthenticated)?;
        Ok(Self { who, caller: Arc::clone(&context.caller) })
    }
}

/// How a call may fail whose answer needs the store.
#[derive(utoipa::IntoResponses)]
#[allow(dead_code, reason = "describes what problems say")]
pub enum StoreFails {
    /// The store can't be reached and nothing was stored; see Retry-After.
    #[response(status = 503)]
    Unavailable(ErrorBody),
}

/// How a call may be refused that needs a session.
#[derive(utoipa::IntoResponses)]
#[allow(dead_code, reason = "describes what problems say")]
pub enum NoSession {
    /// No session, or one that has ended.
    #[response(status = 401)]
    Unauthenticated(ErrorBody),
}

/// How a call may be refused that is for operators.
#[derive(utoipa::IntoResponses)]
#[allow(dead_code, reason = "describes what problems say")]
pub enum NoOperator {
    /// Not an operator, or sent by a browser from another site.
    #[response(status = 403)]
    Forbidden(ErrorBody),
}

/// How a call's body may be refused.
#[derive(utoipa::IntoResponses)]
#[allow(dead_code, reason = "describes what problems say")]
pub enum BadBody {
    /// Not what the fields allow; `code` says which.
    #[response(status = 400)]
    Invalid(ErrorBody),
    /// Sent by a browser from another site.
    #[response(status = 403)]
    CrossSite(ErrorBody),
    /// Longer than any valid body.
    #[response(status = 413)]
    TooLarge(ErrorBody),
    /// Not `application/json`.
    #[response(status = 415)]
    NotJson(ErrorBody),
}

/// `?page=1&limit=20`; nonsense falls back.
pub struct Paged(pub PageRequest);

impl<S: Send + Sync> FromRequestParts<S> for Paged {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        let [page, limit] = parameters(parts, ["page", "limit"]);
        Ok(Self(PageRequest::parse(page.as_deref(), limit.as_deref())))
    }
}

/// The same with `q`, empty without it.
pub struct Searched {
    pub text: String,
    pub page: PageRequest,
}

impl<S: Send + Sync> FromRequestParts<S> for Searched {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        let [text, page, limit] = parameters(parts, ["q", "page", "limit"]);
        let text = text.unwrap_or_default().into_owned();
        Ok(Self { text, page: PageRequest::parse(page.as_deref(), limit.as_deref()) })
    }
}

/// The values of these names in the query string; of two with the same name the last one wins.
fn parameters<'p, const N: usize>(parts: &'p Parts, names: [&str; N]) -> [Option<Cow<'p, str>>; N] {
    let mut values = [const { None }; N];
    for (name, value) in form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()) {
        if let Some(at) = names.iter().position(|known| *known == name) {
            values[at] = Some(value);
        }
    }
    values
}

/// The parameters of a page, for the API's description.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes what Paged reads")]
pub struct PageParams {
    /// From 1; anything else counts as 1.
    page: Option<u64>,
    /// 1 to 100 rows; anything else counts as 20.
    limit: Option<u32>,
}

#[derive(Serialize, utoipa::ToSchema)]
pub struct Success {
    /// Always `success`.
    pub status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<&'static str>,
}

/// Where a page stands.
#[derive(Serialize, utoipa::ToSchema)]
pub struct PageInfo {
    pub page: u64,
    pub limit: u32,
    pub total: u64,
    pub current_page: u64,
    /// 0 when there are none.
    pub total_pages: u64,
    /// For searches: `eq`, or `gte` when `total` is a lower bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_relation: Option<&'static str>,
}

impl From<Pagination> for PageInfo {
    fn from(pagination: Pagination) -> Self {
        Self {
            page: pagination.page,
            limit: pagination.limit,
            total: pagination.total,
            current_page: pagination.page,
            total_pages: pagination.total_pages(),
            total_relation: None,
        }
    }
}

#[derive(Serialize, utoipa::ToSchema)]
pub struct MessageRow<'a> {
    pub id: i64,
    pub message: Option<&'a str>,
    /// An HTTP date, `Sat, 21 Nov 2026 01:02:03 GMT`.
    pub created_at: Option<String>,
    /// The author's user name.
    pub user_id: Option<&'a str>,
}

impl<'a> From<&'a Message> for MessageRow<'a> {
    fn from(message: &'a Message) -> Self {
        Self {
            id: message.id,
            message: message.text.as_deref(),
            created_at: message.created_at.map(http_date),
            user_id: message.author.as_deref(),
        }
    }
}

/// RFC 9110's date format.
pub fn http_date(at: Timestamp) -> String {
    const PRINTER: DateTimePrinter = DateTimePrinter::new();
    let moment = moment(at);
    PRINTER.timestamp_to_rfc9110_string(&moment).unwrap_or_default()
}

/// ISO 8601 with milliseconds and `+00:00`.
pub fn iso_date(at: Timestamp) -> String {
    let mut text = String::with_capacity(29);
    push_iso(&mut text, at);
    text
}

fn moment(at: Timestamp) -> Moment {
    Moment::from_millisecond(at.as_millis()).unwrap_or_default()
}

/// An answer to a successful call.
pub type Answer<T> = Result<axum::Json<T>, Problem>;

/// An answer that borrows what it says until it is written.
pub type Borrowed = Result<Response, Problem>;

/// Writes an answer.
pub fn written(answer: &impl Serialize) -> Borrowed {
    Ok(as_json(json(answer)))
}

/// JSON; a page of rows grows into its memory a few times, which is nothing beside reading them.
pub fn json(answer: &impl Serialize) -> Vec<u8> {
    let mut text = Vec::with_capacity(512);
    // Writing these shapes to memory does not fail.
    let _ = serde_json::to_writer(&mut text, answer);
    text
}

/// The text of a JSON answer as a response.
pub fn as_json(body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.headers_mut() = roomy_headers();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// Refuses whoever is not an operator.
pub fn require_operator(state: &crate::state::ServerState, asker: &Asker) -> Result<(), BoardError> {
    state.app.board.accounts().require_operator(&asker.who, &asker.caller)
}

#[cfg(test)]
mod tests {
    use super::{http_date, iso_date};
    use model::Timestamp;

    #[test]
    fn dates_have_the_contracts_form() {
        let at = Timestamp::from_millis(1_795_222_923_045);
        assert_eq!(http_date(at), "Sat, 21 Nov 2026 01:02:03 GMT");
        assert_eq!(iso_date(at), "2026-11-21T01:02:03.045+00:00");
    }
}

use crate::problem::{ErrorBody, Problem};
use app::context::RequestContext;
use axum::extract::FromRequestParts;
use board::{Caller, SignedIn};
use http::request::Parts;
use jiff::Timestamp as Moment;
use jiff::fmt::rfc2822::DateTimePrinter;
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
        let (page, limit) = (parameter(parts, "page"), parameter(parts, "limit"));
        Ok(Self(PageRequest::parse(page.as_deref(), limit.as_deref())))
    }
}

/// `?q=`, empty without it.
pub struct Searched(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Searched {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(parameter(parts, "q").unwrap_or_default().into_owned()))
    }
}

/// The value of a name in the query string; the last one wins.
fn parameter<'p>(parts: &'p Parts, name: &str) -> Option<Cow<'p, str>> {
    let text = parts.uri.query().unwrap_or_default();
    form_urlencoded::parse(text.as_bytes()).filter(|(key, _)| key == name).last().map(|(_, value)| value)
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
    format!("{:.3}", moment(at)).replace('Z', "+00:00")
}

fn moment(at: Timestamp) -> Moment {
    Moment::from_millisecond(at.as_millis()).unwrap_or_default()
}

/// An answer to a successful call.
pub type Answer<T> = Result<axum::Json<T>, Problem>;

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

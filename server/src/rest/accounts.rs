use super::shapes::{Answer, BadBody, Borrowed, StoreFails, Success, iso_date, written};
use crate::problem::{ApiJson, ErrorBody, Problem, api_lang};
use crate::state::ServerState;
use app::context::{RequestContext, SessionCookies};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use http::header::{ACCEPT_LANGUAGE, SET_COOKIE};
use http::{HeaderMap, HeaderValue};
use model::{BoardError, Code, Lang};
use serde::{Deserialize, Serialize};

/// Missing, null or not a text all count as empty.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct Credentials {
    #[serde(default)]
    username: Option<String>,
    #[serde(default)]
    password: Option<String>,
}

impl Credentials {
    fn parts(self) -> (String, String) {
        (self.username.unwrap_or_default(), self.password.unwrap_or_default())
    }
}

#[derive(Serialize, utoipa::ToSchema)]
pub struct LoggedIn {
    status: &'static str,
    message: &'static str,
    username: String,
}

#[derive(Serialize, utoipa::ToSchema)]
#[serde(untagged)]
pub enum SessionStatus<'a> {
    Nobody {
        status: &'static str,
        logged_in: bool,
        /// Always null.
        username: Option<&'a str>,
    },
    SignedIn {
        status: &'static str,
        logged_in: bool,
        username: &'a str,
        session_permanent: bool,
        browser_id: &'a str,
        user_agent: &'a str,
        login_time: String,
        last_activity: String,
    },
}

fn said(headers: &HeaderMap, ko: &'static str, en: &'static str) -> &'static str {
    match api_lang(headers.get(ACCEPT_LANGUAGE)) {
        Lang::Ko => ko,
        Lang::En => en,
    }
}

/// Registers a user.
#[utoipa::path(post, path = "/register", tag = "accounts", request_body = Credentials,
    responses((status = 200, body = Success), BadBody, StoreFails))]
pub async fn register(
    State(state): State<ServerState>,
    headers: HeaderMap,
    ApiJson(credentials): ApiJson<Credentials>,
) -> Answer<Success> {
    let (username, password) = credentials.parts();
    state.app.board.accounts().register(&username, password, 1).await?;
    let message = said(&headers, "회원가입이 완료되었습니다", "You are registered.");
    Ok(Json(Success { status: "success", message: Some(message) }))
}

/// Signs in: sets the `session` cookie.
#[utoipa::path(post, path = "/login", tag = "accounts", request_body = Credentials,
    responses((status = 200, body = LoggedIn), BadBody, StoreFails,
        (status = 401, description = "Unknown user or wrong password", body = ErrorBody),
        (status = 429, description = "Too many failures; see Retry-After", body = ErrorBody)))]
pub async fn login(
    State(state): State<ServerState>,
    Extension(context): Extension<RequestContext>,
    headers: HeaderMap,
    ApiJson(credentials): ApiJson<Credentials>,
) -> Result<Response, Problem> {
    let (username, password) = credentials.parts();
    let (token, who) = state.app.board.accounts().log_in(&username, password, &context.caller).await?;
    let _ = context.signs_in.set(who.username.clone());
    let message = said(&headers, "로그인 성공", "You are signed in.");
    let body = LoggedIn { status: "success", message, username: who.username.to_string() };
    let mut response = Json(body).into_response();
    set_cookie(&mut response, &state.cookies.issue(&who, &token))?;
    Ok(response)
}

/// Signs out; succeeds when nobody is signed in, too.
#[utoipa::path(post, path = "/logout", tag = "accounts", security((), ("session" = [])),
    responses((status = 200, body = Success), StoreFails))]
pub async fn logout(
    State(state): State<ServerState>,
    Extension(context): Extension<RequestContext>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if let Some(who) = &context.signed_in {
        match state.app.board.sessions().end(who, &who.session.id).await {
            Ok(()) | Err(BoardError { code: Code::NotFound, .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let message = said(&headers, "로그아웃 성공", "You are signed out.");
    let mut response = Json(Success { status: "success", message: Some(message) }).into_response();
    set_cookie(&mut response, &state.cookies.clear())?;
    Ok(response)
}

/// Whether somebody is signed in, and who.
#[utoipa::path(get, path = "/session/status", tag = "accounts", security((), ("session" = [])),
    responses((status = 200, body = SessionStatus), StoreFails))]
pub async fn session_status(Extension(context): Extension<RequestContext>) -> Borrowed {
    written(&match &context.signed_in {
        None => SessionStatus::Nobody { status: "success", logged_in: false, username: None },
        Some(who) => SessionStatus::SignedIn {
            status: "success",
            logged_in: true,
            username: who.username.as_str(),
            session_permanent: true,
            browser_id: &who.session.browser_id,
            user_agent: &who.session.user_agent,
            login_time: iso_date(who.session.login_at),
            last_activity: iso_date(who.session.last_activity),
        },
    })
}

fn set_cookie(response: &mut Response, cookie: &str) -> Result<(), BoardError> {
    let value = HeaderValue::from_str(cookie).map_err(|_| Code::Internal)?;
    response.headers_mut().append(SET_COOKIE, value);
    Ok(())
}

//! Register, sign in and out, password, sessions.

use crate::functions::call::Call;
use leptos::prelude::*;
use model::{Account, BoardError, SessionSummary};
use telemetry::client::TracedClient;

/// Registers and signs in right away; without JavaScript leads to `next`.
///
/// # Errors
/// `CredentialsRequired`, `InvalidUsername`, `InvalidPassword` (shorter than 8 characters), `UsernameReserved`,
/// `UsernameTaken`, `Unavailable`.
#[server(prefix = "/fn", endpoint = "accounts/register", client = TracedClient)]
pub async fn register(username: String, password: String, next: Option<String>) -> Result<Account, BoardError> {
    let fields = vec![("username", username.clone())];
    let result = entry::register(&username, password, next.as_deref()).await;
    super::door::answer_form("accounts/register", fields, result)
}

/// Signs in; without JavaScript leads to `next`.
///
/// # Errors
/// `CredentialsRequired`, `InvalidCredentials`, `TooManyRequests`, `Unavailable`.
#[server(prefix = "/fn", endpoint = "accounts/log_in", client = TracedClient)]
pub async fn log_in(username: String, password: String, next: Option<String>) -> Result<Account, BoardError> {
    let fields = vec![("username", username.clone())];
    let result = entry::log_in(&username, password, next.as_deref()).await;
    super::door::answer_form("accounts/log_in", fields, result)
}

/// Signs out and leads to the front page; also when nobody was signed in.
///
/// # Errors
/// `Unavailable` when the session can't be ended.
#[server(prefix = "/fn", endpoint = "accounts/log_out", client = TracedClient)]
pub async fn log_out() -> Result<(), BoardError> {
    super::door::answer(entry::log_out().await)
}

/// Changes the password and ends the other sessions.
///
/// # Errors
/// `Unauthenticated`; `InvalidCredentials` when the current one is wrong; `InvalidPassword`; `TooManyRequests`;
/// `Unavailable`.
#[server(prefix = "/fn", endpoint = "accounts/change_password", client = TracedClient)]
pub async fn change_password(current: String, new: String) -> Result<(), BoardError> {
    let result = async {
        let (who, caller) = crate::context::signed_in()?;
        crate::context::state().board.accounts().change_password(&who, current, new, &caller).await?;
        if super::door::is_plain_form() {
            leptos_axum::redirect("/account?changed=1");
        }
        Ok(())
    };
    super::door::answer(result.await)
}

/// The reader's own sessions, most recently used first.
///
/// # Errors
/// `Unauthenticated`, `Unavailable`.
#[server(prefix = "/fn", endpoint = "accounts/sessions", protocol = Call, client = TracedClient)]
pub async fn sessions() -> Result<Vec<SessionSummary>, BoardError> {
    let result = async {
        let (who, _) = crate::context::signed_in()?;
        crate::context::state().board.sessions().list(&who).await
    };
    super::door::answer(result.await)
}

/// Ends one of the reader's own sessions.
///
/// # Errors
/// `Unauthenticated`; `NotFound` when it is not one of theirs; `Unavailable`.
#[server(prefix = "/fn", endpoint = "accounts/end_session", client = TracedClient)]
pub async fn end_session(id: String) -> Result<(), BoardError> {
    let result = async {
        let (who, _) = crate::context::signed_in()?;
        crate::context::state().board.sessions().end(&who, &id).await
    };
    super::door::answer(result.await)
}

/// Who asks; `None` when nobody is signed in.
///
/// # Errors
/// None of its own.
#[server(prefix = "/fn", endpoint = "accounts/current", protocol = Call, client = TracedClient)]
pub async fn current() -> Result<Option<Account>, BoardError> {
    let Ok((who, caller)) = crate::context::signed_in() else { return Ok(None) };
    Ok(Some(crate::context::state().board.accounts().account(&who, &caller)))
}

#[cfg(feature = "ssr")]
mod entry {
    use crate::context::{request, state};
    use crate::functions::door::{add_header, is_plain_form};
    use crate::next;
    use http::header::SET_COOKIE;
    use model::{Account, BoardError, Code, Password};

    pub async fn register(username: &str, password: String, next: Option<&str>) -> Result<Account, BoardError> {
        state().board.accounts().register(username, password.clone(), Password::MIN_CHARS_IN_UI).await?;
        log_in(username, password, next).await
    }

    pub async fn log_in(username: &str, password: String, next: Option<&str>) -> Result<Account, BoardError> {
        let (state, request) = (state(), request().ok_or(Code::Internal)?);
        let caller = request.caller;
        let (token, who) = state.board.accounts().log_in(username, password, &caller).await?;
        let _ = request.signs_in.set(who.username.clone());
        add_header(SET_COOKIE, &state.cookies.issue(&who, &token));
        // With JavaScript the page navigates itself, once it knows the account.
        if is_plain_form() {
            leptos_axum::redirect(next::safe(next));
        }
        Ok(state.board.accounts().account(&who, &caller))
    }

    pub async fn log_out() -> Result<(), BoardError> {
        let state = state();
        if let Some(who) = request().and_then(|request| request.signed_in) {
            match state.board.sessions().end(&who, &who.session.id).await {
                Err(error) if error.code != Code::NotFound => return Err(error),
                _ => tracing::info!(event.name = "logout", "logged out"),
            }
        }
        add_header(SET_COOKIE, &state.cookies.clear());
        if is_plain_form() {
            leptos_axum::redirect("/");
        }
        Ok(())
    }
}

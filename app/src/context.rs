//! What a request brings into the pages on the server; the server crate provides it.

use axum::http::request::Parts;
use board::{Board, Caller, SessionToken, SignedIn};
use leptos::prelude::{expect_context, use_context};
use model::{BoardError, Code, Lang, TraceId, Username};
use observatory::Observatory;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

/// What all requests share.
pub type AppState = Arc<Shared>;

pub struct Shared {
    pub board: Board,
    pub observatory: Arc<Observatory>,
    pub cookies: Arc<dyn SessionCookies>,
    pub drafts: crate::drafts::Drafts,
    pub site: Site,
}

/// The front end's files, as the page links them.
#[derive(Debug, Clone)]
pub struct Site {
    /// URL of the JavaScript loader, such as `/pkg/glassboard.js?v=…`.
    pub script: String,
    /// URL of the WASM module.
    pub wasm: String,
    /// URL of the style sheet.
    pub style: String,
    /// URLs of the WASM files that a group of pages needs besides, by the group's name (`pages::PageFile`).
    pub pages: HashMap<String, Vec<String>>,
    /// What pages are told about recording, where it is not all of it.
    pub recording: Option<String>,
    /// Pages reload themselves when the server has been started anew: `make watch`.
    pub live_reload: bool,
}

/// Makes the `Set-Cookie` values of a session.
pub trait SessionCookies: Send + Sync {
    fn issue(&self, who: &SignedIn, token: &SessionToken) -> String;
    fn clear(&self) -> String;
}

/// What is known of this request; put into its extensions by a layer of the server.
#[derive(Clone)]
pub struct RequestContext {
    pub caller: Arc<Caller>,
    pub signed_in: Option<SignedIn>,
    /// Who signed in by this request.
    pub signs_in: Arc<OnceLock<Username>>,
    pub lang: Lang,
    /// The reader's IANA time zone, from their cookie.
    pub zone: Option<Arc<str>>,
    /// `light` or `dark`, from their cookie; else the system's.
    pub theme: Option<&'static str>,
    /// Whether the reader folded the ribbon away.
    pub ribbon_folded: bool,
    /// The ids reserved for the browser's spans of this page load.
    pub page_trace: Option<PageTrace>,
    /// This request's own trace.
    pub trace_id: Option<TraceId>,
}

/// The two `<meta>` values that let the browser's page-load spans stand above the server's.
#[derive(Debug, Clone)]
pub struct PageTrace {
    /// `traceparent` naming the documentFetch span.
    pub traceparent: String,
    /// The documentLoad span's id, 16 hexadecimal digits.
    pub document_load: String,
}

/// The state of all requests.
pub fn state() -> AppState {
    expect_context()
}

/// This request; `None` outside of one (when routes are listed at start-up).
pub fn request() -> Option<RequestContext> {
    use_context::<Parts>()?.extensions.get::<RequestContext>().cloned()
}

/// Who asks, with what the door knows of them.
///
/// # Errors
/// `Unauthenticated`.
pub fn signed_in() -> Result<(SignedIn, Arc<Caller>), BoardError> {
    let request = request().ok_or(Code::Internal)?;
    let who = request.signed_in.ok_or(Code::Unauthenticated)?;
    Ok((who, request.caller))
}

/// The same, for what only operators may see.
///
/// # Errors
/// `Unauthenticated`, `OperatorsOnly`.
pub fn operator() -> Result<(SignedIn, Arc<Caller>), BoardError> {
    let (who, caller) = signed_in()?;
    state().board.accounts().require_operator(&who, &caller)?;
    Ok((who, caller))
}

//! Who reads the pages.

use crate::next;
use leptos::prelude::*;
use leptos_router::hooks::use_location;
use model::{Account, BoardError, Code};

/// The reader's account, as far as the pages know.
#[derive(Clone, Copy)]
pub struct Session {
    account: RwSignal<Option<Account>>,
    signed_in: Memo<bool>,
    /// The session ended while its pages were open.
    ended: RwSignal<bool>,
    leaving: RwSignal<bool>,
}

/// Reads the session on the server, and hands it to the browser with the page.
pub fn provide_session() -> Session {
    let account = RwSignal::new(SharedValue::new(requesting_account).into_inner());
    let signed_in = Memo::new(move |_| account.with(Option::is_some));
    let session = Session { account, signed_in, ended: RwSignal::new(false), leaving: RwSignal::new(false) };
    provide_context(session);
    session
}

#[must_use]
pub fn use_session() -> Session {
    expect_context()
}

impl Session {
    #[must_use]
    pub fn account(self) -> Option<Account> {
        self.account.get()
    }

    #[must_use]
    pub fn is_signed_in(self) -> bool {
        self.signed_in.get()
    }

    /// The name of the reader now; does not follow changes.
    #[cfg(feature = "hydrate")]
    #[must_use]
    pub fn name(self) -> Option<String> {
        self.account.with_untracked(|account| account.as_ref().map(|account| account.username.to_string()))
    }

    /// Whether this is the name of the reader now; does not follow changes.
    #[must_use]
    pub fn is_me(self, name: Option<&str>) -> bool {
        let is_me = |account: &Account| Some(account.username.as_str()) == name;
        self.account.with_untracked(|account| account.as_ref().is_some_and(is_me))
    }

    /// Does not follow changes: where it matters, the page is made anew after signing in.
    #[must_use]
    pub fn is_operator(self) -> bool {
        self.account.with_untracked(|account| account.as_ref().is_some_and(|account| account.operator))
    }

    /// Whether the session ended while its pages were open.
    #[must_use]
    pub fn has_ended(self) -> bool {
        self.ended.get()
    }

    pub fn begin(self, account: Account) {
        self.ended.set(false);
        self.account.set(Some(account));
    }

    /// The reader is signing out, and the page about to go: that the session ends is no news then.
    pub fn leave(self, leaving: bool) {
        self.leaving.set(leaving);
    }

    /// The server says that the session is over: pages that need one give way to the sign-in page.
    pub fn end(self) {
        if self.account.with_untracked(Option::is_some) && !self.leaving.get_untracked() {
            self.ended.set(true);
            self.account.set(None);
        }
    }

    /// Learns from an answer: `unauthenticated` ends the session here too.
    pub fn learn(self, error: &BoardError) {
        if error.code == Code::Unauthenticated {
            self.end();
        }
    }
}

/// Shows its children to readers with a session, and leads others to the sign-in page and back.
#[component]
pub fn SignedInOnly(children: ChildrenFn) -> impl IntoView {
    let session = use_session();
    let location = use_location();
    let shown = move || {
        if session.is_signed_in() {
            return children().into_any();
        }
        let place = location.pathname.get_untracked();
        lead_to(&next::sign_in_first(&place, &location.search.get_untracked()));
        ().into_any()
    };
    view! { {move || shown()} }.into_any()
}

#[cfg(feature = "ssr")]
fn requesting_account() -> Option<Account> {
    let request = crate::context::request()?;
    let who = request.signed_in?;
    Some(crate::context::state().board.accounts().account(&who, &request.caller))
}

#[cfg(not(feature = "ssr"))]
fn requesting_account() -> Option<Account> {
    None
}

/// Redirects the request.
#[cfg(feature = "ssr")]
fn lead_to(path: &str) {
    use http::{HeaderValue, header::CACHE_CONTROL};
    if let Some(response) = use_context::<leptos_axum::ResponseOptions>() {
        response.insert_header(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        leptos_axum::redirect(path);
    }
}

/// Navigates, after the page at hand is done with.
#[cfg(not(feature = "ssr"))]
fn lead_to(path: &str) {
    use leptos_router::NavigateOptions;
    let (navigate, path) = (leptos_router::hooks::use_navigate(), path.to_owned());
    request_animation_frame(move || navigate(&path, NavigateOptions { replace: true, ..Default::default() }));
}

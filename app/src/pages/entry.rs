//! The form that signing in and registering share.

use crate::components::draft::use_draft;
use crate::components::life;
use crate::components::{ActionError, FormAction, ServerForm};
use crate::next;
use crate::query::{Query, use_query};
use crate::session::use_session;
use crate::text::use_text;
use leptos::html::Input;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;
use model::{Account, Username};

/// User name and password, sent to `action`. `password` is the field's autocomplete purpose.
#[component]
pub fn EntryForm(
    action: FormAction<Account>,
    form: &'static str,
    submit: &'static str,
    password: &'static str,
) -> impl IntoView {
    life("EntryForm");
    let words = &use_text().door().entry;
    let (session, navigate, query) = (use_session(), use_navigate(), use_query());
    let wanted = move || query.with(|query| next::safe(query.get_str("next")).to_owned());
    Effect::new(move |_| {
        if let Some(Ok(account)) = action.value().get() {
            session.begin(account);
            // The address that is gone to has no such wish, and is not followed.
            navigate(&untrack(wanted), NavigateOptions { replace: true, ..Default::default() });
        }
    });
    let is_new = password == "new-password";
    let username = use_draft(form).field("username");
    let field = NodeRef::<Input>::new();
    // What was typed before the page came alive, or in another language of the page, or in the other form.
    Effect::new(move |_| {
        let Some(field) = field.get_untracked() else { return };
        match typed::kept().filter(|_| field.value().is_empty()) {
            Some(username) => field.set_value(&username),
            None => typed::keep(&field.value()),
        }
    });
    let keep = move |_| {
        if let Some(field) = field.get_untracked() {
            typed::keep(&field.value());
        }
    };
    view! {
        <ActionError action/>
        <ServerForm action class="stacked">
            <input type="hidden" name="next" value=wanted/>
            <label>
                <span>{words.username}</span>
                <input name="username" value=username required autocomplete="username" autocapitalize="none" spellcheck="false" maxlength=Username::MAX_STORED_CHARS.to_string()
                    node_ref=field on:input=keep/>
            </label>
            {is_new.then(|| view! { <p class="hint">{words.username_hint}</p> })}
            <label>
                <span>{words.password}</span>
                <input name="password" type="password" required autocomplete=password minlength=is_new.then_some("8")/>
            </label>
            {is_new.then(|| view! { <p class="hint">{words.password_hint}</p> })}
            <button class="primary" type="submit" disabled=move || action.pending().get()>{submit}</button>
        </ServerForm>
    }
    .into_any()
}

/// The address of the other form, with the same way back.
pub fn other_way(path: &str, query: Memo<Query>) -> String {
    query.with(|query| match query.get_str("next") {
        Some(next) => format!("{path}?next={}", next::encode(next)),
        None => path.to_owned(),
    })
}

/// A user name that is being typed, kept in this tab.
pub mod typed {
    const KEY: &str = "typed-username";

    pub fn keep(username: &str) {
        #[cfg(feature = "hydrate")]
        crate::web::keep(KEY, username);
        #[cfg(not(feature = "hydrate"))]
        let _ = (KEY, username);
    }

    #[must_use]
    pub fn kept() -> Option<String> {
        #[cfg(feature = "hydrate")]
        return crate::web::kept(KEY);
        #[cfg(not(feature = "hydrate"))]
        None
    }
}

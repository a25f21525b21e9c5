//! One's own account: password and signed-in devices.

mod password;
mod sessions;

use crate::components::life;
use crate::session::{SignedInOnly, use_session};
use crate::text::use_text;
use crate::title::set_title;
use leptos::prelude::*;
use password::PasswordForm;
use sessions::SessionList;

/// Changes the password, lists and ends sessions.
#[component]
pub fn AccountPage() -> impl IntoView {
    life("AccountPage");
    let title = use_text().door().account.title;
    set_title(title);
    view! {
        <SignedInOnly>
            <Account/>
        </SignedInOnly>
    }
    .into_any()
}

#[component]
fn Account() -> impl IntoView {
    let (words, session) = (&use_text().door().account, use_session());
    let name = move || session.account().map(|account| account.username.to_string());
    let operator = move || session.is_operator().then(|| view! { <span class="badge">{words.operator}</span> });
    view! {
        <div class="column">
            <h1>{words.title}</h1>
            <p><strong dir="auto">{name}</strong> " " {operator}</p>
            <PasswordForm/>
            <SessionList/>
        </div>
    }
    .into_any()
}

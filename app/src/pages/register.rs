use super::entry::{EntryForm, other_way, typed};
use crate::components::FormAction;
use crate::components::life;
use crate::functions::accounts::Register;
use crate::query::use_query;
use crate::text::use_text;
use crate::title::set_title;
use leptos::prelude::*;

/// Registers, which signs in right away.
#[component]
pub fn RegisterPage() -> impl IntoView {
    life("RegisterPage");
    let words = &use_text().door().entry;
    let query = use_query();
    let register = FormAction::of::<Register>().then(|_| typed::keep(""));
    set_title(words.register_title);
    view! {
        <div class="column narrow">
            <h1>{words.register_title}</h1>
            <EntryForm action=register form="accounts/register" submit=words.register password="new-password"/>
            <p><a href=move || other_way("/login", query)>{words.has_account}</a></p>
        </div>
    }
    .into_any()
}

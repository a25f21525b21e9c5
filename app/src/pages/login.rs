use super::entry::{EntryForm, typed};
use crate::components::FormAction;
use crate::components::life;
use crate::functions::accounts::LogIn;
use crate::query::use_query;
use crate::session::use_session;
use crate::text::use_text;
use crate::title::set_title;
use leptos::prelude::*;

/// Signs in, and leads to where the reader wanted to go.
#[component]
pub fn LoginPage() -> impl IntoView {
    life("LoginPage");
    let words = &use_text().door().entry;
    let (session, query) = (use_session(), use_query());
    let log_in = FormAction::of::<LogIn>().then(|_| typed::keep(""));
    let why = move || {
        let wanted = query.with(|query| query.get_str("next").is_some());
        match session.has_ended() {
            true => Some(words.signed_out),
            false => (wanted && !session.is_signed_in()).then_some(words.sign_in_first),
        }
    };
    let already = move || session.account().map(|account| (words.already)(account.username.as_str()));
    set_title(words.sign_in_title);
    view! {
        <div class="column narrow">
            <h1>{words.sign_in_title}</h1>
            {move || why().map(|why| view! { <p class="note" role="status">{why}</p> })}
            {move || already().map(|already| view! { <p class="note">{already}</p> })}
            <EntryForm action=log_in form="accounts/log_in" submit=words.sign_in password="current-password"/>
            <p><a href=move || super::entry::other_way("/register", query)>{words.no_account}</a></p>
        </div>
    }
    .into_any()
}

use crate::components::life;
use crate::components::{ActionError, FormAction, ServerForm};
use crate::functions::accounts::ChangePassword;
use crate::query::use_query;
use crate::session::use_session;
use crate::text::use_text;
use leptos::html::Form;
use leptos::prelude::*;

#[component]
pub fn PasswordForm() -> impl IntoView {
    life("PasswordForm");
    let text = use_text();
    let (words, entry, session) = (&text.door().account, &text.door().entry, use_session());
    let change = FormAction::of::<ChangePassword>();
    let form = NodeRef::<Form>::new();
    let query = use_query();
    let changed = move || change.value().with(|value| matches!(value, Some(Ok(()))));
    // Without JavaScript the address says so.
    let told =
        move || changed() || query.with(|query| query.get_str("changed").is_some() && query.get_str("__err").is_none());
    Effect::new(move |_| {
        if let Some(form) = form.get().filter(|_| changed()) {
            form.reset();
        }
    });
    let username = move || session.account().map(|account| account.username.to_string());
    view! {
        <section>
            <h2>{words.change_password}</h2>
            <ActionError action=change/>
            <p class="note" role="status" hidden=move || !told()>{words.changed}</p>
            <ServerForm action=change node_ref=form class="stacked">
                // For password managers: whose password it is.
                <input type="text" name="username" value=username autocomplete="username" hidden readonly/>
                <label>
                    <span>{words.current_password}</span>
                    <input name="current" type="password" required autocomplete="current-password"/>
                </label>
                <label>
                    <span>{words.new_password}</span>
                    <input name="new" type="password" required minlength="8" autocomplete="new-password"/>
                </label>
                <p class="hint">{entry.password_hint}</p>
                <button type="submit" disabled=move || change.pending().get()>{words.change}</button>
            </ServerForm>
        </section>
    }
    .into_any()
}

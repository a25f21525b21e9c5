//! What this is, shown on the very page that says it.

use crate::components::life;
use crate::components::ribbon::Ribbon;
use crate::session::use_session;
use crate::text::use_text;
use crate::title::set_title;
use leptos::prelude::*;

/// The front page: a promise, its proof, and three steps to try it.
#[component]
pub fn HomePage() -> impl IntoView {
    life("HomePage");
    let words = &use_text().board.home;
    set_title(words.title);
    view! {
        <div class="home">
            <h1>{words.headline}</h1>
            <p class="promise">{words.promise}</p>
            <section class="proof">
                <h2>{words.this_page}</h2>
                <Ribbon/>
            </section>
            <Steps/>
        </div>
    }
    .into_any()
}

#[component]
fn Steps() -> impl IntoView {
    let (words, session) = (&use_text().board.home, use_session());
    let first = move || match session.account() {
        Some(account) => view! { <p class="done">{(words.signed_in_as)(account.username.as_str())}</p> }.into_any(),
        None => view! {
            <a class="step-link" href="/register">{words.register}</a>
            <p>{words.register_why}</p>
        }
        .into_any(),
    };
    let more = move || {
        let words = [(true, words.samples_hint, "/samples"), (session.is_operator(), words.operators_hint, "/logs")];
        let shown = words.into_iter().filter(|(shown, ..)| *shown && session.is_signed_in());
        shown
            .map(|(_, hint, href)| view! { <p class="hint"><a href=href>{hint}</a></p> }.into_any())
            .collect_view()
            .into_any()
    };
    let trace = latest_trace();
    let address = |id: Option<String>| id.map_or_else(|| "/traces".to_owned(), |id| format!("/traces/{id}"));
    view! {
        <h2>{words.steps}</h2>
        <ol class="steps">
            <li>{move || first()}</li>
            <li>
                <a class="step-link" href="/messages">{words.post}</a>
                <p>{words.post_why}</p>
            </li>
            <li>
                <a class="step-link" href=move || address(trace.get())>{words.open_trace}</a>
                <p>{words.open_trace_why}</p>
            </li>
        </ol>
        {move || more()}
    }
    .into_any()
}

/// The visitor's latest trace: of this page load, until they do something else.
fn latest_trace() -> RwSignal<Option<String>> {
    let trace = RwSignal::new(SharedValue::new(page_trace).into_inner());
    telemetry::browser::on_trace(move |note| {
        if note.flushed {
            let _ = trace.try_set(Some(note.trace_id));
        }
    });
    trace
}

#[cfg(feature = "ssr")]
fn page_trace() -> Option<String> {
    crate::context::request()?.trace_id.map(Into::into)
}

#[cfg(not(feature = "ssr"))]
fn page_trace() -> Option<String> {
    None
}

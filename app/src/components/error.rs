//! Errors as readers see them: what happened, what to do, where to look.

use crate::components::{CopyButton, FormAction};
use crate::session::use_session;
use crate::text::use_text;
use leptos::prelude::*;
use model::{BoardError, TraceId};
use serde::de::DeserializeOwned;

/// An error in the place of what failed. The focus goes to it.
#[component]
pub fn ErrorNote(error: BoardError) -> impl IntoView {
    let (text, session) = (use_text(), use_session());
    let words = &text.common.error;
    let note = NodeRef::<leptos::html::Div>::new();
    let learned = error.clone();
    Effect::new(move |_| {
        session.learn(&learned);
        if let Some(note) = note.get() {
            let _ = note.focus();
        }
    });
    // It may come from the address of the page, where anybody can write anything.
    let trace = error.trace_id.as_deref().and_then(TraceId::parse).map(|id| view! { " · " {trace(id)} }.into_any());
    view! {
        <div class="error-note" role="alert" tabindex="-1" node_ref=note>
            <p>
                {error.code.message(text.lang)} " "
                {error.retry_after_s.filter(|seconds| *seconds > 1).map(words.retry_after)}
            </p>
            <p class="error-detail">{words.code} " " <code>{error.code.as_str()}</code> {trace}</p>
        </div>
    }
    .into_any()
}

/// A trace by its id, to be opened or copied.
fn trace(id: TraceId) -> AnyView {
    view! {
        {use_text().common.error.trace}
        " "
        <a href=format!("/traces/{id}")><code>{id.to_string()}</code></a>
        " "
        <CopyButton value=id.to_string()/>
    }
    .into_any()
}

/// The trace of the page as it was loaded; nothing where the browser itself has led to it since.
#[component]
pub fn PageTrace() -> impl IntoView {
    let traceparent = loaded_by();
    let id = traceparent.and_then(|traceparent| TraceId::parse(traceparent.get(3..35)?));
    id.map(|id| view! { <p class="error-detail">{trace(id)}</p> }.into_any())
}

#[cfg(feature = "ssr")]
fn loaded_by() -> Option<String> {
    Some(crate::context::request()?.page_trace?.traceparent)
}

#[cfg(feature = "hydrate")]
fn loaded_by() -> Option<String> {
    if crate::web::root()?.has_attribute("data-script") {
        return None;
    }
    let meta = document().query_selector("meta[name=traceparent]").ok()??;
    meta.get_attribute("content")
}

#[cfg(not(any(feature = "ssr", feature = "hydrate")))]
fn loaded_by() -> Option<String> {
    None
}

/// The error of a form's last submission, if it failed.
#[component]
pub fn ActionError<T: DeserializeOwned + Send + Sync + 'static>(action: FormAction<T>) -> impl IntoView {
    let error = move || action.error().filter(|_| !action.pending().get());
    view! { {move || error().map(|error| view! { <ErrorNote error/> }.into_any())} }.into_any()
}

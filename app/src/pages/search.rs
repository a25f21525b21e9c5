//! Search as you type. The address is the one truth: typing changes it, and the results follow it.

mod results;

use crate::components::life;
use crate::fetched::fetch;
use crate::functions::search::find_messages;
use crate::next::encode;
use crate::query::use_query;
use crate::session::SignedInOnly;
use crate::text::use_text;
use crate::title::set_title;
use leptos::html::Input;
use leptos::prelude::*;
use leptos::web_sys::HtmlInputElement;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;
use model::SearchQuery;
use results::Results;
use std::rc::Rc;
use telemetry::names::span::INPUT;

/// How long the reader must pause before the search starts.
#[cfg(feature = "hydrate")]
const PAUSE_MS: i32 = 150;

/// Searches messages: `?q=` and `&page=N` from 1.
#[component]
pub fn SearchPage() -> impl IntoView {
    life("SearchPage");
    let words = &use_text().search().search;
    let query = use_query();
    let wanted = Memo::new(move |_| query.with(|query| query.get_str("q").unwrap_or_default().to_owned()));
    let title =
        move || wanted.with(|q| if q.is_empty() { words.title.to_owned() } else { format!("{q} · {}", words.title) });
    set_title(title);
    view! {
        <SignedInOnly>
            <Search wanted/>
        </SignedInOnly>
    }
    .into_any()
}

#[component]
fn Search(wanted: Memo<String>) -> impl IntoView {
    life("Search");
    let query = use_query();
    let page = Memo::new(move |_| {
        let number = query.with(|query| query.get_str("page").and_then(|page| page.trim().parse().ok()));
        number.unwrap_or(1_u64).max(1)
    });
    // A later question cancels the answer to an earlier one.
    let found = fetch(
        move || (wanted.get(), page.get()),
        |(query, page)| async move { if query.is_empty() { Ok(None) } else { find_messages(query, page).await } },
    );
    view! {
        <div class="column">
            <SearchField wanted/>
            <Results found/>
        </div>
    }
    .into_any()
}

#[component]
fn SearchField(wanted: Memo<String>) -> impl IntoView {
    life("SearchField");
    let (words, navigate) = (&use_text().search().search, use_navigate());
    let field = NodeRef::<Input>::new();
    let search = Rc::new(move |by_typing: bool| {
        let Some(typed) = field.try_get_untracked().flatten().map(|field| field.value()) else { return };
        if wanted.try_get_untracked().is_some_and(|wanted| wanted != typed) {
            let address = if typed.is_empty() { "/search".to_owned() } else { format!("/search?q={}", encode(&typed)) };
            let _action = by_typing.then(|| telemetry::browser::action(INPUT, words.label));
            navigate(&address, NavigateOptions { replace: true, scroll: false, ..Default::default() });
        }
    });
    let search_soon = after_a_pause({
        let search = search.clone();
        Rc::new(move || search(true))
    });
    let typed = search_soon.clone();
    // The way back and forth changes the field; what was typed before the page came alive counts as typed.
    Effect::new(move |before: Option<()>| {
        let (wanted, Some(field)) = (wanted.get(), field.get()) else { return };
        if before.is_none() {
            return search_soon();
        }
        if field.value() != wanted && !has_focus(&field) {
            field.set_value(&wanted);
        }
    });
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        search(false);
    };
    view! {
        <form method="get" action="/search" role="search" class="search-form" on:submit=submit>
            <h1><label for="search-field">{words.label}</label></h1>
            <div class="search-line">
                <input id="search-field" type="search" name="q" value=wanted.get_untracked() node_ref=field autocomplete="off"
                    maxlength=SearchQuery::MAX_CHARS.to_string() placeholder=words.placeholder dir="auto"
                    on:input=move |_| typed()/>
                <button class="primary" type="submit">{words.submit}</button>
            </div>
        </form>
    }
    .into_any()
}

/// Does the task once the reader pauses; a further call begins a new pause.
#[cfg(feature = "hydrate")]
fn after_a_pause(task: Rc<dyn Fn()>) -> Rc<dyn Fn()> {
    use crate::web;
    let waiting = std::cell::Cell::new(None);
    Rc::new(move || {
        if let Some(timeout) = waiting.take() {
            web::cancel(timeout);
        }
        let task = task.clone();
        waiting.set(web::after(PAUSE_MS, move || task()));
    })
}

/// Nobody types on the server.
#[cfg(not(feature = "hydrate"))]
fn after_a_pause(task: Rc<dyn Fn()>) -> Rc<dyn Fn()> {
    task
}

fn has_focus(field: &HtmlInputElement) -> bool {
    document().active_element().is_some_and(|active| active.is_same_node(Some(field)))
}

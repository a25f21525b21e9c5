//! The board itself: write, read, delete.

mod list;
mod news;
mod post_form;

use crate::components::FormAction;
use crate::components::life;
use crate::fetched::fetch;
use crate::functions::messages::{DeleteMessage, PostMessage, list_messages};
use crate::query::use_query;
use crate::session::SignedInOnly;
use crate::text::use_text;
use crate::title::set_title;
use leptos::prelude::*;
use list::MessageList;
use model::Scope;
use news::{News, NewsBar};
use post_form::{PostForm, unsent};

/// Messages, newest first: `?page=N` from 1, `&mine=1` for one's own.
#[component]
pub fn MessagesPage() -> impl IntoView {
    life("MessagesPage");
    let title = use_text().board.messages.title;
    set_title(title);
    view! {
        <SignedInOnly>
            <Board/>
        </SignedInOnly>
    }
    .into_any()
}

#[component]
fn Board() -> impl IntoView {
    let words = &use_text().board.messages;
    let query = use_query();
    let scope = Memo::new(move |_| {
        let mine = query.with(|query| query.get_str("mine").is_some_and(|mine| mine == "1"));
        if mine { Scope::Mine } else { Scope::Everyone }
    });
    let page = Memo::new(move |_| {
        let number = query.with(|query| query.get_str("page").and_then(|page| page.trim().parse().ok()));
        number.unwrap_or(1_u64).max(1)
    });
    let post = FormAction::of::<PostMessage>().then(unsent::forget);
    let delete = FormAction::of::<DeleteMessage>();
    let refresh = RwSignal::new(0_u32);
    let asked = move || (scope.get(), page.get(), refresh.get(), delete.version().get());
    let messages = fetch(asked, |(scope, page, ..)| list_messages(scope, page));
    let news = News::follow(scope, post.pending().into());
    let tab = move |mine: bool| (scope.get() == if mine { Scope::Mine } else { Scope::Everyone }).then_some("page");
    view! {
        <div class="column">
            <header class="page-head">
                <h1 id="board-title" tabindex="-1">{words.title}</h1>
                <nav class="tabs" aria-label=words.list>
                    <a href="/messages" aria-current=move || tab(false)>{words.everyone}</a>
                    <a href="/messages?mine=1" aria-current=move || tab(true)>{words.mine}</a>
                </nav>
            </header>
            <PostForm post page refresh/>
            <NewsBar news page scope refresh/>
            <MessageList messages delete news scope/>
        </div>
    }
    .into_any()
}

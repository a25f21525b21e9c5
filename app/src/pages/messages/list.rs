use super::news::News;
use crate::components::life;
use crate::components::message::MessageRow;
use crate::components::numbers::count;
use crate::components::pager::{Pager, Place, address, past_the_end};
use crate::components::{ActionError, FormAction, ServerForm, loaded};
use crate::fetched::Fetched;
use crate::session::use_session;
use crate::text::use_text;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;
use model::{Message, MessagePage, Pagination, Scope};

/// The messages of a page, with their pager.
#[component]
pub fn MessageList(
    messages: Fetched<MessagePage>,
    delete: FormAction<()>,
    news: News,
    scope: Memo<Scope>,
) -> impl IntoView {
    life("MessageList");
    let (words, navigate) = (&use_text().board.messages, use_navigate());
    // The page that is shown, and the one that lost a message to its reader.
    let (shown, emptied) = (StoredValue::new(0_u64), StoredValue::new(0_u64));
    let show = move |found: MessagePage| {
        news.seen(&found.messages);
        let Pagination { total, .. } = found.pagination;
        let keep = match scope.get_untracked() {
            Scope::Mine => vec![("mine", "1".to_owned())],
            Scope::Everyone => Vec::new(),
        };
        let last = found.pagination.total_pages();
        let place = Place { page: found.pagination.page, last, has_more: found.pagination.has_more() };
        shown.set_value(place.page);
        // Its last one: what is the last page now has the messages that were before it.
        if place.is_past_the_end() && emptied.get_value() == place.page {
            let to = address("/messages", &keep, last);
            emptied.set_value(0);
            navigate(&to, NavigateOptions { replace: true, ..Default::default() });
        }
        let rows = found.messages.into_iter().map(|message| view! { <Row message delete news/> }.into_any());
        view! {
            <p class="total beside-news">{(words.total)(&count(total))}</p>
            {(rows.len() == 0).then(|| view! { <p class="empty">{nothing(scope, place)}</p> }.into_any())}
            <ol class="messages" aria-label=words.list>{rows.collect_view()}</ol>
            <Pager path="/messages" keep place/>
        }
        .into_any()
    };
    // The next message moves into the place of the one that has gone, and must not find its menu open and its button focused.
    #[cfg(feature = "hydrate")]
    Effect::new(move |before: Option<u32>| {
        let version = delete.version().get();
        if before.is_some_and(|before| before != version) && delete.error().is_none() {
            emptied.set_value(shown.get_value());
            crate::web::close_menus();
            crate::web::focus_when_there("#board-title");
        }
        version
    });
    let deleted = move || delete.value().with(|value| matches!(value, Some(Ok(())))).then_some(words.deleted);
    view! {
        <ActionError action=delete/>
        <p class="visually-hidden" role="status">{move || deleted()}</p>
        {loaded(messages, 8, show)}
    }
    .into_any()
}

fn nothing(scope: Memo<Scope>, place: Place) -> &'static str {
    let words = &use_text().board.messages;
    match scope.get_untracked() {
        _ if place.is_past_the_end() => past_the_end(),
        Scope::Mine => words.empty_mine,
        Scope::Everyone => words.empty,
    }
}

#[component]
fn Row(message: Message, delete: FormAction<()>, news: News) -> impl IntoView {
    let session = use_session();
    let (id, author) = (message.id, message.author.clone());
    let own = session.is_me(author.as_deref());
    let menu = own.then(|| view! { <Menu id author=author.unwrap_or_default() delete/> }.into_any());
    view! {
        <li class="message" class:gone=move || news.is_gone(id) data-row tabindex="-1">
            <MessageRow message menu/>
        </li>
    }
    .into_any()
}

#[component]
fn Menu(id: i64, author: String, delete: FormAction<()>) -> impl IntoView {
    let words = &use_text().board.messages;
    view! {
        <details class="menu row-menu">
            <summary aria-label=(words.more)(&author)>"⋯"</summary>
            <ServerForm action=delete class="inline">
                <input type="hidden" name="id" value=id.to_string()/>
                <button class="danger" type="submit">{words.delete}</button>
            </ServerForm>
        </details>
    }
    .into_any()
}

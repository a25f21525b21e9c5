//! What has happened on the board since the list was shown. It waits, and moves nothing.

use crate::components::life;
use crate::live::on_live;
use crate::session::use_session;
use crate::text::use_text;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;
use model::{Message, Scope};
use serde::Deserialize;

/// Messages that came, went or changed in numbers since the list was loaded.
#[derive(Clone, Copy)]
pub struct News {
    arrived: RwSignal<Vec<i64>>,
    /// The newest message that the list has shown.
    newest: StoredValue<i64>,
    gone: RwSignal<Vec<i64>>,
    /// Many at once: the list is best loaded again.
    changed: RwSignal<bool>,
}

/// The fields of `LiveEvent::MessagePosted`.
#[derive(Deserialize)]
struct Posted {
    message: Message,
}

/// The fields of `LiveEvent::MessageDeleted`.
#[derive(Deserialize)]
struct Deleted {
    id: i64,
}

impl News {
    /// Collects the news of a list. What the reader is posting at the moment is no news to them.
    pub fn follow(scope: Memo<Scope>, posting: Signal<bool>) -> Self {
        let session = use_session();
        let news = Self {
            arrived: RwSignal::default(),
            newest: StoredValue::new(0),
            gone: RwSignal::default(),
            changed: RwSignal::new(false),
        };
        on_live(move |event| match event.kind {
            "message_posted" => {
                let Some(Posted { message }) = event.read() else { return };
                let own = session.is_me(message.author.as_deref());
                let is_news = if own { !posting.get_untracked() } else { scope.get_untracked() == Scope::Everyone };
                // It may come later than the list that shows it.
                if is_news && message.id > news.newest.get_value() {
                    news.arrived.update(|arrived| arrived.push(message.id));
                }
            }
            "message_deleted" => {
                let Some(Deleted { id }) = event.read() else { return };
                news.arrived.update(|arrived| arrived.retain(|other| *other != id));
                news.gone.update(|gone| gone.push(id));
            }
            "messages_changed" => news.changed.set(true),
            _ => {}
        });
        news
    }

    /// The list has been loaded: what it shows is no news, nor is what came before it.
    pub fn seen(self, messages: &[Message]) {
        let newest = messages.iter().map(|message| message.id).max().unwrap_or(0);
        self.newest.update_value(|known| *known = newest.max(*known));
        if self.arrived.with_untracked(|arrived| arrived.iter().any(|id| *id <= newest)) {
            self.arrived.update(|arrived| arrived.retain(|id| *id > newest));
        }
    }

    pub fn is_gone(self, id: i64) -> bool {
        self.gone.with(|gone| gone.contains(&id))
    }

    fn forget(self) {
        self.arrived.update(Vec::clear);
        self.gone.update(Vec::clear);
        self.changed.set(false);
    }
}

/// `3 new`: shows them when pressed.
#[component]
pub fn NewsBar(news: News, page: Memo<u64>, scope: Memo<Scope>, refresh: RwSignal<u32>) -> impl IntoView {
    life("NewsBar");
    let (words, navigate) = (&use_text().board.messages, use_navigate());
    let label = move || {
        let count = news.arrived.with(Vec::len) as u64;
        match news.changed.get() {
            true => Some(words.changed.to_owned()),
            false => (count > 0).then(|| (words.new)(count)),
        }
    };
    let show = move |_| {
        news.forget();
        // The button goes, and would take the focus with it.
        #[cfg(feature = "hydrate")]
        crate::web::focus_when_there("#board-title");
        refresh.update(|n| *n += 1);
        if page.get_untracked() > 1 {
            let first = if scope.get_untracked() == Scope::Mine { "/messages?mine=1" } else { "/messages" };
            navigate(first, NavigateOptions::default());
        }
    };
    view! {
        <div class="news" role="status">
            <button type="button" class="news-bar" hidden=move || label().is_none() on:click=show>{move || label()}</button>
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::{Deleted, Posted};
    use model::{LiveEvent, Message};

    #[test]
    fn the_fields_of_news_are_read_as_they_are_written() {
        let message = Message { id: 7, author: Some("mina".into()), text: Some("안녕".into()), created_at: None };
        let written = serde_json::to_string(&LiveEvent::MessagePosted { message: message.clone() }).unwrap_or_default();
        assert_eq!(serde_json::from_str(&written).ok().map(|posted: Posted| posted.message), Some(message));
        let written = serde_json::to_string(&LiveEvent::MessageDeleted { id: 7 }).unwrap_or_default();
        assert_eq!(serde_json::from_str(&written).ok().map(|deleted: Deleted| deleted.id), Some(7));
    }
}

//! API calls that came after the list was loaded. They wait, unless the reader follows them from the top.

use crate::live::{News, on_live};
use leptos::prelude::*;
use model::{ApiLogEntry, ApiLogFilter};
use serde::Deserialize;

/// Rows that are kept at most, waiting or shown.
const MOST: usize = 200;

/// What has come, newest first.
#[derive(Clone, Copy)]
pub struct LiveRows {
    pub waiting: RwSignal<Vec<ApiLogEntry>>,
    pub shown: RwSignal<Vec<ApiLogEntry>>,
    pub following: RwSignal<bool>,
}

/// The fields of `LiveEvent::ApiCall`.
#[derive(Deserialize)]
struct Called {
    entry: ApiLogEntry,
}

/// The API call that a piece of news tells of.
pub fn api_call(news: News<'_>) -> Option<ApiLogEntry> {
    (news.kind == "api_call").then(|| news.read()).flatten().map(|Called { entry }| entry)
}

impl LiveRows {
    /// Collects what the filter accepts; `None` when the list is not the newest part of the log.
    pub fn collect(filter: Signal<Option<ApiLogFilter>>) -> Self {
        let rows = Self { waiting: RwSignal::default(), shown: RwSignal::default(), following: RwSignal::new(false) };
        on_live(move |event| {
            if let Some(entry) = api_call(event)
                && filter.get_untracked().is_some_and(|filter| filter.accepts(&entry))
            {
                let target = if rows.following.get_untracked() && is_at_top() { rows.shown } else { rows.waiting };
                target.update(|entries| put_first(entries, vec![entry]));
            }
        });
        rows
    }

    /// Shows what waits.
    pub fn show(self) {
        let waiting = self.waiting.try_update(std::mem::take).unwrap_or_default();
        self.shown.update(|entries| put_first(entries, waiting));
    }

    /// The list has been loaded anew: it has all that came before.
    pub fn forget(self) {
        self.waiting.update(Vec::clear);
        self.shown.update(Vec::clear);
    }
}

fn put_first(entries: &mut Vec<ApiLogEntry>, newer: Vec<ApiLogEntry>) {
    entries.splice(0..0, newer);
    entries.truncate(MOST);
}

/// Whether the reader sees the head of the page, so that new rows there are no surprise.
pub fn is_at_top() -> bool {
    #[cfg(feature = "hydrate")]
    let scrolled = crate::web::window().and_then(|window| window.scroll_y().ok()).unwrap_or(0.0);
    #[cfg(not(feature = "hydrate"))]
    let scrolled = 0.0;
    scrolled < 80.0
}

#[cfg(test)]
mod tests {
    use super::{MOST, put_first};
    use model::{ApiLogEntry, Timestamp};

    fn entry(id: usize) -> ApiLogEntry {
        ApiLogEntry {
            event_id: id.to_string(),
            timestamp: Timestamp::default(),
            method: "GET".into(),
            endpoint: "/".into(),
            status: 200,
            user: None,
            duration_us: Some(1),
            trace_id: None,
            message: "".into(),
        }
    }

    #[test]
    fn the_newest_stay_and_stand_first() {
        let mut entries = (0..MOST).map(entry).collect::<Vec<_>>();
        put_first(&mut entries, vec![entry(9001), entry(9000)]);
        let ids: Vec<_> = entries.iter().take(3).map(|entry| entry.event_id.as_str()).collect();
        assert_eq!((ids, entries.len()), (vec!["9001", "9000", "0"], MOST));
    }
}

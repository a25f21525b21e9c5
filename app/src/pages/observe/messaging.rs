use super::calls::{call_row, call_table};
use super::facts::facts;
use super::live_rows::{api_call, is_at_top};
use super::operators::OperatorsOnly;
use super::refresh::{Refresh, RefreshSwitch};
use crate::components::life;
use crate::components::loaded;
use crate::components::numbers::count;
use crate::components::pager::{Pager, Place, past_the_end};
use crate::fetched::fetch;
use crate::functions::observe::{EventBus, MessagingReport, list_messaging};
use crate::live::on_live;
use crate::query::use_query;
use crate::text::use_text;
use crate::title::set_title;
use leptos::prelude::*;
use model::ApiLogFilter;

const PAUSE_MS: i32 = 1_000;
/// How often the list is asked for after a call: its event arrives a moment later.
const LOOKS: u8 = 3;

/// API calls as they arrived through the events, newest first, for operators: `?page=N` from 1.
#[component]
pub fn MessagingPage() -> impl IntoView {
    life("MessagingPage");
    let title = use_text().observe().messaging.title;
    set_title(title);
    view! {
        <OperatorsOnly>
            <Messaging/>
        </OperatorsOnly>
    }
    .into_any()
}

#[component]
fn Messaging() -> impl IntoView {
    let words = &use_text().observe().messaging;
    let query = use_query();
    let page = Memo::new(move |_| {
        let number = query.with(|query| query.get_str("page").and_then(|page| page.trim().parse().ok()));
        number.unwrap_or(1_u64).max(1)
    });
    let found = fetch(move || page.get(), list_messaging);
    // Rows move when others come: the reader says whether they may.
    let refresh = Refresh::new(false);
    let looks = looks_after_calls();
    view! {
        <h1>{words.title}</h1>
        <p class="intro">{words.intro}</p>
        <RefreshSwitch refresh/>
        {loaded(found, 12, move |report| show(report, refresh, looks))}
    }
    .into_any()
}

/// How many looks are still worth while. What this page and its like ask for is no reason to ask again.
fn looks_after_calls() -> StoredValue<u8> {
    let looks = StoredValue::new(0);
    let of_the_board = ApiLogFilter { board_only: true, ..Default::default() };
    on_live(move |news| {
        if api_call(news).is_some_and(|entry| of_the_board.accepts(&entry)) {
            looks.set_value(LOOKS);
        }
    });
    looks
}

fn show(report: MessagingReport, refresh: Refresh, looks: StoredValue<u8>) -> AnyView {
    let words = &use_text().observe().messaging;
    let number = report.arrived.pagination.page;
    let ask = move || {
        let left = looks.try_get_value().filter(|left| *left > 0 && is_at_top())?;
        looks.set_value(left - 1);
        Some(list_messaging(number))
    };
    let shown = refresh.follow(report, PAUSE_MS, ask, |_, newer| newer);
    let entries = move || shown.with(|report| report.arrived.entries.clone());
    let rows = view! { <For each=entries key=|entry| entry.event_id.clone() let:entry>{call_row(entry)}</For> };
    view! {
        {move || shown.with(|report| carrier(&report.bus))}
        {call_table(words.caption, rows)}
        {move || shown.with(foot)}
    }
    .into_any()
}

fn carrier(bus: &EventBus) -> AnyView {
    let words = &use_text().observe().messaging;
    facts([(words.engine, bus.engine.clone()), (words.waiting, count(bus.waiting)), (words.lost, count(bus.lost))])
}

/// What stands in the place of rows if there are none, and the way to the other pages.
fn foot(report: &MessagingReport) -> AnyView {
    let words = &use_text().observe().messaging;
    let pages = report.arrived.pagination;
    let place = Place { page: pages.page, last: pages.total_pages(), has_more: pages.has_more() };
    let (what, hint) = match place.is_past_the_end() {
        true => (past_the_end(), None),
        false => (words.empty, Some(words.empty_hint)),
    };
    let empty =
        report.arrived.entries.is_empty().then(|| {
            view! { <div class="empty"><p>{what}</p>{hint.map(|hint| view! { <p>{hint}</p> })}</div> }.into_any()
        });
    view! {
        {empty}
        <Pager path="/messaging" place/>
    }
    .into_any()
}

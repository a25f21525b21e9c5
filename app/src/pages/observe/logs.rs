use super::calls::{call_row, call_table};
use super::filter::{follow_address, from_query, go_to_filtered};
use super::live_rows::LiveRows;
use super::operators::OperatorsOnly;
use crate::components::life;
use crate::components::loaded;
use crate::components::numbers::count;
use crate::components::pager::{Pager, Place, past_the_end};
use crate::fetched::fetch;
use crate::functions::observe::{LogQuery, list_logs};
use crate::query::use_query;
use crate::text::use_text;
use crate::title::set_title;
use leptos::prelude::*;
use model::{ApiLogFilter, ApiLogPage};

const FIELDS: &[&str] = &["route", "status", "user", "since", "until", "instruments"];

/// The API log, newest first, for operators: `?route=`, `&status=`, `&user=`, `&since=`, `&until=`, `&instruments=1`,
/// `&page=N` from 1.
#[component]
pub fn LogsPage() -> impl IntoView {
    life("LogsPage");
    let title = use_text().observe().logs.title;
    set_title(title);
    view! {
        <OperatorsOnly>
            <Logs/>
        </OperatorsOnly>
    }
    .into_any()
}

#[component]
fn Logs() -> impl IntoView {
    let words = &use_text().observe().logs;
    let query = use_query();
    let wanted = Memo::new(move |_| {
        query.with(|query| {
            let get = |name: &str| query.get(name).unwrap_or_default();
            LogQuery {
                route: get("route"),
                status: get("status"),
                user: get("user"),
                since: get("since"),
                until: get("until"),
                instruments: get("instruments"),
                page: get("page"),
            }
        })
    });
    let found = fetch(move || wanted.get(), list_logs);
    let live = LiveRows::collect(Signal::derive(move || live_filter(&wanted.get())));
    let show = move |found: ApiLogPage| {
        live.forget();
        list(found, live, query.with_untracked(|query| from_query(query, FIELDS)))
    };
    view! {
        <h1>{words.title}</h1>
        <p class="intro">{words.intro}</p>
        <FilterForm wanted/>
        <LiveTools live/>
        {loaded(found, 12, show)}
    }
    .into_any()
}

/// What of the news belongs on top of this list; nothing when it does not show the present.
fn live_filter(wanted: &LogQuery) -> Option<ApiLogFilter> {
    let present = wanted.until.trim().is_empty() && matches!(wanted.page.trim(), "" | "1");
    let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    present.then(|| ApiLogFilter {
        route: given(&wanted.route),
        status: given(&wanted.status),
        user: given(&wanted.user),
        since: None,
        until: None,
        board_only: wanted.board_only(),
    })
}

/// A field's name, label, type, and what it holds.
type Field = (&'static str, &'static str, &'static str, fn(LogQuery) -> String);

#[component]
fn FilterForm(wanted: Memo<LogQuery>) -> impl IntoView {
    let (words, calls) = (&use_text().observe().logs, &use_text().instruments().calls);
    let fields: [Field; 5] = [
        ("route", calls.route, "search", |wanted| wanted.route),
        ("status", calls.status, "search", |wanted| wanted.status),
        ("user", calls.user, "search", |wanted| wanted.user),
        ("since", words.since, "datetime-local", |wanted| wanted.since),
        ("until", words.until, "datetime-local", |wanted| wanted.until),
    ];
    let fields = fields.map(|(name, label, kind, value)| {
        view! {
            <label>
                <span>{label}</span>
                <input type=kind name=name value=value(wanted.get_untracked())
                    maxlength="200" placeholder=(name == "status").then_some(words.status_hint)/>
            </label>
        }
    });
    view! {
        <form node_ref=follow_address(FIELDS) class="filter" method="get" action="/logs" on:submit=go_to_filtered("/logs", FIELDS)>
            {fields.collect_view()}
            <label class="check">
                <input type="checkbox" name="instruments" value="1"
                    checked=wanted.get_untracked().instruments == "1"/>
                <span>{words.instruments}</span>
            </label>
            <span class="filter-actions">
                <button type="submit">{words.apply}</button>
                <a href="/logs">{words.clear}</a>
            </span>
        </form>
    }
    .into_any()
}

/// The switch to follow live, and what waits otherwise.
#[component]
fn LiveTools(live: LiveRows) -> impl IntoView {
    let (words, follow) = (&use_text().observe().logs, use_text().instruments().follow);
    let waiting = move || live.waiting.with(Vec::len) as u64;
    let switch = move |_| {
        live.following.update(|following| *following = !*following);
        live.show();
    };
    view! {
        <div class="live-tools needs-script">
            <button type="button" class="follow" role="switch" aria-checked=move || live.following.get().to_string() on:click=switch>
                {follow}
            </button>
            <button type="button" class="news-bar" class:idle=move || waiting() == 0 disabled=move || waiting() == 0 on:click=move |_| live.show()>
                {move || (words.new_rows)(&count(waiting()))}
            </button>
        </div>
    }
    .into_any()
}

fn list(found: ApiLogPage, live: LiveRows, keep: Vec<(&'static str, String)>) -> AnyView {
    let words = &use_text().observe().logs;
    let pages = found.pagination;
    let place = Place { page: pages.page, last: pages.total_pages(), has_more: pages.has_more() };
    let none = found.entries.is_empty();
    let filtered = !keep.is_empty();
    let empty = move || {
        let (what, hint) = match filtered {
            _ if place.is_past_the_end() => (past_the_end(), None),
            true => (words.no_match, None),
            false => (words.empty, Some(words.empty_hint)),
        };
        (none && live.shown.with(Vec::is_empty)).then(|| {
            view! { <div class="empty"><p>{what}</p>{hint.map(|hint| view! { <p>{hint}</p> })}</div> }.into_any()
        })
    };
    let rows = view! {
        <For each=move || live.shown.get() key=|entry| entry.event_id.clone() let:entry>{call_row(entry)}</For>
        {found.entries.into_iter().map(call_row).collect_view()}
    };
    view! {
        {call_table(words.caption, rows)}
        {empty}
        <Pager path="/logs" keep place/>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::live_filter;
    use crate::functions::observe::LogQuery;

    #[test]
    fn only_a_list_of_the_present_takes_news() {
        assert!(live_filter(&LogQuery::default()).is_some());
        assert!(live_filter(&LogQuery { page: "2".into(), ..Default::default() }).is_none());
        assert!(live_filter(&LogQuery { until: "2026-11-21T09:30".into(), ..Default::default() }).is_none());
        let filter = live_filter(&LogQuery { status: " 5xx ".into(), ..Default::default() });
        assert_eq!(filter.and_then(|filter| filter.status), Some("5xx".to_owned()));
    }
}

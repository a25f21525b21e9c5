use super::facts::facts;
use super::operators::OperatorsOnly;
use crate::components::life;
use crate::components::numbers::{count, duration};
use crate::components::{ActionError, FormAction, ServerForm, Time, loaded};
use crate::fetched::fetch;
use crate::functions::observe::{CacheReport, CachedSearch, ClearCache, Cleared, list_cache};
use crate::query::use_query;
use crate::text::use_text;
use crate::title::set_title;
use leptos::prelude::*;
use model::Timestamp;

/// What the search cache holds, for operators, and the way to clear it. `?cleared=N` says that so many queries went.
#[component]
pub fn CachePage() -> impl IntoView {
    life("CachePage");
    let title = use_text().cache().title;
    set_title(title);
    view! {
        <OperatorsOnly>
            <Cache/>
        </OperatorsOnly>
    }
    .into_any()
}

#[component]
fn Cache() -> impl IntoView {
    let words = use_text().cache();
    let clear = FormAction::of::<ClearCache>();
    // A query that was cleared by itself stays where it is, crossed out: nothing moves under the pointer.
    let times_all_cleared = Memo::new(move |before: Option<&u32>| {
        let all = clear.value().with(|answer| matches!(answer, Some(Ok(Cleared { query: None, .. }))));
        before.copied().unwrap_or(0) + u32::from(all)
    });
    let report = fetch(move || times_all_cleared.get(), |_| list_cache());
    view! {
        <h1>{words.title}</h1>
        <p class="intro">{words.intro}</p>
        <ActionError action=clear/>
        {loaded(report, 8, move |report| show(report, clear))}
    }
    .into_any()
}

fn show(report: CacheReport, clear: FormAction<Cleared>) -> AnyView {
    let words = use_text().cache();
    let totals = [(words.entries, count(report.total_queries)), (words.total_hits, count(report.total_hits))];
    let none = report.queries.is_empty();
    view! {
        {facts(totals)}
        <div class="live-tools">
            <ServerForm action=clear class="inline">
                <button class="danger" type="submit" disabled=none>{words.clear_all}</button>
            </ServerForm>
            <a href="/cache" rel="external">{words.refresh}</a>
            <ClearedNote clear/>
        </div>
        {if none { empty() } else { table(report, clear) }}
    }
    .into_any()
}

/// How many went by the last press; without JavaScript the address says it.
#[component]
fn ClearedNote(clear: FormAction<Cleared>) -> impl IntoView {
    let (words, query) = (use_text().cache(), use_query());
    let by_address = move || query.with(|query| query.get_str("cleared").and_then(|count| count.parse().ok()));
    let cleared = move || match clear.value().get() {
        Some(answer) => answer.ok().map(|cleared| cleared.count),
        None => by_address(),
    };
    view! { <p class="hint" role="status">{move || cleared().map(|n: u64| (words.cleared)(&count(n)))}</p> }.into_any()
}

fn empty() -> AnyView {
    let words = use_text().cache();
    view! {
        <div class="empty">
            <p>{words.empty}</p>
            <p>{words.empty_hint} " " <a href="/search">{words.search}</a></p>
        </div>
    }
    .into_any()
}

fn table(report: CacheReport, clear: FormAction<Cleared>) -> AnyView {
    let words = use_text().cache();
    let hidden = report.total_queries.saturating_sub(report.queries.len() as u64);
    let not_shown = (hidden > 0).then(|| view! { <p class="hint">{(words.not_shown)(&count(hidden))}</p> }.into_any());
    let rows = report.queries.into_iter().map(|cached| row(cached, report.asked_at, clear)).collect_view();
    view! {
        <table class="lines cached">
            <caption class="visually-hidden">{words.caption}</caption>
            <thead>
                <tr>
                    <th scope="col">{words.query}</th>
                    <th scope="col" class="number">{words.results}</th>
                    <th scope="col" class="number">{words.hits}</th>
                    <th scope="col" class="wide">{words.cached}</th>
                    <th scope="col" class="number wide">{words.expires_in}</th>
                    <th scope="col"><span class="visually-hidden">{words.clear}</span></th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
        {not_shown}
    }
    .into_any()
}

fn row(cached: CachedSearch, asked_at: Timestamp, clear: FormAction<Cleared>) -> AnyView {
    let words = use_text().cache();
    let label = (words.clear_one)(&cached.query);
    let query = cached.query.clone();
    let gone = Memo::new(move |before: Option<&bool>| {
        let now =
            clear.value().with(|answer| matches!(answer, Some(Ok(cleared)) if cleared.query.as_ref() == Some(&query)));
        now || before == Some(&true)
    });
    view! {
        <tr class:gone=move || gone.get()>
            <th scope="row" dir="auto">{cached.query.clone()}</th>
            <td class="number">{count(cached.results)}</td>
            <td class="number">{count(cached.hits)}</td>
            <td class="wide"><Time at=cached.cached_at/></td>
            <td class="number wide">{remaining(cached.expires_at, asked_at)}</td>
            <td>
                <ServerForm action=clear class="inline">
                    <input type="hidden" name="query" value=cached.query/>
                    <button type="submit" aria-label=label data-name=words.clear>{words.clear}</button>
                </ServerForm>
            </td>
        </tr>
    }
    .into_any()
}

/// To the second.
fn remaining(until: Timestamp, from: Timestamp) -> String {
    let seconds = (until.as_millis() - from.as_millis()).max(0) as u64 / 1_000;
    duration(seconds * 1_000_000)
}

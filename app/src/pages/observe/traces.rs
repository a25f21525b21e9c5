use super::filter::{follow_address, from_query, go_to_filtered};
use crate::components::life;
use crate::components::numbers::{count, duration};
use crate::components::pager::{Pager, Place, past_the_end};
use crate::components::waterfall::layout::percent;
use crate::components::{Time, loaded};
use crate::fetched::fetch;
use crate::functions::observe::{TraceList, TraceQuery, list_traces};
use crate::query::use_query;
use crate::text::use_text;
use crate::title::set_title;
use leptos::prelude::*;
use model::TraceSummary;

const FIELDS: &[&str] = &["text", "min_ms", "errors"];

/// The traces that the reader may see, newest first: `?text=`, `&min_ms=`, `&errors=1`, `&page=N` from 1.
#[component]
pub fn TracesPage() -> impl IntoView {
    life("TracesPage");
    let words = &use_text().observe().traces;
    let query = use_query();
    let wanted = Memo::new(move |_| {
        query.with(|query| TraceQuery {
            text: query.get("text").unwrap_or_default(),
            errors_only: query.get_str("errors").is_some_and(|errors| errors == "1"),
            min_ms: query.get("min_ms").unwrap_or_default(),
            page: query.get("page").unwrap_or_default(),
        })
    });
    let found = fetch(move || wanted.get(), list_traces);
    let show = move |found: TraceList| list(found, query.with_untracked(|query| from_query(query, FIELDS)));
    set_title(words.title);
    view! {
        <h1>{words.title}</h1>
        <FilterForm wanted/>
        {loaded(found, 10, show)}
    }
    .into_any()
}

#[component]
fn FilterForm(wanted: Memo<TraceQuery>) -> impl IntoView {
    let words = &use_text().observe().traces;
    view! {
        <form node_ref=follow_address(FIELDS) class="filter" method="get" action="/traces" on:submit=go_to_filtered("/traces", FIELDS)>
            <label class="grow">
                <span>{words.text}</span>
                <input type="search" name="text" value=wanted.get_untracked().text maxlength="200"/>
            </label>
            <label>
                <span>{words.min_ms}</span>
                <input type="number" name="min_ms" min="0" step="any" inputmode="decimal"
                    value=wanted.get_untracked().min_ms/>
            </label>
            <label class="check">
                <input type="checkbox" name="errors" value="1"
                    checked=wanted.get_untracked().errors_only/>
                <span>{words.errors_only}</span>
            </label>
            <span class="filter-actions">
                <button type="submit">{words.apply}</button>
                <a href="/traces">{words.clear}</a>
            </span>
        </form>
    }
    .into_any()
}

fn list(found: TraceList, keep: Vec<(&'static str, String)>) -> AnyView {
    let words = &use_text().observe().traces;
    let pages = found.pagination;
    let place = Place { page: pages.page, last: pages.total_pages(), has_more: pages.has_more() };
    let intro = if found.everybody { words.intro_all } else { words.intro_own };
    if found.traces.is_empty() {
        let (what, hint) = match keep.is_empty() {
            _ if place.is_past_the_end() => (past_the_end(), None),
            true => (words.empty, Some(words.empty_hint)),
            false => (words.no_match, Some(words.no_match_hint)),
        };
        return view! {
            <p class="intro">{intro}</p>
            <div class="empty"><p>{what}</p>{hint.map(|hint| view! { <p>{hint}</p> })}</div>
            <Pager path="/traces" keep place/>
        }
        .into_any();
    }
    let longest_us = found.traces.iter().map(|trace| trace.duration_us).max().unwrap_or(1).max(1);
    let rows = found.traces.into_iter().map(|trace| row(trace, longest_us)).collect_view();
    view! {
        <p class="intro">{intro}</p>
        <table class="lines traces">
            <caption class="visually-hidden">{words.caption}</caption>
            <thead>
                <tr>
                    <th scope="col">{words.name}</th>
                    <th scope="col">{words.when}</th>
                    <th scope="col" class="number">{words.duration}</th>
                    <td class="bar-column wide"></td>
                    <th scope="col" class="number wide">{words.spans}</th>
                    <th scope="col" class="wide">{words.services}</th>
                    <th scope="col" class="number">{words.errors}</th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
        <Pager path="/traces" keep place/>
    }
    .into_any()
}

fn row(trace: TraceSummary, longest_us: u64) -> impl IntoView {
    let width = percent(trace.duration_us as f64 / longest_us as f64 * 100.0);
    view! {
        <tr class=(trace.errors > 0).then_some("failed")>
            <th scope="row">
                <a href=format!("/traces/{}", trace.trace_id) data-row="" dir="auto">{trace.title}</a>
            </th>
            <td class="when"><Time at=trace.started_at/></td>
            <td class="number">{duration(trace.duration_us)}</td>
            <td class="bar-column wide">
                <svg width="100%" height="10" aria-hidden="true"><rect class="bar" width=width height="10" rx="2"></rect></svg>
            </td>
            <td class="number wide">{count(u64::from(trace.spans))}</td>
            <td class="wide">{trace.services.join(", ")}</td>
            <td class="number errors">{count(u64::from(trace.errors))}</td>
        </tr>
    }
}

use super::set_status;
use crate::clock::use_clock;
use crate::components::life;
use crate::components::numbers::{count, duration};
use crate::components::ribbon::{Arrival, arrival};
use crate::components::waterfall::{PartLegend, SpanDetail, Waterfall};
use crate::components::{CopyButton, PageTrace, Time, loaded};
use crate::fetched::{Fetched, fetch};
use crate::functions::observe::get_trace;
use crate::next::encode;
use crate::patterns::PATTERNS;
use crate::query::use_query;
use crate::session::use_session;
use crate::text::use_text;
use crate::title::set_title;
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use model::{BoardError, Code, SpanKind, Timestamp, Trace};

/// How often a trace that may still grow is asked for again, and after how long.
#[cfg(feature = "hydrate")]
const LOOKS: u32 = 5;
#[cfg(feature = "hydrate")]
const LOOK_AGAIN_MS: i32 = 1_000;
/// After this long nothing is expected any more.
#[cfg(feature = "hydrate")]
const YOUNG_MS: i64 = 15_000;

/// One trace: `?span=` selects a span, `?view=json` shows the trace as JSON.
#[component]
pub fn TracePage() -> impl IntoView {
    life("TracePage");
    let (params, query) = (use_params_map(), use_query());
    let id = Memo::new(move |_| params.with(|params| params.get("id").unwrap_or_default()));
    let found = fetch(move || id.get(), |id| async move { found(get_trace(id).await) });
    let asked = Memo::new(move |_| query.with(|query| query.get("span")));
    let selected = RwSignal::new(asked.get_untracked());
    Effect::new(move |before: Option<()>| {
        let asked = asked.get();
        if before.is_some() {
            selected.set(asked);
        }
    });
    let json = Memo::new(move |_| query.with(|query| query.get_str("view").is_some_and(|view| view == "json")));
    look_again_while_young(found);
    let show = move |trace: Option<Trace>| match trace {
        None => view! { <Missing/> }.into_any(),
        Some(trace) => view! { <TraceView trace selected json/> }.into_any(),
    };
    loaded(found, 12, show)
}

/// A trace that is not there is an answer, with its own page.
fn found(answer: Result<Trace, BoardError>) -> Result<Option<Trace>, BoardError> {
    match answer {
        Err(error) if error.code == Code::NotFound => Ok(None),
        answer => answer.map(Some),
    }
}

/// Spans of a young trace may still be on their way.
#[cfg(feature = "hydrate")]
fn look_again_while_young(found: Fetched<Option<Trace>>) {
    let looks = StoredValue::new(0_u32);
    Effect::new(move |_| {
        let Some(Ok(trace)) = found.get() else { return };
        let young = trace.as_ref().is_none_or(|trace| crate::web::now_ms() - trace.started_at.as_millis() < YOUNG_MS);
        let complete = trace.as_ref().is_some_and(|trace| arrival(trace) == Arrival::Complete);
        // What looks complete, or is not there, gets one more look: something may be on its way that nothing announced.
        let wanted = if complete || trace.is_none() { 1 } else { LOOKS };
        if young && looks.get_value() < wanted {
            looks.update_value(|looks| *looks += 1);
            let _ = crate::web::after(LOOK_AGAIN_MS, move || {
                if !found.is_disposed() {
                    found.refetch();
                }
            });
        }
    });
}

#[cfg(not(feature = "hydrate"))]
fn look_again_while_young(_found: Fetched<Option<Trace>>) {}

#[component]
fn TraceView(trace: Trace, selected: RwSignal<Option<String>>, json: Memo<bool>) -> impl IntoView {
    life("TraceView");
    let words = &use_text().observe().trace;
    let id = trace.trace_id.to_string();
    let address = format!("/traces/{id}");
    let (waterfall, as_json) = (address.clone(), format!("{address}?view=json"));
    let arriving =
        (arrival(&trace) != Arrival::Complete).then(|| view! { <p class="hint arriving">{words.arriving}</p> });
    let errors = trace.errors();
    let facts = view! {
        <dl class="facts">
            <div><dt>{words.started}</dt><dd><Time at=trace.started_at/></dd></div>
            <div><dt>{words.duration}</dt><dd>{duration(trace.duration_us)}</dd></div>
            <div><dt>{words.spans}</dt><dd>{count(trace.spans.len() as u64)}</dd></div>
            <div><dt>{words.services}</dt><dd>{trace.services().join(", ")}</dd></div>
            <div class:failed=move || errors != 0><dt>{words.errors}</dt><dd>{count(errors as u64)}</dd></div>
            <div><dt>{words.id}</dt><dd><code>{id.clone()}</code> " " <CopyButton value=id/></dd></div>
        </dl>
    };
    let beside = use_session().is_operator().then(|| beside(&trace));
    let title = trace.title.clone();
    let body = move || if json.get() { as_text(&trace) } else { with_detail(trace.clone(), selected) };
    set_title(title.clone());
    view! {
        <p class="back"><a href="/traces">"‹ " {words.back}</a></p>
        <h1 dir="auto">{title}</h1>
        {facts.into_any()}
        {beside}
        <div class="trace-tools">
            <PartLegend/>
            <nav class="tabs" aria-label=words.views>
                <a href=waterfall data-noscroll="" aria-current=move || (!json.get()).then_some("page")>{words.waterfall}</a>
                <a href=as_json data-noscroll="" aria-current=move || json.get().then_some("page")>{words.json}</a>
            </nav>
        </div>
        {body}
        {arriving}
    }
    .into_any()
}

/// The calls of the trace's time, and the statistics of the one that it is about: what operators may see.
fn beside(trace: &Trace) -> AnyView {
    let (words, clock) = (&use_text().observe().trace, use_clock());
    let end = Timestamp::from_millis(trace.started_at.as_millis() + (trace.duration_us / 1_000) as i64);
    let minute = |at| clock.exact(at).get(..16).unwrap_or_default().replace(' ', "T");
    let calls = format!("/logs?since={}&until={}", encode(&minute(trace.started_at)), encode(&minute(end)));
    let metrics = route(trace).map(|route| {
        let address = format!("/statistics?route={}#routes", encode(route));
        view! { " · " <a href=address>{(words.metrics_of)(route)}</a> }.into_any()
    });
    view! { <nav class="beside" aria-label=words.beside><a href=calls>{words.calls_then}</a> {metrics}</nav> }
        .into_any()
}

/// The route of its API call: a page's own is none.
fn route(trace: &Trace) -> Option<&str> {
    let served = trace.spans.iter().filter(|span| span.kind == SpanKind::Server);
    let routes = served.flat_map(|span| &span.attributes).filter(|(name, _)| name == "http.route");
    routes.map(|(_, route)| route.as_str()).find(|route| !PATTERNS.contains(route))
}

fn as_text(trace: &Trace) -> AnyView {
    let text = serde_json::to_string_pretty(trace).unwrap_or_default();
    view! { <pre class="json" tabindex="0">{text}</pre> }.into_any()
}

/// The waterfall, and the selected span beside it: without a choice the first that failed, else the root.
fn with_detail(trace: Trace, selected: RwSignal<Option<String>>) -> AnyView {
    let label = use_text().observe().trace.span;
    let spans = StoredValue::new(trace.spans.clone());
    let shown = Memo::new(move |_| {
        let wanted = selected.get();
        spans.with_value(|spans| {
            let chosen = spans.iter().find(|span| Some(&span.span_id) == wanted.as_ref());
            let shown = chosen.or_else(|| spans.iter().find(|span| span.error.is_some())).or(spans.first());
            shown.map(|span| span.span_id.clone())
        })
    });
    let detail = move || {
        let id = shown.get();
        let span = spans.with_value(|spans| spans.iter().find(|span| Some(&span.span_id) == id.as_ref()).cloned());
        span.map(|span| view! { <SpanDetail span/> })
    };
    view! {
        <div class="trace-body">
            <Waterfall trace shown selected/>
            <section class="span-detail" aria-label=label>{detail}</section>
        </div>
    }
    .into_any()
}

#[component]
fn Missing() -> impl IntoView {
    let words = &use_text().observe().trace;
    set_status(Code::NotFound);
    set_title(words.missing_title);
    view! {
        <div class="column">
            <h1>{words.missing_title}</h1>
            <p>{words.missing_kept}</p>
            <p>{words.missing_own}</p>
            <p><a href="/traces">{words.missing_all}</a></p>
            <PageTrace/>
        </div>
    }
    .into_any()
}

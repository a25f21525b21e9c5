use crate::components::life;
use crate::components::numbers::duration;
use crate::text::observe;
use crate::text::use_text;
use leptos::prelude::*;
use model::{Span, SpanKind};

/// What is known of one span: its times, attributes and events.
#[component]
pub fn SpanDetail(span: Span) -> impl IntoView {
    life("SpanDetail");
    let (words, parts) = (use_text().observe(), &use_text().ribbon.parts);
    let start_us = span.start_us.unsigned_abs();
    let sign = if span.start_us < 0 { "−" } else { "+" };
    let error = span.error.map(|message| {
        view! { <p class="span-error"><strong>{words.trace.error}</strong> " " {message}</p> }.into_any()
    });
    let events = span.events.into_iter().map(|event| {
        let at_us = event.at_us.unsigned_abs();
        view! {
            <li>
                <h4>{event.name} " " <span class="event-time">{duration(at_us)}</span></h4>
                {attributes(event.attributes, &words.trace)}
            </li>
        }
        .into_any()
    });
    let events = events.collect_view();
    view! {
        <h2 class="span-name" dir="auto">{span.name}</h2>
        {error}
        <dl class="facts">
            <div><dt>{words.trace.service}</dt><dd>{span.service}</dd></div>
            <div><dt>{words.trace.part}</dt><dd>{parts.name(span.part)}</dd></div>
            <div><dt>{words.trace.kind}</dt><dd>{kind(span.kind)}</dd></div>
            <div><dt>{words.trace.start}</dt><dd>{sign} {duration(start_us)}</dd></div>
            <div><dt>{words.trace.duration}</dt><dd>{duration(span.duration_us)}</dd></div>
            <div><dt>"id"</dt><dd><code>{span.span_id}</code></dd></div>
        </dl>
        <h3>{words.trace.attributes}</h3>
        {attributes(span.attributes, &words.trace)}
        {(!events.is_empty()).then(|| view! { <h3>{words.trace.events}</h3> <ul class="span-events">{events}</ul> })}
    }
    .into_any()
}

fn attributes(attributes: Vec<(String, String)>, words: &'static observe::Trace) -> AnyView {
    if attributes.is_empty() {
        return view! { <p class="hint">{words.no_attributes}</p> }.into_any();
    }
    let rows = attributes.into_iter().map(|(key, value)| view! { <tr><th scope="row">{key}</th><td>{value}</td></tr> });
    view! {
        <table class="attributes">
            <thead class="visually-hidden">
                <tr><th scope="col">{words.attribute}</th><th scope="col">{words.value}</th></tr>
            </thead>
            <tbody>{rows.collect_view()}</tbody>
        </table>
    }
    .into_any()
}

/// As OpenTelemetry writes it.
const fn kind(kind: SpanKind) -> &'static str {
    match kind {
        SpanKind::Internal => "internal",
        SpanKind::Server => "server",
        SpanKind::Client => "client",
        SpanKind::Producer => "producer",
        SpanKind::Consumer => "consumer",
    }
}

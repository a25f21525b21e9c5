//! A trace as a waterfall: one row per span, its bar where it ran.

mod detail;
pub mod layout;
#[cfg(test)]
pub mod sample;

use crate::components::life;
use crate::components::numbers::duration;
use crate::text::{Text, use_text};
pub use detail::SpanDetail;
use layout::{Scale, percent};
use leptos::ev::FocusEvent;
use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use leptos::web_sys::Element;
use model::{Part, Span, Trace};

/// Pixels per level of the tree; deeper levels than [`DEEPEST`] are drawn at it.
const INDENT: u32 = 14;
const DEEPEST: u32 = 16;

/// The table of spans. `shown` is the id of the span that is looked at; rows are links to `?span=`, the keys `j` and `k`
/// move among them, and the one with the focus becomes `selected`.
#[component]
pub fn Waterfall(trace: Trace, shown: Memo<Option<String>>, selected: RwSignal<Option<String>>) -> impl IntoView {
    life("Waterfall");
    let text = use_text();
    let words = text.observe();
    let scale = Scale::of(&trace);
    let selector = Selector::new(move || shown.get());
    let rows = trace.spans.iter().map(|span| row(span, scale, &selector, text)).collect_view();
    let select = move |event: FocusEvent| {
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        if let Some(id) = target.and_then(|target| target.get_attribute("data-span")) {
            selected.set(Some(id));
        }
    };
    let tick = |quarter: u64| {
        let (class, anchor) = match quarter {
            0 => ("", "start"),
            4 => ("", "end"),
            _ => ("inner", "middle"),
        };
        let x = percent(quarter as f64 * 25.0);
        view! { <text class=class x=x y="12" text-anchor=anchor>{duration(scale.quarter_us(quarter))}</text> }
    };
    view! {
        <table class="waterfall">
            <caption class="visually-hidden">{words.trace.caption}</caption>
            <thead>
                <tr>
                    <th scope="col">{words.trace.name}</th>
                    <th scope="col" class="wf-part">{words.trace.part}</th>
                    <th scope="col" class="wf-time">
                        <span class="visually-hidden">{words.trace.time_line}</span>
                        <svg width="100%" height="16" aria-hidden="true">{[0, 1, 2, 3, 4].map(tick).collect_view()}</svg>
                    </th>
                    <th scope="col" class="number">{words.trace.duration}</th>
                </tr>
            </thead>
            <tbody on:focusin=select>{rows}</tbody>
        </table>
    }
    .into_any()
}

fn row(span: &Span, scale: Scale, selector: &Selector<Option<String>>, text: &'static Text) -> impl IntoView + use<> {
    let words = text.observe();
    let bar = scale.bar(span);
    let (id, selector) = (Some(span.span_id.clone()), selector.clone());
    let class = format!("part-{}", span.part.as_str());
    view! {
        <tr class=span.error.is_some().then_some("failed")>
            <th scope="row">
                <svg class="indent" width=span.depth.min(DEEPEST) * INDENT height="1" aria-hidden="true"></svg>
                <a href=format!("?span={}", span.span_id) data-span=span.span_id.clone() data-noscroll="" data-row=""
                    aria-current=move || selector.selected(&id).then_some("true")>{span.name.clone()}</a>
                {span.error.is_some().then(|| view! { <strong class="error-label">{words.trace.error}</strong> })}
                {span.orphan.then(|| view! { <span class="orphan" title=words.trace.orphan aria-label=words.trace.orphan role="img">"⋯"</span> })}
            </th>
            <td class="wf-part">{text.ribbon.parts.name(span.part)}</td>
            <td class="wf-time">
                <svg width="100%" height="14" aria-hidden="true">
                    <rect class=class x=percent(bar.start) width=percent(bar.width) height="14" rx="2"></rect>
                </svg>
            </td>
            <td class="number">{duration(span.duration_us)}</td>
        </tr>
    }
}

/// Which colour stands for which part.
#[component]
pub fn PartLegend() -> impl IntoView {
    let (words, parts) = (use_text().observe(), &use_text().ribbon.parts);
    let entry = |part: Part| {
        let class = format!("swatch part-{}", part.as_str());
        view! { <li><span class=class aria-hidden="true"></span> {parts.name(part)}</li> }
    };
    view! { <ul class="legend" aria-label=words.trace.legend>{Part::ALL.map(entry).collect_view()}</ul> }.into_any()
}

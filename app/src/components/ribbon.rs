//! The ribbon: the trace of the last thing the reader did, drawn to scale at the foot of every page.

mod arrival;
mod state;

use crate::components::life;
use crate::components::numbers::{duration, percent};
use crate::functions::observe::{RibbonPicture, Segment};
use crate::functions::preferences::SetPreferences;
use crate::text::ribbon::Words;
use crate::text::use_text;
pub use arrival::{Arrival, arrival};
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
pub use state::{RibbonState, provide_ribbon};

/// A segment of this width has room for its part's name, in hundredths of a percent of the strip.
const ROOM_FOR_NAME: u32 = 1_800;

/// The strip with a link to its trace; without JavaScript, a link to the trace of this page.
#[component]
pub fn Ribbon() -> impl IntoView {
    life("Ribbon");
    let words = &use_text().ribbon.ribbon;
    let state = expect_context::<RibbonState>();
    let body = move || if state.is_folded() { ().into_any() } else { view! { <Strip state/> }.into_any() };
    let toggle = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        state.fold(!state.is_folded_untracked());
    };
    let label = move |folded: bool| if folded { words.unfold } else { words.fold };
    view! {
        <div class="ribbon" role="group" aria-label=words.label class:folded=move || state.is_folded() class:failed=move || state.failed()>
            {move || body()}
            <form class="ribbon-fold" method="post" action=SetPreferences::url() on:submit=toggle>
                <button class="quiet" type="submit" name="ribbon" value=move || if state.is_folded() { "open" } else { "folded" }
                    aria-label=move || label(state.is_folded()) title=move || label(state.is_folded())>
                    <span aria-hidden="true">{move || if state.is_folded() { "▴" } else { "▾" }}</span>
                </button>
            </form>
        </div>
    }
    .into_any()
}

#[component]
fn Strip(state: RibbonState) -> impl IntoView {
    life("Strip");
    let words = use_text().ribbon;
    let title =
        move || state.title().map_or_else(|| words.ribbon.this_page.to_owned(), |title| words.ribbon.done(&title));
    let address = |id: Option<String>| id.map_or_else(|| "/traces".to_owned(), |id| format!("/traces/{id}"));
    let total = move || state.with_picture(|picture| picture.map(|picture| duration(picture.duration_us)));
    let failure = move || {
        let id = state.failed().then(|| state.trace_id()).flatten()?;
        Some(view! { <span class="ribbon-error">"⚠ " {words.ribbon.failed} " " <code>{id}</code></span> }.into_any())
    };
    // Only failures are spoken: a ribbon that comments on every click would be in the way.
    let spoken = move || {
        let failed = state.failed().then(|| state.title()).flatten();
        failed.map(|title| format!("{}: {title}", words.ribbon.failed))
    };
    view! {
        <div class="ribbon-link">
            <span class="ribbon-title" dir="auto">{move || title()}</span>
            <span class="ribbon-total">{move || total()}</span>
            <span class="ribbon-picture">{move || state.with_picture(|picture| strip(picture, words))}</span>
            <span class="ribbon-parts">{move || state.with_picture(|picture| picture.map(|picture| legend(picture, words)))}</span>
            {move || failure()}
            // Its area is the whole strip.
            <a class="ribbon-open" href=move || address(state.trace_id())><span>{words.ribbon.open} " ›"</span></a>
        </div>
        <span class="visually-hidden" role="status">{move || spoken()}</span>
    }
    .into_any()
}

/// The strip itself; an empty track until there is a trace.
fn strip(picture: Option<&RibbonPicture>, words: &'static Words) -> AnyView {
    let segments = picture.map(|picture| &*picture.segments).unwrap_or_default();
    let drawn = segments.iter().map(|segment| draw(segment, words)).collect_view();
    view! { <svg class="ribbon-strip" width="100%" height="100%" aria-hidden="true" focusable="false">{drawn}</svg> }
        .into_any()
}

fn draw(segment: &Segment, words: &'static Words) -> AnyView {
    let class = match segment.part {
        None => "cut".to_owned(),
        Some(part) if segment.failed => format!("part-{} failed", part.as_str()),
        Some(part) => format!("part-{}", part.as_str()),
    };
    let label = match segment.part {
        None => Some("⋯"),
        Some(part) => (segment.width >= ROOM_FOR_NAME).then(|| words.parts.name(part)),
    };
    view! {
        <svg class=class x=percent(segment.x) width=percent(segment.width) height="100%">
            <rect width="100%" height="100%"></rect>
            {label.map(|label| view! { <text x="5" y="50%">{label}</text> }.into_any())}
        </svg>
    }
    .into_any()
}

/// How long each part took, for readers who cannot tell the colours apart.
fn legend(picture: &RibbonPicture, words: &'static Words) -> AnyView {
    let entry = |&(part, us): &(model::Part, u64)| {
        let class = format!("swatch part-{}", part.as_str());
        view! { <span class="ribbon-part"><span class=class aria-hidden="true"></span> {words.parts.name(part)} " " {duration(us)}</span> }
            .into_any()
    };
    picture.parts.iter().map(entry).collect_view().into_any()
}

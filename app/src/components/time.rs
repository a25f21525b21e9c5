use crate::clock::{iso, use_clock};
use crate::text::use_text;
use leptos::prelude::*;
use model::Timestamp;

/// A moment relative to now, with the exact one on hover.
#[component]
pub fn Time(at: Timestamp) -> impl IntoView {
    let (clock, words) = (use_clock(), &use_text().common.time);
    view! {
        <time datetime=iso(at) title=move || clock.exact(at)>
            {move || clock.relative(at, words)}
        </time>
    }
}

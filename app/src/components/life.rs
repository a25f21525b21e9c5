//! When components come and go, for readers who want to see it.

use leptos::prelude::{Effect, on_cleanup};
use telemetry::browser;

/// Records that a component of this name comes into the page and, later, that it has gone: nothing unless the reader has asked
/// for it (docs/TELEMETRY.md).
pub fn life(component: &'static str) {
    let Some(mounting) = browser::mounting(component) else { return };
    // Effects run once the page has the component.
    Effect::new(move |_| mounting.end());
    on_cleanup(move || browser::unmounted(component));
}

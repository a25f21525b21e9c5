//! The browser's part of a trace: page loads, clicks, forms, navigation, fetches, and whatever app code spans.
//!
//! `start` once, `#[server(client = TracedClient)]` for the fetches, `action` and `in_action` where a task outlives
//! the event that began it, and `tracing` spans for the rest. Outside a browser (the server compiles the same
//! components) all of it does nothing.

#[cfg(any(all(target_arch = "wasm32", not(feature = "unrecorded")), test))]
mod clock;
#[cfg(any(all(target_arch = "wasm32", not(feature = "unrecorded")), test))]
mod fields;
#[cfg(any(all(target_arch = "wasm32", not(feature = "unrecorded")), test))]
mod keeping;
#[cfg(any(all(target_arch = "wasm32", not(feature = "unrecorded")), test))]
mod labels;
#[cfg(any(all(target_arch = "wasm32", not(feature = "unrecorded")), test))]
mod otlp_json;
#[cfg(all(test, target_arch = "wasm32"))]
mod parents_tests;
#[cfg(any(all(target_arch = "wasm32", not(feature = "unrecorded")), test))]
mod queue;
#[cfg(any(all(target_arch = "wasm32", not(feature = "unrecorded")), test))]
mod record;
#[cfg(any(all(target_arch = "wasm32", not(feature = "unrecorded")), test))]
mod recorder;
#[cfg(test)]
mod recorder_tests;
#[cfg(test)]
mod samples;

#[cfg(all(target_arch = "wasm32", not(feature = "unrecorded")))]
mod actions;
#[cfg(all(target_arch = "wasm32", not(feature = "unrecorded")))]
pub(crate) mod client;
#[cfg(all(target_arch = "wasm32", not(feature = "unrecorded")))]
mod components;
#[cfg(all(target_arch = "wasm32", not(feature = "unrecorded")))]
mod document;
#[cfg(all(target_arch = "wasm32", not(feature = "unrecorded")))]
mod export;
#[cfg(all(target_arch = "wasm32", not(feature = "unrecorded")))]
mod faults;
#[cfg(all(target_arch = "wasm32", not(feature = "unrecorded")))]
mod fetches;
#[cfg(all(target_arch = "wasm32", not(feature = "unrecorded")))]
mod page;
#[cfg(all(target_arch = "wasm32", not(feature = "unrecorded")))]
mod targets;
#[cfg(all(target_arch = "wasm32", not(feature = "unrecorded")))]
mod vitals;
#[cfg(any(all(target_arch = "wasm32", not(feature = "unrecorded")), test))]
mod web_vitals;

#[cfg(any(not(target_arch = "wasm32"), feature = "unrecorded"))]
mod elsewhere;
#[cfg(any(not(target_arch = "wasm32"), feature = "unrecorded"))]
pub use elsewhere::{
    Hydration, Mounting, action, in_action, mounting, navigated, on_trace, start, unanswered, unmounted,
};

#[cfg(all(target_arch = "wasm32", not(feature = "unrecorded")))]
pub use {
    actions::{action, in_action, navigated},
    client::unanswered,
    components::{Mounting, mounting, unmounted},
    document::{Hydration, start},
    export::on_trace,
};

/// News of the trace that the reader's last action made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceNote {
    /// 32 lower-case hexadecimal digits.
    pub trace_id: String,
    /// Such as `click "Post"` or `documentLoad /messages`.
    pub title: String,
    /// The action and all that it started have ended in the browser.
    pub ended: bool,
    /// The server has the browser's spans, so that the trace can be shown.
    pub flushed: bool,
}

//! The browser's part of a trace: page loads, clicks, forms, navigation, fetches, and whatever app code spans.
//!
//! `start` once, `#[server(client = TracedClient)]` for the fetches, `action` and `in_action` where a task outlives
//! the event that began it, and `tracing` spans for the rest. Outside a browser (the server compiles the same
//! components) all of it does nothing.

#[cfg(any(target_arch = "wasm32", test))]
mod clock;
#[cfg(any(target_arch = "wasm32", test))]
mod fields;
#[cfg(any(target_arch = "wasm32", test))]
mod keeping;
#[cfg(any(target_arch = "wasm32", test))]
mod labels;
#[cfg(any(target_arch = "wasm32", test))]
mod otlp_json;
#[cfg(any(target_arch = "wasm32", test))]
mod queue;
#[cfg(any(target_arch = "wasm32", test))]
mod record;
#[cfg(any(target_arch = "wasm32", test))]
mod recorder;
#[cfg(test)]
mod recorder_tests;
#[cfg(test)]
mod samples;

#[cfg(target_arch = "wasm32")]
mod actions;
#[cfg(target_arch = "wasm32")]
pub(crate) mod client;
#[cfg(target_arch = "wasm32")]
mod document;
#[cfg(target_arch = "wasm32")]
mod export;
#[cfg(target_arch = "wasm32")]
mod faults;
#[cfg(target_arch = "wasm32")]
mod fetches;
#[cfg(target_arch = "wasm32")]
mod page;
#[cfg(target_arch = "wasm32")]
mod targets;
#[cfg(target_arch = "wasm32")]
mod vitals;
#[cfg(any(target_arch = "wasm32", test))]
mod web_vitals;

#[cfg(not(target_arch = "wasm32"))]
mod elsewhere;
#[cfg(not(target_arch = "wasm32"))]
pub use elsewhere::{Hydration, action, in_action, navigated, on_trace, start};

#[cfg(target_arch = "wasm32")]
pub use {
    actions::{action, in_action, navigated},
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

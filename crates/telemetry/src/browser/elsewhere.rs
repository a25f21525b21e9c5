//! The browser's functions where there is no browser.

use super::TraceNote;
use tracing::{Instrument, Span, instrument::Instrumented};

/// Ends with nothing to end.
#[derive(Debug)]
pub struct Hydration;

impl Hydration {
    pub const fn end(self) {}
}

/// Does nothing outside a browser.
#[must_use]
pub const fn start() -> Hydration {
    Hydration
}

/// No span outside a browser.
#[must_use]
pub const fn action(_name: &'static str, _target_name: &str) -> Span {
    Span::none()
}

/// The future itself, in effect.
pub fn in_action<F: Future>(future: F) -> Instrumented<F> {
    future.instrument(Span::none())
}

/// Does nothing outside a browser.
pub const fn navigated(_route: &str, _path: &str) {}

/// No component comes into a page outside a browser.
#[derive(Debug)]
pub struct Mounting;

impl Mounting {
    pub const fn end(&self) {}
}

/// Nothing outside a browser.
#[must_use]
pub const fn mounting(_component: &'static str) -> Option<Mounting> {
    None
}

/// Does nothing outside a browser.
pub const fn unmounted(_component: &'static str) {}

/// Never calls back outside a browser.
pub fn on_trace(_callback: impl Fn(TraceNote) + 'static) {}

/// Nothing is asked for from here.
#[must_use]
pub const fn unanswered() -> Option<String> {
    None
}

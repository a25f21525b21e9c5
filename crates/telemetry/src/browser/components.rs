//! When components come and go. Nobody is told unless the reader has asked: a page has many.

use super::{page, recorder};
use crate::names::{own, span};
use std::cell::{Cell, RefCell};
use tracing::Span;

/// In the browser's `localStorage`: `on` asks for it.
const ASKED: &str = "glassboard-components";

thread_local! {
    static ON: Cell<bool> = const { Cell::new(false) };
}

/// Looks whether the reader has asked.
pub(super) fn look() {
    let storage = page::window().map(|window| page::get(&window, "localStorage"));
    ON.set(storage.is_some_and(|storage| page::get(&storage, ASKED).as_string().as_deref() == Some("on")));
}

/// A component on its way into the page.
#[derive(Debug)]
pub struct Mounting(RefCell<Span>);

impl Mounting {
    /// It is there.
    pub fn end(&self) {
        drop(self.0.replace(Span::none()));
    }
}

fn recorded(name: &'static str, component: &'static str) -> Span {
    let span = recorder::span(name, &Span::current());
    recorder::edit(&span, |record| record.set(own::COMPONENT_NAME, component));
    span
}

/// A component begins: a span `mount` until `end`, if the reader has asked for such.
#[must_use]
pub fn mounting(component: &'static str) -> Option<Mounting> {
    ON.get().then(|| Mounting(RefCell::new(recorded(span::MOUNT, component))))
}

/// A component has gone: a span `unmount`, which takes no time.
pub fn unmounted(component: &'static str) {
    drop(recorded(span::UNMOUNT, component));
}

use super::arrival::{Arrival, wait_before};
use crate::functions::observe::{RibbonPicture, get_ribbon};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// What the ribbon shows; one for all ribbons of a page.
#[derive(Clone, Copy)]
pub struct RibbonState {
    folded: RwSignal<bool>,
    current: RwSignal<Current>,
    picture: RwSignal<Option<RibbonPicture>>,
    /// Rises with each trace that is followed, so that the questions for an earlier one end.
    turn: StoredValue<u32>,
}

/// The trace that is shown, or about to be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Current {
    trace_id: Option<String>,
    /// `None` for the page's own trace, before the browser has told of any.
    title: Option<String>,
}

/// What the server knows of this page's ribbon.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct FirstView {
    folded: bool,
    trace_id: Option<String>,
}

/// Makes the ribbon of this page, and lets it follow what the reader does.
pub fn provide_ribbon() {
    let FirstView { folded, trace_id } = SharedValue::new(first_view).into_inner();
    let state = RibbonState {
        folded: RwSignal::new(folded),
        current: RwSignal::new(Current { trace_id, title: None }),
        picture: RwSignal::new(None),
        turn: StoredValue::new(0),
    };
    provide_context(state);
    // Not before the page has come alive: what the server sent must stay as it is until then.
    Effect::new(move |_| {
        telemetry::browser::on_trace(move |note| {
            if note.flushed {
                state.arrived(note.trace_id, note.title);
            } else if note.ended {
                state.ended(note.trace_id, note.title);
            }
        });
    });
}

#[cfg(feature = "ssr")]
fn first_view() -> FirstView {
    let of = |request: crate::context::RequestContext| FirstView {
        folded: request.ribbon_folded,
        trace_id: request.trace_id.map(Into::into),
    };
    crate::context::request().map(of).unwrap_or_default()
}

#[cfg(not(feature = "ssr"))]
fn first_view() -> FirstView {
    FirstView::default()
}

impl RibbonState {
    #[must_use]
    pub fn is_folded(self) -> bool {
        self.folded.get()
    }

    #[must_use]
    pub fn is_folded_untracked(self) -> bool {
        self.folded.get_untracked()
    }

    /// What the reader did; `None` before the first news from the browser.
    #[must_use]
    pub fn title(self) -> Option<String> {
        self.current.with(|current| current.title.clone())
    }

    #[must_use]
    pub fn trace_id(self) -> Option<String> {
        self.current.with(|current| current.trace_id.clone())
    }

    /// The trace's picture; `None` until it can be shown.
    pub fn with_picture<T>(self, read: impl FnOnce(Option<&RibbonPicture>) -> T) -> T {
        self.picture.with(|picture| read(picture.as_ref()))
    }

    #[must_use]
    pub fn failed(self) -> bool {
        self.with_picture(|picture| picture.is_some_and(|picture| picture.failed))
    }

    /// Folds or unfolds, for this and all later pages.
    pub fn fold(self, folded: bool) {
        self.folded.set(folded);
        #[cfg(feature = "hydrate")]
        crate::web::set_cookie("ribbon", if folded { "folded" } else { "open" });
        let waiting = self.current.with_untracked(|current| current.title.is_some().then(|| current.trace_id.clone()));
        if let Some(trace_id) = waiting.flatten().filter(|_| !folded) {
            self.follow(trace_id);
        }
    }

    /// The reader did something: it is shown by name until its trace can be.
    fn ended(self, trace_id: String, title: String) {
        self.next_turn();
        self.picture.set(None);
        self.current.set(Current { trace_id: Some(trace_id), title: Some(title) });
    }

    /// The server has the browser's part of a trace.
    fn arrived(self, trace_id: String, title: String) {
        let (known, current) = self
            .current
            .with_untracked(|current| (current.title.is_some(), current.trace_id.as_deref() == Some(&*trace_id)));
        if known && !current {
            return;
        }
        self.current.set(Current { trace_id: Some(trace_id.clone()), title: Some(title) });
        self.follow(trace_id);
    }

    fn next_turn(self) -> u32 {
        let turn = self.turn.get_value().wrapping_add(1);
        self.turn.set_value(turn);
        turn
    }

    /// Asks for the trace until it is complete, unless the ribbon is folded.
    fn follow(self, trace_id: String) {
        let turn = self.next_turn();
        if !self.folded.get_untracked() {
            self.ask(trace_id, turn, 0);
        }
    }

    fn ask(self, trace_id: String, turn: u32, attempt: usize) {
        leptos::task::spawn_local(async move {
            let answer = get_ribbon(trace_id.clone()).await;
            if self.turn.get_value() != turn || self.folded.get_untracked() {
                return;
            }
            let arrived = answer.as_ref().map_or(Arrival::Partial, |picture| picture.arrival);
            if let Ok(picture) = answer
                && self.picture.with_untracked(|shown| shown.as_ref() != Some(&picture))
            {
                self.picture.set(Some(picture));
            }
            if let Some(wait_ms) = wait_before(attempt, arrived) {
                later(wait_ms, move || {
                    if self.turn.get_value() == turn {
                        self.ask(trace_id, turn, attempt + 1);
                    }
                });
            }
        });
    }
}

/// Runs `task` in the browser, `ms` milliseconds from now; nowhere else is there anything to wait for.
fn later(ms: u32, task: impl FnOnce() + 'static) {
    #[cfg(feature = "hydrate")]
    let _ = crate::web::after(ms.try_into().unwrap_or(i32::MAX), task);
    #[cfg(not(feature = "hydrate"))]
    let _ = (ms, task);
}

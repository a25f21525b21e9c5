//! What the reader does, and which work belongs to it.
//!
//! JavaScript does not say which event a task came from. The rule here: work belongs to an action when it starts
//! - in the task that handles the event, or in the microtasks right after it (where Leptos polls what handlers spawn);
//! - in the microtasks right after a traced fetch of the action has ended (where Leptos fetches anew after a post);
//! - in a future that is instrumented by the action: `in_action`, or `tracing`'s `Instrument`.
//!
//! Timers, other events and other fetches run in tasks of their own and so belong to nobody, even while an action is
//! open. JavaScript does not tell when microtasks are over either; such a burst ends after more rounds of them than
//! a chain of futures takes. A message posted at its beginning ends it where the rounds cannot be started, because a
//! handler has stopped the event.

use super::{page, recorder, targets};
use crate::names::{own, span, stable};
use js_sys::Function;
use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::task::Poll;
use tracing::{Instrument, Span, instrument::Instrumented};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::spawn_local;
use web_sys::{Element, Event, MessageChannel, MessageEvent, MessagePort, Window};

/// How long an action waits for work that starts after its burst: in an animation frame, say.
const GRACE_MS: i32 = 50;
/// Rounds of microtasks in a burst: far more than the futures between a handler and the fetches it leads to take.
const ROUNDS: usize = 64;

struct Burst {
    action: Span,
    token: f64,
    began_us: u64,
    /// The action's own handlers run in it, so that the action lasts as long.
    own: bool,
}

thread_local! {
    static BURST: RefCell<Option<Burst>> = const { RefCell::new(None) };
    static TOKEN: Cell<f64> = const { Cell::new(0.0) };
    /// The action of the event whose task this is. Its burst is over when the browser submits the form.
    static TASK: RefCell<Span> = const { RefCell::new(Span::none()) };
    /// Comes after every other listener of an event.
    static LAST: Function = Closure::<dyn FnMut()>::new(end_after_microtasks).into_js_value().unchecked_into();
    static MARKER: RefCell<Option<MessagePort>> = const { RefCell::new(None) };
    /// The patterns of the route that the page was loaded at, and of the one that is shown, once the router has told.
    static ROUTES: RefCell<(String, String)> = const { RefCell::new((String::new(), String::new())) };
    /// Actions within their grace, oldest first: all wait equally long.
    static HELD: RefCell<Vec<Span>> = const { RefCell::new(Vec::new()) };
}

/// Starts listening.
pub(super) fn listen() -> Option<()> {
    let window = page::window()?;
    mark_ends();
    listen_to(&window, "click", |event| {
        // A busy page hands over the reader's next click before the message that ends the task of the last one.
        if event.is_trusted() {
            end_task();
        }
        open_at(span::CLICK, &targets::interactive(event)?)
    });
    listen_to(&window, "submit", |event| {
        let parent = TASK.with_borrow(Span::clone);
        if !parent.is_none() {
            burst(parent, true);
        }
        open_at(span::SUBMIT, &targets::element(event)?)
    });
    listen_to(&window, "popstate", |_| {
        end_task();
        let navigation = open(span::NAVIGATION);
        // Until the router tells of another page: it need not be one.
        arrive(&navigation, &route(), &page::path());
        Some(navigation)
    });
    Some(())
}

/// `begin` opens the action; its burst lasts to the end of the microtasks after the event's last listener.
fn listen_to(window: &Window, kind: &'static str, begin: fn(&Event) -> Option<Span>) {
    let target = window.clone();
    page::listen(window, kind, move |event| {
        if let Some(action) = begin(&event) {
            drop(TASK.replace(action));
            LAST.with(|last| {
                // Once more at the end of the list.
                let _ = target.remove_event_listener_with_callback(kind, last);
                let _ = target.add_event_listener_with_callback(kind, last);
            });
        }
    });
}

fn mark_ends() {
    let Ok(channel) = MessageChannel::new() else { return };
    let ended = Closure::<dyn FnMut(MessageEvent)>::new(|event: MessageEvent| {
        end_if(event.data().as_f64());
        if event.data().as_f64() == Some(TOKEN.get()) {
            drop(TASK.replace(Span::none()));
        }
    });
    channel.port1().set_onmessage(Some(ended.into_js_value().unchecked_ref()));
    MARKER.set(Some(channel.port2()));
}

fn end_after_microtasks() {
    let token = BURST.with_borrow(|burst| burst.as_ref().map(|burst| burst.token));
    if token.is_none() {
        return;
    }
    spawn_local(async move {
        for _ in 0..ROUNDS {
            let mut polled = false;
            poll_fn(|context| {
                if std::mem::replace(&mut polled, true) {
                    return Poll::Ready(());
                }
                context.waker().wake_by_ref();
                Poll::Pending
            })
            .await;
        }
        end_if(token);
    });
}

/// Ends the burst unless another one has begun since.
fn end_if(token: Option<f64>) {
    if token.is_some() && BURST.with_borrow(|burst| burst.as_ref().map(|burst| burst.token)) == token {
        end_burst();
    }
}

fn end_task() {
    end_burst();
    drop(TASK.replace(Span::none()));
}

/// Lets what starts from here to the end of the microtasks belong to `action`, which goes on after a fetch or timer.
pub(super) fn go_on(action: Span, own: bool) {
    burst(action, own);
    end_after_microtasks();
}

/// Lets what starts from here on belong to `action`.
fn burst(action: Span, own: bool) {
    let began_us = page::now_us();
    end_burst();
    recorder::set_ambient(&action);
    hold(action.clone());
    let token = TOKEN.get() + 1.0;
    TOKEN.set(token);
    BURST.set(Some(Burst { action, token, began_us, own }));
    MARKER.with_borrow(|port| port.as_ref().map(|port| port.post_message(&JsValue::from_f64(token))));
}

fn end_burst() {
    // Taken out first: dropping an action may close spans, and closing must find nothing borrowed.
    let Some(burst) = BURST.take() else { return };
    recorder::set_ambient(&Span::none());
    if burst.own {
        recorder::extend(&burst.action, page::now_us());
    }
}

fn hold(action: Span) {
    HELD.with_borrow_mut(|held| held.push(action));
    page::after(GRACE_MS, || drop(HELD.with_borrow_mut(|held| (!held.is_empty()).then(|| held.remove(0)))));
}

/// Ends the burst and every grace: the page may not come back.
pub(super) fn let_go() {
    end_task();
    drop(HELD.take());
}

/// The action that is open and was begun last.
pub(super) fn latest() -> Span {
    let current = Span::current();
    if !current.is_none() {
        return current;
    }
    HELD.with_borrow(|held| held.last().cloned()).unwrap_or_else(Span::none)
}

/// The pattern of the page's route; empty before the router has told.
pub(super) fn route() -> String {
    ROUTES.with_borrow(|(_, shown)| shown.clone())
}

/// The same of the route that the page was loaded at.
pub(super) fn first_route() -> String {
    ROUTES.with_borrow(|(first, _)| first.clone())
}

/// Opens an action: below the one whose burst this is, else as a root.
fn open(name: &'static str) -> Span {
    page::set_clock();
    let parent = Span::current();
    let action = recorder::span(name, &parent);
    recorder::make_action(&action);
    if let Some(began_us) = BURST.with_borrow(|burst| burst.as_ref().map(|burst| burst.began_us)) {
        // Its cause is the event, not the moment at which someone noticed.
        recorder::edit(&action, |record| record.start_us = record.start_us.min(began_us));
    }
    burst(action.clone(), true);
    action
}

fn open_at(name: &'static str, element: &Element) -> Option<Span> {
    let action = open(name);
    recorder::edit(&action, |record| {
        let name = targets::name(element);
        if !name.is_empty() {
            record.set(own::TARGET_NAME, name);
        }
        record.set(own::TARGET_PATH, targets::path(element));
        record.set(stable::URL_PATH, page::path());
        record.set(stable::HTTP_ROUTE, route());
    })?;
    Some(action)
}

/// Begins an action that the document's listeners do not see, such as typing that searches: `action("input", "Search")`.
///
/// Call it in the event's handler. What the handler starts belongs to it; instrument the futures that go on after a
/// timer with the returned span. Never pass what was typed as `target_name`.
#[must_use]
pub fn action(name: &'static str, target_name: &str) -> Span {
    let action = open(name);
    recorder::edit(&action, |record| record.set(own::TARGET_NAME, super::labels::short(target_name)));
    end_after_microtasks();
    action
}

/// Lets a future belong to the current span or action for as long as it runs, timers and all.
pub fn in_action<F: Future>(future: F) -> Instrumented<F> {
    future.instrument(Span::current())
}

/// Records that the router shows another page; call it from an effect on the location, the first time included.
///
/// `route` is the pattern (`/messages/:id`), `path` the path without query.
pub fn navigated(route: &str, path: &str) {
    ROUTES.with_borrow_mut(|(first, shown)| {
        if first.is_empty() {
            first.push_str(route);
        }
        route.clone_into(shown);
    });
    if super::document::first_route(route) {
        return;
    }
    let current = Span::current();
    let is_navigation = recorder::edit(&current, |record| record.name == span::NAVIGATION).unwrap_or(false);
    let navigation = if is_navigation { current } else { open(span::NAVIGATION) };
    end_after_microtasks();
    arrive(&navigation, route, path);
}

fn arrive(navigation: &Span, route: &str, path: &str) {
    recorder::edit(navigation, |record| {
        record.set(stable::HTTP_ROUTE, route.to_owned());
        record.set(stable::URL_PATH, path.to_owned());
    });
}

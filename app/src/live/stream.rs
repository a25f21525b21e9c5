//! One stream for all tabs: the tab that holds the lock reads it and tells the others.

use super::News;
use crate::session::Session;
use crate::web;
use js_sys::{Function, Promise, Reflect};
use leptos::prelude::*;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use telemetry::names::span::RECONNECT;
use tracing::Span;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{BroadcastChannel, Event, EventSource, MessageEvent};

const KINDS: [&str; 6] =
    ["message_posted", "message_deleted", "messages_changed", "api_call", "samples", "session_ended"];
/// What a tab tells itself and others when it may have missed news.
const MISSED_SOME: News<'_> = News::new("messages_changed", "{}");
/// How long to wait before a stream that the server refused is asked for again.
const AGAIN_MS: i32 = 10_000;
/// A stream that breaks because the reader leaves the page is no fault: the page has gone by then.
const LEFT_MS: i32 = 100;

type Listener = Rc<dyn Fn(News<'_>)>;

thread_local! {
    static LISTENERS: RefCell<Vec<(u64, Listener)>> = const { RefCell::new(Vec::new()) };
    static NEXT_ID: Cell<u64> = const { Cell::new(0) };
    static FOLLOWING: RefCell<Option<Following>> = const { RefCell::new(None) };
    /// From the stream's break to its next beginning; a span once it is known that the page stays.
    static BROKEN: RefCell<Option<Span>> = const { RefCell::new(None) };
}

pub fn add_listener(listener: Box<dyn Fn(News<'_>)>) -> u64 {
    let id = NEXT_ID.get();
    NEXT_ID.set(id + 1);
    LISTENERS.with_borrow_mut(|listeners| listeners.push((id, listener.into())));
    id
}

pub fn remove_listener(id: u64) {
    LISTENERS.with_borrow_mut(|listeners| listeners.retain(|(other, _)| *other != id));
}

fn tell(news: News<'_>) {
    // A listener may add or remove others.
    let listeners = LISTENERS.with_borrow(|listeners| listeners.iter().map(|(_, l)| l.clone()).collect::<Vec<_>>());
    for listener in listeners {
        listener(news);
    }
}

/// What is open while this tab follows the news.
struct Following {
    channel: Option<BroadcastChannel>,
    source: Option<EventSource>,
    /// Gives the lock to another tab.
    release: Option<Function>,
}

/// A browser has one session: a tab that shows the pages of another reader loads them anew, before anything is posted
/// there under the wrong name.
fn agree_on_the_reader(session: Session) {
    let Ok(channel) = BroadcastChannel::new("glassboard-reader") else { return };
    web::listen(&channel, "message", move |event| {
        let is_other = text_of(&event).zip(session.name()).is_some_and(|(theirs, own)| theirs != own);
        if let Some(window) = web::window().filter(|_| is_other) {
            let _ = window.location().reload();
        }
    });
    Effect::new(move |_| {
        if let Some(account) = session.account() {
            let _ = channel.post_message(&account.username.as_str().into());
        }
    });
}

pub fn follow(session: Session) {
    agree_on_the_reader(session);
    add_listener(Box::new(move |news| {
        if news.kind == "session_ended" {
            session.end();
        }
    }));
    Effect::new(move |_| match session.account() {
        Some(account) => start(account.username.as_str()),
        None => stop(),
    });
    let Some(window) = web::window() else { return };
    // An open stream would keep the page out of the back/forward cache.
    web::listen(&window, "pagehide", |_| stop());
    web::listen(&window, "pageshow", move |event| {
        let restored = Reflect::get(&event, &"persisted".into()).is_ok_and(|persisted| persisted.is_truthy());
        if let Some(name) = session.name().filter(|_| restored) {
            start(&name);
            tell(MISSED_SOME);
        }
    });
}

fn stop() {
    BROKEN.take();
    let Some(following) = FOLLOWING.take() else { return };
    if let Some(source) = following.source {
        source.close();
    }
    if let Some(channel) = following.channel {
        channel.close();
    }
    if let Some(release) = following.release {
        let _ = release.call0(&JsValue::NULL);
    }
}

fn start(username: &str) {
    stop();
    // Per user, so that tabs that have not heard of a new sign-in yet do not mix news.
    let name = format!("glassboard-live-{username}");
    let channel = BroadcastChannel::new(&name).ok();
    if let Some(channel) = &channel {
        web::listen(channel, "message", |event| {
            if let Some((kind, data)) = text_of(&event).as_deref().and_then(|text| text.split_once(' ')) {
                tell(News::new(kind, data));
            }
        });
    }
    FOLLOWING.set(Some(Following { channel, source: None, release: None }));
    if !wait_for_lock(&name) {
        read_stream();
    }
}

/// Asks for the lock that one tab holds; `false` where the browser has no locks.
fn wait_for_lock(name: &str) -> bool {
    let Some(locks) = web::window().and_then(|window| Reflect::get(&window.navigator(), &"locks".into()).ok()) else {
        return false;
    };
    let Some(request) = Reflect::get(&locks, &"request".into()).ok().and_then(|f| f.dyn_into::<Function>().ok()) else {
        return false;
    };
    // The lock is held until this promise is resolved, by `release` or the tab's end.
    let held = Closure::once_into_js(move || -> JsValue {
        let (mut release, mut wanted) = (None, false);
        let promise = Promise::new(&mut |resolve, _| release = Some(resolve));
        FOLLOWING.with_borrow_mut(|following| {
            if let Some(following) = following.as_mut().filter(|following| following.release.is_none()) {
                following.release = release.take();
                wanted = true;
            }
        });
        if !wanted {
            return JsValue::UNDEFINED;
        }
        read_stream();
        promise.into()
    });
    request.call2(&locks, &name.into(), &held).is_ok()
}

/// Opens the stream; the browser opens it again by itself after most faults.
fn read_stream() {
    let Ok(source) = EventSource::new("/live") else { return };
    for kind in KINDS {
        web::listen(&source, kind, |event| {
            let Some(data) = text_of(&event) else { return };
            let news = News::new(kind, &data);
            pass_on(news);
            tell(news);
        });
    }
    web::listen(&source, "open", |_| {
        if let Some(broken) = BROKEN.take() {
            broken.in_scope(missed_some);
        }
    });
    let this = source.clone();
    web::listen(&source, "error", move |_| {
        let was_broken = BROKEN.with_borrow_mut(|broken| {
            let was_broken = broken.is_some();
            broken.get_or_insert_with(Span::none);
            was_broken
        });
        if !was_broken {
            let _ = web::after(LEFT_MS, begin_reconnect);
        }
        if this.ready_state() == EventSource::CLOSED {
            let this = this.clone();
            let _ = web::after(AGAIN_MS, move || reopen(&this));
        }
    });
    FOLLOWING.with_borrow_mut(|following| match following {
        Some(following) => following.source = Some(source),
        None => source.close(),
    });
}

fn begin_reconnect() {
    BROKEN.with_borrow_mut(|broken| {
        if let Some(broken) = broken.as_mut().filter(|broken| broken.is_none()) {
            *broken = tracing::info_span!(parent: None, RECONNECT, url.path = "/live");
        }
    });
}

/// Reads the stream again, unless this source has been given up in the meantime.
fn reopen(closed: &EventSource) {
    let ours = FOLLOWING.with_borrow(|following| following.as_ref().is_some_and(|f| f.source.as_ref() == Some(closed)));
    if ours {
        read_stream();
    }
}

fn missed_some() {
    pass_on(MISSED_SOME);
    tell(MISSED_SOME);
}

/// To the other tabs, as `kind data`.
fn pass_on(news: News<'_>) {
    FOLLOWING.with_borrow(|following| {
        if let Some(channel) = following.as_ref().and_then(|following| following.channel.as_ref()) {
            let _ = channel.post_message(&[news.kind, news.data].join(" ").into());
        }
    });
}

fn text_of(event: &Event) -> Option<String> {
    event.dyn_ref::<MessageEvent>()?.data().as_string()
}

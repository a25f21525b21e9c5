//! Every fetch of the page passes here: `window.fetch` is ours, and calls the browser's.
//!
//! Server functions have spans of their own (`client`); of those, only what the server says about the trace is read. Whatever
//! else is fetched becomes a span, from the call to the end of the body, or of the head where the body may be long.

use super::record::{Kind, Status};
use super::{actions, export, page, recorder};
use crate::names::stable;
use crate::propagation::{TRACEPARENT, TraceParent};
use js_sys::{Array, Function, Promise, Reflect};
use std::cell::{Cell, OnceCell, RefCell};
use tracing::Span;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::{JsFuture, future_to_promise, spawn_local};
use web_sys::{Request, RequestInit, Response};

/// W3C's draft of what a server answers about the trace.
const TRACERESPONSE: &str = "traceresponse";

thread_local! {
    static BROWSERS: OnceCell<Function> = const { OnceCell::new() };
    /// Since when fetches are seen here, by the page's clock.
    static SINCE_MS: Cell<f64> = const { Cell::new(f64::INFINITY) };
    /// The next fetch is a server function's, which has this span already, or none.
    static EXPECTED: RefCell<Option<Span>> = const { RefCell::new(None) };
}

/// Puts ours in the place of the browser's.
pub(super) fn listen() -> Option<()> {
    let window = page::window()?;
    let browsers: Function = page::get(&window, "fetch").dyn_into().ok()?;
    BROWSERS.with(|cell| cell.set(browsers)).ok()?;
    let ours = Closure::<dyn Fn(JsValue, JsValue) -> JsValue>::new(|input: JsValue, init: JsValue| {
        fetch(&input, &init).unwrap_or_else(|| Promise::reject(&JsValue::from_str("the page can't fetch")).into())
    });
    page::set(&window, "fetch", &ours.into_js_value());
    SINCE_MS.set(page::performance()?.now());
    Some(())
}

/// Whether what was fetched then has a span.
pub(super) fn saw(start_ms: f64) -> bool {
    start_ms >= SINCE_MS.get()
}

/// A fetch without a span: of telemetry itself.
pub(super) fn unseen(url: &str, init: &RequestInit) -> Option<Promise> {
    browsers(&JsValue::from_str(url), init)?.dyn_into().ok()
}

/// The next fetch makes no span of its own.
pub(super) fn expect(span: Option<Span>) {
    drop(EXPECTED.replace(span));
}

fn browsers(input: &JsValue, init: &JsValue) -> Option<JsValue> {
    let window = page::window()?;
    let fetch =
        BROWSERS.with(|browsers| browsers.get().cloned()).or_else(|| page::get(&window, "fetch").dyn_into().ok())?;
    fetch.call2(&window, input, init).ok()
}

fn fetch(input: &JsValue, init: &JsValue) -> Option<JsValue> {
    if let Some(span) = EXPECTED.take() {
        if let Some(request) = input.dyn_ref() {
            introduce(request, &span);
        }
        let promise: Promise = browsers(input, init)?.dyn_into().ok()?;
        let heard = promise.clone();
        spawn_local(async move {
            if let Some(response) = JsFuture::from(heard).await.ok().and_then(|answer| answer.dyn_into().ok()) {
                hear(&response);
            }
        });
        return Some(promise.into());
    }
    // What can't be a request is the browser's to refuse.
    match request(input, init) {
        Some(request) if !is_quiet(&request) => traced(&request).map(Into::into),
        Some(request) => browsers(&request, &JsValue::UNDEFINED),
        None => browsers(input, init),
    }
}

/// What makes no span on the server makes none here.
fn is_quiet(request: &Request) -> bool {
    page::own_path(&request.url()).is_some_and(|path| path.starts_with("/health/") || path.starts_with("/v1/"))
}

/// `new Request(input, init)`: of a text, a URL, or a request.
fn request(input: &JsValue, init: &JsValue) -> Option<Request> {
    let class: Function = page::get(page::window()?.as_ref(), "Request").dyn_into().ok()?;
    Reflect::construct(&class, &Array::of2(input, init)).ok()?.dyn_into().ok()
}

/// The span of one fetch. Dropped before its end it was given up: a newer search, a page left.
pub(super) struct Fetch {
    pub span: Span,
    /// The action that continues when the fetch has ended.
    cause: Span,
    pub ended: bool,
}

impl Fetch {
    pub fn open() -> Self {
        page::set_clock();
        let current = Span::current();
        let cause = recorder::action_above(&current);
        Self { span: recorder::span("fetch", &current), cause, ended: false }
    }

    pub fn answered(&self, status: u16) {
        recorder::edit(&self.span, |record| {
            record.set(stable::HTTP_RESPONSE_STATUS_CODE, i64::from(status));
            if status >= 400 {
                record.set(stable::ERROR_TYPE, status.to_string());
                record.status = Status::Error(String::new());
            }
        });
    }

    /// No answer came, or not all of it.
    pub fn failed(self) {
        recorder::edit(&self.span, |record| {
            record.set(stable::ERROR_TYPE, "network");
            record.status = Status::Error("no answer from the server".to_owned());
        });
        self.end();
    }

    fn end(mut self) {
        self.ended = true;
    }

    pub fn read(self, whole: bool) {
        if whole { self.end() } else { self.failed() }
    }
}

impl Drop for Fetch {
    fn drop(&mut self) {
        if !self.ended {
            recorder::edit(&self.span, |record| record.set(stable::ERROR_TYPE, "cancelled"));
            return;
        }
        // Closed before the action goes on, so that the action's next steps start after it.
        drop(std::mem::replace(&mut self.span, Span::none()));
        let cause = std::mem::replace(&mut self.cause, Span::none());
        if !cause.is_none() {
            actions::go_on(cause, false);
        }
    }
}

/// Says in the span what is asked for, and to the own server of which span it is asked.
fn introduce(request: &Request, span: &Span) {
    let Some(place) = recorder::place(span) else { return };
    let (url, method) = (request.url(), request.method());
    let path = page::own_path(&url);
    if path.is_some() {
        let sampled = export::is_kept(&place.trace_id);
        let _ = request.headers().set(TRACEPARENT, &TraceParent { sampled, ..place }.text());
    }
    recorder::edit(span, |record| {
        record.name = method.clone().into();
        record.kind = Kind::Client;
        record.set(stable::HTTP_REQUEST_METHOD, method);
        match path {
            Some(path) => record.set(stable::URL_PATH, path),
            // Where it goes, but not what is said there.
            None => record.set(stable::SERVER_ADDRESS, super::labels::host(&url).to_owned()),
        }
    });
}

fn traced(request: &Request) -> Option<Promise> {
    let fetch = Fetch::open();
    introduce(request, &fetch.span);
    let sent: Promise = browsers(request, &JsValue::UNDEFINED)?.dyn_into().ok()?;
    Some(future_to_promise(async move {
        let answer = JsFuture::from(sent).await;
        let Some(response) = answer.as_ref().ok().and_then(|answer| answer.dyn_ref::<Response>()) else {
            fetch.failed();
            return answer;
        };
        hear(response);
        fetch.answered(response.status());
        // The span goes on in the background until the body has come.
        let copy = if is_short(response) { response.clone().ok() } else { None };
        let body = copy.and_then(|copy| copy.array_buffer().ok());
        spawn_local(async move {
            if let Some(body) = body {
                let _ = JsFuture::from(body).await;
            }
            fetch.end();
        });
        answer
    }))
}

/// Whether it is known to end soon: others would have to be kept whole, and may never end.
fn is_short(response: &Response) -> bool {
    const SHORT: u32 = 1024 * 1024;
    let length = response.headers().get("content-length").ok().flatten();
    length.and_then(|length| length.parse::<u32>().ok()).is_some_and(|length| length <= SHORT)
}

/// What the server says about the trace of its response.
fn hear(response: &Response) {
    let told = response.headers().get(TRACERESPONSE).ok().flatten();
    if let Some(place) = told.and_then(|text| TraceParent::parse(&text)) {
        export::decide(&place.trace_id, place.sampled);
    }
}

//! Every fetch of the page passes here: `window.fetch` is ours, and calls the browser's.
//!
//! Server functions have spans of their own (`client`); of those, only what the server says about the trace is read. Whatever
//! else is fetched becomes a span, from the call to the end of the body, or of the head where the body may be long.

use super::record::{Kind, Status};
use super::{actions, export, page, recorder};
use crate::names::stable;
use crate::propagation::{TRACEPARENT, TraceParent};
use js_sys::{Array, Function, Promise, Reflect};
use std::cell::{Cell, OnceCell};
use tracing::{Instrument, Span};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::{JsFuture, future_to_promise, spawn_local};
use web_sys::{Request, RequestInit, Response};

/// W3C's draft of what a server answers about the trace.
const TRACERESPONSE: &str = "traceresponse";

thread_local! {
    static BROWSERS: OnceCell<Function> = const { OnceCell::new() };
    /// Since when fetches are seen here, by the page's clock.
    static SINCE_MS: Cell<f64> = const { Cell::new(f64::INFINITY) };
    /// The next fetch is a server function's, which has a span already or is to have none.
    static EXPECTED: Cell<bool> = const { Cell::new(false) };
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

/// The next fetch makes no span here.
pub(super) fn expect(expected: bool) {
    EXPECTED.set(expected);
}

fn browsers(input: &JsValue, init: &JsValue) -> Option<JsValue> {
    let window = page::window()?;
    let fetch =
        BROWSERS.with(|browsers| browsers.get().cloned()).or_else(|| page::get(&window, "fetch").dyn_into().ok())?;
    fetch.call2(&window, input, init).ok()
}

fn fetch(input: &JsValue, init: &JsValue) -> Option<JsValue> {
    if EXPECTED.take() {
        let promise: Promise = browsers(input, init)?.dyn_into().ok()?;
        let heard = promise.clone();
        spawn_local(async move {
            if let Ok(response) = JsFuture::from(heard).await {
                hear(&response);
            }
        });
        return Some(promise.into());
    }
    // What can't be a request is the browser's to refuse.
    match request(input, init) {
        Some(request) if !is_quiet(&request) => Some(traced(request).into()),
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

fn traced(request: Request) -> Promise {
    let current = Span::current();
    let cause = recorder::action_above(&current);
    let (span, path) = (recorder::span("fetch", &current), page::own_path(&request.url()));
    if let (Some(place), Some(_)) = (recorder::place(&span), &path) {
        let sampled = export::is_kept(&place.trace_id);
        let _ = request.headers().set(TRACEPARENT, &TraceParent { sampled, ..place }.to_string());
    }
    recorder::edit(&span, |record| {
        record.name = request.method().into();
        record.kind = Kind::Client;
        record.set(stable::HTTP_REQUEST_METHOD, request.method());
        match path {
            Some(path) => record.set(stable::URL_PATH, path),
            // Where it goes, but not what is said there.
            None => record.set(stable::SERVER_ADDRESS, super::labels::host(&request.url()).to_owned()),
        }
    });
    let of_fetch = span.clone();
    let work = async move {
        let answer = match browsers(&request, &JsValue::UNDEFINED).and_then(|answer| answer.dyn_into::<Promise>().ok())
        {
            Some(answer) => JsFuture::from(answer).await,
            None => Err(JsValue::from_str("fetch is not there")),
        };
        let ended = |kind: Option<String>| {
            recorder::edit(&of_fetch, |record| {
                if let Some(kind) = kind {
                    record.set(stable::ERROR_TYPE, kind);
                    record.status = Status::Error(String::new());
                }
            });
        };
        match &answer {
            Ok(response) => {
                hear(response);
                let status = response.dyn_ref::<Response>().map_or(0, Response::status);
                recorder::edit(&of_fetch, |record| record.set(stable::HTTP_RESPONSE_STATUS_CODE, i64::from(status)));
                ended((status >= 400).then(|| status.to_string()));
                // The span goes on in the background until the body has come.
                let copy = response.dyn_ref::<Response>().filter(|response| is_short(response));
                let copy = copy.and_then(|response| response.clone().ok());
                let body = copy.and_then(|copy| copy.array_buffer().ok());
                let until_then = async move {
                    if let Some(body) = body {
                        let _ = JsFuture::from(body).await;
                    }
                    drop(of_fetch);
                    if !cause.is_none() {
                        actions::go_on(cause, false);
                    }
                };
                spawn_local(until_then);
            }
            Err(_) => ended(Some("network".to_owned())),
        }
        answer
    };
    future_to_promise(work.instrument(span))
}

/// Whether it is known to end soon: others would have to be kept whole, and may never end.
fn is_short(response: &Response) -> bool {
    const SHORT: u32 = 1024 * 1024;
    let length = response.headers().get("content-length").ok().flatten();
    length.and_then(|length| length.parse::<u32>().ok()).is_some_and(|length| length <= SHORT)
}

/// What the server says about the trace of its response.
fn hear(response: &JsValue) {
    let told = response.dyn_ref::<Response>().and_then(|response| response.headers().get(TRACERESPONSE).ok().flatten());
    if let Some(place) = told.and_then(|text| TraceParent::parse(&text)) {
        export::decide(&place.trace_id, place.sampled);
    }
}

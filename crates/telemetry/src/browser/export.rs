//! Sends finished spans and log records to the page's own origin; never waits, never traces itself.

use super::keeping::Keeping;
use super::otlp_json::{self, Signal};
use super::queue::{PIECE_BYTES, Piece, Queue};
use super::record::{Attributes, LogRecord, SpanRecord};
use super::{TraceNote, actions, document, fetches, page, recorder, vitals};
use crate::propagation::hex;
use js_sys::{Array, Function, Promise};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Blob, BlobPropertyBag, RequestInit, Response};

/// A trace's spans end close together: wait until none has ended for so long,
const IDLE_MS: i32 = 100;
/// but not longer than this.
const LONGEST_US: u64 = 1_000_000;
const FIRST_RETRY_MS: i32 = 1_000;
const LAST_RETRY_MS: i32 = 60_000;

type Callback = Rc<dyn Fn(TraceNote)>;

struct Outbox {
    traces: Queue,
    logs: Queue,
    resource: Attributes,
    /// Pieces that wait for their next try.
    again: Vec<Piece>,
    /// When the first and the last waiting span came; `None` while no timer runs.
    waiting_us: Option<(u64, u64)>,
    sending: bool,
}

thread_local! {
    static KEEPING: RefCell<Keeping> = const { RefCell::new(Keeping::new(u64::MAX)) };
    static OUTBOX: RefCell<Outbox> = const {
        RefCell::new(Outbox {
            traces: Queue::new(Signal::Traces),
            logs: Queue::new(Signal::Logs),
            resource: Vec::new(),
            again: Vec::new(),
            waiting_us: None,
            sending: false,
        })
    };
    static RETRY_MS: Cell<i32> = const { Cell::new(FIRST_RETRY_MS) };
    /// Ends the wait for the next try.
    static WAKE: RefCell<Option<Function>> = const { RefCell::new(None) };
    static CALLBACKS: RefCell<Vec<Callback>> = const { RefCell::new(Vec::new()) };
}

enum Answer {
    Accepted,
    Refused,
    Later(i32),
}

/// Prepares sending; `resource` describes this page to the server, which keeps the traces below
/// `threshold` from their beginning.
pub(super) fn start(resource: Attributes, threshold: u64) -> Option<()> {
    KEEPING.set(Keeping::new(threshold));
    OUTBOX.with_borrow_mut(|outbox| outbox.resource = resource);
    let window = page::window()?;
    page::listen(&window, "pagehide", |_| {
        document::finish();
        // What is open is cut off with the page.
        recorder::end_all();
        settle();
        beacon();
    });
    page::listen(&window, "visibilitychange", |_| {
        if page::window().and_then(|window| window.document()).is_some_and(|document| document.hidden()) {
            settle();
            send_all();
        }
    });
    page::listen(&window, "online", |_| wake());
    Some(())
}

/// Calls back when the trace of a page load or of an action that started something has ended in the browser, and
/// again when the server has its spans. For the page's life.
pub fn on_trace(callback: impl Fn(TraceNote) + 'static) {
    CALLBACKS.with_borrow_mut(|callbacks| callbacks.push(Rc::new(callback)));
}

fn tell(trace_id: &[u8; 16], title: &str, flushed: bool) {
    for callback in CALLBACKS.with_borrow(Clone::clone) {
        callback(TraceNote { trace_id: hex::encode(trace_id), title: title.to_owned(), ended: true, flushed });
    }
}

/// Whether a trace that begins is kept, whatever happens in it.
pub(super) fn keeps(trace_id: &[u8; 16]) -> bool {
    KEEPING.with_borrow(|keeping| keeping.keeps(trace_id))
}

/// Whether the server is known to keep this trace.
pub(super) fn is_kept(trace_id: &[u8; 16]) -> bool {
    KEEPING.with_borrow(|keeping| keeping.keeps(trace_id) || keeping.decision(trace_id) == Some(true))
}

/// The server has told whether it keeps a trace.
pub(super) fn decide(trace_id: &[u8; 16], kept: bool) {
    let kept = KEEPING.with_borrow_mut(|keeping| keeping.decide(trace_id, kept));
    kept.into_iter().for_each(queue);
}

/// Takes a finished span, which is sent once it is known to be kept.
pub(super) fn push(span: SpanRecord) {
    let kept = KEEPING.try_with(|keeping| keeping.try_borrow_mut().map(|mut keeping| keeping.take(span)));
    if let Ok(Ok(kept)) = kept {
        kept.into_iter().for_each(queue);
    }
}

/// Takes a log record.
pub(super) fn log(record: &LogRecord) {
    let json = otlp_json::log(record);
    put(|outbox| outbox.logs.push(json, None));
}

/// Whoever looks into the page (a test, a person with the browser's tools) may set `window.onGlassboardSpan`.
const HOOK: &str = "onGlassboardSpan";

fn queue(span: SpanRecord) {
    if let Some(hook) = page::window().and_then(|window| page::get(&window, HOOK).dyn_into::<Function>().ok()) {
        let _ = hook.call2(&JsValue::NULL, &hex::encode(&span.place.span_id).into(), &JsValue::from_str(&span.name));
    }
    let announced = span.title.as_ref().map(|title| (span.place.trace_id, title.clone()));
    if let Some((trace_id, title)) = announced.clone() {
        // Not at once: spans close inside other people's borrows.
        spawn_local(async move { tell(&trace_id, &title, false) });
    }
    let json = otlp_json::span(&span);
    put(|outbox| outbox.traces.push(json, announced));
}

/// Puts something into the outbox, which is emptied once nothing more comes for a moment.
fn put(put: impl FnOnce(&mut Outbox)) {
    let now_us = page::now_us();
    let idle = OUTBOX.try_with(|outbox| {
        let mut outbox = outbox.try_borrow_mut().ok()?;
        put(&mut outbox);
        let idle = outbox.waiting_us.is_none() && !outbox.sending;
        let first_us = outbox.waiting_us.map_or(now_us, |(first_us, _)| first_us);
        outbox.waiting_us = Some((first_us, now_us));
        Some(idle)
    });
    if matches!(idle, Ok(Some(true))) {
        page::after(IDLE_MS, flush_when_idle);
    }
}

fn flush_when_idle() {
    let now_us = page::now_us();
    let wait = OUTBOX.with_borrow_mut(|outbox| {
        let (first_us, last_us) = outbox.waiting_us?;
        let quiet_us = now_us.saturating_sub(last_us);
        let idle_us = IDLE_MS as u64 * 1_000;
        if quiet_us < idle_us && now_us.saturating_sub(first_us) < LONGEST_US {
            return Some(((idle_us - quiet_us) / 1_000) as i32 + 1);
        }
        outbox.waiting_us = None;
        outbox.sending = true;
        None
    });
    match wait {
        Some(ms) => page::after(ms, flush_when_idle),
        None => spawn_local(drain()),
    }
}

fn next_piece() -> Option<Piece> {
    let forgotten = KEEPING.with(|keeping| keeping.try_borrow_mut().map_or(0, |mut keeping| keeping.take_forgotten()));
    OUTBOX.with_borrow_mut(|outbox| {
        let Outbox { traces, logs, resource, again, .. } = outbox;
        traces.lost(forgotten);
        again.pop().or_else(|| traces.take_piece(resource)).or_else(|| logs.take_piece(resource))
    })
}

async fn drain() {
    while let Some(piece) = next_piece() {
        if let Some(ms) = deliver(piece).await {
            wait(ms).await;
        }
    }
    OUTBOX.with_borrow_mut(|outbox| {
        outbox.sending = false;
        outbox.waiting_us = None;
    });
}

/// Sends a piece; when it has to be sent again, after how many milliseconds.
async fn deliver(piece: Piece) -> Option<i32> {
    match post(&piece).await {
        Answer::Accepted => {
            RETRY_MS.set(FIRST_RETRY_MS);
            accepted(piece);
            None
        }
        Answer::Refused => {
            OUTBOX.with_borrow_mut(|outbox| match piece.signal {
                Signal::Traces => outbox.traces.lost(piece.items),
                Signal::Logs => outbox.logs.lost(piece.items),
            });
            None
        }
        Answer::Later(ms) => {
            OUTBOX.with_borrow_mut(|outbox| outbox.again.push(piece));
            Some(ms)
        }
    }
}

/// Sends everything at once: the reader can't see the page, which may be frozen or end without a further word. It may come back
/// just as well, and then has to know what did not arrive: a beacon would not tell.
fn send_all() {
    while let Some(piece) = next_piece() {
        spawn_local(async move {
            if let Some(ms) = deliver(piece).await {
                again_after(ms);
            }
        });
    }
}

/// Has the pieces that wait for their next try sent, unless somebody is about to.
fn again_after(ms: i32) {
    let is_free = OUTBOX.with_borrow_mut(|outbox| !std::mem::replace(&mut outbox.sending, true));
    if is_free {
        spawn_local(async move {
            wait(ms).await;
            drain().await;
        });
    }
}

fn accepted(piece: Piece) {
    // After the news that the trace has ended, which may still wait.
    spawn_local(async move {
        for (trace_id, title) in &piece.announced {
            tell(trace_id, title, true);
        }
    });
}

fn blob(piece: &Piece) -> Option<Blob> {
    let options = BlobPropertyBag::new();
    options.set_type("application/json");
    Blob::new_with_str_sequence_and_options(&Array::of1(&JsValue::from_str(&piece.body)), &options).ok()
}

async fn post(piece: &Piece) -> Answer {
    match send(piece).await {
        Some(response) if response.ok() => Answer::Accepted,
        Some(response) if matches!(response.status(), 408 | 429 | 502..=504) => {
            let told = response.headers().get("retry-after").ok().flatten().and_then(|s| s.parse::<i32>().ok());
            Answer::Later(
                told.map_or_else(next_delay, |s| s.saturating_mul(1_000).clamp(FIRST_RETRY_MS, LAST_RETRY_MS)),
            )
        }
        Some(_) => Answer::Refused,
        None => Answer::Later(if online() { next_delay() } else { LAST_RETRY_MS }),
    }
}

const fn url(piece: &Piece) -> &'static str {
    match piece.signal {
        Signal::Traces => "/v1/traces",
        Signal::Logs => "/v1/logs",
    }
}

/// `None` when no answer came.
async fn send(piece: &Piece) -> Option<Response> {
    if !online() {
        return None;
    }
    let answer = match fetch(piece, piece.body.len() <= PIECE_BYTES).await {
        // The browser may have no room for more that outlives the page.
        None => fetch(piece, false).await?,
        Some(answer) => answer,
    };
    // Until an answer is read to its end, it takes of that room.
    if let Ok(body) = answer.array_buffer() {
        let _ = JsFuture::from(body).await;
    }
    Some(answer)
}

/// `keepalive`: also when the page ends meanwhile.
async fn fetch(piece: &Piece, keepalive: bool) -> Option<Response> {
    let init = RequestInit::new();
    init.set_method("POST");
    init.set_body(&blob(piece)?.into());
    page::set(&init, "keepalive", &JsValue::from_bool(keepalive));
    JsFuture::from(fetches::unseen(url(piece), &init)?).await.ok()?.dyn_into().ok()
}

fn online() -> bool {
    page::window().is_some_and(|window| window.navigator().on_line())
}

fn next_delay() -> i32 {
    let ms = RETRY_MS.get();
    RETRY_MS.set((ms * 2).min(LAST_RETRY_MS));
    ms
}

async fn wait(ms: i32) {
    let until = Promise::new(&mut |resolve, _| {
        WAKE.set(Some(resolve));
        page::after(ms, wake);
    });
    let _ = JsFuture::from(until).await;
}

fn wake() {
    if let Some(resolve) = WAKE.take() {
        let _ = resolve.call0(&JsValue::NULL);
    }
}

/// Completes what is known of the page so far.
fn settle() {
    document::finish();
    vitals::finish();
    actions::let_go();
}

/// Hands all that waits to the browser, which sends it even if the page is gone. What does not fit into its own queue stays for
/// later; so does everything where there is no network, if the page comes back.
pub(super) fn beacon() {
    let Some(window) = page::window().filter(|_| online()) else { return };
    while let Some(piece) = next_piece() {
        let blob = blob(&piece);
        if window.navigator().send_beacon_with_opt_blob(url(&piece), blob.as_ref()).unwrap_or(false) {
            accepted(piece);
        } else {
            OUTBOX.with_borrow_mut(|outbox| outbox.again.push(piece));
            break;
        }
    }
}

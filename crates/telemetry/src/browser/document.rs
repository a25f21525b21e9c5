//! The page load: `documentLoad` with `documentFetch`, a `resourceFetch` each, and `hydrate`.
//!
//! The server has reserved the ids of the two spans above its own: the page's `<meta>`s carry them.

use super::record::{Attributes, Kind, SpanRecord, Status, Value};
use super::recorder::{self, Recorder, Surroundings};
use super::{actions, components, export, faults, fetches, page, vitals};
use crate::names::{development, own, span, stable};
use crate::propagation::{TRACEPARENT, TraceParent, span_id_from_hex};
use js_sys::Array;
use std::cell::{Cell, RefCell};
use tracing::Span;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{PageTransitionEvent, PerformanceNavigationTiming, PerformanceResourceTiming, PerformanceServerTiming};

/// The page's `<meta>` with FRONTEND_SERVICE_NAME, and the name without it.
const META_SERVICE: &str = "glassboard-service";
const SERVICE: &str = "aks-demo-frontend";
/// The Server-Timing entry with the server's clock, in milliseconds since 1970.
const SERVER_CLOCK: &str = "now";
/// A page with more has a problem that a longer list does not explain.
const MAX_RESOURCES: usize = 100;
/// Fetches that have spans of their own (server functions), or must not have any (the relay).
const NOT_RESOURCES: [&str; 2] = ["/fn/", "/v1/"];

struct Document {
    load: Span,
    fetch: TraceParent,
}

/// How long after hydration the router may tell where the page is.
const LATEST_ROUTE_MS: i32 = 1_000;

thread_local! {
    static DOCUMENT: RefCell<Option<Document>> = const { RefCell::new(None) };
    static LOADED: Cell<bool> = const { Cell::new(false) };
    /// 0 before.
    static HYDRATED_US: Cell<u64> = const { Cell::new(0) };
    static FIRST_ROUTE: Cell<bool> = const { Cell::new(true) };
}

/// Hydration under way; `end` it when the app is mounted.
#[derive(Debug)]
#[must_use]
pub struct Hydration {
    span: Span,
}

impl Hydration {
    /// The page answers from now on.
    pub fn end(self) {
        let now_us = page::now_us();
        recorder::extend(&self.span, now_us);
        drop(self.span);
        HYDRATED_US.set(now_us);
        finish_when_whole();
        page::after(LATEST_ROUTE_MS, finish);
    }
}

/// Starts recording: the page load, then whatever the reader does. Call it once, first of all.
///
/// Nothing is recorded where the server says `off`, nor where the reader's browser asks not to be tracked.
pub fn start() -> Hydration {
    page::set_clock();
    let began_us = page::now_us();
    let told = page::meta(own::META_RECORDING);
    let threshold = told.as_deref().map_or(Some(u64::MAX), |told| u64::from_str_radix(told, 16).ok());
    let Some(threshold) = threshold.filter(|_| !wants_privacy()) else {
        faults::print();
        return Hydration { span: Span::none() };
    };
    recorder::install(Surroundings {
        now_us: page::now_us,
        random: page::random,
        keeps: export::keeps,
        ended: export::push,
    });
    if tracing::subscriber::set_global_default(Recorder).is_err() {
        web_sys::console::warn_1(&"browser telemetry was started twice".into());
    }
    export::start(resource(), threshold);
    faults::listen();
    fetches::listen();
    actions::listen();
    vitals::watch();
    components::look();
    let load = open();
    await_load();
    page::window().inspect(|window| page::listen(window, "pageshow", came_back));

    let hydrate = recorder::span(span::HYDRATE, &load);
    recorder::make_action(&hydrate);
    recorder::edit(&hydrate, |record| record.start_us = began_us);
    actions::go_on(hydrate.clone(), true);
    Hydration { span: hydrate }
}

/// Global Privacy Control, or the older Do Not Track.
fn wants_privacy() -> bool {
    let Some(navigator) = page::window().map(|window| window.navigator()) else { return false };
    page::get(&navigator, "globalPrivacyControl").is_truthy()
        || page::get(&navigator, "doNotTrack").as_string().as_deref() == Some("1")
}

fn resource() -> Attributes {
    let service = page::meta(META_SERVICE).unwrap_or_else(|| SERVICE.to_owned());
    let mut resource = vec![
        (stable::SERVICE_NAME, service.into()),
        (stable::TELEMETRY_SDK_NAME, "glassboard".into()),
        (stable::TELEMETRY_SDK_LANGUAGE, "rust".into()),
        (stable::TELEMETRY_SDK_VERSION, env!("CARGO_PKG_VERSION").into()),
    ];
    let navigator = page::window().map_or(JsValue::UNDEFINED, |window| window.navigator().into());
    // Not in every browser: https://wicg.github.io/ua-client-hints/ and https://wicg.github.io/netinfo/
    let hints = page::get(&navigator, "userAgentData");
    let connection = page::get(&navigator, "connection");
    for (name, object, key) in [
        (development::BROWSER_LANGUAGE, &navigator, "language"),
        (development::BROWSER_MOBILE, &hints, "mobile"),
        (development::BROWSER_PLATFORM, &hints, "platform"),
        (own::BROWSER_CONNECTION, &connection, "effectiveType"),
    ] {
        let told = page::get(object, key);
        resource.extend(
            told.as_string().map(Value::from).or_else(|| told.as_bool().map(Value::from)).map(|told| (name, told)),
        );
    }
    resource.extend(navigation().as_ref().and_then(clock_offset_ms).map(|ms| (own::CLOCK_OFFSET_MS, Value::Float(ms))));
    resource
}

/// Opens `documentLoad` under the ids that the server reserved, else under new ones.
fn open() -> Span {
    let load = recorder::span(span::DOCUMENT_LOAD, &Span::none());
    recorder::make_action(&load);
    let reserved = page::meta(own::META_TRACEPARENT).and_then(|text| TraceParent::parse(&text));
    let decided = reserved.and_then(|reserved| decided(&reserved.trace_id));
    let reserved_id = page::meta(own::META_DOCUMENT).and_then(|text| span_id_from_hex(&text));
    let fetch = recorder::edit(&load, |record| {
        record.start_us = page::at_us(0.0);
        record.set(stable::URL_PATH, page::path());
        if let (Some(fetch), Some(span_id)) = (reserved, reserved_id) {
            record.place = TraceParent { span_id, sampled: decided.unwrap_or(fetch.sampled), ..fetch };
        }
        record.place
    });
    if let Some(place) = fetch {
        // Without reserved ids no server span names this one, and it takes any.
        let fetch = reserved.filter(|_| reserved_id.is_some()).or_else(|| {
            let child = recorder::new_child(span::DOCUMENT_FETCH, place)?;
            Some(child.place)
        });
        DOCUMENT.set(fetch.map(|fetch| Document { load: load.clone(), fetch }));
    }
    load
}

fn await_load() {
    let loaded = || {
        LOADED.set(true);
        finish_when_whole();
    };
    let Some(window) = page::window() else { return };
    if window.document().is_some_and(|document| document.ready_state() == "complete") {
        page::after(0, loaded);
    } else {
        // `loadEventEnd` is known only after the event.
        page::listen(&window, "load", move |_| page::after(0, loaded));
    }
}

/// Once all of it is known: loaded, hydrated, and at which route.
fn finish_when_whole() {
    if LOADED.get() && HYDRATED_US.get() > 0 && !FIRST_ROUTE.get() {
        finish();
    }
}

/// Records what the browser measured; `documentLoad` then ends as soon as hydration has.
pub(super) fn finish() {
    let Some(Document { load, fetch }) = DOCUMENT.take() else { return };
    let Some(performance) = page::performance() else { return };
    let navigation = navigation();
    let navigation = navigation.as_ref();
    let loaded_us = reached_us(navigation.map_or(0.0, |timing| timing.load_event_end()));
    let bounds = recorder::edit(&load, |record| {
        if let Some(offset_ms) = navigation.and_then(clock_offset_ms) {
            record.set(own::CLOCK_OFFSET_MS, Value::Float(offset_ms));
        }
        (record.place, record.start_us, loaded_us.max(HYDRATED_US.get()))
    });
    let Some((place, from_us, to_us)) = bounds else { return };
    recorder::extend(&load, loaded_us);
    let keep = |mut record: SpanRecord| {
        record.clamp(from_us, to_us);
        recorder::extend(&load, record.end_us);
        export::push(record);
    };
    if let Some(mut record) = navigation.and_then(|timing| fetched(span::DOCUMENT_FETCH, place, timing)) {
        record.place = fetch;
        record.set(stable::HTTP_REQUEST_METHOD, "GET");
        keep(record);
    }
    let resources = performance.get_entries_by_type("resource");
    resources.iter().filter_map(|entry| resource_fetch(place, &entry)).take(MAX_RESOURCES).for_each(keep);
}

fn resource_fetch(parent: TraceParent, entry: &JsValue) -> Option<SpanRecord> {
    let timing = entry.dyn_ref::<PerformanceResourceTiming>()?;
    if timing.initiator_type() == "fetch" && fetches::saw(timing.start_time()) {
        return None;
    }
    let mut record = fetched(span::RESOURCE_FETCH, parent, timing)?;
    record.set(own::RESOURCE_INITIATOR, timing.initiator_type());
    Some(record)
}

/// `None` for other origins and for what is not a resource.
fn fetched(name: &'static str, parent: TraceParent, timing: &PerformanceResourceTiming) -> Option<SpanRecord> {
    let path = page::own_path(&timing.name())?;
    if NOT_RESOURCES.iter().any(|prefix| path.starts_with(prefix)) {
        return None;
    }
    let mut record = recorder::new_child(name, parent)?;
    record.kind = Kind::Client;
    record.start_us = page::at_us(timing.fetch_start());
    record.end_us = reached_us(timing.response_end());
    record.set(stable::URL_PATH, path);
    record.set(development::HTTP_RESPONSE_BODY_SIZE, timing.encoded_body_size() as i64);
    // Not in every browser; 0 when unknown.
    if let Some(status) = page::get(timing, "responseStatus").as_f64().filter(|status| *status > 0.0) {
        record.set(stable::HTTP_RESPONSE_STATUS_CODE, status as i64);
        if status >= 400.0 {
            record.status = Status::Error(String::new());
        }
    }
    Some(record)
}

/// When the page came to a point by its own clock; one that it has not come to is cut off now, by a reader who leaves early.
fn reached_us(page_ms: f64) -> u64 {
    if page_ms > 0.0 { page::at_us(page_ms) } else { page::now_us() }
}

/// What the browser measured of the page's own request.
fn navigation() -> Option<PerformanceNavigationTiming> {
    page::performance()?.get_entries_by_type("navigation").get(0).dyn_into().ok()
}

/// What the server said of the page; not every browser tells, nor everywhere.
fn server_timing(timing: &PerformanceNavigationTiming) -> impl Iterator<Item = PerformanceServerTiming> {
    let entries: Option<Array> = page::get(timing, "serverTiming").dyn_into().ok();
    entries.unwrap_or_default().into_iter().map(JsCast::unchecked_into)
}

/// Whether the server keeps the page load's trace, as it said when the page was whole.
fn decided(trace_id: &[u8; 16]) -> Option<bool> {
    let timing = navigation()?;
    let told = server_timing(&timing)
        .find_map(|entry| (entry.name() == TRACEPARENT).then(|| TraceParent::parse(&entry.description()))?)?;
    (told.trace_id == *trace_id).then(|| {
        export::decide(trace_id, told.sampled);
        told.sampled
    })
}

/// The server's clock minus the browser's: the server read its own between request and response.
fn clock_offset_ms(timing: &PerformanceNavigationTiming) -> Option<f64> {
    let server_ms = server_timing(timing).find_map(|entry| (entry.name() == SERVER_CLOCK).then(|| entry.duration()))?;
    let at_ms = |since_start: f64| page::at_us(since_start) as f64 / 1e3;
    Some(super::clock::offset_ms(server_ms, at_ms(timing.request_start()), at_ms(timing.response_start())))
}

/// A page from the back/forward cache is loaded once more, with nothing fetched, and so under new ids.
fn came_back(event: web_sys::Event) {
    let restored = event.dyn_ref::<PageTransitionEvent>().is_some_and(PageTransitionEvent::persisted);
    let Some(mut record) = restored.then(|| recorder::new_root(span::DOCUMENT_LOAD)).flatten() else { return };
    record.start_us = page::at_us(event.time_stamp()).min(record.end_us);
    record.set(stable::URL_PATH, page::path());
    record.set(stable::HTTP_ROUTE, actions::route());
    record.set("browser.navigation.type", "back_forward_cache");
    record.title = Some(record.describe());
    export::push(record);
    vitals::again();
}

/// Takes the first route for the page load's; says whether it was the first.
pub(super) fn first_route(route: &str) -> bool {
    DOCUMENT.with_borrow(|document| {
        let record = |document: &Document| {
            recorder::edit(&document.load, |record| record.set(stable::HTTP_ROUTE, route.to_owned()));
        };
        document.as_ref().map(record);
    });
    let is_first = FIRST_ROUTE.replace(false);
    if is_first {
        finish_when_whole();
    }
    is_first
}

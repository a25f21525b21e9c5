//! Web vitals as log records, told when the page is left or hidden: those of the load once, those of all that the reader did again
//! when they have grown since. And long tasks, as soon as there are any.

use super::record::{Attributes, LogRecord, Severity, Value};
use super::web_vitals::{Interactions, LayoutShift};
use super::{actions, export, page, recorder};
use crate::names::{development, own, stable};
use js_sys::{Array, Function, Reflect};
use std::cell::RefCell;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};

/// Long tasks that a page tells of; one with more has a problem that a longer list does not explain.
const MAX_LONG_TASKS: usize = 20;

#[derive(Default)]
struct Seen {
    first_contentful_paint_ms: Option<f64>,
    largest_contentful_paint_ms: Option<f64>,
    layout_shift: LayoutShift,
    interactions: Interactions,
    long_tasks: usize,
    /// What was told, in the order of `VITALS`.
    told: [Option<f64>; 5],
}

/// Time to first byte, first and largest contentful paint; layout shift and interaction to next paint.
const VITALS: [&str; 5] = ["ttfb", "fcp", "lcp", "cls", "inp"];
/// So many of them are of the load.
const OF_LOAD: usize = 3;

thread_local! {
    static SEEN: RefCell<Seen> = RefCell::default();
    /// Kept for the page's life.
    static OBSERVERS: RefCell<Vec<JsValue>> = const { RefCell::new(Vec::new()) };
}

/// Starts to watch. What a browser does not measure is left out.
pub(super) fn watch() {
    observe("paint", |seen, entry| {
        if page::get(entry, "name").as_string().as_deref() == Some("first-contentful-paint") {
            seen.first_contentful_paint_ms = Some(number(entry, "startTime"));
        }
    });
    observe("largest-contentful-paint", |seen, entry| {
        seen.largest_contentful_paint_ms = Some(number(entry, "startTime"));
    });
    observe("layout-shift", |seen, entry| {
        if page::get(entry, "hadRecentInput").is_falsy() {
            seen.layout_shift.shifted(number(entry, "startTime"), number(entry, "value"));
        }
    });
    observe("event", interaction);
    observe("first-input", interaction);
    observe("longtask", |seen, entry| {
        seen.long_tasks += 1;
        if seen.long_tasks <= MAX_LONG_TASKS {
            long_task(number(entry, "startTime"), number(entry, "duration"));
        }
    });
}

fn interaction(seen: &mut Seen, entry: &JsValue) {
    let id = number(entry, "interactionId");
    if id > 0.0 {
        seen.interactions.took(id, number(entry, "duration"));
    }
}

/// Tells what the page was like so far: it may not come back.
pub(super) fn finish() {
    let grown = SEEN.try_with(|seen| {
        let mut seen = seen.try_borrow_mut().ok()?;
        let first_byte_ms = page::performance()
            .map(|performance| performance.get_entries_by_type("navigation").get(0))
            .map(|navigation| number(&navigation, "responseStart"))
            .filter(|ms| *ms > 0.0);
        let measured = [
            first_byte_ms,
            seen.first_contentful_paint_ms,
            seen.largest_contentful_paint_ms,
            Some(seen.layout_shift.score()),
            seen.interactions.next_paint_ms(),
        ];
        let told = std::mem::replace(&mut seen.told, measured);
        Some(measured.into_iter().zip(told).enumerate().filter(|(at, (measured, told))| match told {
            Some(_) if *at < OF_LOAD => false,
            told => measured > told,
        }))
    });
    for (at, (value, _)) in grown.ok().flatten().into_iter().flatten() {
        let Some(value) = value else { continue };
        let name = VITALS[at];
        tell(
            "browser.web_vital",
            name.to_owned(),
            if at < OF_LOAD { actions::first_route() } else { actions::route() },
            vec![
                (development::BROWSER_WEB_VITAL_NAME, name.into()),
                (development::BROWSER_WEB_VITAL_VALUE, Value::Float(value)),
            ],
        );
    }
}

/// What the reader does counts anew: the page was left, and is back.
pub(super) fn again() {
    SEEN.with_borrow_mut(|seen| {
        let of_load = seen.told;
        *seen = Seen { long_tasks: seen.long_tasks, told: of_load, ..Seen::default() };
        seen.told[OF_LOAD..].fill(None);
    });
}

/// A task that kept the page from answering, in the action that it belongs to, if any.
fn long_task(start_ms: f64, duration_ms: f64) {
    let duration = (own::LONG_TASK_DURATION_MS, Value::Float(duration_ms));
    let started = (own::LONG_TASK_START_MS, Value::Float(start_ms));
    tell(
        "browser.long_task",
        "the page did not answer for a while".to_owned(),
        actions::route(),
        vec![duration, started],
    );
}

fn tell(event: &'static str, message: String, route: String, mut attributes: Attributes) {
    attributes.push((stable::HTTP_ROUTE, route.into()));
    let place = recorder::place(&actions::latest());
    export::log(&LogRecord { at_us: page::now_us(), severity: Severity::Info, event, message, attributes, place });
}

fn number(entry: &JsValue, key: &str) -> f64 {
    page::get(entry, key).as_f64().unwrap_or_default()
}

/// Calls `see` with each entry of a kind, those from before included.
fn observe(kind: &'static str, see: fn(&mut Seen, &JsValue)) -> Option<()> {
    let heard = Closure::<dyn FnMut(JsValue)>::new(move |list: JsValue| {
        let entries: Option<Function> = page::get(&list, "getEntries").dyn_into().ok();
        let entries = entries.and_then(|entries| entries.call0(&list).ok());
        let Some(entries) = entries.and_then(|entries| entries.dyn_into::<Array>().ok()) else { return };
        SEEN.with_borrow_mut(|seen| entries.iter().for_each(|entry| see(seen, &entry)));
    });
    let class: Function = page::get(page::window()?.as_ref(), "PerformanceObserver").dyn_into().ok()?;
    let observer = Reflect::construct(&class, &Array::of1(&heard.into_js_value())).ok()?;
    let options = js_sys::Object::new();
    page::set(&options, "type", &JsValue::from_str(kind));
    page::set(&options, "buffered", &JsValue::TRUE);
    // Interactions that are faster than that are answered at once.
    page::set(&options, "durationThreshold", &JsValue::from_f64(16.0));
    let observe: Function = page::get(&observer, "observe").dyn_into().ok()?;
    // Fails where the browser does not know the kind.
    observe.call1(&observer, &options).ok()?;
    OBSERVERS.with_borrow_mut(|observers| observers.push(observer));
    Some(())
}

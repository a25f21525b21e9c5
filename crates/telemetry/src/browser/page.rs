//! The few things of the browser that everything here needs.

use crate::browser::labels;
use std::cell::{Cell, OnceCell};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{Event, EventTarget, Performance, Window};

struct Page {
    window: Window,
    performance: Performance,
    origin: String,
}

thread_local! {
    static PAGE: OnceCell<Page> = const { OnceCell::new() };
    /// How far the page's own clock has fallen behind.
    static BEHIND_MS: Cell<f64> = const { Cell::new(0.0) };
}

/// Less than that is how exactly the clocks are read.
const NOTICED_MS: f64 = 20.0;

/// `None` in a worker.
fn with<R>(f: impl FnOnce(&Page) -> R) -> Option<R> {
    PAGE.with(|cell| {
        if cell.get().is_none() {
            let window = web_sys::window()?;
            let page = Page {
                performance: window.performance()?,
                origin: window.location().origin().unwrap_or_default(),
                window,
            };
            let _ = cell.set(page);
        }
        cell.get().map(f)
    })
}

pub(super) fn window() -> Option<Window> {
    with(|page| page.window.clone())
}

pub(super) fn performance() -> Option<Performance> {
    with(|page| page.performance.clone())
}

/// The path of a URL of the page's own origin, without query and fragment.
pub(super) fn own_path(url: &str) -> Option<String> {
    with(|page| labels::own_path(url, &page.origin).map(str::to_owned)).flatten()
}

/// The path of the page itself.
pub(super) fn path() -> String {
    window().and_then(|window| window.location().pathname().ok()).unwrap_or_default()
}

/// Microseconds since 1970 of a time on the page's own clock, in milliseconds.
pub(super) fn at_us(page_ms: f64) -> u64 {
    with(|page| ((page.performance.time_origin() + page_ms + BEHIND_MS.get()) * 1e3).round() as u64).unwrap_or_default()
}

/// Microseconds since 1970.
pub(super) fn now_us() -> u64 {
    at_us(with(|page| page.performance.now()).unwrap_or_default())
}

/// The page's own clock stands still while the computer sleeps, on most systems; the one on the wall does not.
pub(super) fn set_clock() {
    with(|page| {
        let behind_ms = js_sys::Date::now() - page.performance.time_origin() - page.performance.now();
        if (behind_ms - BEHIND_MS.get()).abs() > NOTICED_MS {
            BEHIND_MS.set(behind_ms);
        }
    });
}

/// Fills `bytes` from the browser's cryptographic generator.
pub(super) fn random(bytes: &mut [u8]) {
    let filled = with(|page| page.window.crypto().and_then(|crypto| crypto.get_random_values_with_u8_array(bytes)));
    // Nothing else makes ids here; 1 keeps them valid where the generator is missing.
    if !matches!(filled, Some(Ok(_))) {
        bytes.fill(1);
    }
}

/// The `content` of a `<meta>`.
pub(super) fn meta(name: &str) -> Option<String> {
    let selector = ["meta[name='", name, "']"].concat();
    window()?.document()?.query_selector(&selector).ok()??.get_attribute("content")
}

/// Listens for the page's life, ahead of everyone else's listeners.
pub(super) fn listen(target: &EventTarget, kind: &str, handler: impl FnMut(Event) + 'static) {
    let handler = Closure::<dyn FnMut(Event)>::new(handler).into_js_value();
    let _ = target.add_event_listener_with_callback_and_bool(kind, handler.unchecked_ref(), true);
}

/// Runs `f` after at least `ms` milliseconds.
pub(super) fn after(ms: i32, f: impl FnOnce() + 'static) {
    if let Some(window) = window() {
        let f = Closure::once_into_js(f);
        let _ = window.set_timeout_with_callback_and_timeout_and_arguments_0(f.unchecked_ref(), ms);
    }
}

/// A property that web-sys does not name.
pub(super) fn get(object: &JsValue, key: &str) -> JsValue {
    js_sys::Reflect::get(object, &JsValue::from_str(key)).unwrap_or_default()
}

/// Sets a property that web-sys does not name.
pub(super) fn set(object: &JsValue, key: &str, value: &JsValue) {
    let _ = js_sys::Reflect::set(object, &JsValue::from_str(key), value);
}

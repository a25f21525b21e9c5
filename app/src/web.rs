//! The browser, as far as the pages touch it directly.

use js_sys::{Date, Intl, Object, Promise, Reflect};
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Document, Element, Event, EventTarget, FormData, HtmlDocument, HtmlElement, HtmlFormElement, HtmlTextAreaElement,
    Location, SubmitEvent, UrlSearchParams, Window,
};

#[must_use]
pub fn window() -> Option<Window> {
    web_sys::window()
}

#[must_use]
pub fn document() -> Option<Document> {
    window()?.document()
}

/// The `<html>` element.
#[must_use]
pub fn root() -> Option<Element> {
    document()?.document_element()
}

#[must_use]
pub fn find(selector: &str) -> Option<HtmlElement> {
    document()?.query_selector(selector).ok()??.dyn_into().ok()
}

/// Listens for as long as the page lives.
pub fn listen(target: &EventTarget, kind: &str, handler: impl FnMut(Event) + 'static) {
    let handler = Closure::<dyn FnMut(Event)>::new(handler).into_js_value();
    let _ = target.add_event_listener_with_callback(kind, handler.unchecked_ref());
}

/// Runs `task` once, after `ms` milliseconds; the id cancels it with [`cancel`].
pub fn after(ms: i32, task: impl FnOnce() + 'static) -> Option<i32> {
    let task = Closure::once_into_js(task);
    window()?.set_timeout_with_callback_and_timeout_and_arguments_0(task.unchecked_ref(), ms).ok()
}

/// Puts a text into the clipboard; whether that worked.
pub async fn copy(text: &str) -> bool {
    let Some(window) = window() else { return false };
    // Pages have no clipboard on plain HTTP, but for those of this machine.
    let is_there = Reflect::get(&window.navigator(), &"clipboard".into()).is_ok_and(|clipboard| clipboard.is_object());
    if is_there {
        return JsFuture::from(window.navigator().clipboard().write_text(text)).await.is_ok();
    }
    copy_selected(text).unwrap_or(false)
}

/// As a reader would, who selects and copies.
fn copy_selected(text: &str) -> Option<bool> {
    let document = document()?;
    let focused: Option<HtmlElement> = document.active_element().and_then(|element| element.dyn_into().ok());
    let field: HtmlTextAreaElement = document.create_element("textarea").ok()?.dyn_into().ok()?;
    field.set_value(text);
    document.body()?.append_child(&field).ok()?;
    field.select();
    let copied = document.dyn_ref::<HtmlDocument>()?.exec_command("copy").unwrap_or(false);
    field.remove();
    focused.map(|element| element.focus());
    Some(copied)
}

/// Waits, `ms` milliseconds.
pub async fn pause(ms: i32) {
    let over = Promise::new(&mut |done, _| {
        if let Some(window) = window() {
            let _ = window.set_timeout_with_callback_and_timeout_and_arguments_0(&done, ms);
        }
    });
    let _ = JsFuture::from(over).await;
}

/// Whether the reader cannot see the page: it is in another tab.
#[must_use]
pub fn is_hidden() -> bool {
    document().is_some_and(|document| document.hidden())
}

pub fn cancel(timeout: i32) {
    if let Some(window) = window() {
        window.clear_timeout_with_handle(timeout);
    }
}

pub fn close_menus() {
    let Some(menus) = document().and_then(|document| document.query_selector_all("details.menu[open]").ok()) else {
        return;
    };
    for menu in (0..menus.length()).filter_map(|i| menus.item(i)) {
        if let Some(menu) = menu.dyn_ref::<Element>() {
            let _ = menu.remove_attribute("open");
        }
    }
}

/// Loads the page of an address, or this one again, without the error that an earlier form left in its address.
pub fn load(address: Option<&str>) {
    let Some(location) = window().map(|window| window.location()) else { return };
    let _ = match (address, without_error(&location)) {
        (Some(address), _) => location.assign(address),
        (None, Some(address)) => location.replace(&address),
        (None, None) => location.reload(),
    };
}

/// The address without what Leptos adds for a form that failed without JavaScript; `None` when there is none.
fn without_error(location: &Location) -> Option<String> {
    let query = UrlSearchParams::new_with_str(&location.search().ok()?).ok()?;
    if !query.has("__err") {
        return None;
    }
    query.delete("__err");
    query.delete("__path");
    let query = String::from(query.to_string());
    let mark = if query.is_empty() { "" } else { "?" };
    Some(format!("{}{mark}{query}{}", location.pathname().ok()?, location.hash().ok()?))
}

/// Empties the text area if what it holds is `unwanted`, as its reader would.
pub fn empty(selector: &str, unwanted: impl Fn(&str) -> bool) {
    let field = find(selector).and_then(|field| field.dyn_into::<HtmlTextAreaElement>().ok());
    if let Some(field) = field.filter(|field| unwanted(&field.value())) {
        field.set_value("");
        if let Ok(event) = Event::new("input") {
            let _ = field.dispatch_event(&event);
        }
    }
}

/// Whether the server answers at all.
pub async fn answers(path: &str) -> bool {
    match window() {
        Some(window) => JsFuture::from(window.fetch_with_str(path)).await.is_ok(),
        None => false,
    }
}

/// Moves the focus to the first match, once there is one (a page that is still coming gets a second).
pub fn focus_when_there(selector: &'static str) {
    fn attempt(selector: &'static str, left: u32) {
        match find(selector) {
            Some(element) => {
                let _ = element.focus();
            }
            None if left > 0 => {
                let _ = after(50, move || attempt(selector, left - 1));
            }
            None => {}
        }
    }
    attempt(selector, 20);
}

/// The fields of a submitted form, as the browser itself would send them; `None` when they cannot be read.
#[must_use]
pub fn form_fields(event: &SubmitEvent) -> Option<String> {
    let form: HtmlFormElement = event.target()?.dyn_into().ok()?;
    let fields = FormData::new_with_form(&form).ok()?;
    Some(UrlSearchParams::new_with_str_sequence_sequence(&fields).ok()?.to_string().into())
}

/// Milliseconds since 1970.
#[must_use]
pub fn now_ms() -> i64 {
    Date::now() as i64
}

/// How far local time is ahead of UTC at a moment, in minutes.
#[must_use]
pub fn offset_minutes(ms: i64) -> i64 {
    -(Date::new(&JsValue::from_f64(ms as f64)).get_timezone_offset() as i64)
}

/// The reader's IANA time zone.
#[must_use]
pub fn zone() -> Option<String> {
    let format = Intl::DateTimeFormat::new(&js_sys::Array::new(), &Object::new());
    Reflect::get(&format.resolved_options(), &"timeZone".into()).ok()?.as_string()
}

/// What this tab keeps until it is closed.
#[must_use]
pub fn kept(key: &str) -> Option<String> {
    window()?.session_storage().ok()??.get_item(key).ok()?
}

/// Keeps a text for this tab; an empty one is forgotten.
pub fn keep(key: &str, text: &str) {
    if let Some(storage) = window().and_then(|window| window.session_storage().ok()?) {
        // Fails in a browser that keeps nothing, which is its reader's choice.
        let _ = if text.is_empty() { storage.remove_item(key) } else { storage.set_item(key, text) };
    }
}

#[must_use]
pub fn cookie(name: &str) -> Option<String> {
    let cookies = document()?.dyn_into::<HtmlDocument>().ok()?.cookie().ok()?;
    let found = cookies.split(';').find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))?;
    Some(found.to_owned())
}

/// Keeps a preference for a year; `value` must be free of `;` and white space.
pub fn set_cookie(name: &str, value: &str) {
    if let Some(document) = document().and_then(|document| document.dyn_into::<HtmlDocument>().ok()) {
        let secure = window().and_then(|window| window.location().protocol().ok()).is_some_and(|p| p == "https:");
        let secure = if secure { "; Secure" } else { "" };
        let _ = document.set_cookie(&format!("{name}={value}; Path=/; Max-Age=31536000; SameSite=Lax{secure}"));
    }
}

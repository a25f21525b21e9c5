//! What the frame does in the browser: keys, menus, theme, network, navigation.

use crate::web;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate};
use std::cell::Cell;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, FocusOptions, HtmlDialogElement, HtmlElement, KeyboardEvent, SubmitEvent};

/// How long `g` waits for its second key.
const CHORD_MS: i64 = 1_000;

pub fn wire(online: RwSignal<bool>) {
    let (Some(window), Some(document)) = (web::window(), web::document()) else { return };
    web::listen(&window, "online", move |_| online.set(true));
    web::listen(&window, "offline", move |_| online.set(false));
    web::listen(&document, "click", |event| close_menus(&event));
    wire_keys(&document);
    wire_navigation();
    Effect::new(move |_| {
        online.set(web::window().is_none_or(|window| window.navigator().on_line()));
        if let Some(root) = web::root() {
            let _ = root.set_attribute("data-script", "on");
        }
    });
}

/// After a navigation: it is a span, menus close, and the focus goes to the new page.
fn wire_navigation() {
    let path = use_location().pathname;
    Effect::new(move |before: Option<String>| {
        let path = path.get();
        if before.as_ref() != Some(&path) {
            // The first one is the page load's own route.
            telemetry::browser::navigated(crate::patterns::pattern(&path), &path);
        }
        if before.is_some_and(|before| before != path) {
            web::close_menus();
            if let Some(main) = web::find("#main") {
                let options = FocusOptions::new();
                options.set_prevent_scroll(true);
                let _ = main.focus_with_options(&options);
            }
        }
        path
    });
}

/// A click elsewhere closes open menus.
fn close_menus(event: &Event) {
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    let inside = target.and_then(|target| target.closest("details.menu[open]").ok().flatten()).is_some();
    if !inside {
        web::close_menus();
    }
}

/// Changes the theme in place; the cookie tells the server of it with the next page.
pub fn change_theme(event: &SubmitEvent) {
    let Some(theme) = event.submitter().and_then(|button| button.get_attribute("value")) else { return };
    event.prevent_default();
    web::set_cookie("theme", &theme);
    if let Some(root) = web::root() {
        let _ = root.set_attribute("data-theme", &theme);
    }
    if let Some(meta) = web::document().and_then(|document| document.query_selector("meta[name=color-scheme]").ok()?) {
        let _ = meta.set_attribute("content", &theme);
    }
}

fn wire_keys(document: &web_sys::Document) {
    let navigate = use_navigate();
    let go = Rc::new(move |path: &str| navigate(path, NavigateOptions::default()));
    let g_at = Cell::new(0_i64);
    web::listen(document, "keydown", move |event| {
        let Some(event) = event.dyn_ref::<KeyboardEvent>() else { return };
        if event.key() == "Escape" {
            return web::close_menus();
        }
        if event.ctrl_key() || event.meta_key() || event.alt_key() || event.is_composing() || is_typing(event) {
            return;
        }
        let key = latin_key(event);
        let after_g = web::now_ms() - g_at.replace(0) < CHORD_MS;
        let done = if after_g { second_key(&key, &*go) } else { single_key(&key, &*go, &g_at) };
        if done {
            event.prevent_default();
        }
    });
}

/// The key; with a Korean layout the letter that is printed beside it.
fn latin_key(event: &KeyboardEvent) -> String {
    let key = event.key();
    match event.code().strip_prefix("Key") {
        Some(letter) if !key.is_ascii() => letter.to_ascii_lowercase(),
        _ => key,
    }
}

/// Whether the key belongs to what has the focus.
fn is_typing(event: &KeyboardEvent) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<HtmlElement>().ok());
    target.is_some_and(|target| {
        target.is_content_editable()
            || matches!(&*target.tag_name(), "INPUT" | "TEXTAREA" | "SELECT")
            || in_dialog(&target)
    })
}

fn in_dialog(target: &Element) -> bool {
    target.closest("dialog[open]").ok().flatten().is_some()
}

fn second_key(key: &str, go: &dyn Fn(&str)) -> bool {
    match key {
        "m" => go("/messages"),
        "s" => go("/status"),
        "l" => go("/logs"),
        "t" => go("/traces"),
        _ => return false,
    }
    true
}

fn single_key(key: &str, go: &dyn Fn(&str), g_at: &Cell<i64>) -> bool {
    match key {
        "g" => g_at.set(web::now_ms()),
        "/" => go_and_focus("/search", "#search-field", go),
        "n" => go_and_focus("/messages", "#new-message", go),
        "j" => return move_in_list(1),
        "k" => return move_in_list(-1),
        "?" => return show_help(),
        _ => return false,
    }
    true
}

fn go_and_focus(path: &str, field: &'static str, go: &dyn Fn(&str)) {
    if web::find(field).is_none() {
        go(path);
    }
    web::focus_when_there(field);
}

/// Moves the focus among the elements with `data-row`.
fn move_in_list(step: i32) -> bool {
    let Some(document) = web::document() else { return false };
    let Ok(rows) = document.query_selector_all("[data-row]") else { return false };
    let row = |i: i32| rows.item(u32::try_from(i).ok()?)?.dyn_into::<HtmlElement>().ok();
    let focused = document.active_element();
    let at = (0..rows.length() as i32).find(|i| row(*i).is_some_and(|row| row.contains(focused.as_deref())));
    let target = at.map_or(if step > 0 { 0 } else { -1 }, |at| at + step);
    match row(target) {
        Some(row) => row.focus().is_ok(),
        None => false,
    }
}

fn show_help() -> bool {
    let dialog = web::find("#keyboard-help").and_then(|dialog| dialog.dyn_into::<HtmlDialogElement>().ok());
    dialog.is_some_and(|dialog| dialog.show_modal().is_ok())
}

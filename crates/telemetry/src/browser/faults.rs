//! Panics, uncaught errors and rejected promises, on the action they happened in.

use super::record::{Event, Status};
use super::{actions, export, labels, page, recorder};
use crate::names::stable;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::ErrorEvent;

/// Starts listening.
pub(super) fn listen() -> Option<()> {
    std::panic::set_hook(Box::new(|info| {
        let text = info.to_string();
        web_sys::console::error_1(&JsValue::from_str(&text));
        happened(&text);
        // The program stops here: what is open never ends by itself, and no timer can be trusted.
        recorder::end_all();
        export::beacon();
    }));
    let window = page::window()?;
    page::listen(&window, "error", |event| {
        // Resources that fail to load come here too, without a message.
        if let Some(error) = event.dyn_ref::<ErrorEvent>() {
            happened(&error.message());
        }
    });
    page::listen(&window, "unhandledrejection", |event| {
        let reason = page::get(&event, "reason");
        let message = page::get(&reason, "message").as_string().or_else(|| reason.as_string());
        happened(&message.unwrap_or_else(|| "a promise was rejected".to_owned()));
    });
    Some(())
}

/// Fails the reader's latest action; without one the fault is a trace of its own.
fn happened(message: &str) {
    let message = labels::short(message);
    let span = actions::latest();
    if !span.is_none() {
        recorder::fail(&span, &message);
        return;
    }
    if let Some(mut record) = recorder::new_root("uncaught error") {
        let attributes = vec![(stable::EXCEPTION_MESSAGE.into(), message.clone().into())];
        record.happened(Event { name: stable::EXCEPTION.to_owned(), at_us: record.start_us, attributes });
        record.status = Status::Error(message);
        export::push(record);
    }
}

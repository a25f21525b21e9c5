//! Panics, uncaught errors and rejected promises: log records, and failures of the action they happened in.

use super::record::{Event, LogRecord, Severity, Status};
use super::{actions, document, export, labels, page, recorder};
use crate::names::stable;
use std::cell::Cell;
use std::panic::PanicHookInfo;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::ErrorEvent;

/// Of an exception; what is longer is cut.
const MAX_MESSAGE_BYTES: usize = 1024;
const MAX_STACK_BYTES: usize = 4096;

thread_local! {
    static PANICKED: Cell<bool> = const { Cell::new(false) };
}

/// Starts listening.
pub(super) fn listen() -> Option<()> {
    std::panic::set_hook(Box::new(|info| {
        let message = info.payload_as_str().unwrap_or("the program panicked");
        let place = info.location().map(ToString::to_string);
        print_panic(info);
        happened("panic", message, place.map(|place| ["at ", &place].concat()));
        PANICKED.set(true);
        // The program stops here: what is open never ends by itself, and no timer can be trusted.
        document::finish();
        recorder::end_all();
        export::beacon();
    }));
    let window = page::window()?;
    page::listen(&window, "error", |event| {
        // Resources that fail to load come here too, without a message.
        if let Some(error) = event.dyn_ref::<ErrorEvent>() {
            let thrown = page::get(error, "error");
            let kind = kind(&thrown, "Error");
            // A panic ends in one, and so does each later call of what has stopped.
            if PANICKED.get() && kind == "RuntimeError" {
                return;
            }
            happened(&kind, &error.message(), stack(&thrown));
        }
    });
    page::listen(&window, "unhandledrejection", |event| {
        let reason = page::get(&event, "reason");
        let message = page::get(&reason, "message").as_string().or_else(|| reason.as_string());
        let message = message.unwrap_or_else(|| "a promise was rejected".to_owned());
        happened(&kind(&reason, "UnhandledRejection"), &message, stack(&reason));
    });
    Some(())
}

/// Only prints panics: nothing is recorded.
pub(super) fn print() {
    std::panic::set_hook(Box::new(print_panic));
}

fn print_panic(info: &PanicHookInfo<'_>) {
    web_sys::console::error_1(&JsValue::from_str(&info.to_string()));
}

fn kind(thrown: &JsValue, otherwise: &str) -> String {
    page::get(thrown, "name").as_string().unwrap_or_else(|| otherwise.to_owned())
}

fn stack(thrown: &JsValue) -> Option<String> {
    page::get(thrown, "stack").as_string()
}

/// Fails the reader's latest action; without one the fault is a trace of its own.
fn happened(kind: &str, message: &str, stack: Option<String>) {
    let message = labels::cut(message, MAX_MESSAGE_BYTES).to_owned();
    let span = actions::latest();
    recorder::fail(&span, &message);
    // What is latest may have ended with everything else.
    let place = recorder::place(&span).or_else(|| {
        recorder::new_root("uncaught error").map(|mut record| {
            let attributes = vec![(stable::EXCEPTION_MESSAGE, message.clone().into())];
            record.happened(Event { name: stable::EXCEPTION.to_owned(), at_us: record.start_us, attributes });
            record.status = Status::Error(message.clone());
            let place = record.place;
            export::push(record);
            place
        })
    });
    let mut attributes = vec![
        (stable::EXCEPTION_TYPE, kind.to_owned().into()),
        (stable::EXCEPTION_MESSAGE, message.clone().into()),
        (stable::URL_PATH, page::path().into()),
        (stable::HTTP_ROUTE, actions::route().into()),
    ];
    if let Some(stack) = stack {
        attributes.push((stable::EXCEPTION_STACKTRACE, labels::cut(&stack, MAX_STACK_BYTES).to_owned().into()));
    }
    let (at_us, severity) = (page::now_us(), Severity::Error);
    export::log(&LogRecord { at_us, severity, event: stable::EXCEPTION, message, attributes, place });
}

//! Panics as log records, in the trace they broke.

use std::backtrace::Backtrace;
use std::panic::PanicHookInfo;

/// From now on a panic is logged like any error, and printed where panics always are: nothing may be left to log it with.
pub(super) fn log() {
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        tell(panic);
        print(panic);
    }));
}

fn tell(panic: &PanicHookInfo<'_>) {
    let message = panic.payload_as_str().unwrap_or("a panic without a message");
    let (file, line) = panic.location().map_or(("", 0), |location| (location.file(), location.line()));
    tracing::error!(
        event.name = "exception",
        exception.type = "panic",
        exception.message = message,
        // Empty unless RUST_BACKTRACE asks for it: finding out takes long.
        exception.stacktrace = %Backtrace::capture(),
        code.file.path = file,
        code.line.number = line,
        "panicked"
    );
}

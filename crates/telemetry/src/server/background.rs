//! Threads that work for telemetry: requests come first.

use std::io;

/// On Linux, of a thread: what is left of a busy processor is shared one to nine with those who answer requests. Idle ones have
/// all of it.
const NICENESS: i32 = 10;

/// Starts a thread that gives way to the program's own work.
pub(super) fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let work = move || {
        // Where that is not allowed, it works as the others do.
        #[cfg(target_os = "linux")]
        let _ = rustix::process::nice(NICENESS);
        work();
    };
    std::thread::Builder::new().name(name.to_owned()).spawn(work).map(drop)
}

//! API events: in-process.

mod in_process;

pub use in_process::InProcessEvents;

//! API events on their way to the statistics: within this process, or through Kafka.

mod in_process;
pub mod kafka;
mod none;
mod packed;
mod record;
mod spool;

pub use in_process::{InProcessEvents, InProcessSource};
pub use none::NoEvents;
pub use spool::{Spool, SpoolError};

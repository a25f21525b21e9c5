//! For one process: everything here is gone when it ends, and all of it is bounded.

mod api_log;
mod faults;
mod live;
mod search;
mod sessions;

pub use api_log::MemoryApiLog;
pub use faults::MemoryFaults;
pub use live::MemoryLive;
pub use search::MemorySearchCache;
pub use sessions::MemorySessions;

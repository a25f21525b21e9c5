//! Sessions, search cache, API log and live news: in memory.

pub mod memory;

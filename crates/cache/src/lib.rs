//! Sessions, search cache, API log and live news: in memory, or on Redis.

pub mod memory;
pub mod redis;

//! The [`board::ports::Store`] port on database engines, one module per engine.

mod sqlite;

pub use sqlite::{OpenError, SqliteStore, backup, restore};

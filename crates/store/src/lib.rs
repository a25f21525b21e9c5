//! The [`board::ports::Store`] port on database engines, one module per engine. What they share knows no SQL dialect.

mod counts;
mod mariadb;
mod search;
mod sqlite;
mod statement;

pub use mariadb::{MariaError, MariaOptions, MariaStore, MariaTls};
pub use sqlite::{OpenError, SqliteStore, backup, restore};

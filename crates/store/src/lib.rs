//! The [`board::ports::Store`] and [`board::ports::StatisticsStore`] ports on database engines, one module per engine. What they share knows no SQL dialect.

mod counts;
mod mariadb;
mod row;
mod search;
mod sqlite;
mod statement;
mod statistics;

pub use mariadb::{MariaError, MariaOptions, MariaStore, MariaTls};
pub use sqlite::{OpenError, SqliteStore, backup, restore};

//! Real engines for tests, started on loopback and ended with the test's process.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::missing_panics_doc, reason = "a test that can't run fails")]

mod certificates;
mod kafka;
mod mariadb;
mod process;
mod prometheus;
mod redis;

pub use certificates::Certificates;
pub use kafka::Kafka;
pub use mariadb::Mariadb;
pub use prometheus::Prometheus;
pub use redis::Redis;

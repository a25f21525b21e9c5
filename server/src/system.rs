//! The real clock, the real randomness, and where the board's doings are counted.

use board::ports::{Clock, Happened, Meter, PortError, Random};
use model::Timestamp;
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use telemetry::server::metrics;

pub struct SystemClock(Instant);

impl Default for SystemClock {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn monotonic_us(&self) -> u64 {
        u64::try_from(self.0.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

pub struct SystemRandom;

impl Random for SystemRandom {
    fn bytes(&self) -> Result<[u8; 32], PortError> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|error| PortError::new("system randomness", error))?;
        Ok(bytes)
    }
}

/// The process's metrics.
pub struct Metrics;

impl Meter for Metrics {
    fn happened(&self, what: Happened) {
        match what {
            Happened::Registered => metrics::registered(),
            Happened::LoggedIn => metrics::logged_in(true),
            Happened::LogInFailed => metrics::logged_in(false),
            Happened::MessagePosted => metrics::message_posted(),
            Happened::Searched { cached } => metrics::searched(cached),
        }
    }
}

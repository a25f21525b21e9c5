use crate::Timestamp;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SampleState {
    Running,
    Done,
    Cancelled,
    /// The store failed; what was stored until then stays.
    Failed,
}

/// A run of the sample generator (or of their removal).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SampleJob {
    pub id: u64,
    /// Whose job it is.
    pub username: String,
    pub removing: bool,
    pub wanted: u64,
    pub done: u64,
    pub state: SampleState,
    pub started_at: Timestamp,
    pub elapsed_ms: u64,
}

impl SampleJob {
    /// The most that anybody may generate at once.
    pub const MAX_FOR_ANYBODY: u64 = 100;
    /// The most that an operator may generate at once.
    pub const MAX_FOR_OPERATORS: u64 = 1_000_000;

    /// Messages per second so far.
    #[must_use]
    pub fn rate(&self) -> u64 {
        self.done.saturating_mul(1000).checked_div(self.elapsed_ms).unwrap_or(0)
    }

    /// Seconds that remain at this rate; `None` while the rate is unknown.
    #[must_use]
    pub fn remaining_s(&self) -> Option<u64> {
        (self.wanted.saturating_sub(self.done)).checked_div(self.rate())
    }
}

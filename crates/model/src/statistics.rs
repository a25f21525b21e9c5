use crate::Timestamp;
use serde::{Deserialize, Serialize};

/// How far back statistics look, and how finely.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Range {
    #[default]
    Hour,
    Day,
    Week,
}

impl Range {
    pub const ALL: [Self; 3] = [Self::Hour, Self::Day, Self::Week];

    /// As it stands in addresses.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
        }
    }

    /// Anything else means the last hour.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self::ALL.into_iter().find(|range| range.name() == name).unwrap_or_default()
    }

    #[must_use]
    pub const fn minutes(self) -> i64 {
        match self {
            Self::Hour => 60,
            Self::Day => 24 * 60,
            Self::Week => 7 * 24 * 60,
        }
    }

    /// Minutes that one point of a chart stands for.
    #[must_use]
    pub const fn step_minutes(self) -> i64 {
        match self {
            Self::Hour => 1,
            Self::Day => 15,
            Self::Week => 120,
        }
    }
}

/// What the API calls of a time were like.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Statistics {
    pub range: Range,
    /// The first minute that is counted.
    pub since: Timestamp,
    /// The end of the last one.
    pub until: Timestamp,
    pub step_minutes: i64,
    pub calls: u64,
    /// How many users made them.
    pub users: u64,
    /// One for each step, oldest first.
    pub slices: Vec<Slice>,
    /// The busiest first.
    pub routes: Vec<RouteStatistics>,
    /// One for each step of [`Statistics::log_in_step_minutes`], oldest first.
    pub log_ins: Vec<LogIns>,
    pub log_in_step_minutes: i64,
    /// The busiest first.
    pub active_users: Vec<UserActivity>,
    /// Events that could not be read and were put aside.
    pub aside: u64,
}

/// Latencies that half, 95 % and 99 % of the calls stayed below, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Percentiles {
    pub p50_us: u64,
    pub p95_us: u64,
    pub p99_us: u64,
}

/// The calls of one step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slice {
    pub at: Timestamp,
    pub succeeded: u64,
    /// Answered with 4xx.
    pub refused: u64,
    /// Answered with 5xx.
    pub failed: u64,
    /// `None` without calls whose duration is known.
    pub latency: Option<Percentiles>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteStatistics {
    pub method: String,
    pub endpoint: String,
    pub calls: u64,
    pub refused: u64,
    pub failed: u64,
    /// How many users called it.
    pub users: u64,
    pub latency: Option<Percentiles>,
}

/// What became of a wish to log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogIn {
    Succeeded,
    /// An unknown user or a wrong password.
    Refused,
    /// Too many tries.
    Limited,
    /// The board could not tell.
    Failed,
}

impl LogIn {
    pub const ALL: [Self; 4] = [Self::Succeeded, Self::Refused, Self::Limited, Self::Failed];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Refused => "refused",
            Self::Limited => "limited",
            Self::Failed => "failed",
        }
    }
}

/// The log-ins of one step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogIns {
    pub at: Timestamp,
    /// In the order of [`LogIn::ALL`].
    pub by_outcome: [u64; 4],
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserActivity {
    pub user: String,
    pub calls: u64,
    /// The minute of the last call.
    pub last_at: Timestamp,
}

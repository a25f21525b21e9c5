use crate::Timestamp;
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;

/// Trouble that an operator may ask for, to see what alerts and charts make of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FaultKind {
    /// Every page and call takes so many milliseconds longer.
    Latency,
    /// So many in a hundred pages and calls fail.
    Errors,
    /// So many in a hundred operations of the store fail, as if it were away.
    Store,
    /// The same of sessions, search cache and API log.
    Cache,
    /// Whoever counts events pauses so many milliseconds before each batch.
    Lag,
    /// The process takes so many MiB of memory, evenly, until the end.
    Memory,
}

impl FaultKind {
    pub const ALL: [Self; 6] = [Self::Latency, Self::Errors, Self::Store, Self::Cache, Self::Lag, Self::Memory];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Latency => "latency",
            Self::Errors => "errors",
            Self::Store => "store",
            Self::Cache => "cache",
            Self::Lag => "lag",
            Self::Memory => "memory",
        }
    }

    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// How much may be asked for.
    #[must_use]
    pub const fn amounts(self) -> RangeInclusive<u32> {
        match self {
            Self::Latency => 1..=10_000,
            Self::Errors | Self::Store | Self::Cache => 1..=100,
            Self::Lag => 1..=60_000,
            Self::Memory => 1..=1_024,
        }
    }

    /// An amount that shows.
    #[must_use]
    pub const fn usual(self) -> u32 {
        match self {
            Self::Latency => 500,
            Self::Errors => 20,
            Self::Store | Self::Cache => 100,
            Self::Lag => 5_000,
            Self::Memory => 200,
        }
    }

    #[must_use]
    pub const fn unit(self) -> &'static str {
        match self {
            Self::Latency | Self::Lag => "ms",
            Self::Errors | Self::Store | Self::Cache => "%",
            Self::Memory => "MiB",
        }
    }
}

/// A fault that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    pub kind: FaultKind,
    pub amount: u32,
    pub started_by: String,
    pub started_at: Timestamp,
    pub ends_at: Timestamp,
}

impl Fault {
    /// None lasts longer.
    pub const MOST_MINUTES: u32 = 60;
    pub const USUAL_MINUTES: u32 = 5;
}

#[cfg(test)]
mod tests {
    use super::FaultKind;

    #[test]
    fn every_kind_has_its_own_name_and_a_usual_amount_within_bounds() {
        for kind in FaultKind::ALL {
            assert_eq!(FaultKind::parse(kind.as_str()), Some(kind));
            assert_eq!(serde_json::to_value(kind).ok(), Some(kind.as_str().into()));
            assert!(kind.amounts().contains(&kind.usual()));
        }
        assert_eq!(FaultKind::parse("Latency"), None);
    }
}

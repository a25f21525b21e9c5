use crate::Timestamp;
use serde::{Deserialize, Serialize};

/// What the board stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DependencyName {
    Store,
    Cache,
    Events,
}

impl DependencyName {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Store => "store",
            Self::Cache => "cache",
            Self::Events => "events",
        }
    }
}

/// One of the things the board stands on, as it was found when asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dependency {
    pub name: DependencyName,
    /// The engine's name, as an operator knows it.
    pub engine: String,
    /// Why it is down; `None` when it is up.
    pub failure: Option<String>,
    /// How long it took to answer.
    pub latency_us: u64,
    /// Since when this process has found it up or down.
    pub since: Timestamp,
}

impl Dependency {
    #[must_use]
    pub const fn is_up(&self) -> bool {
        self.failure.is_none()
    }
}

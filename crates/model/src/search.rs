use crate::{BoardError, Code, Message, PageRequest};
use serde::{Deserialize, Serialize};

/// What is searched for: 1 to 200 characters; every one counts literally, spaces too.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SearchQuery(String);

impl SearchQuery {
    pub const MAX_CHARS: usize = 200;

    /// `None` when there is nothing to search for.
    ///
    /// # Errors
    /// `InvalidQuery` when longer than 200 characters.
    pub fn parse(text: &str) -> Result<Option<Self>, BoardError> {
        if text.chars().count() > Self::MAX_CHARS {
            return Err(Code::InvalidQuery.into());
        }
        Ok((!text.is_empty()).then(|| Self(text.to_owned())))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a total is exact or a lower bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TotalRelation {
    Eq,
    Gte,
}

/// A message that matches, with where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchHit {
    pub message: Message,
    /// Byte ranges of the matches in the message's text, ascending, not overlapping.
    pub highlights: Vec<(u32, u32)>,
}

/// A page of search results, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchPage {
    pub query: String,
    pub hits: Vec<SearchHit>,
    pub page: PageRequest,
    /// Exact up to 1,000; above that a lower bound, and `relation` says so.
    pub total: u64,
    pub relation: TotalRelation,
    /// Whether rows follow this page.
    pub has_more: bool,
    /// How long the search took on the server, in microseconds.
    pub took_us: u64,
    pub from_cache: bool,
}

use crate::functions::call::Call;
use leptos::prelude::*;
use model::{BoardError, Timestamp};
use serde::{Deserialize, Serialize};
use telemetry::client::{QuietClient, TracedClient};

/// What the search cache holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CacheReport {
    pub asked_at: Timestamp,
    /// Of all queries, also those that are not listed.
    pub total_queries: u64,
    pub total_hits: u64,
    /// Those with the most hits first, up to [`CacheReport::MOST`].
    pub queries: Vec<CachedSearch>,
}

/// A query whose results are in the cache.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CachedSearch {
    /// As it is compared: folded.
    pub query: String,
    pub results: u64,
    pub hits: u64,
    pub cached_at: Timestamp,
    pub expires_at: Timestamp,
}

impl CacheReport {
    /// Queries that are listed.
    pub const MOST: usize = 200;
}

/// What the search cache holds, for operators: what others searched for is in it.
///
/// # Errors
/// `Unauthenticated`, `OperatorsOnly`, `Unavailable`.
#[server(prefix = "/fn", endpoint = "cache/list", protocol = Call, client = QuietClient)]
pub async fn list_cache() -> Result<CacheReport, BoardError> {
    let result = async {
        crate::context::operator()?;
        let board = &crate::context::state().board;
        let mut cached = board.search().cached().await?;
        cached.sort_by_key(|query| std::cmp::Reverse((query.hits, query.cached_at)));
        Ok(CacheReport {
            asked_at: board.ports().clock.now(),
            total_queries: cached.len() as u64,
            total_hits: cached.iter().map(|query| query.hits).sum(),
            queries: cached.into_iter().take(CacheReport::MOST).map(Into::into).collect(),
        })
    };
    crate::functions::door::answer(result.await)
}

#[cfg(feature = "ssr")]
impl From<board::ports::CachedQuery> for CachedSearch {
    fn from(cached: board::ports::CachedQuery) -> Self {
        let board::ports::CachedQuery { query, hits, cached_at, expires_at, results } = cached;
        Self { query, results, hits, cached_at, expires_at }
    }
}

/// What a wish to clear the cache came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cleared {
    /// `None` when all were to go.
    pub query: Option<String>,
    /// How many queries went.
    pub count: u64,
}

/// Clears one query of the search cache, or all. For operators.
///
/// # Errors
/// `Unauthenticated`, `OperatorsOnly`, `Unavailable`.
#[server(prefix = "/fn", endpoint = "cache/clear", client = TracedClient)]
pub async fn clear_cache(query: Option<String>) -> Result<Cleared, BoardError> {
    let result = async {
        crate::context::operator()?;
        let count = crate::context::state().board.search().clear(query.as_deref()).await?;
        if crate::functions::door::is_plain_form() {
            leptos_axum::redirect(&format!("/cache?cleared={count}"));
        }
        Ok(Cleared { query, count })
    };
    crate::functions::door::answer(result.await)
}

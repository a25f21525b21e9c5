use super::shapes::{Answer, Asker, BadBody, NoOperator, NoSession, StoreFails, iso_date, require_operator};
use crate::problem::{ApiJson, api_lang};
use crate::state::ServerState;
use axum::Json;
use axum::extract::State;
use http::HeaderMap;
use http::header::ACCEPT_LANGUAGE;
use model::Lang;
use serde::{Deserialize, Serialize};

#[derive(Serialize, utoipa::ToSchema)]
pub struct CacheStats {
    status: &'static str,
    total_cached_queries: usize,
    total_hits: u64,
    cache_stats: Vec<CachedQueryRow>,
}

#[derive(Serialize, utoipa::ToSchema)]
pub struct CachedQueryRow {
    /// As it is compared: folded.
    query: String,
    hit_count: u64,
    timestamp: String,
    expires_at: String,
    results_count: u64,
}

#[derive(Deserialize, utoipa::ToSchema)]
pub struct Clear {
    /// Without it, all queries are cleared.
    #[serde(default)]
    query: Option<String>,
}

#[derive(Serialize, utoipa::ToSchema)]
pub struct Cleared {
    status: &'static str,
    message: &'static str,
    deleted_count: u64,
}

/// What the search cache holds. For operators.
#[utoipa::path(get, path = "/cache/search/stats", tag = "cache",
    security(("session" = [])),
    responses((status = 200, body = CacheStats), NoSession, NoOperator, StoreFails))]
pub async fn search_cache_stats(State(state): State<ServerState>, asker: Asker) -> Answer<CacheStats> {
    require_operator(&state, &asker)?;
    let cached = state.app.board.search().cached().await?;
    let row = |query: board::ports::CachedQuery| CachedQueryRow {
        query: query.query,
        hit_count: query.hits,
        timestamp: iso_date(query.cached_at),
        expires_at: iso_date(query.expires_at),
        results_count: query.results,
    };
    Ok(Json(CacheStats {
        status: "success",
        total_cached_queries: cached.len(),
        total_hits: cached.iter().map(|query| query.hits).sum(),
        cache_stats: cached.into_iter().map(row).collect(),
    }))
}

/// Clears one query of the search cache, or all. For operators.
#[utoipa::path(post, path = "/cache/search/clear", tag = "cache", request_body = Clear,
    security(("session" = [])),
    responses((status = 200, body = Cleared), BadBody, NoSession, NoOperator, StoreFails))]
pub async fn clear_search_cache(
    State(state): State<ServerState>,
    asker: Asker,
    headers: HeaderMap,
    ApiJson(clear): ApiJson<Clear>,
) -> Answer<Cleared> {
    require_operator(&state, &asker)?;
    let deleted_count = state.app.board.search().clear(clear.query.as_deref()).await?;
    let message = match api_lang(headers.get(ACCEPT_LANGUAGE)) {
        Lang::Ko => "검색 캐시를 비웠습니다",
        Lang::En => "The search cache was cleared.",
    };
    Ok(Json(Cleared { status: "success", message, deleted_count }))
}

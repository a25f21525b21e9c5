mod ending;

use super::connection::{Connection, Name};
use super::failure;
use async_trait::async_trait;
use board::Found;
use board::ports::{CachedQuery, PortError, SearchCache};
use ending::Ending;
use model::{PageRequest, SearchPage, Timestamp};
use redis::{Script, cmd, pipe};
use std::sync::{Arc, LazyLock};

/// A hash for each query, `search:{query}`: its pages of one generation, and how often they were of use. `search_queries`
/// has the queries in the order in which they came.
///
/// A generation is a random number: after a flush no old one comes again.
pub struct RedisSearchCache(Connection, Ending);

const TTL_S: i64 = 300;
/// Of all queries the newest are kept.
const MAX_QUERIES: usize = 500;
/// Of a query, the pages that people look at; when there are more, all go.
const MAX_PAGES: usize = 8;
/// A page that is larger is found again instead.
const MAX_BYTES: usize = 64 * 1024;

const GENERATION: &str = "search_generation";
const QUERIES: &str = "search_queries";

static PUT: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('HGET', KEYS[1], 'generation') ~= ARGV[1] or redis.call('HLEN', KEYS[1]) > tonumber(ARGV[9]) then
           redis.call('DEL', KEYS[1])
           redis.call('HSET', KEYS[1], 'generation', ARGV[1], 'hits', 0)
         end
         redis.call('HSET', KEYS[1], ARGV[2], ARGV[3], 'cached_at', ARGV[4], 'results', ARGV[5])
         redis.call('EXPIRE', KEYS[1], ARGV[6])
         redis.call('ZADD', KEYS[2], ARGV[4], ARGV[7])
         redis.call('EXPIRE', KEYS[2], ARGV[6])
         while redis.call('ZCARD', KEYS[2]) > tonumber(ARGV[8]) do
           redis.call('DEL', 'search:' .. redis.call('ZPOPMIN', KEYS[2])[1])
         end",
    )
});
static GET: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('HGET', KEYS[1], 'generation') ~= ARGV[1] then return false end
         local page = redis.call('HGET', KEYS[1], ARGV[2])
         if page then redis.call('HINCRBY', KEYS[1], 'hits', 1) end
         return page",
    )
});

fn key(query: &str) -> String {
    format!("search:{query}")
}

fn field(page: PageRequest) -> String {
    format!("page:{}:{}", page.number(), page.limit())
}

const fn named(operation: &'static str) -> Name {
    Name { operation, key: "search" }
}

/// What a hash says about its query.
const FACTS: [&str; 4] = ["generation", "hits", "cached_at", "results"];
type Facts = (Option<u64>, Option<u64>, Option<i64>, Option<u64>);

impl RedisSearchCache {
    pub(super) fn new(connection: Connection) -> Self {
        Self(connection, Ending::default())
    }

    async fn queries(&self) -> Result<Vec<String>, PortError> {
        self.0.command(named("ZRANGE"), cmd("ZRANGE").arg(QUERIES).arg(0).arg(-1)).await
    }

    async fn facts(&self, queries: &[String]) -> Result<Vec<Facts>, PortError> {
        if queries.is_empty() {
            return Ok(Vec::new());
        }
        let mut all = pipe();
        for query in queries {
            all.cmd("HMGET").arg(key(query)).arg(&FACTS);
        }
        self.0.pipeline(named("HMGET"), &all).await
    }
}

#[async_trait]
impl SearchCache for RedisSearchCache {
    async fn generation(&self) -> Option<u64> {
        let known: Option<u64> = self.0.command(named("GET"), cmd("GET").arg(GENERATION)).await.ok()?;
        if known.is_some() {
            return known;
        }
        // Nobody else's is replaced.
        let first = cmd("SET").arg(GENERATION).arg(random().ok()?).arg("NX").to_owned();
        self.0.command::<Option<String>>(named("SET"), &first).await.ok()?;
        self.0.command(named("GET"), cmd("GET").arg(GENERATION)).await.ok()?
    }

    async fn ready(&self) -> Result<(), PortError> {
        if self.1.has_just_ended(&self.0) { Ok(()) } else { self.end_generation().await }
    }

    async fn end_generation(&self) -> Result<(), PortError> {
        self.1.wait(&self.0, named("SET")).await
    }

    async fn get(&self, query: &str, page: PageRequest, generation: u64) -> Option<Arc<Found>> {
        let mut get = GET.prepare_invoke();
        get.key(key(query)).arg(generation).arg(field(page));
        let text: Option<String> = self.0.script(named("HGET"), &get).await.ok()?;
        let page: SearchPage = serde_json::from_str(&text?).ok()?;
        Some(Arc::new(Found::new(page)))
    }

    async fn put(&self, query: &str, found: Arc<Found>, generation: u64, now: Timestamp) {
        let Ok(page) = serde_json::to_string(&found.page) else { return };
        if page.len() > MAX_BYTES {
            return;
        }
        let mut put = PUT.prepare_invoke();
        put.key(key(query)).key(QUERIES).arg(generation).arg(field(found.page.page)).arg(page);
        put.arg(now.as_millis())
            .arg(found.page.total)
            .arg(TTL_S)
            .arg(query)
            .arg(MAX_QUERIES)
            .arg(MAX_PAGES + FACTS.len());
        // What could not be kept is found again.
        let _ = self.0.script::<()>(named("HSET"), &put).await;
    }

    async fn entries(&self, now: Timestamp) -> Result<Vec<CachedQuery>, PortError> {
        let generation = self.generation().await;
        let mut entries = Vec::new();
        let queries = self.queries().await?;
        let facts = self.facts(&queries).await?;
        for (query, (of, hits, cached_at, results)) in queries.into_iter().zip(facts) {
            if of.is_none() || of != generation {
                continue;
            }
            let cached_at = cached_at.map_or(now, Timestamp::from_millis);
            entries.push(CachedQuery {
                query,
                hits: hits.unwrap_or_default(),
                cached_at,
                expires_at: cached_at.plus_seconds(TTL_S),
                results: results.unwrap_or_default(),
            });
        }
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.hits));
        Ok(entries)
    }

    async fn clear(&self, query: Option<&str>) -> Result<u64, PortError> {
        let generation = self.generation().await;
        let queries = match query {
            Some(query) => vec![query.to_owned()],
            None => self.queries().await?,
        };
        let current = self.facts(&queries).await?.iter().filter(|(of, ..)| of.is_some() && *of == generation).count();
        if !queries.is_empty() {
            let keys: Vec<String> = queries.iter().map(|query| key(query)).collect();
            let mut clear = pipe();
            clear.cmd("DEL").arg(&keys).ignore();
            clear.cmd("ZREM").arg(QUERIES).arg(&queries).ignore();
            self.0.pipeline::<()>(named("DEL"), &clear).await?;
        }
        Ok(current as u64)
    }
}

fn random() -> Result<u64, PortError> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(|error| failure(error.to_string()))?;
    Ok(u64::from_le_bytes(bytes))
}

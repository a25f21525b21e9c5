use async_trait::async_trait;
use board::Found;
use board::ports::{CachedQuery, PortError, SearchCache};
use hashbrown::DefaultHashBuilder;
use model::{PageRequest, SearchPage, Timestamp};
use moka::sync::Cache;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Search results of one generation, at most [`MAX_BYTES`] and each for [`TTL_S`].
pub struct MemorySearchCache {
    pages: Cache<(String, PageRequest), Arc<Entry>, DefaultHashBuilder>,
    generation: AtomicU64,
}

struct Entry {
    found: Arc<Found>,
    generation: u64,
    cached_at: Timestamp,
    hits: AtomicU64,
}

const TTL_S: i64 = 300;
const MAX_BYTES: u64 = 16 * 1024 * 1024;

impl Default for MemorySearchCache {
    fn default() -> Self {
        let pages = Cache::builder()
            .max_capacity(MAX_BYTES)
            .weigher(|(query, _): &(String, PageRequest), entry: &Arc<Entry>| weight(query, &entry.found.page))
            .time_to_live(Duration::from_secs(TTL_S.unsigned_abs()))
            // Faster than the standard one; whoever may search could make texts share a place in what is bounded anyway.
            .build_with_hasher(DefaultHashBuilder::default());
        Self { pages, generation: AtomicU64::new(0) }
    }
}

/// Roughly the bytes that an entry holds, with what a door has written of it.
fn weight(query: &str, page: &SearchPage) -> u32 {
    let hits = page.hits.iter().map(|hit| {
        let text = hit.message.text.as_ref().map_or(0, String::len);
        512 + 2 * text + hit.highlights.len() * 8
    });
    u32::try_from(512 + query.len() + hits.sum::<usize>()).unwrap_or(u32::MAX)
}

impl MemorySearchCache {
    fn is_current(&self, entry: &Entry) -> bool {
        entry.generation == self.generation.load(Ordering::Acquire)
    }
}

#[async_trait]
impl SearchCache for MemorySearchCache {
    async fn generation(&self) -> Option<u64> {
        Some(self.generation.load(Ordering::Acquire))
    }

    async fn ready(&self) -> Result<(), PortError> {
        Ok(())
    }

    async fn end_generation(&self) -> Result<(), PortError> {
        self.generation.fetch_add(1, Ordering::AcqRel);
        Ok(())
    }

    async fn get(&self, query: &str, page: PageRequest, generation: u64) -> Option<Arc<Found>> {
        let entry = self.pages.get(&(query.to_owned(), page))?;
        if entry.generation != generation {
            return None;
        }
        entry.hits.fetch_add(1, Ordering::Relaxed);
        Some(Arc::clone(&entry.found))
    }

    async fn put(&self, query: &str, found: Arc<Found>, generation: u64, now: Timestamp) {
        let key = (query.to_owned(), found.page.page);
        self.pages.insert(key, Arc::new(Entry { found, generation, cached_at: now, hits: AtomicU64::new(0) }));
    }

    async fn entries(&self, _now: Timestamp) -> Result<Vec<CachedQuery>, PortError> {
        let mut queries: BTreeMap<String, CachedQuery> = BTreeMap::new();
        for (key, entry) in self.pages.iter().filter(|(_, entry)| self.is_current(entry)) {
            let hits = entry.hits.load(Ordering::Relaxed);
            let expires_at = entry.cached_at.plus_seconds(TTL_S);
            queries
                .entry(key.0.clone())
                .and_modify(|query| {
                    query.hits += hits;
                    query.cached_at = query.cached_at.max(entry.cached_at);
                    query.expires_at = query.expires_at.max(expires_at);
                })
                .or_insert(CachedQuery {
                    query: key.0.clone(),
                    hits,
                    cached_at: entry.cached_at,
                    expires_at,
                    results: entry.found.page.total,
                });
        }
        let mut queries: Vec<CachedQuery> = queries.into_values().collect();
        queries.sort_by_key(|query| std::cmp::Reverse(query.hits));
        Ok(queries)
    }

    async fn clear(&self, query: Option<&str>) -> Result<u64, PortError> {
        let wanted = self.pages.iter().filter(|(key, _)| query.is_none_or(|query| key.0 == query));
        let mut cleared = HashSet::new();
        for (key, entry) in wanted {
            self.pages.invalidate(&*key);
            if self.is_current(&entry) {
                cleared.insert(key.0.clone());
            }
        }
        Ok(cleared.len() as u64)
    }
}

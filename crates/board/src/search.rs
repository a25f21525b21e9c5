use crate::Ports;
use crate::fold::{fold, highlights};
use crate::ports::{CachedQuery, Happened, Matches};
use crate::sessions::SignedIn;
use model::{BoardError, Message, PageRequest, SearchHit, SearchPage, SearchQuery};
use std::sync::{Arc, OnceLock};

/// What a search found, and what a door has made of it: a page that comes from the cache is written once.
#[derive(Debug)]
pub struct Found {
    pub page: SearchPage,
    written: OnceLock<Arc<[u8]>>,
}

impl Found {
    #[must_use]
    pub const fn new(page: SearchPage) -> Self {
        Self { page, written: OnceLock::new() }
    }

    /// What `write` made of the page when it was first asked for. All callers must write alike.
    pub fn written(&self, write: impl FnOnce(&SearchPage) -> Vec<u8>) -> Arc<[u8]> {
        Arc::clone(self.written.get_or_init(|| write(&self.page).into()))
    }
}

/// Searches messages, through the cache.
pub struct Search {
    ports: Ports,
}

impl Search {
    pub(crate) fn new(ports: &Ports) -> Self {
        Self { ports: ports.clone() }
    }

    /// Messages that contain the query, newest first. Whoever asks must be signed in.
    ///
    /// # Errors
    /// `Unavailable`.
    #[tracing::instrument(name = "search", skip_all, fields(search.cache_hit = tracing::field::Empty))]
    pub async fn search(
        &self,
        _who: &SignedIn,
        query: &SearchQuery,
        page: PageRequest,
    ) -> Result<Arc<Found>, BoardError> {
        let started = self.ports.clock.monotonic_us();
        let folded = fold(query.as_str());
        // Read before the store is asked: a result is never kept under a generation younger than itself.
        let generation = self.ports.search_cache.generation().await;
        if let Some(generation) = generation
            && let Some(page) = self.ports.search_cache.get(&folded, page, generation).await
        {
            tracing::Span::current().record("search.cache_hit", true);
            self.ports.meter.happened(Happened::Searched { cached: true });
            return Ok(page);
        }
        tracing::Span::current().record("search.cache_hit", false);
        let matches = self.ports.store.search(query, page).await?;
        self.ports.meter.happened(Happened::Searched { cached: false });
        let took_us = self.ports.clock.monotonic_us().saturating_sub(started);
        let found = found(matches, query, &folded, page, took_us);
        if let Some(generation) = generation {
            let cached = Found::new(SearchPage { from_cache: true, ..found.clone() });
            self.ports.search_cache.put(&folded, Arc::new(cached), generation, self.ports.clock.now()).await;
        }
        Ok(Arc::new(Found::new(found)))
    }

    /// What the cache holds.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn cached(&self) -> Result<Vec<CachedQuery>, BoardError> {
        Ok(self.ports.search_cache.entries(self.ports.clock.now()).await?)
    }

    /// Clears one query, or all; how many entries went.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn clear(&self, query: Option<&str>) -> Result<u64, BoardError> {
        let folded = query.map(|query| fold(query.trim()));
        Ok(self.ports.search_cache.clear(folded.as_deref()).await?)
    }
}

fn found(matches: Matches, query: &SearchQuery, folded: &str, page: PageRequest, took_us: u64) -> SearchPage {
    let hit = |message: Message| SearchHit {
        highlights: message.text.as_deref().map(|text| highlights(text, folded)).unwrap_or_default(),
        message,
    };
    SearchPage {
        query: query.as_str().to_owned(),
        hits: matches.messages.into_iter().map(hit).collect(),
        page,
        total: matches.total,
        relation: matches.relation,
        has_more: matches.has_more,
        took_us,
        from_cache: false,
    }
}

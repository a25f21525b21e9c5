//! Ports whose engine seems to be away as often as a fault says.

use super::Faults;
use crate::ports::{
    ApiLog, Arrived, CachedQuery, CallStatistics, Counted, Deleted, Engine, Matches, Period, PortError, SearchCache,
    Session, SessionStore, StatisticsStore, Store, TokenHash, User,
};
use crate::{Found, Ports};
use async_trait::async_trait;
use model::{
    ApiLogEntry, ApiLogFilter, ApiLogPage, FaultKind, Message, MessagePage, MessageText, PageRequest, SearchQuery,
    Timestamp, Username,
};
use std::sync::Arc;

/// A port that fails before it is asked: nothing is half done.
struct Faulty<P: ?Sized> {
    port: Arc<P>,
    faults: Faults,
    kind: FaultKind,
    engine: &'static str,
}

impl<P: ?Sized> Faulty<P> {
    fn check(&self) -> Result<&P, PortError> {
        if self.faults.meets(self.kind) {
            return Err(PortError::new(self.engine, "away, because an operator asked for this fault"));
        }
        Ok(&self.port)
    }
}

impl Faults {
    /// The same ports, with faults where there can be any.
    pub(crate) fn within(&self, ports: Ports) -> Ports {
        if !self.are_possible() {
            return ports;
        }
        let (store, cache) = ((FaultKind::Store, ports.store.name()), (FaultKind::Cache, ports.sessions.name()));
        Ports {
            store: self.faulty(ports.store, store),
            statistics: self.faulty(ports.statistics, store),
            sessions: self.faulty(ports.sessions, cache),
            search_cache: self.faulty(ports.search_cache, cache),
            api_log: self.faulty(ports.api_log, cache),
            ..ports
        }
    }

    fn faulty<P: ?Sized>(&self, port: Arc<P>, (kind, engine): (FaultKind, &'static str)) -> Arc<Faulty<P>> {
        Arc::new(Faulty { port, faults: self.clone(), kind, engine })
    }
}

#[async_trait]
impl<P: Engine + ?Sized> Engine for Faulty<P> {
    fn name(&self) -> &'static str {
        self.port.name()
    }

    async fn ping(&self) -> Result<(), PortError> {
        self.check()?.ping().await
    }
}

#[async_trait]
impl Store for Faulty<dyn Store> {
    async fn add_user(&self, user: &User, key: &str, now: Timestamp) -> Result<bool, PortError> {
        self.check()?.add_user(user, key, now).await
    }

    async fn user(&self, key: &str) -> Result<Option<User>, PortError> {
        self.check()?.user(key).await
    }

    async fn set_password(&self, key: &str, hash: &str, instead_of: Option<&str>) -> Result<bool, PortError> {
        self.check()?.set_password(key, hash, instead_of).await
    }

    async fn add_message(&self, author: &Username, text: &MessageText, now: Timestamp) -> Result<Message, PortError> {
        self.check()?.add_message(author, text, now).await
    }

    async fn delete_message(&self, id: i64, author_key: &str) -> Result<Deleted, PortError> {
        self.check()?.delete_message(id, author_key).await
    }

    async fn list_messages(&self, author_key: Option<&str>, page: PageRequest) -> Result<Arc<MessagePage>, PortError> {
        self.check()?.list_messages(author_key, page).await
    }

    async fn search(&self, query: &SearchQuery, page: PageRequest) -> Result<Matches, PortError> {
        self.check()?.search(query, page).await
    }

    async fn add_samples(&self, author: &Username, texts: Vec<String>, now: Timestamp) -> Result<(), PortError> {
        self.check()?.add_samples(author, texts, now).await
    }

    async fn delete_samples(&self, author_key: Option<&str>, limit: u32) -> Result<u64, PortError> {
        self.check()?.delete_samples(author_key, limit).await
    }

    async fn count_samples(&self, author_key: Option<&str>) -> Result<u64, PortError> {
        self.check()?.count_samples(author_key).await
    }
}

#[async_trait]
impl StatisticsStore for Faulty<dyn StatisticsStore> {
    async fn count(&self, source: &str, events: Arc<Vec<Arrived>>, now: Timestamp) -> Result<Counted, PortError> {
        self.check()?.count(source, events, now).await
    }

    async fn calls(&self, period: Period) -> Result<CallStatistics, PortError> {
        self.check()?.calls(period).await
    }

    async fn forget(&self, minutes_before: i64, all_before: i64) -> Result<(), PortError> {
        self.check()?.forget(minutes_before, all_before).await
    }
}

#[async_trait]
impl SessionStore for Faulty<dyn SessionStore> {
    async fn add(&self, user_key: &str, token: TokenHash, session: Session) -> Result<Vec<String>, PortError> {
        self.check()?.add(user_key, token, session).await
    }

    async fn touch(
        &self,
        user_key: &str,
        token: &TokenHash,
        now: Timestamp,
        ttl_s: i64,
    ) -> Result<Option<Arc<Session>>, PortError> {
        self.check()?.touch(user_key, token, now, ttl_s).await
    }

    async fn list(&self, user_key: &str, now: Timestamp) -> Result<Vec<Arc<Session>>, PortError> {
        self.check()?.list(user_key, now).await
    }

    async fn end(&self, user_key: &str, id: &str) -> Result<bool, PortError> {
        self.check()?.end(user_key, id).await
    }

    async fn end_others(&self, user_key: &str, keep_id: Option<&str>) -> Result<Vec<String>, PortError> {
        self.check()?.end_others(user_key, keep_id).await
    }
}

#[async_trait]
impl SearchCache for Faulty<dyn SearchCache> {
    async fn generation(&self) -> Option<u64> {
        self.check().ok()?.generation().await
    }

    async fn ready(&self) -> Result<(), PortError> {
        self.check()?.ready().await
    }

    /// Not refused: the change is made, and would be found late.
    async fn end_generation(&self) -> Result<(), PortError> {
        self.port.end_generation().await
    }

    async fn get(&self, query: &str, page: PageRequest, generation: u64) -> Option<Arc<Found>> {
        self.port.get(query, page, generation).await
    }

    async fn put(&self, query: &str, found: Arc<Found>, generation: u64, now: Timestamp) {
        self.port.put(query, found, generation, now).await;
    }

    async fn entries(&self, now: Timestamp) -> Result<Vec<CachedQuery>, PortError> {
        self.check()?.entries(now).await
    }

    async fn clear(&self, query: Option<&str>) -> Result<u64, PortError> {
        self.check()?.clear(query).await
    }
}

#[async_trait]
impl ApiLog for Faulty<dyn ApiLog> {
    fn append(&self, entry: Arc<ApiLogEntry>) {
        self.port.append(entry);
    }

    async fn page(&self, filter: &ApiLogFilter, page: PageRequest) -> Result<ApiLogPage, PortError> {
        self.check()?.page(filter, page).await
    }
}

//! The store on MariaDB, which any number of processes share.
//!
//! A blocking driver on blocking threads, as with SQLite: docs/decisions/mariadb.md says why.

mod connections;
mod counts;
mod group;
mod indexer;
mod list;
mod messages;
mod options;
mod schema;
mod search;
mod shared_pages;
mod sql;
mod statistics;
mod transaction;
mod users;
mod writer;

pub use options::{MariaOptions, MariaTls};
pub use schema::MariaError;

use crate::statement::Statement;
use async_trait::async_trait;
use board::fold::user_key;
use board::ports::{
    Arrived, CallStatistics, Counted, Deleted, Engine, Matches, Period, PortError, StatisticsStore, Store, User,
};
use connections::{BUDGET, Connections, Patience};
use indexer::Indexer;
use messages::Author;
use model::{Message, MessagePage, MessageText, PageRequest, SearchQuery, Timestamp, Username};
use shared_pages::SharedPages;
use sql::{Sql, int};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use tokio::task::spawn_blocking;
use transaction::snapshot;
use writer::Writer;

/// The name under which failures are told, and `db.system.name`.
const ENGINE: &str = "mariadb";

fn failure(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> PortError {
    PortError::new(ENGINE, source)
}

/// Users and messages in a MariaDB database. Acknowledged writes are committed.
pub struct MariaStore {
    connections: Connections,
    pages: SharedPages,
    /// `None` once closed.
    threads: Mutex<Option<Threads>>,
}

struct Threads {
    writer: Writer,
    indexer: Indexer,
    handles: Vec<JoinHandle<()>>,
}

impl MariaStore {
    /// Connects, and brings the schema up to date. `size`: how many connections serve requests at most; three more write,
    /// index and do background jobs.
    ///
    /// # Errors
    /// [`MariaError`] when the server does not answer within 30 s or refuses, or the schema is newer or can't be changed.
    pub async fn open(options: MariaOptions, size: usize) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let of_schema = options.clone();
        spawn_blocking(move || schema::bring_up_to_date(&of_schema)).await??;
        let connections = Connections::new(options, size);
        let (indexer, index) = Indexer::new(connections.clone());
        let told = indexer.clone();
        let (writer, write) = Writer::new(connections.clone(), move |count| told.changed(count));
        let thread = |name: &str| std::thread::Builder::new().name(name.to_owned());
        let handles = vec![thread("mariadb-writer").spawn(write)?, thread("mariadb-index").spawn(index)?];
        indexer.changed(0);
        let threads = Mutex::new(Some(Threads { writer, indexer, handles }));
        Ok(Self { pages: SharedPages::new(connections.clone()), connections, threads })
    }

    /// Ends the store when all waiting posts are stored. Later operations fail.
    pub async fn close(&self) {
        self.connections.close().await;
        let threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(Threads { writer, indexer, handles }) = threads else { return };
        indexer.stop();
        drop((writer, indexer));
        let ended = spawn_blocking(move || handles.into_iter().all(|handle| handle.join().is_ok())).await;
        if !matches!(ended, Ok(true)) {
            tracing::error!("a thread of the store did not end in order");
        }
    }

    fn with_threads<T>(&self, f: impl FnOnce(&Threads) -> T) -> Result<T, PortError> {
        let threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        threads.as_ref().map(f).ok_or_else(|| failure("the store is closed"))
    }

    /// Tells the indexer.
    fn changed(&self, count: u64) {
        let _ = self.with_threads(|threads| threads.indexer.changed(count));
    }
}

fn author(name: &Username) -> Author {
    Author { name: name.to_string(), key: user_key(name) }
}

#[async_trait]
impl Store for MariaStore {
    async fn add_user(&self, user: &User, key: &str, now: Timestamp) -> Result<bool, PortError> {
        let (user, key) = (user.clone(), key.to_owned());
        self.connections.run(Patience::Request, move |sql| users::add(sql, &user, &key, now)).await
    }

    async fn user(&self, key: &str) -> Result<Option<User>, PortError> {
        let key = key.to_owned();
        self.connections.run(Patience::Request, move |sql| users::find(sql, &key)).await
    }

    async fn set_password(&self, key: &str, password_hash: &str, instead_of: Option<&str>) -> Result<bool, PortError> {
        let (key, hash, old) = (key.to_owned(), password_hash.to_owned(), instead_of.map(str::to_owned));
        self.connections.run(Patience::Request, move |sql| users::set_password(sql, &key, &hash, old.as_deref())).await
    }

    async fn add_message(&self, name: &Username, text: &MessageText, now: Timestamp) -> Result<Message, PortError> {
        let writer = self.with_threads(|threads| threads.writer.clone())?;
        writer.post(author(name), text.as_str().to_owned(), now, BUDGET).await
    }

    async fn delete_message(&self, id: i64, author_key: &str) -> Result<Deleted, PortError> {
        let key = author_key.to_owned();
        let deleted = self.connections.run(Patience::Request, move |sql| messages::delete(sql, id, &key)).await?;
        if deleted == Deleted::Yes {
            self.changed(1);
        }
        Ok(deleted)
    }

    async fn list_messages(&self, author_key: Option<&str>, page: PageRequest) -> Result<Arc<MessagePage>, PortError> {
        self.pages.page(author_key, page).await
    }

    async fn search(&self, query: &SearchQuery, page: PageRequest) -> Result<Matches, PortError> {
        let query = query.clone();
        let search = move |sql: &Sql<'_>| snapshot(sql, || crate::search::search(sql, &query, page));
        self.connections.run(Patience::Request, search).await
    }

    async fn add_samples(&self, name: &Username, texts: Vec<String>, now: Timestamp) -> Result<(), PortError> {
        let (author, count) = (author(name), texts.len() as u64);
        let add = move |sql: &Sql<'_>| messages::add_samples(sql, &author, &texts, now);
        self.connections.run(Patience::Job, add).await?;
        self.changed(count);
        Ok(())
    }

    async fn delete_samples(&self, author_key: Option<&str>, limit: u32) -> Result<u64, PortError> {
        let key = author_key.map(str::to_owned);
        let delete = move |sql: &Sql<'_>| messages::delete_samples(sql, key.as_deref(), limit);
        let count = self.connections.run(Patience::Job, delete).await?;
        self.changed(count);
        Ok(count)
    }

    async fn count_samples(&self, author_key: Option<&str>) -> Result<u64, PortError> {
        let key = author_key.map(str::to_owned);
        self.connections.run(Patience::Request, move |sql| messages::count_samples(sql, key.as_deref())).await
    }
}

#[async_trait]
impl StatisticsStore for MariaStore {
    async fn count(&self, source: &str, events: Arc<Vec<Arrived>>, now: Timestamp) -> Result<Counted, PortError> {
        let source = source.to_owned();
        self.connections.run(Patience::Request, move |sql| statistics::add(sql, &source, &events, now)).await
    }

    async fn calls(&self, period: Period) -> Result<CallStatistics, PortError> {
        self.connections.run(Patience::Request, move |sql| snapshot(sql, || statistics::calls(sql, period))).await
    }

    async fn forget(&self, minutes_before: i64, all_before: i64) -> Result<(), PortError> {
        self.connections.run(Patience::Job, move |sql| statistics::forget(sql, minutes_before, all_before)).await
    }
}

#[async_trait]
impl Engine for MariaStore {
    fn name(&self) -> &'static str {
        ENGINE
    }

    async fn ping(&self) -> Result<(), PortError> {
        const READ_ONLY: Statement = Statement::new("SELECT", "SELECT @@global.read_only + @@innodb_read_only");
        let row = self.connections.run(Patience::Request, |sql| sql.first(&READ_ONLY, ())).await?;
        match row.and_then(|row| int(&row, 0)) {
            Some(0) => Ok(()),
            _ => Err(failure("the server is read-only: nothing can be posted")),
        }
    }
}

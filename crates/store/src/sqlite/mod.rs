//! The store on one SQLite file: a thread that writes, a few connections that read.

mod backup;
mod counts;
mod damage;
mod list;
mod messages;
mod open;
mod readers;
mod search;
mod sql;
mod statistics;
mod takeover;
mod users;
mod writer;

pub use backup::{backup, restore};
pub use open::OpenError;

use crate::search::search;
use crate::statement::Statement;
use async_trait::async_trait;
use board::fold::user_key;
use board::ports::{
    Arrived, CallStatistics, Counted, Deleted, Engine, Matches, Period, PortError, StatisticsStore, Store, User,
};
use damage::Damage;
use messages::Author;
use model::{Message, MessagePage, MessageText, PageRequest, SearchQuery, Timestamp, Username};
use readers::{Length, Readers};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use tokio::sync::watch;
use writer::{Size, Writer};

const PING: Statement = Statement::new("SELECT", "SELECT 1");
/// Writes what is there already.
const TRIAL: Statement = Statement::new("PRAGMA", "PRAGMA application_id = 1196179027");

/// The name under which failures are told.
const ENGINE: &str = "sqlite";

fn failure(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> PortError {
    PortError::new(ENGINE, source)
}

/// Users and messages in one SQLite file. Acknowledged writes are on disk (fsync).
pub struct SqliteStore {
    readers: Readers,
    /// `None` once closed.
    writer: Mutex<Option<(Writer, JoinHandle<()>)>>,
    damage: Damage,
}

impl SqliteStore {
    /// Opens the database, made when there is none, and brings its schema up to date.
    ///
    /// # Errors
    /// [`OpenError`] when the file is not a Glassboard database, newer, damaged, locked, or can't be written.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let connection = open::writer(path)?;
        let damage = Damage::default();
        let (writer, work) = Writer::new(connection, damage.clone());
        let thread = std::thread::Builder::new().name("sqlite-writer".to_owned()).spawn(work).map_err(|error| {
            OpenError::Other { path: path.to_owned(), source: rusqlite::Error::ToSqlConversionFailure(error.into()) }
        })?;
        let readers = Readers::new(path.to_owned(), damage.clone());
        Ok(Self { readers, writer: Mutex::new(Some((writer, thread))), damage })
    }

    /// Ends the store when all waiting writes are done, and leaves one tidy file. Later operations fail.
    pub async fn close(&self) {
        self.readers.close().await;
        let open = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some((writer, thread)) = open else { return };
        drop(writer);
        let ended = tokio::task::spawn_blocking(move || thread.join()).await;
        if !matches!(ended, Ok(Ok(()))) {
            tracing::error!("the writer's thread did not end in order");
        }
    }

    /// Counts what other processes do to the database (a restore, a command), a few times a second. Inside of a runtime.
    #[must_use]
    pub fn watch(&self) -> Option<watch::Receiver<u64>> {
        self.writer().ok().map(|writer| writer.watch())
    }

    fn writer(&self) -> Result<Writer, PortError> {
        let open = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        open.as_ref().map(|(writer, _)| writer.clone()).ok_or_else(|| failure("the database is closed"))
    }
}

fn author(name: &Username) -> Author {
    Author { name: name.to_string(), key: user_key(name) }
}

#[async_trait]
impl Store for SqliteStore {
    async fn add_user(&self, user: &User, key: &str, now: Timestamp) -> Result<bool, PortError> {
        let (user, key) = (user.clone(), key.to_owned());
        self.writer()?.run(Size::Statement, move |sql, _| users::add(sql, &user, &key, now)).await
    }

    async fn user(&self, key: &str) -> Result<Option<User>, PortError> {
        let key = key.to_owned();
        self.readers.run(Length::Short, move |sql| users::find(sql, &key)).await
    }

    async fn set_password(&self, key: &str, password_hash: &str, instead_of: Option<&str>) -> Result<bool, PortError> {
        let (key, hash, old) = (key.to_owned(), password_hash.to_owned(), instead_of.map(str::to_owned));
        self.writer()?.run(Size::Statement, move |sql, _| users::set_password(sql, &key, &hash, old.as_deref())).await
    }

    async fn add_message(&self, name: &Username, text: &MessageText, now: Timestamp) -> Result<Message, PortError> {
        let (author, text) = (author(name), text.as_str().to_owned());
        self.writer()?.run(Size::Statement, move |sql, counts| messages::add(sql, counts, &author, &text, now)).await
    }

    async fn delete_message(&self, id: i64, author_key: &str) -> Result<Deleted, PortError> {
        let key = author_key.to_owned();
        self.writer()?.run(Size::Few, move |sql, counts| messages::delete(sql, counts, id, &key)).await
    }

    async fn list_messages(&self, author_key: Option<&str>, page: PageRequest) -> Result<Arc<MessagePage>, PortError> {
        let key = author_key.map(str::to_owned);
        self.readers.run(Length::Short, move |sql| list::page(sql, key.as_deref(), page).map(Arc::new)).await
    }

    async fn search(&self, query: &SearchQuery, page: PageRequest) -> Result<Matches, PortError> {
        let query = query.clone();
        self.readers.run(Length::Long, move |sql| search(sql, &query, page)).await
    }

    async fn add_samples(&self, name: &Username, texts: Vec<String>, now: Timestamp) -> Result<(), PortError> {
        let author = author(name);
        let size = Size::Bulk(texts.len() as u64);
        self.writer()?.run(size, move |sql, counts| messages::add_samples(sql, counts, &author, &texts, now)).await
    }

    async fn delete_samples(&self, author_key: Option<&str>, limit: u32) -> Result<u64, PortError> {
        let key = author_key.map(str::to_owned);
        self.writer()?
            .run(Size::Bulk(0), move |sql, counts| messages::delete_samples(sql, counts, key.as_deref(), limit))
            .await
    }

    async fn count_samples(&self, author_key: Option<&str>) -> Result<u64, PortError> {
        let key = author_key.map(str::to_owned);
        self.readers.run(Length::Short, move |sql| messages::count_samples(sql, key.as_deref())).await
    }
}

#[async_trait]
impl StatisticsStore for SqliteStore {
    async fn count(&self, source: &str, events: Arc<Vec<Arrived>>, now: Timestamp) -> Result<Counted, PortError> {
        let source = source.to_owned();
        self.writer()?.run(Size::Bulk(0), move |sql, _| statistics::add(sql, &source, &events, now)).await
    }

    async fn calls(&self, period: Period) -> Result<CallStatistics, PortError> {
        self.readers.run(Length::Long, move |sql| statistics::calls(sql, period)).await
    }

    async fn forget(&self, minutes_before: i64, all_before: i64) -> Result<(), PortError> {
        self.writer()?.run(Size::Bulk(0), move |sql, _| statistics::forget(sql, minutes_before, all_before)).await
    }
}

#[async_trait]
impl Engine for SqliteStore {
    fn name(&self) -> &'static str {
        ENGINE
    }

    async fn ping(&self) -> Result<(), PortError> {
        if self.damage.is_known() {
            return Err(failure(
                "the database is damaged: stop the server and restore the latest backup with `glassboard restore`",
            ));
        }
        self.readers.run(Length::Short, |sql| sql.first(&PING, (), |_| Ok(())).map(drop)).await?;
        let writer = self.writer()?;
        // Whether a full disk takes something again is only known by trying.
        if writer.is_stuck() {
            writer.run(Size::Statement, |sql, _| sql.execute(&TRIAL, ()).map(drop)).await?;
        }
        Ok(())
    }
}

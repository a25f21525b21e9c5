//! The engines that the settings choose, opened as the board's ports and closed in order.

use crate::config::EngineSettings;
use crate::data_folder::DataFolder;
use crate::system::{SystemClock, SystemRandom};
use board::{Board, Operators, Passwords, Ports, ports};
use cache::memory::{MemoryApiLog, MemoryLive, MemorySearchCache, MemorySessions};
use cache::redis::Redis;
use events::InProcessEvents;
use model::Username;
use std::path::Path;
use std::sync::Arc;
use store::{MariaStore, SqliteStore};
use tokio::sync::watch;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Connections of one process to MariaDB that serve requests.
const MARIADB_CONNECTIONS: usize = 16;

/// The store, by its engine.
enum OpenStore {
    Sqlite(Arc<SqliteStore>),
    Maria(Arc<MariaStore>),
}

/// What is open while the program runs.
pub struct Engines {
    store: OpenStore,
    redis: Option<Redis>,
    /// All of them are embedded.
    pub alone: bool,
}

impl Engines {
    /// Opens them; embedded ones in the data folder `data`.
    ///
    /// # Errors
    /// What keeps an engine from being used, as a sentence.
    pub async fn open(settings: &EngineSettings, data: &Path) -> Result<Self, Failure> {
        let store = match &settings.mariadb {
            Some(options) => OpenStore::Maria(Arc::new(MariaStore::open(options.clone(), MARIADB_CONNECTIONS).await?)),
            None => OpenStore::Sqlite(Arc::new(SqliteStore::open(&DataFolder::database(data))?)),
        };
        let redis = settings.redis.as_ref().map(Redis::open).transpose()?;
        Ok(Self { store, redis, alone: settings.are_embedded() })
    }

    /// The board that stands on them.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn board(&self, operators: &[Username]) -> Result<Board, Failure> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let store: Arc<dyn ports::Store> = match &self.store {
            OpenStore::Sqlite(store) => Arc::clone(store) as _,
            OpenStore::Maria(store) => Arc::clone(store) as _,
        };
        let embedded = Ports {
            store,
            sessions: Arc::new(MemorySessions::default()),
            search_cache: Arc::new(MemorySearchCache::default()),
            api_log: Arc::new(MemoryApiLog::default()),
            events: Arc::new(InProcessEvents::default()),
            live: Arc::new(MemoryLive::default()),
            clock: Arc::new(SystemClock::default()),
            random: Arc::new(SystemRandom),
        };
        let ports = match &self.redis {
            Some(redis) => Ports {
                sessions: Arc::clone(&redis.sessions) as _,
                search_cache: Arc::clone(&redis.search_cache) as _,
                api_log: Arc::clone(&redis.api_log) as _,
                live: Arc::clone(&redis.live) as _,
                ..embedded
            },
            None => embedded,
        };
        Ok(Board::new(ports, Operators::named(operators, self.alone), Passwords::owasp(cores)?))
    }

    /// Counts what other processes do to an embedded database. Inside of a runtime.
    #[must_use]
    pub fn watch(&self) -> Option<watch::Receiver<u64>> {
        match &self.store {
            OpenStore::Sqlite(store) => store.watch(),
            OpenStore::Maria(_) => None,
        }
    }

    /// Ends them, when what waits in them is done.
    pub async fn close(&self) {
        if let Some(redis) = &self.redis {
            redis.close().await;
        }
        match &self.store {
            OpenStore::Sqlite(store) => store.close().await,
            OpenStore::Maria(store) => store.close().await,
        }
    }
}

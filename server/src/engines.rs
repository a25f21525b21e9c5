//! The engines that the settings choose, opened as the board's ports and closed in order.

use crate::config::EngineSettings;
use crate::data_folder::DataFolder;
use crate::system::{Metrics, SystemClock, SystemRandom};
use board::ports::{self, EventSource};
use board::{Board, Operators, Passwords, Ports};
use cache::memory::{MemoryApiLog, MemoryFaults, MemoryLive, MemorySearchCache, MemorySessions};
use cache::redis::Redis;
use events::kafka::{KafkaEvents, KafkaOptions, KafkaSource};
use events::{InProcessEvents, NoEvents, Spool};
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

/// The way of API events, by its engine.
enum OpenEvents {
    /// A command makes none.
    None,
    InProcess(Arc<InProcessEvents>),
    Kafka(Arc<KafkaEvents>, KafkaOptions),
}

/// What is open while the program runs.
pub struct Engines {
    store: OpenStore,
    redis: Option<Redis>,
    events: OpenEvents,
    /// All of them are embedded.
    pub alone: bool,
}

impl Engines {
    /// Opens them; embedded ones in the data folder `data`. `spool`: how many bytes of API events may wait there; `None` for
    /// a command, which runs beside the server that they belong to.
    ///
    /// # Errors
    /// What keeps an engine from being used, as a sentence.
    pub async fn open(settings: &EngineSettings, data: &Path, spool: Option<u64>) -> Result<Self, Failure> {
        let store = match &settings.mariadb {
            Some(options) => OpenStore::Maria(Arc::new(MariaStore::open(options.clone(), MARIADB_CONNECTIONS).await?)),
            None => OpenStore::Sqlite(Arc::new(SqliteStore::open(&DataFolder::database(data))?)),
        };
        let redis = settings.redis.as_ref().map(Redis::open).transpose()?;
        let spool = spool.map(|bytes| Spool::open(&DataFolder::spool(data), bytes)).transpose()?;
        let events = match (spool, &settings.kafka) {
            (None, _) => OpenEvents::None,
            (Some(spool), Some(options)) => {
                OpenEvents::Kafka(Arc::new(KafkaEvents::open(options, spool)?), options.clone())
            }
            (Some(spool), None) => OpenEvents::InProcess(Arc::new(InProcessEvents::new(spool))),
        };
        Ok(Self { store, redis, events, alone: settings.are_embedded() })
    }

    /// The board that stands on them, with faults for operators to ask for, or without.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn board(&self, operators: &[Username], with_faults: bool) -> Result<Board, Failure> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let (store, statistics): (Arc<dyn ports::Store>, Arc<dyn ports::StatisticsStore>) = match &self.store {
            OpenStore::Sqlite(store) => (Arc::clone(store) as _, Arc::clone(store) as _),
            OpenStore::Maria(store) => (Arc::clone(store) as _, Arc::clone(store) as _),
        };
        let events: Arc<dyn ports::Events> = match &self.events {
            OpenEvents::None => Arc::new(NoEvents),
            OpenEvents::InProcess(events) => Arc::clone(events) as _,
            OpenEvents::Kafka(events, _) => Arc::clone(events) as _,
        };
        let embedded = Ports {
            store,
            sessions: Arc::new(MemorySessions::default()),
            search_cache: Arc::new(MemorySearchCache::default()),
            api_log: Arc::new(MemoryApiLog::default()),
            events,
            statistics,
            live: Arc::new(MemoryLive::default()),
            faults: with_faults.then(|| Arc::new(MemoryFaults::default()) as _),
            meter: Arc::new(Metrics),
            clock: Arc::new(SystemClock::default()),
            random: Arc::new(SystemRandom),
        };
        let ports = match &self.redis {
            Some(redis) => Ports {
                sessions: Arc::clone(&redis.sessions) as _,
                search_cache: Arc::clone(&redis.search_cache) as _,
                api_log: Arc::clone(&redis.api_log) as _,
                live: Arc::clone(&redis.live) as _,
                faults: with_faults.then(|| Arc::clone(&redis.faults) as _),
                ..embedded
            },
            None => embedded,
        };
        Ok(Board::new(ports, Operators::named(operators, self.alone), Passwords::owasp(cores)?))
    }

    /// Where API events arrive that are to be counted. To be asked once.
    ///
    /// # Errors
    /// When the options are none that a client takes.
    pub fn source(&self) -> Result<Option<Box<dyn EventSource>>, Failure> {
        Ok(match &self.events {
            OpenEvents::None => None,
            OpenEvents::InProcess(events) => Some(Box::new(events.source())),
            OpenEvents::Kafka(_, options) => Some(Box::new(KafkaSource::open(options)?)),
        })
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
        if let OpenEvents::Kafka(events, _) = &self.events {
            events.close().await;
        }
        if let Some(redis) = &self.redis {
            redis.close().await;
        }
        match &self.store {
            OpenStore::Sqlite(store) => store.close().await,
            OpenStore::Maria(store) => store.close().await,
        }
    }
}

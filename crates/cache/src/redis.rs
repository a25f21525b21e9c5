//! On Redis, which any number of processes share. Keys are those that people find with redis-cli: `session:{user}`,
//! `search:{query}`, `api_logs`, `fault:{kind}`; all of them expire or are bounded.

mod api_log;
mod connection;
mod faults;
mod live;
mod options;
mod per_runtime;
mod search;
mod sessions;

pub use api_log::RedisApiLog;
pub use faults::RedisFaults;
pub use live::RedisLive;
pub use options::{RedisOptions, RedisTls};
pub use search::RedisSearchCache;
pub use sessions::RedisSessions;

use board::ports::PortError;
use connection::Connection;
use std::sync::Arc;

/// The name under which failures are told, and `db.system.name`.
const ENGINE: &str = "redis";

fn failure(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> PortError {
    PortError::new(ENGINE, source)
}

/// The ports on one Redis, which share connections.
pub struct Redis {
    pub sessions: Arc<RedisSessions>,
    pub search_cache: Arc<RedisSearchCache>,
    pub api_log: Arc<RedisApiLog>,
    pub live: Arc<RedisLive>,
    pub faults: Arc<RedisFaults>,
}

impl Redis {
    /// Does not wait for the server: while it is away, what needs it fails. Inside of a runtime.
    ///
    /// # Errors
    /// When the options are no address, or the authorities' certificates can't be read.
    pub fn open(options: &RedisOptions) -> Result<Self, PortError> {
        let client = options.client()?;
        let connection = Connection::new(&client);
        Ok(Self {
            sessions: Arc::new(RedisSessions::new(connection.clone())),
            search_cache: Arc::new(RedisSearchCache::new(connection.clone())),
            api_log: Arc::new(RedisApiLog::new(connection.clone())),
            faults: Arc::new(RedisFaults::new(connection.clone())),
            live: Arc::new(RedisLive::new(client, connection)),
        })
    }

    /// Hands over what waits to be written, for a while.
    pub async fn close(&self) {
        self.api_log.flush().await;
    }
}

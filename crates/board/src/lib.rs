//! What the board does: accounts, sessions, messages, search, samples, the API log and its statistics, on the ports it needs.
//!
//! Nothing here does I/O: ports are traits, implemented by `store`, `cache` and `events`; time and randomness
//! are ports too, so that tests choose them.

mod accounts;
mod api_log;
mod faults;
pub mod fold;
mod health;
mod login_limit;
mod messages;
mod passwords;
pub mod ports;
mod samples;
mod search;
mod sessions;
pub mod statistics;
mod strangers;

pub use accounts::Accounts;
pub use api_log::ApiLogs;
pub use faults::Faults;
pub use health::Health;
pub use messages::Messages;
pub use passwords::Passwords;
pub use samples::Samples;
pub use search::{Found, Search};
pub use sessions::{Caller, MAX_SESSIONS_PER_USER, SESSION_TTL_S, SessionToken, Sessions, SignedIn};
pub use statistics::CallsStatistics;

use model::{BoardError, LiveEvent, Username};
use ports::{Audience, News};
use std::collections::HashSet;
use std::sync::Arc;

/// The ports that a board stands on.
#[derive(Clone)]
pub struct Ports {
    pub store: Arc<dyn ports::Store>,
    pub sessions: Arc<dyn ports::SessionStore>,
    pub search_cache: Arc<dyn ports::SearchCache>,
    pub api_log: Arc<dyn ports::ApiLog>,
    pub events: Arc<dyn ports::Events>,
    pub statistics: Arc<dyn ports::StatisticsStore>,
    pub live: Arc<dyn ports::Live>,
    /// `None` where there shall be no faults, whoever asks for them.
    pub faults: Option<Arc<dyn ports::FaultStore>>,
    pub meter: Arc<dyn ports::Meter>,
    pub clock: Arc<dyn ports::Clock>,
    pub random: Arc<dyn ports::Random>,
}

/// Who is an operator.
#[derive(Debug, Clone, Default)]
pub struct Operators {
    keys: HashSet<String>,
    everybody_here: bool,
}

impl Operators {
    /// The operators with these names; none listed means that nobody is one by name. `alone`: all engines are embedded,
    /// so that with none listed everybody is one who signs in on this machine.
    #[must_use]
    pub fn named(names: &[Username], alone: bool) -> Self {
        let keys: HashSet<String> = names.iter().map(fold::user_key).collect();
        Self { everybody_here: alone && keys.is_empty(), keys }
    }

    #[must_use]
    pub fn is_listed(&self, name: &Username) -> bool {
        self.keys.contains(&fold::user_key(name))
    }

    /// Whether everybody is one who signs in on this machine.
    #[must_use]
    pub const fn everybody_here(&self) -> bool {
        self.everybody_here
    }
}

/// The board: one service per area.
pub struct Board {
    ports: Ports,
    faults: Faults,
    health: Health,
    accounts: Accounts,
    sessions: Sessions,
    messages: Messages,
    search: Search,
    samples: Samples,
    api_logs: ApiLogs,
    statistics: CallsStatistics,
}

impl Board {
    #[must_use]
    pub fn new(ports: Ports, operators: Operators, passwords: Passwords) -> Self {
        let faults = Faults::new(&ports);
        let ports = faults.within(ports);
        let sessions = Sessions::new(&ports);
        Self {
            health: Health::new(&ports),
            accounts: Accounts::new(&ports, sessions.clone(), operators, passwords),
            samples: Samples::new(&ports),
            search: Search::new(&ports),
            api_logs: ApiLogs::new(&ports),
            statistics: CallsStatistics::new(&ports, faults.clone()),
            messages: Messages::new(&ports),
            sessions,
            faults,
            ports,
        }
    }

    /// Another process has changed the store: what is remembered of it is no longer right.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn changed_elsewhere(&self) -> Result<(), BoardError> {
        self.ports.search_cache.end_generation().await?;
        self.ports.live.publish(News { audience: Audience::Everyone, event: LiveEvent::MessagesChanged });
        self.accounts.end_of_strangers().await
    }

    #[must_use]
    pub fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    #[must_use]
    pub fn health(&self) -> &Health {
        &self.health
    }

    #[must_use]
    pub fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    #[must_use]
    pub fn messages(&self) -> &Messages {
        &self.messages
    }

    #[must_use]
    pub fn search(&self) -> &Search {
        &self.search
    }

    #[must_use]
    pub fn samples(&self) -> &Samples {
        &self.samples
    }

    #[must_use]
    pub fn api_logs(&self) -> &ApiLogs {
        &self.api_logs
    }

    #[must_use]
    pub fn statistics(&self) -> &CallsStatistics {
        &self.statistics
    }

    #[must_use]
    pub fn ports(&self) -> &Ports {
        &self.ports
    }
}

//! What the board needs from outside. Each operation is atomic.

use crate::Found;
use async_trait::async_trait;
use model::{
    ApiLogEntry, ApiLogFilter, ApiLogPage, BoardError, Code, Fault, FaultKind, LiveEvent, LogIn, Message, MessagePage,
    MessageText, PageRequest, SearchQuery, Timestamp, TotalRelation, Username,
};
use std::sync::Arc;
use tokio::sync::broadcast;

/// An engine failed.
#[derive(Debug, thiserror::Error)]
#[error("{engine}: {source}")]
pub struct PortError {
    /// The engine's name, as an operator knows it: `sqlite`, `redis` ...
    pub engine: &'static str,
    /// It was asked, and nobody knows whether it did it. Otherwise nothing was done.
    pub may_be_done: bool,
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

impl PortError {
    pub fn new(engine: &'static str, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { engine, may_be_done: false, source: source.into() }
    }

    /// Nobody knows whether what failed was done.
    #[must_use]
    pub fn unconfirmed(self) -> Self {
        Self { may_be_done: true, ..self }
    }
}

/// The one place where an engine's failure becomes an answer: logged with its source, told as `unavailable`, or as
/// `unconfirmed` where it may be done.
impl From<PortError> for BoardError {
    fn from(error: PortError) -> Self {
        let code = if error.may_be_done { Code::Unconfirmed } else { Code::Unavailable };
        tracing::error!(engine = error.engine, code = code.as_str(), exception.message = %error.source, "dependency failed");
        code.into()
    }
}

/// A stored account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    pub username: Username,
    /// In PHC string format.
    pub password_hash: String,
}

/// What became of a wish to delete a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deleted {
    Yes,
    NotYours,
    NotThere,
}

/// Matches of a search in the store, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matches {
    pub messages: Vec<Message>,
    /// Exact up to 1,000, else a lower bound.
    pub total: u64,
    pub relation: TotalRelation,
    pub has_more: bool,
}

/// Something outside that the board depends on.
#[async_trait]
pub trait Engine: Send + Sync {
    /// Its name, as an operator knows it: `sqlite`, `redis` ...
    fn name(&self) -> &'static str;

    /// Answers when the engine does, and can do what it is there for.
    async fn ping(&self) -> Result<(), PortError>;
}

/// Users and messages. `author_key` and `user_key` are [`crate::fold::user_key`]s.
#[async_trait]
pub trait Store: Engine {
    /// `false` when the name is taken (compared by its key).
    async fn add_user(&self, user: &User, key: &str, now: Timestamp) -> Result<bool, PortError>;

    async fn user(&self, key: &str) -> Result<Option<User>, PortError>;

    /// `false` when there is no such user, or another hash is stored than the one to be replaced.
    async fn set_password(&self, key: &str, password_hash: &str, instead_of: Option<&str>) -> Result<bool, PortError>;

    /// Stores a message; on return it is committed, and the next search finds it.
    async fn add_message(&self, author: &Username, text: &MessageText, now: Timestamp) -> Result<Message, PortError>;

    /// Deletes a message of this author.
    async fn delete_message(&self, id: i64, author_key: &str) -> Result<Deleted, PortError>;

    /// Everyone's messages, or one author's, newest first. Any page costs about as much as the first.
    async fn list_messages(&self, author_key: Option<&str>, page: PageRequest) -> Result<Arc<MessagePage>, PortError>;

    /// Messages that contain the query as a substring, both folded ([`crate::fold::fold`]), newest first.
    async fn search(&self, query: &SearchQuery, page: PageRequest) -> Result<Matches, PortError>;

    /// Stores generated messages, marked as samples, in one transaction.
    async fn add_samples(&self, author: &Username, texts: Vec<String>, now: Timestamp) -> Result<(), PortError>;

    /// Deletes up to `limit` samples, of this author or of everybody; how many were deleted.
    async fn delete_samples(&self, author_key: Option<&str>, limit: u32) -> Result<u64, PortError>;

    /// How many samples there are, of this author or of everybody.
    async fn count_samples(&self, author_key: Option<&str>) -> Result<u64, PortError>;
}

/// One signed-in browser, as it is stored under the hash of its token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Public name of the session; says nothing about the token.
    pub id: String,
    pub username: Username,
    /// The visitor cookie's hash: ties the traces before and after log-in together.
    pub browser_id: String,
    pub user_agent: String,
    pub login_at: Timestamp,
    pub last_activity: Timestamp,
    pub expires_at: Timestamp,
}

/// SHA-256 of a session's token.
pub type TokenHash = [u8; 32];

#[async_trait]
pub trait SessionStore: Engine {
    /// Adds a session; beyond [`crate::MAX_SESSIONS_PER_USER`] the least recently used one goes.
    /// The ids of those that went are returned.
    async fn add(&self, user_key: &str, token: TokenHash, session: Session) -> Result<Vec<String>, PortError>;

    /// The live session of this token, its expiry moved to `now + ttl_s`.
    async fn touch(
        &self,
        user_key: &str,
        token: &TokenHash,
        now: Timestamp,
        ttl_s: i64,
    ) -> Result<Option<Arc<Session>>, PortError>;

    /// The user's live sessions, most recently used first.
    async fn list(&self, user_key: &str, now: Timestamp) -> Result<Vec<Arc<Session>>, PortError>;

    /// Ends the session with this public id; `false` when it is not one of the user's.
    async fn end(&self, user_key: &str, id: &str) -> Result<bool, PortError>;

    /// Ends all of the user's sessions but the one with this public id; the ended ids.
    async fn end_others(&self, user_key: &str, keep_id: Option<&str>) -> Result<Vec<String>, PortError>;
}

/// An entry of the search cache, for its statistics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CachedQuery {
    pub query: String,
    pub hits: u64,
    pub cached_at: Timestamp,
    pub expires_at: Timestamp,
    pub results: u64,
}

/// Search results by folded query and page. Right after every write: a result is stored with the generation that was read
/// before the store was asked, and is only given back while that generation lasts.
#[async_trait]
pub trait SearchCache: Send + Sync {
    /// The generation now; `None` when the cache can't be asked (then nothing is cached).
    async fn generation(&self) -> Option<u64>;

    /// Whether an end of the generation would be heard: asked before a change is made. It may tell what was so 200 ms ago.
    async fn ready(&self) -> Result<(), PortError>;

    /// Ends the generation: called after each committed change, before it is acknowledged.
    async fn end_generation(&self) -> Result<(), PortError>;

    async fn get(&self, query: &str, page: PageRequest, generation: u64) -> Option<Arc<Found>>;

    async fn put(&self, query: &str, found: Arc<Found>, generation: u64, now: Timestamp);

    async fn entries(&self, now: Timestamp) -> Result<Vec<CachedQuery>, PortError>;

    /// Clears one query with all its pages, or all; how many queries went.
    async fn clear(&self, query: Option<&str>) -> Result<u64, PortError>;
}

/// The API log, newest first, bounded.
#[async_trait]
pub trait ApiLog: Send + Sync {
    /// Never waits: what does not fit is dropped and counted.
    fn append(&self, entry: Arc<ApiLogEntry>);

    async fn page(&self, filter: &ApiLogFilter, page: PageRequest) -> Result<ApiLogPage, PortError>;
}

/// API events on their way to the statistics.
#[async_trait]
pub trait Events: Engine {
    /// Takes an event and gives it its id. Never waits for an engine; what does not fit is dropped and counted.
    fn send(&self, event: ApiLogEntry) -> Arc<ApiLogEntry>;

    /// The events that arrived last, newest first.
    async fn recent(&self, page: PageRequest) -> Result<ApiLogPage, PortError>;

    /// About how many are still on disk.
    fn waiting(&self) -> u64;

    /// How many were dropped since the data folder was made.
    fn lost(&self) -> u64;
}

/// What makes an event itself, however often it is delivered.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Identity {
    /// The `number`th of this producer, from 1. Those of a partition come in order, but for [`REORDERED`].
    Sequenced { producer: u64, number: u64 },
    /// Another program's name for it.
    Named(String),
    /// Its place: that of an older program, which gave it no name.
    Placed,
}

/// How many numbers an event may come late.
pub const REORDERED: u64 = 16_384;

/// An event as it was delivered: at least once.
#[derive(Debug)]
pub struct Arrived {
    pub partition: i32,
    pub offset: i64,
    /// When the log took it.
    pub taken_at: Timestamp,
    pub content: Result<(Identity, Arc<ApiLogEntry>), Unreadable>,
    /// Ends with it, once it is counted.
    pub span: tracing::Span,
}

/// A record that is no event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    pub reason: String,
    /// Its beginning.
    pub record: Vec<u8>,
}

/// Where events arrive that are to be counted.
#[async_trait]
pub trait EventSource: Send {
    /// Its name: places in it are remembered under that.
    fn name(&self) -> &str;

    /// Waits a moment for events; there may be none. Those of a partition in order.
    async fn receive(&mut self) -> Result<Vec<Arrived>, PortError>;

    /// Lets a moment pass, and takes none but those that can't be refused.
    async fn pause(&mut self) -> Result<Vec<Arrived>, PortError>;

    /// What was received so far need not be delivered again.
    async fn counted(&mut self);

    /// Gives back what it holds.
    async fn close(&mut self);
}

/// What became of delivered events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counted {
    pub new: u64,
    /// Counted before.
    pub known: u64,
    /// Unreadable, put aside.
    pub aside: u64,
}

/// What API calls were like, by minute.
#[async_trait]
pub trait StatisticsStore: Engine {
    /// Counts events of a source in one transaction: each once, however often and by whichever process it is delivered.
    async fn count(&self, source: &str, events: Arc<Vec<Arrived>>, now: Timestamp) -> Result<Counted, PortError>;

    /// What is known of a time.
    async fn calls(&self, period: Period) -> Result<CallStatistics, PortError>;

    /// Forgets what is older than these minutes: sums by minute, and all else.
    async fn forget(&self, minutes_before: i64, all_before: i64) -> Result<(), PortError>;
}

/// Minutes since 1970-01-01T00:00Z: from `first` to before `end`, by steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// Sums by the minute (1) or the hour (60) are asked for.
    pub width: i64,
    pub first: i64,
    pub end: i64,
    pub step: i64,
    /// The same for log-ins.
    pub log_in_first: i64,
    pub log_in_step: i64,
}

/// Sums of a [`Period`]. A latency bucket is one of [`crate::statistics::bucket`]; -1 stands for calls of unknown duration.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CallStatistics {
    /// By step, class of status (2 for 2xx) and latency bucket.
    pub by_step: Vec<(i64, u8, i16, u64)>,
    /// By endpoint, method, class of status and latency bucket.
    pub by_route: Vec<(RouteName, u8, i16, u64)>,
    /// Distinct users by endpoint and method.
    pub users_by_route: Vec<(RouteName, u64)>,
    /// By step and outcome.
    pub log_ins: Vec<(i64, LogIn, u64)>,
    /// The busiest users, with their calls and the minute of the last one.
    pub by_user: Vec<(String, u64, i64)>,
    pub users: u64,
    pub aside: u64,
}

/// A route with its method.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RouteName {
    pub endpoint: String,
    pub method: String,
}

/// News for open pages.
pub trait Live: Send + Sync {
    /// Never waits; a listener that is too slow loses the oldest news and is told so by its receiver.
    fn publish(&self, news: News);

    /// Whether anybody would hear it.
    fn has_listeners(&self) -> bool;

    fn subscribe(&self) -> broadcast::Receiver<Arc<News>>;
}

/// A live event with who may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    pub audience: Audience,
    pub event: LiveEvent,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Audience {
    Everyone,
    Operators,
    /// The user with this key.
    User(String),
    /// The session with this public id.
    Session(String),
}

/// The faults that were asked for in any process.
#[async_trait]
pub trait FaultStore: Send + Sync {
    /// One of a kind; they may have ended.
    async fn faults(&self) -> Result<Vec<Fault>, PortError>;

    /// Keeps it until its end, in the place of another of its kind.
    async fn set(&self, fault: &Fault, now: Timestamp) -> Result<(), PortError>;

    /// Forgets the one of this kind.
    async fn end(&self, kind: FaultKind) -> Result<(), PortError>;
}

/// Counts what people did, for whoever watches.
pub trait Meter: Send + Sync {
    /// Never waits.
    fn happened(&self, what: Happened);
}

/// What people did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happened {
    Registered,
    LoggedIn,
    /// With a name or password that is not right, or too often.
    LogInFailed,
    MessagePosted,
    Searched {
        cached: bool,
    },
}

pub trait Clock: Send + Sync {
    fn now(&self) -> Timestamp;
    /// Milliseconds of a clock that never goes back.
    fn monotonic_us(&self) -> u64;
}

pub trait Random: Send + Sync {
    /// Bytes from the system's cryptographic source.
    fn bytes(&self) -> Result<[u8; 32], PortError>;
}

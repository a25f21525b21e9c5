use super::connection::{Connection, Name};
use async_trait::async_trait;
use board::ports::{ApiLog, PortError};
use model::{ApiLogEntry, ApiLogFilter, ApiLogPage, PageRequest, Pagination};
use redis::{cmd, pipe};
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep, timeout};
use tracing::Instrument;

/// The list `api_logs`, newest first, written in batches by a task.
pub struct RedisApiLog {
    connection: Connection,
    waiting: mpsc::Sender<Item>,
    dropped: AtomicU64,
}

enum Item {
    Entry(Arc<ApiLogEntry>),
    /// Answered once everything before it is written.
    Mark(oneshot::Sender<()>),
}

/// Calls that are kept.
const CAPACITY: usize = 10_000;
/// Calls that wait while Redis is away; further ones are dropped.
const WAITING: usize = 16_384;
const BATCH: usize = 512;
/// How long a batch waits for company, and for another try.
const GATHER: Duration = Duration::from_millis(50);
const AGAIN: Duration = Duration::from_millis(500);
/// How long a reader waits for what was appended before.
const SETTLE: Duration = Duration::from_secs(1);
/// The list goes when nobody has called for so long.
const TTL_S: i64 = 7 * 24 * 3600;

const LIST: &str = "api_logs";

const fn named(operation: &'static str) -> Name {
    Name { operation, key: LIST }
}

impl RedisApiLog {
    pub(super) fn new(connection: Connection) -> Self {
        let (waiting, receiver) = mpsc::channel(WAITING);
        tokio::spawn(write(connection.clone(), receiver).instrument(tracing::Span::none()));
        Self { connection, waiting, dropped: AtomicU64::new(0) }
    }

    /// Waits until what was appended is written, for a while.
    pub(super) async fn flush(&self) {
        let (mark, passed) = oneshot::channel();
        let _ = timeout(SETTLE, async {
            if self.waiting.send(Item::Mark(mark)).await.is_ok() {
                let _ = passed.await;
            }
        })
        .await;
    }
}

async fn write(connection: Connection, mut waiting: mpsc::Receiver<Item>) {
    let mut items = Vec::new();
    while waiting.recv_many(&mut items, BATCH).await > 0 {
        let (mut entries, mut marks) = (Vec::new(), Vec::new());
        for item in items.drain(..) {
            match item {
                // Its fields always are JSON.
                Item::Entry(entry) => entries.push(serde_json::to_string(&*entry).unwrap_or_default()),
                Item::Mark(mark) => marks.push(mark),
            }
        }
        if !entries.is_empty() {
            let mut push = pipe();
            push.atomic();
            push.cmd("LPUSH").arg(LIST).arg(&entries).ignore();
            push.cmd("LTRIM").arg(LIST).arg(0).arg(CAPACITY - 1).ignore();
            push.cmd("EXPIRE").arg(LIST).arg(TTL_S).ignore();
            while connection.pipeline::<()>(named("LPUSH"), &push).await.is_err() {
                sleep(AGAIN).await;
            }
        }
        for mark in marks {
            let _ = mark.send(());
        }
        if waiting.len() < BATCH {
            sleep(GATHER).await;
        }
    }
}

#[async_trait]
impl ApiLog for RedisApiLog {
    fn append(&self, entry: Arc<ApiLogEntry>) {
        if self.waiting.try_send(Item::Entry(entry)).is_err() {
            let dropped = self.dropped.fetch_add(1, Ordering::Relaxed) + 1;
            if dropped.is_power_of_two() {
                tracing::warn!(dropped, "calls are missing in the API log: Redis takes nothing");
            }
        }
    }

    async fn page(&self, filter: &ApiLogFilter, page: PageRequest) -> Result<ApiLogPage, PortError> {
        self.flush().await;
        let texts: Vec<String> =
            self.connection.command(named("LRANGE"), cmd("LRANGE").arg(LIST).arg(0).arg(-1)).await?;
        let entries = texts.iter().filter_map(|text| serde_json::from_str::<ApiLogEntry>(text).ok());
        // A batch whose answer did not come was sent again, and may stand there twice.
        let mut known = HashSet::new();
        let once = entries.filter(|entry| known.insert(entry.event_id.clone()));
        let accepted: Vec<ApiLogEntry> = once.filter(|entry| filter.accepts(entry)).collect();
        let pagination = Pagination::new(page, accepted.len() as u64);
        let skipped = usize::try_from(page.offset()).unwrap_or(usize::MAX);
        let entries = accepted.into_iter().skip(skipped).take(page.limit() as usize).collect();
        Ok(ApiLogPage { entries, pagination })
    }
}

use super::ENGINE;
use super::fresh::{Fresh, Taken};
use crate::packed::unpack;
use crate::spool::{Reader, Record, Spool};
use async_trait::async_trait;
use board::ports::{Arrived, EventSource, Identity, PortError, Unreadable};
use model::{ApiLogEntry, Timestamp};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::spawn_blocking;
use tokio::time::sleep;
use tracing::Span;

/// How often what has come is counted.
const COUNT_EVERY: Duration = Duration::from_millis(250);
/// Events that are read at once.
const BATCH: usize = 10_000;

/// Gives the events of this process to whoever counts: those that an earlier one left in the spool, then its own.
pub struct InProcessSource {
    spool: Arc<Spool>,
    fresh: Arc<Fresh>,
    /// What comes up to this number is read from the spool.
    spool_up_to: Option<u64>,
    /// `None` while a thread reads with it, or when one broke off.
    reader: Option<Reader>,
    /// The number of the last event that was given.
    given: u64,
}

impl InProcessSource {
    pub(super) fn new(spool: Arc<Spool>, fresh: Arc<Fresh>) -> Self {
        Self { spool_up_to: Some(spool.last_before()), given: spool.taken(), spool, fresh, reader: None }
    }

    /// The next events that come up to this number; afterwards the fresh ones do.
    async fn read_spool(&mut self, up_to: u64) -> Result<Vec<(u64, Arrived)>, PortError> {
        let mut reader = self.reader.take().unwrap_or_else(|| Reader::new(Arc::clone(&self.spool)));
        let read = spawn_blocking(move || {
            let records = reader.read(BATCH);
            (reader, records)
        });
        let (reader, records) = read.await.map_err(failure)?;
        let records = records.map_err(failure)?;
        let is_over = records.last().is_none_or(|record| record.number >= up_to);
        (self.reader, self.spool_up_to) = if is_over { (None, None) } else { (Some(reader), Some(up_to)) };
        let wanted = records.into_iter().filter(|record| record.number <= up_to && record.number > self.given);
        Ok(wanted.map(|record| (record.number, spooled(&record))).collect())
    }

    fn fresh(&self, (number, event): (u64, Arc<ApiLogEntry>)) -> (u64, Arrived) {
        let identity = Identity::Sequenced { producer: self.spool.producer(), number };
        (number, arrived(number, event.timestamp, Ok((identity, event))))
    }
}

#[async_trait]
impl EventSource for InProcessSource {
    /// The same for all: each run is a producer of its own.
    fn name(&self) -> &str {
        ENGINE
    }

    async fn pause(&mut self) -> Result<Vec<Arrived>, PortError> {
        sleep(COUNT_EVERY).await;
        Ok(Vec::new())
    }

    async fn receive(&mut self) -> Result<Vec<Arrived>, PortError> {
        let events = match self.spool_up_to {
            Some(number) => self.read_spool(number).await?,
            None => {
                sleep(COUNT_EVERY).await;
                match self.fresh.take() {
                    Taken::Events(events) => events.into_iter().map(|event| self.fresh(event)).collect(),
                    Taken::SpilledUpTo(number) => {
                        self.spool_up_to = Some(number);
                        Vec::new()
                    }
                }
            }
        };
        self.given = events.last().map_or(self.given, |(number, _)| *number);
        Ok(events.into_iter().map(|(_, event)| event).collect())
    }

    async fn counted(&mut self) {
        self.spool.take(self.given);
    }

    async fn close(&mut self) {}
}

fn failure(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> PortError {
    PortError::new(ENGINE, source)
}

fn spooled(record: &Record) -> Arrived {
    let now = Timestamp::from_millis(jiff::Timestamp::now().as_millisecond());
    arrived(record.number, now, unpack(record, now))
}

fn arrived(number: u64, taken_at: Timestamp, content: Result<(Identity, Arc<ApiLogEntry>), Unreadable>) -> Arrived {
    Arrived { partition: 0, offset: i64::try_from(number).unwrap_or(i64::MAX), taken_at, content, span: Span::none() }
}

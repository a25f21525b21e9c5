mod words;

use crate::ports::{Audience, Clock, News, PortError};
use crate::sessions::SignedIn;
use crate::{Ports, fold};
use model::{BoardError, Code, LiveEvent, SampleJob, SampleState, Username};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};

/// Generates sample messages in the background, and removes them together. One job at a time.
pub struct Samples {
    ports: Ports,
    job: Arc<Mutex<Option<Running>>>,
}

struct Running {
    job: SampleJob,
    cancel: CancellationToken,
    /// Cancelled when the job is over.
    over: CancellationToken,
}

/// How long a cancelled job may take to end before its canceller is answered; a batch takes milliseconds.
const CANCEL_TIME: Duration = Duration::from_secs(5);

/// Messages per transaction: long enough to be fast, short enough that a post never waits long behind one.
const BATCH: u64 = 1000;

impl Samples {
    pub(crate) fn new(ports: &Ports) -> Self {
        Self { ports: ports.clone(), job: Arc::default() }
    }

    /// Starts to generate `count` messages of this user: up to 100 for anybody, 1,000,000 for operators.
    ///
    /// # Errors
    /// `InvalidSampleCount`; `SamplesRunning` while another job runs.
    pub fn generate(&self, who: &SignedIn, operator: bool, count: u64) -> Result<SampleJob, BoardError> {
        let most = if operator { SampleJob::MAX_FOR_OPERATORS } else { SampleJob::MAX_FOR_ANYBODY };
        if count == 0 || count > most {
            return Err(Code::InvalidSampleCount.into());
        }
        let worker = self.begin(who, count, false)?;
        let job = worker.job.clone();
        tokio::spawn(worker.generate(who.username.clone(), count));
        Ok(job)
    }

    /// Starts to remove the samples: an operator's everybody's, else one's own.
    ///
    /// # Errors
    /// `SamplesRunning`; `Unavailable`.
    pub async fn remove(&self, who: &SignedIn, operator: bool) -> Result<SampleJob, BoardError> {
        let author = (!operator).then(|| fold::user_key(&who.username));
        let count = self.ports.store.count_samples(author.as_deref()).await?;
        let worker = self.begin(who, count, true)?;
        let job = worker.job.clone();
        tokio::spawn(worker.remove(author));
        Ok(job)
    }

    /// Cancels the running job and waits for its end: its owner may, and operators; what is stored stays.
    ///
    /// # Errors
    /// `NotFound` when none runs; `Forbidden` when it is another's.
    pub async fn cancel(&self, who: &SignedIn, operator: bool) -> Result<(), BoardError> {
        let over = self.tell_to_end(who, operator)?;
        let _ = timeout(CANCEL_TIME, over.cancelled()).await;
        Ok(())
    }

    fn tell_to_end(&self, who: &SignedIn, operator: bool) -> Result<CancellationToken, BoardError> {
        let slot = self.job.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(running) = slot.as_ref().filter(|running| running.job.state == SampleState::Running) else {
            return Err(Code::NotFound.into());
        };
        if !operator && running.job.username != who.username.as_str() {
            return Err(Code::Forbidden.into());
        }
        running.cancel.cancel();
        Ok(running.over.clone())
    }

    /// The running job, or the last one.
    #[must_use]
    pub fn current(&self) -> Option<SampleJob> {
        self.job.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(|running| running.job.clone())
    }

    fn begin(&self, who: &SignedIn, wanted: u64, removing: bool) -> Result<Worker, BoardError> {
        let mut slot = self.job.lock().unwrap_or_else(PoisonError::into_inner);
        let last = slot.as_ref().map(|running| &running.job);
        if last.is_some_and(|job| job.state == SampleState::Running) {
            return Err(Code::SamplesRunning.into());
        }
        let job = SampleJob {
            id: last.map_or(1, |job| job.id + 1),
            username: who.username.to_string(),
            removing,
            wanted,
            done: 0,
            state: SampleState::Running,
            started_at: self.ports.clock.now(),
            elapsed_ms: 0,
        };
        let (cancel, over) = (CancellationToken::new(), CancellationToken::new());
        *slot = Some(Running { job: job.clone(), cancel: cancel.clone(), over: over.clone() });
        Ok(Worker {
            ports: self.ports.clone(),
            slot: Arc::clone(&self.job),
            started_us: self.ports.clock.monotonic_us(),
            job,
            cancel,
            _over: over.drop_guard(),
        })
    }
}

struct Worker {
    ports: Ports,
    slot: Arc<Mutex<Option<Running>>>,
    started_us: u64,
    job: SampleJob,
    cancel: CancellationToken,
    _over: DropGuard,
}

impl Worker {
    async fn generate(mut self, author: Username, count: u64) {
        let seed = self.ports.clock.now().as_millis().unsigned_abs();
        while self.job.done < count && !self.cancel.is_cancelled() {
            let batch = BATCH.min(count - self.job.done);
            let texts = (0..batch).map(|i| words::message(seed.wrapping_add(self.job.done + i))).collect();
            let stored = self.ports.store.add_samples(&author, texts, self.ports.clock.now()).await;
            if !self.step(stored.map(|()| batch)).await {
                return;
            }
        }
        self.finish().await;
    }

    async fn remove(mut self, author: Option<String>) {
        while !self.cancel.is_cancelled() {
            let limit = u32::try_from(BATCH).unwrap_or(u32::MAX);
            let removed = self.ports.store.delete_samples(author.as_deref(), limit).await;
            if matches!(removed, Ok(0)) {
                break;
            }
            if !self.step(removed).await {
                return;
            }
        }
        self.finish().await;
    }

    /// Counts what a batch did and tells the pages; `false` when it failed and the job is over.
    async fn step(&mut self, done: Result<u64, PortError>) -> bool {
        match done {
            Ok(count) => {
                self.job.done += count;
                self.end_generation().await;
                self.publish();
                true
            }
            Err(error) => {
                tracing::error!(%error, "sample job failed");
                self.job.state = SampleState::Failed;
                self.end().await;
                false
            }
        }
    }

    async fn finish(mut self) {
        let cancelled = self.cancel.is_cancelled();
        self.job.state = if cancelled { SampleState::Cancelled } else { SampleState::Done };
        self.end().await;
    }

    async fn end(&mut self) {
        self.end_generation().await;
        self.publish();
        self.announce(LiveEvent::MessagesChanged);
    }

    async fn end_generation(&self) {
        if let Err(error) = self.ports.search_cache.end_generation().await {
            tracing::error!(%error, "cached searches could not be ended");
        }
    }

    fn publish(&mut self) {
        self.job.elapsed_ms = elapsed_ms(&*self.ports.clock, self.started_us);
        if let Some(running) = self.slot.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            running.job = self.job.clone();
        }
        self.announce(LiveEvent::Samples { job: self.job.clone() });
    }

    fn announce(&self, event: LiveEvent) {
        self.ports.live.publish(News { audience: Audience::Everyone, event });
    }
}

fn elapsed_ms(clock: &dyn Clock, started_us: u64) -> u64 {
    clock.monotonic_us().saturating_sub(started_us) / 1000
}

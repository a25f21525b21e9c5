use super::background;
use super::config::Export;
use super::signal::{ExportRequest, Signal};
use super::transport::{Answer, Outcome, Transport, TransportError};
use prost::bytes::Bytes;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until};

/// How long telemetry waits for company before they are sent.
const GATHER: Duration = Duration::from_millis(500);
/// Of one request, before gzip; a request is closed once it reaches this.
const BATCH_BYTES: usize = 1024 * 1024;
/// Of everything that waits, the batch being sent included.
const QUEUE_BYTES: usize = 8 * 1024 * 1024;

/// How a batch that the collector can't take now is tried again.
#[derive(Debug, Clone, Copy)]
struct RetryPolicy {
    first_wait: Duration,
    longest_wait: Duration,
    /// After this a batch is given up, so that a collector that comes back gets what is new.
    give_up_after: Duration,
    /// The same while the collector says when to come back; one that asks for more is asked again sooner.
    longest_asked: Duration,
}

const RETRY: RetryPolicy = RetryPolicy {
    first_wait: Duration::from_millis(500),
    longest_wait: Duration::from_secs(30),
    give_up_after: Duration::from_secs(60),
    longest_asked: Duration::from_secs(300),
};

/// Why the forwarder can't start.
#[derive(Debug, thiserror::Error)]
pub enum ForwarderError {
    #[error(transparent)]
    Transport(#[from] TransportError),
    #[error("the thread that sends telemetry can't start: {0}")]
    Thread(#[from] std::io::Error),
}

/// How many spans, data points or log records went which way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ForwarderStats {
    /// Taken by the collector.
    pub sent: u64,
    /// Lost: the queue was full, or the collector refused them or stayed away too long.
    pub dropped: u64,
    /// Waiting, or being sent.
    pub queued: u64,
}

/// Sends one signal, the server's and the browser's, to a collector: in order, in batches, from a thread of its own.
/// Whoever forwards never waits; a dead or hanging collector costs only what does not fit in the queue.
#[derive(Debug, Clone)]
pub(super) struct Forwarder {
    queue: mpsc::UnboundedSender<Batch>,
    shared: Arc<Shared>,
    closing: Arc<watch::Sender<Option<Instant>>>,
    done: Arc<Mutex<std::sync::mpsc::Receiver<()>>>,
}

#[derive(Debug, Default)]
struct Shared {
    queued_bytes: AtomicUsize,
    queued: AtomicU64,
    sent: AtomicU64,
    dropped: AtomicU64,
    failing: AtomicBool,
    /// There was something about the collector's last answer.
    remarked: AtomicBool,
    /// Of the last request that was made here.
    made_bytes: AtomicUsize,
}

/// Encoded requests: as protobuf's repeated fields join, requests one after the other are one request.
#[derive(Debug)]
struct Batch {
    bytes: Vec<u8>,
    count: u64,
}

impl Forwarder {
    /// Starts the thread; connects when there is something to send.
    pub(super) fn start(export: &Export) -> Result<Self, ForwarderError> {
        Self::start_with(export, RETRY)
    }

    fn start_with(export: &Export, retry: RetryPolicy) -> Result<Self, ForwarderError> {
        // Fails when there is a provider already, which does as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (queue, receiver) = mpsc::unbounded_channel();
        let (closing, closing_receiver) = watch::channel(None);
        let (done_sender, done) = std::sync::mpsc::channel();
        let (ready_sender, ready) = std::sync::mpsc::channel();
        let shared = Arc::new(Shared::default());
        let (export, of_sender) = (export.clone(), Arc::clone(&shared));
        // The runtime is made and, should the transport fail, dropped by its thread: within the caller's runtime that panics.
        background::spawn(&format!("{}-export", export.signal.name()), move || {
            super::recorder::exports();
            let (runtime, transport) = match connection(&export) {
                Ok(connection) => connection,
                Err(error) => return drop(ready_sender.send(Err(error))),
            };
            let sender = Sender {
                transport,
                retry,
                queue: receiver,
                closing: closing_receiver,
                shared: of_sender,
                signal: export.signal,
                url: export.endpoint.shown().to_owned(),
            };
            let _ = ready_sender.send(Ok(()));
            runtime.block_on(sender.run());
            let _ = done_sender.send(());
        })?;
        ready.recv().map_err(std::io::Error::other)??;
        Ok(Self { queue, shared, closing: Arc::new(closing), done: Arc::new(Mutex::new(done)) })
    }

    /// Queues the encoded request that `make` makes of so many items; never waits. While there is no room for it, it is not even
    /// made: a collector that is too slow costs no work.
    pub(super) fn forward_made(&self, count: usize, make: impl FnOnce() -> Vec<u8>) {
        // One that is larger than the queue is no measure of the next.
        let expected = self.shared.made_bytes.load(Relaxed).min(QUEUE_BYTES);
        if self.shared.queued_bytes.load(Relaxed) + expected > QUEUE_BYTES {
            self.shared.dropped.fetch_add(count as u64, Relaxed);
            return;
        }
        let mut bytes = make();
        bytes.shrink_to_fit();
        self.shared.made_bytes.store(bytes.len(), Relaxed);
        self.queue(Batch { bytes, count: count as u64 });
    }

    /// Queues what the request brings; never waits.
    pub(super) fn forward(&self, request: &impl ExportRequest) {
        self.queue(Batch { bytes: request.encode_to_vec(), count: request.count() as u64 });
    }

    fn queue(&self, batch: Batch) {
        let (length, count) = (batch.bytes.len(), batch.count);
        let before = self.shared.queued_bytes.fetch_add(length, Relaxed);
        self.shared.queued.fetch_add(count, Relaxed);
        if before + length > QUEUE_BYTES || self.queue.send(batch).is_err() {
            self.shared.leave(length, count);
            self.shared.dropped.fetch_add(count, Relaxed);
        }
    }

    /// Whether so many bytes more would be queued rather than dropped.
    pub(super) fn has_room(&self, bytes: usize) -> bool {
        self.shared.queued_bytes.load(Relaxed) + bytes <= QUEUE_BYTES
    }

    pub(super) fn stats(&self) -> ForwarderStats {
        ForwarderStats {
            sent: self.shared.sent.load(Relaxed),
            dropped: self.shared.dropped.load(Relaxed),
            queued: self.shared.queued.load(Relaxed),
        }
    }

    /// Sends what waits, trying once, and ends; what is not taken within `limit` counts as dropped.
    pub(super) fn shutdown(&self, limit: Duration) {
        self.closing.send_replace(Some(Instant::now() + limit));
        // A little later than the sender's own deadline, so that it can count what it drops.
        let patience = limit + Duration::from_millis(200);
        let _ = self.done.lock().unwrap_or_else(PoisonError::into_inner).recv_timeout(patience);
    }
}

fn connection(export: &Export) -> Result<(Runtime, Transport), ForwarderError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let transport = {
        let _inside = runtime.enter();
        Transport::new(export)?
    };
    Ok((runtime, transport))
}

impl Shared {
    fn leave(&self, bytes: usize, count: u64) {
        self.queued_bytes.fetch_sub(bytes, Relaxed);
        self.queued.fetch_sub(count, Relaxed);
    }
}

/// The thread's side.
struct Sender {
    transport: Transport,
    retry: RetryPolicy,
    queue: mpsc::UnboundedReceiver<Batch>,
    closing: watch::Receiver<Option<Instant>>,
    shared: Arc<Shared>,
    signal: Signal,
    url: String,
}

impl Sender {
    async fn run(mut self) {
        while let Some(batch) = self.next_batch().await {
            let mut closing = self.closing.clone();
            let (bytes, count) = (Bytes::from(batch.bytes), batch.count);
            let accepted = tokio::select! {
                accepted = self.deliver(&bytes) => accepted,
                () = deadline(&mut closing) => None,
            };
            let accepted = accepted.map_or(0, |rejected| count.saturating_sub(rejected));
            self.shared.sent.fetch_add(accepted, Relaxed);
            self.shared.dropped.fetch_add(count - accepted, Relaxed);
            self.shared.leave(bytes.len(), count);
        }
    }

    /// `None` when closing and all is sent.
    async fn next_batch(&mut self) -> Option<Batch> {
        let mut closing = self.closing.clone();
        let first = tokio::select! {
            batch = self.queue.recv() => batch,
            () = begins(&mut closing) => {
                self.queue.close();
                self.queue.recv().await
            }
        };
        let mut batch = first?;
        if self.shared.queued_bytes.load(Relaxed) < BATCH_BYTES {
            tokio::select! {
                () = sleep(GATHER) => {}
                () = begins(&mut closing) => {}
            }
        }
        while batch.bytes.len() < BATCH_BYTES
            && let Ok(more) = self.queue.try_recv()
        {
            batch.bytes.extend_from_slice(&more.bytes);
            batch.count += more.count;
        }
        Some(batch)
    }

    /// How many the collector rejected; `None` when it did not take the batch at all.
    async fn deliver(&mut self, bytes: &Bytes) -> Option<u64> {
        let started = Instant::now();
        let mut wait = self.retry.first_wait;
        loop {
            let (after, reason) = match self.transport.send(bytes).await {
                Outcome::Accepted(answer) => {
                    self.succeeded();
                    self.remark(&answer);
                    return Some(answer.rejected);
                }
                Outcome::Refused { reason } => {
                    self.failed(&reason);
                    return None;
                }
                Outcome::Retry { after, reason } => (after, reason),
            };
            self.failed(&reason);
            if self.closing.borrow().is_some() {
                return None;
            }
            // What the collector asks for is not what a batch is given up for; but where it goes on asking, it is. At least a
            // little, so that one that always says "now" is not asked all the time.
            let (asked, own) = (after.map(|after| after.min(self.retry.longest_asked)), jittered(wait));
            let pause = asked.map_or(own, |asked| asked.max(own));
            let is_last = match asked {
                None => started.elapsed() + pause > self.retry.give_up_after,
                Some(_) => started.elapsed() >= self.retry.longest_asked,
            };
            wait = (wait * 2).min(self.retry.longest_wait);
            tokio::select! {
                () = sleep(pause) => {}
                () = begins(&mut self.closing) => {}
            }
            if is_last {
                return None;
            }
        }
    }

    /// Told once when it begins, not with every batch.
    fn failed(&self, reason: &str) {
        if !self.shared.failing.swap(true, Relaxed) {
            let signal = self.signal.name();
            tracing::warn!(signal, url = self.url, reason, "export fails: what does not fit in the queue is lost");
        }
    }

    /// The same for what there is about an answer that took the batch.
    fn remark(&self, answer: &Answer) {
        let told = self.shared.remarked.swap(answer.remark.is_some(), Relaxed);
        if let Some(reason) = answer.remark.as_deref().filter(|_| !told) {
            let (signal, rejected) = (self.signal.name(), answer.rejected);
            tracing::warn!(signal, url = self.url, rejected, reason, "export succeeds, but what is sent may be lost");
        }
    }

    fn succeeded(&self) {
        if self.shared.failing.swap(false, Relaxed) {
            let dropped = self.shared.dropped.load(Relaxed);
            tracing::info!(signal = self.signal.name(), url = self.url, dropped, "export works again");
        }
    }
}

/// Between half of `wait` and all of it, so that many servers do not come back at once.
fn jittered(wait: Duration) -> Duration {
    let [random, ..] = super::ids::new_span_id();
    wait.mul_f64(0.5 + f64::from(random) / 512.0)
}

/// Returns when shutting down begins.
async fn begins(closing: &mut watch::Receiver<Option<Instant>>) {
    if closing.wait_for(Option::is_some).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Returns when the time for shutting down is over.
async fn deadline(closing: &mut watch::Receiver<Option<Instant>>) {
    begins(closing).await;
    let at = *closing.borrow();
    if let Some(at) = at {
        sleep_until(at).await;
    }
}

#[cfg(test)]
#[path = "forwarder_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "forwarder_grpc_tests.rs"]
mod grpc_tests;

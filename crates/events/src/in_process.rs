use async_trait::async_trait;
use board::ports::{Events, PortError};
use model::{ApiLogEntry, ApiLogPage, PageRequest, Pagination};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::mpsc;

/// Events within this process: a bounded queue to one consumer, which keeps the last [`KEPT`].
pub struct InProcessEvents {
    queue: mpsc::Sender<Arc<ApiLogEntry>>,
    recent: Arc<Mutex<VecDeque<Arc<ApiLogEntry>>>>,
    lost: AtomicU64,
}

/// Events that the messaging log can show.
const KEPT: usize = 1000;
/// Events that may wait for the consumer; beyond that they are dropped and counted.
const QUEUE: usize = 10_000;

impl InProcessEvents {
    /// Starts the consumer; it ends with this value.
    #[must_use]
    pub fn start() -> Self {
        let (queue, mut events) = mpsc::channel::<Arc<ApiLogEntry>>(QUEUE);
        let recent: Arc<Mutex<VecDeque<Arc<ApiLogEntry>>>> = Arc::default();
        let kept = Arc::clone(&recent);
        tokio::spawn(async move {
            while let Some(event) = events.recv().await {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                if kept.len() == KEPT {
                    kept.pop_back();
                }
                kept.push_front(event);
            }
        });
        Self { queue, recent, lost: AtomicU64::new(0) }
    }
}

#[async_trait]
impl Events for InProcessEvents {
    fn send(&self, event: Arc<ApiLogEntry>) {
        if self.queue.try_send(event).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    async fn recent(&self, page: PageRequest) -> Result<ApiLogPage, PortError> {
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let skipped = usize::try_from(page.offset()).unwrap_or(usize::MAX);
        let events = recent.iter().skip(skipped).take(page.limit() as usize);
        Ok(ApiLogPage {
            entries: events.map(|event| ApiLogEntry::clone(event)).collect(),
            pagination: Pagination::new(page, recent.len() as u64),
        })
    }

    fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}

use board::ports::{Live, News};
use std::sync::Arc;
use tokio::sync::broadcast;

/// News within this process.
pub struct MemoryLive(broadcast::Sender<Arc<News>>);

/// News that a slow listener may fall behind before it loses the oldest.
const BACKLOG: usize = 1024;

impl Default for MemoryLive {
    fn default() -> Self {
        Self(broadcast::Sender::new(BACKLOG))
    }
}

impl Live for MemoryLive {
    fn publish(&self, news: News) {
        // Fails when nobody listens, which is no loss.
        let _ = self.0.send(Arc::new(news));
    }

    fn has_listeners(&self) -> bool {
        self.0.receiver_count() > 0
    }

    fn subscribe(&self) -> broadcast::Receiver<Arc<News>> {
        self.0.subscribe()
    }
}

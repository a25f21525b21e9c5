use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use tokio::sync::Notify;

/// Tells all connections that the server ends. Each looks here whenever it is woken, so looking is cheap: a token to be
/// cancelled would take a lock that all threads share.
#[derive(Default)]
pub struct Ending {
    told: AtomicBool,
    waiting: Notify,
}

impl Ending {
    pub fn tell(&self) {
        self.told.store(true, Ordering::Release);
        self.waiting.notify_waiters();
    }

    /// Waits until the end is told. For one task: where it was polled first, it wakes.
    pub async fn told(&self) {
        let mut notified = pin!(self.waiting.notified());
        let mut waits = false;
        poll_fn(|context| {
            if !self.told.load(Ordering::Acquire) && !waits {
                waits = true;
                return notified.as_mut().poll(context);
            }
            if self.told.load(Ordering::Acquire) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

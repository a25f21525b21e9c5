use hyper::rt::{Sleep, Timer};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

type TokioSleep = Pin<Box<tokio::time::Sleep>>;

/// The timer of one connection. Hyper begins a sleep for each request's head and drops it when the head is there; this one
/// keeps it for the next: moving a sleep on takes no lock of tokio's timers, while each beginning and end does.
#[derive(Default)]
pub struct OneTimer {
    kept: Arc<Mutex<Option<TokioSleep>>>,
}

struct Kept {
    sleep: Option<TokioSleep>,
    home: Arc<Mutex<Option<TokioSleep>>>,
}

impl Timer for OneTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(Instant::now() + duration)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).take();
        let sleep = match kept {
            Some(mut sleep) => {
                sleep.as_mut().reset(deadline.into());
                sleep
            }
            None => Box::pin(tokio::time::sleep_until(deadline.into())),
        };
        Box::pin(Kept { sleep: Some(sleep), home: Arc::clone(&self.kept) })
    }
}

impl Future for Kept {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        match &mut self.sleep {
            Some(sleep) => sleep.as_mut().poll(context),
            None => Poll::Ready(()),
        }
    }
}

impl Sleep for Kept {}

impl Drop for Kept {
    fn drop(&mut self) {
        *self.home.lock().unwrap_or_else(PoisonError::into_inner) = self.sleep.take();
    }
}

#[cfg(test)]
mod tests {
    use super::OneTimer;
    use hyper::rt::Timer;
    use std::time::{Duration, Instant};

    #[tokio::test]
    async fn a_sleep_that_is_begun_anew_ends_at_its_own_time() {
        let timer = OneTimer::default();
        let start = Instant::now();
        let at = |millis: u64| start + Duration::from_millis(millis);
        for millis in [30_000, 60_000, 50_000] {
            let mut sleep = timer.sleep_until(at(millis));
            assert!(futures::poll!(&mut sleep).is_pending());
        }
        // Two at once are two.
        let (first, mut second) = (timer.sleep_until(at(10)), timer.sleep_until(at(60_000)));
        first.await;
        assert!(start.elapsed() >= Duration::from_millis(10));
        assert!(futures::poll!(&mut second).is_pending());
        timer.sleep_until(at(20)).await;
        assert!(start.elapsed() >= Duration::from_millis(20));
    }
}

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What a buffer holds: a list, of whatever shape.
pub(super) trait Gathered: Default {
    fn len(&self) -> usize;

    /// Empties it; of its memory, what `usual` items take is kept for the next.
    fn clear(&mut self, usual: usize);
}

impl<T> Gathered for Vec<T> {
    fn len(&self) -> usize {
        self.len()
    }

    fn clear(&mut self, usual: usize) {
        self.clear();
        self.shrink_to(usual);
    }
}

/// A bounded buffer between the threads that record and the one that works off, which takes all of it at once.
/// Putting in never waits: what does not fit is dropped and counted.
#[derive(Debug)]
pub(super) struct Buffer<G> {
    state: Mutex<State<G>>,
    filled: Condvar,
    worked_off: Condvar,
    capacity: usize,
    /// So many are worked off at once rather than waited for.
    enough: usize,
    dropped: AtomicU64,
}

#[derive(Debug)]
struct State<G> {
    items: G,
    /// Somebody waits in [`Buffer::flush`]: no gathering then.
    hurry: bool,
    /// A batch was taken and is being worked off.
    busy: bool,
    closed: bool,
}

impl<G: Gathered> Buffer<G> {
    /// A worker gathers until there are `enough`; `capacity` at most wait for it.
    pub(super) fn new(capacity: usize, enough: usize) -> Self {
        Self {
            state: Mutex::new(State { items: G::default(), hurry: false, busy: false, closed: false }),
            filled: Condvar::new(),
            worked_off: Condvar::new(),
            capacity,
            enough,
            dropped: AtomicU64::new(0),
        }
    }

    /// Counts what was lost before it could be pushed.
    pub(super) fn lost(&self, many: u64) {
        self.dropped.fetch_add(many, Ordering::Relaxed);
    }

    /// How many pushes were dropped.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Puts in so many at once, or none of them.
    pub(super) fn put(&self, count: usize, put: impl FnOnce(&mut G)) {
        let mut state = self.lock();
        if state.closed || state.items.len() + count > self.capacity {
            drop(state);
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let before = state.items.len();
        put(&mut state.items);
        // The worker sleeps while the buffer is empty, and gathers until there are enough.
        let wake = before == 0 || (before < self.enough && state.items.len() >= self.enough);
        drop(state);
        if wake {
            self.filled.notify_one();
        }
    }

    /// Waits for items, gathers more for `gather` (less when there are enough or the buffer is flushed), and moves all of
    /// them into `taken`, which is emptied first: the two change places, so that neither has to grow anew.
    /// `false` once the buffer is closed and empty. To be called by one worker only.
    pub(super) fn take(&self, gather: Duration, taken: &mut G) -> bool {
        taken.clear(4 * self.enough);
        let mut state = self.lock();
        state.busy = false;
        self.worked_off.notify_all();
        while is_empty(&state.items) {
            if state.closed {
                return false;
            }
            state = self.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let (mut state, _) = self
            .filled
            .wait_timeout_while(state, gather, |state| state.items.len() < self.enough && !state.hurry && !state.closed)
            .unwrap_or_else(PoisonError::into_inner);
        state.busy = true;
        std::mem::swap(&mut state.items, taken);
        true
    }

    /// Waits until everything that was put in has been worked off; `false` when that takes longer than `limit`.
    pub(super) fn flush(&self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        let mut state = self.lock();
        state.hurry = true;
        self.filled.notify_one();
        while !is_empty(&state.items) || state.busy {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            state = self.worked_off.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        state.hurry = false;
        is_empty(&state.items) && !state.busy
    }

    /// Nothing gets in any more; the worker ends when it has taken what is there.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.filled.notify_one();
    }

    /// A panic of another thread leaves the buffer usable: each change of it is complete.
    fn lock(&self) -> MutexGuard<'_, State<G>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Copy> Buffer<Vec<T>> {
    /// Puts in all of `items`, or nothing.
    pub(super) fn push_all(&self, items: &[T]) {
        self.put(items.len(), |all| all.extend_from_slice(items));
    }
}

fn is_empty(items: &impl Gathered) -> bool {
    items.len() == 0
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::Buffer;
    use std::sync::Arc;
    use std::time::Duration;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn what_does_not_fit_is_dropped_whole_and_counted() {
        let buffer = Buffer::new(4, 2);
        buffer.push_all(&[1, 2, 3]);
        buffer.push_all(&[4, 5]);
        buffer.push_all(&[6]);
        buffer.push_all(&[7]);
        assert_eq!(buffer.dropped(), 2);
        let mut taken = vec![9];
        assert!(buffer.take(Duration::ZERO, &mut taken));
        assert_eq!(taken, [1, 2, 3, 6]);
    }

    #[test]
    fn a_closed_buffer_gives_what_it_has_and_then_ends() {
        let buffer = Buffer::new(4, 2);
        buffer.push_all(&[1]);
        buffer.close();
        buffer.push_all(&[2]);
        let mut taken = Vec::new();
        assert!(buffer.take(LONG, &mut taken));
        assert_eq!(taken, [1]);
        assert!(!buffer.take(LONG, &mut taken));
        assert_eq!(buffer.dropped(), 1);
    }

    #[test]
    fn a_flush_returns_once_the_worker_is_done_without_waiting_for_more() {
        let buffer = Arc::new(Buffer::new(1000, 500));
        let worker = {
            let buffer = Arc::clone(&buffer);
            std::thread::spawn(move || {
                let (mut count, mut taken) = (0, Vec::new());
                while buffer.take(LONG, &mut taken) {
                    count += taken.len();
                }
                count
            })
        };
        for round in 0..100 {
            buffer.push_all(&[round]);
            assert!(buffer.flush(LONG));
        }
        buffer.close();
        assert_eq!(worker.join().unwrap(), 100);
    }

    #[test]
    fn a_flush_gives_up_when_nobody_works() {
        let buffer = Buffer::new(4, 2);
        buffer.push_all(&[1]);
        assert!(!buffer.flush(Duration::from_millis(1)));
    }
}

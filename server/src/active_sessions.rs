use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long after its last request a session counts as active.
const ACTIVE: Duration = Duration::from_secs(5 * 60);
/// Sessions that are remembered at most.
const MAX_SESSIONS: usize = 100_000;

/// The sessions that asked this process lately.
#[derive(Debug, Default)]
pub struct ActiveSessions(Mutex<HashMap<String, Instant>>);

impl ActiveSessions {
    /// A request of this session came; called once a minute is enough.
    pub fn asks(&self, id: &str) {
        let now = Instant::now();
        let mut last = self.lock();
        if let Some(last) = last.get_mut(id) {
            *last = now;
            return;
        }
        if last.len() >= MAX_SESSIONS {
            last.retain(|_, last| now.duration_since(*last) < ACTIVE);
        }
        if last.len() < MAX_SESSIONS {
            last.insert(id.to_owned(), now);
        }
    }

    /// How many they are.
    pub fn count(&self) -> usize {
        let mut last = self.lock();
        last.retain(|_, last| last.elapsed() < ACTIVE);
        last.len()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::ActiveSessions;

    #[test]
    fn a_session_counts_once() {
        let active = ActiveSessions::default();
        for id in ["a", "b", "a"] {
            active.asks(id);
        }
        assert_eq!(active.count(), 2);
    }
}

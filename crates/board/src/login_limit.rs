use model::{BoardError, Code, Timestamp};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Failed log-ins per account and address together: nobody can lock another person out.
///
/// After [`FREE_FAILURES`] failures each further one doubles the wait, up to [`MAX_WAIT_S`].
#[derive(Default)]
pub struct LoginLimit(Mutex<HashMap<(String, String), Failures>>);

const FREE_FAILURES: u32 = 5;
const MAX_WAIT_S: i64 = 300;
const FORGET_AFTER_S: i64 = 900;
const MAX_ENTRIES: usize = 100_000;

#[derive(Clone, Copy)]
struct Failures {
    count: u32,
    last: Timestamp,
}

impl Failures {
    fn open_at(self) -> Timestamp {
        let over = self.count.saturating_sub(FREE_FAILURES);
        let wait = if over == 0 { 0 } else { (1_i64 << over.min(10)).min(MAX_WAIT_S) };
        self.last.plus_seconds(wait)
    }
}

impl LoginLimit {
    /// # Errors
    /// `TooManyRequests` with the seconds to wait.
    pub fn check(&self, key: &str, address: &str, now: Timestamp) -> Result<(), BoardError> {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(failures) = entries.get(&(key.to_owned(), address.to_owned())) else { return Ok(()) };
        let wait_ms = failures.open_at().as_millis() - now.as_millis();
        if wait_ms <= 0 {
            return Ok(());
        }
        let seconds = u32::try_from(wait_ms.unsigned_abs().div_ceil(1000)).unwrap_or(u32::MAX);
        Err(BoardError::retry_after(Code::TooManyRequests, seconds))
    }

    pub fn failed(&self, key: &str, address: &str, now: Timestamp) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= MAX_ENTRIES {
            entries.retain(|_, failures| failures.last.plus_seconds(FORGET_AFTER_S) > now);
        }
        let entry = entries.entry((key.to_owned(), address.to_owned())).or_insert(Failures { count: 0, last: now });
        if entry.last.plus_seconds(FORGET_AFTER_S) <= now {
            entry.count = 0;
        }
        entry.count = entry.count.saturating_add(1);
        entry.last = now;
    }

    pub fn succeeded(&self, key: &str, address: &str) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.remove(&(key.to_owned(), address.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::{FREE_FAILURES, LoginLimit};
    use model::Timestamp;

    #[test]
    fn guessing_slows_down_and_only_for_the_guesser() {
        let limit = LoginLimit::default();
        let now = Timestamp::from_millis(0);
        for _ in 0..FREE_FAILURES {
            assert!(limit.check("mina", "10.0.0.1", now).is_ok());
            limit.failed("mina", "10.0.0.1", now);
        }
        limit.failed("mina", "10.0.0.1", now);
        let refused = limit.check("mina", "10.0.0.1", now).err().and_then(|e| e.retry_after_s);
        assert_eq!(refused, Some(2));
        assert!(limit.check("mina", "10.0.0.2", now).is_ok());
        assert!(limit.check("mina", "10.0.0.1", now.plus_seconds(2)).is_ok());
        limit.succeeded("mina", "10.0.0.1");
        assert!(limit.check("mina", "10.0.0.1", now).is_ok());
    }
}

use model::{BoardError, Code, Timestamp};
use std::collections::HashMap;
use std::net::IpAddr;
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
    /// The last one before that.
    before: Timestamp,
}

impl Failures {
    fn open_at(self) -> Timestamp {
        let over = self.count.saturating_sub(FREE_FAILURES);
        let wait = if over == 0 { 0 } else { (1_i64 << over.min(10)).min(MAX_WAIT_S) };
        self.last.plus_seconds(wait)
    }
}

impl LoginLimit {
    /// Begins an attempt, which counts as a failure until it has succeeded: guesses at the same time are counted, too.
    ///
    /// # Errors
    /// `TooManyRequests` with the seconds to wait.
    pub fn begin(&self, key: &str, address: &str, now: Timestamp) -> Result<(), BoardError> {
        let place = place(key, address);
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let wait_ms = entries.get(&place).map_or(0, |failures| failures.open_at().as_millis() - now.as_millis());
        if wait_ms > 0 {
            let seconds = u32::try_from(wait_ms.unsigned_abs().div_ceil(1000)).unwrap_or(u32::MAX);
            return Err(BoardError::retry_after(Code::TooManyRequests, seconds));
        }
        if entries.len() >= MAX_ENTRIES {
            entries.retain(|_, failures| failures.last.plus_seconds(FORGET_AFTER_S) > now);
        }
        let entry = entries.entry(place).or_insert(Failures { count: 0, last: now, before: now });
        if entry.last.plus_seconds(FORGET_AFTER_S) <= now {
            entry.count = 0;
        }
        entry.count = entry.count.saturating_add(1);
        entry.before = std::mem::replace(&mut entry.last, now);
        Ok(())
    }

    /// Takes back an attempt that was no guess: the next one need not wait for it.
    pub fn unasked(&self, key: &str, address: &str) {
        if let Some(failures) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get_mut(&place(key, address)) {
            failures.count = failures.count.saturating_sub(1);
            failures.last = failures.before;
        }
    }

    pub fn succeeded(&self, key: &str, address: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&place(key, address));
    }
}

/// Whoever has one address of IPv6 has the 2^64 of its network.
fn place(key: &str, address: &str) -> (String, String) {
    let network = match address.parse() {
        Ok(IpAddr::V6(address)) => format!("{:x?}", &address.segments()[..4]),
        _ => address.to_owned(),
    };
    (key.to_owned(), network)
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
            assert!(limit.begin("mina", "10.0.0.1", now).is_ok());
        }
        assert!(limit.begin("mina", "10.0.0.1", now).is_ok());
        let refused = limit.begin("mina", "10.0.0.1", now).err().and_then(|e| e.retry_after_s);
        assert_eq!(refused, Some(2));
        assert!(limit.begin("mina", "10.0.0.2", now).is_ok());
        assert!(limit.begin("mina", "10.0.0.1", now.plus_seconds(2)).is_ok());
        limit.succeeded("mina", "10.0.0.1");
        assert!(limit.begin("mina", "10.0.0.1", now).is_ok());
    }

    #[test]
    fn a_network_of_ipv6_is_one_guesser() {
        let (limit, now) = (LoginLimit::default(), Timestamp::from_millis(0));
        let refused = (0..100).filter(|n| limit.begin("mina", &format!("2001:db8::{n:x}"), now).is_err()).count();
        assert_eq!(refused, 100 - FREE_FAILURES as usize - 1);
        assert!(limit.begin("mina", "2001:db8:0:1::1", now).is_ok());
    }

    #[test]
    fn an_attempt_that_was_never_checked_does_not_count() {
        let (limit, now) = (LoginLimit::default(), Timestamp::from_millis(0));
        for _ in 0..100 {
            assert!(limit.begin("mina", "10.0.0.1", now).is_ok());
            limit.unasked("mina", "10.0.0.1");
        }
        let guesses = (0..=FREE_FAILURES).filter(|_| limit.begin("mina", "10.0.0.1", now).is_ok()).count();
        assert_eq!(guesses, FREE_FAILURES as usize + 1);
        let later = now.plus_seconds(2);
        for _ in 0..100 {
            assert!(limit.begin("mina", "10.0.0.1", later).is_ok());
            limit.unasked("mina", "10.0.0.1");
        }
    }
}

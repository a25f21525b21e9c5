use crate::Ports;
use crate::sessions::Sessions;
use model::BoardError;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// After so many new users it is looked who of them has no session any more.
const TIDY_EVERY: usize = 10_000;

/// Knows with which passwords users signed in here, so that their sessions end when another process changes them.
#[derive(Clone)]
pub struct Strangers {
    ports: Ports,
    sessions: Sessions,
    /// By user key, what the password was: told apart by a hash of its hash.
    seen: Arc<Mutex<HashMap<String, u64>>>,
}

impl Strangers {
    pub fn new(ports: &Ports, sessions: Sessions) -> Self {
        Self { ports: ports.clone(), sessions, seen: Arc::default() }
    }

    /// Remembers a password's hash, for as long as its user has sessions. Inside of a runtime.
    pub fn see(&self, key: &str, hash: &str) {
        let is_due = {
            let mut seen = self.seen();
            seen.insert(key.to_owned(), digest(hash)).is_none() && seen.len().is_multiple_of(TIDY_EVERY)
        };
        if is_due {
            let strangers = self.clone();
            // A failure is logged where it happens; the next time comes.
            tokio::spawn(async move { strangers.end().await.ok() });
        }
    }

    /// Ends the sessions of users who are gone from the store or have another password there.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn end(&self) -> Result<(), BoardError> {
        let seen: Vec<(String, u64)> = self.seen().iter().map(|(key, hash)| (key.clone(), *hash)).collect();
        for (key, hash) in seen {
            let user = self.ports.store.user(&key).await?;
            let is_same = user.is_some_and(|user| digest(&user.password_hash) == hash);
            if !is_same {
                self.sessions.end_others(&key, None).await?;
            }
            if !is_same || self.ports.sessions.list(&key, self.ports.clock.now()).await?.is_empty() {
                let mut seen = self.seen();
                if seen.get(&key) == Some(&hash) {
                    seen.remove(&key);
                }
            }
        }
        Ok(())
    }

    fn seen(&self) -> MutexGuard<'_, HashMap<String, u64>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn digest(password_hash: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    password_hash.hash(&mut hasher);
    hasher.finish()
}

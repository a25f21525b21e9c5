mod werkzeug;

use crate::ports::PortError;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use model::{BoardError, Code, Password};
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

/// Hashes and verifies passwords with Argon2id (and verifies what an older board hashed), off the async threads, as many
/// at once as there are cores.
#[derive(Clone)]
pub struct Passwords {
    cores: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    argon2: Argon2<'static>,
    /// Verified for unknown users, so that their answer takes the same time.
    decoy: Arc<str>,
}

/// Waiting log-ins beyond this many are told to come back: with Argon2id, each takes some 20 ms of a core.
const MAX_WAITING: usize = 64;

impl Passwords {
    /// Argon2id with OWASP's minimum (19 MiB, 2 passes, 1 lane; Password Storage Cheat Sheet).
    ///
    /// # Errors
    /// When the system has no randomness for a salt.
    pub fn owasp(cores: usize) -> Result<Self, PortError> {
        let params = Params::new(19 * 1024, 2, 1, None).map_err(failed)?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let decoy = argon2.hash_password(b"nobody").map_err(failed)?.to_string().into();
        let cores = Arc::new(Semaphore::new(cores.max(1)));
        Ok(Self { cores, waiting: Arc::new(Semaphore::new(MAX_WAITING)), argon2, decoy })
    }

    /// The password's hash as a PHC string.
    ///
    /// # Errors
    /// `TooManyRequests` when too many wait already.
    pub async fn hash(&self, password: &Password) -> Result<String, BoardError> {
        let (argon2, password) = (self.argon2.clone(), password.clone());
        self.run(move || argon2.hash_password(password.as_bytes()).map(|hash| hash.to_string()))
            .await?
            .map_err(|error| failed(error).into())
    }

    /// Whether the password belongs to this stored hash; `None` (nobody) takes as long as Argon2id and says no.
    ///
    /// # Errors
    /// `TooManyRequests` when too many wait already.
    pub async fn verify(&self, password: &Password, stored: Option<&str>) -> Result<bool, BoardError> {
        let known = stored.is_some();
        let (argon2, password) = (self.argon2.clone(), password.clone());
        let stored: Arc<str> = stored.map_or_else(|| Arc::clone(&self.decoy), Arc::from);
        let matches = self
            .run(move || {
                if werkzeug::made(&stored) {
                    return werkzeug::verify(password.as_bytes(), &stored);
                }
                PasswordHash::new(&stored).is_ok_and(|hash| argon2.verify_password(password.as_bytes(), &hash).is_ok())
            })
            .await?;
        Ok(known && matches)
    }

    /// Whether the hash is of an older board's scheme, and better replaced while the password is known.
    #[must_use]
    pub fn is_outdated(stored: &str) -> bool {
        werkzeug::made(stored)
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, BoardError> {
        let _place = self.waiting.try_acquire().map_err(|_| Code::TooManyRequests)?;
        let permit = Arc::clone(&self.cores).acquire_owned().await.map_err(|_| Code::Internal)?;
        let span = tracing::info_span!("hash password");
        spawn_blocking(move || {
            let _permit = permit;
            span.in_scope(work)
        })
        .await
        .map_err(|_| Code::Internal.into())
    }
}

fn failed(error: impl std::fmt::Display) -> PortError {
    PortError::new("argon2", error.to_string())
}

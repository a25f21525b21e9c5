use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};
use tokio::runtime::{Handle, Id};

/// One for each runtime that asks: what a thread has to itself, no other thread has to be woken for.
pub(super) struct PerRuntime<T>(RwLock<HashMap<Id, T>>);

impl<T> Default for PerRuntime<T> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

impl<T: Clone> PerRuntime<T> {
    /// That of the runtime that asks; a new one, when there is none.
    pub(super) fn here<E>(&self, new: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let runtime = Handle::current().id();
        if let Some(known) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(&runtime) {
            return Ok(known.clone());
        }
        let new = new()?;
        // Another task of this runtime may have been quicker.
        Ok(self.0.write().unwrap_or_else(PoisonError::into_inner).entry(runtime).or_insert(new).clone())
    }
}

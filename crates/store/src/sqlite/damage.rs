//! Whether the file was found damaged while it is in use.

use rusqlite::ErrorCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Set by the first statement that finds damage, until the file is replaced.
#[derive(Debug, Clone, Default)]
pub(super) struct Damage(Arc<AtomicBool>);

impl Damage {
    pub(super) fn learn(&self, error: &rusqlite::Error) {
        if matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)) {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    /// Another process has written: perhaps it brought back a backup.
    pub(super) fn doubt(&self) {
        self.0.store(false, Ordering::Relaxed);
    }

    pub(super) fn is_known(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

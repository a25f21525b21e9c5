//! Events on disk, from the request that made them until they are counted, or a broker has them.
//!
//! Files of records, named by the number of their first one, written one after the other. What is written outlives the
//! process, since the system has it; it is not synced: a host that dies may lose the last seconds. `state` tells up to where
//! everything was taken; what comes after is read again after a crash, so that readers must expect some events twice.

mod file;
mod reader;
mod record;
mod state;

pub(crate) use reader::Reader;
pub(crate) use record::Record;

use file::MappedFile;
use record::HEAD;
use state::State;
use std::collections::VecDeque;
use std::fs::{DirBuilder, OpenOptions};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use telemetry::propagation::TraceParent;

/// How long a file is, until it is followed by another one.
const FILE_BYTES: u64 = 4 << 20;

/// A bounded queue on disk.
pub struct Spool {
    folder: PathBuf,
    max_bytes: u64,
    /// Of this run: numbers that a dying host forgot, or that a copy of the folder gives too, are another producer's.
    producer: u64,
    inner: Mutex<Inner>,
}

struct Inner {
    state: State,
    /// Those that may hold something that is not taken, oldest first; the last one is written to.
    files: VecDeque<Segment>,
    writing: Option<MappedFile>,
    /// The number of the next event, and of the last one before this run.
    next: u64,
    before: u64,
    /// Of all files.
    bytes: u64,
    record: Vec<u8>,
    /// Why nothing can be written.
    failure: Option<String>,
}

#[derive(Debug, Clone, Copy)]
struct Segment {
    first: u64,
    bytes: u64,
}

/// The spool can't be used.
#[derive(Debug, thiserror::Error)]
#[error(
    "the folder {} can't be used ({source}): make sure that this user may write there, and that the disk is not full.",
    path.display()
)]
pub struct SpoolError {
    path: PathBuf,
    source: io::Error,
}

impl Spool {
    /// Opens the spool in a folder, made when there is none; it holds at most `max_bytes`, and one file more.
    ///
    /// # Errors
    /// When it can't be read or written.
    pub fn open(folder: &Path, max_bytes: u64) -> Result<Arc<Self>, SpoolError> {
        let failed = |source| SpoolError { path: folder.to_owned(), source };
        make_folder(folder).map_err(failed)?;
        let mut state = State::open(&folder.join("state")).map_err(failed)?;
        let mut files = segments(folder).map_err(failed)?;
        let mut last = state.taken();
        if let Some(segment) = files.back_mut() {
            // What was being written when the process or the host ended is no whole record. How many follow it can't be told.
            let end = reader::last_record(&path(folder, segment.first)).map_err(failed)?;
            let whole = end.number.max(segment.first - 1);
            if end.torn && whole >= state.taken() {
                state.lose(1);
                tracing::warn!(
                    file = segment.first,
                    "the end of the event spool is torn: at least one API event is lost"
                );
            }
            segment.bytes = end.bytes;
            last = last.max(whole);
            if end.bytes > 0 && end.number <= state.taken() {
                for segment in std::mem::take(&mut files) {
                    std::fs::remove_file(path(folder, segment.first)).map_err(failed)?;
                }
            } else if end.bytes == 0 {
                std::fs::remove_file(path(folder, segment.first)).map_err(failed)?;
                files.pop_back();
            } else {
                // It was made at its full length.
                OpenOptions::new()
                    .write(true)
                    .open(path(folder, segment.first))
                    .and_then(|file| file.set_len(end.bytes))
                    .map_err(failed)?;
            }
        }
        let spool = Self {
            folder: folder.to_owned(),
            max_bytes,
            producer: random().map_err(failed)?,
            inner: Mutex::new(Inner {
                bytes: files.iter().map(|segment| segment.bytes).sum(),
                state,
                files,
                writing: None,
                next: last + 1,
                before: last,
                record: Vec::new(),
                failure: None,
            }),
        };
        spool.begin_file(&mut spool.inner()).map_err(failed)?;
        Ok(Arc::new(spool))
    }

    /// The number that tells this run's events from those of others.
    pub(crate) const fn producer(&self) -> u64 {
        self.producer
    }

    /// Appends an event, which `write` writes when it is told its number; `written` hears of those that were, in their order.
    /// An event that can't be written is counted as lost, and has no number: what is told of it is `Err`.
    pub(crate) fn append<T>(
        &self,
        place: Option<TraceParent>,
        write: impl FnOnce(u64, &mut Vec<u8>) -> T,
        written: impl FnOnce(u64, &T),
    ) -> Result<T, T> {
        let inner = &mut *self.inner();
        let number = inner.next;
        inner.record.clear();
        inner.record.resize(HEAD, 0);
        let value = write(number, &mut inner.record);
        record::seal(&mut inner.record, number, place);
        match self.write(inner) {
            Ok(()) => {
                inner.next += 1;
                inner.failure = None;
                written(number, &value);
                Ok(value)
            }
            Err(reason) => {
                let lost = inner.state.lose(1);
                if lost.is_power_of_two() || inner.failure.is_none() {
                    tracing::warn!(lost, reason, "API events are lost");
                }
                inner.failure = Some(reason);
                Err(value)
            }
        }
    }

    /// Writes the record at the end of the last file, or into a new one.
    fn write(&self, inner: &mut Inner) -> Result<(), String> {
        let told = |error: io::Error| format!("{} can't be written ({error})", self.folder.display());
        let length = inner.record.len() as u64;
        if inner.bytes + length > self.max_bytes {
            return Err(format!("{} holds {} MiB already", self.folder.display(), self.max_bytes >> 20));
        }
        if inner.write_record() {
            return Ok(());
        }
        self.begin_file(inner).map_err(told)?;
        if inner.write_record() { Ok(()) } else { Err(format!("an event of {length} bytes is too long")) }
    }

    fn begin_file(&self, inner: &mut Inner) -> io::Result<()> {
        if let (Some(file), Some(segment)) = (inner.writing.take(), inner.files.back()) {
            file.finish(segment.bytes);
        }
        let first = inner.next;
        // Somebody may have deleted them.
        make_folder(&self.folder)?;
        inner.state.renew(&self.folder.join("state"))?;
        inner.writing = Some(MappedFile::make(&path(&self.folder, first), FILE_BYTES)?);
        inner.files.push_back(Segment { first, bytes: 0 });
        Ok(())
    }

    /// Everything up to this number need not be read again.
    pub(crate) fn take(&self, number: u64) {
        let mut inner = self.inner();
        if number > inner.state.taken() {
            inner.state.take(number);
            self.drop_taken(&mut inner, number);
        }
    }

    /// Deletes the files that hold nothing after this number: those that another one follows which begins below.
    fn drop_taken(&self, inner: &mut Inner, taken: u64) {
        while inner.files.get(1).is_some_and(|next| next.first <= taken + 1) {
            let Some(segment) = inner.files.pop_front() else { break };
            inner.bytes -= segment.bytes;
            // One that stays is read again after the next start, and known.
            let _ = std::fs::remove_file(path(&self.folder, segment.first));
        }
    }

    pub(crate) fn taken(&self) -> u64 {
        self.inner().state.taken()
    }

    /// How many events wait to be taken.
    pub(crate) fn waiting(&self) -> u64 {
        let inner = self.inner();
        (inner.next - 1).saturating_sub(inner.state.taken())
    }

    /// So many events that were written can't be read any more.
    pub(crate) fn lose(&self, count: u64) {
        tracing::error!(count, "API events can't be read from the spool: they are lost");
        self.inner().state.lose(count);
    }

    /// A file is gone.
    fn gone(&self, first: u64) {
        tracing::error!(file = first, "a file of the event spool is gone");
        let mut inner = self.inner();
        let at = inner.files.iter().position(|segment| segment.first == first);
        if let Some(segment) = at.and_then(|at| inner.files.remove(at)) {
            inner.bytes -= segment.bytes;
            if inner.files.is_empty() {
                inner.writing = None;
            }
        }
    }

    /// How many events were lost since the spool was made.
    pub(crate) fn lost(&self) -> u64 {
        self.inner().state.lost()
    }

    /// The number of the last event before this process.
    pub(crate) fn last_before(&self) -> u64 {
        self.inner().before
    }

    /// Why the last event could not be written.
    pub(crate) fn failure(&self) -> Option<String> {
        self.inner().failure.clone()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// `false` when the last file has no room for it.
    fn write_record(&mut self) -> bool {
        let (Some(segment), Some(file)) = (self.files.back_mut(), &mut self.writing) else { return false };
        if !file.write(&self.record, segment.bytes) {
            return false;
        }
        segment.bytes += self.record.len() as u64;
        self.bytes += self.record.len() as u64;
        true
    }
}

fn make_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

fn random() -> io::Result<u64> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(u64::from_le_bytes(bytes))
}

fn path(folder: &Path, first: u64) -> PathBuf {
    folder.join(format!("{first:020}.events"))
}

/// The files, oldest first.
fn segments(folder: &Path) -> io::Result<VecDeque<Segment>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let first = name.to_str().and_then(|name| name.strip_suffix(".events")).and_then(|first| first.parse().ok());
        let first = first.filter(|first| path(folder, *first) == entry.path() && entry.path().is_file());
        if let Some(first) = first {
            files.push(Segment { first, bytes: entry.metadata()?.len() });
        }
    }
    files.sort_by_key(|segment| segment.first);
    Ok(files.into())
}

#[cfg(test)]
mod tests;

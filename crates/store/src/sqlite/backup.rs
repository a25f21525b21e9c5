//! Copies of a database, made and brought back while a server runs (SQLite's online backup).

use super::open::{self, OpenError};
use super::takeover;
use super::writer::LOOK_EVERY;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};
use std::fs::File;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long other processes' locks are waited for.
const WAIT: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(20);

/// Copies the database at `from` into the new file `to`, as it was at one moment. Writers are not held up.
///
/// # Errors
/// [`OpenError`] when `from` is not a Glassboard database, or `to` exists or can't be written.
pub fn backup(from: &Path, to: &Path) -> Result<(), OpenError> {
    let source = existing(from)?;
    if to.exists() {
        return Err(OpenError::Exists { path: to.to_owned() });
    }
    let unfinished = with_suffix(to, ".part");
    let not_writable =
        |error: std::io::Error| OpenError::NotWritable { path: to.to_owned(), reason: error.to_string() };
    if unfinished.exists() {
        std::fs::remove_file(&unfinished).map_err(not_writable)?;
    }
    // It holds what the data folder holds, and is as private.
    File::options().write(true).create_new(true).mode(0o600).open(&unfinished).map_err(not_writable)?;
    let engine = |error| OpenError::from_engine(to, error);
    let mut copy = Connection::open(&unfinished).map_err(engine)?;
    copy_all(&source, &mut copy).map_err(engine)?;
    // One file without a log beside it, so that it can be copied elsewhere.
    copy.pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(())).map_err(engine)?;
    copy.close().map_err(|(_, error)| engine(error))?;
    let sync_and_name = || {
        File::open(&unfinished)?.sync_all()?;
        std::fs::rename(&unfinished, to)?;
        to.parent()
            .filter(|folder| !folder.as_os_str().is_empty())
            .map_or(Ok(()), |folder| File::open(folder)?.sync_all())
    };
    sync_and_name().map_err(not_writable)
}

/// Replaces the database at `live` by the backup, also while a server has it open: the next transaction there sees it.
/// What was written since the backup is lost. A damaged file is kept beside it, its name ending in `.damaged`, unless it
/// is `in_use`: a server would go on with the old file.
///
/// # Errors
/// [`OpenError`] when the backup is not a Glassboard database, newer or damaged (`live` is untouched then), or when
/// `live` can't be written, or is damaged and in use.
pub fn restore(backup: &Path, live: &Path, in_use: bool) -> Result<(), OpenError> {
    let no_backup = |reason: &str| OpenError::NoBackup { path: backup.to_owned(), reason: reason.to_owned() };
    let source = existing(backup).map_err(|error| match error {
        OpenError::NotADatabase { .. } | OpenError::OtherProgram { .. } => no_backup("it holds no board"),
        OpenError::Damaged { reason, .. } => no_backup(&format!("it is damaged ({reason})")),
        _ if !backup.exists() => no_backup("there is no such file"),
        other => other,
    })?;
    // It replaces good data.
    open::whole(&source, backup).map_err(|error| match error {
        OpenError::Damaged { reason, .. } => no_backup(&format!("it is damaged ({reason})")),
        other => other,
    })?;
    let mut target = match open::writer(live) {
        Err(OpenError::Damaged { .. }) if in_use => return Err(OpenError::InUse { path: live.to_owned() }),
        Err(OpenError::Damaged { .. }) => {
            set_aside(live)?;
            open::writer(live)?
        }
        opened => opened?,
    };
    let engine = |error| OpenError::from_engine(live, error);
    copy_all(&source, &mut target).map_err(engine)?;
    open::migrate(&mut target).map_err(engine)?;
    open::checkpoint(&target);
    // On return, a server that runs has noticed.
    std::thread::sleep(2 * LOOK_EVERY);
    Ok(())
}

/// Opens a database that must be there and hold a board, be it an older one that is to be taken over.
fn existing(path: &Path) -> Result<Connection, OpenError> {
    let engine = |error| OpenError::from_engine(path, error);
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
        .map_err(|source| OpenError::Other { path: path.to_owned(), source })?;
    connection.busy_timeout(WAIT).map_err(engine)?;
    open::recognise(&connection, path)?;
    if open::is_board(&connection).map_err(engine)? || takeover::is_due(&connection).map_err(engine)? {
        return Ok(connection);
    }
    Err(OpenError::NotADatabase { path: path.to_owned() })
}

/// Copies in one step: the copy is of one moment, and the target changes in one transaction.
fn copy_all(from: &Connection, to: &mut Connection) -> rusqlite::Result<()> {
    let started = Instant::now();
    let copy = Backup::new(from, to)?;
    loop {
        match copy.step(-1)? {
            StepResult::Done => return Ok(()),
            StepResult::Busy | StepResult::Locked if started.elapsed() > WAIT => {
                let busy = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY);
                return Err(rusqlite::Error::SqliteFailure(busy, None));
            }
            _ => std::thread::sleep(PAUSE),
        }
    }
}

/// Moves a damaged database and its log out of the way.
fn set_aside(live: &Path) -> Result<(), OpenError> {
    for part in ["", "-wal", "-shm"] {
        let (from, to) = (with_suffix(live, part), with_suffix(live, &format!(".damaged{part}")));
        match std::fs::rename(from, to) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(OpenError::NotWritable { path: live.to_owned(), reason: error.to_string() });
            }
            _ => {}
        }
    }
    Ok(())
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

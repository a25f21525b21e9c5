//! Opening a database file: recognised, brought up to date, or refused with what to do.

use super::takeover;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};
use rustix::fs::statvfs;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// In the file's header (SQLite's `application_id`): "GLBS".
const APPLICATION_ID: i32 = 0x474c_4253;
/// How long a statement waits for another process's lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Pages in the write-ahead log (16 MiB) before they are moved into the database file.
const CHECKPOINT_PAGES: u32 = 4096;
const STATEMENTS_CACHED: usize = 64;

/// Databases of so many pages (16 MiB) are read as a whole when they are opened.
const PAGES_READ: u64 = 4096;

/// Applied in order; a database's `user_version` says how many it has.
const MIGRATIONS: [&str; 3] = [
    include_str!("../../migrations/sqlite/0001_board.sql"),
    include_str!("../../migrations/sqlite/0002_search.sql"),
    include_str!("../../migrations/sqlite/0003_statistics.sql"),
];

/// Why a database file can't be used, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("{path} is not an SQLite database: move that file away, or choose another data folder")]
    NotADatabase { path: PathBuf },
    #[error("{path} is a database of another program: choose another data folder")]
    OtherProgram { path: PathBuf },
    #[error(
        "{path} was written by a newer Glassboard (its schema is version {found}, this one knows {known}): run that newer Glassboard, or restore a backup made before the upgrade"
    )]
    Newer { path: PathBuf, found: i32, known: i32 },
    #[error(
        "{path} holds the tables of an older board that can't be taken over ({reason}): nothing was changed; mend that, or choose another data folder"
    )]
    NotTakenOver { path: PathBuf, reason: String },
    #[error("{path} is damaged ({reason}): restore the latest backup with `glassboard restore`")]
    Damaged { path: PathBuf, reason: String },
    #[error("{path} can't be restored: {reason}. Name another file, one that `glassboard backup` made")]
    NoBackup { path: PathBuf, reason: String },
    #[error("{path} exists already: name another file, or move that one away")]
    Exists { path: PathBuf },
    #[error("{path} can't be written ({reason}): check that its folder exists and that this user may write there")]
    NotWritable { path: PathBuf, reason: String },
    #[error("{path} can't be opened: the disk is full; free some space and start again")]
    DiskFull { path: PathBuf },
    #[error("{path} is damaged and a server uses it: stop the server, restore, and start it again")]
    InUse { path: PathBuf },
    #[error("{path} is locked by another program: stop that program and try again")]
    Locked { path: PathBuf },
    #[error("{path} can't be opened ({source}): check the disk and the file's permissions")]
    Other {
        path: PathBuf,
        #[source]
        source: rusqlite::Error,
    },
}

impl OpenError {
    pub(super) fn from_engine(path: &Path, error: rusqlite::Error) -> Self {
        let path = path.to_owned();
        // Its Display is the whole statement.
        if let rusqlite::Error::SqlInputError { msg, .. } = error {
            return Self::Damaged { path, reason: msg };
        }
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Self::NotADatabase { path },
            Some(ErrorCode::DatabaseCorrupt) => Self::Damaged { path, reason: error.to_string() },
            Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
                Self::NotWritable { path, reason: error.to_string() }
            }
            Some(ErrorCode::DiskFull) => Self::DiskFull { path },
            // Where the files beside the database don't fit, SQLite does not say so.
            Some(ErrorCode::SystemIoFailure) if is_full(&path) => Self::DiskFull { path },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked { path },
            _ => Self::Other { path, source: error },
        }
    }
}

/// Whether the disk has less room than SQLite needs beside a database.
fn is_full(path: &Path) -> bool {
    const NEEDED: u64 = 64 << 10;
    statvfs(path).is_ok_and(|disk| disk.f_bavail.saturating_mul(disk.f_frsize) < NEEDED)
}

/// The connection of the writer; makes the database when there is none, and applies what migrations it lacks.
pub(super) fn writer(path: &Path) -> Result<Connection, OpenError> {
    let engine = |error| OpenError::from_engine(path, error);
    // A file that was cut off inside of its header would be taken for an empty one.
    let length = std::fs::metadata(path).map_or(0, |file| file.len());
    if (1..100).contains(&length) {
        return Err(OpenError::NotADatabase { path: path.to_owned() });
    }
    make_private(path);
    let mut connection = Connection::open(path).map_err(engine)?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(engine)?;
    recognise(&connection, path)?;
    prepare(&connection).map_err(engine)?;
    let takes_over = takeover::is_due(&connection).map_err(engine)?;
    migrate(&mut connection).map_err(|error| {
        let path = path.to_owned();
        match (takes_over, engine(error)) {
            (true, OpenError::Damaged { reason, .. }) => OpenError::NotTakenOver { path, reason },
            (true, OpenError::Other { source, .. }) => OpenError::NotTakenOver { path, reason: source.to_string() },
            (_, other) => other,
        }
    })?;
    check(&connection, path)?;
    Ok(connection)
}

/// Makes the file when there is none: it holds passwords' hashes. What can't be made, SQLite complains about.
fn make_private(path: &Path) {
    let _ = std::fs::File::options().write(true).create_new(true).mode(0o600).open(path);
}

/// A connection that only reads.
pub(super) fn reader(path: &Path) -> rusqlite::Result<Connection> {
    let connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "cache_size", -4096)?;
    keep_plans(&connection)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_CACHED);
    Ok(connection)
}

/// Refuses what is not a Glassboard database, or one of a newer version. An empty database is fine, and so is one that an
/// older board left.
pub(super) fn recognise(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    let engine = |error| OpenError::from_engine(path, error);
    let number = |pragma: &str| connection.pragma_query_value(None, pragma, |row| row.get::<_, i32>(0)).map_err(engine);
    let (application, found) = (number("application_id")?, number("user_version")?);
    if application == APPLICATION_ID {
        let known = version();
        return if found <= known { Ok(()) } else { Err(OpenError::Newer { path: path.to_owned(), found, known }) };
    }
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", (), |row| row.get(0)).map_err(engine)?;
    if application == 0 && (found == 0 && tables == 0 || takeover::is_due(connection).map_err(engine)?) {
        return Ok(());
    }
    Err(OpenError::OtherProgram { path: path.to_owned() })
}

/// Whether the database holds a board already (an empty file is recognised, but holds none).
pub(super) fn is_board(connection: &Connection) -> rusqlite::Result<bool> {
    connection.pragma_query_value(None, "application_id", |row| Ok(row.get::<_, i32>(0)? == APPLICATION_ID))
}

/// Applies the migrations that the database lacks.
pub(super) fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let takes_over = !is_board(&transaction)? && takeover::is_due(&transaction)?;
    // The older board's own number says nothing here.
    let applied = if takes_over {
        0
    } else {
        transaction.pragma_query_value(None, "user_version", |row| row.get::<_, usize>(0))?
    };
    let apply = || MIGRATIONS.iter().skip(applied).try_for_each(|migration| transaction.execute_batch(migration));
    if takes_over {
        takeover::run(&transaction, apply)?;
    } else {
        apply()?;
    }
    if applied < MIGRATIONS.len() {
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", version())?;
    }
    transaction.commit()
}

/// Moves the write-ahead log into the database file, as far as readers allow.
pub(super) fn checkpoint(connection: &Connection) {
    let moved = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(()));
    if let Err(error) = moved {
        tracing::warn!(exception.message = %error, "the write-ahead log stays; the next start takes it over");
    }
}

fn version() -> i32 {
    i32::try_from(MIGRATIONS.len()).unwrap_or(i32::MAX)
}

fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    // FULL: a commit returns after the fsync of the write-ahead log.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update_and_check(None, "wal_autocheckpoint", CHECKPOINT_PAGES, |_| Ok(()))?;
    connection.pragma_update_and_check(None, "journal_size_limit", 64 << 20, |_| Ok(()))?;
    connection.pragma_update(None, "cache_size", -16384)?;
    connection.pragma_update(None, "foreign_keys", "ON")?;
    keep_plans(connection)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_CACHED);
    Ok(())
}

/// A statement keeps its plan whatever its parameters are; else SQLite looks at them and plans it anew each time.
fn keep_plans(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map(drop)
}

/// What can be checked without delay: a small file as a whole; of a large one its length, its schema, and the newest rows.
fn check(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    let engine = |error| OpenError::from_engine(path, error);
    let damaged = |reason: String| OpenError::Damaged { path: path.to_owned(), reason };
    let checkpoint = "PRAGMA wal_checkpoint(PASSIVE)";
    let all_moved = connection
        .query_row(checkpoint, (), |row| {
            Ok(row.get::<_, i64>(0)? == 0 && row.get::<_, i64>(1)? == row.get::<_, i64>(2)?)
        })
        .map_err(engine)?;
    let (pages, page_size): (u64, u64) = connection
        .query_row("SELECT page_count, page_size FROM pragma_page_count(), pragma_page_size()", (), |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .map_err(engine)?;
    let (length, expected) = (std::fs::metadata(path).map_or(0, |file| file.len()), pages * page_size);
    if all_moved && length < expected {
        return Err(damaged(format!("it is {length} bytes long and should be {expected}")));
    }
    if pages <= PAGES_READ {
        return whole(connection, path);
    }
    for table in ["users", "messages", "message_counts", "sample_counts", "search_segments", "search_postings"] {
        let newest = format!("SELECT * FROM {table} ORDER BY 1 DESC LIMIT 1");
        match connection.query_row(&newest, (), |_| Ok(())) {
            Ok(()) | Err(rusqlite::Error::QueryReturnedNoRows) => {}
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::Unknown) => {
                return Err(damaged(error.to_string()));
            }
            Err(error) => return Err(engine(error)),
        }
    }
    Ok(())
}

/// Reads the whole file and says whether it is sound.
pub(super) fn whole(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    let verdict: rusqlite::Result<String> = connection.query_row("PRAGMA quick_check(1)", (), |row| row.get(0));
    match verdict {
        Ok(verdict) if verdict == "ok" => Ok(()),
        Ok(reason) => Err(OpenError::Damaged { path: path.to_owned(), reason }),
        Err(error) => Err(OpenError::from_engine(path, error)),
    }
}

//! The folder that holds an embedded board: opened by one server at a time.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Why the data folder can't be used.
#[derive(Debug, thiserror::Error)]
pub enum DataFolderError {
    #[error("the data folder {} can't be written ({source}); choose another with --data or give this user the right to write there.", path.display())]
    NotWritable { path: PathBuf, source: std::io::Error },
    #[error("{} is a file, not a folder; choose a folder for the data with --data.", path.display())]
    NotAFolder { path: PathBuf },
    #[error("the data folder {} is used by another glassboard that is running; stop that one or choose another folder with --data.", path.display())]
    InUse { path: PathBuf },
}

/// A data folder, locked for this process as long as the value lives.
pub struct DataFolder {
    path: PathBuf,
    _lock: File,
}

impl DataFolder {
    /// Makes the folder if need be, and locks it.
    ///
    /// # Errors
    /// When it can't be written, or another process has it.
    pub fn open(path: &Path) -> Result<Self, DataFolderError> {
        let not_writable = |source| DataFolderError::NotWritable { path: path.to_owned(), source };
        Self::make(path)?;
        let lock_path = path.join("glassboard.lock");
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(lock_path).map_err(not_writable)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(DataFolderError::InUse { path: path.to_owned() }),
            Err(TryLockError::Error(source)) => Err(not_writable(source)),
        }
    }

    /// Makes the folder if need be; only its owner may look into it: it holds passwords' hashes.
    ///
    /// # Errors
    /// When it can't be made.
    pub fn make(path: &Path) -> Result<(), DataFolderError> {
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|source| match source.kind() {
            ErrorKind::AlreadyExists => DataFolderError::NotAFolder { path: path.to_owned() },
            _ => DataFolderError::NotWritable { path: path.to_owned(), source },
        })
    }

    /// Where the database is, in any data folder.
    pub fn database(path: &Path) -> PathBuf {
        path.join("glassboard.db")
    }

    /// Where API events wait to be counted, in any data folder.
    pub fn spool(path: &Path) -> PathBuf {
        path.join("events")
    }

    /// The secret key that is kept here (mode 0600), made on first use.
    ///
    /// # Errors
    /// When it can't be read or written.
    pub fn secret_key(&self) -> Result<String, DataFolderError> {
        let path = self.path.join("secret_key");
        let not_writable = |source| DataFolderError::NotWritable { path: path.clone(), source };
        match std::fs::read_to_string(&path) {
            Ok(key) if key.len() >= 64 => return Ok(key),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(not_writable(error)),
        }
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|error| not_writable(std::io::Error::other(error)))?;
        let key = telemetry::propagation::hex::encode(&bytes);
        let mut file =
            OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&path).map_err(not_writable)?;
        file.write_all(key.as_bytes()).and_then(|()| file.sync_all()).map_err(not_writable)?;
        Ok(key)
    }
}

#[cfg(test)]
mod tests {
    use super::{DataFolder, DataFolderError};
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_second_server_is_refused_until_the_first_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let first = DataFolder::open(folder.path()).unwrap();
        assert!(matches!(DataFolder::open(folder.path()), Err(DataFolderError::InUse { .. })));
        drop(first);
        assert!(DataFolder::open(folder.path()).is_ok());
    }

    #[test]
    fn the_secret_key_is_kept_and_private() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataFolder::open(folder.path()).unwrap();
        let key = data.secret_key().unwrap();
        assert_eq!(key, data.secret_key().unwrap());
        let mode = std::fs::metadata(folder.path().join("secret_key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

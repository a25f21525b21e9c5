use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

/// What a spool remembers beside its events: two numbers in a file, each overwritten in its place.
pub(super) struct State {
    file: File,
    taken: u64,
    lost: u64,
}

const TAKEN_AT: u64 = 0;
const LOST_AT: u64 = 8;

impl State {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
        let mut bytes = [0; 16];
        match file.read_exact_at(&mut bytes, 0) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                bytes = [0; 16];
                file.write_all_at(&bytes, 0)?;
            }
            Err(error) => return Err(error),
        }
        let number = |at: usize| bytes[at..at + 8].try_into().map(u64::from_le_bytes).unwrap_or_default();
        Ok(Self { file, taken: number(0), lost: number(8) })
    }

    pub(super) const fn taken(&self) -> u64 {
        self.taken
    }

    pub(super) const fn lost(&self) -> u64 {
        self.lost
    }

    pub(super) fn take(&mut self, number: u64) {
        self.taken = number;
        self.keep(TAKEN_AT, number);
    }

    /// So many more are lost; how many in all.
    pub(super) fn lose(&mut self, count: u64) -> u64 {
        self.lost += count;
        self.keep(LOST_AT, self.lost);
        self.lost
    }

    /// Makes the file again when it was deleted.
    pub(super) fn renew(&mut self, path: &Path) -> io::Result<()> {
        if !path.exists() {
            self.file = Self::open(path)?.file;
            self.keep(TAKEN_AT, self.taken);
            self.keep(LOST_AT, self.lost);
        }
        Ok(())
    }

    /// Its place has been there since the beginning, so that a full disk takes it. What is not kept all the same is read
    /// again after the next start, and known.
    fn keep(&self, at: u64, number: u64) {
        let _ = self.file.write_all_at(&number.to_le_bytes(), at);
    }
}

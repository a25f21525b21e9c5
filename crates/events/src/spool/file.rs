use memmap2::MmapMut;
use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::Errno;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

/// A file that is written through memory: an event costs a copy and no call into the system, and what was copied outlives the
/// process all the same.
pub(super) struct MappedFile {
    file: File,
    map: MmapMut,
}

impl MappedFile {
    /// Makes a file of zeros. All of it is on the disk before anything is written: a full disk is found here.
    pub(super) fn make(path: &Path, bytes: u64) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).mode(0o600).open(path)?;
        let room = match fallocate(&file, FallocateFlags::empty(), 0, bytes) {
            Err(Errno::OPNOTSUPP) => file.write_all_at(&vec![0; usize::try_from(bytes).unwrap_or_default()], 0),
            other => other.map_err(Into::into),
        };
        match room.and_then(|()| map(&file)) {
            Ok(map) => Ok(Self { map, file }),
            Err(error) => {
                let _ = std::fs::remove_file(path);
                Err(error)
            }
        }
    }

    /// `false` when it does not fit any more.
    pub(super) fn write(&mut self, record: &[u8], at: u64) -> bool {
        let place = usize::try_from(at).ok().and_then(|at| self.map.get_mut(at..at + record.len()));
        place.map(|place| place.copy_from_slice(record)).is_some()
    }

    /// Gives back what is beyond the records.
    pub(super) fn finish(self, bytes: u64) {
        drop(self.map);
        // A reader stops at the zeros, too.
        let _ = self.file.set_len(bytes);
    }
}

#[allow(unsafe_code, reason = "memory that is a file")]
fn map(file: &File) -> io::Result<MmapMut> {
    // SAFETY: the memory stays valid while no one shortens the file. It is in the data folder, which one process has locked
    // and only its user may enter, and `finish` shortens it when the memory is gone.
    unsafe { MmapMut::map_mut(file) }
}

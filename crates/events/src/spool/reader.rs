use super::record::{Found, Record, first};
use super::{Segment, Spool, path};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

/// Bytes that are read at once.
const CHUNK: usize = 256 << 10;

/// Reads a spool from what is not taken, in order. One at a time: it takes what it has read.
pub(crate) struct Reader {
    spool: Arc<Spool>,
    /// The file at hand, and the byte in it that comes next.
    at: Option<(u64, File)>,
    offset: u64,
    /// The last number that was given.
    given: u64,
}

impl Reader {
    pub(crate) fn new(spool: Arc<Spool>) -> Self {
        let given = spool.taken();
        Self { spool, at: None, offset: 0, given }
    }

    /// No later event has a smaller number.
    pub(crate) const fn next(&self) -> u64 {
        self.given + 1
    }

    /// Begins again after what is taken.
    pub(crate) fn rewind(&mut self) {
        *self = Self::new(Arc::clone(&self.spool));
    }

    /// The next events, up to `most`; none when there are no more yet.
    pub(crate) fn read(&mut self, most: usize) -> io::Result<Vec<Record>> {
        let mut records = Vec::new();
        while records.len() < most {
            let Some(segment) = self.segment()? else { break };
            if self.offset >= segment.bytes {
                break;
            }
            self.read_chunk(segment, most, &mut records)?;
        }
        Ok(records)
    }

    /// The file at hand, or the one that follows it when it has been read.
    fn segment(&mut self) -> io::Result<Option<Segment>> {
        loop {
            let inner = self.spool.inner();
            let at = self.at.as_ref().map(|(first, _)| *first);
            let here = at.and_then(|at| inner.files.iter().position(|segment| segment.first == at));
            let (segment, follows) = match here {
                Some(here) if self.offset < inner.files[here].bytes => return Ok(inner.files.get(here).copied()),
                Some(here) => (inner.files.get(here).copied(), inner.files.get(here + 1).copied()),
                // The first one, or the one at hand has gone.
                None => (None, inner.files.iter().find(|segment| Some(segment.first) > at).copied()),
            };
            drop(inner);
            let Some(next) = follows else { return Ok(segment) };
            let file = match File::open(path(&self.spool.folder, next.first)) {
                Ok(file) => file,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    self.spool.gone(next.first);
                    continue;
                }
                Err(error) => return Err(error),
            };
            // Numbers follow each other: what is missing between was in a file that is gone or damaged.
            if next.first > self.given + 1 {
                self.spool.lose(next.first - self.given - 1);
                self.given = next.first - 1;
            }
            self.at = Some((next.first, file));
            self.offset = 0;
        }
    }

    fn read_chunk(&mut self, segment: Segment, most: usize, records: &mut Vec<Record>) -> io::Result<()> {
        let Some((_, file)) = &self.at else { return Ok(()) };
        let left = usize::try_from(segment.bytes - self.offset).unwrap_or(CHUNK);
        let mut chunk = vec![0; left.min(CHUNK)];
        file.read_exact_at(&mut chunk, self.offset)?;
        let mut read = 0;
        while records.len() < most {
            match first(&chunk[read..]) {
                Found::Whole(record, length) => {
                    read += length;
                    if record.number > self.given {
                        self.given = record.number;
                        records.push(record);
                    }
                }
                Found::Part if read > 0 && read < chunk.len() && chunk.len() < left => break,
                Found::Part if read == chunk.len() => break,
                Found::End => {
                    read = left;
                    break;
                }
                Found::Part | Found::Nonsense => {
                    tracing::error!(
                        file = segment.first,
                        "a file of the event spool is damaged: its rest is passed over"
                    );
                    read = left;
                    break;
                }
            }
        }
        self.offset += read as u64;
        Ok(())
    }
}

/// The end of the whole records of a file.
pub(super) struct End {
    pub(super) bytes: u64,
    /// Of the last one; 0 when there is none.
    pub(super) number: u64,
    /// Something follows that is no record.
    pub(super) torn: bool,
}

pub(super) fn last_record(path: &Path) -> io::Result<End> {
    let bytes = std::fs::read(path)?;
    let (mut at, mut number) = (0, 0);
    while let Found::Whole(record, length) = first(&bytes[at..]) {
        (at, number) = (at + length, record.number);
    }
    // What was never written is zeros.
    Ok(End { bytes: at as u64, number, torn: bytes[at..].iter().any(|byte| *byte != 0) })
}

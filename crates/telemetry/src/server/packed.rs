//! Fields of many spans, events or log records in one list: what ends has no memory of its own to be made, handed to another
//! thread and freed there.

use super::fields::{Heading, Read};

/// What a span, an event or a record usually has, with some room.
const USUAL_BYTES: usize = 512;

#[derive(Debug, Default)]
pub(super) struct Pack(Vec<u8>);

/// Where one's fields are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Packed {
    heading: Heading,
    start: usize,
    end: usize,
}

impl Pack {
    pub(super) const fn new() -> Self {
        Self(Vec::new())
    }

    pub(super) fn put(&mut self, fields: Read<'_>) -> Packed {
        let start = self.0.len();
        self.0.extend_from_slice(fields.entries);
        Packed { heading: fields.heading, start, end: self.0.len() }
    }

    /// Of what was put into this pack since it was cleared.
    pub(super) fn get(&self, packed: &Packed) -> Read<'_> {
        Read { heading: packed.heading, entries: &self.0[packed.start..packed.end] }
    }

    /// Forgets everything but the memory that it took.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// What it takes.
    pub(super) const fn bytes(&self) -> usize {
        self.0.capacity()
    }

    /// Gives back what is more than the fields of so many usually take.
    pub(super) fn shrink_to(&mut self, usual: usize) {
        self.0.shrink_to(usual * USUAL_BYTES);
    }
}

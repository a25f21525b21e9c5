//! Fields of many spans, events or log records in one list: what ends has no memory of its own to be made, handed to another
//! thread and freed there.

use super::fields::{Heading, Read};

/// What a span, an event or a record usually has, with some room.
const USUAL_ENTRY_BYTES: usize = 128;
const USUAL_TEXT_BYTES: usize = 512;

#[derive(Debug, Default)]
pub(super) struct Pack {
    entries: Vec<u8>,
    texts: String,
}

/// Where one's fields are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Packed {
    heading: Heading,
    first_entry: usize,
    entry_bytes: u32,
    first_text: usize,
    text_bytes: u32,
}

impl Pack {
    pub(super) const fn new() -> Self {
        Self { entries: Vec::new(), texts: String::new() }
    }

    pub(super) fn put(&mut self, fields: Read<'_>) -> Packed {
        let packed = Packed {
            heading: fields.heading,
            first_entry: self.entries.len(),
            first_text: self.texts.len(),
            // Of one: both are bounded far below.
            entry_bytes: fields.entries.len() as u32,
            text_bytes: fields.texts.len() as u32,
        };
        self.entries.extend_from_slice(fields.entries);
        self.texts.push_str(fields.texts);
        packed
    }

    /// Of what was put into this pack since it was cleared.
    pub(super) fn get(&self, packed: &Packed) -> Read<'_> {
        Read {
            heading: packed.heading,
            entries: &self.entries[packed.first_entry..packed.first_entry + packed.entry_bytes as usize],
            texts: &self.texts[packed.first_text..packed.first_text + packed.text_bytes as usize],
        }
    }

    /// Forgets everything but the memory that it took.
    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.texts.clear();
    }

    /// What it takes.
    pub(super) const fn bytes(&self) -> usize {
        self.entries.capacity() + self.texts.capacity()
    }

    /// Gives back what is more than the fields of so many usually take.
    pub(super) fn shrink_to(&mut self, usual: usize) {
        self.entries.shrink_to(usual * USUAL_ENTRY_BYTES);
        self.texts.shrink_to(usual * USUAL_TEXT_BYTES);
    }
}

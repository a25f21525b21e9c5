//! Fields of many spans, events or log records, in one list and one text: what ends has no memory of its own to be made, handed
//! to another thread and freed there.

use super::fields::{Attribute, Heading, Read};

/// What a span, an event or a record usually has, with some room.
const USUAL_ATTRIBUTES: usize = 16;
const USUAL_TEXT_BYTES: usize = 512;

#[derive(Debug, Default)]
pub(super) struct Pack {
    attributes: Vec<Attribute>,
    texts: String,
}

/// Where one's fields are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Packed {
    heading: Heading,
    first_attribute: usize,
    attributes: usize,
    first_byte: usize,
    bytes: usize,
}

impl Pack {
    pub(super) const fn new() -> Self {
        Self { attributes: Vec::new(), texts: String::new() }
    }

    pub(super) fn put(&mut self, fields: Read<'_>) -> Packed {
        let packed = Packed {
            heading: fields.heading,
            first_attribute: self.attributes.len(),
            attributes: fields.attributes.len(),
            first_byte: self.texts.len(),
            bytes: fields.texts.len(),
        };
        self.attributes.extend_from_slice(fields.attributes);
        self.texts.push_str(fields.texts);
        packed
    }

    /// Of what was put into this pack since it was cleared.
    pub(super) fn get(&self, packed: &Packed) -> Read<'_> {
        Read {
            heading: packed.heading,
            attributes: &self.attributes[packed.first_attribute..packed.first_attribute + packed.attributes],
            texts: &self.texts[packed.first_byte..packed.first_byte + packed.bytes],
        }
    }

    /// Forgets everything but the memory that it took.
    pub(super) fn clear(&mut self) {
        self.attributes.clear();
        self.texts.clear();
    }

    /// What it takes.
    pub(super) fn bytes(&self) -> usize {
        self.attributes.capacity() * size_of::<Attribute>() + self.texts.capacity()
    }

    /// Gives back what is more than the fields of so many usually take.
    pub(super) fn shrink_to(&mut self, usual: usize) {
        self.attributes.shrink_to(usual * USUAL_ATTRIBUTES);
        self.texts.shrink_to(usual * USUAL_TEXT_BYTES);
    }
}

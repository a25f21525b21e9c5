//! Sets of ids within a segment, as offsets from its first id.
//!
//! Stored in the shorter of two forms: ascending differences as LEB128 bytes, or one bit per id (then exactly
//! `span / 8` bytes, which the other form never has).

/// A set of offsets below `span`, one bit each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OffsetSet(Vec<u64>);

impl OffsetSet {
    pub(super) fn empty(span: usize) -> Self {
        Self(vec![0; span.div_ceil(64)])
    }

    pub(super) fn decode(bytes: &[u8], span: usize) -> Self {
        let mut set = Self::empty(span);
        set.insert_all(bytes, span);
        set
    }

    pub(super) fn insert(&mut self, offset: usize) {
        if let Some(word) = self.0.get_mut(offset / 64) {
            *word |= 1 << (offset % 64);
        }
    }

    pub(super) fn remove(&mut self, offset: usize) {
        if let Some(word) = self.0.get_mut(offset / 64) {
            *word &= !(1 << (offset % 64));
        }
    }

    /// Adds a stored set.
    pub(super) fn insert_all(&mut self, bytes: &[u8], span: usize) {
        if bytes.len() == span / 8 {
            self.0.iter_mut().zip(words(bytes)).for_each(|(word, other)| *word |= other);
        } else {
            each_difference(bytes, |offset| self.insert(offset));
        }
    }

    /// Keeps what is in the stored set too.
    pub(super) fn retain_all(&mut self, bytes: &[u8], span: usize) {
        if bytes.len() == span / 8 {
            self.0.iter_mut().zip(words(bytes)).for_each(|(word, other)| *word &= other);
        } else {
            let other = Self::decode(bytes, span);
            self.0.iter_mut().zip(other.0).for_each(|(word, other)| *word &= other);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    pub(super) fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// The offsets, largest first.
    pub(super) fn descending(&self) -> impl Iterator<Item = usize> + '_ {
        self.0.iter().enumerate().rev().flat_map(|(index, &word)| {
            let mut rest = word;
            std::iter::from_fn(move || {
                let bit = 63_usize.checked_sub(rest.leading_zeros() as usize)?;
                rest &= !(1 << bit);
                Some(index * 64 + bit)
            })
        })
    }

    /// One bit per offset.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|word| word.to_le_bytes()).collect()
    }
}

/// Stores ascending distinct offsets.
pub(super) fn encode(offsets: &[u16], span: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(offsets.len() * 2);
    let mut next = 0;
    for offset in offsets.iter().map(|&offset| u32::from(offset)) {
        let mut difference = offset - next;
        while difference >= 0x80 {
            bytes.push((difference & 0x7f) as u8 | 0x80);
            difference >>= 7;
        }
        bytes.push(difference as u8);
        next = offset + 1;
    }
    if bytes.len() < span / 8 {
        return bytes;
    }
    let mut set = OffsetSet::empty(span);
    offsets.iter().for_each(|&offset| set.insert(usize::from(offset)));
    set.to_bytes()
}

/// Gives the offsets of a stored set, ascending.
pub(super) fn each_offset(bytes: &[u8], span: usize, mut give: impl FnMut(usize)) {
    if bytes.len() != span / 8 {
        return each_difference(bytes, give);
    }
    for (index, mut word) in words(bytes).enumerate() {
        while word != 0 {
            give(index * 64 + word.trailing_zeros() as usize);
            word &= word - 1;
        }
    }
}

fn each_difference(bytes: &[u8], mut give: impl FnMut(usize)) {
    let (mut next, mut difference, mut shift) = (0_usize, 0_usize, 0_u32);
    for &byte in bytes {
        difference |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 != 0 {
            // A longer number is damage: no offset has more than 17 bits.
            shift = (shift + 7).min(21);
            continue;
        }
        let offset = next.saturating_add(difference);
        give(offset);
        (next, difference, shift) = (offset.saturating_add(1), 0, 0);
    }
}

fn words(bytes: &[u8]) -> impl Iterator<Item = u64> + '_ {
    bytes.chunks_exact(8).map(|chunk| chunk.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte)))
}

#[cfg(test)]
mod tests {
    use super::{OffsetSet, each_offset, encode};
    use proptest::collection::{btree_set, vec};
    use proptest::prelude::*;

    const SPANS: [usize; 3] = [1 << 8, 1 << 12, 1 << 16];

    proptest! {
        #[test]
        fn what_is_stored_is_read_back(level in 0_usize..3, raw in btree_set(any::<u16>(), 0..600)) {
            let span = SPANS[level];
            let offsets: std::collections::BTreeSet<u16> = raw.iter().map(|&n| (usize::from(n) % span) as u16).collect();
            let offsets: Vec<u16> = offsets.into_iter().collect();
            let bytes = encode(&offsets, span);
            prop_assert!(bytes.len() <= span / 8);
            let mut read = Vec::new();
            each_offset(&bytes, span, |offset| read.push(offset as u16));
            prop_assert_eq!(&read, &offsets);
            let set = OffsetSet::decode(&bytes, span);
            prop_assert_eq!(set.len(), offsets.len());
            let mut descending: Vec<u16> = set.descending().map(|offset| offset as u16).collect();
            descending.reverse();
            prop_assert_eq!(descending, offsets);
            prop_assert_eq!(OffsetSet::decode(&set.to_bytes(), span), set);
        }

        #[test]
        fn intersections_hold_what_both_hold(left in btree_set(0_u16..4096, 0..900), right in btree_set(0_u16..4096, 0..900)) {
            let (a, b): (Vec<u16>, Vec<u16>) = (left.iter().copied().collect(), right.iter().copied().collect());
            let mut set = OffsetSet::decode(&encode(&a, 4096), 4096);
            set.retain_all(&encode(&b, 4096), 4096);
            let mut expected: Vec<usize> = left.intersection(&right).map(|&n| usize::from(n)).collect();
            expected.reverse();
            prop_assert_eq!(set.descending().collect::<Vec<_>>(), expected);
        }

        #[test]
        fn damaged_bytes_are_read_without_harm(bytes in vec(any::<u8>(), 0..200)) {
            let _ = OffsetSet::decode(&bytes, 256).len();
        }
    }
}

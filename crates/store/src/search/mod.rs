//! Exact substring search on an index of three-character terms, whatever the engine.
//!
//! The index is a cascade of segments of 2^8, 2^12 and 2^16 ids; the newest messages are in none yet. A search reads
//! those texts themselves, then the segments from the newest, all in one snapshot: what is committed is found.

mod index;
mod postings;
mod query;
mod terms;

pub(crate) use index::{Step, forget, step};
pub(crate) use query::search;
pub(crate) use terms::Lookup;

use crate::row::Row;
use std::ops::ControlFlow;

/// Where a segment stands: ids `first..=last`, a power of two of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) first: i64,
    pub(crate) last: i64,
}

impl Extent {
    /// The aligned block of `2^shift` ids around an id.
    fn around(id: i64, shift: u32) -> Self {
        let first = id >> shift << shift;
        Self { first, last: first + (1 << shift) - 1 }
    }

    fn span(self) -> usize {
        usize::try_from(self.last - self.first + 1).unwrap_or_default()
    }

    fn offset(self, id: i64) -> usize {
        usize::try_from(id - self.first).unwrap_or(usize::MAX)
    }
}

/// A segment with its live messages: one bit per id.
pub(crate) struct Segment {
    pub(crate) extent: Extent,
    pub(crate) live: Vec<u8>,
}

/// The messages of a segment that have a term.
pub(crate) struct Posting<'r, E> {
    pub(crate) extent: Extent,
    /// The segment's live messages.
    pub(crate) live: &'r [u8],
    /// Reads the set: what is not read may cost nothing.
    pub(crate) ids: &'r dyn Fn() -> Result<&'r [u8], E>,
}

/// What a search reads, all of it in one snapshot.
pub(crate) trait SearchRows {
    type Error;

    /// Messages that are in no segment, newest first, until no more are wanted.
    fn each_unindexed(&self, take: impl FnMut(Row<'_>) -> ControlFlow<()>) -> Result<(), Self::Error>;

    /// What is stored of the terms: segment after segment, the newest first, until no more are wanted.
    fn each_posting(
        &self,
        lookup: &Lookup,
        take: impl FnMut(Posting<'_, Self::Error>) -> Result<ControlFlow<()>, Self::Error>,
    ) -> Result<(), Self::Error>;

    /// Deleted messages that the segments still count as live.
    fn gone(&self) -> Result<Vec<i64>, Self::Error>;

    /// These messages in this order, newest first, until no more are wanted.
    fn each_of(&self, ids: &[i64], take: impl FnMut(Row<'_>) -> ControlFlow<()>) -> Result<(), Self::Error>;
}

/// What building the index reads and writes, all of it in one transaction.
pub(crate) trait IndexRows {
    type Error;

    /// -1 when nothing is indexed.
    fn last_indexed(&self) -> Result<i64, Self::Error>;

    /// The oldest and the newest message after this id.
    fn ids_after(&self, id: i64) -> Result<Option<(i64, i64)>, Self::Error>;

    /// The texts of an extent's messages, oldest first.
    fn each_text(&self, of: Extent, take: impl FnMut(i64, Option<&str>)) -> Result<(), Self::Error>;

    /// Segments that are smaller than the largest, oldest first.
    fn small_segments(&self, largest: usize) -> Result<Vec<Extent>, Self::Error>;

    /// Segments within an extent, oldest first.
    fn segments(&self, within: Extent) -> Result<Vec<Segment>, Self::Error>;

    /// The segment with this id, or else the newest one before it.
    fn segment_up_to(&self, id: i64) -> Result<Option<Segment>, Self::Error>;

    /// Each term of a segment, with its messages.
    fn each_term(&self, of: Extent, take: impl FnMut(i64, &[u8])) -> Result<(), Self::Error>;

    fn add_segment(&self, segment: &Segment, terms: &[(i64, Vec<u8>)]) -> Result<(), Self::Error>;

    fn set_live(&self, segment: &Segment) -> Result<(), Self::Error>;

    /// Drops the segments within an extent.
    fn drop_segments(&self, within: Extent) -> Result<(), Self::Error>;
}

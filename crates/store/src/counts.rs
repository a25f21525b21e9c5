//! The counts behind totals and far pages: how many messages each owner has in each block of ids.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;

/// The owner of everyone's messages; no author has an empty key.
pub(crate) const EVERYONE: &str = "";
/// The shift under which the total stands, in block 0.
pub(crate) const TOTAL_SHIFT: u32 = 62;
/// Sizes of the counted blocks (powers of two), largest first.
pub(crate) const BLOCK_SHIFTS: [u32; 3] = [16, 11, 6];
const FINEST: u32 = BLOCK_SHIFTS[2];
/// No id is larger.
const NEWEST: i64 = i64::MAX;

/// What a transaction changes about the counts; written once, at its end.
#[derive(Debug, Default)]
pub(crate) struct CountChanges {
    /// By owner and finest block.
    messages: HashMap<String, HashMap<i64, i64>>,
    samples: BTreeMap<String, i64>,
}

impl CountChanges {
    /// A message came (`by` = 1) or went (-1).
    pub(crate) fn message(&mut self, id: i64, author_key: Option<&str>, sample: bool, by: i64) {
        for owner in [Some(EVERYONE), author_key].into_iter().flatten() {
            *self.messages.entry(owner.to_owned()).or_default().entry(id >> FINEST).or_default() += by;
        }
        if let Some(author) = author_key.filter(|_| sample) {
            *self.samples.entry(author.to_owned()).or_default() += by;
        }
    }

    pub(crate) fn append(&mut self, other: Self) {
        for (owner, blocks) in other.messages {
            let own = self.messages.entry(owner).or_default();
            blocks.into_iter().for_each(|(block, by)| *own.entry(block).or_default() += by);
        }
        other.samples.into_iter().for_each(|(author, by)| *self.samples.entry(author).or_default() += by);
    }

    /// Rows of message_counts to be added to what is there; everyone's total, which all writers lock first, is the first.
    pub(crate) fn of_messages(&self) -> impl Iterator<Item = CountChange<'_>> {
        let mut rows = BTreeMap::new();
        for (owner, blocks) in &self.messages {
            for (block, by) in blocks {
                for shift in BLOCK_SHIFTS {
                    *rows.entry((owner.as_str(), Reverse(shift), block >> (shift - FINEST))).or_insert(0) += by;
                }
                *rows.entry((owner.as_str(), Reverse(TOTAL_SHIFT), 0)).or_insert(0) += by;
            }
        }
        let changed = rows.into_iter().filter(|(_, by)| *by != 0);
        changed.map(|((owner, Reverse(shift), block), by)| CountChange { owner, shift, block, by })
    }

    /// The same for sample_counts: by author.
    pub(crate) fn of_samples(&self) -> impl ExactSizeIterator<Item = (&str, i64)> {
        self.samples.iter().map(|(author, by)| (author.as_str(), *by))
    }
}

/// The ids that could stand for `first` when `last` is as far behind it, and nothing would be counted elsewhere.
pub(crate) const fn counted_alike(first: i64, last: i64) -> (i64, i64) {
    let block = first >> FINEST;
    if last >> FINEST == block {
        (block << FINEST, ((block + 1) << FINEST) - 1 - (last - first))
    } else {
        (first, first)
    }
}

/// A change of a row of message_counts.
pub(crate) struct CountChange<'c> {
    pub(crate) owner: &'c str,
    pub(crate) shift: u32,
    pub(crate) block: i64,
    pub(crate) by: i64,
}

/// Reads message_counts.
pub(crate) trait BlockCounts {
    type Error;

    /// The owner's counted blocks of `2^shift` ids, between these `ends` (both included), newest first, until no more are wanted.
    fn each_block(
        &self,
        owner: &str,
        shift: u32,
        ends: (i64, i64),
        take: impl FnMut(i64, u64) -> ControlFlow<()>,
    ) -> Result<(), Self::Error>;
}

/// Where a page starts: `skip` rows below the id `newest`.
pub(crate) struct Start {
    pub(crate) newest: i64,
    pub(crate) skip: u64,
}

impl Start {
    /// Whether so few rows are skipped more cheaply than their blocks are read.
    pub(crate) const fn is_near(offset: u64) -> bool {
        offset < 1 << FINEST
    }

    /// After so many of the owner's rows. Whole blocks are skipped by their counts.
    pub(crate) fn after<R: BlockCounts>(rows: &R, owner: &str, offset: u64) -> Result<Self, R::Error> {
        let mut start = Self { newest: NEWEST, skip: offset };
        let mut within = (0, NEWEST);
        for shift in BLOCK_SHIFTS {
            if Self::is_near(start.skip) {
                break;
            }
            let mut found = None;
            rows.each_block(owner, shift, (within.0 >> shift, within.1 >> shift), |block, rows| {
                if rows > start.skip {
                    found = Some(block);
                    return ControlFlow::Break(());
                }
                start.skip -= rows;
                ControlFlow::Continue(())
            })?;
            // No block holds the row: the page is past the end.
            let Some(block) = found else { break };
            within = (block << shift, ((block + 1) << shift) - 1);
            start.newest = within.1;
        }
        Ok(start)
    }
}

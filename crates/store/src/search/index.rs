//! Building the index: the newest messages become a small segment, small segments become larger ones.

use super::postings::{OffsetSet, each_offset, encode};
use super::{Extent, IndexRows, Segment, terms};
use board::fold::fold;
use std::collections::HashMap;

/// Segment sizes, powers of two, smallest first.
const SHIFTS: [u32; 3] = [8, 12, 16];

/// Which messages contain a term: ascending offsets.
type Inverted = HashMap<i64, Vec<u16>>;

/// What a step has found to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// A piece of work is done, and there may be more.
    Done,
    /// Nothing is due; about so many messages stay unindexed for now.
    Nothing { unindexed: u64 },
}

/// Does the next piece of work, if any is due. `busy`: only what saves work later, which is building middle segments
/// straight away instead of from small ones.
pub(crate) fn step<R: IndexRows>(rows: &R, busy: bool) -> Result<Step, R::Error> {
    let indexed = rows.last_indexed()?;
    if let Some(extent) = next_to_merge(rows, indexed)? {
        merge(rows, extent)?;
        return Ok(Step::Done);
    }
    let Some((oldest, newest)) = rows.ids_after(indexed)? else { return Ok(Step::Nothing { unindexed: 0 }) };
    let nothing = Ok(Step::Nothing { unindexed: u64::try_from(newest - oldest + 1).unwrap_or_default() });
    if busy && Extent::around(oldest, SHIFTS[1]).last > newest {
        return nothing;
    }
    // Many at once go into a middle segment straight away.
    let complete = |shift: &u32| {
        let extent = Extent::around(oldest, *shift);
        extent.first > indexed && extent.last <= newest
    };
    let Some(shift) = SHIFTS[..2].iter().rev().find(|shift| complete(shift)) else { return nothing };
    build(rows, Extent::around(oldest, *shift))?;
    Ok(Step::Done)
}

/// The oldest block of which all ids are indexed, but in segments smaller than the block.
fn next_to_merge<R: IndexRows>(rows: &R, indexed: i64) -> Result<Option<Extent>, R::Error> {
    let larger = |extent: &Extent| {
        let shift = SHIFTS.iter().copied().find(|&shift| 1 << shift > extent.span())?;
        Some(Extent::around(extent.first, shift))
    };
    let small = rows.small_segments(1 << SHIFTS[2])?;
    Ok(small.iter().filter_map(larger).find(|block| block.last <= indexed))
}

/// Indexes the messages of a block.
fn build<R: IndexRows>(rows: &R, extent: Extent) -> Result<(), R::Error> {
    let mut live = OffsetSet::empty(extent.span());
    let mut inverted = Inverted::new();
    rows.each_text(extent, |id, text| {
        let offset = extent.offset(id);
        live.insert(offset);
        terms::each_term(&fold(text.unwrap_or_default()), |term| {
            let offsets = inverted.entry(term).or_default();
            // Blocks are 2^16 ids at most, so an offset fits.
            if offsets.last().is_none_or(|&last| usize::from(last) != offset) {
                offsets.push(offset as u16);
            }
        });
    })?;
    rows.add_segment(&Segment { extent, live: live.to_bytes() }, &encoded(inverted, extent))
}

/// Makes one segment of the smaller ones within a block.
fn merge<R: IndexRows>(rows: &R, extent: Extent) -> Result<(), R::Error> {
    let mut live = OffsetSet::empty(extent.span());
    let mut inverted = Inverted::new();
    for part in rows.segments(extent)? {
        let (base, span) = (extent.offset(part.extent.first), part.extent.span());
        each_offset(&part.live, span, |offset| live.insert(base + offset));
        rows.each_term(part.extent, |term, ids| {
            let offsets = inverted.entry(term).or_default();
            each_offset(ids, span, |offset| offsets.push((base + offset) as u16));
        })?;
    }
    // All is thought out before anything is changed: changes lock.
    let terms = encoded(inverted, extent);
    rows.drop_segments(extent)?;
    rows.add_segment(&Segment { extent, live: live.to_bytes() }, &terms)
}

/// In the order of the primary key, so that the tree is appended to.
fn encoded(inverted: Inverted, extent: Extent) -> Vec<(i64, Vec<u8>)> {
    let encode = |(term, ids): (i64, Vec<u16>)| (term, encode(&ids, extent.span()));
    let mut terms: Vec<(i64, Vec<u8>)> = inverted.into_iter().map(encode).collect();
    terms.sort_unstable_by_key(|(term, _)| *term);
    terms
}

/// Takes deleted messages out of the index; a segment in which none is left goes as a whole.
pub(crate) fn forget<R: IndexRows>(rows: &R, mut ids: Vec<i64>) -> Result<(), R::Error> {
    ids.sort_unstable();
    while let Some(&newest) = ids.last() {
        let Some(Segment { extent, live }) = rows.segment_up_to(newest)? else { return Ok(()) };
        let gone = ids.split_off(ids.partition_point(|&id| id < extent.first));
        // Ids above the segment are not indexed.
        if gone.first().is_none_or(|&oldest| oldest > extent.last) {
            continue;
        }
        let mut live = OffsetSet::decode(&live, extent.span());
        gone.iter().for_each(|&id| live.remove(extent.offset(id)));
        if live.is_empty() {
            rows.drop_segments(extent)?;
        } else {
            rows.set_live(&Segment { extent, live: live.to_bytes() })?;
        }
    }
    Ok(())
}

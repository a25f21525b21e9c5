//! Building the index: the newest messages become a small segment, small segments become larger ones.

use super::postings::{OffsetSet, each_offset, encode};
use super::terms;
use crate::sqlite::statement::{Sql, Statement};
use board::fold::fold;
use std::collections::HashMap;

/// Segment sizes, powers of two, smallest first.
const SHIFTS: [u32; 3] = [8, 12, 16];

const LAST_INDEXED: Statement =
    Statement::new("SELECT search_segments", "SELECT coalesce(max(last), -1) FROM search_segments");
const UNINDEXED: Statement = Statement::new("SELECT messages", "SELECT min(id), max(id) FROM messages WHERE id > ?1");
const TEXTS: Statement =
    Statement::new("SELECT messages", "SELECT id, message FROM messages WHERE id BETWEEN ?1 AND ?2 ORDER BY id");
const SMALL_SEGMENTS: Statement = Statement::new(
    "SELECT search_segments",
    "SELECT first, last FROM search_segments WHERE last - first < 65535 ORDER BY first",
);
const SEGMENTS: Statement = Statement::new(
    "SELECT search_segments",
    "SELECT first, last, live FROM search_segments WHERE first BETWEEN ?1 AND ?2 ORDER BY first",
);
const SEGMENT_OF: Statement = Statement::new(
    "SELECT search_segments",
    "SELECT first, last, live FROM search_segments WHERE first <= ?1 ORDER BY first DESC LIMIT 1",
);
const POSTINGS: Statement =
    Statement::new("SELECT search_postings", "SELECT term, ids FROM search_postings WHERE segment = ?1");
const ADD_SEGMENT: Statement =
    Statement::new("INSERT search_segments", "INSERT INTO search_segments (first, last, live) VALUES (?1, ?2, ?3)");
const ADD_POSTINGS: Statement =
    Statement::new("INSERT search_postings", "INSERT INTO search_postings (segment, term, ids) VALUES (?1, ?2, ?3)");
const SET_LIVE: Statement =
    Statement::new("UPDATE search_segments", "UPDATE search_segments SET live = ?2 WHERE first = ?1");
const DROP_SEGMENTS: Statement =
    Statement::new("DELETE search_segments", "DELETE FROM search_segments WHERE first BETWEEN ?1 AND ?2");
const DROP_POSTINGS: Statement =
    Statement::new("DELETE search_postings", "DELETE FROM search_postings WHERE segment BETWEEN ?1 AND ?2");

/// Which messages contain a term: ascending offsets.
type Inverted = HashMap<i64, Vec<u16>>;

/// Where a segment stands: ids `first..=last`, a power of two of them.
#[derive(Debug, Clone, Copy)]
struct Extent {
    first: i64,
    last: i64,
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

/// What a step has found to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sqlite) enum Step {
    /// A piece of work is done, and there may be more.
    Done,
    /// Nothing is due; about so many messages stay unindexed for now.
    Nothing { unindexed: u64 },
}

/// Does the next piece of work, if any is due. `busy`: only what saves work later, which is building middle segments
/// straight away instead of from small ones.
pub(in crate::sqlite) fn step(sql: &Sql<'_>, busy: bool) -> rusqlite::Result<Step> {
    let indexed: i64 = sql.first(&LAST_INDEXED, (), |row| row.get(0))?.unwrap_or(-1);
    if let Some(extent) = next_to_merge(sql, indexed)? {
        merge(sql, extent)?;
        return Ok(Step::Done);
    }
    let unindexed = sql.first(&UNINDEXED, [indexed], |row| Ok(row.get::<_, Option<i64>>(0)?.zip(row.get(1)?)))?;
    let Some((oldest, newest)) = unindexed.flatten() else { return Ok(Step::Nothing { unindexed: 0 }) };
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
    build(sql, Extent::around(oldest, *shift))?;
    Ok(Step::Done)
}

/// The oldest block of which all ids are indexed, but in segments smaller than the block.
fn next_to_merge(sql: &Sql<'_>, indexed: i64) -> rusqlite::Result<Option<Extent>> {
    let small = sql.all(&SMALL_SEGMENTS, (), |row| Ok(Extent { first: row.get(0)?, last: row.get(1)? }))?;
    let larger = |extent: &Extent| {
        let shift = SHIFTS.iter().copied().find(|&shift| 1 << shift > extent.span())?;
        Some(Extent::around(extent.first, shift))
    };
    Ok(small.iter().filter_map(larger).find(|block| block.last <= indexed))
}

/// Indexes the messages of a block.
fn build(sql: &Sql<'_>, extent: Extent) -> rusqlite::Result<()> {
    let mut live = OffsetSet::empty(extent.span());
    let mut inverted = Inverted::new();
    let rows = sql.all(&TEXTS, (extent.first, extent.last), |row| Ok((row.get(0)?, row.get(1)?)))?;
    for (id, text) in rows {
        let offset = extent.offset(id);
        live.insert(offset);
        let text: Option<String> = text;
        terms::each_term(&fold(text.as_deref().unwrap_or_default()), |term| {
            let offsets = inverted.entry(term).or_default();
            // Blocks are 2^16 ids at most, so an offset fits.
            if offsets.last().is_none_or(|&last| usize::from(last) != offset) {
                offsets.push(offset as u16);
            }
        });
    }
    store(sql, extent, &live, inverted)
}

/// Makes one segment of the smaller ones within a block.
fn merge(sql: &Sql<'_>, extent: Extent) -> rusqlite::Result<()> {
    let parts = sql.all(&SEGMENTS, (extent.first, extent.last), |row| {
        Ok((Extent { first: row.get(0)?, last: row.get(1)? }, row.get::<_, Vec<u8>>(2)?))
    })?;
    let mut live = OffsetSet::empty(extent.span());
    let mut inverted = Inverted::new();
    for (part, part_live) in parts {
        let (base, span) = (extent.offset(part.first), part.span());
        each_offset(&part_live, span, |offset| live.insert(base + offset));
        sql.each(&POSTINGS, [part.first], |row| {
            let offsets = inverted.entry(row.get(0)?).or_default();
            each_offset(row.get_ref(1)?.as_blob()?, span, |offset| offsets.push((base + offset) as u16));
            Ok(std::ops::ControlFlow::Continue(()))
        })?;
    }
    drop_segments(sql, extent)?;
    store(sql, extent, &live, inverted)
}

fn store(sql: &Sql<'_>, extent: Extent, live: &OffsetSet, inverted: Inverted) -> rusqlite::Result<()> {
    sql.execute(&ADD_SEGMENT, (extent.first, extent.last, live.to_bytes()))?;
    let mut rows: Vec<(i64, Vec<u16>)> = inverted.into_iter().collect();
    // In the order of the primary key: the tree is appended to.
    rows.sort_unstable_by_key(|(term, _)| *term);
    let span = extent.span();
    sql.execute_each(&ADD_POSTINGS, rows.iter().map(|(term, ids)| (extent.first, term, encode(ids, span))))
}

fn drop_segments(sql: &Sql<'_>, extent: Extent) -> rusqlite::Result<()> {
    sql.execute(&DROP_POSTINGS, (extent.first, extent.last))?;
    sql.execute(&DROP_SEGMENTS, (extent.first, extent.last))?;
    Ok(())
}

/// Takes deleted messages out of the index; a segment in which none is left goes as a whole.
pub(in crate::sqlite) fn forget(sql: &Sql<'_>, mut ids: Vec<i64>) -> rusqlite::Result<()> {
    ids.sort_unstable();
    while let Some(&newest) = ids.last() {
        let segment = sql.first(&SEGMENT_OF, [newest], |row| {
            Ok((Extent { first: row.get(0)?, last: row.get(1)? }, row.get::<_, Vec<u8>>(2)?))
        })?;
        let Some((extent, stored)) = segment else { return Ok(()) };
        let gone = ids.split_off(ids.partition_point(|&id| id < extent.first));
        // Ids above the segment are not indexed.
        if gone.first().is_none_or(|&oldest| oldest > extent.last) {
            continue;
        }
        let mut live = OffsetSet::decode(&stored, extent.span());
        gone.iter().for_each(|&id| live.remove(extent.offset(id)));
        if live.is_empty() {
            drop_segments(sql, extent)?;
        } else {
            sql.execute(&SET_LIVE, (extent.first, live.to_bytes()))?;
        }
    }
    Ok(())
}

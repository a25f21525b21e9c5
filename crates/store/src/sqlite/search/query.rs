//! Answering a search: the newest matches of a page, and how many there are.

use super::postings::OffsetSet;
use super::terms::{Lookup, lookup};
use crate::sqlite::messages;
use crate::sqlite::statement::{Sql, Statement};
use board::fold::fold;
use board::ports::Matches;
use model::{Message, PageRequest, SearchQuery, TotalRelation};
use rusqlite::Row;
use std::ops::ControlFlow;

/// Totals are exact up to here.
const EXACT_TOTAL: u64 = 1_000;
/// Candidates whose texts are read at once: few at first, for the newest page is often full after them.
const FIRST_BATCH: usize = 64;
const BATCH: usize = 512;

const UNINDEXED: Statement = Statement::new(
    "SELECT messages",
    "SELECT id, message, created_at, user_id FROM messages \
     WHERE id > (SELECT coalesce(max(last), -1) FROM search_segments) ORDER BY id DESC",
);
// A page at a time, in the order of the ids given.
const BY_ID: Statement = Statement::new(
    "SELECT messages",
    "SELECT m.id, m.message, m.created_at, m.user_id FROM json_each(?1) AS wanted CROSS JOIN messages AS m ON m.id = wanted.value",
);
const ALL_TERMS: Statement = Statement::new(
    "SELECT search_postings",
    "SELECT s.first, s.last, s.live, p.ids FROM search_segments AS s CROSS JOIN json_each(?1) AS wanted \
     CROSS JOIN search_postings AS p ON p.segment = s.first AND p.term = wanted.value ORDER BY s.first DESC",
);
const TERM_RANGE: Statement = Statement::new(
    "SELECT search_postings",
    "SELECT s.first, s.last, s.live, p.ids FROM search_segments AS s \
     CROSS JOIN search_postings AS p ON p.segment = s.first AND p.term >= ?1 AND p.term < ?2 ORDER BY s.first DESC",
);

/// Messages that contain the query, newest first.
pub(in crate::sqlite) fn search(sql: &Sql<'_>, query: &SearchQuery, page: PageRequest) -> rusqlite::Result<Matches> {
    let query = fold(query.as_str());
    let mut matches = Collector::new(page);
    sql.each(&UNINDEXED, (), |row| {
        matches.add_if_contains(row, &query)?;
        Ok(matches.flow())
    })?;
    if matches.flow().is_continue() {
        search_segments(sql, &query, &mut matches)?;
    }
    matches.finish(sql)
}

fn search_segments(sql: &Sql<'_>, query: &str, matches: &mut Collector) -> rusqlite::Result<()> {
    let lookup = lookup(query);
    // Terms of up to three characters say all; of longer queries the text decides.
    let exact = match &lookup {
        Lookup::Range(_) => true,
        Lookup::All(terms) => terms.len() == 1 && query.chars().count() == 3,
    };
    let mut segment: Option<Segment> = None;
    let finish = |segment: Option<Segment>, matches: &mut Collector| {
        let Some(segment) = segment.and_then(|segment| segment.candidates(&lookup)) else { return Ok(()) };
        if exact {
            matches.add_ids(&segment)
        } else {
            matches.add_checked(sql, &segment, query)?
        }
        Ok::<(), rusqlite::Error>(())
    };
    let read = |row: &Row<'_>| {
        let first: i64 = row.get(0)?;
        if segment.as_ref().is_none_or(|segment| segment.first != first) {
            finish(segment.take(), matches)?;
            if matches.flow().is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        let segment = match &mut segment {
            Some(segment) => segment,
            none => none.insert(Segment::read(row)?),
        };
        // What is not read costs nothing: long sets are on pages of their own.
        if !(matches!(lookup, Lookup::All(_)) && segment.is_empty()) {
            segment.add(row.get_ref(3)?.as_blob()?, &lookup);
        }
        Ok(ControlFlow::Continue(()))
    };
    match &lookup {
        Lookup::Range(range) => sql.each(&TERM_RANGE, (range.start, range.end), read)?,
        Lookup::All(terms) => sql.each(&ALL_TERMS, [json(terms)], read)?,
    }
    finish(segment, matches)
}

/// Numbers as a JSON array, the shape in which SQLite takes many as one parameter.
fn json(numbers: &[i64]) -> String {
    format!("{numbers:?}")
}

/// A segment while its postings come in.
struct Segment {
    first: i64,
    span: usize,
    live: Vec<u8>,
    found: Option<OffsetSet>,
    terms: usize,
}

impl Segment {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let (first, last): (i64, i64) = (row.get(0)?, row.get(1)?);
        let span = usize::try_from(last - first + 1).unwrap_or_default();
        Ok(Self { first, span, live: row.get(2)?, found: None, terms: 0 })
    }

    fn is_empty(&self) -> bool {
        self.found.as_ref().is_some_and(OffsetSet::is_empty)
    }

    fn add(&mut self, ids: &[u8], lookup: &Lookup) {
        self.terms += 1;
        match (&mut self.found, lookup) {
            (None, _) => self.found = Some(OffsetSet::decode(ids, self.span)),
            (Some(found), Lookup::Range(_)) => found.insert_all(ids, self.span),
            (Some(found), Lookup::All(_)) => found.retain_all(ids, self.span),
        }
    }

    /// What may match and still exists; `None` when a term is missing.
    fn candidates(self, lookup: &Lookup) -> Option<Candidates> {
        if matches!(lookup, Lookup::All(terms) if terms.len() != self.terms) {
            return None;
        }
        let mut offsets = self.found?;
        offsets.retain_all(&self.live, self.span);
        Some(Candidates { first: self.first, offsets })
    }
}

struct Candidates {
    first: i64,
    offsets: OffsetSet,
}

impl Candidates {
    /// Newest first.
    fn ids(&self) -> impl Iterator<Item = i64> + '_ {
        self.offsets.descending().filter_map(|offset| Some(self.first + i64::try_from(offset).ok()?))
    }
}

/// Matches as they are found, newest first.
struct Collector {
    page: PageRequest,
    seen: u64,
    rows: Vec<Message>,
    /// Matches of the page whose rows are not read yet; all are older than `rows`.
    ids: Vec<i64>,
}

impl Collector {
    const fn new(page: PageRequest) -> Self {
        Self { page, seen: 0, rows: Vec::new(), ids: Vec::new() }
    }

    /// Up to which match must be known: the total's bound, and whether a row follows the page.
    fn wanted(&self) -> u64 {
        self.page_end().max(EXACT_TOTAL).saturating_add(1)
    }

    fn page_end(&self) -> u64 {
        self.page.offset().saturating_add(u64::from(self.page.limit()))
    }

    fn flow(&self) -> ControlFlow<()> {
        if self.seen >= self.wanted() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn add_if_contains(&mut self, row: &Row<'_>, folded_query: &str) -> rusqlite::Result<()> {
        let text = row.get_ref(1)?.as_str_or_null()?;
        if text.is_some_and(|text| fold(text).contains(folded_query)) {
            if (self.page.offset()..self.page_end()).contains(&self.seen) {
                self.rows.push(messages::read(row)?);
            }
            self.seen += 1;
        }
        Ok(())
    }

    /// Counts matches; of those on the page the ids are kept.
    fn add_ids(&mut self, found: &Candidates) {
        let count = found.offsets.len() as u64;
        let skip = self.page.offset().saturating_sub(self.seen);
        if skip < count && self.seen < self.page_end() {
            let take = self.page_end() - self.seen.max(self.page.offset());
            let (skip, take) =
                (usize::try_from(skip).unwrap_or(usize::MAX), usize::try_from(take).unwrap_or(usize::MAX));
            self.ids.extend(found.ids().skip(skip).take(take));
        }
        self.seen += count;
    }

    /// Reads the candidates' texts and adds those that contain the query, until enough is known.
    fn add_checked(&mut self, sql: &Sql<'_>, found: &Candidates, query: &str) -> rusqlite::Result<()> {
        let mut ids = found.ids();
        let mut size = if self.seen == 0 { FIRST_BATCH } else { BATCH };
        loop {
            let batch: Vec<i64> = ids.by_ref().take(size).collect();
            if batch.is_empty() || self.flow().is_break() {
                return Ok(());
            }
            size = BATCH;
            sql.each(&BY_ID, [json(&batch)], |row| {
                self.add_if_contains(row, query)?;
                Ok(self.flow())
            })?;
        }
    }

    fn finish(mut self, sql: &Sql<'_>) -> rusqlite::Result<Matches> {
        if !self.ids.is_empty() {
            self.rows.extend(sql.all(&BY_ID, [json(&self.ids)], messages::read)?);
        }
        // Beyond the bound it may have stopped early: what was seen is a lower bound then.
        let relation = if self.seen > EXACT_TOTAL { TotalRelation::Gte } else { TotalRelation::Eq };
        Ok(Matches { has_more: self.seen > self.page_end(), messages: self.rows, total: self.seen, relation })
    }
}

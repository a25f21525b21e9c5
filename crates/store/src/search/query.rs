//! Answering a search: the newest matches of a page, and how many there are.

use super::postings::OffsetSet;
use super::terms::{Lookup, lookup};
use super::{Extent, SearchRows};
use crate::row::Row;
use board::fold::fold;
use board::ports::Matches;
use model::{Message, PageRequest, SearchQuery, TotalRelation};
use std::ops::ControlFlow;

/// Totals are exact up to here.
const EXACT_TOTAL: u64 = 1_000;
/// Candidates whose texts are read at once: few at first, for the newest page is often full after them.
const FIRST_BATCH: usize = 64;
const BATCH: usize = 512;

/// Messages that contain the query, newest first.
pub(crate) fn search<R: SearchRows>(rows: &R, query: &SearchQuery, page: PageRequest) -> Result<Matches, R::Error> {
    let query = fold(query.as_str());
    let mut matches = Collector::new(page);
    rows.each_unindexed(|row| {
        matches.add_if_contains(row, &query);
        matches.flow()
    })?;
    if matches.flow().is_continue() {
        search_segments(rows, &query, &mut matches)?;
    }
    matches.finish(rows)
}

fn search_segments<R: SearchRows>(rows: &R, query: &str, matches: &mut Collector) -> Result<(), R::Error> {
    let lookup = lookup(query);
    // Terms of up to three characters say all; of longer queries the text decides.
    let exact = match &lookup {
        Lookup::Range(_) => true,
        Lookup::All(terms) => terms.len() == 1 && query.chars().count() == 3,
    };
    // Where the texts are read, they say themselves who is gone.
    let gone = if exact { rows.gone()? } else { Vec::new() };
    let mut part: Option<Part> = None;
    let finish = |part: Option<Part>, matches: &mut Collector| {
        let Some(part) = part.and_then(|part| part.candidates(&lookup, &gone)) else { return Ok(()) };
        if exact {
            matches.add_ids(&part);
            return Ok(());
        }
        matches.add_checked(rows, &part, query)
    };
    rows.each_posting(&lookup, |posting| {
        if part.as_ref().is_none_or(|part| part.extent != posting.extent) {
            finish(part.take(), matches)?;
            if matches.flow().is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        let part = part.get_or_insert_with(|| Part::new(posting.extent, posting.live));
        if !(matches!(lookup, Lookup::All(_)) && part.is_empty()) {
            part.add((posting.ids)()?, &lookup);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    finish(part, matches)
}

/// A segment while its postings come in.
struct Part {
    extent: Extent,
    live: Vec<u8>,
    found: Option<OffsetSet>,
    terms: usize,
}

impl Part {
    fn new(extent: Extent, live: &[u8]) -> Self {
        Self { extent, live: live.to_vec(), found: None, terms: 0 }
    }

    fn is_empty(&self) -> bool {
        self.found.as_ref().is_some_and(OffsetSet::is_empty)
    }

    fn add(&mut self, ids: &[u8], lookup: &Lookup) {
        let span = self.extent.span();
        self.terms += 1;
        match (&mut self.found, lookup) {
            (None, _) => self.found = Some(OffsetSet::decode(ids, span)),
            (Some(found), Lookup::Range(_)) => found.insert_all(ids, span),
            (Some(found), Lookup::All(_)) => found.retain_all(ids, span),
        }
    }

    /// What may match and still exists; `None` when a term is missing.
    fn candidates(self, lookup: &Lookup, gone: &[i64]) -> Option<Candidates> {
        if matches!(lookup, Lookup::All(terms) if terms.len() != self.terms) {
            return None;
        }
        let mut offsets = self.found?;
        offsets.retain_all(&self.live, self.extent.span());
        gone.iter().for_each(|&id| offsets.remove(self.extent.offset(id)));
        Some(Candidates { first: self.extent.first, offsets })
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

    fn add_if_contains(&mut self, row: Row<'_>, folded_query: &str) {
        if row.text.is_some_and(|text| fold(text).contains(folded_query)) {
            if (self.page.offset()..self.page_end()).contains(&self.seen) {
                self.rows.push(row.message());
            }
            self.seen += 1;
        }
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
    fn add_checked<R: SearchRows>(&mut self, rows: &R, found: &Candidates, query: &str) -> Result<(), R::Error> {
        let mut ids = found.ids();
        let mut size = if self.seen == 0 { FIRST_BATCH } else { BATCH };
        loop {
            let batch: Vec<i64> = ids.by_ref().take(size).collect();
            if batch.is_empty() || self.flow().is_break() {
                return Ok(());
            }
            size = BATCH;
            rows.each_of(&batch, |row| {
                self.add_if_contains(row, query);
                self.flow()
            })?;
        }
    }

    fn finish<R: SearchRows>(mut self, rows: &R) -> Result<Matches, R::Error> {
        if !self.ids.is_empty() {
            rows.each_of(&self.ids, |row| {
                self.rows.push(row.message());
                ControlFlow::Continue(())
            })?;
        }
        // Beyond the bound it may have stopped early: what was seen is a lower bound then.
        let relation = if self.seen > EXACT_TOTAL { TotalRelation::Gte } else { TotalRelation::Eq };
        Ok(Matches { has_more: self.seen > self.page_end(), messages: self.rows, total: self.seen, relation })
    }
}

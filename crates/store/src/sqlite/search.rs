//! What searching and indexing read and write here.

use super::messages;
use super::sql::Sql;
use crate::row::Row;
use crate::search::{Extent, IndexRows, Lookup, Posting, SearchRows, Segment};
use crate::statement::Statement;
use std::ops::ControlFlow;

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

const LAST_INDEXED: Statement =
    Statement::new("SELECT search_segments", "SELECT coalesce(max(last), -1) FROM search_segments");
const IDS_AFTER: Statement = Statement::new("SELECT messages", "SELECT min(id), max(id) FROM messages WHERE id > ?1");
const TEXTS: Statement =
    Statement::new("SELECT messages", "SELECT id, message FROM messages WHERE id BETWEEN ?1 AND ?2 ORDER BY id");
const SMALL_SEGMENTS: Statement = Statement::new(
    "SELECT search_segments",
    "SELECT first, last FROM search_segments WHERE last - first + 1 < ?1 ORDER BY first",
);
const SEGMENTS: Statement = Statement::new(
    "SELECT search_segments",
    "SELECT first, last, live FROM search_segments WHERE first BETWEEN ?1 AND ?2 ORDER BY first",
);
const SEGMENT_UP_TO: Statement = Statement::new(
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

impl SearchRows for Sql<'_> {
    type Error = rusqlite::Error;

    fn each_unindexed(&self, mut take: impl FnMut(Row<'_>) -> ControlFlow<()>) -> rusqlite::Result<()> {
        self.each(&UNINDEXED, (), |row| Ok(take(messages::row(row)?)))
    }

    fn each_posting(
        &self,
        lookup: &Lookup,
        mut take: impl FnMut(Posting<'_, rusqlite::Error>) -> rusqlite::Result<ControlFlow<()>>,
    ) -> rusqlite::Result<()> {
        let mut segment: Option<Segment> = None;
        let read = |row: &rusqlite::Row<'_>| {
            let first: i64 = row.get(0)?;
            let segment = match segment.take().filter(|segment| segment.extent.first == first) {
                Some(same) => segment.insert(same),
                None => segment.insert(self::segment(row)?),
            };
            let ids = || Ok(row.get_ref(3)?.as_blob()?);
            take(Posting { extent: segment.extent, live: &segment.live, ids: &ids })
        };
        match lookup {
            Lookup::Range(range) => self.each(&TERM_RANGE, (range.start, range.end), read),
            Lookup::All(terms) => self.each(&ALL_TERMS, [json(terms)], read),
        }
    }

    /// None: deleting a message takes it out of its segment in the same transaction.
    fn gone(&self) -> rusqlite::Result<Vec<i64>> {
        Ok(Vec::new())
    }

    fn each_of(&self, ids: &[i64], mut take: impl FnMut(Row<'_>) -> ControlFlow<()>) -> rusqlite::Result<()> {
        self.each(&BY_ID, [json(ids)], |row| Ok(take(messages::row(row)?)))
    }
}

impl IndexRows for Sql<'_> {
    type Error = rusqlite::Error;

    fn last_indexed(&self) -> rusqlite::Result<i64> {
        Ok(self.first(&LAST_INDEXED, (), |row| row.get(0))?.unwrap_or(-1))
    }

    fn ids_after(&self, id: i64) -> rusqlite::Result<Option<(i64, i64)>> {
        let ends = self.first(&IDS_AFTER, [id], |row| Ok(row.get::<_, Option<i64>>(0)?.zip(row.get(1)?)))?;
        Ok(ends.flatten())
    }

    fn each_text(&self, of: Extent, mut take: impl FnMut(i64, Option<&str>)) -> rusqlite::Result<()> {
        self.each(&TEXTS, (of.first, of.last), |row| {
            take(row.get(0)?, row.get_ref(1)?.as_str_or_null()?);
            Ok(ControlFlow::Continue(()))
        })
    }

    fn small_segments(&self, largest: usize) -> rusqlite::Result<Vec<Extent>> {
        self.all(&SMALL_SEGMENTS, [largest], |row| Ok(Extent { first: row.get(0)?, last: row.get(1)? }))
    }

    fn segments(&self, within: Extent) -> rusqlite::Result<Vec<Segment>> {
        self.all(&SEGMENTS, (within.first, within.last), segment)
    }

    fn segment_up_to(&self, id: i64) -> rusqlite::Result<Option<Segment>> {
        self.first(&SEGMENT_UP_TO, [id], segment)
    }

    fn each_term(&self, of: Extent, mut take: impl FnMut(i64, &[u8])) -> rusqlite::Result<()> {
        self.each(&POSTINGS, [of.first], |row| {
            take(row.get(0)?, row.get_ref(1)?.as_blob()?);
            Ok(ControlFlow::Continue(()))
        })
    }

    fn add_segment(&self, segment: &Segment, terms: &[(i64, Vec<u8>)]) -> rusqlite::Result<()> {
        let Extent { first, last } = segment.extent;
        self.execute(&ADD_SEGMENT, (first, last, &segment.live))?;
        self.execute_each(&ADD_POSTINGS, terms.iter().map(|(term, ids)| (first, term, ids)))
    }

    fn set_live(&self, segment: &Segment) -> rusqlite::Result<()> {
        self.execute(&SET_LIVE, (segment.extent.first, &segment.live)).map(drop)
    }

    fn drop_segments(&self, within: Extent) -> rusqlite::Result<()> {
        self.execute(&DROP_POSTINGS, (within.first, within.last))?;
        self.execute(&DROP_SEGMENTS, (within.first, within.last)).map(drop)
    }
}

/// Reads `first, last, live`.
fn segment(row: &rusqlite::Row<'_>) -> rusqlite::Result<Segment> {
    Ok(Segment { extent: Extent { first: row.get(0)?, last: row.get(1)? }, live: row.get(2)? })
}

/// Numbers as a JSON array, the shape in which SQLite takes many as one parameter.
fn json(numbers: &[i64]) -> String {
    format!("{numbers:?}")
}

//! What searching and indexing read and write here. Rows come over a wire and a statement's last row must have come before
//! the next statement, so postings are read in groups of segments, small ones first.

use super::messages::{self, columns};
use super::sql::{ManyRows, Result, Sql, bytes, int, placeholders, text};
use crate::row::Row;
use crate::search::{Extent, IndexRows, Lookup, Posting, SearchRows, Segment};
use crate::statement::Statement;
use mysql::{Params, Value};
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::LazyLock;

const UNINDEXED: Statement =
    Statement::new("SELECT messages", concat!("SELECT ", columns!(), " FROM messages WHERE id > ? ORDER BY id DESC"));
const EXTENTS: Statement =
    Statement::new("SELECT search_segments", "SELECT first, last FROM search_segments ORDER BY first DESC");
const GONE: Statement = Statement::new("SELECT search_gone", "SELECT id FROM search_gone");

/// How many segments are read at once, one group after the other.
const GROUPS: [usize; 3] = [1, 4, 16];
/// How many messages are read at once by their ids.
const BATCHES: [usize; 3] = [16, 64, 512];
/// As many terms as a lookup has at most.
const TERMS: usize = Lookup::MOST_TERMS;

/// Statements with lists: the lists are filled up with what is in no row, so that few statements are prepared.
struct Lists {
    live: Vec<Statement>,
    all_terms: Vec<Statement>,
    term_range: Vec<Statement>,
    by_id: Vec<Statement>,
}

static LISTS: LazyLock<Lists> = LazyLock::new(|| {
    let for_groups = |summary, text: &dyn Fn(String) -> String| -> Vec<Statement> {
        GROUPS.iter().map(|size| Statement::made(summary, text(placeholders(*size, "?")))).collect()
    };
    Lists {
        live: for_groups("SELECT search_segments", &|segments| {
            format!("SELECT first, live FROM search_segments WHERE first IN ({segments})")
        }),
        all_terms: for_groups("SELECT search_postings", &|segments| {
            let terms = placeholders(TERMS, "?");
            format!("SELECT segment, ids FROM search_postings WHERE segment IN ({segments}) AND term IN ({terms})")
        }),
        term_range: for_groups("SELECT search_postings", &|segments| {
            format!("SELECT segment, ids FROM search_postings WHERE segment IN ({segments}) AND term >= ? AND term < ?")
        }),
        by_id: BATCHES
            .iter()
            .map(|size| {
                let ids = placeholders(*size, "?");
                let text =
                    format!(concat!("SELECT ", columns!(), " FROM messages WHERE id IN ({}) ORDER BY id DESC"), ids);
                Statement::made("SELECT messages", text)
            })
            .collect(),
    }
});

/// The numbers, and in no row whatever fills them up to `size`.
fn filled(numbers: impl Iterator<Item = i64>, size: usize) -> impl Iterator<Item = Value> {
    numbers.map(Value::from).chain(std::iter::repeat_with(|| Value::from(-1))).take(size)
}

impl SearchRows for Sql<'_> {
    type Error = mysql::Error;

    fn each_unindexed(&self, mut take: impl FnMut(Row<'_>) -> ControlFlow<()>) -> Result<()> {
        self.each(&UNINDEXED, (self.last_indexed()?,), |row| take(messages::read(row)))
    }

    fn each_posting(
        &self,
        lookup: &Lookup,
        mut take: impl FnMut(Posting<'_, mysql::Error>) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        let extents = self.all(&EXTENTS, (), extent)?;
        let (mut rest, mut group) = (extents.as_slice(), 0);
        while !rest.is_empty() {
            let (extents, others) = rest.split_at(GROUPS[group].min(rest.len()));
            if self.each_posting_of(group, extents, lookup, &mut take)?.is_break() {
                break;
            }
            (rest, group) = (others, (group + 1).min(GROUPS.len() - 1));
        }
        Ok(())
    }

    fn gone(&self) -> Result<Vec<i64>> {
        self.all(&GONE, (), |row| int(row, 0).unwrap_or_default())
    }

    fn each_of(&self, ids: &[i64], mut take: impl FnMut(Row<'_>) -> ControlFlow<()>) -> Result<()> {
        let largest = BATCHES[BATCHES.len() - 1];
        let mut flow = ControlFlow::Continue(());
        for ids in ids.chunks(largest) {
            let at = BATCHES.iter().position(|size| *size >= ids.len()).unwrap_or(BATCHES.len() - 1);
            let params: Vec<Value> = filled(ids.iter().copied(), BATCHES[at]).collect();
            self.each(&LISTS.by_id[at], params, |row| {
                flow = take(messages::read(row));
                flow
            })?;
            if flow.is_break() {
                break;
            }
        }
        Ok(())
    }
}

impl Sql<'_> {
    fn each_posting_of(
        &self,
        group: usize,
        extents: &[Extent],
        lookup: &Lookup,
        take: &mut impl FnMut(Posting<'_, mysql::Error>) -> Result<ControlFlow<()>>,
    ) -> Result<ControlFlow<()>> {
        let segments = || filled(extents.iter().map(|extent| extent.first), GROUPS[group]);
        let (statement, params): (_, Vec<Value>) = match lookup {
            Lookup::All(terms) => {
                (&LISTS.all_terms[group], segments().chain(filled(terms.iter().copied(), TERMS)).collect())
            }
            Lookup::Range(range) => {
                (&LISTS.term_range[group], segments().chain([range.start.into(), range.end.into()]).collect())
            }
        };
        let mut postings: HashMap<i64, Vec<Vec<u8>>> = HashMap::new();
        self.each(statement, params, |row| {
            if let Some((segment, ids)) = int(row, 0).zip(bytes(row, 1)) {
                postings.entry(segment).or_default().push(ids.to_vec());
            }
            ControlFlow::Continue(())
        })?;
        if postings.is_empty() {
            return Ok(ControlFlow::Continue(()));
        }
        let live = Params::Positional(segments().collect());
        let live: HashMap<i64, Vec<u8>> = self
            .all(&LISTS.live[group], live, |row| {
                (int(row, 0).unwrap_or_default(), bytes(row, 1).unwrap_or_default().to_vec())
            })?
            .into_iter()
            .collect();
        for extent in extents {
            let (Some(postings), Some(live)) = (postings.get(&extent.first), live.get(&extent.first)) else { continue };
            for ids in postings {
                if take(Posting { extent: *extent, live, ids: &|| Ok(ids) })?.is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}

const LAST_INDEXED: Statement =
    Statement::new("SELECT search_segments", "SELECT last FROM search_segments ORDER BY first DESC LIMIT 1");
const IDS_AFTER: Statement = Statement::new("SELECT messages", "SELECT min(id), max(id) FROM messages WHERE id > ?");
const TEXTS: Statement =
    Statement::new("SELECT messages", "SELECT id, message FROM messages WHERE id BETWEEN ? AND ? ORDER BY id");
const SMALL_SEGMENTS: Statement = Statement::new(
    "SELECT search_segments",
    "SELECT first, last FROM search_segments WHERE last - first + 1 < ? ORDER BY first",
);
const SEGMENTS: Statement = Statement::new(
    "SELECT search_segments",
    "SELECT first, last, live FROM search_segments WHERE first BETWEEN ? AND ? ORDER BY first",
);
const SEGMENT_UP_TO: Statement = Statement::new(
    "SELECT search_segments",
    "SELECT first, last, live FROM search_segments WHERE first <= ? ORDER BY first DESC LIMIT 1",
);
const POSTINGS: Statement =
    Statement::new("SELECT search_postings", "SELECT term, ids FROM search_postings WHERE segment = ?");
const ADD_SEGMENT: Statement =
    Statement::new("INSERT search_segments", "INSERT INTO search_segments (first, last, live) VALUES (?, ?, ?)");
const SET_LIVE: Statement =
    Statement::new("UPDATE search_segments", "UPDATE search_segments SET live = ? WHERE first = ?");
const DROP_SEGMENTS: Statement =
    Statement::new("DELETE search_segments", "DELETE FROM search_segments WHERE first BETWEEN ? AND ?");
const DROP_POSTINGS: Statement =
    Statement::new("DELETE search_postings", "DELETE FROM search_postings WHERE segment BETWEEN ? AND ?");
const SOME_GONE: Statement = Statement::new("SELECT search_gone", "SELECT id FROM search_gone LIMIT 10000");

static ADD_POSTINGS: LazyLock<ManyRows> = LazyLock::new(|| {
    ManyRows::new("INSERT search_postings", |rows| {
        format!("INSERT INTO search_postings (segment, term, ids) VALUES {}", placeholders(rows, "(?, ?, ?)"))
    })
});
static ADD_GONE: LazyLock<ManyRows> = LazyLock::new(|| {
    ManyRows::new("INSERT search_gone", |rows| {
        format!("INSERT INTO search_gone (id) VALUES {}", placeholders(rows, "(?)"))
    })
});
static DROP_GONE: LazyLock<ManyRows> = LazyLock::new(|| {
    ManyRows::new("DELETE search_gone", |rows| {
        format!("DELETE FROM search_gone WHERE id IN ({})", placeholders(rows, "?"))
    })
});

impl IndexRows for Sql<'_> {
    type Error = mysql::Error;

    fn last_indexed(&self) -> Result<i64> {
        Ok(self.first(&LAST_INDEXED, ())?.and_then(|row| int(&row, 0)).unwrap_or(-1))
    }

    fn ids_after(&self, id: i64) -> Result<Option<(i64, i64)>> {
        let ends = self.first(&IDS_AFTER, (id,))?;
        Ok(ends.and_then(|row| int(&row, 0).zip(int(&row, 1))))
    }

    fn each_text(&self, of: Extent, mut take: impl FnMut(i64, Option<&str>)) -> Result<()> {
        self.each(&TEXTS, (of.first, of.last), |row| {
            take(int(row, 0).unwrap_or_default(), text(row, 1));
            ControlFlow::Continue(())
        })
    }

    fn small_segments(&self, largest: usize) -> Result<Vec<Extent>> {
        self.all(&SMALL_SEGMENTS, (largest,), extent)
    }

    fn segments(&self, within: Extent) -> Result<Vec<Segment>> {
        self.all(&SEGMENTS, (within.first, within.last), segment)
    }

    fn segment_up_to(&self, id: i64) -> Result<Option<Segment>> {
        Ok(self.first(&SEGMENT_UP_TO, (id,))?.as_ref().map(segment))
    }

    fn each_term(&self, of: Extent, mut take: impl FnMut(i64, &[u8])) -> Result<()> {
        self.each(&POSTINGS, (of.first,), |row| {
            take(int(row, 0).unwrap_or_default(), bytes(row, 1).unwrap_or_default());
            ControlFlow::Continue(())
        })
    }

    fn add_segment(&self, segment: &Segment, terms: &[(i64, Vec<u8>)]) -> Result<()> {
        let Extent { first, last } = segment.extent;
        self.execute(&ADD_SEGMENT, (first, last, &segment.live))?;
        let rows: Vec<[Value; 3]> =
            terms.iter().map(|(term, ids)| [first.into(), (*term).into(), ids.into()]).collect();
        self.execute_many(&ADD_POSTINGS, &rows)
    }

    fn set_live(&self, segment: &Segment) -> Result<()> {
        self.execute(&SET_LIVE, (&segment.live, segment.extent.first)).map(drop)
    }

    fn drop_segments(&self, within: Extent) -> Result<()> {
        self.execute(&DROP_POSTINGS, (within.first, within.last))?;
        self.execute(&DROP_SEGMENTS, (within.first, within.last)).map(drop)
    }
}

/// Reads `first, last`.
fn extent(row: &mysql::Row) -> Extent {
    Extent { first: int(row, 0).unwrap_or_default(), last: int(row, 1).unwrap_or_default() }
}

/// Reads `first, last, live`.
fn segment(row: &mysql::Row) -> Segment {
    Segment { extent: extent(row), live: bytes(row, 2).unwrap_or_default().to_vec() }
}

/// Notes messages as deleted, for searches and for the next look after the index.
pub(super) fn gone(sql: &Sql<'_>, ids: &[i64]) -> Result<()> {
    sql.execute_many(&ADD_GONE, &id_rows(ids))
}

/// Takes messages that were noted as deleted out of the index; how many. What is not indexed yet will not be: whoever sees
/// the note does not see the message.
pub(super) fn forget_gone(sql: &Sql<'_>) -> Result<usize> {
    let ids = sql.all(&SOME_GONE, (), |row| int(row, 0).unwrap_or_default())?;
    if !ids.is_empty() {
        crate::search::forget(sql, ids.clone())?;
        sql.execute_many(&DROP_GONE, &id_rows(&ids))?;
    }
    Ok(ids.len())
}

fn id_rows(ids: &[i64]) -> Vec<[Value; 1]> {
    ids.iter().map(|id| [(*id).into()]).collect()
}

use super::sql::{Result, Sql};
use crate::statement::Statement;

const BEGIN: Statement = Statement::without_table("START TRANSACTION", "START TRANSACTION");
const SNAPSHOT: Statement =
    Statement::without_table("START TRANSACTION", "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY");
const COMMIT: Statement = Statement::new("COMMIT", "COMMIT");
const LOCK_TOTAL: Statement = Statement::new(
    "SELECT message_counts",
    "SELECT n FROM message_counts WHERE owner = '' AND shift = 62 AND block = 0 FOR UPDATE",
);

pub(super) fn begin(sql: &Sql<'_>) -> Result<()> {
    sql.execute(&BEGIN, ()).map(drop)
}

/// Begins a transaction that adds or deletes messages. All of them lock the total first: so ids are given in the order of
/// the commits, and whoever sees an id sees all smaller ones, and no two wait for each other in a circle.
pub(super) fn begin_with_total(sql: &Sql<'_>) -> Result<()> {
    begin(sql)?;
    sql.execute(&LOCK_TOTAL, ()).map(drop)
}

pub(super) fn commit(sql: &Sql<'_>) -> Result<()> {
    sql.execute(&COMMIT, ()).map(drop)
}

/// Runs `read` so that all of its statements see the same state.
pub(super) fn snapshot<T>(sql: &Sql<'_>, read: impl FnOnce() -> Result<T>) -> Result<T> {
    sql.execute(&SNAPSHOT, ())?;
    let value = read()?;
    commit(sql)?;
    Ok(value)
}

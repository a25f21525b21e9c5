use super::sql::Sql;
use crate::counts::CountChanges;
use crate::statement::Statement;

const CHANGE_MESSAGES: Statement = Statement::new(
    "INSERT message_counts",
    "INSERT INTO message_counts (owner, shift, block, n) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET n = n + excluded.n",
);
const CHANGE_SAMPLES: Statement = Statement::new(
    "INSERT sample_counts",
    "INSERT INTO sample_counts (author_key, n) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET n = n + excluded.n",
);

pub(super) fn write(sql: &Sql<'_>, changes: &CountChanges) -> rusqlite::Result<()> {
    let mut of_messages = changes.of_messages().peekable();
    if of_messages.peek().is_some() {
        sql.execute_each(&CHANGE_MESSAGES, of_messages.map(|row| (row.owner, row.shift, row.block, row.by)))?;
    }
    let of_samples = changes.of_samples();
    if of_samples.len() > 0 {
        sql.execute_each(&CHANGE_SAMPLES, of_samples)?;
    }
    Ok(())
}

use super::sql::{ManyRows, Result, Sql, placeholders};
use crate::counts::{CountChange, CountChanges, EVERYONE, TOTAL_SHIFT};
use mysql::Value;
use std::sync::LazyLock;

static CHANGE_MESSAGES: LazyLock<ManyRows> = LazyLock::new(|| ManyRows::new("INSERT message_counts", change_messages));
static CHANGE_SAMPLES: LazyLock<ManyRows> = LazyLock::new(|| {
    ManyRows::new("INSERT sample_counts", |rows| {
        let rows = placeholders(rows, "(?, ?)");
        format!("INSERT INTO sample_counts (author_key, n) VALUES {rows} ON DUPLICATE KEY UPDATE n = n + VALUES(n)")
    })
});

/// The statement that adds so many rows to what is there.
pub(super) fn change_messages(rows: usize) -> String {
    let rows = placeholders(rows, "(?, ?, ?, ?)");
    format!(
        "INSERT INTO message_counts (owner, shift, block, n) VALUES {rows} ON DUPLICATE KEY UPDATE n = n + VALUES(n)"
    )
}

/// The rows of [`change_messages`]. Of those that are added, everyone's total is the first.
pub(super) fn rows(changes: &CountChanges) -> Vec<[Value; 4]> {
    changes.of_messages().map(values).collect()
}

/// A row that changes nothing where there are messages.
pub(super) fn no_change() -> [Value; 4] {
    values(CountChange { owner: EVERYONE, shift: TOTAL_SHIFT, block: 0, by: 0 })
}

fn values(row: CountChange<'_>) -> [Value; 4] {
    [row.owner.into(), row.shift.into(), row.block.into(), row.by.into()]
}

pub(super) fn write(sql: &Sql<'_>, changes: &CountChanges) -> Result<()> {
    sql.execute_many(&CHANGE_MESSAGES, &rows(changes))?;
    let rows: Vec<[Value; 2]> = changes.of_samples().map(|(author, by)| [author.into(), by.into()]).collect();
    sql.execute_many(&CHANGE_SAMPLES, &rows)
}

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

const TOTAL: CountChange<'_> = CountChange { owner: EVERYONE, shift: TOTAL_SHIFT, block: 0, by: 0 };

/// The row of [`change_messages`] that adds to everyone's total, and locks it.
pub(super) fn total(by: i64) -> [Value; 4] {
    values(&CountChange { by, ..TOTAL })
}

/// The rows beside [`total`].
pub(super) fn below_total(changes: &CountChanges) -> Vec<[Value; 4]> {
    let is_total = |row: &CountChange<'_>| (row.owner, row.shift) == (TOTAL.owner, TOTAL.shift);
    changes.of_messages().filter(|row| !is_total(row)).map(|row| values(&row)).collect()
}

fn values(row: &CountChange<'_>) -> [Value; 4] {
    [row.owner.into(), row.shift.into(), row.block.into(), row.by.into()]
}

pub(super) fn write(sql: &Sql<'_>, changes: &CountChanges) -> Result<()> {
    let rows: Vec<_> = changes.of_messages().map(|row| values(&row)).collect();
    sql.execute_many(&CHANGE_MESSAGES, &rows)?;
    let rows: Vec<[Value; 2]> = changes.of_samples().map(|(author, by)| [author.into(), by.into()]).collect();
    sql.execute_many(&CHANGE_SAMPLES, &rows)
}

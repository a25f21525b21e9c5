use super::sql::{ManyRows, Result, Sql, placeholders};
use crate::counts::CountChanges;
use mysql::Value;
use std::sync::LazyLock;

static CHANGE_MESSAGES: LazyLock<ManyRows> = LazyLock::new(|| {
    ManyRows::new("INSERT message_counts", |rows| {
        let rows = placeholders(rows, "(?, ?, ?, ?)");
        format!(
            "INSERT INTO message_counts (owner, shift, block, n) VALUES {rows} ON DUPLICATE KEY UPDATE n = n + VALUES(n)"
        )
    })
});
static CHANGE_SAMPLES: LazyLock<ManyRows> = LazyLock::new(|| {
    ManyRows::new("INSERT sample_counts", |rows| {
        let rows = placeholders(rows, "(?, ?)");
        format!("INSERT INTO sample_counts (author_key, n) VALUES {rows} ON DUPLICATE KEY UPDATE n = n + VALUES(n)")
    })
});

pub(super) fn write(sql: &Sql<'_>, changes: &CountChanges) -> Result<()> {
    let of_messages = changes.of_messages();
    let rows: Vec<[Value; 4]> =
        of_messages.map(|row| [row.owner.into(), row.shift.into(), row.block.into(), row.by.into()]).collect();
    sql.execute_many(&CHANGE_MESSAGES, &rows)?;
    let rows: Vec<[Value; 2]> = changes.of_samples().map(|(author, by)| [author.into(), by.into()]).collect();
    sql.execute_many(&CHANGE_SAMPLES, &rows)
}

//! The counts behind totals and far pages: how many messages each owner has in each block of ids.

use super::statement::{Sql, Statement};
use std::collections::HashMap;

/// The owner of everyone's messages; no author has an empty key.
pub(super) const EVERYONE: &str = "";
/// The shift under which the total stands, in block 0.
pub(super) const TOTAL_SHIFT: u32 = 62;
/// Sizes of the counted blocks (powers of two), largest first.
pub(super) const BLOCK_SHIFTS: [u32; 3] = [16, 11, 6];
const FINEST: u32 = BLOCK_SHIFTS[2];

const CHANGE_MESSAGES: Statement = Statement::new(
    "INSERT message_counts",
    "INSERT INTO message_counts (owner, shift, block, n) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET n = n + excluded.n",
);
const CHANGE_SAMPLES: Statement = Statement::new(
    "INSERT sample_counts",
    "INSERT INTO sample_counts (author_key, n) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET n = n + excluded.n",
);

/// What a transaction changes about the counts; written once, at its end.
#[derive(Debug, Default)]
pub(super) struct CountChanges {
    /// By owner and finest block.
    messages: HashMap<String, HashMap<i64, i64>>,
    samples: HashMap<String, i64>,
}

impl CountChanges {
    /// A message came (`by` = 1) or went (-1).
    pub(super) fn message(&mut self, id: i64, author_key: Option<&str>, sample: bool, by: i64) {
        for owner in [Some(EVERYONE), author_key].into_iter().flatten() {
            *self.messages.entry(owner.to_owned()).or_default().entry(id >> FINEST).or_default() += by;
        }
        if let Some(author) = author_key.filter(|_| sample) {
            *self.samples.entry(author.to_owned()).or_default() += by;
        }
    }

    pub(super) fn append(&mut self, other: Self) {
        for (owner, blocks) in other.messages {
            let own = self.messages.entry(owner).or_default();
            blocks.into_iter().for_each(|(block, by)| *own.entry(block).or_default() += by);
        }
        other.samples.into_iter().for_each(|(author, by)| *self.samples.entry(author).or_default() += by);
    }

    pub(super) fn write(self, sql: &Sql<'_>) -> rusqlite::Result<()> {
        if !self.messages.is_empty() {
            let mut rows = HashMap::new();
            for (owner, blocks) in &self.messages {
                for (block, by) in blocks {
                    for shift in BLOCK_SHIFTS {
                        *rows.entry((owner, shift, block >> (shift - FINEST))).or_insert(0) += by;
                    }
                    *rows.entry((owner, TOTAL_SHIFT, 0)).or_insert(0) += by;
                }
            }
            sql.execute_each(
                &CHANGE_MESSAGES,
                rows.into_iter().map(|((owner, shift, block), by)| (owner, shift, block, by)),
            )?;
        }
        if !self.samples.is_empty() {
            sql.execute_each(&CHANGE_SAMPLES, self.samples)?;
        }
        Ok(())
    }
}

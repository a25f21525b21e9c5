//! A database with the two tables that other programs know, as an older board left it: its rows are taken over.

use super::counts;
use super::sql::Sql;
use crate::counts::CountChanges;
use board::fold::user_key;
use model::Username;
use rusqlite::{Connection, Transaction, params};
use std::collections::{HashMap, HashSet};
use std::time::Duration;
use tracing::Span;

const USERS: [&str; 4] = ["id", "username", "password", "created_at"];
const MESSAGES: [&str; 4] = ["id", "message", "created_at", "user_id"];

/// Whether the database holds the two tables with exactly these columns: no others would be taken over.
pub(super) fn is_due(connection: &Connection) -> rusqlite::Result<bool> {
    let (users, messages) = (columns(connection, "users")?, columns(connection, "messages")?);
    let are = |columns: &HashSet<String>, wanted: [&str; 4]| {
        columns.len() == wanted.len() && wanted.iter().all(|name| columns.contains(*name))
    };
    Ok(are(&users, USERS) && are(&messages, MESSAGES))
}

fn columns(connection: &Connection, table: &str) -> rusqlite::Result<HashSet<String>> {
    let mut statement = connection.prepare("SELECT lower(name) FROM pragma_table_info(?1)")?;
    statement.query_map([table], |row| row.get(0))?.collect()
}

/// Puts the old rows into new tables, which `make_tables` makes. Rows are read as they are: texts and times may be
/// missing, names may be longer than new ones.
pub(super) fn run(
    transaction: &Transaction<'_>,
    make_tables: impl FnOnce() -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    transaction.execute_batch("ALTER TABLE users RENAME TO old_users; ALTER TABLE messages RENAME TO old_messages;")?;
    make_tables()?;
    let keys = take_users(transaction)?;
    let messages = take_messages(transaction, &keys)?;
    transaction.execute_batch("DROP TABLE old_messages; DROP TABLE old_users;")?;
    tracing::info!(users = keys.len(), messages, "took over the rows of an older board");
    Ok(())
}

/// A time in milliseconds, from whatever an older program stored as one.
const CREATED_AT: &str = "CASE WHEN typeof(created_at) IN ('integer', 'real') THEN CAST(created_at * 1000 AS INTEGER) \
     ELSE CAST(round(unixepoch(created_at, 'subsec') * 1000) AS INTEGER) END";

/// Gives each name's key.
fn take_users(transaction: &Transaction<'_>) -> rusqlite::Result<HashMap<String, String>> {
    let old = format!("SELECT id, username, password, {CREATED_AT} FROM old_users ORDER BY id");
    let mut old = transaction.prepare(&old)?;
    let mut new = transaction
        .prepare("INSERT INTO users (id, username, password, created_at, username_key) VALUES (?1, ?2, ?3, ?4, ?5)")?;
    let (mut rows, mut taken, mut keys) = (old.query(())?, HashSet::new(), HashMap::new());
    while let Some(row) = rows.next()? {
        let (id, name): (i64, String) = (row.get(0)?, row.get(1)?);
        let mut key = user_key(&Username::stored(name.clone()));
        // Where names differed by case only, the older account keeps the name to sign in with.
        if !taken.insert(key.clone()) {
            tracing::warn!(user.id = id, "an account's name differs from another's by case only: it can't sign in");
            key = format!("{key}\u{0}{id}");
        }
        new.execute(params![id, name, row.get::<_, String>(2)?, row.get::<_, Option<i64>>(3)?, key])?;
        keys.insert(name, key);
    }
    Ok(keys)
}

fn take_messages(transaction: &Transaction<'_>, keys: &HashMap<String, String>) -> rusqlite::Result<u64> {
    let old =
        format!("SELECT id, CAST(message AS TEXT), {CREATED_AT}, CAST(user_id AS TEXT) FROM old_messages ORDER BY id");
    let mut old = transaction.prepare(&old)?;
    let mut new = transaction
        .prepare("INSERT INTO messages (id, message, created_at, user_id, author_key) VALUES (?1, ?2, ?3, ?4, ?5)")?;
    let (mut rows, mut count, mut changes) = (old.query(())?, 0, CountChanges::default());
    while let Some(row) = rows.next()? {
        let (id, author): (i64, Option<String>) = (row.get(0)?, row.get(3)?);
        let key = author.as_ref().map(|name| match keys.get(name) {
            Some(key) => key.clone(),
            None => user_key(&Username::stored(name.clone())),
        });
        new.execute(params![id, row.get::<_, Option<String>>(1)?, row.get::<_, Option<i64>>(2)?, author, key])?;
        changes.message(id, key.as_deref(), false, 1);
        count += 1;
    }
    counts::write(&Sql::new(transaction, Span::none(), Duration::ZERO), &changes)?;
    Ok(count)
}

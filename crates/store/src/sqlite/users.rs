use super::sql::Sql;
use crate::statement::Statement;
use board::ports::User;
use model::{Timestamp, Username};

const ADD: Statement = Statement::new(
    "INSERT users",
    "INSERT INTO users (username, password, created_at, username_key) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
);
const FIND: Statement = Statement::new("SELECT users", "SELECT username, password FROM users WHERE username_key = ?1");
const SET_PASSWORD: Statement = Statement::new(
    "UPDATE users",
    "UPDATE users SET password = ?2 WHERE username_key = ?1 AND coalesce(?3, password) = password",
);

pub(super) fn add(sql: &Sql<'_>, user: &User, key: &str, now: Timestamp) -> rusqlite::Result<bool> {
    let row = (user.username.as_str(), &user.password_hash, now.as_millis(), key);
    Ok(sql.execute(&ADD, row)? == 1)
}

pub(super) fn find(sql: &Sql<'_>, key: &str) -> rusqlite::Result<Option<User>> {
    sql.first(&FIND, [key], |row| Ok(User { username: Username::stored(row.get(0)?), password_hash: row.get(1)? }))
}

pub(super) fn set_password(
    sql: &Sql<'_>,
    key: &str,
    password_hash: &str,
    instead_of: Option<&str>,
) -> rusqlite::Result<bool> {
    Ok(sql.execute(&SET_PASSWORD, (key, password_hash, instead_of))? == 1)
}

use super::sql::{Result, Sql, datetime, text};
use super::transaction::{begin, commit};
use crate::statement::Statement;
use board::ports::User;
use model::{Timestamp, Username};
use mysql::Error;

const ADD: Statement = Statement::new(
    "INSERT users",
    "INSERT INTO users (username, password, created_at, username_key) VALUES (?, ?, ?, ?)",
);
const FIND: Statement = Statement::new("SELECT users", "SELECT username, password FROM users WHERE username_key = ?");
const SET_PASSWORD: Statement = Statement::new(
    "UPDATE users",
    "UPDATE users SET password = ? WHERE username_key = ? AND password = coalesce(?, password)",
);

pub(super) fn add(sql: &Sql<'_>, user: &User, key: &str, now: Timestamp) -> Result<bool> {
    const DUPLICATE: u16 = 1062;
    begin(sql)?;
    let added = match sql.execute(&ADD, (user.username.as_str(), &user.password_hash, datetime(now), key)) {
        Ok(_) => true,
        Err(Error::MySqlError(error)) if error.code == DUPLICATE => false,
        Err(error) => return Err(error),
    };
    commit(sql)?;
    Ok(added)
}

pub(super) fn find(sql: &Sql<'_>, key: &str) -> Result<Option<User>> {
    let row = sql.first(&FIND, (key,))?;
    Ok(row.and_then(|row| {
        let username = Username::stored(text(&row, 0)?.to_owned());
        Some(User { username, password_hash: text(&row, 1)?.to_owned() })
    }))
}

pub(super) fn set_password(sql: &Sql<'_>, key: &str, password_hash: &str, instead_of: Option<&str>) -> Result<bool> {
    begin(sql)?;
    let count = sql.execute(&SET_PASSWORD, (password_hash, key, instead_of))?;
    commit(sql)?;
    Ok(count == 1)
}

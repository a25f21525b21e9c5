//! Bringing a database up to date: made when there is none, taken over from an older board that left its two tables.

use super::options::MariaOptions;
use super::sql::{ManyRows, Result, int, placeholders, text};
use crate::counts::{BLOCK_SHIFTS, EVERYONE, TOTAL_SHIFT};
use board::fold::user_key;
use model::Username;
use mysql::prelude::Queryable;
use mysql::{Conn, Error, Params, Row, Value};
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Applied in order; `glassboard_schema` says how many a database has. Each can be applied again when it was cut off.
const MIGRATIONS: [Migration; 4] = [
    Migration::Statements(include_str!("../../migrations/mariadb/0001_board.sql")),
    Migration::Statements(include_str!("../../migrations/mariadb/0002_columns.sql")),
    Migration::TakeOver(include_str!("../../migrations/mariadb/0003_keys.sql")),
    Migration::Statements(include_str!("../../migrations/mariadb/0004_statistics.sql")),
];

enum Migration {
    Statements(&'static str),
    /// Gives the rows of an older board their keys, counts them, and lets the statements hold them to that.
    TakeOver(&'static str),
}

/// A large old table takes its time.
const PATIENCE: Duration = Duration::from_secs(3600);
/// How long a connection is waited for.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// How long a server that does not answer is waited for when the board starts.
const STARTING: Duration = Duration::from_secs(30);

/// Why the database can't be used, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum MariaError {
    #[error("MariaDB at {place} does not answer ({source}); start it, or correct MYSQL_HOST and MYSQL_PORT")]
    NoAnswer { place: String, source: Error },
    #[error("MariaDB at {place} can't be trusted ({source}); correct MYSQL_SSL_CA, or the certificate of the server")]
    NotTrusted { place: String, source: Error },
    #[error("MariaDB at {place} refuses {user} ({source}); correct MYSQL_USER and MYSQL_PASSWORD, or grant the rights")]
    Refused { place: String, user: String, source: Error },
    #[error("the server at {place} is {version}; Glassboard needs MariaDB 10.6.2 or later")]
    TooOld { place: String, version: String },
    #[error(
        "the database {database} was written by a newer Glassboard (its schema is version {found}, this one knows {known}); run that newer Glassboard"
    )]
    Newer { database: String, found: usize, known: usize },
    #[error("another process has been bringing the database {database} up to date for an hour; look after that one")]
    Busy { database: String },
    #[error(
        "the database {database} can't be brought up to date ({source}); nothing is lost, correct that and start again"
    )]
    Migration { database: String, source: Error },
}

/// Waits for the server, makes the database if need be, and applies the migrations that it lacks. Of several processes one
/// does it, the others wait.
pub(super) fn bring_up_to_date(options: &MariaOptions) -> std::result::Result<(), MariaError> {
    /// What servers without that statement say.
    const NOT_PREPARED: u16 = 1295;
    const NO_SYNTAX: u16 = 1064;
    let mut connection = connect(options)?;
    // What a post is stored with.
    if let Err(Error::MySqlError(error)) = connection.prep("BEGIN NOT ATOMIC SELECT ?; END")
        && [NOT_PREPARED, NO_SYNTAX].contains(&error.code)
    {
        let version = connection.query_first("SELECT version()").ok().flatten().unwrap_or_default();
        return Err(MariaError::TooOld { place: options.place(), version });
    }
    let failed = |source| MariaError::Migration { database: options.database.clone(), source };
    // Names of locks have 64 characters at most.
    let lock: String = format!("schema.{}", options.database).chars().take(64).collect();
    let locked = |wait: u64, connection: &mut Conn| {
        connection.exec_first::<i64, _, _>("SELECT GET_LOCK(?, ?)", (&lock, wait)).map(|got| got == Some(1))
    };
    if !locked(0, &mut connection).map_err(failed)? {
        tracing::info!("waiting for another process that brings the database up to date");
        if !locked(PATIENCE.as_secs(), &mut connection).map_err(failed)? {
            return Err(MariaError::Busy { database: options.database.clone() });
        }
    }
    let found = version(&mut connection).map_err(failed)?;
    if found > MIGRATIONS.len() {
        return Err(MariaError::Newer { database: options.database.clone(), found, known: MIGRATIONS.len() });
    }
    for (at, migration) in MIGRATIONS.iter().enumerate().skip(found) {
        migration.apply(&mut connection).map_err(failed)?;
        connection.exec_drop("UPDATE glassboard_schema SET version = ?", (at + 1,)).map_err(failed)?;
    }
    // Ending the connection gives the lock back.
    Ok(())
}

fn connect(options: &MariaOptions) -> std::result::Result<Conn, MariaError> {
    const UNKNOWN_DATABASE: u16 = 1049;
    /// Wrong password, no rights on the database, no rights from this host.
    const REFUSED: [u16; 4] = [1044, 1045, 1130, 1698];
    let place = options.place();
    let until = Instant::now() + STARTING;
    let mut told = false;
    loop {
        // Whether the server answers at all is found out soon; what is done there then may take long.
        let made = match Conn::new(options.connection(HANDSHAKE, true)) {
            Err(Error::MySqlError(error)) if error.code == UNKNOWN_DATABASE => make_database(options),
            Err(error) => Err(error),
            Ok(_) => Conn::new(options.connection(PATIENCE, true)),
        };
        match made {
            Ok(connection) => return Ok(connection),
            Err(source) => match &source {
                Error::MySqlError(error) if REFUSED.contains(&error.code) => {
                    return Err(MariaError::Refused { place, user: options.user.clone(), source });
                }
                other if other.to_string().contains("certificate") => {
                    return Err(MariaError::NotTrusted { place, source });
                }
                _ if Instant::now() > until => return Err(MariaError::NoAnswer { place, source }),
                _ if !told => {
                    tracing::warn!(exception.message = %source, "MariaDB does not answer yet; trying for 30 s");
                    told = true;
                }
                _ => {}
            },
        }
        std::thread::sleep(Duration::from_millis(250));
    }
}

fn make_database(options: &MariaOptions) -> Result<Conn> {
    let mut connection = Conn::new(options.connection(PATIENCE, false))?;
    let name = options.database.replace('`', "``");
    connection
        .query_drop(format!("CREATE DATABASE IF NOT EXISTS `{name}` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"))?;
    connection.select_db(&options.database)?;
    Ok(connection)
}

fn version(connection: &mut Conn) -> Result<usize> {
    connection
        .query_drop("CREATE TABLE IF NOT EXISTS glassboard_schema (id TINYINT PRIMARY KEY, version INT NOT NULL)")?;
    connection.query_drop("INSERT IGNORE INTO glassboard_schema VALUES (1, 0)")?;
    Ok(connection.query_first("SELECT version FROM glassboard_schema")?.unwrap_or_default())
}

impl Migration {
    fn apply(&self, connection: &mut Conn) -> Result<()> {
        match self {
            Self::Statements(all) => execute(connection, all),
            Self::TakeOver(all) => {
                take_over(connection)?;
                execute(connection, all)
            }
        }
    }
}

fn execute(connection: &mut Conn, all: &str) -> Result<()> {
    let lines: Vec<&str> = all.lines().filter(|line| !line.trim_start().starts_with("--")).collect();
    let all = lines.join("\n");
    let mut statements = all.split(';').map(str::trim).filter(|statement| !statement.is_empty());
    statements.try_for_each(|statement| connection.query_drop(statement))
}

fn take_over(connection: &mut Conn) -> Result<()> {
    let keys = key_users(connection)?;
    let messages = key_messages(connection, &keys)?;
    count(connection)?;
    if !keys.is_empty() || messages > 0 {
        tracing::info!(users = keys.len(), messages, "took over the rows of an older board");
    }
    Ok(())
}

/// Gives each name's key.
fn key_users(connection: &mut Conn) -> Result<HashMap<String, String>> {
    let (mut keys, mut taken) = (HashMap::new(), HashMap::new());
    let users: Vec<Row> = connection.exec("SELECT id, username FROM users ORDER BY id", ())?;
    for row in &users {
        let (Some(id), Some(name)) = (int(row, 0), text(row, 1)) else { continue };
        let mut key = user_key(&Username::stored(name.to_owned()));
        // Where names differed by case only, the older account keeps the name to sign in with.
        if let Some(first) = taken.insert(key.clone(), id) {
            tracing::warn!(user.id = id, "an account's name differs from another's by case only: it can't sign in");
            taken.insert(key.clone(), first);
            key = format!("{key}\u{0}{id}");
        }
        keys.insert(name.to_owned(), (id, key));
    }
    for (id, key) in keys.values() {
        connection.exec_drop("UPDATE users SET username_key = ? WHERE id = ?", (key, id))?;
    }
    Ok(keys.into_iter().map(|(name, (_, key))| (name, key)).collect())
}

/// How many messages got their author's key.
fn key_messages(connection: &mut Conn, keys: &HashMap<String, String>) -> Result<u64> {
    const BLOCK: i64 = 10_000;
    connection.query_drop(
        "CREATE OR REPLACE TEMPORARY TABLE author_keys (name VARCHAR(255) PRIMARY KEY, name_key VARCHAR(765) NOT NULL) \
         CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
    )?;
    let authors: Vec<String> = connection.query("SELECT DISTINCT user_id FROM messages WHERE user_id IS NOT NULL")?;
    let rows: Vec<[Value; 2]> = authors
        .iter()
        .map(|name| {
            let key = keys.get(name).cloned().unwrap_or_else(|| user_key(&Username::stored(name.clone())));
            [name.into(), key.into()]
        })
        .collect();
    let add = ManyRows::new("INSERT author_keys", |rows| {
        format!("INSERT INTO author_keys VALUES {}", placeholders(rows, "(?, ?)"))
    });
    add.each_chunk(&rows, |statement, _, params| connection.exec_drop(statement.text(), params))?;
    let ends: Option<(Option<i64>, Option<i64>)> = connection.query_first("SELECT min(id), max(id) FROM messages")?;
    let Some((Some(first), Some(last))) = ends else { return Ok(0) };
    let mut count = 0;
    for from in (first..=last).step_by(BLOCK as usize) {
        connection.exec_drop(
            "UPDATE messages JOIN author_keys ON name = user_id SET author_key = name_key WHERE id >= ? AND id < ?",
            Params::from((from, from + BLOCK)),
        )?;
        count += connection.affected_rows();
    }
    connection.query_drop("DROP TEMPORARY TABLE author_keys")?;
    Ok(count)
}

/// Counts all messages anew.
fn count(connection: &mut Conn) -> Result<()> {
    connection.query_drop("START TRANSACTION")?;
    connection.query_drop("DELETE FROM message_counts")?;
    for shift in BLOCK_SHIFTS.into_iter().chain([TOTAL_SHIFT]) {
        for (owner, rows) in [("?", "TRUE"), ("coalesce(author_key, ?)", "author_key IS NOT NULL")] {
            let statement = format!(
                "INSERT INTO message_counts SELECT {owner}, {shift}, id >> {shift}, count(*) FROM messages WHERE {rows} \
                 GROUP BY 1, 3"
            );
            connection.exec_drop(statement, (EVERYONE,))?;
        }
    }
    // The row that everybody who writes locks first.
    connection.exec_drop("INSERT IGNORE INTO message_counts VALUES (?, ?, 0, 0)", (EVERYONE, TOTAL_SHIFT))?;
    connection.query_drop("COMMIT")
}

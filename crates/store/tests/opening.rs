//! Opening, refusing, backing up and restoring database files.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use board::ports::{Engine, Store, User};
use model::{MessageText, PageRequest, SearchQuery, Timestamp, Username};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;
use store::{OpenError, SqliteStore, backup, restore};

async fn post(store: &SqliteStore, text: &str) -> i64 {
    let (author, text) = (Username::parse("mina").unwrap(), MessageText::parse(text.to_owned()).unwrap());
    store.add_message(&author, &text, Timestamp::default()).await.unwrap().id
}

async fn total(store: &SqliteStore) -> u64 {
    store.list_messages(None, PageRequest::default()).await.unwrap().pagination.total
}

async fn finds(store: &SqliteStore, text: &str) -> u64 {
    store.search(&SearchQuery::parse(text).unwrap().unwrap(), PageRequest::default()).await.unwrap().total
}

fn refusal(path: &Path) -> OpenError {
    match SqliteStore::open(path) {
        Ok(_) => panic!("{} was opened", path.display()),
        Err(error) => error,
    }
}

/// A database with some messages, closed.
async fn board(path: &Path, messages: usize) {
    let store = SqliteStore::open(path).unwrap();
    let author = Username::parse("mina").unwrap();
    let texts = (0..messages).map(|n| format!("message {n}")).collect();
    store.add_samples(&author, texts, Timestamp::default()).await.unwrap();
    store.close().await;
}

#[tokio::test]
async fn a_closed_store_is_one_file_that_opens_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("board.db");
    let store = SqliteStore::open(&path).unwrap();
    let id = post(&store, "kept").await;
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    store.close().await;
    assert!(store.ping().await.is_err());
    assert!(store.list_messages(None, PageRequest::default()).await.is_err());
    let files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(files, ["board.db"]);
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(total(&store).await, 1);
    assert!(post(&store, "next").await > id);
    store.close().await;
}

#[tokio::test]
async fn each_kind_of_wrong_file_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    for (name, bytes) in [("notes.txt", vec![b'x'; 5_000]), ("short.txt", b"SQLite format 3\0".to_vec())] {
        std::fs::write(file(name), &bytes).unwrap();
        assert!(matches!(refusal(&file(name)), OpenError::NotADatabase { .. }), "{name}");
        assert_eq!(std::fs::read(file(name)).unwrap(), bytes, "{name} is untouched");
    }
    rusqlite::Connection::open(file("other.db")).unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
    assert!(matches!(refusal(&file("other.db")), OpenError::OtherProgram { .. }));

    let tables = "CREATE TABLE users (id INTEGER PRIMARY KEY, username, password, created_at);
        CREATE TABLE messages (id INTEGER PRIMARY KEY, message, created_at, user_id, room);";
    rusqlite::Connection::open(file("rooms.db")).unwrap().execute_batch(tables).unwrap();
    assert!(matches!(refusal(&file("rooms.db")), OpenError::OtherProgram { .. }), "its rooms would be lost");
    let tables = "CREATE TABLE users (id INTEGER PRIMARY KEY, username, password, created_at);
        CREATE TABLE messages (id INTEGER PRIMARY KEY, message, created_at, user_id); CREATE TABLE message_counts (a);";
    rusqlite::Connection::open(file("taken.db")).unwrap().execute_batch(tables).unwrap();
    assert!(matches!(refusal(&file("taken.db")), OpenError::NotTakenOver { .. }));

    board(&file("newer.db"), 1).await;
    rusqlite::Connection::open(file("newer.db")).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let newer = refusal(&file("newer.db"));
    assert!(matches!(newer, OpenError::Newer { found: 99, .. }));
    assert!(newer.to_string().contains("newer Glassboard"));

    board(&file("cut.db"), 5_000).await;
    let length = std::fs::metadata(file("cut.db")).unwrap().len();
    std::fs::File::options().write(true).open(file("cut.db")).unwrap().set_len(length / 2).unwrap();
    assert!(matches!(refusal(&file("cut.db")), OpenError::Damaged { .. }));

    board(&file("schema.db"), 10).await;
    let mut bytes = std::fs::read(file("schema.db")).unwrap();
    bytes[100..4_000].fill(0xa5);
    std::fs::write(file("schema.db"), bytes).unwrap();
    assert!(matches!(refusal(&file("schema.db")), OpenError::Damaged { .. }));

    board(&file("page.db"), 10).await;
    let mut bytes = std::fs::read(file("page.db")).unwrap();
    bytes[3 * 4_096..4 * 4_096].fill(0xa5);
    std::fs::write(file("page.db"), bytes).unwrap();
    assert!(matches!(refusal(&file("page.db")), OpenError::Damaged { .. }));

    assert!(matches!(refusal(&folder.path().join("no/such/folder/board.db")), OpenError::NotWritable { .. }));
    assert!(matches!(refusal(&file("notes.txt").join("board.db")), OpenError::NotWritable { .. }));
}

#[tokio::test]
async fn a_backup_is_of_one_moment_and_comes_back_into_a_store_that_is_open() {
    let folder = tempfile::tempdir().unwrap();
    let (live, copy) = (folder.path().join("board.db"), folder.path().join("copy.db"));
    let store = SqliteStore::open(&live).unwrap();
    let user = User { username: Username::parse("mina").unwrap(), password_hash: "hash".into() };
    store.add_user(&user, "mina", Timestamp::default()).await.unwrap();
    for n in 0..300 {
        post(&store, &format!("before {n}")).await;
    }
    backup(&live, &copy).unwrap();
    assert_eq!(std::fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(matches!(backup(&live, &copy), Err(OpenError::Exists { .. })), "nothing is overwritten");
    for n in 0..700 {
        post(&store, &format!("after {n}")).await;
    }
    assert_eq!((total(&store).await, finds(&store, "after").await), (1_000, 700));

    let mut elsewhere = store.watch().unwrap();
    let seen = tokio::time::timeout(Duration::from_millis(1500), elsewhere.changed()).await;
    assert!(seen.is_err(), "what the store itself writes is not from elsewhere");
    restore(&copy, &live, true).unwrap();
    tokio::time::timeout(Duration::from_secs(60), elsewhere.changed()).await.unwrap().unwrap();
    assert_eq!((total(&store).await, finds(&store, "after").await, finds(&store, "before").await), (300, 0, 300));
    assert_eq!(store.user("mina").await.unwrap(), Some(user));
    for n in 0..600 {
        post(&store, &format!("since {n}")).await;
    }
    assert_eq!((total(&store).await, finds(&store, "since 1").await), (900, 111));
    store.close().await;
}

#[tokio::test]
async fn a_restore_refuses_what_is_not_a_backup_and_leaves_the_board_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    board(&file("board.db"), 10).await;
    rusqlite::Connection::open(file("other.db")).unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
    rusqlite::Connection::open(file("empty.db")).unwrap().pragma_update(None, "user_version", 0).unwrap();
    board(&file("newer.db"), 1).await;
    rusqlite::Connection::open(file("newer.db")).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let refused = |name: &str| match restore(&file(name), &file("board.db"), true) {
        Err(OpenError::NoBackup { path, .. }) => path == file(name),
        _ => false,
    };
    std::fs::write(file("junk.db"), "junk ".repeat(1000)).unwrap();
    assert!(["other.db", "empty.db", "absent.db", "junk.db"].into_iter().all(refused));
    assert!(matches!(restore(&file("newer.db"), &file("board.db"), true), Err(OpenError::Newer { .. })));
    assert!(matches!(restore(&file("board.db"), &file("other.db"), true), Err(OpenError::OtherProgram { .. })));
    let store = SqliteStore::open(&file("board.db")).unwrap();
    assert_eq!(total(&store).await, 10);
    store.close().await;
}

#[tokio::test]
async fn a_damaged_board_is_replaced_and_kept_beside() {
    let folder = tempfile::tempdir().unwrap();
    let (live, copy) = (folder.path().join("board.db"), folder.path().join("copy.db"));
    board(&live, 5_000).await;
    backup(&live, &copy).unwrap();
    let length = std::fs::metadata(&live).unwrap().len();
    std::fs::File::options().write(true).open(&live).unwrap().set_len(length / 2).unwrap();
    restore(&copy, &live, false).unwrap();
    assert!(folder.path().join("board.db.damaged").exists());
    let store = SqliteStore::open(&live).unwrap();
    assert_eq!(total(&store).await, 5_000);
    store.close().await;
}

#[tokio::test]
async fn damage_that_comes_up_later_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let (live, copy) = (folder.path().join("board.db"), folder.path().join("copy.db"));
    board(&live, 5_000).await;
    backup(&live, &copy).unwrap();
    let store = SqliteStore::open(&live).unwrap();
    store.ping().await.unwrap();
    let length = std::fs::metadata(&live).unwrap().len();
    let file = std::fs::File::options().write(true).open(&live).unwrap();
    file.write_all_at(&vec![0xa5; usize::try_from(length).unwrap() - 4_096], 4_096).unwrap();
    assert!(store.list_messages(None, PageRequest::default()).await.is_err());
    assert!(store.ping().await.unwrap_err().to_string().contains("glassboard restore"));

    assert!(matches!(restore(&copy, &live, true), Err(OpenError::InUse { .. })), "the store would keep the old file");
    store.close().await;
    restore(&copy, &live, false).unwrap();
    let store = SqliteStore::open(&live).unwrap();
    store.ping().await.unwrap();
    assert_eq!(total(&store).await, 5_000);
    store.close().await;
}

#[tokio::test]
async fn another_process_may_write_while_the_store_is_open() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("board.db");
    let (server, command) = (SqliteStore::open(&path).unwrap(), SqliteStore::open(&path).unwrap());
    let user = User { username: Username::parse("mina").unwrap(), password_hash: "hash".into() };
    assert!(command.add_user(&user, "mina", Timestamp::default()).await.unwrap());
    assert_eq!(server.user("mina").await.unwrap(), Some(user));
    for n in 0..600 {
        post(if n % 2 == 0 { &server } else { &command }, "both write").await;
    }
    command.close().await;
    assert_eq!((total(&server).await, finds(&server, "both write").await), (600, 600));
    server.close().await;
}

#[tokio::test]
async fn a_database_with_only_the_two_known_tables_is_taken_over_row_by_row() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("board.db");
    let long = "긴".repeat(255);
    let old = rusqlite::Connection::open(&path).unwrap();
    old.execute_batch(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, username VARCHAR(255) UNIQUE NOT NULL, password VARCHAR(255) NOT NULL,
             created_at DATETIME DEFAULT CURRENT_TIMESTAMP);
         CREATE TABLE messages (id INTEGER PRIMARY KEY, message TEXT, created_at DATETIME, user_id VARCHAR(255));
         CREATE TABLE something_else (a);
         INSERT INTO users VALUES (3, 'Mina', 'hash', '2024-02-29 12:34:56'), (7, 'mina', 'other', NULL);
         INSERT INTO messages VALUES (5, '안녕 🙂', '2024-02-29 12:34:56', 'Mina'), (9, NULL, NULL, NULL), (11, 'last', 1709210096, 'nobody'),
             (12, 'of the younger one', 1709210096.5, 'mina');
         PRAGMA user_version = 40;",
    )
    .unwrap();
    old.execute("INSERT INTO users (username, password) VALUES (?1, 'x')", [&long]).unwrap();
    old.execute("INSERT INTO messages (message, user_id) VALUES ('of the long name', ?1)", [&long]).unwrap();
    old.close().unwrap();
    let copy = folder.path().join("copy.db");
    backup(&path, &copy).unwrap();
    assert_eq!(std::fs::read(&copy).unwrap().len(), std::fs::read(&path).unwrap().len());

    for _ in 0..2 {
        let store = SqliteStore::open(&path).unwrap();
        let mina = store.user("mina").await.unwrap().unwrap();
        assert_eq!((mina.username.as_str(), mina.password_hash.as_str()), ("Mina", "hash"));
        assert_eq!(store.user(&long).await.unwrap().unwrap().username.as_str(), long);
        let list = store.list_messages(None, PageRequest::default()).await.unwrap();
        let rows: Vec<_> = list.messages.iter().map(|m| (m.id, m.text.as_deref(), m.author.as_deref())).collect();
        let first = (5, Some("안녕 🙂"), Some("Mina"));
        let of_others =
            [(13, Some("of the long name"), Some(long.as_str())), (12, Some("of the younger one"), Some("mina"))];
        assert_eq!(rows, [of_others[0], of_others[1], (11, Some("last"), Some("nobody")), (9, None, None), first]);
        let times: Vec<_> = list.messages.iter().map(|m| m.created_at.map(Timestamp::as_millis)).collect();
        let time = Some(1_709_210_096_000);
        assert_eq!(times, [None, Some(1_709_210_096_500), time, None, time]);
        assert_eq!(list.pagination.total, 5);
        let own = store.list_messages(Some("mina"), PageRequest::default()).await.unwrap();
        assert_eq!((own.pagination.total, own.messages[0].id), (1, 5));
        assert_eq!((finds(&store, "안녕").await, finds(&store, "LONG name").await), (1, 1));
        store.close().await;
    }
    let store = SqliteStore::open(&path).unwrap();
    assert!(post(&store, "new").await > 13);
    store.close().await;
    let users: i64 = rusqlite::Connection::open(&path)
        .unwrap()
        .query_row("SELECT count(*) FROM users", (), |row| row.get(0))
        .unwrap();
    assert_eq!(users, 3);
}

//! What is MariaDB's own: taking over, sharing, and what happens when the server is away.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use board::ports::{Engine, Store, User};
use model::{MessageText, PageRequest, SearchQuery, Timestamp, Username};
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::{MariaOptions, MariaStore, MariaTls};
use testing::{Certificates, Mariadb};
use tokio::task::spawn_blocking;

/// Answers come within the two seconds that a request has, and a little for a busy machine.
const SOON: Duration = Duration::from_millis(2_500);

fn options(server: &Mariadb, database: &str) -> MariaOptions {
    MariaOptions {
        host: "127.0.0.1".to_owned(),
        port: server.port(),
        user: "root".to_owned(),
        password: Mariadb::PASSWORD.to_owned(),
        database: database.to_owned(),
        tls: MariaTls::Disabled,
    }
}

async fn open(server: &Mariadb, database: &str) -> MariaStore {
    MariaStore::open(options(server, database), 8).await.unwrap()
}

async fn post(store: &MariaStore, text: &str) -> Result<i64, String> {
    let (author, text) = (Username::parse("mina").unwrap(), MessageText::parse(text.to_owned()).unwrap());
    let posted = store.add_message(&author, &text, Timestamp::from_millis(1_790_000_000_123)).await;
    posted.map(|message| message.id).map_err(|error| error.to_string())
}

async fn finds(store: &MariaStore, text: &str) -> u64 {
    store.search(&SearchQuery::parse(text).unwrap().unwrap(), PageRequest::default()).await.unwrap().total
}

/// Counts the messages anew.
fn assert_counts(server: &Mariadb, database: &str) {
    let wrong = server.execute(&format!(
        "SELECT owner, shift, block, n FROM {database}.message_counts c WHERE n <> (SELECT count(*) FROM {database}.messages m
            WHERE m.id >> c.shift = c.block AND (c.owner = '' OR m.author_key = c.owner));
         SELECT 'missing', owner, s, id >> s
            FROM (SELECT '' AS owner, id FROM {database}.messages UNION ALL SELECT author_key, id FROM {database}.messages) m
            JOIN (SELECT 6 AS s UNION SELECT 11 UNION SELECT 16 UNION SELECT 62) shifts
            WHERE NOT EXISTS (SELECT 1 FROM {database}.message_counts c
                WHERE c.owner = m.owner AND c.shift = s AND c.block = id >> s) LIMIT 1;"
    ));
    assert_eq!(wrong.trim(), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_of_one_page_who_leave_take_nobody_along() {
    let server = Mariadb::shared();
    let store = Arc::new(open(server, &server.new_database()).await);
    let id = post(&store, "read by many").await.unwrap();
    for round in 0..20 {
        let readers: Vec<_> = (0..16)
            .map(|_| {
                let store = Arc::clone(&store);
                tokio::spawn(async move { store.list_messages(None, PageRequest::default()).await })
            })
            .collect();
        tokio::task::yield_now().await;
        for (at, reader) in readers.into_iter().enumerate() {
            if (at + round) % 3 == 0 {
                reader.abort();
            } else {
                assert_eq!(reader.await.unwrap().unwrap().messages[0].id, id);
            }
        }
    }
    store.close().await;
    assert!(store.list_messages(None, PageRequest::default()).await.is_err(), "closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_with_only_the_two_known_tables_is_taken_over_row_by_row() {
    let server = Mariadb::shared();
    let database = server.new_database();
    let long = "긴".repeat(255);
    server.execute(&format!(
        "CREATE DATABASE {database} CHARACTER SET latin1; USE {database};
         CREATE TABLE users (id INT AUTO_INCREMENT PRIMARY KEY, username VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci UNIQUE NOT NULL,
             password VARCHAR(255) NOT NULL, created_at DATETIME DEFAULT CURRENT_TIMESTAMP);
         CREATE TABLE messages (id INT AUTO_INCREMENT PRIMARY KEY, message TEXT CHARACTER SET utf8mb4, created_at DATETIME,
             user_id VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci);
         INSERT INTO users VALUES (3, 'Mina', 'hash', '2024-02-29 12:34:56'), (9, '{long}', 'x', NULL);
         INSERT INTO messages VALUES (5, '안녕 🙂', '2024-02-29 12:34:56', 'Mina'), (9, NULL, NULL, NULL),
             (11, 'last', '2024-02-29 12:34:56', 'nobody'), (12, 'of the long name', NULL, '{long}');"
    ));
    for _ in 0..2 {
        let store = open(server, &database).await;
        let mina = store.user("mina").await.unwrap().unwrap();
        assert_eq!((mina.username.as_str(), mina.password_hash.as_str()), ("Mina", "hash"));
        assert_eq!(store.user(&long).await.unwrap().unwrap().username.as_str(), long);
        let list = store.list_messages(None, PageRequest::default()).await.unwrap();
        let rows: Vec<_> = list.messages.iter().map(|m| (m.id, m.text.as_deref(), m.author.as_deref())).collect();
        let of_long = (12, Some("of the long name"), Some(long.as_str()));
        let rest = [(11, Some("last"), Some("nobody")), (9, None, None), (5, Some("안녕 🙂"), Some("Mina"))];
        assert_eq!(rows, [of_long, rest[0], rest[1], rest[2]]);
        let times: Vec<_> = list.messages.iter().map(|m| m.created_at.map(Timestamp::as_millis)).collect();
        let time = Some(1_709_210_096_000);
        assert_eq!(times, [None, time, None, time]);
        assert_eq!(list.pagination.total, 4);
        let own = store.list_messages(Some("mina"), PageRequest::default()).await.unwrap();
        assert_eq!((own.pagination.total, own.messages[0].id), (1, 5));
        assert_eq!((finds(&store, "안녕").await, finds(&store, "LONG name").await), (1, 1));
        store.close().await;
    }
    let store = open(server, &database).await;
    assert!(post(&store, "🙂 new").await.unwrap() > 12);
    let accented = User { username: Username::parse("miná").unwrap(), password_hash: "h".into() };
    assert!(store.add_user(&accented, "miná", Timestamp::default()).await.unwrap(), "accents are distinct now");
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_start_at_once_migrate_once_and_see_each_others_messages() {
    let server = Mariadb::shared();
    let database = server.new_database();
    let starts = (0..4).map(|_| MariaStore::open(options(server, &database), 4));
    let mut stores = Vec::new();
    for start in starts.map(tokio::spawn) {
        stores.push(Arc::new(start.await.unwrap().unwrap()));
    }
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..8 {
        let (store, other) = (Arc::clone(&stores[writer % 4]), Arc::clone(&stores[(writer + 1) % 4]));
        writers.spawn(async move {
            let mut ids = Vec::new();
            for n in (writer..1_200).step_by(8) {
                ids.push(post(&store, &format!("number {n} of all")).await.unwrap());
                // What is acknowledged is found at once, whoever is asked.
                assert_eq!(finds(&other, &format!("number {n} of")).await, 1, "{n}");
            }
            ids
        });
    }
    let mut ids: Vec<i64> = writers.join_all().await.into_iter().flatten().collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 1_200);
    let list = stores[1].list_messages(None, PageRequest::new(12, 100)).await.unwrap();
    assert_eq!((list.pagination.total, list.messages.len()), (1_200, 100));
    assert_counts(server, &database);
    let indexed = || server.execute(&format!("SELECT coalesce(max(last), -1) FROM {database}.search_segments"));
    let until = Instant::now() + Duration::from_secs(60);
    while indexed().trim().parse::<i64>().unwrap() < 1_023 {
        assert!(Instant::now() < until, "the index is not brought up to date");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for n in 0..1_200 {
        assert_eq!(finds(&stores[n % 4], &format!("number {n} of all")).await, 1, "{n}");
    }
    assert!((1_001..=1_200).contains(&finds(&stores[2], "of all").await));
    for store in stores {
        store.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_with_gaps_are_counted_where_they_are_and_tables_may_change_meanwhile() {
    let server = Mariadb::start();
    for step in [1, 3] {
        server.execute(&format!("SET GLOBAL auto_increment_increment = {step}, auto_increment_offset = {step}"));
        let database = format!("board_{step}");
        let store = Arc::new(open(&server, &database).await);
        let mut ids = Vec::new();
        for change in
            ["ADD COLUMN further INT", "DROP COLUMN further", "ADD INDEX by_time (created_at)", "AUTO_INCREMENT = 5000"]
        {
            let posts = (0..70).map(|n| {
                let store = Arc::clone(&store);
                tokio::spawn(async move { post(&store, &format!("message {n}")).await.unwrap() })
            });
            for post in posts.collect::<Vec<_>>() {
                ids.push(post.await.unwrap());
            }
            server.execute(&format!("ALTER TABLE {database}.messages {change}"));
        }
        ids.push(post(&store, "the last").await.unwrap());
        ids.sort_unstable_by_key(|id| std::cmp::Reverse(*id));
        assert!(ids[0] >= 5000 && ids.windows(2).all(|pair| pair[0] - pair[1] >= step), "{ids:?}");
        let mut listed = Vec::new();
        for page in 1..=15 {
            let page = store.list_messages(None, PageRequest::new(page, 20)).await.unwrap();
            assert_eq!(page.pagination.total, 281);
            listed.extend(page.messages.iter().map(|message| message.id));
        }
        assert_eq!(listed, ids);
        assert_counts(&server, &database);
        store.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn deleted_messages_are_gone_from_every_search_before_and_after_the_index_forgets_them() {
    let server = Mariadb::shared();
    let database = server.new_database();
    let store = open(server, &database).await;
    let texts = (0..600).map(|n| format!("row {n} abc")).collect();
    store.add_samples(&Username::parse("mina").unwrap(), texts, Timestamp::default()).await.unwrap();
    let segments = || server.execute(&format!("SELECT count(*) FROM {database}.search_segments"));
    let until = Instant::now() + Duration::from_secs(60);
    while segments().trim() != "2" {
        assert!(Instant::now() < until, "the index is not brought up to date: {}", segments());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let mut left = 600;
    while left > 0 {
        assert_eq!(
            (finds(&store, "abc").await, finds(&store, "c").await, finds(&store, "row").await),
            (left, left, left)
        );
        left -= store.delete_samples(None, 60).await.unwrap();
    }
    assert_eq!((finds(&store, "abc").await, finds(&store, "c").await), (0, 0));
    let gone = || server.execute(&format!("SELECT count(*) FROM {database}.search_gone"));
    while gone().trim() != "0" {
        assert!(Instant::now() < until, "the index does not forget: {}", gone());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(finds(&store, "abc").await, 0);
    store.close().await;
}

/// Everything that a request asks of the store; which of them failed, each within the time that a request has.
async fn failures(store: &MariaStore) -> Vec<&'static str> {
    let mut failed = Vec::new();
    let (began, away) = (Instant::now(), SearchQuery::parse("away").unwrap().unwrap());
    let (posted, listed, found, user) = tokio::join!(
        post(store, "while it is away"),
        store.list_messages(None, PageRequest::default()),
        store.search(&away, PageRequest::default()),
        store.user("mina"),
    );
    let outcomes =
        [("post", posted.is_err()), ("list", listed.is_err()), ("search", found.is_err()), ("user", user.is_err())];
    failed.extend(outcomes.into_iter().filter(|(_, failed)| *failed).map(|(name, _)| name));
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
    failed
}

async fn back_within_5_s(store: &MariaStore) {
    let began = Instant::now();
    while !failures(store).await.is_empty() || store.ping().await.is_err() {
        assert!(began.elapsed() < Duration::from_secs(5), "not back");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

const ALL: [&str; 4] = ["post", "list", "search", "user"];

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_away_is_told_at_once_and_used_again_when_it_is_back() {
    let server = Mariadb::start();
    let store = open(&server, "board").await;
    let before = post(&store, "before").await.unwrap();
    assert!(failures(&store).await.is_empty());

    server.signal("KILL");
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(failures(&store).await, ALL);
    assert!(store.ping().await.is_err());
    server.restart(&[]);
    back_within_5_s(&store).await;
    assert_eq!(finds(&store, "before").await, 1);

    server.signal("STOP");
    // What it was at may still go out.
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(failures(&store).await, ALL);
    assert_eq!(failures(&store).await, ALL, "also when connections are stuck");
    server.signal("CONT");
    back_within_5_s(&store).await;

    server.signal("TERM");
    server.restart(&["--read-only=1"]);
    // `root` may write nevertheless; what is told to operators is what the server says.
    let told = store.ping().await.unwrap_err().to_string();
    assert!(told.contains("read-only"), "{told}");
    server.signal("TERM");
    server.restart(&["--max-connections=10"]);
    back_within_5_s(&store).await;
    assert!(post(&store, "after").await.unwrap() > before);
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_that_fails_says_whether_it_may_be_stored_all_the_same() {
    let server = Mariadb::start();
    server.execute("CREATE DATABASE board");
    let store = open(&server, "board").await;
    let try_to_post = async |text: &str| {
        let (author, text) = (Username::parse("mina").unwrap(), MessageText::parse(text.to_owned()).unwrap());
        store.add_message(&author, &text, Timestamp::default()).await
    };
    for round in ["first", "second"] {
        // On a connection that was just used, a group is sent without asking whether the server is there.
        try_to_post("before").await.unwrap();
        server.signal("STOP");
        let (sent, waiting) = tokio::join!(try_to_post(round), async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            try_to_post(&format!("{round} too late")).await
        });
        assert!(sent.unwrap_err().may_be_done, "{round}");
        assert!(!waiting.unwrap_err().may_be_done, "{round}");
        server.signal("CONT");
        back_within_5_s(&store).await;
        assert_eq!(finds(&store, &format!("{round} too late")).await, 0);
    }
    server.signal("KILL");
    // Long enough for the connection to be asked first.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert!(!try_to_post("to nobody").await.unwrap_err().may_be_done);
    server.restart(&[]);
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_slow_or_full_or_refuses_writes_is_told_at_once_and_keeps_what_was_acknowledged() {
    let server = Arc::new(Mariadb::start());
    server.execute(
        "CREATE USER board@localhost IDENTIFIED BY 'board'; CREATE DATABASE board; GRANT ALL ON board.* TO board@localhost;",
    );
    // No user with all rights: those may write to a server that is read-only, and have a connection kept for them.
    let user = MariaOptions { user: "board".to_owned(), password: "board".to_owned(), ..options(&server, "board") };
    let store = Arc::new(MariaStore::open(user, 16).await.unwrap());
    assert!(post(&store, "acknowledged").await.is_ok());

    server.execute("SET GLOBAL read_only = 1");
    let told = timed(post(&store, "refused")).await.unwrap_err();
    assert!(told.contains("read-only") || told.contains("read_only"), "{told}");
    assert_eq!(timed(finds(&store, "acknowledged")).await, 1, "reading goes on");
    server.execute("SET GLOBAL read_only = 0");
    back_within_5_s(&store).await;

    // Somebody else's lock: slower than a request may be.
    let held = spawn_blocking({
        let server = Arc::clone(&server);
        move || server.execute("LOCK TABLES board.messages WRITE; DO SLEEP(4); UNLOCK TABLES")
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(timed(post(&store, "while it is slow")).await.is_err());
    assert!(!failures(&store).await.is_empty());
    held.await.unwrap();
    back_within_5_s(&store).await;

    server.execute("SET GLOBAL max_connections = 10");
    let guests: Vec<_> = (0..10)
        .map(|_| {
            spawn_blocking({
                let port = server.port();
                move || guest(port)
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let ask = |_| {
        tokio::spawn({
            let store = Arc::clone(&store);
            async move { failures(&store).await }
        })
    };
    for answer in (0..16).map(ask).collect::<Vec<_>>() {
        answer.await.unwrap();
    }
    for guest in guests {
        guest.await.unwrap();
    }
    server.execute("SET GLOBAL max_connections = 100");
    back_within_5_s(&store).await;
    assert_eq!(finds(&store, "acknowledged").await, 1);
    store.close().await;
}

/// Takes a connection for some seconds, if there is one.
fn guest(port: u16) {
    let mut client = std::process::Command::new("mariadb");
    client.args(["--no-defaults", "--host=127.0.0.1", "--user=board", "--password=board", "--execute=DO SLEEP(4)"]);
    client.arg(format!("--port={port}")).stderr(std::process::Stdio::null()).status().unwrap();
}

/// What comes of it, within the time that a request has.
async fn timed<T>(work: impl Future<Output = T>) -> T {
    let began = Instant::now();
    let done = work.await;
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
    done
}

#[tokio::test(flavor = "multi_thread")]
async fn each_reason_not_to_start_is_a_sentence() {
    let server = Mariadb::shared();
    let database = server.new_database();
    let sentence = async |options: MariaOptions| match MariaStore::open(options, 2).await {
        Ok(_) => panic!("it started"),
        Err(error) => error.to_string(),
    };
    let wrong = MariaOptions { password: "wrong".to_owned(), ..options(server, &database) };
    assert!(sentence(wrong).await.contains("MYSQL_PASSWORD"));
    open(server, &database).await.close().await;
    server.execute(&format!("UPDATE {database}.glassboard_schema SET version = 99"));
    assert!(sentence(options(server, &database)).await.contains("newer Glassboard"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_is_encrypted_and_believes_only_the_authorities_that_it_is_told() {
    let certificates = Certificates::make();
    let [authority, cert, key] = [certificates.authority(), certificates.server(), certificates.key()];
    let server = Mariadb::start_with(&[
        &format!("--ssl-ca={}", authority.display()),
        &format!("--ssl-cert={}", cert.display()),
        &format!("--ssl-key={}", key.display()),
    ]);
    // Only over TLS, whatever the client would do by itself.
    server.execute("ALTER USER root@localhost REQUIRE SSL");
    let plain = MariaStore::open(options(&server, "board"), 4).await;
    assert!(plain.err().unwrap().to_string().contains("MYSQL_PASSWORD"));
    let told = MariaTls::VerifyIdentity { authorities: Some(authority) };
    for tls in [told, MariaTls::Required] {
        let store = MariaStore::open(MariaOptions { tls, ..options(&server, "board") }, 4).await.unwrap();
        post(&store, "nobody reads along").await.unwrap();
        store.close().await;
    }
    let others = Certificates::make();
    for authorities in [Some(others.authority()), None] {
        let tls = MariaTls::VerifyIdentity { authorities };
        let refused = MariaStore::open(MariaOptions { tls, ..options(&server, "board") }, 4).await;
        assert!(refused.err().unwrap().to_string().contains("certificate"));
    }
}

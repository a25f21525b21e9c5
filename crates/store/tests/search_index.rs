//! The search index on disk: built behind the messages, merged as it grows, and gone with them.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use board::ports::Store;
use model::{PageRequest, SearchQuery, Timestamp, Username};
use rusqlite::Connection;
use std::time::Duration;
use store::SqliteStore;

const MESSAGES: i64 = 70_000;

fn number(file: &Connection, sql: &str) -> i64 {
    file.query_row(sql, (), |row| row.get(0)).unwrap()
}

/// Waits until the writer, which has nothing else to do, has nothing more to index.
async fn settle(file: &Connection) {
    let mergeable = |shift: u32, larger: u32| {
        let sql = format!(
            "SELECT count(*) FROM search_segments WHERE last - first + 1 = 1 << {shift} \
             AND first >> {larger} < (SELECT (max(last) + 1) >> {larger} FROM search_segments)"
        );
        number(file, &sql)
    };
    // A minute, at most.
    for _ in 0..6_000 {
        let indexed = number(file, "SELECT coalesce(max(last), -1) FROM search_segments");
        let unindexed = number(file, "SELECT max(id) FROM messages") - indexed;
        if unindexed < 256 && mergeable(8, 12) == 0 && mergeable(12, 16) == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the index is not brought up to date");
}

async fn total(store: &SqliteStore, text: &str, page: PageRequest) -> (u64, usize) {
    let matches = store.search(&SearchQuery::parse(text).unwrap().unwrap(), page).await.unwrap();
    (matches.total, matches.messages.len())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn segments_grow_with_the_board_and_go_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("board.db");
    let store = SqliteStore::open(&path).unwrap();
    let author = Username::parse("mina").unwrap();
    for start in (0..MESSAGES).step_by(2_000) {
        let texts = (start..start + 2_000).map(|n| format!("메시지 number {n} of many")).collect();
        store.add_samples(&author, texts, Timestamp::default()).await.unwrap();
    }
    let file = Connection::open(&path).unwrap();
    settle(&file).await;
    assert_eq!(number(&file, "SELECT count(*) FROM search_segments WHERE last - first = 65535"), 1);
    assert_eq!(number(&file, "SELECT count(*) FROM search_segments WHERE last - first = 4095"), 1);
    assert!(number(&file, "SELECT count(*) FROM search_segments") <= 1 + 16 + 16);

    for (text, expected) in [("number 699", 111), ("69999", 1), ("r 6543", 11), ("number 70000", 0), ("many 메시지", 0)]
    {
        assert_eq!(total(&store, text, PageRequest::default()).await.0, expected, "{text}");
    }
    let pages = MESSAGES as u64 / 100;
    for text in ["시", "메시", "메시지", "of many"] {
        assert_eq!(total(&store, text, PageRequest::new(pages, 100)).await, (MESSAGES as u64, 100), "{text}");
    }

    while store.delete_samples(None, 5_000).await.unwrap() > 0 {}
    assert_eq!(total(&store, "메시지", PageRequest::default()).await, (0, 0));
    let left = number(&file, "SELECT count(*) FROM search_postings WHERE segment < 65536");
    assert_eq!(left, 0, "a segment without messages is gone");
    store.close().await;
}

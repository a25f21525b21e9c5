//! The search index on disk: built behind the messages, merged as it grows, and gone with them.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use board::ports::Store;
use model::{MessageText, PageRequest, SearchQuery, Timestamp, Username};
use rusqlite::Connection;
use store::SqliteStore;

const MESSAGES: i64 = 70_000;

fn number(file: &Connection, sql: &str) -> i64 {
    file.query_row(sql, (), |row| row.get(0)).unwrap()
}

/// Posts until the writer has nothing more to index: it goes on while it is asked.
async fn settle(store: &SqliteStore, file: &Connection) {
    let author = Username::parse("mina").unwrap();
    loop {
        let text = MessageText::parse("one more".to_owned()).unwrap();
        store.add_message(&author, &text, Timestamp::default()).await.unwrap();
        let indexed = number(file, "SELECT coalesce(max(last), -1) FROM search_segments");
        let mergeable = number(
            file,
            "SELECT count(*) FROM search_segments WHERE last - first = 255 AND first >> 12 < (SELECT (max(last) + 1) >> 12 FROM search_segments)",
        );
        if mergeable == 0 && number(file, "SELECT max(id) FROM messages") - indexed < 256 + 64 {
            return;
        }
    }
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
    settle(&store, &file).await;
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

use super::{NOW, found, name, post, query};
use board::fold::user_key;
use board::ports::{Deleted, Store};
use model::{MessageText, PageRequest};
use std::collections::HashSet;
use std::sync::Arc;

pub async fn a_posted_message_is_listed_and_found_as_it_was_typed(store: Arc<dyn Store>) {
    store.ping().await.unwrap();
    let posted = post(&*store, "Mina", "  <b>안녕</b> 🙂\n'; DROP TABLE messages; --  ").await;
    assert_eq!(posted.created_at, Some(NOW));
    assert_eq!(posted.author.as_deref(), Some("Mina"));
    let page = store.list_messages(None, PageRequest::default()).await.unwrap();
    assert_eq!(page.messages.first(), Some(&posted));
    assert_eq!(page.pagination.total, 1);
    let matches = store.search(&query("drop table"), PageRequest::default()).await.unwrap();
    assert_eq!(matches.messages, [posted]);
    assert!(!matches.has_more);
}

pub async fn only_the_author_deletes_a_message(store: Arc<dyn Store>) {
    let posted = post(&*store, "Mina", "first").await;
    assert_eq!(store.delete_message(posted.id, "joon").await.unwrap(), Deleted::NotYours);
    assert_eq!(store.delete_message(posted.id + 1, "mina").await.unwrap(), Deleted::NotThere);
    assert_eq!(store.delete_message(posted.id, "mina").await.unwrap(), Deleted::Yes);
    assert_eq!(store.delete_message(posted.id, "mina").await.unwrap(), Deleted::NotThere);
    assert_eq!(store.list_messages(None, PageRequest::default()).await.unwrap().pagination.total, 0);
    let next = post(&*store, "Mina", "second").await;
    assert!(next.id > posted.id, "an id is never used twice");
}

/// Stores `count` messages of two authors in turn and deletes some; what is left, newest first, with its author.
async fn board_with_gaps(store: &dyn Store, count: usize) -> Vec<(i64, &'static str)> {
    let mut left = Vec::new();
    let texts = |range: std::ops::Range<usize>| range.map(|n| format!("bulk {n}")).collect::<Vec<_>>();
    for start in (0..count).step_by(700) {
        let author = if start % 1_400 == 0 { "mina" } else { "joon" };
        store.add_samples(&name(author), texts(start..(start + 700).min(count)), NOW).await.unwrap();
    }
    for number in 1.. {
        let page = store.list_messages(None, PageRequest::new(number, 100)).await.unwrap();
        if page.messages.is_empty() {
            break;
        }
        for message in &page.messages {
            left.push((message.id, if message.author.as_deref() == Some("mina") { "mina" } else { "joon" }));
        }
    }
    assert_eq!(left.len(), count);
    let mut kept = Vec::new();
    for (n, (id, author)) in left.into_iter().enumerate() {
        // A long run is deleted, and one in seven.
        if (200..900).contains(&n) || n % 7 == 0 {
            assert_eq!(store.delete_message(id, author).await.unwrap(), Deleted::Yes);
        } else {
            kept.push((id, author));
        }
    }
    kept
}

async fn assert_pages(store: &dyn Store, author: Option<&str>, expected: &[i64], limit: u32) {
    let pages = expected.len().div_ceil(limit as usize);
    for number in 1..=pages + 2 {
        let page = store.list_messages(author, PageRequest::new(number as u64, limit)).await.unwrap();
        let ids: Vec<i64> = page.messages.iter().map(|message| message.id).collect();
        let rows: Vec<i64> =
            expected.iter().copied().skip((number - 1) * limit as usize).take(limit as usize).collect();
        assert_eq!(ids, rows, "page {number} of {limit}, author {author:?}");
        assert_eq!(page.pagination.total, expected.len() as u64);
    }
    let far = store.list_messages(author, PageRequest::new(u64::MAX, limit)).await.unwrap();
    assert!(far.messages.is_empty());
}

pub async fn pages_cover_a_list_with_gaps_exactly(store: Arc<dyn Store>) {
    let kept: Vec<i64> = board_with_gaps(&*store, 3_000).await.into_iter().map(|(id, _)| id).collect();
    for limit in [1, 20, 100] {
        assert_pages(&*store, None, &kept, limit).await;
    }
}

pub async fn an_authors_pages_hold_only_the_authors_messages(store: Arc<dyn Store>) {
    let kept = board_with_gaps(&*store, 3_000).await;
    for author in ["mina", "joon"] {
        let ids: Vec<i64> = kept.iter().filter(|(_, by)| *by == author).map(|(id, _)| *id).collect();
        assert_pages(&*store, Some(&user_key(&name(author))), &ids, 13).await;
    }
    assert_pages(&*store, Some("nobody"), &[], 20).await;
}

pub async fn posts_at_once_all_arrive_and_are_found_right_after(store: Arc<dyn Store>) {
    let tasks: Vec<_> = (0..16)
        .map(|task| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let mut ids = Vec::new();
                for n in 0..40 {
                    let text = MessageText::parse(format!("Task {task} writes number {n}.")).unwrap();
                    let posted = store.add_message(&name(&format!("writer {task}")), &text, NOW).await.unwrap();
                    assert_eq!(found(&*store, &format!("task {task} writes number {n}.")).await, [posted.id]);
                    let page =
                        store.list_messages(Some(&format!("writer {task}")), PageRequest::default()).await.unwrap();
                    assert_eq!(page.messages.first(), Some(&posted));
                    assert_eq!(page.pagination.total, n + 1);
                    // Which others read at the same time.
                    let newest = store.list_messages(None, PageRequest::default()).await.unwrap();
                    assert!(newest.messages[0].id >= posted.id);
                    ids.push(posted.id);
                }
                ids
            })
        })
        .collect();
    let mut ids = HashSet::new();
    for task in tasks {
        ids.extend(task.await.unwrap());
    }
    assert_eq!(ids.len(), 640);
    assert_eq!(store.list_messages(None, PageRequest::default()).await.unwrap().pagination.total, 640);
}

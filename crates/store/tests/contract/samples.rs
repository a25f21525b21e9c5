use super::{NOW, found, name, post};
use board::ports::Store;
use model::PageRequest;
use std::sync::Arc;

fn texts(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("견본 sample {n}")).collect()
}

pub async fn samples_are_counted_and_removed_without_touching_messages(store: Arc<dyn Store>) {
    let own = post(&*store, "mina", "견본이 아닌 sample").await;
    store.add_samples(&name("Mina"), texts(50), NOW).await.unwrap();
    store.add_samples(&name("joon"), texts(30), NOW).await.unwrap();
    store.add_samples(&name("joon"), Vec::new(), NOW).await.unwrap();
    assert_eq!(store.count_samples(None).await.unwrap(), 80);
    assert_eq!(store.count_samples(Some("mina")).await.unwrap(), 50);
    assert_eq!(store.delete_samples(Some("mina"), 20).await.unwrap(), 20);
    assert_eq!(store.count_samples(Some("mina")).await.unwrap(), 30);
    assert_eq!(store.delete_samples(Some("nobody"), 20).await.unwrap(), 0);
    assert_eq!(store.delete_samples(None, 1_000).await.unwrap(), 60);
    assert_eq!(store.count_samples(None).await.unwrap(), 0);
    let page = store.list_messages(None, PageRequest::default()).await.unwrap();
    assert_eq!((page.messages.clone(), page.pagination.total), (vec![own], 1));
}

pub async fn search_forgets_removed_samples(store: Arc<dyn Store>) {
    store.add_samples(&name("mina"), texts(6_000), NOW).await.unwrap();
    let posted = post(&*store, "joon", "견본 sample?").await;
    assert_eq!(store.delete_samples(None, 5_000).await.unwrap(), 5_000);
    for query in ["본", "견본", "sample", "견본 sample"] {
        assert_eq!(found(&*store, query).await.len(), 1_001, "{query}");
    }
    while store.delete_samples(None, 300).await.unwrap() > 0 {}
    for query in ["본", "견본", "sample", "견본 sample"] {
        assert_eq!(found(&*store, query).await, [posted.id], "{query}");
    }
}

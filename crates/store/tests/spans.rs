//! Every statement is a span under the caller's, whichever thread it runs on.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use board::ports::Store;
use model::{MessageText, PageRequest, SearchQuery, Timestamp, Username};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use store::{MariaOptions, MariaStore, MariaTls, SqliteStore};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Instrument, Subscriber, info_span};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

#[derive(Debug, Default, Clone)]
struct Seen {
    name: String,
    parent: Option<Id>,
    fields: BTreeMap<String, String>,
    closed: bool,
}

impl Visit for Seen {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.fields.insert(field.name().to_owned(), format!("{value:?}").trim_matches('"').to_owned());
    }
}

/// Keeps all spans, in the order in which they began.
#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<Vec<(Id, Seen)>>>);

impl Recorder {
    fn change(&self, id: &Id, change: impl FnOnce(&mut Seen)) {
        let mut spans = self.0.lock().unwrap();
        if let Some((_, seen)) = spans.iter_mut().rev().find(|(known, _)| known == id) {
            change(seen);
        }
    }

    fn below(&self, parent: &Id) -> Vec<Seen> {
        let spans = self.0.lock().unwrap();
        spans.iter().filter(|(_, seen)| seen.parent.as_ref() == Some(parent)).map(|(_, seen)| seen.clone()).collect()
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Recorder {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let parent = context.span(id).and_then(|span| span.parent().map(|parent| parent.id()));
        let mut seen = Seen { name: attributes.metadata().name().to_owned(), parent, ..Seen::default() };
        attributes.record(&mut seen);
        self.0.lock().unwrap().push((id.clone(), seen));
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, _: Context<'_, S>) {
        self.change(id, |seen| values.record(seen));
    }

    fn on_close(&self, id: Id, _: Context<'_, S>) {
        self.change(&id, |seen| seen.closed = true);
    }
}

fn names(spans: &[Seen]) -> Vec<&str> {
    spans.iter().map(|seen| seen.fields["db.query.summary"].as_str()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_callers_statements_are_children_of_its_own_span() {
    let recorder = Recorder::default();
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(recorder.clone())).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(SqliteStore::open(&folder.path().join("board.db")).unwrap());
    let author = Username::parse("mina").unwrap();

    // Many at once, so that some share a commit.
    let posts: Vec<_> = (0..16)
        .map(|n| {
            let (store, author, span) = (Arc::clone(&store), author.clone(), info_span!("post message", n));
            let id = span.id().unwrap();
            let text = MessageText::parse(format!("message {n}")).unwrap();
            let post = async move { store.add_message(&author, &text, Timestamp::default()).await.unwrap() };
            // A clone keeps the span's id from being used again.
            (id, span.clone(), tokio::spawn(post.instrument(span)))
        })
        .collect();
    let mut kept = Vec::new();
    for (id, span, post) in posts {
        post.await.unwrap();
        let children = recorder.below(&id);
        assert_eq!(names(&children), ["INSERT messages", "INSERT message_counts", "COMMIT"]);
        assert!(children.iter().all(|child| child.closed), "all ended before the answer");
        let insert = &children[0].fields;
        assert_eq!(insert["otel.name"], "INSERT messages");
        assert_eq!(insert["otel.kind"], "client");
        assert_eq!(insert["db.system.name"], "sqlite");
        assert_eq!(insert["db.operation.name"], "INSERT");
        assert_eq!(insert["db.collection.name"], "messages");
        assert!(insert["db.query.text"].contains("VALUES (?1") && !insert["db.query.text"].contains("message 3"));
        assert!(insert.contains_key("glassboard.db.wait_us"));
        assert!(!insert.contains_key("otel.status_code"));
        kept.push(span);
    }

    let span = info_span!("list messages");
    store.list_messages(None, PageRequest::default()).instrument(span.clone()).await.unwrap();
    assert_eq!(names(&recorder.below(&span.id().unwrap())), ["SELECT message_counts", "SELECT messages"]);
    let found = info_span!("search");
    let query = SearchQuery::parse("message 7").unwrap().unwrap();
    store.search(&query, PageRequest::default()).instrument(found.clone()).await.unwrap();
    assert_eq!(names(&recorder.below(&found.id().unwrap())), ["SELECT messages", "SELECT search_postings"]);

    // A statement that fails says so.
    let file = rusqlite::Connection::open(folder.path().join("board.db")).unwrap();
    file.execute_batch("ALTER TABLE users RENAME TO elsewhere").unwrap();
    let broken = info_span!("log in");
    let error = store.user("mina").instrument(broken.clone()).await.unwrap_err();
    assert_eq!(error.engine, "sqlite");
    let children = recorder.below(&broken.id().unwrap());
    assert_eq!(children[0].fields["otel.status_code"], "ERROR");
    assert!(children[0].fields.contains_key("error.type"));
    assert!(
        store.add_message(&author, &MessageText::parse("still".into()).unwrap(), Timestamp::default()).await.is_ok()
    );
    assert!(recorder.below(&broken.id().unwrap()).iter().all(|seen| seen.name == "sql" && seen.closed));
    store.close().await;

    let server = testing::Mariadb::shared();
    let options = MariaOptions {
        host: "127.0.0.1".to_owned(),
        port: server.port(),
        user: "root".to_owned(),
        password: testing::Mariadb::PASSWORD.to_owned(),
        database: server.new_database(),
        tls: MariaTls::Disabled,
    };
    let store = MariaStore::open(options, 4).await.unwrap();
    // All that a post does is one round trip.
    for _ in 0..2 {
        let span = info_span!("post message");
        let text = MessageText::parse("on a server".to_owned()).unwrap();
        store.add_message(&author, &text, Timestamp::default()).instrument(span.clone()).await.unwrap();
        let children = recorder.below(&span.id().unwrap());
        assert_eq!(names(&children), ["INSERT messages"]);
        let insert = &children[0].fields;
        assert_eq!(insert["db.system.name"], "mariadb");
        assert!(insert["db.query.text"].contains("COMMIT") && !insert["db.query.text"].contains("on a server"));
    }
    // What begins a transaction works on no table.
    let span = info_span!("search");
    store.search(&query, PageRequest::default()).instrument(span.clone()).await.unwrap();
    let children = recorder.below(&span.id().unwrap());
    assert_eq!(names(&children)[0], "START TRANSACTION");
    assert_eq!(children[0].fields["db.operation.name"], "START TRANSACTION");
    assert!(!children[0].fields.contains_key("db.collection.name"));
    store.close().await;
}

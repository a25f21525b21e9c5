//! What every adapter of the `Store` and `StatisticsStore` ports must do. Each check is a function over a port; an adapter
//! runs all of them on stores of its own.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod messages;
mod samples;
mod search;
mod statistics;
mod users;

use board::ports::Store;
use model::{Message, MessageText, PageRequest, SearchQuery, Timestamp, Username};
use std::sync::Arc;
use store::{MariaOptions, MariaStore, MariaTls, SqliteStore};
use testing::Mariadb;

const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_123);

fn name(text: &str) -> Username {
    Username::parse(text).unwrap()
}

async fn post(store: &dyn Store, author: &str, text: &str) -> Message {
    store.add_message(&name(author), &MessageText::parse(text.to_owned()).unwrap(), NOW).await.unwrap()
}

fn query(text: &str) -> SearchQuery {
    SearchQuery::parse(text).unwrap().expect("a query")
}

/// The ids found, all pages, newest first.
async fn found(store: &dyn Store, text: &str) -> Vec<i64> {
    let mut ids = Vec::new();
    for number in 1.. {
        let matches = store.search(&query(text), PageRequest::new(number, 100)).await.unwrap();
        ids.extend(matches.messages.iter().map(|message| message.id));
        if !matches.has_more {
            break;
        }
    }
    ids
}

/// Runs a check on a new SQLite store, in a file of its own.
fn on_sqlite<F: Future<Output = ()>>(check: impl FnOnce(Arc<SqliteStore>) -> F) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(SqliteStore::open(&folder.path().join("board.db")).unwrap());
        check(Arc::clone(&store)).await;
        store.close().await;
    });
}

/// Runs a check on a new MariaDB store, in a database of its own.
fn on_mariadb<F: Future<Output = ()>>(check: impl FnOnce(Arc<MariaStore>) -> F) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let server = Mariadb::shared();
        let options = MariaOptions {
            host: "127.0.0.1".to_owned(),
            port: server.port(),
            user: "root".to_owned(),
            password: Mariadb::PASSWORD.to_owned(),
            database: server.new_database(),
            tls: MariaTls::Disabled,
        };
        let store = Arc::new(MariaStore::open(options, 8).await.unwrap());
        check(Arc::clone(&store)).await;
        store.close().await;
    });
}

macro_rules! on_every_adapter {
    ($($area:ident :: $check:ident),+ $(,)?) => {
        mod sqlite {
            $(
                #[test]
                fn $check() {
                    crate::on_sqlite(|store| crate::$area::$check(store));
                }
            )+
        }
        mod mariadb {
            $(
                #[test]
                fn $check() {
                    crate::on_mariadb(|store| crate::$area::$check(store));
                }
            )+
        }
    };
}

on_every_adapter!(
    users::a_name_is_taken_once_whatever_its_case,
    users::a_changed_password_is_read_back,
    messages::a_posted_message_is_listed_and_found_as_it_was_typed,
    messages::only_the_author_deletes_a_message,
    messages::pages_cover_a_list_with_gaps_exactly,
    messages::an_authors_pages_hold_only_the_authors_messages,
    messages::posts_at_once_all_arrive_and_are_found_right_after,
    samples::samples_are_counted_and_removed_without_touching_messages,
    samples::search_forgets_removed_samples,
    search::every_character_of_a_query_counts_literally,
    search::totals_are_exact_up_to_a_thousand_and_a_bound_above,
    search::pages_beyond_the_bound_still_give_rows,
    search::a_search_finds_what_a_naive_one_finds,
    statistics::an_event_counts_once_however_it_is_delivered,
    statistics::an_event_that_several_count_at_once_counts_once,
    statistics::sums_are_told_by_time_route_status_and_user,
    statistics::what_is_old_is_forgotten,
);

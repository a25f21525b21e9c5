use super::{NOW, found, name, post, query};
use board::fold::fold;
use board::ports::Store;
use model::{PageRequest, TotalRelation};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use std::sync::Arc;

pub async fn every_character_of_a_query_counts_literally(store: Arc<dyn Store>) {
    let texts = [
        "100% sure",
        "100 sure",
        "snake_case",
        "snakeXcase",
        "it's \"quoted\"",
        "back\\slash",
        "서버 점검 🙂🙂",
        "서버점검",
        "Cafe\u{301}",
        "cafe",
        "a\nb",
        "AND OR NOT",
        "*",
    ];
    let mut ids = Vec::new();
    for text in texts {
        ids.push((post(&*store, "mina", text).await.id, fold(text)));
    }
    let queries = [
        "%",
        "_",
        "100%",
        "e_c",
        "'",
        "\"",
        "\"quoted",
        "\\",
        "🙂",
        "🙂🙂",
        "버 점",
        " 점",
        "점 ",
        " ",
        "  ",
        "서버점",
        "버",
        "CAFÉ",
        "cafe",
        "é",
        "a\nb",
        "or",
        "*",
        "AND OR",
        "absent",
    ];
    for text in queries {
        let expected: Vec<i64> =
            ids.iter().rev().filter(|(_, folded)| folded.contains(&*fold(text))).map(|(id, _)| *id).collect();
        assert_eq!(found(&*store, text).await, expected, "{text:?}");
    }
}

pub async fn totals_are_exact_up_to_a_thousand_and_a_bound_above(store: Arc<dyn Store>) {
    let texts = |count: usize| (0..count).map(|n| format!("common words, number {n}")).collect::<Vec<_>>();
    store.add_samples(&name("mina"), texts(1_000), NOW).await.unwrap();
    for text in ["w", "wo", "wor", "common words", "mm"] {
        let matches = store.search(&query(text), PageRequest::default()).await.unwrap();
        assert_eq!((matches.total, matches.relation, matches.has_more), (1_000, TotalRelation::Eq, true), "{text}");
    }
    store.add_samples(&name("mina"), texts(5_000), NOW).await.unwrap();
    for text in ["w", "wo", "wor", "common words"] {
        let matches = store.search(&query(text), PageRequest::default()).await.unwrap();
        assert!((1_001..=6_000).contains(&matches.total), "{text}: {}", matches.total);
        assert_eq!(matches.relation, TotalRelation::Gte);
    }
    let absent = store.search(&query("words common"), PageRequest::default()).await.unwrap();
    assert_eq!((absent.total, absent.relation, absent.has_more), (0, TotalRelation::Eq, false));
}

pub async fn pages_beyond_the_bound_still_give_rows(store: Arc<dyn Store>) {
    let texts = (0..6_000).map(|n| format!("row {n}")).collect::<Vec<_>>();
    store.add_samples(&name("mina"), texts, NOW).await.unwrap();
    for text in ["r", "ow", "row", "row "] {
        assert_eq!(found(&*store, text).await.len(), 6_000, "{text}");
        let beyond = store.search(&query(text), PageRequest::new(61, 100)).await.unwrap();
        assert!(beyond.messages.is_empty() && !beyond.has_more);
        let far = store.search(&query(text), PageRequest::new(u64::MAX, 100)).await.unwrap();
        assert!(far.messages.is_empty() && !far.has_more);
    }
}

/// Few letters, so that terms are common and phrases are rare.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof!["[aAbß ]{1,30}", "[가나 é\u{301}e]{1,20}", "[%_'🙂\u{10ffff}]{1,8}", "\\PC{1,30}", "[ab]{1}"]
}

fn any_query() -> impl Strategy<Value = String> {
    prop_oneof!["[abA ]{1,6}", "[가나 éE]{1,4}", "[%_'🙂\u{10ffff}]{1,3}", "\\PC{1,3}", "[ab]{20,60}"]
}

pub async fn a_search_finds_what_a_naive_one_finds(store: Arc<dyn Store>) {
    let mut runner = TestRunner::new(Config::default());
    let mut make_texts = |count| proptest::collection::vec(any_text(), count).new_tree(&mut runner).unwrap().current();
    let mut expected: Vec<(i64, String)> = Vec::new();
    let mut queries = TestRunner::new(Config::default());
    for round in 0..6_usize {
        let texts: Vec<String> = make_texts(300 + round * 331);
        let before = expected.first().map_or(0, |(id, _)| *id);
        store.add_samples(&name("mina"), texts.clone(), NOW).await.unwrap();
        let mut ids = Vec::new();
        'pages: for number in 1.. {
            let page = store.list_messages(None, PageRequest::new(number, 100)).await.unwrap();
            for message in &page.messages {
                if message.id <= before {
                    break 'pages;
                }
                ids.push((message.id, fold(message.text.as_deref().unwrap()).into_owned()));
            }
            if page.messages.is_empty() {
                break;
            }
        }
        assert_eq!(ids.len(), texts.len());
        ids.append(&mut expected);
        expected = ids;
        for n in (0..expected.len()).step_by(11 + round).rev() {
            store.delete_message(expected.remove(n).0, "mina").await.unwrap();
        }
        for _ in 0..40 {
            let text = any_query().new_tree(&mut queries).unwrap().current();
            if text.is_empty() {
                continue;
            }
            let folded = fold(&text);
            let naive: Vec<i64> =
                expected.iter().filter(|(_, text)| text.contains(&*folded)).map(|(id, _)| *id).collect();
            assert_eq!(found(&*store, &text).await, naive, "{text:?} in round {round}");
            let first = store.search(&query(&text), PageRequest::new(1, 7)).await.unwrap();
            if naive.len() <= 1_000 {
                assert_eq!((first.total, first.relation), (naive.len() as u64, TotalRelation::Eq));
            } else {
                assert!(first.total > 1_000 && first.total <= naive.len() as u64);
                assert_eq!(first.relation, TotalRelation::Gte);
            }
        }
    }
}

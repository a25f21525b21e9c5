//! Figures for the SQLite store: `cargo bench -p store` (a million messages; `-- 100000` for fewer, `-- posts` for posts
//! only).
//! Prints a table per vocabulary: small ones make common terms, where an index has most to do.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use board::fold::user_key;
use board::ports::Store;
use model::{MessageText, PageRequest, SearchQuery, Timestamp, Username};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use store::SqliteStore;

const BATCH: usize = 1_000;
const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);
const KOREAN: [&str; 30] = [
    "서버",
    "결제",
    "지연",
    "배포",
    "오늘",
    "장애",
    "알림",
    "로그",
    "확인",
    "부탁",
    "회의",
    "점심",
    "사용자",
    "데이터",
    "검색",
    "느림",
    "빠름",
    "완료",
    "시작",
    "재시작",
    "캐시",
    "큐",
    "메시지",
    "테스트",
    "성공",
    "실패",
    "주문",
    "배송",
    "고객",
    "문의",
];
const ENGLISH: [&str; 30] = [
    "server", "payment", "slow", "deploy", "today", "outage", "alert", "log", "check", "please", "meeting", "lunch",
    "user", "data", "search", "fast", "done", "start", "restart", "cache", "queue", "message", "test", "success",
    "failure", "order", "delivery", "customer", "question", "the",
];

/// Xorshift: the same texts in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }
}

fn words(count: usize, numbers: &mut Numbers) -> Vec<String> {
    let known = KOREAN.iter().zip(ENGLISH).flat_map(|(korean, english)| [(*korean).to_owned(), english.to_owned()]);
    let mut words: Vec<String> = known.take(count).collect();
    while words.len() < count {
        let korean = words.len().is_multiple_of(2);
        let length = 2 + numbers.below(if korean { 3 } else { 7 });
        let letter = |numbers: &mut Numbers| {
            if korean {
                char::from_u32(0xac00 + 28 * numbers.below(399) as u32).unwrap()
            } else {
                char::from(b'a' + numbers.below(26) as u8)
            }
        };
        words.push((0..length).map(|_| letter(numbers)).collect());
    }
    words
}

fn text(words: &[String], numbers: &mut Numbers) -> String {
    let length = 3 + numbers.below(10);
    (0..length).map(|_| words[numbers.below(words.len())].as_str()).collect::<Vec<_>>().join(" ")
}

fn percentile(times: &mut [Duration], percent: usize) -> Duration {
    times.sort_unstable();
    times[(times.len() - 1) * percent / 100]
}

fn show(what: &str, mut times: Vec<Duration>) {
    let (half, most, worst) = (percentile(&mut times, 50), percentile(&mut times, 95), percentile(&mut times, 100));
    println!("{what:<46} p50 {half:>10.2?}  p95 {most:>10.2?}  max {worst:>10.2?}");
}

async fn list(store: &SqliteStore, what: &str, author: Option<&str>, number: u64) {
    let mut times = Vec::new();
    for _ in 0..300 {
        let started = Instant::now();
        store.list_messages(author, PageRequest::new(number, 20)).await.unwrap();
        times.push(started.elapsed());
    }
    show(what, times);
}

/// The first page, asked for by 16 tasks.
async fn lists_at_once(store: &Arc<SqliteStore>) {
    const EACH: usize = 2_000;
    let started = Instant::now();
    let tasks: Vec<_> = (0..16)
        .map(|_| {
            let store = Arc::clone(store);
            tokio::spawn(async move {
                let mut times = Vec::new();
                for _ in 0..EACH {
                    let started = Instant::now();
                    store.list_messages(None, PageRequest::default()).await.unwrap();
                    times.push(started.elapsed());
                }
                times
            })
        })
        .collect();
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await.unwrap());
    }
    let rate = times.len() as f64 / started.elapsed().as_secs_f64();
    show(&format!("list: page 1, 16 tasks: {rate:.0} per second"), times);
}

async fn searches(store: &SqliteStore, words: &[String], numbers: &mut Numbers) {
    let pick = |numbers: &mut Numbers| words[numbers.below(words.len())].clone();
    let mut all = Vec::new();
    type Make<'a> = Box<dyn Fn(&mut Numbers) -> String + 'a>;
    let kinds: Vec<(&str, Make<'_>)> = vec![
        ("one character", Box::new(|n| pick(n).chars().next().unwrap().to_string())),
        ("two characters", Box::new(|n| pick(n).chars().take(2).collect())),
        ("one word", Box::new(&pick)),
        ("two words", Box::new(|n| format!("{} {}", pick(n), pick(n)))),
        ("three words", Box::new(|n| format!("{} {} {}", pick(n), pick(n), pick(n)))),
        ("six words", Box::new(|n| (0..6).map(|_| pick(n)).collect::<Vec<_>>().join(" "))),
        ("two words without a space (absent)", Box::new(|n| format!("{}{}", pick(n), pick(n)))),
        ("absent characters", Box::new(|n| format!("zqx{}", n.below(1_000)))),
        (
            "200 characters",
            Box::new(|n| (0..80).map(|_| pick(n)).collect::<Vec<_>>().join(" ").chars().take(200).collect()),
        ),
    ];
    for (kind, make) in kinds {
        let (mut times, mut slowest, mut found) = (Vec::new(), (Duration::ZERO, String::new()), 0);
        for _ in 0..60 {
            let Ok(Some(query)) = SearchQuery::parse(&make(numbers)) else { continue };
            let started = Instant::now();
            let matches = store.search(&query, PageRequest::default()).await.unwrap();
            let took = started.elapsed();
            found += matches.total;
            if took > slowest.0 {
                slowest = (took, query.as_str().chars().take(30).collect());
            }
            times.push(took);
        }
        let mean = found / times.len() as u64;
        all.extend(times.iter().copied());
        show(&format!("search: {kind}"), times);
        println!("{:<46} mean total {mean}, slowest {:?}", "", slowest.1);
    }
    show("search: all of these", all);
}

/// Posts from 16 tasks, in turn with a bare loop of commits that each carry 16 rows.
async fn posts(store: &Arc<SqliteStore>, folder: &Path) {
    const ROUNDS: usize = 5;
    const EACH: usize = 16_000;
    let mut ratios = Vec::new();
    for round in 0..ROUNDS {
        let rate = posts_at_once(store, EACH).await;
        let bare = bare_commits(&folder.join(format!("bare{round}.db")), EACH);
        println!(
            "{:<46} {bare:.0} per second; the store reaches {:.0} %",
            "bare loop of commits of 16 rows",
            rate / bare * 100.0
        );
        ratios.push(rate / bare * 100.0);
    }
    ratios.sort_by(f64::total_cmp);
    println!("{:<46} {:.0} %", "posts against bare commits, median", ratios[ROUNDS / 2]);
}

/// Posts per second from 16 tasks.
async fn posts_at_once(store: &Arc<SqliteStore>, count: usize) -> f64 {
    let author = Username::parse("poster").unwrap();
    let started = Instant::now();
    let tasks: Vec<_> = (0..16)
        .map(|task| {
            let (store, author) = (Arc::clone(store), author.clone());
            tokio::spawn(async move {
                let mut times = Vec::new();
                for n in 0..count / 16 {
                    let text = MessageText::parse(format!("배포 완료 message {n} of task {task}")).unwrap();
                    let started = Instant::now();
                    store.add_message(&author, &text, NOW).await.unwrap();
                    times.push(started.elapsed());
                }
                times
            })
        })
        .collect();
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await.unwrap());
    }
    let rate = count as f64 / started.elapsed().as_secs_f64();
    show(&format!("post, 16 tasks: {rate:.0} per second"), times);
    rate
}

fn bare_commits(path: &Path, count: usize) -> f64 {
    let connection = rusqlite::Connection::open(path).unwrap();
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(())).unwrap();
    connection.pragma_update(None, "synchronous", "FULL").unwrap();
    connection
        .execute_batch("CREATE TABLE m (id INTEGER PRIMARY KEY, message TEXT, created_at INTEGER, user_id TEXT)")
        .unwrap();
    let mut insert = connection.prepare("INSERT INTO m (message, created_at, user_id) VALUES (?1, ?2, ?3)").unwrap();
    let started = Instant::now();
    for _ in 0..count / 16 {
        connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        for n in 0..16 {
            insert.execute((format!("배포 완료 message {n} of task 7"), NOW.as_millis(), "poster")).unwrap();
        }
        connection.execute_batch("COMMIT").unwrap();
    }
    count as f64 / started.elapsed().as_secs_f64()
}

/// Stores samples while one task posts, so that the posts' waiting is seen.
async fn samples(store: &Arc<SqliteStore>, count: usize, words: &[String], numbers: &mut Numbers) {
    let author = Username::parse("sampler").unwrap();
    let done = Arc::new(AtomicBool::new(false));
    let poster = {
        let (store, done) = (Arc::clone(store), Arc::clone(&done));
        tokio::spawn(async move {
            let (author, text) =
                (Username::parse("poster").unwrap(), MessageText::parse("posted meanwhile".into()).unwrap());
            let mut times = Vec::new();
            while !done.load(Ordering::Relaxed) {
                let started = Instant::now();
                store.add_message(&author, &text, NOW).await.unwrap();
                times.push(started.elapsed());
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            times
        })
    };
    let started = Instant::now();
    for _ in 0..count / BATCH {
        let texts = (0..BATCH).map(|_| text(words, numbers)).collect();
        store.add_samples(&author, texts, NOW).await.unwrap();
    }
    println!("{:<46} {:.1} s", format!("{count} samples"), started.elapsed().as_secs_f64());
    done.store(true, Ordering::Relaxed);
    show("post while samples are stored", poster.await.unwrap());
}

async fn remove(store: &SqliteStore) {
    let (started, mut slowest) = (Instant::now(), Duration::ZERO);
    loop {
        let begun = Instant::now();
        if store.delete_samples(None, BATCH as u32).await.unwrap() == 0 {
            break;
        }
        slowest = slowest.max(begun.elapsed());
    }
    println!("{:<46} {:.1} s, slowest batch {slowest:.1?}", "all samples removed", started.elapsed().as_secs_f64());
}

async fn run(count: usize, vocabulary: usize) {
    println!("\n== {count} messages of 3 to 12 words out of {vocabulary}");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("board.db");
    let store = Arc::new(SqliteStore::open(&path).unwrap());
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let words = words(vocabulary, &mut numbers);
    samples(&store, count, &words, &mut numbers).await;
    println!("{:<46} {} MB", "file", std::fs::metadata(&path).unwrap().len() >> 20);
    let last = count as u64 / 20;
    let key = user_key(&Username::parse("sampler").unwrap());
    list(&store, "list: page 1 of everyone's", None, 1).await;
    list(&store, &format!("list: page {last} of everyone's"), None, last).await;
    list(&store, "list: page 1 of one author's", Some(&key), 1).await;
    list(&store, &format!("list: page {last} of one author's"), Some(&key), last).await;
    lists_at_once(&store).await;
    searches(&store, &words, &mut numbers).await;
    posts(&store, folder.path()).await;
    remove(&store).await;
    searches(&store, &words[..3], &mut numbers).await;
    store.close().await;
}

fn main() {
    let count = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(1_000_000);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    if std::env::args().any(|argument| argument == "posts") {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(SqliteStore::open(&folder.path().join("board.db")).unwrap());
        return runtime.block_on(posts(&store, folder.path()));
    }
    for vocabulary in [60, 20, 2_000] {
        runtime.block_on(run(count, vocabulary));
    }
}

//! What was acknowledged is there after the process was killed, and after the disk was full.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use board::ports::Store;
use model::{MessageText, PageRequest, SearchQuery, Timestamp, Username};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use store::SqliteStore;

/// Names the file that the child process posts into; without it the child's test does nothing.
const CHILD_FILE: &str = "STORE_TEST_CHILD_FILE";

async fn post(store: &SqliteStore, text: String) -> Result<i64, board::ports::PortError> {
    let author = Username::parse("mina").unwrap();
    store.add_message(&author, &MessageText::parse(text).unwrap(), Timestamp::default()).await.map(|posted| posted.id)
}

fn this_test(name: &str, file: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", name, "--nocapture"]).env(CHILD_FILE, file).stdout(Stdio::piped());
    command
}

/// Posts from several tasks without end and prints each acknowledged id.
#[test]
fn child_posts_until_killed() {
    let Some(file) = std::env::var_os(CHILD_FILE) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Arc::new(SqliteStore::open(Path::new(&file)).unwrap());
        let tasks: Vec<_> = (0..8)
            .map(|task| {
                let store = Arc::clone(&store);
                tokio::spawn(async move {
                    for n in 0_u64.. {
                        let id = post(&store, format!("task {task} number {n}")).await.unwrap();
                        writeln!(std::io::stdout(), "acknowledged {id}").unwrap();
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
}

#[test]
fn every_acknowledged_message_survives_kill_9() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("board.db");
    let mut acknowledged: Vec<i64> = Vec::new();
    for round in 1..=5 {
        let mut child = this_test("child_posts_until_killed", &file).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut read = |most: usize| {
            let ids = lines
                .by_ref()
                .map_while(Result::ok)
                .filter_map(|line| line.strip_prefix("acknowledged ")?.parse().ok());
            ids.take(most).collect::<Vec<i64>>()
        };
        let before = read(300 * round);
        child.kill().unwrap();
        child.wait().unwrap();
        // A last line may be cut off; it was acknowledged to nobody.
        let mut after = read(usize::MAX);
        after.pop();
        acknowledged.extend(before.into_iter().chain(after));
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let store = SqliteStore::open(&file).unwrap();
        let (mut listed, mut total) = (Vec::new(), 0);
        for number in 1.. {
            let page = store.list_messages(None, PageRequest::new(number, 100)).await.unwrap();
            total = page.pagination.total;
            if page.messages.is_empty() {
                break;
            }
            listed.extend(page.messages.iter().map(|message| message.id));
        }
        listed.reverse();
        assert!(acknowledged.len() >= 300 * (1 + 2 + 3 + 4 + 5));
        assert_eq!(total, listed.len() as u64);
        let lost: Vec<&i64> = acknowledged.iter().filter(|id| listed.binary_search(id).is_err()).collect();
        assert!(lost.is_empty(), "{lost:?}");
        let query = SearchQuery::parse("number").unwrap().unwrap();
        let last = store.search(&query, PageRequest::new(total.div_ceil(100), 100)).await.unwrap();
        assert_eq!(last.total, total, "the index has all of them");
        store.close().await;
    });
}

/// Posts until the size limit of files is met; then asks to have it lifted and posts again.
#[test]
fn child_meets_a_full_disk() {
    let Some(file) = std::env::var_os(CHILD_FILE) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let store = SqliteStore::open(Path::new(&file)).unwrap();
        let (mut posted, mut failed) = (0, 0);
        while failed < 3 {
            match post(&store, "filling ".repeat(1_000)).await {
                Ok(_) => posted += 1,
                Err(error) => {
                    assert_eq!(error.engine, "sqlite");
                    failed += 1;
                }
            }
            assert!(posted < 100_000, "the limit was never met");
        }
        let total = store.list_messages(None, PageRequest::default()).await.unwrap().pagination.total;
        assert_eq!(total, posted, "reading goes on, and what failed is not there");
        println!("full");
        let mut answer = String::new();
        std::io::stdin().read_line(&mut answer).unwrap();
        post(&store, "room again".to_owned()).await.unwrap();
        let query = SearchQuery::parse("room again").unwrap().unwrap();
        assert_eq!(store.search(&query, PageRequest::default()).await.unwrap().total, 1);
        store.close().await;
        println!("works again");
    });
}

#[test]
fn a_full_disk_fails_the_post_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let test = this_test("child_meets_a_full_disk", &folder.path().join("board.db"));
    // The soft limit on the size of files stands for the disk; ignoring SIGXFSZ makes writes fail instead.
    let mut limited = Command::new("sh");
    limited
        .args(["-c", "trap '' XFSZ; ulimit -S -f 4000; exec \"$0\" \"$@\""])
        .arg(test.get_program())
        .args(test.get_args());
    limited.envs(test.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let mut child = limited.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    assert!(lines.any(|line| line.ends_with("full")), "the child met its limit");
    let lifted = Command::new("prlimit")
        .args(["--fsize=unlimited:unlimited", "--pid", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(lifted.success());
    child.stdin.take().unwrap().write_all(b"go on\n").unwrap();
    assert!(lines.any(|line| line.ends_with("works again")));
    assert!(child.wait().unwrap().success());
}

//! Posts on MariaDB against bare INSERTs, in turn: `cargo bench -p store --bench mariadb`. Starts a server of its own, which
//! syncs at every commit.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use board::ports::Store;
use model::{MessageText, Timestamp, Username};
use mysql::OptsBuilder;
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::{MariaOptions, MariaStore, MariaTls};
use testing::Mariadb;

#[path = "../examples/bare_inserts.rs"]
#[allow(dead_code, reason = "an example's main")]
mod bare_inserts;

use bare_inserts::{TEXT, WRITERS};

const ROUNDS: usize = 5;
const EACH: Duration = Duration::from_secs(3);

fn main() {
    let server = Mariadb::start();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let options = MariaOptions {
        host: "127.0.0.1".to_owned(),
        port: server.port(),
        user: "root".to_owned(),
        password: Mariadb::PASSWORD.to_owned(),
        database: "board".to_owned(),
        tls: MariaTls::Disabled,
    };
    let store = Arc::new(runtime.block_on(MariaStore::open(options, WRITERS)).unwrap());
    let bare = OptsBuilder::new().ip_or_hostname(Some("127.0.0.1")).tcp_port(server.port()).user(Some("root"));
    let bare = bare.pass(Some(Mariadb::PASSWORD)).db_name(Some("board"));
    let mut ratios = Vec::new();
    for _ in 0..ROUNDS {
        let bare = bare_inserts::rate(&bare, EACH).unwrap();
        let posts = runtime.block_on(posts(&store));
        ratios.push(posts / bare);
        println!("bare INSERTs {bare:.0} per second, posts {posts:.0} per second: {:.0} %", 100.0 * posts / bare);
    }
    ratios.sort_by(f64::total_cmp);
    println!("median {:.0} %", 100.0 * ratios[ROUNDS / 2]);
    runtime.block_on(store.close());
}

async fn posts(store: &Arc<MariaStore>) -> f64 {
    let began = Instant::now();
    let mut writers = tokio::task::JoinSet::new();
    for _ in 0..WRITERS {
        let store = Arc::clone(store);
        writers.spawn(async move {
            let (author, text) = (Username::parse("bench").unwrap(), MessageText::parse(TEXT.to_owned()).unwrap());
            let mut count = 0_u64;
            while began.elapsed() < EACH {
                store.add_message(&author, &text, Timestamp::from_millis(1_790_000_000_000)).await.unwrap();
                count += 1;
            }
            count
        });
    }
    let count: u64 = writers.join_all().await.into_iter().sum();
    count as f64 / began.elapsed().as_secs_f64()
}

//! Posts on MariaDB against bare INSERTs, in turn: `cargo bench -p store --bench mariadb`. Starts a server of its own, which
//! syncs at every commit.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use board::ports::Store;
use model::{MessageText, Timestamp, Username};
use mysql::prelude::Queryable;
use mysql::{Conn, OptsBuilder};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use store::{MariaOptions, MariaStore, MariaTls};
use testing::Mariadb;

const ROUNDS: usize = 5;
const EACH: Duration = Duration::from_secs(3);
const WRITERS: usize = 16;
const TEXT: &str = "서버 배포 완료했습니다 latency is back to normal";

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
    server.execute(
        "CREATE TABLE board.bare (id INT AUTO_INCREMENT PRIMARY KEY, message TEXT, created_at DATETIME, user_id VARCHAR(255))",
    );
    let mut ratios = Vec::new();
    for _ in 0..ROUNDS {
        let bare = bare(server.port());
        let posts = runtime.block_on(posts(&store));
        ratios.push(posts / bare);
        println!("bare INSERTs {bare:.0} per second, posts {posts:.0} per second: {:.0} %", 100.0 * posts / bare);
    }
    ratios.sort_by(f64::total_cmp);
    println!("median {:.0} %", 100.0 * ratios[ROUNDS / 2]);
    runtime.block_on(store.close());
}

/// INSERTs per second from as many connections, each committed by itself.
fn bare(port: u16) -> f64 {
    let count = AtomicU64::new(0);
    let began = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..WRITERS {
            scope.spawn(|| {
                let options = OptsBuilder::new().ip_or_hostname(Some("127.0.0.1")).tcp_port(port).user(Some("root"));
                let options = options.pass(Some(Mariadb::PASSWORD)).db_name(Some("board")).prefer_socket(false);
                let mut connection = Conn::new(options).unwrap();
                while began.elapsed() < EACH {
                    let insert = "INSERT INTO bare (message, created_at, user_id) VALUES (?, now(), ?)";
                    connection.exec_drop(insert, (TEXT, "bench")).unwrap();
                    count.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    count.into_inner() as f64 / began.elapsed().as_secs_f64()
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

//! What MariaDB can do on this machine: INSERTs from 16 connections, each committed by itself. `bare_inserts SECONDS` prints
//! how many per second; the server is that of MYSQL_HOST, MYSQL_PORT, MYSQL_USER,
//! MYSQL_PASSWORD and MYSQL_DATABASE.

use mysql::prelude::Queryable;
use mysql::{Conn, OptsBuilder};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

pub const WRITERS: usize = 16;
pub const TEXT: &str = "서버 배포 완료했습니다 latency is back to normal";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let seconds = std::env::args().nth(1).ok_or("usage: bare_inserts SECONDS")?.parse()?;
    let options = OptsBuilder::new()
        .ip_or_hostname(Some(std::env::var("MYSQL_HOST")?))
        .tcp_port(std::env::var("MYSQL_PORT")?.parse()?)
        .user(Some(std::env::var("MYSQL_USER")?))
        .pass(Some(std::env::var("MYSQL_PASSWORD")?))
        .db_name(Some(std::env::var("MYSQL_DATABASE").unwrap_or_else(|_| "glassboard".to_owned())));
    println!("{:.0}", rate(&options, Duration::from_secs(seconds))?);
    Ok(())
}

/// INSERTs per second into a table that is made for it and dropped.
pub fn rate(options: &OptsBuilder, each: Duration) -> mysql::Result<f64> {
    let connect = || Conn::new(options.clone().prefer_socket(false));
    let mut connection = connect()?;
    connection.query_drop(
        "CREATE OR REPLACE TABLE bare_inserts (id INT AUTO_INCREMENT PRIMARY KEY, message TEXT, created_at DATETIME, user_id VARCHAR(255))",
    )?;
    let (count, began) = (AtomicU64::new(0), Instant::now());
    std::thread::scope(|scope| {
        let write = || -> mysql::Result<()> {
            let mut connection = connect()?;
            while began.elapsed() < each {
                let insert = "INSERT INTO bare_inserts (message, created_at, user_id) VALUES (?, now(), ?)";
                connection.exec_drop(insert, (TEXT, "bench"))?;
                count.fetch_add(1, Ordering::Relaxed);
            }
            Ok(())
        };
        let writers: Vec<_> = (0..WRITERS).map(|_| scope.spawn(write)).collect();
        writers
            .into_iter()
            .try_for_each(|writer| writer.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })?;
    let rate = count.into_inner() as f64 / began.elapsed().as_secs_f64();
    connection.query_drop("DROP TABLE bare_inserts")?;
    Ok(rate)
}

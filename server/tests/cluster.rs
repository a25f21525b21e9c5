//! Several processes on engines that they share, and what happens when those are away.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{Client, Server};
use reqwest::Method;
use serde_json::json;
use std::time::{Duration, Instant};
use testing::{Kafka, Mariadb, Redis};

/// Within the two seconds that a request has, and a little for a busy machine.
const SOON: Duration = Duration::from_millis(2_700);

struct Engines {
    mariadb: Mariadb,
    redis: Redis,
}

impl Engines {
    fn start() -> Self {
        Self { mariadb: Mariadb::start(), redis: Redis::start() }
    }

    fn server(&self) -> Server {
        self.server_with(&[])
    }

    /// One with a part of the work, on Kafka too.
    fn of_role(&self, kafka: &Kafka, role: &str) -> Server {
        let servers = kafka.servers();
        self.server_with(&[("MESSAGING_TYPE", "kafka"), ("KAFKA_SERVERS", &servers), ("GLASSBOARD_ROLE", role)])
    }

    fn server_with(&self, further: &[(&str, &str)]) -> Server {
        let (mysql_port, redis_port) = (self.mariadb.port().to_string(), self.redis.port().to_string());
        let engines = [
            ("MYSQL_HOST", "127.0.0.1"),
            ("MYSQL_PORT", &mysql_port),
            ("MYSQL_USER", "root"),
            ("MYSQL_PASSWORD", Mariadb::PASSWORD),
            ("REDIS_HOST", "127.0.0.1"),
            ("REDIS_PORT", &redis_port),
            ("REDIS_PASSWORD", Redis::PASSWORD),
            ("SECRET_KEY", "0123456789abcdef0123456789abcdef"),
            ("GLASSBOARD_OPERATORS", "root"),
        ];
        Server::start_with(&[&engines[..], further].concat())
    }
}

async fn total(client: &Client, path: &str) -> i64 {
    client.get(path).await.json()["pagination"]["total"].as_i64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_are_one_board() {
    let engines = Engines::start();
    let (one, two) = (engines.server(), engines.server());
    let mina = Client::signed_in(&one, "mina").await;
    let mina_there = mina.at(&two);
    assert_eq!(mina_there.get("/session/status").await.json()["username"], "mina");
    for n in 0..20 {
        let (here, there) = if n % 2 == 0 { (&mina, &mina_there) } else { (&mina_there, &mina) };
        assert_eq!(here.post("/db/message", json!({"message": format!("both 서버 {n}")})).await.status, 200);
        assert_eq!(total(there, "/db/messages").await, n + 1);
        assert_eq!(total(there, "/db/messages/search?q=both").await, n + 1, "no old answer comes from the cache");
        assert_eq!(total(here, "/db/messages/search?q=both").await, n + 1);
    }
    let health = mina.get("/health").await.json();
    let engine = |name: &str| health["dependencies"][name]["engine"].as_str().unwrap().to_owned();
    assert_eq!((engine("store"), engine("cache")), ("mariadb".to_owned(), "redis".to_owned()));
    assert_eq!(health["status"], "ok");
    assert_eq!(mina.get("/logs/redis").await.status, 403, "on shared engines nobody is an operator by default");

    mina.post("/logout", json!({})).await;
    assert_eq!(mina_there.get("/db/messages").await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_an_engine_is_away_requests_are_told_so_at_once_and_the_rest_goes_on() {
    let engines = Engines::start();
    let server = engines.server();
    let mina = Client::signed_in(&server, "mina").await;
    mina.post("/db/message", json!({"message": "before"})).await;

    engines.mariadb.signal("STOP");
    for (method, path) in [(Method::GET, "/db/messages"), (Method::POST, "/db/message")] {
        let began = Instant::now();
        let body = (method == Method::POST).then(|| json!({"message": "while it is away"}).to_string());
        let answer = mina.send(method, path, &[("content-type", "application/json")], body).await;
        assert!(began.elapsed() < SOON, "{path}: {:?}", began.elapsed());
        assert_eq!((answer.status.as_u16(), answer.json()["code"].as_str()), (503, Some("unavailable")), "{path}");
        assert!(answer.headers.contains_key("retry-after"), "{path}");
    }
    let health = mina.get("/health").await;
    assert_eq!((health.status.as_u16(), health.json()["status"].as_str()), (200, Some("degraded")));
    assert_eq!(health.json()["dependencies"]["store"]["state"], "down");
    assert!(health.json()["dependencies"]["store"]["reason"].is_string());
    engines.mariadb.signal("CONT");
    back_within_5_s(&mina).await;

    engines.redis.signal("STOP");
    let began = Instant::now();
    for path in ["/db/messages", "/session/status"] {
        assert_eq!(mina.get(path).await.status, 503, "{path}: whose session it is can't be checked");
    }
    let page = mina.send(Method::GET, "/", &[("accept", "text/html")], None).await;
    assert_eq!(page.status, 200, "public pages go on");
    assert_eq!(mina.get("/health").await.json()["dependencies"]["cache"]["state"], "down");
    assert!(began.elapsed() < 4 * SOON, "{:?}", began.elapsed());
    engines.redis.signal("CONT");
    back_within_5_s(&mina).await;

    engines.redis.execute("FLUSHALL");
    assert_eq!(mina.get("/db/messages").await.status, 401, "what was lost is told as lost");
    let again = mina.post("/login", json!({"username": "mina", "password": "correct horse"})).await;
    assert_eq!(again.status, 200);
    assert_eq!(total(&mina, "/db/messages/search?q=before").await, 1);
}

async fn back_within_5_s(client: &Client) {
    let began = Instant::now();
    while client.get("/db/messages").await.status != 200 {
        assert!(began.elapsed() < Duration::from_secs(5), "not back");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn users_are_managed_from_the_command_line_on_shared_engines_too() {
    let engines = Engines::start();
    let server = engines.server();
    let client = Client::new(&server);
    assert_eq!(
        client.post("/register", json!({"username": "root", "password": "long enough"})).await.status,
        400,
        "an operator's name is reserved"
    );
    let said = server.command(&["user", "add", "root"], "long enough\n");
    assert!(said.contains("added root"), "{said}");
    assert_eq!(client.post("/login", json!({"username": "root", "password": "long enough"})).await.status, 200);
    assert_eq!(client.get("/logs/redis").await.status, 200);
    server.command(&["user", "set-password", "root"], "another one\n");
    assert_eq!(client.get("/logs/redis").await.status, 401, "the old password's sessions have ended");
    let refused = server.command(&["backup", "/tmp/never-made"], "");
    assert!(refused.contains("mariadb-dump"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_call_is_counted_once_whichever_process_dies_and_while_kafka_is_away() {
    let (engines, kafka) = (Engines::start(), Kafka::start(None));
    let mut web = engines.of_role(&kafka, "web");
    let mut workers = [engines.of_role(&kafka, "worker"), engines.of_role(&kafka, "worker")];
    web.command(&["user", "add", "root"], "long enough\n");
    let client = Client::new(&web);
    client.post("/register", json!({"username": "mina", "password": "correct horse"})).await;
    let mut posts = 0;
    let mut mina = client;
    for round in 0..4 {
        assert_eq!(mina.post("/login", json!({"username": "mina", "password": "correct horse"})).await.status, 200);
        for n in 0..40 {
            let posted = mina.post("/db/message", json!({"message": format!("round {round}, {n}")})).await;
            assert_eq!(posted.status, 200, "{}", posted.text);
            posts += 1;
        }
        match round {
            0 => web.crash_and_restart(),
            1 => workers[0].crash_and_restart(),
            2 => kafka.signal("KILL"),
            _ => kafka.restart(),
        }
        mina = mina.at(&web);
    }
    workers[1].crash_and_restart();
    let root = Client::new(&web);
    assert_eq!(root.post("/login", json!({"username": "root", "password": "long enough"})).await.status, 200);
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        let statistics = root.get("/logs/statistics").await.json();
        let routes = statistics["routes"].as_array().unwrap();
        let counted =
            routes.iter().find(|route| route["endpoint"] == "/db/message").map(|route| route["calls"].clone());
        if counted == Some(json!(posts)) {
            break;
        }
        assert!(Instant::now() < until, "{counted:?} of {posts}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    // Nothing more comes.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let statistics = root.get("/logs/statistics").await.json();
    let routes = statistics["routes"].as_array().unwrap();
    let counted = routes.iter().find(|route| route["endpoint"] == "/db/message").unwrap();
    assert_eq!(counted["calls"], json!(posts));
    let health = Client::new(&workers[0]).get("/health").await.json();
    assert_eq!(health["dependencies"]["events"]["engine"], "kafka");
    assert_eq!(Client::new(&workers[0]).get("/db/messages").await.status, 404, "a worker serves no board");
    let shown = root.get("/logs/messaging?limit=5").await.json();
    assert_eq!(shown["logs"].as_array().unwrap().len(), 5, "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_that_is_asked_for_in_one_process_shows_in_all() {
    let (engines, kafka) = (Engines::start(), Kafka::start(None));
    let (web, worker) = (engines.of_role(&kafka, "web"), engines.of_role(&kafka, "worker"));
    web.command(&["user", "add", "root"], "long enough\n");
    let (root, there) = (Client::new(&web), Client::new(&worker));
    assert_eq!(root.post("/login", json!({"username": "root", "password": "long enough"})).await.status, 200);
    assert_eq!(root.form("/fn/faults/start", "kind=lag&amount=60000&minutes=5").await.status, 200);
    until(&there, "glassboard_faults{fault=\"lag\"}", |lag| lag > 0.0).await;
    // One batch may be under way.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let counted = value(&there, "api_events_counted_total{outcome=\"new\"}").await;
    for _ in 0..20 {
        assert_eq!(root.get("/session/status").await.status, 200);
    }
    until(&there, "kafka_consumer_lag", |lag| lag >= 20.0).await;
    assert_eq!(value(&there, "api_events_counted_total{outcome=\"new\"}").await, counted);
    assert_eq!(root.form("/fn/faults/end", "kind=lag").await.status, 200);
    until(&there, "api_events_counted_total{outcome=\"new\"}", |now| now >= counted.unwrap_or(0.0) + 20.0).await;
}

async fn value(client: &Client, metric: &str) -> Option<f64> {
    let metrics = client.get("/metrics").await.text;
    metrics.lines().find(|line| line.starts_with(metric))?.rsplit_once(' ')?.1.parse().ok()
}

async fn until(client: &Client, metric: &str, is_so: impl Fn(f64) -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        let now = value(client, metric).await;
        if now.is_some_and(&is_so) {
            return;
        }
        assert!(Instant::now() < end, "{metric}: {now:?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

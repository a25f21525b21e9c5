//! The REST API as other programs see it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{Client, Server};
use reqwest::Method;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;
use tokio::time::sleep;

#[tokio::test]
async fn accounts_answer_as_the_contract_says() {
    let server = Server::start();
    let client = Client::new(&server);
    let credentials = json!({"username": " 민아 ", "password": "x"});
    let registered = client.post("/register", credentials.clone()).await;
    assert_eq!(registered.json(), json!({"status": "success", "message": "회원가입이 완료되었습니다"}));
    let taken = client.post("/api/register", credentials.clone()).await;
    assert_eq!((taken.status.as_u16(), taken.code().as_str()), (400, "username_taken"));
    assert_eq!(taken.json()["message"], "이미 존재하는 사용자명입니다");
    for empty in [json!({}), json!({"username": "", "password": ""}), json!({"username": null, "password": "x"})] {
        let answer = client.post("/register", empty.clone()).await;
        assert_eq!(answer.json()["message"], "사용자명과 비밀번호는 필수입니다", "{empty}");
        assert_eq!(answer.status, 400);
    }
    let before = client.get("/session/status").await.json();
    assert_eq!(before, json!({"status": "success", "logged_in": false, "username": null}));
    let wrong = client.post("/login", json!({"username": "민아", "password": "y"})).await;
    assert_eq!((wrong.status.as_u16(), wrong.json()["message"].as_str()), (401, Some("잘못된 인증 정보")));
    let login = client.post("/login", credentials).await;
    assert_eq!(login.json(), json!({"status": "success", "message": "로그인 성공", "username": "민아"}));
    let cookie = login.headers["set-cookie"].to_str().unwrap();
    for part in ["HttpOnly", "SameSite=Lax", "Max-Age=3600"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Secure"));
    let status = client.get("/api/session/status").await.json();
    assert_eq!(status["username"], "민아");
    for field in ["session_permanent", "browser_id", "user_agent", "login_time", "last_activity"] {
        assert!(!status[field].is_null(), "{field}");
    }
    let logout = client.post("/logout", json!({})).await;
    assert_eq!(logout.json(), json!({"status": "success", "message": "로그아웃 성공"}));
    assert_eq!(client.get("/db/messages").await.status, 401);
    assert_eq!(client.post("/logout", json!({})).await.status, 200, "also when nobody is signed in");
}

#[tokio::test]
async fn messages_are_listed_newest_first_with_their_pages() {
    let server = Server::start();
    let (mina, jun) = (Client::signed_in(&server, "mina").await, Client::signed_in(&server, "jun").await);
    assert_eq!(mina.get("/db/messages").await.json()["pagination"]["total_pages"], 0);
    for i in 0..5 {
        let client = if i % 2 == 0 { &mina } else { &jun };
        assert_eq!(client.post("/db/message", json!({"message": format!("메시지 {i} <b>")})).await.status, 200);
    }
    let page = mina.get("/db/messages?page=2&limit=2").await.json();
    assert_eq!(page["pagination"], json!({"page": 2, "limit": 2, "total": 5, "current_page": 2, "total_pages": 3}));
    let texts: Vec<&str> = page["messages"].as_array().unwrap().iter().filter_map(|m| m["message"].as_str()).collect();
    assert_eq!(texts, ["메시지 2 <b>", "메시지 1 <b>"]);
    let date = page["messages"][0]["created_at"].as_str().unwrap();
    assert!(date.ends_with(" GMT") && date.len() == 29, "{date}");
    let own = jun.get("/db/message?limit=1").await.json();
    assert_eq!(
        own["pagination"],
        json!({"offset": 0, "limit": 1, "total": 2, "has_more": true, "current_page": 1, "total_pages": 2})
    );
    assert_eq!(own["messages"][0]["user_id"], "jun");
    let past = mina.get("/db/messages?page=99999999999&limit=0").await.json();
    assert_eq!((past["messages"].as_array().map(Vec::len), &past["pagination"]["limit"]), (Some(0), &json!(20)));
    assert_eq!(mina.get("/db/messages?page=abc&limit=101").await.json()["pagination"]["page"], 1);
}

#[tokio::test]
async fn a_new_message_is_found_by_the_next_search() {
    let server = Server::start();
    let client = Client::signed_in(&server, "mina").await;
    let search = |q: &'static str| {
        let client = client.clone();
        async move { client.get(&format!("/db/messages/search?q={q}")).await.json() }
    };
    assert_eq!(search("%EC%84%9C%EB%B2%84").await["pagination"]["total"], 0);
    client.post("/db/message", json!({"message": "100% 서버_배포 \"Café\""})).await;
    for q in ["%EC%84%9C%EB%B2%84", "%25%20", "_", "%22caf%C3%A9%22", "CAF%C3%89"] {
        let found = search(q).await;
        assert_eq!(found["pagination"]["total"], 1, "{q}");
        assert_eq!(found["pagination"]["total_relation"], "eq");
    }
    assert_eq!(search("cafe").await["pagination"]["total"], 0, "accents are distinct");
    assert_eq!(search("").await["results"], json!([]));
    let long = client.get(&format!("/db/messages/search?q={}", "x".repeat(201))).await;
    assert_eq!((long.status.as_u16(), long.code().as_str()), (400, "invalid_query"));
    let stats = client.get("/cache/search/stats").await.json();
    assert!(stats["total_cached_queries"].as_u64() > Some(0), "{stats}");
    let cleared = client.post("/cache/search/clear", json!({"query": "_"})).await.json();
    assert_eq!(cleared["deleted_count"], 1);
    client.post("/cache/search/clear", json!({})).await;
    assert_eq!(client.get("/cache/search/stats").await.json()["total_cached_queries"], 0);
}

#[tokio::test]
async fn the_logs_tell_calls_with_status_user_and_trace() {
    let server = Server::start();
    let client = Client::signed_in(&server, "mina").await;
    client.post("/db/message", json!({"message": ""})).await;
    let log = client.get("/logs/redis?limit=1").await.json();
    let entry = &log["logs"][0];
    assert_eq!(entry["action"], "POST /db/message");
    assert!(entry["timestamp"].as_str().is_some_and(|t| t.ends_with("+00:00")), "{entry}");
    let details = entry["details"].as_str().unwrap();
    assert!(details.contains("status=400") && details.contains("user=mina"), "{details}");
    let messaging = client.get("/logs/messaging").await.json();
    let refused = messaging["logs"].as_array().unwrap().iter().find(|entry| entry["status"] == 400).unwrap();
    assert_eq!((&refused["endpoint"], &refused["user_id"]), (&json!("/db/message"), &json!("mina")));
    assert_eq!(refused["trace_id"].as_str().map(str::len), Some(32));
    let log_in = messaging["logs"].as_array().unwrap().iter().find(|entry| entry["endpoint"] == "/login").unwrap();
    assert_eq!((&log_in["status"], &log_in["user_id"]), (&json!(200), &json!("mina")));
}

#[tokio::test]
async fn calls_are_counted_into_statistics_each_once_also_when_the_process_dies() {
    let mut server = Server::start();
    let mut client = Client::signed_in(&server, "mina").await;
    // The registration, the log-in, and these.
    let mut calls = 2;
    for round in 0..3 {
        for n in 0..30 {
            client.post("/db/message", json!({"message": format!("{round} {n}")})).await;
            calls += 1;
        }
        client.get("/db/messages/search?q=2").await;
        assert_eq!(client.post("/login", json!({"username": "mina", "password": "not it"})).await.status, 401);
        calls += 2;
        // Counted or not by now: what is on disk is, afterwards.
        server.crash_and_restart();
        client = Client::new(&server);
        assert_eq!(client.post("/login", json!({"username": "mina", "password": "correct horse"})).await.status, 200);
        calls += 1;
    }
    let statistics = counted(&client, calls).await;
    let route = |endpoint: &str| {
        let routes = statistics["routes"].as_array().unwrap();
        routes.iter().find(|route| route["endpoint"] == endpoint).unwrap().clone()
    };
    let posts = route("/db/message");
    assert_eq!((&posts["calls"], &posts["users"], &posts["failed"]), (&json!(90), &json!(1), &json!(0)));
    let latency = &posts["latency"];
    assert!(latency["p50_ms"].as_f64() > Some(0.0) && latency["p50_ms"].as_f64() <= latency["p99_ms"].as_f64());
    let sum = |field: &str| {
        let steps = statistics["log_ins"].as_array().unwrap();
        steps.iter().map(|step| step[field].as_u64().unwrap()).sum::<u64>()
    };
    assert_eq!((sum("succeeded"), sum("refused"), sum("limited"), sum("failed")), (4, 3, 0, 0));
    assert_eq!(statistics["active_users"][0]["user_id"], "mina");
    for range in ["day", "week", "nonsense"] {
        let statistics = client.get(&format!("/logs/statistics?range={range}")).await.json();
        assert!(statistics["calls"].as_u64() >= Some(calls), "{range}");
    }
}

/// The statistics, once so many calls are counted beside those that ask for them.
async fn counted(client: &Client, calls: u64) -> Value {
    let mut asked = 0;
    for _ in 0..100 {
        let statistics = client.get("/logs/statistics").await.json();
        let routes = statistics["routes"].as_array().unwrap();
        let own = routes.iter().find(|route| route["endpoint"] == "/logs/statistics");
        asked = own.map_or(0, |route| route["calls"].as_u64().unwrap());
        if statistics["calls"].as_u64().unwrap() - asked == calls {
            return statistics;
        }
        sleep(Duration::from_millis(100)).await;
    }
    let statistics = client.get("/logs/statistics").await.text;
    panic!("not {calls} beside {asked}: {statistics}");
}

#[tokio::test]
async fn every_mistake_gets_json_with_a_code() {
    let server = Server::start();
    let client = Client::signed_in(&server, "mina").await;
    let json_type = [("content-type", "application/json")];
    type Case<'a> = (Method, &'a str, &'a [(&'a str, &'a str)], Option<String>, u16, &'a str);
    let cases: [Case; 10] = [
        (Method::POST, "/db/message", &json_type, Some("{".into()), 400, "invalid_request"),
        (Method::POST, "/db/message", &json_type, Some("{\"message\":5}".into()), 400, "invalid_request"),
        (Method::POST, "/db/message", &json_type, Some("{}".into()), 400, "invalid_request"),
        (Method::POST, "/db/message", &json_type, Some("{\"message\":\" \"}".into()), 400, "invalid_message"),
        (Method::POST, "/db/message", &json_type, Some("x".repeat(300_000)), 413, "payload_too_large"),
        (Method::POST, "/login", &[], Some("a=b".into()), 415, "unsupported_media_type"),
        (Method::DELETE, "/db/messages", &[], None, 405, "method_not_allowed"),
        (Method::GET, "/api/no/such", &[("accept", "text/html")], None, 404, "not_found"),
        (Method::GET, "/no/such", &[], None, 404, "not_found"),
        (Method::POST, "/db/message", &[("origin", "http://evil.example")], Some("{}".into()), 403, "cross_site"),
    ];
    for (method, path, headers, body, status, code) in cases {
        let answer = client.send(method.clone(), path, headers, body).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (status, code), "{method} {path}");
        assert_eq!(answer.json()["status"], "error");
        assert!(answer.json()["message"].as_str().is_some_and(|m| m.chars().any(|c| c >= '가')), "{}", answer.text);
    }
    let english = client.send(Method::GET, "/api/no/such", &[("accept-language", "en-GB,ko;q=0.5")], None).await;
    assert_eq!(english.json()["message"], "There is nothing here.");
}

#[tokio::test]
async fn guessing_passwords_is_slowed_down_with_retry_after() {
    let server = Server::start();
    let client = Client::signed_in(&server, "mina").await;
    let mut last = None;
    for _ in 0..8 {
        last = Some(client.post("/login", json!({"username": "mina", "password": "guess"})).await);
    }
    let last = last.unwrap();
    assert_eq!((last.status.as_u16(), last.code().as_str()), (429, "too_many_requests"));
    assert!(last.headers["retry-after"].to_str().unwrap().parse::<u32>().unwrap() >= 1);
}

#[tokio::test]
async fn health_names_each_dependency() {
    let server = Server::start();
    let client = Client::new(&server);
    assert_eq!(client.get("/health/live").await.json()["status"], "ok");
    for path in ["/health", "/health/ready", "/api/health"] {
        let health = client.get(path).await.json();
        assert_eq!(health["status"], "ok");
        assert_eq!(health["dependencies"]["store"]["state"], "up");
    }
}

#[tokio::test]
async fn an_array_is_no_object_and_the_api_never_answers_with_a_page() {
    let server = Server::start();
    let client = Client::signed_in(&server, "mina").await;
    for (path, body) in [
        ("/register", json!(["arr", "password"])),
        ("/db/message", json!(["array body"])),
        ("/cache/search/clear", json!([])),
    ] {
        assert_eq!(client.post(path, body).await.code(), "invalid_request", "{path}");
    }
    for path in ["/api", "/api/", "/api/nope"] {
        let answer = client.send(Method::GET, path, &[("accept", "text/html")], None).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (404, "not_found"), "{path}");
    }
}

#[tokio::test]
async fn arguments_that_can_t_be_read_are_refused_with_the_trace() {
    let server = Server::start();
    let client = Client::signed_in(&server, "mina").await;
    let answer = client.post("/fn/messages/post", json!({ "other": 1 })).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (400, "invalid_request"));
    let told = answer.headers["traceresponse"].to_str().unwrap().to_owned();
    assert_eq!(answer.json()["trace_id"], told[3..35]);
}

#[tokio::test]
async fn a_page_is_no_api_call_although_a_route_has_its_path() {
    let server = Server::start();
    let client = Client::signed_in(&server, "mina").await;
    for page in ["/register", "/login"] {
        client.send(Method::GET, page, &[("accept", "text/html")], None).await;
    }
    let logs = client.get("/logs/redis?limit=100").await.json()["logs"].to_string();
    assert!(logs.contains("POST /register") && !logs.contains("GET /"), "{logs}");
}

#[tokio::test]
async fn a_stale_session_cookie_does_not_hide_a_good_one() {
    let server = Server::start();
    let client = Client::new(&server);
    let credentials = json!({"username": "mina", "password": "long enough"});
    client.post("/register", credentials.clone()).await;
    let session = |answer: common::Answer| {
        let cookies = answer.headers["set-cookie"].to_str().unwrap();
        cookies.split(';').next().unwrap().to_owned()
    };
    let ended = session(client.post("/login", credentials.clone()).await);
    Client::new(&server)
        .send(
            Method::POST,
            "/logout",
            &[("cookie", &ended), ("content-type", "application/json")],
            Some("{}".to_owned()),
        )
        .await;
    let good = session(Client::new(&server).post("/login", credentials).await);
    for stale in ["session=stale.x.y", &ended] {
        let both = format!("{stale}; {good}");
        let status = Client::new(&server).send(Method::GET, "/session/status", &[("cookie", &both)], None).await;
        assert_eq!(status.json()["logged_in"], true, "{stale}");
    }
}

#[tokio::test]
async fn metrics_have_the_contracts_names_and_no_label_that_callers_choose() {
    let server = Server::start();
    let client = Client::signed_in(&server, "mina").await;
    client.post("/db/message", json!({"message": "told-to-nobody"})).await;
    client.get("/db/messages/search?q=secret-query").await;
    client.get("/no-such-path-7f3a").await;
    client.send(Method::from_bytes(b"BREW").unwrap(), "/db/messages", &[], None).await;
    let accept = [("accept", "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3")];
    let answer = client.send(Method::GET, "/metrics", &accept, None).await;
    assert!(answer.headers["content-type"].to_str().unwrap().starts_with("application/openmetrics-text"));
    for line in [
        "http_requests_total{method=\"POST\",route=\"/db/message\",status_code=\"200\"} 1",
        "http_requests_total{method=\"GET\",route=\"unmatched\",status_code=\"404\"} 1",
        "http_requests_total{method=\"_OTHER\",route=\"/db/messages\",status_code=\"405\"} 1",
        "http_request_duration_seconds_count{method=\"POST\",route=\"/db/message\",status_code=\"200\"} 1",
        "db_operations_total{operation=\"INSERT\",table=\"messages\",outcome=\"success\"} 1",
        "active_connections ",
    ] {
        assert!(answer.text.contains(line), "{line} is missing in {}", answer.text);
    }
    for private in ["mina", "told-to-nobody", "secret-query", "no-such-path", "BREW"] {
        assert!(!answer.text.contains(private), "{private}");
    }
    assert!(answer.text.contains("# {trace_id="), "exemplars lead to traces");
    assert!(answer.text.ends_with("# EOF\n"));
    let older = client.get("/metrics").await;
    assert!(older.headers["content-type"].to_str().unwrap().starts_with("text/plain; version=0.0.4"));
    assert!(older.text.contains("# TYPE http_requests_total counter") && !older.text.contains("trace_id"));
}

#[tokio::test]
async fn other_programs_show_the_token_unless_they_run_on_this_machine() {
    let server = Server::start_with(&[("GLASSBOARD_TOKEN", "let-me-in")]);
    let client = Client::new(&server);
    let from_afar = ("x-forwarded-for", "10.0.0.1");
    let alert = json!({"alerts": [{"status": "firing", "labels": {"alertname": "HighErrorRate"}}]}).to_string();
    for (token, expected) in [("Bearer let-me-in", 200), ("Bearer guess", 401), ("", 401)] {
        let headers = [from_afar, ("authorization", token), ("content-type", "application/json")];
        assert_eq!(client.send(Method::GET, "/metrics", &headers, None).await.status, expected, "{token}");
        let answer = client.send(Method::POST, "/alerts/webhook", &headers, Some(alert.clone())).await;
        assert_eq!(answer.status, expected, "{token}");
    }
    assert_eq!(client.get("/metrics").await.status, 200);
    let answer = client.post("/alerts/webhook", json!({"alerts": "none"})).await;
    assert_eq!(answer.code(), "invalid_request");
}

#[tokio::test]
async fn the_description_names_every_route_of_the_contract() {
    let server = Server::start();
    let description: Value = Client::new(&server).get("/openapi.json").await.json();
    assert!(description["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")));
    assert_eq!(Client::new(&server).get("/api/openapi.json").await.json(), description);
    for (path, method) in [
        ("/register", "post"),
        ("/login", "post"),
        ("/logout", "post"),
        ("/session/status", "get"),
        ("/db/message", "post"),
        ("/db/message", "get"),
        ("/db/messages", "get"),
        ("/db/messages/search", "get"),
        ("/logs/redis", "get"),
        ("/logs/messaging", "get"),
        ("/logs/statistics", "get"),
        ("/cache/search/stats", "get"),
        ("/cache/search/clear", "post"),
        ("/health", "get"),
    ] {
        assert!(description["paths"][path][method].is_object(), "{method} {path}");
    }
    let refused = &description["paths"]["/logs/redis"]["get"];
    assert!(refused["security"][0]["session"].is_array() && refused["responses"]["401"].is_object(), "{refused}");
    assert_eq!(description["components"]["securitySchemes"]["session"]["in"], "cookie");
    assert_eq!(Client::new(&server).get("/docs/").await.status, 200);
}

#[tokio::test]
async fn trouble_is_made_on_request_but_not_in_production() {
    let server = Server::start();
    let client = Client::new(&server);
    let slow = client.get("/slow").await;
    assert!(slow.json()["delay_ms"].as_u64().is_some_and(|millis| millis <= 2000), "{}", slow.text);
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..200 {
        seen.insert(client.get("/api/error").await.status.as_u16());
        if seen.len() == 2 {
            break;
        }
    }
    assert!(seen.contains(&200) && seen.contains(&500), "{seen:?}");
    let production = Server::start_with(&[("ENVIRONMENT", "production"), ("SECRET_KEY", "0123456789abcdef")]);
    for path in ["/slow", "/error"] {
        assert_eq!(Client::new(&production).get(path).await.status, 404);
    }
}

#[tokio::test]
async fn what_is_stored_is_in_the_log_although_its_client_has_gone() {
    let server = Server::start();
    let client = Client::signed_in(&server, "mina").await;
    let (body, address) = (json!({"message": "gone"}).to_string(), server.url.trim_start_matches("http://"));
    for round in 0..40 {
        let mut connection = TcpStream::connect(address).unwrap();
        write!(
            connection,
            "POST /db/message HTTP/1.1\r\nHost: {address}\r\nCookie: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            client.cookie(),
            body.len()
        )
        .unwrap();
        sleep(Duration::from_millis(round % 6)).await;
    }
    sleep(Duration::from_secs(2)).await;
    let stored = client.get("/db/messages").await.json()["pagination"]["total"].as_u64().unwrap();
    assert_eq!(stored, 40);
    let log = client.get("/logs/messaging?limit=100").await.json();
    let posts = log["logs"].as_array().unwrap().iter().filter(|entry| entry["endpoint"] == "/db/message");
    let statuses: Vec<_> = posts.map(|entry| entry["status"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [200; 40]);
}

#[tokio::test]
async fn who_says_no_more_is_answered() {
    let server = Server::start();
    let address = server.url.trim_start_matches("http://");
    for path in ["/health", "/", "/api/test"] {
        let mut connection = TcpStream::connect(address).unwrap();
        write!(connection, "GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n").unwrap();
        connection.shutdown(Shutdown::Write).unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 ") && answer.contains("\r\n\r\n"), "{path}: {answer}");
    }
}

#[tokio::test]
async fn a_stream_of_events_ends_with_its_reader() {
    let server = Server::start();
    let (client, address) = (Client::signed_in(&server, "mina").await, server.url.trim_start_matches("http://"));
    let mut connection = TcpStream::connect(address).unwrap();
    write!(connection, "GET /live HTTP/1.1\r\nHost: {address}\r\nCookie: {}\r\n\r\n", client.cookie()).unwrap();
    let mut answer = [0; 12];
    connection.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
    let with_reader = open_connections(&client).await;
    drop(connection);
    // Long before a heartbeat would have told.
    sleep(Duration::from_secs(1)).await;
    assert_eq!(open_connections(&client).await, with_reader - 1);
}

async fn open_connections(client: &Client) -> u64 {
    let metrics = client.get("/metrics").await.text;
    let open = metrics.lines().find_map(|line| line.strip_prefix("active_connections ")).unwrap();
    open.parse().unwrap()
}

#[tokio::test]
async fn who_asks_before_sending_too_much_is_told_no() {
    let server = Server::start();
    let address = server.url.trim_start_matches("http://");
    let mut connection = TcpStream::connect(address).unwrap();
    let head = "POST /db/message HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\nExpect: 100-continue\r\n\r\n";
    connection.write_all(head.as_bytes()).unwrap();
    let mut answer = [0; 12];
    connection.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 413");
}

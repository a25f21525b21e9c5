//! Starting, failing to start, and stopping.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{Client, Server, glassboard};
use serde_json::json;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

fn refused(arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let mut command = std::process::Command::new("timeout");
    command.env_clear().arg("20").arg(env!("CARGO_BIN_EXE_glassboard"));
    let output = command.args(arguments).envs(environment.iter().copied()).output().unwrap();
    assert!(!output.status.success(), "{arguments:?} {environment:?} started");
    String::from_utf8(output.stderr).unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_container_s_health_check_asks_the_process_at_its_address() {
    let server = Server::start();
    let listen = server.url.trim_start_matches("http://").to_owned();
    for address in [listen.clone(), listen.replace("127.0.0.1", "0.0.0.0")] {
        assert!(glassboard().args(["health", "--listen", &address]).status().unwrap().success(), "{address}");
    }
}

#[test]
fn each_start_up_mistake_is_one_sentence_that_says_what_to_do() {
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let data = text(folder.path());
    let port = server.url.trim_start_matches("http://").to_owned();
    let damaged = tempfile::tempdir().unwrap();
    std::fs::write(damaged.path().join("glassboard.db"), "this is not a database, but it is long enough").unwrap();
    for (error, expected) in [
        (refused(&["--data", data, "--listen", &port], &[]), "in use"),
        (refused(&["--data", text(server.data.path()), "--listen", "127.0.0.1:0"], &[]), "another glassboard"),
        (refused(&["--data", text(&damaged.path().join("glassboard.db"))], &[]), "is a file"),
        (refused(&["--data", "/proc/nowhere", "--listen", "127.0.0.1:0"], &[]), "--data"),
        (refused(&["--data", text(damaged.path()), "--listen", "127.0.0.1:0"], &[]), "glassboard.db"),
        (refused(&["--data", data, "--role", "worker"], &[]), "GLASSBOARD_ROLE"),
        (refused(&["health", "--listen", "127.0.0.1:9"], &[]), "does not answer"),
        (refused(&["--data", data], &[("KAFKA_SERVERS", "localhost")]), "KAFKA_SERVERS"),
        (refused(&["--data", data], &[("OTLP_ENDPOINT", "ftp://collector")]), "OTLP_ENDPOINT"),
        (refused(&["--data", data], &[("ENVIRONMENT", "production")]), "SECRET_KEY"),
        (refused(&["--data", data], &[("ENVIRONMENT", "production"), ("SECRET_KEY_FILE", "/dev/null")]), "SECRET_KEY"),
        (refused(&["--data", "/nowhere", "user", "set-password", "mina"], &[]), "no board in /nowhere"),
    ] {
        assert!(error.contains(expected), "{error}");
        assert_eq!(error.trim_end().lines().count(), 1, "{error}");
    }
}

#[test]
fn variables_of_other_programs_may_hold_anything() {
    use std::os::unix::ffi::OsStrExt;
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_glassboard"));
    let output = command.arg("config").env("OTHERS", std::ffi::OsStr::from_bytes(b"\xff\xfe")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
async fn a_server_that_is_told_to_stop_ends_well_and_keeps_what_it_acknowledged() {
    let mut server = Server::start();
    let client = Client::signed_in(&server, "mina").await;
    client.post("/db/message", json!({"message": "kept"})).await;
    assert_eq!(server.stop(), Some(0));
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_crash() {
    let mut server = Server::start();
    let client = Client::signed_in(&server, "mina").await;
    for i in 0..20 {
        assert_eq!(client.post("/db/message", json!({"message": format!("number {i}")})).await.status, 200);
    }
    server.crash_and_restart();
    let client = Client::new(&server);
    client.post("/login", json!({"username": "mina", "password": "correct horse"})).await;
    assert_eq!(client.get("/db/messages").await.json()["pagination"]["total"], 20);
}

#[test]
fn config_prints_where_each_value_came_from_and_no_secrets() {
    let environment = [("SECRET_KEY", "planted-secret"), ("GLASSBOARD_DATA", "/tmp/elsewhere")];
    let output = glassboard().args(["config", "--listen", "0.0.0.0:80"]).envs(environment).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("GLASSBOARD_LISTEN=0.0.0.0:80  (flag)"), "{text}");
    assert!(text.contains("GLASSBOARD_DATA=/tmp/elsewhere  (environment)"), "{text}");
    assert!(text.contains("SECRET_KEY=***  (environment)") && !text.contains("planted-secret"), "{text}");
    assert!(text.contains("GLASSBOARD_ROLE=all  (default)"), "{text}");
}

fn command_with_password(server: &Server, arguments: &[&str], password: &str) -> String {
    let mut command = glassboard();
    command.args(["--data", text(server.data.path())]).args(arguments);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(format!("{password}\n").as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
}

#[tokio::test]
async fn users_are_managed_while_the_server_runs() {
    let server = Server::start_with(&[("GLASSBOARD_OPERATORS", "root")]);
    assert!(command_with_password(&server, &["user", "add", "root"], "short").contains("8 characters"));
    assert_eq!(command_with_password(&server, &["user", "add", "root"], "first password"), "added root\n");
    let client = Client::new(&server);
    let login = |password: &'static str| client.post("/login", json!({"username": "root", "password": password}));
    assert_eq!(login("first password").await.status, 200);
    assert_eq!(client.get("/logs/redis").await.status, 200);
    command_with_password(&server, &["user", "set-password", "root"], "second password");
    assert_eq!(login("first password").await.status, 401);
    assert_eq!(login("second password").await.status, 200);
}

#[tokio::test]
async fn a_server_that_gives_notice_serves_on_until_a_proxy_has_noticed() {
    let mut server = Server::start_with(&[("GLASSBOARD_DRAIN_SECONDS", "60")]);
    let client = Client::signed_in(&server, "mina").await;
    assert_eq!(client.get("/health/ready").await.status, 200);
    server.terminate();
    eventually(|| async { client.get("/health/ready").await.status == 503 }, "it says that it is about to end").await;
    assert_eq!(client.get("/health/live").await.status, 200);
    assert_eq!(client.post("/db/message", json!({"message": "in time"})).await.status, 200);
    assert_eq!(Client::new(&server).get("/session/status").await.status, 200, "new connections too");
    assert_eq!(server.stop(), Some(0), "whoever asks twice does not want to wait");
}

#[tokio::test]
async fn a_backup_is_made_and_restored_while_the_server_runs() {
    let server = Server::start();
    let client = Client::signed_in(&server, "mina").await;
    client.post("/db/message", json!({"message": "before the backup"})).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("board.backup");
    let run = |command: &str| {
        let status = glassboard().args(["--data", text(server.data.path()), command, text(&file)]).status().unwrap();
        assert!(status.success(), "{command}");
    };
    run("backup");
    client.post("/db/message", json!({"message": "after the backup"})).await;
    let newcomer = Client::signed_in(&server, "jun").await;
    assert_eq!(newcomer.get("/db/messages/search?q=after").await.json()["pagination"]["total"], 1);
    run("restore");
    eventually(|| async { newcomer.get("/db/messages").await.status == 401 }, "a user who is gone has no session")
        .await;
    let messages = client.get("/db/messages").await.json();
    assert_eq!(messages["pagination"]["total"], 1);
    assert_eq!(messages["messages"][0]["message"], "before the backup");
    assert_eq!(client.get("/db/messages/search?q=after").await.json()["pagination"]["total"], 0);
    client.post("/db/message", json!({"message": "after the restore"})).await;
    assert_eq!(client.get("/db/messages/search?q=after").await.json()["pagination"]["total"], 1);
}

#[tokio::test]
async fn a_password_that_is_set_from_outside_ends_the_users_sessions() {
    let server = Server::start();
    let (mina, jun) = (Client::signed_in(&server, "mina").await, Client::signed_in(&server, "jun").await);
    command_with_password(&server, &["user", "set-password", "mina"], "battery staple");
    eventually(|| async { mina.get("/db/messages").await.status == 401 }, "the old password's sessions end").await;
    assert_eq!(jun.get("/db/messages").await.status, 200);
    let credentials = json!({"username": "mina", "password": "battery staple"});
    assert_eq!(mina.post("/login", credentials).await.status, 200);
    assert_eq!(mina.get("/db/messages").await.status, 200);
}

async fn eventually<F: Future<Output = bool>>(condition: impl Fn() -> F, what: &str) {
    for _ in 0..600 {
        if condition().await {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("a minute later still not: {what}");
}

//! Who may call what: one list of all server functions and routes.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{Client, Server};
use reqwest::Method;
use serde_json::json;
use server::routes::server_function_paths;

/// Server functions that anybody may call.
const PUBLIC_FUNCTIONS: [&str; 8] = [
    "/fn/accounts/current",
    "/fn/accounts/log_in",
    "/fn/accounts/log_out",
    "/fn/accounts/register",
    "/fn/preferences/set",
    "/fn/traces/get",
    "/fn/traces/list",
    "/fn/traces/ribbon",
];

/// REST routes that need a session; the second part need an operator.
const MEMBER_ROUTES: [(&str, &str); 4] =
    [("POST", "/db/message"), ("GET", "/db/message"), ("GET", "/db/messages"), ("GET", "/db/messages/search?q=x")];
const OPERATOR_ROUTES: [(&str, &str); 5] = [
    ("GET", "/logs/redis"),
    ("GET", "/logs/messaging"),
    ("GET", "/logs/statistics"),
    ("GET", "/cache/search/stats"),
    ("POST", "/cache/search/clear"),
];

async fn call(client: &Client, method: &str, path: &str) -> common::Answer {
    let body = (method == "POST").then(|| "{}".to_owned());
    client
        .send(Method::from_bytes(method.as_bytes()).unwrap(), path, &[("content-type", "application/json")], body)
        .await
}

#[tokio::test]
async fn an_anonymous_caller_is_refused_everywhere_but_a_named_few() {
    let server = Server::start();
    let client = Client::new(&server);
    for (method, path) in MEMBER_ROUTES.into_iter().chain(OPERATOR_ROUTES) {
        for prefix in ["", "/api"] {
            let answer = call(&client, method, &format!("{prefix}{path}")).await;
            assert_eq!((answer.status.as_u16(), answer.code().as_str()), (401, "unauthenticated"), "{method} {path}");
            assert_eq!(answer.json()["message"], "로그인이 필요합니다");
        }
    }
    assert_eq!(client.get("/live").await.status, 401);
    let functions = server_function_paths();
    assert!(functions.len() > 15, "{functions:?}");
    for public in PUBLIC_FUNCTIONS {
        assert!(functions.iter().any(|(path, _)| *path == public), "{public} is listed but not there");
    }
    for (path, method) in functions.into_iter().filter(|(path, _)| !PUBLIC_FUNCTIONS.contains(path)) {
        let answer = complete_call(&client, path, method).await;
        assert_eq!(answer.status, 401, "{path}: {}", answer.text);
    }
}

/// Calls a server function with every argument that any of them takes.
async fn complete_call(client: &Client, path: &str, method: Method) -> common::Answer {
    let arguments = "id=1&text=x&page=1&mine=false&scope=everyone&q=x&query=x&count=1&current=x&new=y&current_password=x\
        &new_password=y&filter%5Bpage%5D=1&limit=20&route=&status=&user=&since=&until=&range=hour&number=1&username=x&password=y";
    if method == Method::GET {
        return client.get(&format!("{path}?{arguments}")).await;
    }
    client.form(path, arguments).await
}

#[tokio::test]
async fn operators_only_routes_refuse_other_users() {
    let server = Server::start_with(&[("GLASSBOARD_OPERATORS", "root")]);
    let client = Client::signed_in(&server, "mina").await;
    for (method, path) in OPERATOR_ROUTES {
        let answer = call(&client, method, path).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (403, "operators_only"), "{path}");
    }
    for (function, arguments) in [
        ("logs/list", "query[page]=1"),
        ("statistics/get", "range=hour"),
        ("messaging/list", "page=1"),
        ("cache/list", ""),
        ("cache/clear", "query=x"),
    ] {
        let answer = client.form(&format!("/fn/{function}"), arguments).await;
        assert_eq!(answer.status, 403, "{function}: {}", answer.text);
    }
    let reserved = Client::new(&server).post("/register", json!({"username": "ROOT", "password": "long enough"})).await;
    assert_eq!(reserved.code(), "username_reserved");
}

#[tokio::test]
async fn on_a_local_server_everybody_is_an_operator_but_not_through_a_proxy_or_another_host() {
    let server = Server::start();
    let client = Client::signed_in(&server, "mina").await;
    assert_eq!(client.get("/logs/redis").await.status, 200);
    for header in [("x-forwarded-for", "10.0.0.1"), ("forwarded", "for=10.0.0.1"), ("host", "board.example")] {
        let answer = client.send(Method::GET, "/logs/redis", &[header], None).await;
        assert_eq!(answer.code(), "operators_only", "{header:?}");
    }
}

#[tokio::test]
async fn one_user_cannot_touch_anothers_messages_or_sessions() {
    let server = Server::start();
    let (mina, jun) = (Client::signed_in(&server, "mina").await, Client::signed_in(&server, "jun").await);
    let id = mina.post("/db/message", json!({"message": "mine"})).await.json()["id"].as_i64().unwrap();
    let refused = jun.form("/fn/messages/delete", &format!("id={id}")).await;
    assert_eq!(refused.status, 403, "{}", refused.text);
    assert_eq!(mina.get("/db/messages").await.json()["pagination"]["total"], 1);
    let sessions = mina.form("/fn/accounts/sessions", "").await.json();
    let session = sessions[0]["id"].as_str().unwrap();
    let refused = jun.form("/fn/accounts/end_session", &format!("id={session}")).await;
    assert_eq!(refused.status, 404, "{}", refused.text);
    assert_eq!(mina.get("/db/messages").await.status, 200, "mina is still signed in");
    assert_eq!(mina.form("/fn/messages/delete", &format!("id={id}")).await.status, 200);
}

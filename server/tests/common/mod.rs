//! A real server of its own for each test, and a client that keeps cookies like a browser.
#![allow(clippy::unwrap_used, clippy::expect_used)]
#![allow(dead_code, reason = "each test file uses its own part")]

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

/// Beside the data, where it is in nobody's way.
const PRINTED: &str = "printed.log";

pub struct Server {
    child: Child,
    pub url: String,
    pub data: TempDir,
    environment: Vec<(String, String)>,
}

impl Server {
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    pub fn start_with(environment: &[(&str, &str)]) -> Self {
        let data = tempfile::tempdir().unwrap();
        let (child, url) = spawn(data.path(), environment);
        let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self { child, url, data, environment }
    }

    /// Runs a command beside the server, with the server's settings; what it says.
    pub fn command(&self, arguments: &[&str], input: &str) -> String {
        let mut command = glassboard();
        command.arg("--data").arg(self.data.path()).args(arguments).envs(self.environment.iter().cloned());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap()).concat()
    }

    /// What the server has written to standard output.
    pub fn printed(&self) -> String {
        std::fs::read_to_string(self.data.path().join(PRINTED)).unwrap()
    }

    /// Ends the server at once, as a crash would, and starts it anew on the same data.
    pub fn crash_and_restart(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let environment: Vec<(&str, &str)> = self.environment.iter().map(|(name, value)| (&**name, &**value)).collect();
        (self.child, self.url) = spawn(self.data.path(), &environment);
    }

    /// Asks the server to end; its exit code.
    pub fn stop(&mut self) -> Option<i32> {
        self.terminate();
        self.child.wait().unwrap().code()
    }

    /// Asks the server to end, and does not wait for it.
    pub fn terminate(&self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A `glassboard` command with none of the variables of whoever runs the tests.
pub fn glassboard() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_glassboard"));
    command.env_clear();
    command
}

fn spawn(data: &Path, environment: &[(&str, &str)]) -> (Child, String) {
    let mut command = glassboard();
    command.args(["--listen", "127.0.0.1:0", "--data"]).arg(data).envs(environment.iter().copied());
    let printed = File::options().create(true).append(true).open(data.join(PRINTED)).unwrap();
    let mut child = command.stdout(printed).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let url = lines
        .find_map(|line| line.unwrap().strip_prefix("listening on ").map(str::to_owned))
        .expect("the server says where it listens");
    // Keeps the pipe open and empty.
    std::thread::spawn(move || lines.for_each(drop));
    (child, url)
}

#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    url: String,
    cookie: Arc<Mutex<Option<String>>>,
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }
}

impl Client {
    pub fn new(server: &Server) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { http, url: server.url.clone(), cookie: Arc::default() }
    }

    /// A client of a user who has just registered and signed in.
    pub async fn signed_in(server: &Server, username: &str) -> Self {
        let client = Self::new(server);
        let credentials = json!({"username": username, "password": "correct horse"});
        assert_eq!(client.post("/register", credentials.clone()).await.status, 200);
        assert_eq!(client.post("/login", credentials).await.status, 200);
        client
    }

    /// The same client, with its cookies, at another server.
    pub fn at(&self, server: &Server) -> Self {
        Self { url: server.url.clone(), ..self.clone() }
    }

    /// What it sends as its cookies.
    pub fn cookie(&self) -> String {
        self.cookie.lock().unwrap().clone().unwrap_or_default()
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, &[("content-type", "application/json")], Some(body.to_string())).await
    }

    pub async fn form(&self, path: &str, body: &str) -> Answer {
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        self.send(Method::POST, path, &headers, Some(body.to_owned())).await
    }

    pub async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: Option<String>) -> Answer {
        let mut request = self.http.request(method, format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(cookie) = self.cookie.lock().unwrap().clone() {
            request = request.header("cookie", cookie);
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        let response = request.send().await.unwrap();
        for cookie in response.headers().get_all("set-cookie") {
            let cookie = cookie.to_str().unwrap();
            if let Some(value) = cookie.strip_prefix("session=") {
                let value = value.split(';').next().unwrap_or_default();
                *self.cookie.lock().unwrap() = (!value.is_empty()).then(|| format!("session={value}"));
            }
        }
        let (status, headers) = (response.status(), response.headers().clone());
        Answer { status, headers, text: response.text().await.unwrap() }
    }
}

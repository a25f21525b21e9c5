//! What a bare axum route can do on this machine: answers `/` with the bytes of a file.
//! `bare_axum PORT FILE CONTENT_TYPE`; the bench compares the board with it.

use axum::Router;
use axum::body::Bytes;
use axum::routing::get;
use http::header::CONTENT_TYPE;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(port), Some(file), Some(content_type)) = (arguments.next(), arguments.next(), arguments.next()) else {
        return Err("usage: bare_axum PORT FILE CONTENT_TYPE".into());
    };
    let bytes = Bytes::from(std::fs::read(file)?);
    let answer = move || async move { ([(CONTENT_TYPE, content_type)], bytes) };
    let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    Ok(axum::serve(listener, Router::new().route("/", get(answer))).await?)
}

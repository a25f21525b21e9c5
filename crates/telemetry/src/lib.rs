//! Traces, logs and metrics: the names, W3C Trace Context, the server's recording and export, the browser's recording.

pub mod browser;
pub mod client;
pub mod names;
pub mod propagation;
#[cfg(not(target_arch = "wasm32"))]
pub mod server;

//! The UI, compiled twice: to HTML on the server (`ssr`) and to WASM in the browser (`hydrate`).

mod app;
pub mod clock;
pub mod components;
#[cfg(feature = "ssr")]
pub mod context;
#[cfg(feature = "ssr")]
pub mod drafts;
pub mod functions;
mod layout;
pub mod live;
pub mod next;
pub mod pages;
pub mod session;
#[cfg(feature = "ssr")]
mod shell;
pub mod text;
#[cfg(feature = "hydrate")]
pub mod web;

pub use app::App;
#[cfg(feature = "ssr")]
pub use shell::shell;

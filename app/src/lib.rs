//! The UI, compiled twice: to HTML on the server (`ssr`) and to WASM in the browser (`hydrate`).

mod app;
mod clock;
mod components;
#[cfg(feature = "ssr")]
pub mod context;
#[cfg(feature = "ssr")]
pub mod drafts;
#[cfg(feature = "ssr")]
mod error_page;
mod fetched;
pub mod functions;
mod layout;
mod live;
mod next;
mod pages;
mod patterns;
mod query;
mod session;
#[cfg(feature = "ssr")]
mod shell;
mod text;
mod title;
#[cfg(feature = "hydrate")]
mod web;

pub use app::App;
#[cfg(feature = "hydrate")]
pub use app::load_page;
#[cfg(feature = "ssr")]
pub use error_page::error_page;
#[cfg(feature = "ssr")]
pub use patterns::PATTERNS;
#[cfg(feature = "ssr")]
pub use shell::shell;

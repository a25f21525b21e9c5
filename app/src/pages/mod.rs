//! One file per page, and the routes to them.

mod account;
mod entry;
mod home;
mod login;
mod messages;
mod not_found;
pub mod observe;
mod register;
mod routes;
mod samples;
mod search;

pub use home::HomePage;
pub use messages::MessagesPage;
pub use not_found::NotFoundPage;
pub use routes::SplitPage;

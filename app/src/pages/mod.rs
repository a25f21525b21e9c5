//! One file per page.

mod account;
mod entry;
mod home;
mod login;
mod messages;
mod not_found;
pub mod observe;
mod register;
mod samples;
mod search;

pub use account::AccountPage;
pub use home::HomePage;
pub use login::LoginPage;
pub use messages::MessagesPage;
pub use not_found::NotFoundPage;
pub use register::RegisterPage;
pub use samples::SamplesPage;
pub use search::SearchPage;

//! Server functions: thin doors on the board's services. What they answer is what the REST API answers.

pub mod accounts;
pub mod call;
#[cfg(feature = "ssr")]
pub mod door;
pub mod messages;
pub mod observe;
pub mod preferences;
pub mod samples;
pub mod search;

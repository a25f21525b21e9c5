//! News from the server while pages are open: new messages, running jobs, the session's end.

#[cfg(feature = "hydrate")]
mod stream;

use crate::session::Session;
#[cfg(feature = "hydrate")]
use leptos::prelude::*;
use serde::de::DeserializeOwned;

/// A piece of news, as `model::LiveEvent` was written. Each page reads the kinds that it shows, so that how the others
/// are read is not in its file.
#[derive(Clone, Copy)]
pub struct News<'a> {
    /// The event's name in the stream, such as `message_posted`.
    pub kind: &'a str,
    data: &'a str,
}

impl<'a> News<'a> {
    #[cfg(feature = "hydrate")]
    #[must_use]
    pub const fn new(kind: &'a str, data: &'a str) -> Self {
        Self { kind, data }
    }

    /// The fields of the event; `None` when the server is of another build.
    #[must_use]
    pub fn read<T: DeserializeOwned>(self) -> Option<T> {
        match serde_json::from_str(self.data) {
            Ok(fields) => Some(fields),
            Err(error) => {
                tracing::warn!(%error, kind = self.kind, "live event not understood");
                None
            }
        }
    }
}

/// Follows the news for as long as the reader is signed in. On the server there is nothing to follow.
pub fn provide_live(session: Session) {
    #[cfg(feature = "hydrate")]
    stream::follow(session);
    #[cfg(not(feature = "hydrate"))]
    let _ = session;
}

/// Calls `handler` with each piece of news until the component at hand is gone.
pub fn on_live(handler: impl Fn(News<'_>) + 'static) {
    #[cfg(feature = "hydrate")]
    {
        let id = stream::add_listener(Box::new(handler));
        on_cleanup(move || stream::remove_listener(id));
    }
    #[cfg(not(feature = "hydrate"))]
    drop(handler);
}

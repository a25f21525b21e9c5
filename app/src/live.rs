//! News from the server while pages are open: new messages, running jobs, the session's end.

#[cfg(feature = "hydrate")]
mod stream;

use crate::session::Session;
#[cfg(feature = "hydrate")]
use leptos::prelude::*;
use model::LiveEvent;

/// Follows the news for as long as the reader is signed in. On the server there is nothing to follow.
pub fn provide_live(session: Session) {
    #[cfg(feature = "hydrate")]
    stream::follow(session);
    #[cfg(not(feature = "hydrate"))]
    let _ = session;
}

/// Calls `handler` with each piece of news until the component at hand is gone.
pub fn on_live(handler: impl Fn(&LiveEvent) + 'static) {
    #[cfg(feature = "hydrate")]
    {
        let id = stream::add_listener(Box::new(handler));
        on_cleanup(move || stream::remove_listener(id));
    }
    #[cfg(not(feature = "hydrate"))]
    drop(handler);
}

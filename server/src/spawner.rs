//! What pages spawn while they are rendered belongs to the request: without this, what a resource waits for would lose its span.
//! It does not keep the span open: some of it goes on when the page is done.

use any_spawner::{CustomExecutor, Executor, PinnedFuture, PinnedLocalFuture};
use telemetry::server::WhileOpen;

struct InSpan;

impl CustomExecutor for InSpan {
    fn spawn(&self, future: PinnedFuture<()>) {
        tokio::spawn(WhileOpen::current(future));
    }

    fn spawn_local(&self, future: PinnedLocalFuture<()>) {
        tokio::task::spawn_local(WhileOpen::current(future));
    }

    fn poll_local(&self) {}
}

/// To be called before Leptos, which takes an executor of its own where there is none.
pub fn install() {
    // Fails where there is one already: in a test's second server.
    let _ = Executor::init_custom_executor(InSpan);
}

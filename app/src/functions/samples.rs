//! Generate sample messages, and remove them together.

use crate::functions::call::Call;
use leptos::prelude::*;
use model::{BoardError, SampleJob};
use telemetry::client::TracedClient;

/// Starts to generate `count` messages of the reader: up to 100, as an operator up to 1,000,000.
///
/// # Errors
/// `Unauthenticated`, `InvalidSampleCount`, `SamplesRunning`.
#[server(prefix = "/fn", endpoint = "samples/generate", client = TracedClient)]
pub async fn generate_samples(count: String) -> Result<SampleJob, BoardError> {
    let started = reader().and_then(|(who, operator)| {
        let count = count.trim().parse().map_err(|_| model::Code::InvalidSampleCount)?;
        crate::context::state().board.samples().generate(&who, operator, count)
    });
    super::door::answer_form("samples/generate", vec![("count", count)], started)
}

/// Starts to remove the samples: an operator's everybody's, else the reader's own.
///
/// # Errors
/// `Unauthenticated`, `SamplesRunning`, `Unavailable`.
#[server(prefix = "/fn", endpoint = "samples/remove", client = TracedClient)]
pub async fn remove_samples() -> Result<SampleJob, BoardError> {
    let result = async {
        let (who, operator) = reader()?;
        crate::context::state().board.samples().remove(&who, operator).await
    };
    super::door::answer(result.await)
}

/// Cancels the running job; what is stored stays.
///
/// # Errors
/// `Unauthenticated`; `NotFound` when none runs; `Forbidden` when it is another's.
#[server(prefix = "/fn", endpoint = "samples/cancel", client = TracedClient)]
pub async fn cancel_samples() -> Result<(), BoardError> {
    let result = async {
        let (who, operator) = reader()?;
        crate::context::state().board.samples().cancel(&who, operator).await
    };
    super::door::answer(result.await)
}

/// The running job, or the last one.
///
/// # Errors
/// `Unauthenticated`.
#[server(prefix = "/fn", endpoint = "samples/status", protocol = Call, client = TracedClient)]
pub async fn samples_status() -> Result<Option<SampleJob>, BoardError> {
    super::door::answer(reader().map(|_| crate::context::state().board.samples().current()))
}

#[cfg(feature = "ssr")]
fn reader() -> Result<(board::SignedIn, bool), BoardError> {
    let (who, caller) = crate::context::signed_in()?;
    let operator = crate::context::state().board.accounts().is_operator(&who, &caller);
    Ok((who, operator))
}

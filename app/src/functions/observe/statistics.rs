use crate::functions::call::Call;
use leptos::prelude::*;
use model::{BoardError, Range, Statistics};
use telemetry::client::QuietClient;

/// What the API calls of a range were like, up to now, for operators.
///
/// # Errors
/// `Unauthenticated`, `OperatorsOnly`, `Unavailable`.
#[server(prefix = "/fn", endpoint = "statistics/get", protocol = Call, client = QuietClient)]
pub async fn get_statistics(range: Range) -> Result<Statistics, BoardError> {
    let result = async {
        crate::context::operator()?;
        crate::context::state().board.statistics().of(range).await
    };
    crate::functions::door::answer(result.await)
}

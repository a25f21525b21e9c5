//! Search messages.

use crate::functions::call::Call;
use leptos::prelude::*;
use model::{BoardError, SearchPage};
use telemetry::client::TracedClient;

/// A page of the messages that contain `query`, newest first; `None` when there is nothing to search for.
///
/// # Errors
/// `Unauthenticated`; `InvalidQuery` when longer than 200 characters; `Unavailable`.
#[server(prefix = "/fn", endpoint = "search/find", protocol = Call, client = TracedClient)]
pub async fn find_messages(query: String, page: u64) -> Result<Option<SearchPage>, BoardError> {
    use model::{PageRequest, SearchQuery};
    let result = async {
        let (who, _) = crate::context::signed_in()?;
        let Some(query) = SearchQuery::parse(&query)? else { return Ok(None) };
        let page = PageRequest::new(page, PageRequest::DEFAULT_LIMIT);
        let found = crate::context::state().board.search().search(&who, &query, page).await?;
        Ok(Some(found.page.clone()))
    };
    super::door::answer(result.await)
}

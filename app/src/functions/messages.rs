//! Post, list and delete messages.

use crate::functions::call::Call;
use leptos::prelude::*;
use model::{BoardError, Message, MessagePage, Scope};
use telemetry::client::TracedClient;

/// A page of messages, newest first.
///
/// # Errors
/// `Unauthenticated`, `Unavailable`.
#[server(prefix = "/fn", endpoint = "messages/list", protocol = Call, client = TracedClient)]
pub async fn list_messages(scope: Scope, page: u64) -> Result<MessagePage, BoardError> {
    use model::PageRequest;
    let result = async {
        let (who, _) = crate::context::signed_in()?;
        let page = PageRequest::new(page, PageRequest::DEFAULT_LIMIT);
        crate::context::state().board.messages().list(&who, scope, page).await.map(std::sync::Arc::unwrap_or_clone)
    };
    super::door::answer(result.await)
}

/// Posts a message as the signed-in user and returns it as stored.
///
/// # Errors
/// `Unauthenticated`; `InvalidMessage` when blank or longer than 10,000 characters; `Unavailable` when the store is down
/// (nothing was stored).
#[server(prefix = "/fn", endpoint = "messages/post", client = TracedClient)]
pub async fn post_message(text: String) -> Result<Message, BoardError> {
    use model::MessageText;
    let result = async {
        let (who, _) = crate::context::signed_in()?;
        // Browsers send line breaks of forms as CRLF; scripts send them as typed.
        let text = MessageText::parse(text.replace("\r\n", "\n"))?;
        crate::context::state().board.messages().post(&who, &text).await
    };
    let posted = result.await;
    super::door::answer_form("messages/post", vec![("text", text)], posted)
}

/// Deletes an own message.
///
/// # Errors
/// `Unauthenticated`, `NotFound`, `Forbidden`, `Unavailable`.
#[server(prefix = "/fn", endpoint = "messages/delete", client = TracedClient)]
pub async fn delete_message(id: i64) -> Result<(), BoardError> {
    let result = async {
        let (who, _) = crate::context::signed_in()?;
        crate::context::state().board.messages().delete(&who, id).await
    };
    super::door::answer(result.await)
}

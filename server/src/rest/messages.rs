use super::shapes::{
    Answer, Asker, BadBody, Borrowed, MessageRow, NoSession, PageInfo, PageParams, Paged, Searched, StoreFails,
    as_json, json, written,
};
use crate::problem::{ApiJson, ErrorBody};
use crate::state::ServerState;
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use model::{Message, MessageText, PageRequest, Pagination, Scope, SearchQuery, TotalRelation};
use serde::{Deserialize, Serialize};

#[derive(Deserialize, utoipa::ToSchema)]
pub struct NewMessage {
    /// 1 to 10,000 characters.
    message: String,
}

#[derive(Serialize, utoipa::ToSchema)]
pub struct Posted {
    status: &'static str,
    id: i64,
}

#[derive(Serialize, utoipa::ToSchema)]
pub struct Messages<'a> {
    messages: Vec<MessageRow<'a>>,
    pagination: PageInfo,
}

#[derive(Serialize, utoipa::ToSchema)]
pub struct OwnMessages<'a> {
    messages: Vec<MessageRow<'a>>,
    pagination: OwnPageInfo,
}

#[derive(Serialize, utoipa::ToSchema)]
pub struct OwnPageInfo {
    /// Rows before this page.
    offset: u64,
    limit: u32,
    total: u64,
    has_more: bool,
    current_page: u64,
    total_pages: u64,
}

#[derive(Serialize, utoipa::ToSchema)]
pub struct Found<'a> {
    results: Vec<MessageRow<'a>>,
    pagination: PageInfo,
}

fn rows(messages: &[Message]) -> Vec<MessageRow<'_>> {
    messages.iter().map(Into::into).collect()
}

/// Posts a message; an answer of 200 means that it is stored for good.
#[utoipa::path(post, path = "/db/message", tag = "messages", request_body = NewMessage,
    security(("session" = [])),
    responses((status = 200, body = Posted), BadBody, NoSession, StoreFails))]
pub async fn post_message(
    State(state): State<ServerState>,
    asker: Asker,
    ApiJson(new): ApiJson<NewMessage>,
) -> Answer<Posted> {
    let text = MessageText::parse(new.message)?;
    let message = state.app.board.messages().post(&asker.who, &text).await?;
    Ok(Json(Posted { status: "success", id: message.id }))
}

/// One's own messages, newest first.
#[utoipa::path(get, path = "/db/message", tag = "messages", params(PageParams),
    security(("session" = [])),
    responses((status = 200, body = OwnMessages), NoSession, StoreFails))]
pub async fn own_messages(State(state): State<ServerState>, asker: Asker, Paged(page): Paged) -> Borrowed {
    let list = state.app.board.messages().list(&asker.who, Scope::Mine, page).await?;
    let pagination = OwnPageInfo {
        offset: page.offset(),
        limit: page.limit(),
        total: list.pagination.total,
        has_more: list.pagination.has_more(),
        current_page: page.number(),
        total_pages: list.pagination.total_pages(),
    };
    written(&OwnMessages { messages: rows(&list.messages), pagination })
}

/// Everyone's messages, newest first.
#[utoipa::path(get, path = "/db/messages", tag = "messages", params(PageParams),
    security(("session" = [])),
    responses((status = 200, body = Messages), NoSession, StoreFails))]
pub async fn all_messages(State(state): State<ServerState>, asker: Asker, Paged(page): Paged) -> Borrowed {
    let list = state.app.board.messages().list(&asker.who, Scope::Everyone, page).await?;
    written(&Messages { messages: rows(&list.messages), pagination: list.pagination.into() })
}

/// Messages that contain `q`, newest first; an empty `q` finds nothing.
#[utoipa::path(get, path = "/db/messages/search", tag = "messages",
    params(("q" = Option<String>, Query, description = "1 to 200 characters, taken literally"), PageParams),
    security(("session" = [])),
    responses((status = 200, body = Found),
        (status = 400, description = "`q` is longer than 200 characters", body = ErrorBody), NoSession, StoreFails))]
pub async fn search_messages(
    State(state): State<ServerState>,
    asker: Asker,
    Searched { text, page }: Searched,
) -> Borrowed {
    let Some(query) = SearchQuery::parse(&text)? else {
        let pagination = found_pages(page, 0, TotalRelation::Eq);
        return written(&Found { results: Vec::new(), pagination });
    };
    let found = state.app.board.search().search(&asker.who, &query, page).await?;
    let json = found.written(|found| {
        let results = found.hits.iter().map(|hit| (&hit.message).into()).collect();
        json(&Found { results, pagination: found_pages(found.page, found.total, found.relation) })
    });
    Ok(as_json(Bytes::from_owner(json)))
}

fn found_pages(page: PageRequest, total: u64, relation: TotalRelation) -> PageInfo {
    let total_relation = match relation {
        TotalRelation::Eq => "eq",
        TotalRelation::Gte => "gte",
    };
    PageInfo { total_relation: Some(total_relation), ..Pagination::new(page, total).into() }
}

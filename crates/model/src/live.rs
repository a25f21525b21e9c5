use crate::{ApiLogEntry, Message, SampleJob};
use serde::{Deserialize, Serialize};

/// What the live stream (`GET /live`, server-sent events) tells a page: the SSE event name is `kind`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum LiveEvent {
    MessagePosted {
        message: Message,
    },
    MessageDeleted {
        id: i64,
    },
    /// Many messages came or went at once.
    MessagesChanged,
    /// For operators.
    ApiCall {
        entry: ApiLogEntry,
    },
    Samples {
        job: SampleJob,
    },
    /// The session of this stream has ended; the server closes the stream.
    SessionEnded,
}

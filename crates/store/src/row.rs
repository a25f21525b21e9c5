use model::{Message, Timestamp};

/// A message as a row of an engine holds it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row<'r> {
    pub(crate) id: i64,
    pub(crate) text: Option<&'r str>,
    pub(crate) created_at: Option<Timestamp>,
    pub(crate) author: Option<&'r str>,
}

impl Row<'_> {
    pub(crate) fn message(&self) -> Message {
        Message {
            id: self.id,
            text: self.text.map(str::to_owned),
            created_at: self.created_at,
            author: self.author.map(str::to_owned),
        }
    }
}

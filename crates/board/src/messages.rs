use crate::Ports;
use crate::ports::{Audience, Deleted, News};
use crate::sessions::SignedIn;
use model::{BoardError, Code, LiveEvent, Message, MessagePage, MessageText, PageRequest, Scope};

/// Posts, lists and deletes messages.
pub struct Messages {
    ports: Ports,
}

impl Messages {
    pub(crate) fn new(ports: &Ports) -> Self {
        Self { ports: ports.clone() }
    }

    /// Posts a message; what is given back is committed, and the next search finds it.
    ///
    /// # Errors
    /// `Unavailable` when the store is down: nothing was stored.
    #[tracing::instrument(name = "post message", skip_all)]
    pub async fn post(&self, who: &SignedIn, text: &MessageText) -> Result<Message, BoardError> {
        let now = self.ports.clock.now();
        let message = self.ports.store.add_message(&who.username, text, now).await?;
        self.changed(LiveEvent::MessagePosted { message: message.clone() }).await?;
        Ok(message)
    }

    /// Deletes an own message.
    ///
    /// # Errors
    /// `NotFound`; `Forbidden` when it is another's; `Unavailable`.
    #[tracing::instrument(name = "delete message", skip_all)]
    pub async fn delete(&self, who: &SignedIn, id: i64) -> Result<(), BoardError> {
        match self.ports.store.delete_message(id, &who.user_key).await? {
            Deleted::Yes => self.changed(LiveEvent::MessageDeleted { id }).await,
            Deleted::NotYours => Err(Code::Forbidden.into()),
            Deleted::NotThere => Err(Code::NotFound.into()),
        }
    }

    /// # Errors
    /// `Unavailable`.
    #[tracing::instrument(name = "list messages", skip_all)]
    pub async fn list(&self, who: &SignedIn, scope: Scope, page: PageRequest) -> Result<MessagePage, BoardError> {
        let author = match scope {
            Scope::Everyone => None,
            Scope::Mine => Some(&*who.user_key),
        };
        Ok(self.ports.store.list_messages(author, page).await?)
    }

    /// After a committed change: cached searches end, open pages hear of it.
    async fn changed(&self, event: LiveEvent) -> Result<(), BoardError> {
        self.ports.search_cache.end_generation().await?;
        self.ports.live.publish(News { audience: Audience::Everyone, event });
        Ok(())
    }
}

use crate::Ports;
use crate::ports::{Audience, Deleted, Happened, News};
use crate::sessions::SignedIn;
use model::{BoardError, Code, LiveEvent, Message, MessagePage, MessageText, PageRequest, Scope};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;
use tracing::Instrument;

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
    /// `Unavailable` when an engine is down: nothing was stored; `Unconfirmed` when it may be.
    #[tracing::instrument(name = "post message", skip_all)]
    pub async fn post(&self, who: &SignedIn, text: &MessageText) -> Result<Message, BoardError> {
        let (now, author, text) = (self.ports.clock.now(), who.username.clone(), text.clone());
        self.change(|ports| async move {
            let message = ports.store.add_message(&author, &text, now).await?;
            ports.meter.happened(Happened::MessagePosted);
            Ok((LiveEvent::MessagePosted { message: message.clone() }, message))
        })
        .await
    }

    /// Deletes an own message.
    ///
    /// # Errors
    /// `NotFound`; `Forbidden` when it is another's; `Unavailable`.
    #[tracing::instrument(name = "delete message", skip_all)]
    pub async fn delete(&self, who: &SignedIn, id: i64) -> Result<(), BoardError> {
        let author = who.user_key.clone();
        self.change(move |ports| async move {
            match ports.store.delete_message(id, &author).await? {
                Deleted::Yes => Ok((LiveEvent::MessageDeleted { id }, ())),
                Deleted::NotYours => Err(Code::Forbidden.into()),
                Deleted::NotThere => Err(Code::NotFound.into()),
            }
        })
        .await
    }

    /// # Errors
    /// `Unavailable`.
    #[tracing::instrument(name = "list messages", skip_all)]
    pub async fn list(&self, who: &SignedIn, scope: Scope, page: PageRequest) -> Result<Arc<MessagePage>, BoardError> {
        let author = match scope {
            Scope::Everyone => None,
            Scope::Mine => Some(&*who.user_key),
        };
        Ok(self.ports.store.list_messages(author, page).await?)
    }

    /// Makes a change that cached searches and open pages must hear of. It goes on to its end when its caller goes.
    async fn change<T, F>(&self, make: impl FnOnce(Ports) -> F) -> Result<T, BoardError>
    where
        T: Send + 'static,
        F: Future<Output = Result<(LiveEvent, T), BoardError>> + Send + 'static,
    {
        let ports = self.ports.clone();
        let make = make(ports.clone());
        let change = async move {
            // Asked first: when the cache could not be told just now, nothing is stored.
            ports.search_cache.ready().await?;
            let made = make.await;
            // The cache did not hear of it, or the change may come yet; a refused one will not.
            let unknown = made.as_ref().is_err_and(|error| matches!(error.code, Code::Unavailable | Code::Unconfirmed));
            if ports.search_cache.end_generation().await.is_err() || unknown {
                tokio::spawn(end_later(ports.clone()));
            }
            let (event, value) = made?;
            ports.live.publish(News { audience: Audience::Everyone, event });
            Ok(value)
        };
        tokio::spawn(change.in_current_span()).await.map_err(|_| Code::Internal)?
    }
}

/// Ends cached searches until the cache has heard of it, and once more when the slowest change has come.
async fn end_later(ports: Ports) {
    const AGAIN: Duration = Duration::from_secs(1);
    const SLOWEST: Duration = Duration::from_secs(5);
    for wait in [Duration::ZERO, SLOWEST] {
        sleep(wait).await;
        while ports.search_cache.end_generation().await.is_err() {
            sleep(AGAIN).await;
        }
    }
}

//! A page that many ask for at once is read once for all of them. Whoever comes while it is being read waits for the next
//! reading: nobody sees a state that is older than the own request.

use super::connections::{BUDGET, Connections, Patience};
use super::{failure, list};
use board::ports::PortError;
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use model::{MessagePage, PageRequest};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;
use tokio::time::timeout;
use tracing::Span;

/// An author's messages, or everyone's; and which of their pages.
type Page = (Option<String>, PageRequest);

struct Reader {
    span: Span,
    reply: oneshot::Sender<Result<MessagePage, PortError>>,
}

#[derive(Clone)]
pub(super) struct SharedPages {
    connections: Connections,
    /// The pages that are being read, and who waits for their next reading.
    waiting: Arc<Mutex<HashMap<Page, Vec<Reader>>>>,
}

impl SharedPages {
    pub(super) fn new(connections: Connections) -> Self {
        Self { connections, waiting: Arc::default() }
    }

    pub(super) async fn page(&self, author_key: Option<&str>, page: PageRequest) -> Result<MessagePage, PortError> {
        let (reply, answer) = oneshot::channel();
        if let Some(page) = self.ask((author_key.map(str::to_owned), page), Reader { span: Span::current(), reply }) {
            // Goes on when this reader leaves: others may wait for it.
            tokio::spawn(self.clone().read(page));
        }
        let answer = timeout(BUDGET, answer).await.map_err(|_| failure("no answer within 1.8 s"))?;
        answer.map_err(failure)?
    }

    /// Puts a reader to those who wait; gives the page when nobody reads it.
    fn ask(&self, page: Page, reader: Reader) -> Option<Page> {
        match self.lock().entry(page) {
            Entry::Occupied(mut waiting) => {
                waiting.get_mut().push(reader);
                None
            }
            Entry::Vacant(place) => {
                let page = place.key().clone();
                place.insert(vec![reader]);
                Some(page)
            }
        }
    }

    /// Reads the page until nobody waits for it any more.
    async fn read(self, page: Page) {
        while let Some(mut readers) = self.next(&page) {
            readers.retain(|reader| !reader.reply.is_closed());
            if readers.is_empty() {
                continue;
            }
            let spans = readers.iter().map(|reader| reader.span.clone()).collect();
            let wanted = page.clone();
            let read = self
                .connections
                .run_for(spans, Patience::Request, move |sql| list::page(sql, wanted.0.as_deref(), wanted.1));
            let read = read.await.map_err(|error| Arc::<dyn std::error::Error + Send + Sync>::from(error.source));
            for Reader { reply, .. } in readers {
                let _ = reply.send(read.clone().map_err(failure));
            }
        }
    }

    fn next(&self, page: &Page) -> Option<Vec<Reader>> {
        let mut waiting = self.lock();
        let readers = std::mem::take(waiting.get_mut(page)?);
        if readers.is_empty() {
            waiting.remove(page);
            return None;
        }
        Some(readers)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Page, Vec<Reader>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

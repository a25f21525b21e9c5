//! A page that many ask for at once is read once for all of them. Whoever comes while it is being read waits for the next
//! reading: nobody sees a state that is older than the own request. Where that does not go well, each reads alone.

use super::connections::{BUDGET, Connections, Patience};
use super::{failure, list};
use board::ports::PortError;
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use model::{MessagePage, PageRequest};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use tokio::time::timeout;
use tracing::Span;

/// The longest wait for a reading to begin: a slow one is not waited for.
const TURN: Duration = Duration::from_millis(100);

/// An author's messages, or everyone's; and which of their pages.
type Page = (Option<String>, PageRequest);

struct Reader {
    turn: Arc<Turn>,
    /// Dropped when the reading failed.
    reply: oneshot::Sender<Arc<MessagePage>>,
}

/// The span of one who waits for a reading to begin: whichever comes first takes it, the reading or the one who gives up.
/// Nobody holds on to it then who has nothing to do with the answer.
struct Turn(Mutex<Option<Span>>);

impl Turn {
    fn take(&self) -> Option<Span> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Gives the turn up when nobody waits for it any more.
struct Waiting(Arc<Turn>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.take();
    }
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

    pub(super) async fn page(
        &self,
        author_key: Option<&str>,
        page: PageRequest,
    ) -> Result<Arc<MessagePage>, PortError> {
        let (asked, page) = (Instant::now(), (author_key.map(str::to_owned), page));
        if let Some(found) = self.shared(page.clone()).await {
            return Ok(found);
        }
        let alone = self.read(vec![Span::current()], page);
        timeout(BUDGET.saturating_sub(asked.elapsed()), alone).await.map_err(|_| failure("no answer within 1.8 s"))?
    }

    /// `None` when it did not begin soon, or failed.
    async fn shared(&self, page: Page) -> Option<Arc<MessagePage>> {
        let (reply, mut answer) = oneshot::channel();
        let waiting = Waiting(Arc::new(Turn(Mutex::new(Some(Span::current())))));
        if self.ask(&page, Reader { turn: Arc::clone(&waiting.0), reply }) {
            // Goes on when this reader leaves: others may wait for it.
            tokio::spawn(self.clone().read_while_asked(page));
        }
        match timeout(TURN, &mut answer).await {
            Err(_) if waiting.0.take().is_none() => answer.await.ok(),
            answered => answered.ok()?.ok(),
        }
    }

    /// Puts a reader to those who wait; whether nobody reads the page yet.
    fn ask(&self, page: &Page, reader: Reader) -> bool {
        match self.lock().entry(page.clone()) {
            Entry::Occupied(mut waiting) => {
                waiting.get_mut().push(reader);
                false
            }
            Entry::Vacant(place) => {
                place.insert(vec![reader]);
                true
            }
        }
    }

    async fn read_while_asked(self, page: Page) {
        while let Some(readers) = self.next(&page) {
            let still_there = readers.into_iter().filter_map(|reader| Some((reader.turn.take()?, reader.reply)));
            let (spans, replies): (Vec<_>, Vec<_>) = still_there.unzip();
            if !replies.is_empty()
                && let Ok(found) = self.read(spans, page.clone()).await
            {
                for reply in replies {
                    let _ = reply.send(Arc::clone(&found));
                }
            }
        }
    }

    /// Who waits now; `None` when nobody does, and the page is not being read any more.
    fn next(&self, page: &Page) -> Option<Vec<Reader>> {
        let mut waiting = self.lock();
        let readers = std::mem::take(waiting.get_mut(page)?);
        if readers.is_empty() {
            waiting.remove(page);
            return None;
        }
        Some(readers)
    }

    async fn read(&self, callers: Vec<Span>, (author_key, page): Page) -> Result<Arc<MessagePage>, PortError> {
        let read = self
            .connections
            .run_for(callers, Patience::Request, move |sql| list::page(sql, author_key.as_deref(), page).map(Arc::new));
        read.await
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Page, Vec<Reader>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

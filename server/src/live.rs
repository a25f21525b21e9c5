//! `GET /live`: news for a browser's open pages, as server-sent events, for as long as its session lasts.

use crate::problem::Problem;
use crate::state::ServerState;
use app::context::RequestContext;
use axum::Extension;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use board::SignedIn;
use board::ports::{Audience, News};
use futures::stream::{self, Stream};
use futures::{StreamExt, future};
use model::{Code, LiveEvent, SampleJob};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Interval, interval};

/// How often a stream looks whether its session still lives: it may expire without news.
const SESSION_CHECK: Duration = Duration::from_secs(15);

pub async fn live(State(state): State<ServerState>, Extension(context): Extension<RequestContext>) -> Response {
    let Some(who) = context.signed_in else { return Problem::from(Code::Unauthenticated).into_response() };
    let news = state.app.board.ports().live.subscribe();
    let listener = Listener {
        news,
        // A short job may have ended between the page and its stream.
        samples: state.app.board.samples().current(),
        operator: state.app.board.accounts().is_operator(&who, &context.caller),
        check: interval(SESSION_CHECK),
        state,
        who,
        over: false,
    };
    Sse::new(listener.into_stream()).keep_alive(KeepAlive::new().interval(Duration::from_secs(10))).into_response()
}

/// A stream without news, which ends with the server: `make watch`.
pub async fn never(State(state): State<ServerState>) -> Response {
    let end = async move { state.draining.cancelled().await };
    let nothing = stream::once(end).filter_map(|()| future::ready(None::<Result<Event, Infallible>>));
    Sse::new(nothing).into_response()
}

struct Listener {
    state: ServerState,
    who: SignedIn,
    operator: bool,
    news: Receiver<Arc<News>>,
    samples: Option<SampleJob>,
    check: Interval,
    over: bool,
}

impl Listener {
    fn into_stream(self) -> impl Stream<Item = Result<Event, Infallible>> {
        stream::unfold(self, |mut listener| async move {
            if listener.over {
                return None;
            }
            let event = listener.next().await?;
            Some((Ok(event), listener))
        })
    }

    /// The next event for this listener; `None` when the server drains.
    async fn next(&mut self) -> Option<Event> {
        if let Some(job) = self.samples.take() {
            return Some(event(&LiveEvent::Samples { job }));
        }
        loop {
            tokio::select! {
                () = self.state.draining.cancelled() => return None,
                _ = self.check.tick() => {
                    if !self.session_lives().await {
                        return Some(self.end());
                    }
                }
                news = self.news.recv() => match news {
                    Ok(news) if news.event == LiveEvent::SessionEnded => {
                        if self.hears(&news.audience) {
                            return Some(self.end());
                        }
                    }
                    Ok(news) if self.hears(&news.audience) => return Some(event(&news.event)),
                    Ok(_) => {}
                    Err(RecvError::Lagged(_)) => return Some(event(&LiveEvent::MessagesChanged)),
                    Err(RecvError::Closed) => return None,
                },
            }
        }
    }

    fn hears(&self, audience: &Audience) -> bool {
        match audience {
            Audience::Everyone => true,
            Audience::Operators => self.operator,
            Audience::User(key) => **key == *self.who.user_key,
            Audience::Session(id) => *id == self.who.session.id,
        }
    }

    async fn session_lives(&self) -> bool {
        let sessions = self.state.app.board.sessions().list(&self.who).await;
        // One that can't be asked about is not known to have ended.
        sessions.map_or(true, |sessions| sessions.iter().any(|session| session.current))
    }

    fn end(&mut self) -> Event {
        self.over = true;
        event(&LiveEvent::SessionEnded)
    }
}

fn event(event: &LiveEvent) -> Event {
    let data = serde_json::to_string(event).unwrap_or_default();
    let name = match event {
        LiveEvent::MessagePosted { .. } => "message_posted",
        LiveEvent::MessageDeleted { .. } => "message_deleted",
        LiveEvent::MessagesChanged => "messages_changed",
        LiveEvent::ApiCall { .. } => "api_call",
        LiveEvent::Samples { .. } => "samples",
        LiveEvent::SessionEnded => "session_ended",
    };
    Event::default().event(name).data(data)
}

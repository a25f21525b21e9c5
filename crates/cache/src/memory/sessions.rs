use async_trait::async_trait;
use board::MAX_SESSIONS_PER_USER;
use board::ports::{Engine, PortError, Session, SessionStore, TokenHash};
use model::Timestamp;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Sessions by user key.
#[derive(Default)]
pub struct MemorySessions(Mutex<State>);

#[derive(Default)]
struct State {
    users: HashMap<String, Vec<(TokenHash, Arc<Session>)>>,
    added_since_purge: u32,
}

/// Expired sessions are swept once in this many log-ins.
const PURGE_EVERY: u32 = 1000;

/// A session's last activity is exact to this many milliseconds, which spares a write per request.
const ACTIVITY_RESOLUTION_MS: i64 = 1000;

impl MemorySessions {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Memory is always there.
#[async_trait]
impl Engine for MemorySessions {
    fn name(&self) -> &'static str {
        "memory"
    }

    async fn ping(&self) -> Result<(), PortError> {
        Ok(())
    }
}

#[async_trait]
impl SessionStore for MemorySessions {
    async fn add(&self, user_key: &str, token: TokenHash, session: Session) -> Result<Vec<String>, PortError> {
        let mut state = self.lock();
        let now = session.login_at;
        state.added_since_purge += 1;
        if state.added_since_purge >= PURGE_EVERY {
            state.added_since_purge = 0;
            state.users.retain(|_, sessions| {
                sessions.retain(|(_, session)| session.expires_at > now);
                !sessions.is_empty()
            });
        }
        let sessions = state.users.entry(user_key.to_owned()).or_default();
        sessions.retain(|(_, session)| session.expires_at > now);
        let mut gone = Vec::new();
        if sessions.len() >= MAX_SESSIONS_PER_USER {
            sessions.sort_by_key(|(_, session)| session.last_activity);
            gone.push(sessions.remove(0).1.id.clone());
        }
        sessions.push((token, Arc::new(session)));
        Ok(gone)
    }

    async fn touch(
        &self,
        user_key: &str,
        token: &TokenHash,
        now: Timestamp,
        ttl_s: i64,
    ) -> Result<Option<Arc<Session>>, PortError> {
        let mut state = self.lock();
        let found =
            state.users.get_mut(user_key).and_then(|sessions| sessions.iter_mut().find(|(hash, _)| hash == token));
        let Some((_, session)) = found.filter(|(_, session)| session.expires_at > now) else { return Ok(None) };
        if now.as_millis() - session.last_activity.as_millis() >= ACTIVITY_RESOLUTION_MS {
            let touched = Session { last_activity: now, expires_at: now.plus_seconds(ttl_s), ..(**session).clone() };
            *session = Arc::new(touched);
        }
        Ok(Some(Arc::clone(session)))
    }

    async fn list(&self, user_key: &str, now: Timestamp) -> Result<Vec<Arc<Session>>, PortError> {
        let state = self.lock();
        let sessions = state.users.get(user_key).map(Vec::as_slice).unwrap_or_default();
        let mut live: Vec<Arc<Session>> =
            sessions.iter().map(|(_, session)| Arc::clone(session)).filter(|s| s.expires_at > now).collect();
        live.sort_by_key(|session| std::cmp::Reverse(session.last_activity));
        Ok(live)
    }

    async fn end(&self, user_key: &str, id: &str) -> Result<bool, PortError> {
        let mut state = self.lock();
        let Some(sessions) = state.users.get_mut(user_key) else { return Ok(false) };
        let before = sessions.len();
        sessions.retain(|(_, session)| session.id != id);
        Ok(sessions.len() < before)
    }

    async fn end_others(&self, user_key: &str, keep_id: Option<&str>) -> Result<Vec<String>, PortError> {
        let mut state = self.lock();
        let Some(sessions) = state.users.get_mut(user_key) else { return Ok(Vec::new()) };
        let keeps = |session: &Session| keep_id == Some(session.id.as_str());
        let ended = sessions.iter().filter(|(_, session)| !keeps(session)).map(|(_, session)| session.id.clone());
        let ended = ended.collect();
        sessions.retain(|(_, session)| keeps(session));
        Ok(ended)
    }
}

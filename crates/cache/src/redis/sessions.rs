use super::ENGINE;
use super::connection::{Connection, Name};
use async_trait::async_trait;
use board::MAX_SESSIONS_PER_USER;
use board::ports::{Engine, PortError, Session, SessionStore, TokenHash};
use model::{Timestamp, Username};
use redis::{Script, cmd, pipe};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

/// A hash for each user, `session:{user key}`: by the token's hash, the session with its own expiry inside. The whole
/// expires with the last of its sessions.
pub struct RedisSessions(Connection);

/// A session's last activity is exact to this many milliseconds, which spares a write per request.
const ACTIVITY_RESOLUTION_MS: i64 = 1000;

/// Only what is still there is written anew: a session that was ended meanwhile does not come back.
static REPLACE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return 0 end
         redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
         redis.call('PEXPIRE', KEYS[1], ARGV[3])
         return 1",
    )
});

#[derive(Serialize, Deserialize)]
struct Stored {
    id: String,
    username: String,
    browser_id: String,
    user_agent: String,
    /// Milliseconds since 1970, like the other times.
    login_at: i64,
    last_activity: i64,
    expires_at: i64,
}

impl From<&Session> for Stored {
    fn from(session: &Session) -> Self {
        Self {
            id: session.id.clone(),
            username: session.username.to_string(),
            browser_id: session.browser_id.clone(),
            user_agent: session.user_agent.clone(),
            login_at: session.login_at.as_millis(),
            last_activity: session.last_activity.as_millis(),
            expires_at: session.expires_at.as_millis(),
        }
    }
}

impl From<Stored> for Session {
    fn from(stored: Stored) -> Self {
        Self {
            id: stored.id,
            username: Username::stored(stored.username),
            browser_id: stored.browser_id,
            user_agent: stored.user_agent,
            login_at: Timestamp::from_millis(stored.login_at),
            last_activity: Timestamp::from_millis(stored.last_activity),
            expires_at: Timestamp::from_millis(stored.expires_at),
        }
    }
}

fn key(user_key: &str) -> String {
    format!("session:{user_key}")
}

fn field(token: &TokenHash) -> String {
    token.iter().fold(String::with_capacity(64), |mut hex, byte| {
        for nibble in [byte >> 4, byte & 15] {
            hex.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
        }
        hex
    })
}

fn write(session: &Session) -> String {
    // Texts and numbers always are JSON.
    serde_json::to_string(&Stored::from(session)).unwrap_or_default()
}

/// What is not a session counts as none.
fn read(text: &str) -> Option<Session> {
    serde_json::from_str::<Stored>(text).ok().map(Session::from)
}

const fn named(operation: &'static str) -> Name {
    Name { operation, key: "session" }
}

impl RedisSessions {
    pub(super) const fn new(connection: Connection) -> Self {
        Self(connection)
    }

    /// All of a user's sessions, by the field under which they stand.
    async fn all(&self, user_key: &str) -> Result<Vec<(String, Session)>, PortError> {
        let all: HashMap<String, String> = self.0.command(named("HGETALL"), cmd("HGETALL").arg(key(user_key))).await?;
        Ok(all.into_iter().filter_map(|(field, text)| Some((field, read(&text)?))).collect())
    }

    async fn remove(&self, user_key: &str, fields: &[String]) -> Result<u64, PortError> {
        if fields.is_empty() {
            return Ok(0);
        }
        self.0.command(named("HDEL"), cmd("HDEL").arg(key(user_key)).arg(fields)).await
    }
}

#[async_trait]
impl Engine for RedisSessions {
    fn name(&self) -> &'static str {
        ENGINE
    }

    /// A server that is full or only follows another one takes nothing.
    async fn ping(&self) -> Result<(), PortError> {
        let name = Name { operation: "SET", key: "glassboard_ping" };
        self.0.command(name, cmd("SET").arg("glassboard_ping").arg(1).arg("EX").arg(60)).await
    }
}

#[async_trait]
impl SessionStore for RedisSessions {
    async fn add(&self, user_key: &str, token: TokenHash, session: Session) -> Result<Vec<String>, PortError> {
        let now = session.login_at;
        let (mut live, over): (Vec<_>, Vec<_>) =
            self.all(user_key).await?.into_iter().partition(|(_, session)| session.expires_at > now);
        live.sort_by_key(|(_, session)| session.last_activity);
        let surplus = (live.len() + 1).saturating_sub(MAX_SESSIONS_PER_USER);
        let evicted: Vec<(String, Session)> = live.drain(..surplus).collect();
        let mut change = pipe();
        change.atomic();
        let fields: Vec<&String> = over.iter().chain(&evicted).map(|(field, _)| field).collect();
        if !fields.is_empty() {
            change.cmd("HDEL").arg(key(user_key)).arg(fields).ignore();
        }
        let lasts_ms = session.expires_at.as_millis() - now.as_millis();
        change.cmd("HSET").arg(key(user_key)).arg(field(&token)).arg(write(&session)).ignore();
        change.cmd("PEXPIRE").arg(key(user_key)).arg(lasts_ms).ignore();
        self.0.pipeline::<()>(named("HSET"), &change).await?;
        Ok(evicted.into_iter().map(|(_, session)| session.id).collect())
    }

    async fn touch(
        &self,
        user_key: &str,
        token: &TokenHash,
        now: Timestamp,
        ttl_s: i64,
    ) -> Result<Option<Arc<Session>>, PortError> {
        let text: Option<String> =
            self.0.command(named("HGET"), cmd("HGET").arg(key(user_key)).arg(field(token))).await?;
        let found = text.as_deref().and_then(read).filter(|session| session.expires_at > now);
        let Some(session) = found else { return Ok(None) };
        if now.as_millis() - session.last_activity.as_millis() < ACTIVITY_RESOLUTION_MS {
            return Ok(Some(Arc::new(session)));
        }
        let touched = Session { last_activity: now, expires_at: now.plus_seconds(ttl_s), ..session.clone() };
        let mut replace = REPLACE.prepare_invoke();
        replace.key(key(user_key)).arg(field(token)).arg(write(&touched)).arg(ttl_s * 1000);
        match self.0.script(named("HSET"), &replace).await {
            Ok(true) => Ok(Some(Arc::new(touched))),
            Ok(false) => Ok(None),
            // It was there a moment ago; a full Redis only takes nothing.
            Err(_) => Ok(Some(Arc::new(session))),
        }
    }

    async fn list(&self, user_key: &str, now: Timestamp) -> Result<Vec<Arc<Session>>, PortError> {
        let all = self.all(user_key).await?.into_iter().map(|(_, session)| Arc::new(session));
        let mut live: Vec<Arc<Session>> = all.filter(|session| session.expires_at > now).collect();
        live.sort_by_key(|session| std::cmp::Reverse(session.last_activity));
        Ok(live)
    }

    async fn end(&self, user_key: &str, id: &str) -> Result<bool, PortError> {
        let all = self.all(user_key).await?;
        let fields: Vec<String> = all.into_iter().filter(|(_, session)| session.id == id).map(|(f, _)| f).collect();
        Ok(self.remove(user_key, &fields).await? > 0)
    }

    async fn end_others(&self, user_key: &str, keep_id: Option<&str>) -> Result<Vec<String>, PortError> {
        let all = self.all(user_key).await?.into_iter();
        let (fields, ids): (Vec<String>, Vec<String>) = all
            .filter(|(_, session)| keep_id != Some(session.id.as_str()))
            .map(|(field, session)| (field, session.id))
            .unzip();
        self.remove(user_key, &fields).await?;
        Ok(ids)
    }
}

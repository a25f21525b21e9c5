use crate::Ports;
use crate::fold::user_key;
use crate::ports::{Audience, News, Session, TokenHash};
use model::{BoardError, Code, LiveEvent, SessionSummary, Username};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::sync::Arc;

/// How long a session lasts after its last use.
pub const SESSION_TTL_S: i64 = 3600;
/// Beyond this many sessions of a user the least recently used one ends.
pub const MAX_SESSIONS_PER_USER: usize = 20;

/// What the door knows about a request.
#[derive(Debug, Clone, Default)]
pub struct Caller {
    /// The client's address, behind trusted proxies too.
    pub address: Arc<str>,
    pub user_agent: Arc<str>,
    /// The visitor cookie's hash.
    pub browser_id: Arc<str>,
    /// A request to an embedded server from its own machine: every signed-in user is an operator then.
    pub local: bool,
}

/// A session's secret: 256 random bits, 64 hexadecimal digits. Only its hash is stored.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionToken {
    secret: String,
    hash: TokenHash,
}

impl SessionToken {
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        (text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit())).then(|| Self::new(text.to_owned()))
    }

    fn new(secret: String) -> Self {
        Self { hash: Sha256::digest(secret.as_bytes()).into(), secret }
    }

    #[must_use]
    pub fn expose(&self) -> &str {
        &self.secret
    }
}

/// A signed-in user with the session that says so.
#[derive(Debug, Clone)]
pub struct SignedIn {
    pub username: Username,
    pub user_key: Arc<str>,
    pub session: Arc<Session>,
}

/// Starts, resumes, lists and ends sessions.
#[derive(Clone)]
pub struct Sessions {
    ports: Ports,
}

impl Sessions {
    pub(crate) fn new(ports: &Ports) -> Self {
        Self { ports: ports.clone() }
    }

    pub(crate) async fn start(
        &self,
        username: Username,
        caller: &Caller,
    ) -> Result<(SessionToken, SignedIn), BoardError> {
        let token = SessionToken::new(hex(&self.ports.random.bytes()?));
        let id = hex(&self.ports.random.bytes()?[..8]);
        let now = self.ports.clock.now();
        let session = Session {
            id,
            username: username.clone(),
            browser_id: caller.browser_id.to_string(),
            user_agent: caller.user_agent.chars().take(256).collect(),
            login_at: now,
            last_activity: now,
            expires_at: now.plus_seconds(SESSION_TTL_S),
        };
        let key = user_key(&username);
        for gone in self.ports.sessions.add(&key, token.hash, session.clone()).await? {
            self.announce_end(&gone);
        }
        Ok((token, SignedIn { username, user_key: key.into(), session: Arc::new(session) }))
    }

    /// The session of this token, if it lives; its hour starts anew.
    ///
    /// # Errors
    /// `Unavailable` when sessions can't be checked.
    pub async fn resume(&self, key: &Arc<str>, token: &SessionToken) -> Result<Option<SignedIn>, BoardError> {
        let now = self.ports.clock.now();
        let session = self.ports.sessions.touch(key, &token.hash, now, SESSION_TTL_S).await?;
        Ok(session.map(|session| SignedIn { username: session.username.clone(), user_key: Arc::clone(key), session }))
    }

    /// The user's own sessions, most recently used first.
    ///
    /// # Errors
    /// `Unavailable` when sessions can't be read.
    pub async fn list(&self, who: &SignedIn) -> Result<Vec<SessionSummary>, BoardError> {
        let sessions = self.ports.sessions.list(&who.user_key, self.ports.clock.now()).await?;
        let summary = |session: Arc<Session>| SessionSummary {
            id: session.id.clone(),
            user_agent: session.user_agent.clone(),
            login_at: session.login_at,
            last_activity: session.last_activity,
            current: session.id == who.session.id,
        };
        Ok(sessions.into_iter().map(summary).collect())
    }

    /// Ends one of the user's own sessions; logging out is ending the current one.
    ///
    /// # Errors
    /// `NotFound` when it is not one of theirs; `Unavailable`.
    pub async fn end(&self, who: &SignedIn, id: &str) -> Result<(), BoardError> {
        if !self.ports.sessions.end(&who.user_key, id).await? {
            return Err(Code::NotFound.into());
        }
        self.announce_end(id);
        Ok(())
    }

    /// Ends all of a user's sessions but the one with this id.
    pub(crate) async fn end_others(&self, key: &str, keep_id: Option<&str>) -> Result<(), BoardError> {
        for id in self.ports.sessions.end_others(key, keep_id).await? {
            self.announce_end(&id);
        }
        Ok(())
    }

    fn announce_end(&self, id: &str) {
        self.ports.live.publish(News { audience: Audience::Session(id.to_owned()), event: LiveEvent::SessionEnded });
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

use crate::fold::user_key;
use crate::login_limit::LoginLimit;
use crate::passwords::Passwords;
use crate::ports::{Happened, User};
use crate::sessions::{Caller, SessionToken, Sessions, SignedIn};
use crate::strangers::Strangers;
use crate::{Operators, Ports};
use model::{Account, BoardError, Code, Password, Username};

/// Registers, signs in and out, changes passwords.
pub struct Accounts {
    ports: Ports,
    sessions: Sessions,
    operators: Operators,
    passwords: Passwords,
    limit: LoginLimit,
    strangers: Strangers,
}

impl Accounts {
    pub(crate) fn new(ports: &Ports, sessions: Sessions, operators: Operators, passwords: Passwords) -> Self {
        Self {
            ports: ports.clone(),
            strangers: Strangers::new(ports, sessions.clone()),
            sessions,
            operators,
            passwords,
            limit: LoginLimit::default(),
        }
    }

    /// Registers a user. `min_chars` is the door's: 8 in the UI, 1 on the REST path.
    ///
    /// # Errors
    /// `CredentialsRequired`, `InvalidUsername`, `InvalidPassword`, `UsernameReserved` (an operator's name),
    /// `UsernameTaken`, `Unavailable`.
    #[tracing::instrument(name = "register", skip_all)]
    pub async fn register(&self, username: &str, password: String, min_chars: usize) -> Result<Username, BoardError> {
        let (username, password) = (Username::parse(username)?, Password::parse(password, min_chars)?);
        if self.operators.is_listed(&username) {
            return Err(Code::UsernameReserved.into());
        }
        self.add(username, &password).await
    }

    /// Adds a user without asking whether the name is reserved: for the command line.
    ///
    /// # Errors
    /// `CredentialsRequired`, `InvalidUsername`, `InvalidPassword`, `UsernameTaken`, `Unavailable`.
    pub async fn add_user(&self, username: &str, password: String) -> Result<Username, BoardError> {
        let password = Password::parse(password, Password::MIN_CHARS_IN_UI)?;
        self.add(Username::parse(username)?, &password).await
    }

    async fn add(&self, username: Username, password: &Password) -> Result<Username, BoardError> {
        let key = user_key(&username);
        if self.ports.store.user(&key).await?.is_some() {
            return Err(Code::UsernameTaken.into());
        }
        let user = User { username, password_hash: self.passwords.hash(password).await? };
        if !self.ports.store.add_user(&user, &key, self.ports.clock.now()).await? {
            return Err(Code::UsernameTaken.into());
        }
        self.ports.meter.happened(Happened::Registered);
        tracing::info!(event.name = "user.registered", "registered");
        Ok(user.username)
    }

    /// Signs in and starts a session.
    ///
    /// # Errors
    /// `CredentialsRequired` when either is empty; `InvalidCredentials`, the same and as late for an unknown user as for
    /// a wrong password; `TooManyRequests` after repeated failures from one address; `Unavailable`.
    #[tracing::instrument(name = "log in", skip_all)]
    pub async fn log_in(
        &self,
        username: &str,
        password: String,
        caller: &Caller,
    ) -> Result<(SessionToken, SignedIn), BoardError> {
        if username.trim().is_empty() || password.is_empty() {
            return Err(Code::CredentialsRequired.into());
        }
        let tried = self.try_log_in(username, password, caller).await;
        match &tried {
            Ok(_) => {
                self.ports.meter.happened(Happened::LoggedIn);
                tracing::info!(event.name = "login.succeeded", client.address = %caller.address, "log-in succeeded");
            }
            Err(error) if matches!(error.code, Code::InvalidCredentials | Code::TooManyRequests) => {
                self.ports.meter.happened(Happened::LogInFailed);
                let reason = error.code.as_str();
                tracing::warn!(event.name = "login.failed", reason, client.address = %caller.address, "log-in failed");
            }
            Err(_) => {}
        }
        tried
    }

    async fn try_log_in(
        &self,
        username: &str,
        password: String,
        caller: &Caller,
    ) -> Result<(SessionToken, SignedIn), BoardError> {
        let said = Username::said(username).zip(Password::parse(password, 1).ok());
        let Some((username, password)) = said else { return Err(Code::InvalidCredentials.into()) };
        let key = user_key(&username);
        let now = self.ports.clock.now();
        self.limit.begin(&key, &caller.address, now)?;
        let user = self.ports.store.user(&key).await.inspect_err(|_| self.limit.unasked(&key, &caller.address))?;
        let stored = user.as_ref().map(|user| user.password_hash.as_str());
        let verified = self.passwords.verify(&password, stored).await;
        if !verified.inspect_err(|_| self.limit.unasked(&key, &caller.address))? {
            return Err(Code::InvalidCredentials.into());
        }
        self.limit.succeeded(&key, &caller.address);
        let renewed = match stored {
            Some(hash) if Passwords::is_outdated(hash) => self.renew(&key, &password, hash).await,
            _ => None,
        };
        let shown = user.as_ref().map_or(username, |user| user.username.clone());
        let started = self.sessions.start(shown, caller).await?;
        let hash = renewed.as_deref().or(stored).unwrap_or_default();
        self.strangers.see(&key, hash);
        // The password may have been changed, and its sessions ended, before this one was there.
        let now_stored = self.ports.store.user(&key).await?;
        if now_stored.is_none_or(|user| user.password_hash != hash) {
            // Only this one: whoever changed the password keeps theirs.
            self.ports.sessions.end(&key, &started.1.session.id).await?;
            return Err(Code::InvalidCredentials.into());
        }
        Ok(started)
    }

    /// Changes the user's password and ends their other sessions.
    ///
    /// # Errors
    /// `InvalidCredentials` when the current one is wrong; `InvalidPassword`; `TooManyRequests`; `Unavailable`.
    #[tracing::instrument(name = "change password", skip_all)]
    pub async fn change_password(
        &self,
        who: &SignedIn,
        current: String,
        new: String,
        caller: &Caller,
    ) -> Result<(), BoardError> {
        let new = Password::parse(new, Password::MIN_CHARS_IN_UI)?;
        let current = Password::parse(current, 1).map_err(|_| Code::InvalidCredentials)?;
        let now = self.ports.clock.now();
        self.limit.begin(&who.user_key, &caller.address, now)?;
        let unasked = || self.limit.unasked(&who.user_key, &caller.address);
        let user = self.ports.store.user(&who.user_key).await.inspect_err(|_| unasked())?;
        let stored = user.as_ref().map(|user| user.password_hash.as_str());
        if !self.passwords.verify(&current, stored).await.inspect_err(|_| unasked())? {
            return Err(Code::InvalidCredentials.into());
        }
        self.limit.succeeded(&who.user_key, &caller.address);
        let hash = self.passwords.hash(&new).await?;
        // Somebody else who knew the password may have changed it meanwhile.
        if !self.ports.store.set_password(&who.user_key, &hash, stored).await? {
            return Err(Code::InvalidCredentials.into());
        }
        self.password_changed(&who.user_key, &hash, Some(&who.session.id)).await
    }

    /// Sets a user's password and ends all of their sessions in this process: for the command line.
    ///
    /// # Errors
    /// `NotFound`, `InvalidPassword`, `TooManyRequests`, `Unavailable`.
    pub async fn set_password(&self, username: &str, password: String) -> Result<(), BoardError> {
        let password = Password::parse(password, Password::MIN_CHARS_IN_UI)?;
        let key = user_key(&Username::said(username).ok_or(Code::NotFound)?);
        let hash = self.passwords.hash(&password).await?;
        if !self.ports.store.set_password(&key, &hash, None).await? {
            return Err(Code::NotFound.into());
        }
        self.password_changed(&key, &hash, None).await
    }

    /// Replaces the hash that an older board made of this password; where that fails, the next log-in tries again.
    async fn renew(&self, key: &str, password: &Password, old: &str) -> Option<String> {
        let hash = self.passwords.hash(password).await.ok()?;
        let stored = self.ports.store.set_password(key, &hash, Some(old)).await.ok()?;
        stored.then(|| {
            tracing::info!(event.name = "password.renewed", "an older board's password hash was replaced");
            hash
        })
    }

    async fn password_changed(&self, key: &str, hash: &str, keep: Option<&str>) -> Result<(), BoardError> {
        self.strangers.see(key, hash);
        tracing::info!(event.name = "password.changed", "password changed");
        // The password is another one already.
        self.sessions.end_others(key, keep).await.map_err(|_| Code::Unconfirmed.into())
    }

    /// Another process has changed the store: sessions end of users who are gone or have another password there.
    ///
    /// # Errors
    /// `Unavailable`.
    pub(crate) async fn end_of_strangers(&self) -> Result<(), BoardError> {
        self.strangers.end().await
    }

    /// Whether this user may see what others do. With no operators listed, everybody on a local embedded server may.
    #[must_use]
    pub fn is_operator(&self, who: &SignedIn, caller: &Caller) -> bool {
        self.operators.is_listed(&who.username) || (self.operators.everybody_here() && caller.local)
    }

    /// # Errors
    /// `OperatorsOnly`.
    pub fn require_operator(&self, who: &SignedIn, caller: &Caller) -> Result<(), BoardError> {
        if self.is_operator(who, caller) { Ok(()) } else { Err(Code::OperatorsOnly.into()) }
    }

    #[must_use]
    pub fn account(&self, who: &SignedIn, caller: &Caller) -> Account {
        Account { username: who.username.clone(), operator: self.is_operator(who, caller) }
    }
}

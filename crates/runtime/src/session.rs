//! Sessions with a token: one login for any number of concurrent calls, renewed early, renewed once on 401.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Request;
use reqwest::header::{HeaderName, HeaderValue};
use secrecy::SecretString;
use tokio::sync::{Mutex, MutexGuard};

use crate::auth::{Authenticator, BoxFuture, Fixed, Stamp};
use crate::clock::Clock;
use crate::error::Error;
use crate::operation::Operation;

/// What a login gives.
#[derive(Clone)]
pub struct Credential {
    /// Headers to put on each request; the values are marked sensitive.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// How long it may be used, counted from the login; `None` when the vendor does not say.
    pub lifetime: Option<Duration>,
    /// A token that can be exchanged for a new credential without the password.
    pub refresh: Option<SecretString>,
}

impl Credential {
    /// The same headers as credentials that are never renewed.
    pub fn fixed(&self) -> Fixed {
        self.headers.iter().fold(Fixed::anonymous(), |fixed, (name, value)| fixed.with(name.clone(), value.clone()))
    }
}

impl Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&HeaderName> = self.headers.iter().map(|(name, _)| name).collect();
        f.debug_struct("Credential").field("headers", &names).field("lifetime", &self.lifetime).finish_non_exhaustive()
    }
}

/// How a vendor logs in and out. Implementations make one attempt to log in and say what happened.
pub trait Login: Debug + Send + Sync {
    /// Logs in; `previous` is the credential that is no longer good, if there was one.
    fn login<'a>(&'a self, previous: Option<&'a Credential>) -> BoxFuture<'a, Result<Credential, Error>>;

    /// Logs out. A session that is already gone counts as success.
    fn logout<'a>(&'a self, credential: &'a Credential) -> BoxFuture<'a, Result<(), Error>>;
}

/// A session that logs in when first needed.
#[derive(Debug)]
pub struct TokenSession<L> {
    login: L,
    clock: Arc<dyn Clock>,
    early: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    generation: u64,
    current: Option<Current>,
    /// The last failed login and when it failed, so that many callers make one attempt, not many.
    failed: Option<(Duration, Error)>,
}

#[derive(Debug)]
struct Current {
    credential: Credential,
    renew_at: Option<Duration>,
}

/// For this long a failed login is the answer to everybody who asks; repeated attempts lock accounts.
const FAILURE_HOLDS: Duration = Duration::from_secs(10);

impl<L: Login> TokenSession<L> {
    /// A session that renews its credential `early` before the end of its lifetime.
    pub fn new(login: L, clock: Arc<dyn Clock>, early: Duration) -> Self {
        Self { login, clock, early, state: Mutex::default() }
    }

    /// How the session logs in.
    pub fn login(&self) -> &L {
        &self.login
    }

    /// The state with a credential that is good now.
    async fn ready(&self) -> Result<MutexGuard<'_, State>, Error> {
        let mut state = self.state.lock().await;
        let now = self.clock.monotonic();
        let good = state.current.as_ref().is_some_and(|current| current.renew_at.is_none_or(|at| now < at));
        if !good && let Err(error) = self.renewed(&mut state).await {
            // Renewed early, the old credential is still good for a while; a blip must not end everything.
            if state.current.is_none() || !error.is_transient() {
                return Err(error);
            }
        }
        Ok(state)
    }

    async fn renewed(&self, state: &mut State) -> Result<(), Error> {
        let now = self.clock.monotonic();
        if let Some((at, error)) = &state.failed
            && now < *at + FAILURE_HOLDS
        {
            return Err(error.clone());
        }
        let previous = state.current.as_ref().map(|current| current.credential.clone());
        match self.login.login(previous.as_ref()).await {
            Ok(credential) => {
                let renew_at = credential.lifetime.map(|life| now + life.saturating_sub(self.early).max(life / 2));
                state.current = Some(Current { credential, renew_at });
                state.generation += 1;
                state.failed = None;
                Ok(())
            }
            Err(error) => {
                state.failed = Some((self.clock.monotonic(), error.clone()));
                Err(error)
            }
        }
    }
}

impl<L: Login> Authenticator for TokenSession<L> {
    fn stamp<'a>(&'a self, request: &'a mut Request, _: &'a Operation) -> BoxFuture<'a, Result<Stamp, Error>> {
        Box::pin(async move {
            let state = self.ready().await?;
            for (name, value) in state.current.iter().flat_map(|current| &current.credential.headers) {
                let mut value = value.clone();
                value.set_sensitive(true);
                request.headers_mut().insert(name, value);
            }
            Ok(Stamp(state.generation))
        })
    }

    fn renew(&self, stamp: Stamp) -> BoxFuture<'_, Result<bool, Error>> {
        Box::pin(async move {
            let mut state = self.state.lock().await;
            // Somebody else has renewed since that request was stamped.
            if state.generation == stamp.0 {
                self.renewed(&mut state).await?;
            }
            Ok(true)
        })
    }

    fn open(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async { self.ready().await.map(drop) })
    }

    fn close(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async move {
            let current = self.state.lock().await.current.take();
            match current {
                Some(current) => self.login.logout(&current.credential).await,
                None => Ok(()),
            }
        })
    }
}

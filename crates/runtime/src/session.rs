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
use crate::error::{Error, Kind};
use crate::operation::Operation;

/// What a login gives.
#[derive(Clone)]
pub struct Credential {
    /// Headers to put on each request; the values are marked sensitive.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// How long it may be used, counted from the login; `None` when the vendor does not say.
    pub lifetime: Option<Duration>,
    /// When to get another one, counted from the end of the login, where that is our own choice and no end is known.
    pub renew_after: Option<Duration>,
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
    failed: Option<Failed>,
}

impl State {
    fn is_good(&self, clock: &dyn Clock) -> bool {
        self.current.as_ref().is_some_and(|current| current.renew_at.is_none_or(|at| clock.monotonic() < at))
    }

    fn stamp(&self, request: &mut Request) -> Stamp {
        for (name, value) in self.current.iter().flat_map(|current| &current.credential.headers) {
            let mut value = value.clone();
            value.set_sensitive(true);
            request.headers_mut().insert(name, value);
        }
        Stamp(self.generation)
    }
}

#[derive(Debug)]
struct Current {
    credential: Credential,
    renew_at: Option<Duration>,
    ends_at: Option<Duration>,
}

/// The last failed login, so that many callers make one attempt, not many.
#[derive(Debug)]
struct Failed {
    error: Error,
    /// Until then it is the answer to everybody who asks.
    holds: Duration,
    /// How many refusals there were in a row.
    refusals: usize,
}

/// For so many seconds a failed login holds. A refusal holds longer each time: repeated attempts lock accounts.
const HOLDS: [u64; 4] = [10, 60, 300, 900];

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
        if !state.is_good(&*self.clock)
            && let Err(error) = self.renewed(&mut state).await
        {
            // Renewed early, the old credential is still good for a while. Where its end is not known, the vendor says.
            let now = self.clock.monotonic();
            let usable = |current: &Current| current.ends_at.is_none_or(|end| now < end);
            if !state.current.as_ref().is_some_and(usable) {
                return Err(error);
            }
        }
        Ok(state)
    }

    async fn renewed(&self, state: &mut State) -> Result<(), Error> {
        let began = self.clock.monotonic();
        if let Some(failed) = state.failed.as_ref().filter(|failed| began < failed.holds) {
            return Err(failed.error.clone());
        }
        let previous = state.current.as_ref().map(|current| current.credential.clone());
        match self.login.login(previous.as_ref()).await {
            Ok(credential) => {
                let early = |life: Duration| began + life.saturating_sub(self.early).max(life / 2);
                // A login that took long must not be old as soon as it is done.
                let chosen = credential.renew_after.map(|age| self.clock.monotonic() + age);
                let renew_at = credential.lifetime.map(early).into_iter().chain(chosen).min();
                let ends_at = credential.lifetime.map(|life| began + life);
                state.current = Some(Current { credential, renew_at, ends_at });
                state.generation += 1;
                state.failed = None;
                Ok(())
            }
            Err(error) => {
                let refused = error.kind() == Kind::Auth && !error.is_transient();
                let refusals = state.failed.as_ref().map_or(0, |failed| failed.refusals) + usize::from(refused);
                let seconds = HOLDS[refusals.saturating_sub(1).min(HOLDS.len() - 1)];
                let holds = self.clock.monotonic() + Duration::from_secs(seconds);
                // Where there is no login, a version is looked for that the server does not have; whoever asked tells of it.
                if error.kind() != Kind::NotFound {
                    tracing::warn!(%error, "the login failed; it is tried again in {seconds} s at the earliest");
                }
                state.failed = Some(Failed { error: error.clone(), holds, refusals });
                Err(error)
            }
        }
    }
}

impl<L: Login> Authenticator for TokenSession<L> {
    fn stamp<'a>(&'a self, request: &'a mut Request, _: &'a Operation) -> BoxFuture<'a, Result<Stamp, Error>> {
        Box::pin(async move { Ok(self.ready().await?.stamp(request)) })
    }

    fn stamp_now(&self, request: &mut Request) -> Option<Stamp> {
        let state = self.state.try_lock().ok()?;
        state.is_good(&*self.clock).then(|| state.stamp(request))
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

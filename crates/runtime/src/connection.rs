//! A connection to one endpoint: what the generated clients carry inside them.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Request, Response};
use secrecy::SecretString;
use tokio::sync::Semaphore;

use crate::auth::{Authenticator, Fixed};
use crate::clock::{Clock, SystemClock};
use crate::error::Error;
use crate::halt::Halt;
use crate::notice::Notices;
use crate::operation::Operation;
use crate::quota::{Gate, Quota};
use crate::redact::Redactor;
use crate::retry::Policy;
use crate::tls::Trust;

/// Deadlines of a single attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Until the connection stands.
    pub connect: Duration,
    /// Until the answer has been read.
    pub request: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect: Duration::from_secs(10), request: Duration::from_secs(60) }
    }
}

/// So many requests of a connection are under way at a time; further calls wait for their turn. Each that is under way
/// may need a socket with its buffers, 25 kB here and more on the server, and systems often allow 1024 open files.
const IN_FLIGHT: usize = 500;

/// Everything that is needed to send requests to one endpoint. Cheap to clone.
#[derive(Clone)]
pub struct Connection(pub(crate) Arc<Core>);

impl Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").field("auth", &self.0.auth).field("policy", &self.0.policy).finish_non_exhaustive()
    }
}

pub(crate) struct Core {
    pub(crate) http: reqwest::Client,
    pub(crate) operations: &'static [Operation],
    pub(crate) auth: Arc<dyn Authenticator>,
    pub(crate) policy: Policy,
    pub(crate) quotas: Vec<Quota>,
    pub(crate) gate: Arc<Gate>,
    pub(crate) in_flight: Semaphore,
    pub(crate) halt: Halt,
    pub(crate) notices: Notices,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) redactor: Redactor,
}

impl Connection {
    /// Starts to describe a connection whose operations are in `operations`.
    pub fn builder(operations: &'static [Operation]) -> ConnectionBuilder {
        ConnectionBuilder {
            operations,
            http: None,
            direct: false,
            server: String::new(),
            trust: Trust::default(),
            timeouts: Timeouts::default(),
            auth: Arc::new(Fixed::anonymous()),
            policy: Policy::default(),
            quotas: Vec::new(),
            clock: Arc::new(SystemClock),
            secrets: Vec::new(),
        }
    }

    /// The HTTP client, for the constructor of a generated client.
    pub fn http(&self) -> reqwest::Client {
        self.0.http.clone()
    }

    /// The clock that all waiting goes by.
    pub fn clock(&self) -> Arc<dyn Clock> {
        self.0.clock.clone()
    }

    /// Where it is said that calls wait; shared with every connection made by [`Connection::with`].
    pub fn notices(&self) -> &Notices {
        &self.0.notices
    }

    /// The same connection with other credentials and another operation table.
    #[must_use]
    pub fn with(&self, operations: &'static [Operation], auth: Arc<dyn Authenticator>) -> Self {
        self.changed(operations, auth, self.0.policy)
    }

    /// The same for logging in and out: others wait for the end of that, so few attempts are made.
    #[must_use]
    pub fn for_login(&self, operations: &'static [Operation], auth: Arc<dyn Authenticator>) -> Self {
        self.changed(operations, auth, self.0.policy.brief())
    }

    /// The same with one attempt for each call.
    #[must_use]
    pub fn once(&self) -> Self {
        self.changed(self.0.operations, self.0.auth.clone(), Policy { attempts: 1, ..self.0.policy.brief() })
    }

    fn changed(&self, operations: &'static [Operation], auth: Arc<dyn Authenticator>, policy: Policy) -> Self {
        Self(Arc::new(Core {
            http: self.0.http.clone(),
            operations,
            auth,
            policy,
            quotas: self.0.quotas.clone(),
            gate: self.0.gate.clone(),
            // Not shared: a login is sent while the calls that need it hold all turns.
            in_flight: Semaphore::new(IN_FLIGHT),
            // Not shared: who breaks off logs out all the same.
            halt: Halt::default(),
            notices: self.0.notices.clone(),
            clock: self.0.clock.clone(),
            redactor: self.0.redactor.clone(),
        }))
    }

    /// From now on nothing more is sent: calls that wait give up with [`Kind::BrokenOff`](crate::Kind::BrokenOff), what
    /// is under way goes on. Logging out still works.
    pub fn break_off(&self) {
        self.0.halt.now();
    }

    /// Takes a [`Connection::break_off`] back, also one that comes later: calls that have given up stay so, new ones are
    /// sent.
    pub fn go_on(&self) {
        self.0.halt.over();
    }

    /// Sends one request for a generated client; the body of every `ClientHooks::exec`.
    ///
    /// # Errors
    ///
    /// Never: what went wrong travels inside the answer, from which [`Error::from`] takes it out again. The signature
    /// is that of the hook.
    pub async fn send(&self, mut request: Request, function: &str) -> reqwest::Result<Response> {
        Ok(match crate::send::send(&self.0, &mut request, function).await {
            Ok(response) => response,
            Err(error) => error.into_response(request.url()),
        })
    }

    /// Logs in now instead of with the first request.
    ///
    /// # Errors
    ///
    /// What the vendor said to the login.
    pub async fn open(&self) -> Result<(), Error> {
        self.0.auth.open().await
    }

    /// Ends the session, if there is one. To be called on every way out.
    ///
    /// # Errors
    ///
    /// What the vendor said to the logout.
    pub async fn close(&self) -> Result<(), Error> {
        self.0.auth.close().await
    }
}

/// Describes a [`Connection`].
#[derive(Clone, Debug)]
pub struct ConnectionBuilder {
    operations: &'static [Operation],
    http: Option<reqwest::Client>,
    direct: bool,
    server: String,
    trust: Trust,
    timeouts: Timeouts,
    auth: Arc<dyn Authenticator>,
    policy: Policy,
    quotas: Vec<Quota>,
    clock: Arc<dyn Clock>,
    secrets: Vec<SecretString>,
}

impl ConnectionBuilder {
    /// Uses this HTTP client; trust and timeouts are then its own affair.
    #[must_use]
    pub fn http(mut self, http: reqwest::Client) -> Self {
        self.http = Some(http);
        self
    }

    /// Where the connection leads; a server on this machine is never asked through a proxy.
    #[must_use]
    pub fn to(mut self, url: &str) -> Self {
        self.direct = is_this_machine(url);
        self.server = reqwest::Url::parse(url).map(|url| url.authority().to_owned()).unwrap_or_default();
        self
    }

    /// Which certificates are accepted.
    #[must_use]
    pub fn trust(mut self, trust: Trust) -> Self {
        self.trust = trust;
        self
    }

    /// Deadlines of a single attempt.
    #[must_use]
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// How requests get their credentials.
    #[must_use]
    pub fn auth(mut self, auth: Arc<dyn Authenticator>) -> Self {
        self.auth = auth;
        self
    }

    /// When requests are sent again.
    #[must_use]
    pub fn retry(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Adds a limiter; each request takes a permit of every one.
    #[must_use]
    pub fn quota(mut self, quota: Quota) -> Self {
        self.quotas.push(quota);
        self
    }

    /// Secrets that must not be shown even when the vendor repeats them in a message. Tokens that a login gives, and
    /// whatever a request carries as a credential, are known without being named here.
    #[must_use]
    pub fn secrets(mut self, secrets: impl IntoIterator<Item = SecretString>) -> Self {
        self.secrets.extend(secrets);
        self
    }

    /// The clock for all waiting.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Builds the connection; nothing is sent yet.
    ///
    /// # Errors
    ///
    /// When a certificate file cannot be used or the HTTP client cannot be set up.
    pub fn build(self) -> Result<Connection, Error> {
        let http = match self.http {
            Some(http) => http,
            None => {
                if self.trust.insecure && self.trust.fingerprint.is_none() {
                    let server = &self.server;
                    tracing::warn!("{server}: certificates are not verified; anybody in between can read the password");
                }
                self.trust.build(self.timeouts, self.direct)?
            }
        };
        Ok(Connection(Arc::new(Core {
            http,
            operations: self.operations,
            auth: self.auth,
            policy: self.policy,
            quotas: self.quotas,
            gate: Arc::default(),
            in_flight: Semaphore::new(IN_FLIGHT),
            halt: Halt::default(),
            notices: Notices::default(),
            clock: self.clock,
            redactor: Redactor::new(self.secrets),
        })))
    }
}

/// Checks the base URL of an endpoint and takes a trailing slash off it.
///
/// # Errors
///
/// When it is no `http` or `https` URL, or carries a user, a query or a fragment.
pub fn base_url(endpoint: &str, text: &str) -> Result<String, Error> {
    let wrong = |why: &str| {
        Error::usage(format!("the URL of endpoint {endpoint:?} cannot be used: {why}; write https://HOST:PORT"))
    };
    let url = reqwest::Url::parse(text).map_err(|cause| wrong(&cause.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong("it is neither https nor http"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("it holds a user name or a password, which belong into their own settings"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("it has a query or a fragment"));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// Whether a URL leads to the machine that this runs on.
pub fn is_this_machine(url: &str) -> bool {
    let host = reqwest::Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_addresses_are_this_machine() {
        for url in ["http://127.0.0.1:1/v8", "http://127.9.9.9", "http://[::1]:8080/", "https://localhost:4443"] {
            assert!(is_this_machine(url), "{url}");
        }
        for url in ["http://127.example.org", "http://localhost.example.org", "http://10.0.0.1", "nonsense", ""] {
            assert!(!is_this_machine(url), "{url}");
        }
    }
}

//! What is right and wrong with an endpoint, as a list of findings, each with what to do about it.

mod probe;

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{Delivery, Error, Kind};

pub use self::probe::Server;

/// No check takes longer.
const LIMIT: Duration = Duration::from_secs(30);

/// What is looked at, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Check {
    /// The host's name has addresses.
    Name,
    /// Something takes connections at its port.
    Reach,
    /// Its certificate is accepted, and for how long.
    Tls,
    /// The difference between its clock and that of this machine.
    Clock,
    /// The version of the API.
    Version,
    /// The credentials are accepted.
    Login,
    /// The login at the other site.
    RemoteSession,
    /// The reads that a run needs are allowed.
    Rights,
    /// What can be synchronized there.
    Data,
}

impl Check {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Reach => "reach",
            Self::Tls => "tls",
            Self::Clock => "clock",
            Self::Version => "version",
            Self::Login => "login",
            Self::RemoteSession => "remote-session",
            Self::Rights => "rights",
            Self::Data => "data",
        }
    }
}

/// How a check went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum State {
    /// As it should be.
    Good,
    /// It works, but somebody should look at it.
    Warning,
    /// It does not work.
    Failed,
    /// It was not looked at, because it needs something that failed, or does not apply.
    Skipped,
}

impl State {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Warning => "warning",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// What one check has shown.
#[derive(Clone, Debug)]
pub struct Finding {
    /// What was looked at.
    pub check: Check,
    /// Where: host and port, or a part of the endpoint.
    pub at: String,
    /// How it went.
    pub state: State,
    /// What was found, as a sentence.
    pub told: String,
    /// What to do about it.
    pub fix: Option<String>,
    /// The error, if there was one.
    pub error: Option<Error>,
}

/// Findings about one place, in the order in which they were made.
#[derive(Debug, Default)]
pub struct Findings {
    at: String,
    all: Vec<Finding>,
}

impl Findings {
    /// None yet about this place.
    pub fn at(place: impl Into<String>) -> Self {
        Self { at: place.into(), all: Vec::new() }
    }

    /// All of them.
    pub fn into_vec(self) -> Vec<Finding> {
        self.all
    }

    /// Adds those about another place.
    pub fn extend(&mut self, more: Self) {
        self.all.extend(more.all);
    }

    /// Whether something does not work.
    pub fn any_failed(&self) -> bool {
        self.all.iter().any(|finding| finding.state == State::Failed)
    }

    /// It is as it should be.
    pub fn good(&mut self, check: Check, told: impl Into<String>) {
        self.add(check, State::Good, told.into(), None, None);
    }

    /// It works, but.
    pub fn warning(&mut self, check: Check, told: impl Into<String>, fix: impl Into<String>) {
        self.add(check, State::Warning, told.into(), Some(fix.into()), None);
    }

    /// It does not work.
    pub fn failed(&mut self, check: Check, error: Error, fix: impl Into<String>) {
        self.add(check, State::Failed, error.chain(), Some(fix.into()), Some(error));
    }

    /// It was not looked at.
    pub fn skipped(&mut self, checks: &[Check], why: &str) {
        for check in checks {
            self.add(*check, State::Skipped, why.to_owned(), None, None);
        }
    }

    /// So many targets are there.
    pub fn count(&mut self, count: usize, what: &str) {
        match count {
            0 => self.warning(
                Check::Data,
                format!("there are no {what}, so nothing can be synchronized"),
                "check that the account may see them, and that the endpoint is the right one",
            ),
            _ => self.good(Check::Data, format!("{count} {what}")),
        }
    }

    /// A read that a run needs failed.
    pub fn failed_read(&mut self, error: Error) {
        let fix = advice(&error);
        if error.kind() == Kind::Denied {
            self.failed(Check::Rights, error, fix);
            self.skipped(&[Check::Data], NEEDS_EARLIER);
        } else {
            self.failed(Check::Data, error, fix);
        }
    }

    fn add(&mut self, check: Check, state: State, told: String, fix: Option<String>, error: Option<Error>) {
        self.all.push(Finding { check, at: self.at.clone(), state, told, fix, error });
    }
}

/// What to say of checks that need one that failed.
pub const NEEDS_EARLIER: &str = "not looked at, because a check before it failed";

/// Work that may not take longer than a check may.
///
/// # Errors
///
/// That of the work, or that it took too long.
pub async fn within<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let late = || Error::new(Kind::Deadline, Delivery::MaybeApplied, format!("no end after {} s", LIMIT.as_secs()));
    tokio::time::timeout(LIMIT, work).await.unwrap_or_else(|_| Err(late()))
}

/// What to do about a call that failed after the server was reached.
pub fn advice(error: &Error) -> &'static str {
    match error.kind() {
        Kind::Auth => {
            "check the user name and the secret in the endpoint's configuration; the account may be locked or expired"
        }
        Kind::Denied => "give the account the rights that the vendor's page names for this call",
        Kind::Unreachable | Kind::Deadline => "check the network and the service, then try again",
        Kind::Throttled => "wait a minute, then try again; other programs may use the same quota",
        Kind::Tls => "see `tls` in the endpoint's configuration",
        Kind::NotFound => "check the path in `url`; another service may answer there",
        Kind::Usage => "correct the endpoint's configuration",
        _ if error.is_transient() => {
            "the service, or a proxy before it, is in trouble: look at its own logs, then try again"
        }
        _ => "look at the message and at the server's own logs; something else than the API may answer at `url`",
    }
}

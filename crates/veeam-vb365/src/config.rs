//! What is needed to connect to a server.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use backup_sync_runtime::clock::{Clock, SystemClock};
use backup_sync_runtime::retry::Policy;
use backup_sync_runtime::tls::Trust;
use backup_sync_runtime::{Error, SecretString, Timeouts};

/// Version of the REST API, the first segment of every path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// `/v5`
    V5,
    /// `/v6`
    V6,
    /// `/v7`
    V7,
    /// `/v8`
    V8,
}

impl Version {
    /// All versions, newest first: the order of probing.
    pub const NEWEST_FIRST: [Self; 4] = [Self::V8, Self::V7, Self::V6, Self::V5];
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V5 => "v5",
            Self::V6 => "v6",
            Self::V7 => "v7",
            Self::V8 => "v8",
        })
    }
}

impl FromStr for Version {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let known = Self::NEWEST_FIRST.into_iter().find(|version| version.to_string() == text);
        known.ok_or_else(|| Error::usage(format!("{text:?} is no version of this API; known are v5, v6, v7 and v8")))
    }
}

/// What is needed to connect to a server.
#[derive(Clone, Debug)]
pub struct Config {
    /// Name of the endpoint in addresses and messages.
    pub name: String,
    /// Scheme, host and port, for example `https://vbm.example.org:4443`, without the version.
    pub url: String,
    /// Version of the API; `None` asks the server, newest first.
    pub version: Option<Version>,
    /// User name, as for the vendor's console.
    pub username: String,
    /// Its password.
    pub password: SecretString,
    /// Which certificates are accepted.
    pub trust: Trust,
    /// Deadlines of a single request.
    pub timeouts: Timeouts,
    /// When requests are sent again.
    pub retry: Policy,
    /// The clock for all waiting.
    pub clock: Arc<dyn Clock>,
}

impl Config {
    /// A configuration with usual settings.
    pub fn new(
        name: impl Into<String>,
        url: impl Into<String>,
        username: impl Into<String>,
        password: SecretString,
    ) -> Self {
        Self {
            name: name.into(),
            url: url.into(),
            version: None,
            username: username.into(),
            password,
            trust: Trust::default(),
            timeouts: Timeouts::default(),
            retry: Policy::default(),
            clock: Arc::new(SystemClock),
        }
    }

    /// The base URL of one version.
    pub(crate) fn base(&self, version: Version) -> Result<String, Error> {
        let url = backup_sync_runtime::base_url(&self.name, &self.url)?;
        Ok(format!("{url}/{version}"))
    }
}

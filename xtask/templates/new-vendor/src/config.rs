//! What is needed to connect to a server.

use std::sync::Arc;

use backup_sync_runtime::clock::{Clock, SystemClock};
use backup_sync_runtime::retry::Policy;
use backup_sync_runtime::tls::Trust;
use backup_sync_runtime::{SecretString, Timeouts};

/// What is needed to connect to one server.
#[derive(Clone, Debug)]
pub struct Config {
    /// Name of the endpoint in addresses and messages.
    pub name: String,
    /// Base URL with the path, for example `https://backup.example.org/api/v1`.
    pub url: String,
    /// The key of the API.
    pub key: SecretString,
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
    pub fn new(name: impl Into<String>, url: impl Into<String>, key: SecretString) -> Self {
        Self {
            name: name.into(),
            url: url.into(),
            key,
            trust: Trust::default(),
            timeouts: Timeouts::default(),
            retry: Policy::default(),
            clock: Arc::new(SystemClock),
        }
    }
}

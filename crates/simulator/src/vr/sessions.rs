//! Sessions of one vSphere Replication appliance, their remote logins, and their rate limits.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::time::Duration;

use crate::ids::secret;
use crate::limit::{Addresses, Window};
use crate::settings::Settings;

#[derive(Debug)]
struct Session {
    used: Duration,
    /// Pairings at whose remote site it is logged in.
    remote: HashSet<String>,
    window: Window,
}

/// All sessions that live, and what every address has asked for.
#[derive(Debug)]
pub(crate) struct Sessions {
    idle: Duration,
    session_limit: usize,
    sessions: HashMap<String, Session>,
    addresses: Addresses,
}

impl Sessions {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            idle: settings.vr_session_idle,
            session_limit: settings.vr_session_limit,
            sessions: HashMap::new(),
            addresses: Addresses::new(settings.vr_address_limit),
        }
    }

    /// Counts a request: first for its address, then for its session; the first limit that is hit answers.
    pub(crate) fn count(&mut self, now: Duration, peer: IpAddr, session: Option<&str>) -> Result<(), Duration> {
        self.addresses.count(now, peer)?;
        match session.and_then(|session| self.sessions.get_mut(session)) {
            Some(session) => session.window.count(now, self.session_limit),
            None => Ok(()),
        }
    }

    /// Opens a session; `None` when the system has no random numbers.
    pub(crate) fn open(&mut self, now: Duration) -> Option<String> {
        self.sessions.retain(|_, session| session.used.saturating_add(self.idle) > now);
        let id = secret(27)?;
        self.sessions.insert(id.clone(), Session { used: now, remote: HashSet::new(), window: Window::default() });
        Some(id)
    }

    /// Whether a session lives; using it keeps it alive.
    pub(crate) fn touch(&mut self, now: Duration, id: &str) -> bool {
        match self.sessions.get_mut(id) {
            Some(session) if session.used.saturating_add(self.idle) > now => {
                session.used = now;
                true
            }
            _ => {
                self.sessions.remove(id);
                false
            }
        }
    }

    pub(crate) fn close(&mut self, id: &str) {
        self.sessions.remove(id);
    }

    pub(crate) fn log_in_remotely(&mut self, id: &str, pairing: &str) {
        if let Some(session) = self.sessions.get_mut(id) {
            session.remote.insert(pairing.to_owned());
        }
    }

    pub(crate) fn has_remote(&self, id: &str, pairing: &str) -> bool {
        self.sessions.get(id).is_some_and(|session| session.remote.contains(pairing))
    }
}

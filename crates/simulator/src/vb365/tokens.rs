//! Access and refresh tokens of one VB365 server.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use crate::ids::secret;

/// A pair of tokens.
#[derive(Clone, Debug)]
struct Pair {
    refresh: String,
    expires: Duration,
    /// Whether it was asked for without the antiforgery token, which nobody but a browser has.
    plain: bool,
}

/// All tokens that are good.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    pairs: HashMap<String, Pair>,
    refresh: HashSet<String>,
}

impl Tokens {
    /// A new pair: access and refresh token. `None` when the system has no random numbers.
    pub(crate) fn issue(&mut self, now: Duration, lifetime: Duration, plain: bool) -> Option<(String, String)> {
        self.pairs.retain(|_, pair| pair.expires > now);
        let (access, refresh) = (secret(48)?, secret(48)?);
        let pair = Pair { refresh: refresh.clone(), expires: now.saturating_add(lifetime), plain };
        self.pairs.insert(access.clone(), pair);
        self.refresh.insert(refresh.clone());
        Some((access, refresh))
    }

    /// Whether a refresh token is good. It stays so: whether it can be used twice is not documented.
    pub(crate) fn can_refresh(&self, refresh: &str) -> bool {
        self.refresh.contains(refresh)
    }

    /// `Some(plain)` for an access token that is good.
    pub(crate) fn check(&self, access: &str, now: Duration) -> Option<bool> {
        self.pairs.get(access).filter(|pair| pair.expires > now).map(|pair| pair.plain)
    }

    /// Ends an access token and the refresh token that came with it.
    pub(crate) fn revoke(&mut self, access: &str) {
        if let Some(pair) = self.pairs.remove(access) {
            self.refresh.remove(&pair.refresh);
        }
    }
}

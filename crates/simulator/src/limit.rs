//! Counts requests in windows of a minute, and says when there are too many.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

/// Requests are counted in windows of this length.
const WINDOW: Duration = Duration::from_secs(60);

/// Requests within the current window.
#[derive(Debug, Default)]
pub(crate) struct Window {
    begin: Duration,
    count: usize,
}

impl Window {
    /// Counts a request; `Err` with the time until the next window when there are too many. A limit of 0 permits all.
    pub(crate) fn count(&mut self, now: Duration, limit: usize) -> Result<(), Duration> {
        if self.count == 0 || now >= self.begin.saturating_add(WINDOW) {
            *self = Self { begin: now, count: 0 };
        }
        if limit > 0 && self.count >= limit {
            return Err(self.begin.saturating_add(WINDOW).saturating_sub(now));
        }
        self.count += 1;
        Ok(())
    }
}

/// What every client address has asked for.
#[derive(Debug)]
pub(crate) struct Addresses {
    limit: usize,
    windows: HashMap<IpAddr, Window>,
}

impl Addresses {
    /// Permits so many requests a minute to each address; 0 permits all.
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, windows: HashMap::new() }
    }

    /// Counts a request; `Err` with the time to wait when there are too many.
    pub(crate) fn count(&mut self, now: Duration, peer: IpAddr) -> Result<(), Duration> {
        self.windows.entry(peer).or_default().count(now, self.limit)
    }
}

/// A time to wait as the header `Retry-After` says it.
pub(crate) fn retry_after(wait: Duration) -> String {
    wait.as_millis().div_ceil(1000).max(1).to_string()
}

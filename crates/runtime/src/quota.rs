//! Request quotas: never more than so many requests in any window of so long.
//!
//! A token bucket would let twice its burst through around a refill, so this keeps the times of the last requests
//! and waits until the oldest has left the window.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;

use crate::clock::Clock;

/// At most `requests` in any stretch of `per`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// How many.
    pub requests: usize,
    /// In how long.
    pub per: Duration,
}

/// A limiter that several connections may share, for example all that reach one address.
#[derive(Clone, Debug)]
pub struct Quota(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    window: Window,
    sent: Mutex<VecDeque<Duration>>,
}

impl Quota {
    /// A limiter for `window`.
    pub fn new(window: Window) -> Self {
        Self(Arc::new(Shared { window, sent: Mutex::default() }))
    }

    /// Waits until one more request fits into the window and counts it. Returns how long it waited.
    pub async fn acquire(&self, clock: &dyn Clock) -> Duration {
        let Window { requests, per } = self.0.window;
        let mut waited = Duration::ZERO;
        // Waiting happens under the lock: permits are given in the order of asking.
        let mut sent = self.0.sent.lock().await;
        loop {
            let now = clock.monotonic();
            while sent.front().is_some_and(|first| *first + per <= now) {
                sent.pop_front();
            }
            match sent.front() {
                Some(first) if sent.len() >= requests.max(1) => {
                    let pause = (*first + per).saturating_sub(now);
                    clock.sleep(pause).await;
                    waited += pause;
                }
                _ => {
                    sent.push_back(now);
                    return waited;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::clock::ManualClock;

    #[tokio::test]
    async fn no_window_ever_holds_more_than_the_limit() {
        let clock = ManualClock::new(Timestamp::UNIX_EPOCH);
        let quota = Quota::new(Window { requests: 50, per: Duration::from_secs(60) });
        let mut times = Vec::new();
        for index in 0..500 {
            quota.acquire(&*clock).await;
            times.push(clock.monotonic());
            // An uneven pace, so that windows start anywhere.
            clock.advance(Duration::from_millis(index % 7 * 130));
        }
        for (index, start) in times.iter().enumerate() {
            let inside = times[index..].iter().take_while(|at| **at < *start + Duration::from_secs(60)).count();
            assert!(inside <= 50, "{inside} requests in the minute from {start:?}");
        }
    }
}

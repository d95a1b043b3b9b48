//! Request quotas: never more than so many requests in any window of so long.
//!
//! A token bucket would let twice its burst through around a refill, so this keeps the times of the last requests
//! and waits until the oldest has left the window. Beside it stands a gate that the vendor closes by `Retry-After`.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

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
    sent: tokio::sync::Mutex<VecDeque<Duration>>,
}

impl Quota {
    /// A limiter for `window`.
    pub fn new(window: Window) -> Self {
        Self(Arc::new(Shared { window, sent: tokio::sync::Mutex::default() }))
    }

    /// Waits until one more request fits into the window and counts it. Each pause is `told` before it begins.
    pub async fn acquire(&self, clock: &dyn Clock, told: impl Fn(Duration)) {
        let Window { requests, per } = self.0.window;
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
                    told(pause);
                    clock.sleep(pause).await;
                }
                _ => {
                    sent.push_back(now);
                    return;
                }
            }
        }
    }
}

/// Closed while the vendor has asked everybody to wait: one refusal spares all other calls theirs.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    /// Most gates are never closed, and then nobody has to ask for the time.
    used: AtomicBool,
    opens: Mutex<Duration>,
}

impl Gate {
    /// Closes it for `pause` from now on, if it is not closed for longer already.
    pub(crate) fn close(&self, clock: &dyn Clock, pause: Duration) {
        let until = clock.monotonic() + pause;
        let mut opens = self.opens.lock().unwrap_or_else(PoisonError::into_inner);
        *opens = until.max(*opens);
        self.used.store(true, Ordering::Release);
    }

    /// Waits until it is open. Each pause is `told` before it begins.
    pub(crate) async fn pass(&self, clock: &dyn Clock, told: impl Fn(Duration)) {
        while self.used.load(Ordering::Acquire) {
            let opens = *self.opens.lock().unwrap_or_else(PoisonError::into_inner);
            let pause = opens.saturating_sub(clock.monotonic());
            if pause.is_zero() {
                return;
            }
            told(pause);
            clock.sleep(pause).await;
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
            quota.acquire(&*clock, |_| {}).await;
            times.push(clock.monotonic());
            // An uneven pace, so that windows start anywhere.
            clock.advance(Duration::from_millis(index % 7 * 130));
        }
        for (index, start) in times.iter().enumerate() {
            let inside = times[index..].iter().take_while(|at| **at < *start + Duration::from_secs(60)).count();
            assert!(inside <= 50, "{inside} requests in the minute from {start:?}");
        }
    }

    #[tokio::test]
    async fn a_closed_gate_holds_everybody_until_the_latest_moment_asked_for() {
        let clock = ManualClock::new(Timestamp::UNIX_EPOCH);
        let gate = Gate::default();
        gate.close(&*clock, Duration::from_secs(30));
        gate.close(&*clock, Duration::from_secs(5));
        gate.pass(&*clock, |_| {}).await;
        gate.pass(&*clock, |_| {}).await;
        assert_eq!(clock.waits(), [Duration::from_secs(30)]);
    }
}

//! Request quotas: never more than so many requests in any window of so long.
//!
//! A token bucket would let twice its burst through around a refill, so this keeps the times of the last requests
//! and waits until the oldest has left the window. Beside it stands a gate that the vendor closes by `Retry-After`.

use std::collections::{HashMap, VecDeque};
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

    /// How many requests were sent in the window that ends now; all that it permits while somebody waits for a permit.
    pub fn used(&self, clock: &dyn Clock) -> usize {
        let Window { requests, per } = self.0.window;
        let now = clock.monotonic();
        let within = |sent: &VecDeque<Duration>| sent.iter().rev().take_while(|at| **at + per > now).count();
        self.0.sent.try_lock().map_or(requests, |sent| within(&sent))
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

/// Calls that wait for a server spread over this part of the pause after it, at most over [`WIDEST`]: all at once they would
/// only be refused again.
const SPREAD: u32 = 10;
const WIDEST: Duration = Duration::from_secs(5);
/// Multiples of the golden ratio, of which only the fraction counts, lie evenly however many there are. The first is zero:
/// who waits alone waits no longer than was asked for.
const GOLDEN: f64 = 0.618_033_988_749_895;

/// Closed while a server has asked to wait: one refusal spares all other calls theirs.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    /// Most gates are never closed, and then nobody has to ask for the time.
    used: AtomicBool,
    servers: Mutex<HashMap<String, Server>>,
}

/// A server that has asked to wait.
#[derive(Debug, Default)]
struct Server {
    /// When it may be asked again.
    opens: Duration,
    /// For how long it has asked last.
    pause: Duration,
    /// So many calls wait for that.
    waiting: u32,
}

impl Gate {
    /// Closes the way to `server` for `pause` from now on, if it is not closed for longer already.
    pub(crate) fn close(&self, clock: &dyn Clock, server: &str, pause: Duration) {
        let now = clock.monotonic();
        let mut servers = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
        let server = servers.entry(server.to_owned()).or_default();
        if server.opens <= now {
            server.waiting = 0;
        }
        if now + pause > server.opens {
            (server.opens, server.pause) = (now + pause, pause);
        }
        self.used.store(true, Ordering::Release);
    }

    /// For how long the way to `server` is still closed.
    pub(crate) fn closed(&self, clock: &dyn Clock, server: &str) -> Option<Duration> {
        if !self.used.load(Ordering::Acquire) {
            return None;
        }
        let servers = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
        let pause = servers.get(server)?.opens.saturating_sub(clock.monotonic());
        (!pause.is_zero()).then_some(pause)
    }

    /// How much longer one more call waits than the server has asked for, so that not all come at once.
    pub(crate) fn turn(&self, server: &str) -> Duration {
        let mut servers = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(server) = servers.get_mut(server) else { return Duration::ZERO };
        let share = (f64::from(server.waiting) * GOLDEN).fract();
        server.waiting = server.waiting.saturating_add(1);
        (server.pause / SPREAD).min(WIDEST).mul_f64(share)
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

    #[test]
    fn calls_that_wait_for_a_gate_come_evenly_after_it_and_never_before() {
        let clock = ManualClock::new(Timestamp::UNIX_EPOCH);
        let gate = Gate::default();
        assert_eq!(gate.turn("a"), Duration::ZERO, "nobody has asked to wait");
        for (pause, window) in [(30, 3.0), (600, 5.0)] {
            gate.close(&*clock, "a", Duration::from_secs(pause));
            let turns: Vec<f64> = (0..100).map(|_| gate.turn("a").as_secs_f64()).collect();
            assert_eq!(turns[0].to_bits(), 0.0_f64.to_bits(), "one that is alone waits no longer than asked for");
            assert!(turns.iter().all(|turn| (0.0..window).contains(turn)), "{turns:?}");
            for tenth in 0..10 {
                let from = window / 10.0 * f64::from(tenth);
                let inside = turns.iter().filter(|turn| (from..from + window / 10.0).contains(*turn)).count();
                assert!((8..=12).contains(&inside), "{inside} of 100 in tenth {tenth}");
            }
            clock.advance(Duration::from_secs(pause));
        }
    }

    #[test]
    fn a_gate_is_closed_until_the_latest_moment_asked_for_and_only_to_one_server() {
        let clock = ManualClock::new(Timestamp::UNIX_EPOCH);
        let gate = Gate::default();
        assert_eq!(gate.closed(&*clock, "a"), None);
        gate.close(&*clock, "a", Duration::from_secs(30));
        gate.close(&*clock, "a", Duration::from_secs(5));
        assert_eq!(gate.closed(&*clock, "a"), Some(Duration::from_secs(30)));
        assert_eq!(gate.closed(&*clock, "b"), None);
        clock.advance(Duration::from_secs(30));
        assert_eq!(gate.closed(&*clock, "a"), None);
    }
}

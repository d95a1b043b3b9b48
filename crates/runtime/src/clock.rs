//! Time as something that can be given: real in programs, moved by hand in tests.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use crate::auth::BoxFuture;

/// Tells the time and waits.
pub trait Clock: Debug + Send + Sync {
    /// Time since some fixed moment; never goes back.
    fn monotonic(&self) -> Duration;
    /// Time of day.
    fn wall(&self) -> Timestamp;
    /// Waits.
    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()>;
}

/// The clock of the machine. All of them count from the same moment, so that quotas can be shared between them.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

static START: LazyLock<tokio::time::Instant> = LazyLock::new(tokio::time::Instant::now);

impl Clock for SystemClock {
    fn monotonic(&self) -> Duration {
        START.elapsed()
    }

    fn wall(&self) -> Timestamp {
        Timestamp::now()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// A clock for tests: waiting takes no time and moves the clock; every wait that came to its end is written down.
///
/// When several wait at the same time, the clock moves to the end of the shortest wait first, and only after everybody
/// else had the chance to go on.
#[derive(Debug)]
pub struct ManualClock {
    state: Mutex<Manual>,
    epoch: Timestamp,
}

#[derive(Debug, Default)]
struct Manual {
    now: Duration,
    waits: Vec<Duration>,
    /// When each wait under way ends; the number tells equal ones apart.
    asleep: BTreeSet<(Duration, u64)>,
    last: u64,
    /// How often a wait began or ended: somebody may go on because of that.
    stirred: u64,
}

/// So often others may go on before time moves.
const TURNS: u32 = 32;
/// After so many turns time moves although somebody's wait should end earlier: nobody asks for that any more.
const PATIENCE: u32 = 100_000;

impl ManualClock {
    /// A clock that starts at `epoch`.
    pub fn new(epoch: Timestamp) -> Arc<Self> {
        Arc::new(Self { state: Mutex::default(), epoch })
    }

    /// All waits that came to their end so far, in order.
    pub fn waits(&self) -> Vec<Duration> {
        self.lock().waits.clone()
    }

    /// Moves the clock without a wait.
    pub fn advance(&self, by: Duration) {
        self.lock().now += by;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Manual> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A wait under way; forgotten when it is dropped.
struct Sleeper<'a> {
    clock: &'a ManualClock,
    key: (Duration, u64),
    /// Turns in all, turns since anything stirred, and what had stirred then.
    turns: (u32, u32, u64),
}

impl<'a> Sleeper<'a> {
    fn new(clock: &'a ManualClock, duration: Duration) -> Self {
        let mut state = clock.lock();
        state.last += 1;
        state.stirred += 1;
        let key = (state.now.saturating_add(duration), state.last);
        state.asleep.insert(key);
        Self { clock, key, turns: (0, 0, state.stirred) }
    }

    /// Whether the wait is over; asked for in turn with everybody else.
    fn is_over(&mut self) -> bool {
        let mut state = self.clock.lock();
        let (all, quiet, stirred) = self.turns;
        let quiet = if stirred == state.stirred { quiet + 1 } else { 0 };
        self.turns = (all + 1, quiet, state.stirred);
        let first = state.asleep.first() == Some(&self.key);
        if quiet >= TURNS && first || all >= PATIENCE {
            state.now = state.now.max(self.key.0);
        }
        state.now >= self.key.0
    }
}

impl Drop for Sleeper<'_> {
    fn drop(&mut self) {
        let mut state = self.clock.lock();
        state.asleep.remove(&self.key);
        state.stirred += 1;
    }
}

impl Clock for ManualClock {
    fn monotonic(&self) -> Duration {
        self.lock().now
    }

    fn wall(&self) -> Timestamp {
        self.epoch.saturating_add(self.monotonic()).unwrap_or(Timestamp::MAX)
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let mut sleeper = Sleeper::new(self, duration);
            while !sleeper.is_over() {
                tokio::task::yield_now().await;
            }
            self.lock().waits.push(duration);
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn of_several_waits_the_shortest_ends_first_and_one_that_is_given_up_moves_nothing() {
        let clock = ManualClock::new(Timestamp::UNIX_EPOCH);
        let wait = async |seconds| {
            clock.sleep(Duration::from_secs(seconds)).await;
            clock.monotonic().as_secs()
        };
        assert_eq!(tokio::join!(wait(30), wait(10), wait(20)), (30, 10, 20));
        tokio::select! {
            _ = wait(5) => {}
            _ = wait(500) => {}
        }
        assert_eq!(wait(1).await, 36);
        assert_eq!(clock.waits().iter().map(Duration::as_secs).collect::<Vec<_>>(), [10, 20, 30, 5, 1]);
    }
}

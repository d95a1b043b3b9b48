//! Time as something that can be given: real in programs, moved by hand in tests.

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

/// A clock for tests: waiting takes no time and moves the clock; every wait is written down.
#[derive(Debug)]
pub struct ManualClock {
    state: Mutex<Manual>,
    epoch: Timestamp,
}

#[derive(Debug, Default)]
struct Manual {
    now: Duration,
    waits: Vec<Duration>,
}

impl ManualClock {
    /// A clock that starts at `epoch`.
    pub fn new(epoch: Timestamp) -> Arc<Self> {
        Arc::new(Self { state: Mutex::default(), epoch })
    }

    /// All waits so far, in order.
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

impl Clock for ManualClock {
    fn monotonic(&self) -> Duration {
        self.lock().now
    }

    fn wall(&self) -> Timestamp {
        self.epoch.saturating_add(self.monotonic()).unwrap_or(Timestamp::MAX)
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            {
                let mut state = self.lock();
                state.now += duration;
                state.waits.push(duration);
            }
            tokio::task::yield_now().await;
        })
    }
}

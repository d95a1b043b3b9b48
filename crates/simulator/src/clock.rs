//! Simulated time: real time with a factor, or moved by hand.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

/// Where a manual clock begins: 2026-03-02 09:00:00 UTC.
const MANUAL_EPOCH: i64 = 1_772_442_000;

/// The clock of a simulator.
#[derive(Debug)]
pub struct SimClock {
    epoch: Timestamp,
    running: Option<(Instant, f64)>,
    moved: Mutex<Duration>,
}

impl SimClock {
    /// A clock that runs `factor` times as fast as real time and begins now. A factor that is no positive number
    /// counts as 1. Real time is that of the runtime: where it is paused, the clock moves as the runtime's does.
    pub fn speed(factor: f64) -> Arc<Self> {
        let factor = if factor.is_finite() && factor > 0.0 { factor } else { 1.0 };
        Arc::new(Self { epoch: Timestamp::now(), running: Some((Instant::now(), factor)), moved: Mutex::default() })
    }

    /// A clock that stands still until it is moved. It begins at the same moment each time.
    pub fn manual() -> Arc<Self> {
        let epoch = Timestamp::from_second(MANUAL_EPOCH).unwrap_or_default();
        Arc::new(Self { epoch, running: None, moved: Mutex::default() })
    }

    /// Moves the clock; a running one jumps.
    pub fn advance(&self, by: Duration) {
        let mut moved = self.moved.lock().unwrap_or_else(PoisonError::into_inner);
        *moved = moved.saturating_add(by);
    }

    /// Simulated time since the clock began.
    pub fn now(&self) -> Duration {
        let moved = *self.moved.lock().unwrap_or_else(PoisonError::into_inner);
        let run = self.running.map(|(start, factor)| {
            Duration::try_from_secs_f64(start.elapsed().as_secs_f64() * factor).unwrap_or(Duration::MAX)
        });
        moved.saturating_add(run.unwrap_or_default())
    }

    /// Simulated time of day.
    pub fn wall(&self) -> Timestamp {
        self.at(self.now())
    }

    /// The time of day of clients: they have no part in a clock that runs faster than theirs.
    pub(crate) fn clients_wall(&self) -> Timestamp {
        if self.running.is_some() { Timestamp::now() } else { self.wall() }
    }

    /// The time of day at `moment` since the clock began.
    pub fn at(&self, moment: Duration) -> Timestamp {
        self.epoch.saturating_add(moment).unwrap_or(Timestamp::MAX)
    }

    /// The time of day when the clock began.
    pub fn epoch(&self) -> Timestamp {
        self.epoch
    }
}

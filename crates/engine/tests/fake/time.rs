//! What takes time at the scripted vendor: jobs, requests that wait, and the pace it asks for.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use backup_sync_engine::{Ending, Facts, Job, Observation, Phase};
use backup_sync_runtime::clock::{Clock as _, ManualClock};
use backup_sync_runtime::{Delivery, Error, Kind};
use tokio::sync::watch;

use super::Fake;

/// Times of a scripted vendor.
#[derive(Default)]
pub struct Times {
    pub clock: Option<Arc<ManualClock>>,
    pub name: Option<String>,
    pub pace: Duration,
    lasting: Option<Duration>,
    moves_at: Option<Duration>,
    waits: HashMap<&'static str, Duration>,
    gives_up: bool,
    halted: watch::Sender<bool>,
    began: Mutex<HashMap<String, Duration>>,
    pub looks: Mutex<Vec<Duration>>,
}

impl Fake {
    /// Goes by this clock.
    pub fn on(mut self, clock: Arc<ManualClock>) -> Self {
        self.times.clock = Some(clock);
        self
    }

    /// Its endpoint has this name.
    pub fn named(mut self, name: &str) -> Self {
        self.times.name = Some(name.to_owned());
        self
    }

    /// Each job takes so long from its start, or from the first look at it, in place of the script.
    pub fn lasting(mut self, time: Duration) -> Self {
        self.times.lasting = Some(time);
        self
    }

    /// Jobs change once, when they are so old, and never end.
    pub fn moves_at(mut self, age: Duration) -> Self {
        self.times.moves_at = Some(age);
        self
    }

    /// Requests of this kind wait so long before they are answered.
    pub fn waits(mut self, what: &'static str, time: Duration) -> Self {
        self.times.waits.insert(what, time);
        self
    }

    /// Requests that wait give up when the run is cut short: they were not sent yet.
    pub fn gives_up(mut self) -> Self {
        self.times.gives_up = true;
        self
    }

    /// It asks for such a pause between two looks.
    pub fn pace(mut self, pace: Duration) -> Self {
        self.times.pace = pace;
        self
    }

    /// When it was looked at.
    pub fn looks(&self) -> Vec<Duration> {
        self.times.looks.lock().unwrap().clone()
    }
}

impl Times {
    pub fn now(&self) -> Duration {
        self.clock.as_ref().map(|clock| clock.monotonic()).unwrap_or_default()
    }

    pub fn halt(&self) {
        self.halted.send_replace(true);
    }

    /// Waits as long as requests of this kind do.
    pub async fn wait(&self, what: &'static str) -> Result<(), Error> {
        let (Some(clock), Some(time)) = (&self.clock, self.waits.get(what)) else { return Ok(()) };
        let mut halted = self.halted.subscribe();
        tokio::select! {
            () = clock.sleep(*time) => Ok(()),
            _ = halted.wait_for(|halted| *halted), if self.gives_up => {
                Err(Error::new(Kind::BrokenOff, Delivery::NeverSent, "broken off"))
            }
        }
    }

    /// How far these jobs are, where that depends on their age.
    pub fn observe(&self, jobs: &[&Job]) -> Option<Vec<Observation>> {
        let now = self.now();
        self.looks.lock().unwrap().push(now);
        if self.lasting.is_none() && self.moves_at.is_none() {
            return None;
        }
        let mut began = self.began.lock().unwrap();
        let seen = jobs.iter().map(|job| {
            let age = now - *began.entry(job.target.address.id.clone()).or_insert(now);
            let ended = self.lasting.is_some_and(|time| age >= time);
            let moved = self.moves_at.is_some_and(|moves_at| age >= moves_at);
            let phase = if ended { Phase::Ended(Ending::Claimed) } else { Phase::Running };
            let percent = Some(if moved { 2.0 } else { 1.0 });
            Observation { phase, percent, state: "state".into(), facts: Facts::default() }
        });
        Some(seen.collect())
    }

    /// A job has been started.
    pub fn begin(&self, job: &Job) {
        self.began.lock().unwrap().insert(job.target.address.id.clone(), self.now());
    }
}

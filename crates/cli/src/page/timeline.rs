//! Remembers when what happened to each target of a run, in little memory however long the run takes.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use backup_sync::engine::{Address, Event, EventRecord, Sink, WaitReason};

/// Without a change for this long, a target is shown as standing still.
const STILL_MS: u64 = 5 * 60_000;
/// So many stretches of standing still are told apart for each target; further ones are drawn as one with the last.
const STRETCHES: usize = 16;
/// Progress is kept in steps of this many percent.
const STEP: u8 = 5;

/// The way of one target, in milliseconds from the beginning of the run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Track {
    /// When its start was about to be sent.
    pub sent: Option<u64>,
    /// Since when there is a job.
    pub begun: Option<u64>,
    /// When the watch over it ended.
    pub ended: Option<u64>,
    /// Percentages as they were first seen.
    pub percents: Vec<(u64, u8)>,
    /// From when to when nothing changed.
    pub still: Vec<(u64, u64)>,
    /// Why it was told to be stuck, the last time.
    pub stuck: Option<String>,
    /// The vendor's last word for its state.
    pub state: String,
}

impl Track {
    fn progress(&mut self, at: u64, state: &str, percent: Option<u8>, unchanged_ms: u64) {
        if self.state != state {
            state.clone_into(&mut self.state);
        }
        let last = self.percents.last().map_or(0, |(_, percent)| *percent);
        if let Some(percent) = percent.filter(|percent| *percent >= last.saturating_add(STEP)) {
            self.percents.push((at, percent));
        }
        if unchanged_ms >= STILL_MS {
            self.stand_still(at.saturating_sub(unchanged_ms), at);
        }
    }

    fn stand_still(&mut self, from: u64, to: u64) {
        let full = self.still.len() >= STRETCHES;
        match self.still.last_mut() {
            Some(last) if full || from <= last.1 => last.1 = to,
            _ => self.still.push((from, to)),
        }
    }

    /// The longest time without a change.
    pub fn longest_still(&self) -> Option<u64> {
        self.still.iter().map(|(from, to)| to - from).max()
    }
}

/// Requests of an endpoint that waited for the same reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waits {
    /// How many.
    pub count: u64,
    /// The longest, in milliseconds.
    pub longest: u64,
}

/// What happened at one endpoint beside its targets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trouble {
    /// Requests that waited, by what they waited for.
    pub waits: BTreeMap<&'static str, Waits>,
    /// How often looking failed, and why the last time.
    pub failed_looks: Option<(u64, String)>,
}

impl Trouble {
    fn wait(&mut self, reason: WaitReason, pause_ms: u64) {
        let waits = self.waits.entry(reason.words()).or_default();
        waits.count += 1;
        waits.longest = waits.longest.max(pause_ms);
    }

    fn failed_look(&mut self, error: String) {
        let count = self.failed_looks.as_ref().map_or(0, |(count, _)| *count);
        self.failed_looks = Some((count + 1, error));
    }
}

/// What is remembered of a run.
#[derive(Debug, Default)]
pub struct Memory {
    /// The ways of the targets.
    pub tracks: HashMap<Address, Track>,
    /// What happened at the endpoints.
    pub troubles: BTreeMap<String, Trouble>,
}

impl Memory {
    fn take(&mut self, at: u64, event: &Event) {
        match event {
            Event::Starting { target } => self.track(target).sent = Some(at),
            Event::Started { target, .. } => self.track(target).begun = Some(at),
            Event::Progress { target, state, percent, unchanged_ms } => {
                self.track(target).progress(at, state, *percent, *unchanged_ms);
            }
            Event::Stuck { target, unchanged_ms, reason, .. } => {
                let track = self.track(target);
                track.stand_still(at.saturating_sub(*unchanged_ms), at);
                track.stuck = Some(reason.clone());
            }
            Event::Finished { target, .. } => self.track(target).ended = Some(at),
            Event::Waiting { endpoint, reason, pause_ms, .. } => self.trouble(endpoint).wait(*reason, *pause_ms),
            Event::LookFailed { endpoint, error } => self.trouble(endpoint).failed_look(error.clone()),
            _ => {}
        }
    }

    fn track(&mut self, target: &Address) -> &mut Track {
        self.tracks.entry(target.clone()).or_default()
    }

    fn trouble(&mut self, endpoint: &str) -> &mut Trouble {
        self.troubles.entry(endpoint.to_owned()).or_default()
    }
}

/// Hands events on and remembers what a page tells of them.
pub struct Timeline {
    next: Arc<dyn Sink>,
    memory: Mutex<Memory>,
}

impl Timeline {
    /// Remembers what goes on to `next`.
    pub fn over(next: Arc<dyn Sink>) -> Self {
        Self { next, memory: Mutex::default() }
    }

    /// What was remembered; afterwards nothing is.
    pub fn memory(&self) -> Memory {
        std::mem::take(&mut self.memory.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Sink for Timeline {
    fn take(&self, record: EventRecord) {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner).take(record.at_ms, &record.event);
        self.next.take(record);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_of_days_is_remembered_in_little() {
        let mut track = Track::default();
        for minute in 0..100_000_u64 {
            let percent = u8::try_from(minute / 1_011).unwrap();
            track.progress(minute * 60_000, "Running", Some(percent), minute % 11 * 60_000);
        }
        assert!(track.percents.len() <= 20 && track.still.len() <= STRETCHES, "{track:?}");
        assert_eq!(track.percents.last().map(|(_, percent)| *percent), Some(95));
        assert_eq!(track.still.last().unwrap().1, 99_999 * 60_000, "what happened last is told too");
    }

    #[test]
    fn one_stretch_of_standing_still_is_one_stretch() {
        let mut track = Track::default();
        for (at, unchanged) in [(100, 0), (400, 299), (500, 399), (600, 0), (1_000, 350)] {
            track.progress(at * 1_000, "Running", None, unchanged * 1_000);
        }
        assert_eq!(track.still, [(101_000, 500_000), (650_000, 1_000_000)]);
        assert_eq!(track.longest_still(), Some(399_000));
    }
}

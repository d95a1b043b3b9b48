//! One line for each thing that happens; progress only in steps worth a line.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use backup_sync::engine::{Address, Event, EventRecord, Sink};

use super::say;
use crate::labels::Labels;

/// Progress is told in steps of this many percent.
const STEP: u8 = 25;

/// Lines on standard error.
#[derive(Debug, Default)]
pub struct Plain(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    labels: Labels,
    /// What was told last of each target.
    told: HashMap<Address, (String, u8)>,
    /// When it was told last that requests to an endpoint wait, or its targets.
    waits: HashMap<String, u64>,
}

impl State {
    /// Whether this wait was told within the last minute, which counts as telling it: with many targets most requests wait.
    fn is_told(&mut self, what: &str, at_ms: u64) -> bool {
        let told = self.waits.get(what).is_some_and(|last| at_ms < last + 60_000);
        if !told {
            self.waits.insert(what.to_owned(), at_ms);
        }
        told
    }
}

impl Plain {
    /// The line for an event, if it is worth one.
    fn line(&self, event: &Event, at_ms: u64) -> Option<String> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Some(match event {
            Event::Planned { targets } => {
                state.labels = Labels::of(targets.iter().map(|(address, name)| (address, name.as_str())));
                format!("{} targets", targets.len())
            }
            Event::Started { target, job, adopted } => {
                let verb = if *adopted { "already running, watching" } else { "started as" };
                format!("{}: {verb} {}", state.labels.get(target), job_words(job))
            }
            Event::Stopping { target, job } => {
                format!("{}: asking the vendor to stop {}", state.labels.get(target), job_words(job))
            }
            Event::Progress { target, state: word, percent, .. } => {
                let told = (word.clone(), percent.unwrap_or(0) / STEP);
                if state.told.get(target) == Some(&told) {
                    return None;
                }
                state.told.insert(target.clone(), told);
                let label = state.labels.get(target);
                percent.map_or_else(|| format!("{label}: {word}"), |percent| format!("{label}: {word}, {percent} %"))
            }
            Event::Waiting { endpoint, reason, pause_ms, .. } => {
                if state.is_told(endpoint, at_ms) {
                    return None;
                }
                format!("{endpoint}: waiting {} s for {}", pause_ms.div_ceil(1000), reason.words())
            }
            Event::Queued { endpoint, reason, limit, targets } => {
                if state.is_told(&format!("{endpoint} queue"), at_ms) {
                    return None;
                }
                format!(
                    "{endpoint}: {targets} wait their turn; {limit} jobs at a time are permitted {}",
                    reason.words()
                )
            }
            Event::Stuck { target, unchanged_ms, reason, .. } => {
                let minutes = unchanged_ms / 60_000;
                format!("{}: nothing has changed for {minutes} min: {reason}", state.labels.get(target))
            }
            Event::Message { text } => text.clone(),
            Event::LookFailed { endpoint, error } => format!("{endpoint}: could not look, will try again: {error}"),
            Event::Finished { target, outcome, .. } => {
                format!("{}: {}: {}", state.labels.get(target), outcome.word(), outcome.detail())
            }
            _ => return None,
        })
    }
}

impl Sink for Plain {
    fn take(&self, record: EventRecord) {
        if let Some(line) = self.line(&record.event, record.at_ms) {
            let (seconds, tenths) = (record.at_ms / 1000, record.at_ms % 1000 / 100);
            say(format_args!("{seconds:>6}.{tenths} s  {}", line));
        }
    }
}

fn job_words(job: &[String]) -> String {
    if job.is_empty() { "the only one of its target".to_owned() } else { job.join(", ") }
}

//! Which jobs are at work, so that they can be named at once when somebody breaks off.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use backup_sync::engine::{Address, Event, EventRecord, Sink};

use super::say;
use crate::labels::Labels;
use crate::output::printable;

/// Hands events on and remembers the jobs that have not ended.
pub struct Jobs {
    next: Arc<dyn Sink>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    labels: Labels,
    running: BTreeMap<Address, Vec<String>>,
}

impl Jobs {
    /// Remembers what goes on to `next`.
    pub fn over(next: Arc<dyn Sink>) -> Self {
        Self { next, state: Mutex::default() }
    }

    /// Names the jobs that are at work, one in each line.
    pub fn tell(&self) {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        for (target, job) in &state.running {
            let job = if job.is_empty() { "without an id".to_owned() } else { job.join(", ") };
            say(format_args!("{}: goes on as job {}", printable(&state.labels.get(target)), printable(&job)));
        }
    }
}

impl Sink for Jobs {
    fn take(&self, record: EventRecord) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match &record.event {
            Event::Planned { targets } => {
                state.labels = Labels::of(targets.iter().map(|(address, name)| (address, name.as_str())));
            }
            Event::Started { target, job, .. } => drop(state.running.insert(target.clone(), job.clone())),
            Event::Finished { target, .. } => drop(state.running.remove(target)),
            _ => {}
        }
        drop(state);
        self.next.take(record);
    }
}

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
    /// The job of each, and whether this run has started it.
    running: BTreeMap<Address, (Vec<String>, bool)>,
}

impl Jobs {
    /// Remembers what goes on to `next`.
    pub fn over(next: Arc<dyn Sink>) -> Self {
        Self { next, state: Mutex::default() }
    }

    /// Names the jobs that are at work, one in each line. With `stopping`, those that this run has started are stopped.
    pub fn tell(&self, stopping: bool) {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        for (target, (job, own)) in &state.running {
            let job = if job.is_empty() { "without an id".to_owned() } else { job.join(", ") };
            let what = if stopping && *own { "is to be stopped:" } else { "goes on as" };
            say(format_args!("{}: {what} job {}", printable(&state.labels.get(target)), printable(&job)));
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
            Event::Started { target, job, adopted } => {
                drop(state.running.insert(target.clone(), (job.clone(), !adopted)));
            }
            Event::Finished { target, .. } => drop(state.running.remove(target)),
            _ => {}
        }
        drop(state);
        self.next.take(record);
    }
}

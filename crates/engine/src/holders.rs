//! Which target of a run has which of the vendor's jobs, so that none is found for two targets.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::address::Address;
use crate::provider::{Job, Search};

/// The jobs of all targets at one endpoint, also of those that have ended, by the vendor's ids.
#[derive(Debug, Default)]
pub(crate) struct Holders(Mutex<HashMap<String, Address>>);

impl Holders {
    /// The holders of these jobs.
    pub(crate) fn of<'j>(jobs: impl Iterator<Item = &'j Job>) -> Arc<Self> {
        let holders = Self::default();
        for job in jobs {
            holders.hold(job);
        }
        Arc::new(holders)
    }

    /// Notes a job, unless another target has it: that one is returned.
    pub(crate) fn hold(&self, job: &Job) -> Option<Address> {
        let mut holders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let target = &job.target.address;
        let other = job.ids.iter().filter_map(|id| holders.get(id)).find(|holder| *holder != target).cloned();
        if other.is_none() {
            holders.extend(job.ids.iter().map(|id| (id.clone(), target.clone())));
        }
        other
    }

    /// What a search has found is of this target only when no other has it.
    pub(crate) fn check(&self, found: Search) -> Search {
        let Search::Found(job) = &found else { return found };
        match self.hold(job) {
            Some(other) => Search::cannot_tell(format!("the job that was found is that of {other}")),
            None => found,
        }
    }
}

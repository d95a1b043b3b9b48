//! What the engine asks of a vendor: facts, never judgement over time.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use backup_sync_runtime::notice::Notices;
use backup_sync_runtime::{BoxFuture, Error};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::facts::Facts;
use crate::outcome::{Evidence, Outcome};
use crate::past::Past;
use crate::rehearsal::{PlannedRequest, rehearsed};

/// Something that can be synchronized.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Target {
    /// Where it is.
    pub address: Address,
    /// Its display name; may equal the id.
    pub name: String,
    /// Vendor facts needed to start it, for example the pairing of a replication.
    #[serde(default, skip_serializing_if = "Facts::is_empty")]
    pub facts: Facts,
}

/// The fact with the vendor's own labels or tags of a target: an object of texts.
pub const LABELS: &str = "labels";

impl Target {
    /// Labels by which it can be chosen.
    pub fn labels(&self) -> BTreeMap<String, String> {
        self.facts.get(LABELS).unwrap_or_default()
    }
}

/// The state of a target before anything was started.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// Whether it can be started now.
    pub readiness: Readiness,
    /// What the end will be compared with.
    pub facts: Facts,
}

/// Whether a target can be started.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "readiness", rename_all = "kebab-case")]
pub enum Readiness {
    /// Nothing is in the way.
    #[default]
    Ready,
    /// A synchronization of it runs already.
    Running {
        /// The running job.
        // In a box: most targets do not run, and each of them holds this.
        job: Box<Job>,
    },
    /// The vendor says that there is nothing to do.
    Needless {
        /// In which words.
        reason: String,
    },
    /// Somebody has put it aside, or it is busy with something else.
    Skip {
        /// What is in the way.
        reason: String,
    },
    /// It is not there, or broken.
    Broken {
        /// What is wrong.
        reason: String,
    },
}

impl Readiness {
    /// A synchronization of the target runs already.
    pub fn running(job: Job) -> Self {
        Self::Running { job: Box::new(job) }
    }
}

/// The vendor's running instance of a synchronization.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Job {
    /// What is being synchronized.
    pub target: Target,
    /// The vendor's ids: one, or several where one call starts several tasks; none where the vendor gives none.
    pub ids: Vec<String>,
    /// What the vendor said when it started.
    #[serde(default, skip_serializing_if = "Facts::is_empty")]
    pub facts: Facts,
}

impl Job {
    /// A job of which nothing but its id is known.
    pub fn known(target: Target, id: String) -> Self {
        Self { target, ids: vec![id], facts: Facts::default() }
    }
}

/// How far a job is, as the vendor tells it at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// Where it stands.
    pub phase: Phase,
    /// Percent as the vendor gives it, if it does.
    pub percent: Option<f64>,
    /// The vendor's own word for the state, for people.
    pub state: String,
    /// What the look has shown beside that, for [`Provider::verify`].
    pub facts: Facts,
}

impl Observation {
    /// A job of which nothing can be seen, and why in words.
    pub fn unseen(phase: Phase, state: &str) -> Self {
        Self { phase, percent: None, state: state.to_owned(), facts: Facts::default() }
    }
}

/// Where a job stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Accepted, not started.
    Waiting,
    /// At work.
    Running,
    /// The vendor says that it is over. Whether it did what it should is for [`Provider::verify`] to say.
    Ended(Ending),
    /// The vendor no longer knows the job.
    Gone,
    /// The vendor uses a word that we do not know, or none.
    Unclear,
}

/// What the vendor says of an end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It claims success, or merely that nothing runs any more.
    Claimed,
    /// It failed, with the vendor's reason.
    Failed(String),
    /// Somebody stopped it.
    Stopped,
}

/// A job that is over according to the vendor, with what is needed to prove it.
#[derive(Clone, Debug)]
pub struct Claim<'a> {
    /// The job.
    pub job: &'a Job,
    /// The state before.
    pub baseline: &'a Baseline,
    /// What the vendor said last.
    pub last: &'a Observation,
}

/// What a check of a claimed end gives.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Decided.
    Decided(Outcome),
    /// Not visible yet; look again for a while, then take `otherwise`.
    NotYet {
        /// What was expected and is not there.
        why: String,
        /// The outcome if that stays so.
        otherwise: Outcome,
    },
    /// It runs again or still.
    Running,
}

impl Verdict {
    /// Success, with its proof.
    pub fn proven(rule: &str, facts: Facts) -> Self {
        Self::Decided(Outcome::Succeeded { evidence: Evidence { rule: rule.to_owned(), facts } })
    }

    /// A failure.
    pub fn failed(reason: impl Into<String>) -> Self {
        Self::Decided(Outcome::Failed { reason: reason.into() })
    }
}

/// What a search for a started synchronization shows. Only [`Search::Absent`] permits to start again.
#[derive(Clone, Debug, PartialEq)]
pub enum Search {
    /// It is there, at work or over.
    Found(Job),
    /// The vendor would list it, also after its end, and does not.
    Absent,
    /// Nothing was found, but that proves nothing.
    CannotTell {
        /// Why the vendor's silence proves nothing.
        why: String,
    },
}

impl Search {
    /// A search whose silence proves nothing.
    pub fn cannot_tell(why: impl Into<String>) -> Self {
        Self::CannotTell { why: why.into() }
    }
}

/// A connection to one endpoint of one vendor.
///
/// Every method makes the requests it needs and says what it found. Loops, pauses, deadlines and decisions about
/// starting again belong to the engine.
pub trait Provider: Debug + Send + Sync {
    /// Name of the endpoint, the first part of its addresses.
    fn endpoint(&self) -> &str;

    /// Name of the vendor crate.
    fn vendor(&self) -> &'static str;

    /// Where it is said that calls to the endpoint wait, for progress.
    fn notices(&self) -> Option<&Notices> {
        None
    }

    /// From now on nothing more is sent: calls that wait give up, what is under way goes on. Logging out still works.
    fn break_off(&self) {}

    /// Takes [`Provider::break_off`] back, for what has to be sent after all: calls that stop what was started.
    fn go_on(&self) {}

    /// What an earlier process of the run has left at this endpoint, told before anything else is asked: jobs that are
    /// known to be of one target are not of another.
    fn remember(&self, _: &[&Past]) {}

    /// Everything that can be synchronized there.
    fn targets(&self) -> BoxFuture<'_, Result<Vec<Target>, Error>>;

    /// The state of each target, in the order given, with as few requests as the vendor allows.
    fn baseline<'a>(&'a self, targets: &'a [Target]) -> BoxFuture<'a, Result<Vec<Baseline>, Error>>;

    /// Starts one target. One request that starts work, and no other.
    fn trigger<'a>(&'a self, target: &'a Target, baseline: &'a Baseline) -> BoxFuture<'a, Result<Job, Error>>;

    /// The requests that [`Provider::trigger`] would send, from the same code; nothing is sent. Over a connection of the
    /// runtime there is nothing to add to what this does.
    fn rehearse<'a>(
        &'a self,
        target: &'a Target,
        baseline: &'a Baseline,
    ) -> BoxFuture<'a, Result<Vec<PlannedRequest>, Error>> {
        Box::pin(rehearsed(self.trigger(target, baseline)))
    }

    /// The same for [`Provider::stop`].
    fn rehearse_stop<'a>(&'a self, job: &'a Job) -> BoxFuture<'a, Result<Vec<PlannedRequest>, Error>> {
        Box::pin(rehearsed(self.stop(job)))
    }

    /// Looks for the synchronization of this target that runs now or was started since the baseline. `since` is when the
    /// start was about to be sent, by the clock of this machine.
    fn find_running<'a>(
        &'a self,
        target: &'a Target,
        baseline: &'a Baseline,
        since: Timestamp,
    ) -> BoxFuture<'a, Result<Search, Error>>;

    /// How far each job is, in the order given; the number of requests must not grow with the number of jobs where the
    /// vendor has a list call.
    fn observe<'a>(&'a self, jobs: &'a [&'a Job]) -> BoxFuture<'a, Result<Vec<Observation>, Error>>;

    /// Checks claimed ends against the vendor's own rule, in the order given and batched like [`Provider::observe`].
    fn verify<'a>(&'a self, claims: &'a [Claim<'a>]) -> BoxFuture<'a, Result<Vec<Verdict>, Error>>;

    /// Asks the vendor to stop a job. `false`: this vendor cannot stop one.
    fn stop<'a>(&'a self, job: &'a Job) -> BoxFuture<'a, Result<bool, Error>>;

    /// Long operations of this kind by their ids, whoever started them and whatever for, as an endpoint of their own over the same
    /// session. `None`: there is no such kind. See [`Jobs`](crate::Jobs).
    fn jobs(&self, _kind: &str) -> Option<Arc<dyn Provider>> {
        None
    }

    /// The shortest pause between two looks that the vendor's request quota allows.
    fn pace(&self) -> Duration {
        Duration::ZERO
    }

    /// Logs out. Called on every way out of a run.
    fn close(&self) -> BoxFuture<'_, Result<(), Error>>;
}

//! Rehearsing a run: everything that is read before something is started, and the requests that would start it.

use std::sync::Arc;

use backup_sync_runtime::{Error, rehearse};
use futures_util::future::join_all;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::address::Address;
use crate::mode::{Step, nothing_runs, step};
use crate::outcome::Outcome;
use crate::past::{Past, Stage};
use crate::provider::{Baseline, Job, Provider, Readiness, Target};
use crate::run::Run;
use crate::watch::complete;

/// A request that would be sent, without its headers: those hold credentials.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PlannedRequest {
    /// The vendor's name of the operation.
    pub operation: String,
    /// HTTP method.
    pub method: String,
    /// The whole URL.
    pub url: String,
    /// The body: the JSON document, or text where it is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
}

/// What would be done with a target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "action", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Action {
    /// It would be started.
    Start,
    /// What runs already would be watched, not started again.
    Adopt,
    /// The job of an earlier process would be watched on.
    Watch,
    /// A start of an earlier process may have arrived: it would be looked for, and sent again only when the vendor shows
    /// that it has not.
    LookFor,
    /// The vendor would be asked to stop the job.
    Stop,
    /// Nothing would be done, on purpose.
    Skip {
        /// Why.
        reason: String,
    },
    /// It would fail.
    Fail {
        /// Why.
        reason: String,
    },
    /// It has ended in an earlier process and would only be reported.
    Report {
        /// How it ended.
        ended: Outcome,
    },
}

impl Action {
    /// The word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Adopt => "adopt",
            Self::Watch => "watch",
            Self::LookFor => "look-for",
            Self::Stop => "stop",
            Self::Skip { .. } => "skip",
            Self::Fail { .. } => "fail",
            Self::Report { .. } => "report",
        }
    }

    /// The sentence that belongs to it, if there is one.
    pub fn detail(&self) -> &str {
        match self {
            Self::Skip { reason } | Self::Fail { reason } => reason,
            Self::Report { ended } => ended.detail(),
            _ => "",
        }
    }
}

/// What would be done with one target, and what would be sent for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PlannedTarget {
    /// Where it is.
    pub target: Address,
    /// Its display name.
    pub name: String,
    /// The vendor crate that would deal with it.
    pub vendor: String,
    /// What would be done.
    #[serde(flatten)]
    pub action: Action,
    /// The vendor's ids of the job that runs; empty when none does.
    pub job: Vec<String>,
    /// The requests that would start or stop it, from the code that sends them.
    pub requests: Vec<PlannedRequest>,
    /// What kind of error stands in the way, if one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_kind: Option<String>,
    /// Whether the same call may succeed later without anybody changing anything.
    pub transient: bool,
}

/// What a run would do, as one versioned document. Nothing of it has been done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Rehearsal {
    /// Version of this form, 1.
    pub version: u32,
    /// Somebody broke it off, so not everything was read.
    pub interrupted: bool,
    /// Each target, in the order given.
    pub targets: Vec<PlannedTarget>,
}

/// What is rehearsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Play {
    Run,
    Stop,
}

impl Run {
    /// Says what [`Run::resume`] would do with these targets, and with fresh ones [`Run::execute`]: reads their states, and
    /// takes the requests from the code that would send them. Nothing that starts work is sent, and nothing is written to
    /// the journal. Sessions are closed before it returns.
    pub async fn rehearse(&self, pasts: Vec<Past>, providers: Vec<Arc<dyn Provider>>) -> Rehearsal {
        self.rehearsal(Play::Run, pasts, providers).await
    }

    /// The same for [`Run::stop_jobs`].
    pub async fn rehearse_stop(&self, pasts: Vec<Past>, providers: Vec<Arc<dyn Provider>>) -> Rehearsal {
        self.rehearsal(Play::Stop, pasts, providers).await
    }

    async fn rehearsal(&self, play: Play, pasts: Vec<Past>, providers: Vec<Arc<dyn Provider>>) -> Rehearsal {
        let (groups, settled) = self.groups(pasts, providers);
        let planned = groups.into_iter().map(|(provider, places)| async move {
            let (places, pasts): (Vec<usize>, Vec<Past>) = places.into_iter().unzip();
            let reading = self.plan(play, &*provider, pasts);
            let targets = self.before_close(&*provider, self.stop.wait(), reading).await;
            places.into_iter().zip(targets)
        });
        let mut targets: Vec<_> = join_all(planned).await.into_iter().flatten().collect();
        targets.extend(settled.into_iter().map(|(place, past)| (place, PlannedTarget::settled(past))));
        targets.sort_by_key(|(place, _)| *place);
        let targets = targets.into_iter().map(|(_, target)| target).collect();
        Rehearsal { version: 1, interrupted: self.stop.asked(), targets }
    }

    async fn plan(&self, play: Play, provider: &dyn Provider, pasts: Vec<Past>) -> Vec<PlannedTarget> {
        let unread: Vec<Target> =
            pasts.iter().filter(|past| needs_look(play, past)).map(|past| past.target.clone()).collect();
        let found = match unread.is_empty() {
            true => Ok(Vec::new()),
            false => provider.baseline(&unread).await.and_then(|found| complete(found, unread.len())),
        };
        let mut found = found.map(Vec::into_iter);
        let mut planned = Vec::with_capacity(pasts.len());
        for past in pasts {
            let baseline = match &mut found {
                _ if !needs_look(play, &past) => Ok(None),
                Ok(found) => Ok(found.next()),
                Err(error) => Err(&*error),
            };
            planned.push(match baseline {
                Ok(baseline) => self.planned(play, provider, past, baseline).await,
                Err(error) => PlannedTarget::of(past, Action::LookFor).failed(error, "its state could not be read"),
            });
        }
        planned
    }

    /// What would be done with one target whose state is read.
    async fn planned(
        &self,
        play: Play,
        provider: &dyn Provider,
        past: Past,
        baseline: Option<Baseline>,
    ) -> PlannedTarget {
        let job = match (&past.stage, &baseline) {
            (Stage::Started { job, .. }, _) => Some(job.clone()),
            (_, Some(Baseline { readiness: Readiness::Running { job }, .. })) => Some(Job::clone(job)),
            _ => None,
        };
        let target = past.target.clone();
        let stage = past.stage.clone();
        let planned = PlannedTarget { job: ids(job.as_ref()), ..PlannedTarget::of(past, Action::Watch) };
        match (play, job, baseline, stage) {
            (Play::Stop, Some(job), ..) => planned.doing(Action::Stop).sending(provider.rehearse_stop(&job).await),
            (Play::Stop, None, Some(baseline), _) => {
                planned.doing(Action::Skip { reason: nothing_runs(&baseline.readiness) })
            }
            (Play::Run, _, Some(baseline), Stage::Planned) => {
                match step(&self.options, &target.address, &baseline.readiness) {
                    Step::Start => planned.doing(Action::Start).sending(provider.rehearse(&target, &baseline).await),
                    Step::Adopt(_) => planned.doing(Action::Adopt),
                    Step::Skip(reason) => planned.doing(Action::Skip { reason }),
                    Step::Fail(reason) => planned.doing(Action::Fail { reason }),
                }
            }
            (Play::Run, _, _, Stage::Intended { baseline, .. }) => {
                planned.doing(Action::LookFor).sending(provider.rehearse(&target, &baseline).await)
            }
            _ => planned,
        }
    }
}

/// Whether the state of a target decides about it.
fn needs_look(play: Play, past: &Past) -> bool {
    match play {
        Play::Run => matches!(past.stage, Stage::Planned),
        Play::Stop => matches!(past.stage, Stage::Planned | Stage::Intended { .. }),
    }
}

fn ids(job: Option<&Job>) -> Vec<String> {
    job.map(|job| job.ids.clone()).unwrap_or_default()
}

impl PlannedTarget {
    fn of(past: Past, action: Action) -> Self {
        let Past { target, vendor, .. } = past;
        let (job, requests) = (Vec::new(), Vec::new());
        Self {
            target: target.address,
            name: target.name,
            vendor,
            action,
            job,
            requests,
            error_kind: None,
            transient: false,
        }
    }

    /// A target of which the journal tells the end, or whose endpoint is not asked.
    fn settled(past: Past) -> Self {
        match past.stage.clone() {
            Stage::Ended(report) => {
                Self { job: report.job.clone(), ..Self::of(past, Action::Report { ended: report.outcome }) }
            }
            _ => {
                let reason = "there is no connection to its endpoint".to_owned();
                Self::of(past, Action::Fail { reason })
            }
        }
    }

    fn doing(self, action: Action) -> Self {
        Self { action, ..self }
    }

    fn sending(self, requests: Result<Vec<PlannedRequest>, Error>) -> Self {
        match requests {
            Ok(requests) if requests.is_empty() && self.action == Action::Stop => {
                let reason = format!("{} offers no call that stops this job", self.vendor);
                self.doing(Action::Fail { reason })
            }
            Ok(requests) => Self { requests, ..self },
            Err(error) => self.failed(&error, "its request cannot be made"),
        }
    }

    fn failed(self, error: &Error, what: &str) -> Self {
        let reason = format!("{what}: {}", error.chain());
        let (error_kind, transient) = (Some(error.kind().to_string()), error.is_transient());
        Self { action: Action::Fail { reason }, error_kind, transient, ..self }
    }
}

/// The requests that `work` would send.
pub(crate) async fn rehearsed<T>(work: impl Future<Output = Result<T, Error>>) -> Result<Vec<PlannedRequest>, Error> {
    let planned = |request: backup_sync_runtime::Rehearsed| PlannedRequest {
        operation: request.operation.to_owned(),
        method: request.method,
        url: request.url,
        body: request.body,
    };
    Ok(rehearse(work).await?.into_iter().map(planned).collect())
}

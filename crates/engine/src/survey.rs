//! A look at targets that changes nothing: what each is doing, in the vendor's words. Nothing is started, and no journal is
//! needed.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use backup_sync_runtime::{Error, retry};
use futures_util::FutureExt as _;
use futures_util::future::join_all;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::facts::Facts;
use crate::provider::{Baseline, Job, Observation, Phase, Provider, Readiness, Target};
use crate::run::Run;
use crate::slot::shown_percent;
use crate::watch::complete;

/// What a target is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Standing {
    /// A synchronization of it runs.
    Running,
    /// The vendor says that there is nothing to synchronize.
    InSync,
    /// Nothing runs, and nothing is in the way of a start.
    Ready,
    /// Somebody has put it aside, or it is busy with something else.
    Aside,
    /// It is not there, or broken.
    Broken,
    /// It could not be looked at.
    Unread,
}

impl Standing {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::InSync => "in-sync",
            Self::Ready => "ready",
            Self::Aside => "aside",
            Self::Broken => "broken",
            Self::Unread => "unread",
        }
    }
}

/// One target at the moment of the look.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Surveyed {
    /// Where it is.
    pub target: Address,
    /// Its display name.
    pub name: String,
    /// The vendor crate that deals with it.
    pub vendor: String,
    /// What it is doing.
    pub standing: Standing,
    /// Why that is so, in the vendor's words; or why it could not be looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The vendor's ids of the running job.
    pub job: Vec<String>,
    /// The vendor's own word for the state of the running job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// 0 to 99 where the vendor tells it; 100 would claim a proven end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percent: Option<u8>,
    /// What the vendor says of the target that bears on being in sync, under its own names.
    #[serde(default, skip_serializing_if = "Facts::is_empty")]
    pub facts: Facts,
    /// What kind of error stood in the way of the look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_kind: Option<String>,
    /// Whether the same look may succeed later without anybody changing anything.
    pub transient: bool,
}

/// What all targets were doing at one moment, as one versioned document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Survey {
    /// Version of this form, 1.
    pub version: u32,
    /// When the look was complete, RFC 3339 in UTC.
    pub at: String,
    /// Each target, in the order given.
    pub targets: Vec<Surveyed>,
}

impl Run {
    /// Looks once at all targets: one reading of the states and one look at the running jobs for each endpoint. Endpoints
    /// that cannot be asked hide no other. Sessions stay open; who opened them closes them.
    pub async fn survey(&self, endpoints: &[(Arc<dyn Provider>, Vec<Target>)]) -> Survey {
        let looks = endpoints.iter().map(|(provider, targets)| self.look_around(&**provider, targets));
        self.survey_of(&join_all(looks).await)
    }

    fn survey_of(&self, looks: &[Vec<Surveyed>]) -> Survey {
        let at = self.clock.wall().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
        Survey { version: 1, at, targets: looks.concat() }
    }

    /// Looks again and again, and hands what is known to `show` after each look, until that says [`ControlFlow::Break`] or
    /// the run is broken off. Between two looks at an endpoint there is `pace`, or as much as its vendor's quota wants,
    /// with some jitter; a slow endpoint holds up no other. Targets of an endpoint are missing until its first look ends.
    pub async fn survey_until(
        &self,
        endpoints: &[(Arc<dyn Provider>, Vec<Target>)],
        pace: Duration,
        mut show: impl FnMut(&Survey) -> ControlFlow<()>,
    ) {
        let mut seen = vec![Vec::new(); endpoints.len()];
        let look = async |index: usize, pause: Duration| {
            let (provider, targets) = &endpoints[index];
            if !pause.is_zero() {
                tokio::select! {
                    () = self.clock.sleep(pause) => {}
                    () = self.stop.wait() => {}
                }
            }
            (index, self.look_around(&**provider, targets).await)
        };
        let mut looks: FuturesUnordered<_> = (0..endpoints.len()).map(|index| look(index, Duration::ZERO)).collect();
        while !self.stop.asked() {
            let Some(first) = looks.next().await else {
                if show(&self.survey_of(&seen)).is_continue() {
                    self.stop.wait().await;
                }
                return;
            };
            // What has ended meanwhile is shown together.
            let more = std::iter::from_fn(|| looks.next().now_or_never().flatten());
            let ended: Vec<(usize, Vec<Surveyed>)> = std::iter::once(first).chain(more).collect();
            for (index, rows) in ended {
                seen[index] = rows;
                // Jitter keeps many programs from asking in step.
                let pause = pace.max(endpoints[index].0.pace()).mul_f64(0.9 + 0.2 * retry::jitter());
                looks.push(look(index, pause));
            }
            if self.stop.asked() || show(&self.survey_of(&seen)).is_break() {
                return;
            }
        }
    }

    async fn look_around(&self, provider: &dyn Provider, targets: &[Target]) -> Vec<Surveyed> {
        if targets.is_empty() {
            return Vec::new();
        }
        let unread = |error: &Error| targets.iter().map(|target| Surveyed::unread(provider, target, error)).collect();
        let states = async { provider.baseline(targets).await.and_then(|found| complete(found, targets.len())) };
        let states = tokio::select! {
            states = states => states,
            () = self.stop.wait() => return unread(&broken_off()),
        };
        let states = match states {
            Ok(states) => states,
            Err(error) => return unread(&error),
        };
        let jobs: Vec<&Job> = states.iter().filter_map(running).collect();
        let seen = async {
            match jobs.is_empty() {
                true => Ok(Vec::new()),
                false => provider.observe(&jobs).await.and_then(|seen| complete(seen, jobs.len())),
            }
        };
        let seen = tokio::select! {
            seen = seen => seen,
            () = self.stop.wait() => Err(broken_off()),
        };
        let mut seen = seen.map(Vec::into_iter);
        let mut surveyed = Vec::with_capacity(targets.len());
        for (target, state) in targets.iter().zip(&states) {
            let mut one = Surveyed::of(provider, target, state);
            match (running(state), &mut seen) {
                (Some(_), Ok(seen)) => one.saw(seen.next()),
                // It runs; how far it is could not be read.
                (Some(_), Err(error)) => {
                    one.detail = Some(format!("its job could not be looked at: {}", error.chain()))
                }
                (None, _) => {}
            }
            surveyed.push(one);
        }
        surveyed
    }
}

fn broken_off() -> Error {
    let what = "it was broken off before everything was read";
    Error::new(backup_sync_runtime::Kind::BrokenOff, backup_sync_runtime::Delivery::NeverSent, what)
}

fn running(state: &Baseline) -> Option<&Job> {
    match &state.readiness {
        Readiness::Running { job } => Some(job),
        _ => None,
    }
}

impl Surveyed {
    fn of(provider: &dyn Provider, target: &Target, state: &Baseline) -> Self {
        let (standing, detail) = match &state.readiness {
            Readiness::Ready => (Standing::Ready, None),
            Readiness::Running { .. } => (Standing::Running, None),
            Readiness::Needless { reason } => (Standing::InSync, Some(reason)),
            Readiness::Skip { reason } => (Standing::Aside, Some(reason)),
            Readiness::Broken { reason } => (Standing::Broken, Some(reason)),
        };
        Self {
            target: target.address.clone(),
            name: target.name.clone(),
            vendor: provider.vendor().to_owned(),
            standing,
            detail: detail.cloned(),
            job: running(state).map(|job| job.ids.clone()).unwrap_or_default(),
            state: None,
            percent: None,
            facts: state.facts.plain(),
            error_kind: None,
            transient: false,
        }
    }

    fn unread(provider: &dyn Provider, target: &Target, error: &Error) -> Self {
        Self {
            standing: Standing::Unread,
            detail: Some(error.chain()),
            error_kind: Some(error.kind().to_string()),
            transient: error.is_transient(),
            ..Self::of(provider, target, &Baseline::default())
        }
    }

    fn saw(&mut self, seen: Option<Observation>) {
        let Some(seen) = seen else { return };
        self.percent = seen.percent.and_then(shown_percent);
        // Between the two looks it may have ended; the next survey tells.
        if matches!(seen.phase, Phase::Ended(_) | Phase::Gone) {
            self.detail = Some("it has just ended".to_owned());
        }
        self.state = Some(seen.state);
    }
}

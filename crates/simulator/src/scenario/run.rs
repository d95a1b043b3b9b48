//! How the synchronizations of targets go, one after the other.

use schemars::JsonSchema;
use serde::Deserialize;

use super::values::{Length, Percent};
use crate::script::{self, Behaviour, Scripted};

/// How the coming synchronizations of some targets go. After the last one that is listed, synchronizations succeed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// Name or id of the targets; `*` and `?` match as in a shell. Each of them gets the whole list of runs. Jobs and
    /// organizations of `veeam-vb365` are meant, too.
    pub target: Option<String>,
    /// Instead of `target`: the `backup_id` of a backup in a list of on-premises backups; `huawei-cbr` only.
    pub backup: Option<String>,
    /// The synchronizations, in the order in which they are started.
    #[schemars(length(min = 1))]
    pub runs: Vec<Run>,
}

/// How one synchronization goes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// How it ends, or does not. `success` when left out.
    #[serde(default)]
    pub outcome: Outcome,
    /// How long it takes; the `duration` of the endpoint when left out.
    pub duration: Option<Length>,
    /// How its percentage grows. `even` when left out.
    #[serde(default)]
    pub curve: Curve,
    /// What a call to stop it does; `veeam-vb365` only, the others have no such call. `stops` when left out.
    pub on_stop: Option<OnStop>,
}

/// How a synchronization ends, or does not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It succeeds.
    #[default]
    Success,
    /// It fails with this reason.
    Fail(String),
    /// It reaches so many percent and stays there for ever.
    StuckAt(Percent),
    /// From half of its time on it shows this word as its state, for ever.
    UnknownState(String),
    /// It succeeds, and the vendor forgets the session, task or operation log in the same moment.
    VanishAfterEnd,
    /// It ends as if it were well, but nothing has changed: the repository stays out of sync, `last_sync_time` does not
    /// move, backups are counted as failed.
    StaysOutOfSync,
    /// It ends well, but members that may be null or absent are.
    NullFields,
    /// It ends as if somebody else had stopped it.
    Stopped,
}

/// How the percentage of a synchronization grows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Curve {
    /// Evenly.
    #[default]
    Even,
    /// These values, each for the same share of the time; they may jump, repeat and run back.
    Steps(#[schemars(length(min = 1))] Vec<Percent>),
}

/// What a call to stop a synchronization does. The call is accepted in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OnStop {
    /// It stops at once.
    Stops,
    /// It stops so much later, if it has not ended by then.
    StopsAfter(Length),
    /// It goes on as if nobody had called.
    GoesOn,
}

impl Run {
    /// As the simulator knows it.
    pub(super) fn behaviour(&self) -> Behaviour {
        let outcome = match &self.outcome {
            Outcome::Success => Scripted::Success,
            Outcome::Fail(reason) => Scripted::Fail(reason.clone()),
            Outcome::StuckAt(percent) => Scripted::StuckAt(percent.get()),
            Outcome::UnknownState(word) => Scripted::UnknownState(word.clone()),
            Outcome::VanishAfterEnd => Scripted::VanishAfterEnd,
            Outcome::StaysOutOfSync => Scripted::StaysOutOfSync,
            Outcome::NullFields => Scripted::NullFields,
            Outcome::Stopped => Scripted::Stopped,
        };
        let curve = match &self.curve {
            Curve::Even => script::Curve::Even,
            Curve::Steps(steps) => script::Curve::Steps(steps.iter().map(|step| step.get()).collect()),
        };
        let on_stop = match self.on_stop {
            None | Some(OnStop::Stops) => script::OnStop::Stops,
            Some(OnStop::StopsAfter(lag)) => script::OnStop::StopsAfter(lag.get()),
            Some(OnStop::GoesOn) => script::OnStop::GoesOn,
        };
        Behaviour { duration: self.duration.map(Length::get), curve, outcome, on_stop }
    }
}

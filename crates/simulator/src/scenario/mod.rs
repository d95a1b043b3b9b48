//! Scenario files: which servers there are, how their synchronizations go, and what goes wrong, in TOML or JSON.

mod build;
mod check;
mod endpoint;
mod fault;
mod read;
mod run;
#[cfg(test)]
mod tests;
mod values;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

pub use self::endpoint::{Endpoint, RateLimit, TargetCounts, Vendor, Version};
pub use self::fault::{Effect, Fault, Refusal};
pub use self::read::{Format, ScenarioError};
pub use self::run::{Curve, OnStop, Outcome, Run, Script};
pub use self::values::{Count, Length, Percent, PositiveCount, Seconds, Speed, Status, Times};

/// A scenario of `backup-sync simulate`: simulated servers, how their synchronizations go, and what goes wrong.
///
/// Lengths of time are texts such as `90s`, `5m` or `1h 30m`, in simulated time unless said otherwise. Unknown keys are
/// refused.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What the scenario is for, in a sentence or two.
    pub description: String,
    /// Simulated seconds in each real second; 0 lets time stand still until it is moved by `/_simulator/advance`.
    /// 1 when left out. `--speed` has precedence.
    pub speed: Option<Speed>,
    /// Every server speaks HTTPS, with a certificate that it signed itself.
    #[serde(default)]
    pub tls: bool,
    /// The servers by name.
    pub endpoints: BTreeMap<String, Endpoint>,
}

//! What goes wrong with single requests.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::values::{Count, Length, Seconds, Status, Times};
use crate::fault as simulator;

/// Requests that go wrong: so many, then all is normal again. Faults of one endpoint are used in the order in which they
/// are listed.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// `operationId` of the requests, as in the documents of `specs/`; every request when left out.
    pub operation: Option<String>,
    /// So many such requests pass before the first one is hit. 0 when left out.
    pub after: Option<Count>,
    /// So many requests are hit. 1 when left out.
    pub times: Option<Times>,
    /// What happens to them.
    pub effect: Effect,
}

/// What happens to a request.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// It is refused; nothing is done.
    Refusal(Refusal),
    /// It is refused with this status and a page of HTML, as a proxy does it; nothing is done.
    Html(Status),
    /// It is refused with this status and no body; nothing is done.
    EmptyBody(Status),
    /// It is answered as usual, but this much real time later.
    Delay(Length),
    /// The connection is closed without an answer; nothing is done.
    Reset,
    /// It is done, but the answer breaks off in the middle.
    Truncated,
    /// It is done, but the connection is closed without an answer.
    ApplyThenReset,
}

/// The answer to a refused request.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Refusal {
    /// Status of the answer.
    pub status: Status,
    /// Seconds in the header `Retry-After`; no such header when left out.
    pub retry_after: Option<Seconds>,
    /// JSON body; the vendor's own error body when left out.
    pub body: Option<Value>,
}

impl Fault {
    /// As the simulator knows it.
    pub(super) fn fault(&self) -> simulator::Fault {
        use simulator::FaultKind as Kind;
        let kind = match &self.effect {
            Effect::Refusal(refusal) => Kind::Status {
                status: refusal.status.get(),
                retry_after: refusal.retry_after.map(Seconds::get),
                body: refusal.body.clone(),
            },
            Effect::Html(status) => Kind::Html(status.get()),
            Effect::EmptyBody(status) => Kind::EmptyBody(status.get()),
            Effect::Delay(delay) => Kind::Delay(delay.get()),
            Effect::Reset => Kind::Reset,
            Effect::Truncated => Kind::Truncated,
            Effect::ApplyThenReset => Kind::ApplyThenReset,
        };
        simulator::Fault { operation: self.operation.clone(), times: self.times.map_or(1, Times::get), kind }
    }
}

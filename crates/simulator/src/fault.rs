//! Misbehaviour of single operations: so many times, then normal again.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;

/// What goes wrong, where and how often.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// `operationId` as in the spec; `None` means every request.
    pub operation: Option<String>,
    /// So many requests are hit.
    pub times: u32,
    /// What happens to them.
    pub kind: FaultKind,
}

/// What happens to a request.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum FaultKind {
    /// It is refused; nothing is done.
    Status {
        /// Status of the answer.
        status: u16,
        /// Seconds in the header `Retry-After`.
        retry_after: Option<u64>,
        /// Body; `None` gives the vendor's own error body.
        body: Option<Value>,
    },
    /// It is refused with this status and a page of HTML, as a proxy does it; nothing is done.
    Html(u16),
    /// It is refused with this status and no body; nothing is done.
    EmptyBody(u16),
    /// It is answered as usual, but this much real time later.
    Delay(Duration),
    /// The connection is closed without an answer; nothing is done.
    Reset,
    /// It is done, but the answer breaks off in the middle.
    Truncated,
    /// It is done, but the connection is closed without an answer.
    ApplyThenReset,
}

/// A fault, and how many requests that it could hit pass before.
#[derive(Debug)]
struct Armed {
    passing: u32,
    fault: Fault,
}

/// The faults of one endpoint, in the order in which they were added.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<Vec<Armed>>);

impl Faults {
    /// Adds a fault that lets `passing` requests through before it begins.
    pub(crate) fn add(&self, passing: u32, fault: Fault) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(Armed { passing, fault });
    }

    /// So many requests will still be hit.
    pub(crate) fn waiting(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().map(|armed| u64::from(armed.fault.times)).sum()
    }

    /// The fault that hits a request of `operation`, if one does.
    pub(crate) fn take(&self, operation: Option<&str>) -> Option<FaultKind> {
        let mut faults = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        faults.retain(|armed| armed.fault.times > 0);
        let hits = |fault: &Fault| match fault.operation.as_deref() {
            None => true,
            wanted => wanted == operation,
        };
        for armed in faults.iter_mut().filter(|armed| hits(&armed.fault)) {
            if armed.passing == 0 {
                armed.fault.times -= 1;
                return Some(armed.fault.kind.clone());
            }
            armed.passing -= 1;
        }
        None
    }
}

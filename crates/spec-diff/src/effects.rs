//! What a change does to the rest of this workspace: runtime, simulator, contract tests, sync layer.

use crate::Surroundings;
use crate::model::{Change, Class};

/// Sentences for one change.
pub(crate) fn of(change: &Change, vendor: &str, surroundings: &dyn Surroundings) -> Vec<String> {
    let mut told: Vec<String> = by_kind(change).map(str::to_owned).into_iter().collect();
    if change.callers >= Some(Class::Risky) {
        let used: Vec<&str> =
            change.operations.iter().map(String::as_str).filter(|id| surroundings.sync_uses(vendor, id)).collect();
        if !used.is_empty() {
            told.push(format!(
                "the sync layer calls {}: look at crates/{vendor}/src and run its scenario tests",
                used.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ")
            ));
        }
    }
    told
}

fn by_kind(change: &Change) -> Option<&'static str> {
    Some(match change.kind.id {
        "idempotency-changed" => {
            "the runtime sends an idempotent request again when its answer was lost, any other never"
        }
        "starts-job-changed" => "the runtime never sends a request again that starts work",
        "paging-changed" => "`backup-sync api` and the pager of the runtime walk the list by it",
        "secret-marked" | "secret-unmarked" => "redaction in logs, errors and `Debug` is driven by this mark",
        "example-added" | "example-changed" => "the contract tests serve it to the typed client",
        "example-removed" => "the contract tests lose it",
        "operation-added" => "the simulator answers it only after it has been taught to",
        "operation-removed" | "operation-renamed" => {
            "the simulator finds operations by their ids: its part for this one has to follow"
        }
        "operation-moved" => "the simulator follows by itself: it routes by the operation table",
        "key-added" => "every example and every simulated answer must hold it",
        "security-tightened" | "security-dropped" | "security-scheme-changed" => {
            "the login of the vendor crate and the simulator decide by it who sends credentials"
        }
        "wire-types-widened" | "wire-types-narrowed" | "spellings-more" | "spellings-fewer" => {
            "the tolerant readers of the client follow by themselves"
        }
        _ => return None,
    })
}

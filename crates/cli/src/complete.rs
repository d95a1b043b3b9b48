//! What a shell may complete: endpoints and targets from the configuration, operations from the tables. Nothing is asked
//! of any vendor, and nothing is said when the configuration cannot be read.

use backup_sync::runtime::Operation;
use clap::CommandFactory as _;
use clap_complete::engine::CompletionCandidate;
use clap_complete::env::CompleteEnv;

use crate::args::Arguments;
use crate::config::{self, Endpoint};
use crate::tables::TABLES;

/// Set by the script of `backup-sync completions`.
pub const VARIABLE: &str = "BACKUP_SYNC_COMPLETE";

/// Answers a shell that asks for completions, and ends the program then.
pub fn answer() {
    CompleteEnv::with_factory(Arguments::command).var(VARIABLE).complete();
}

fn configured() -> Vec<(String, Endpoint)> {
    let text = std::fs::read_to_string(config::usual_path()).unwrap_or_default();
    let parsed = config::parse::parse(&text, "");
    parsed.endpoints.into_iter().filter_map(|(name, endpoint)| Some((name, endpoint.ok()?))).collect()
}

/// Names of endpoints.
pub fn endpoints() -> Vec<CompletionCandidate> {
    let named = configured().into_iter();
    named.map(|(name, endpoint)| CompletionCandidate::new(name).help(Some(endpoint.vendor().into()))).collect()
}

/// Patterns for all targets of an endpoint.
pub fn targets() -> Vec<CompletionCandidate> {
    let patterns = configured().into_iter().flat_map(|(name, endpoint)| {
        let kinds: &[&str] = match endpoint {
            Endpoint::VeeamVb365(_) => &["repository"],
            Endpoint::HuaweiCbr(_) => &["vault", "backups"],
            Endpoint::VsphereReplication(_) => &["replication"],
        };
        kinds.iter().map(move |kind| format!("{name}/{kind}/*"))
    });
    patterns.map(CompletionCandidate::new).collect()
}

/// Names of operations.
pub fn operations() -> Vec<CompletionCandidate> {
    let mut rows: Vec<&Operation> = TABLES.iter().flat_map(|table| table.operations).collect();
    rows.sort_by_key(|row| row.id);
    rows.dedup_by_key(|row| row.id);
    rows.into_iter().map(|row| CompletionCandidate::new(row.id).help(Some(row.summary.into()))).collect()
}

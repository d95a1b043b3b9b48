//! What is right and wrong with a server.

use backup_sync_engine::Provider as _;
use backup_sync_runtime::Kind;
use backup_sync_runtime::diagnose::{Check, Finding, Findings, NEEDS_EARLIER, Server, advice, within};

use crate::{Config, Vb365};

/// What is looked at after the server is reached.
const INSIDE: [Check; 4] = [Check::Version, Check::Login, Check::Rights, Check::Data];

/// Looks at everything that a run needs, and says of each part what is wrong with it. Nothing is started.
pub async fn diagnose(config: &Config) -> Vec<Finding> {
    let Config { url, trust, timeouts, clock, .. } = config;
    let server = Server { url, trust, timeouts: *timeouts, clock: clock.clone(), dated: false };
    let mut found = server.look().await;
    if found.any_failed() {
        found.skipped(&INSIDE, NEEDS_EARLIER);
        return found.into_vec();
    }
    let server = match Vb365::connect(&Config { retry: config.retry.once(), ..config.clone() }).await {
        Ok(server) => server,
        Err(error) => {
            let fix = advice(&error);
            match error.kind() {
                Kind::Usage => {
                    found.failed(Check::Version, error, fix);
                    found.skipped(&INSIDE[1..], NEEDS_EARLIER);
                }
                Kind::Denied => {
                    found.skipped(&INSIDE[..1], NEEDS_EARLIER);
                    found.good(Check::Login, "the password is accepted");
                    found.failed(
                        Check::Rights,
                        error,
                        "give the account a role that may read repositories and sessions",
                    );
                    found.skipped(&INSIDE[3..], NEEDS_EARLIER);
                }
                _ => {
                    found.skipped(&INSIDE[..1], NEEDS_EARLIER);
                    found.failed(Check::Login, error, fix);
                    found.skipped(&INSIDE[2..], NEEDS_EARLIER);
                }
            }
            return found.into_vec();
        }
    };
    let how = if config.version.is_some() { "as configured" } else { "found out" };
    found.good(Check::Version, format!("{}, {how}", server.version()));
    found.good(Check::Login, "the password is accepted");
    repositories(&server, &mut found).await;
    // What it says of a logout changes nothing about the findings.
    let _ = server.close().await;
    found.into_vec()
}

async fn repositories(server: &Vb365, found: &mut Findings) {
    match within(server.api().repositories()).await {
        Ok(repositories) => {
            found.good(
                Check::Rights,
                "repositories and sessions may be read; whether starting is allowed shows at a start",
            );
            found.count(repositories.len(), "repositories");
        }
        Err(error) => {
            found.failed_read(error);
        }
    }
}

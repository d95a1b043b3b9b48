//! What is right and wrong with a region.

use backup_sync_engine::Provider as _;
use backup_sync_runtime::Kind;
use backup_sync_runtime::diagnose::{Check, Finding, NEEDS_EARLIER, Server, advice, within};

use crate::config::{Config, Credentials};
use crate::provider::Cbr;

/// What is looked at after the service is reached.
const INSIDE: [Check; 3] = [Check::Login, Check::Rights, Check::Data];

/// Looks at everything that a run needs, and says of each part what is wrong with it. Nothing is started.
pub async fn diagnose(config: &Config) -> Vec<Finding> {
    let Config { trust, timeouts, clock, .. } = config;
    let dated = matches!(config.credentials, Credentials::Keys(_));
    let look =
        async |url: &String| Server { url, trust, timeouts: *timeouts, clock: clock.clone(), dated }.look().await;
    let mut found = look(&config.url).await;
    // Signed requests for a known project need no IAM.
    if !(dated && config.project_id.is_some()) && config.iam_url != config.url {
        found.extend(look(&config.iam_url).await);
    }
    found.good(Check::Version, "v3, the only one");
    if found.any_failed() {
        found.skipped(&INSIDE, NEEDS_EARLIER);
        return found.into_vec();
    }
    let region = match Cbr::connect(&Config { retry: config.retry.once(), ..config.clone() }).await {
        Ok(region) => region,
        Err(error) => {
            let fix = match error.kind() {
                Kind::Usage => "check `region` and `project_id` in the endpoint's configuration",
                _ => advice(&error),
            };
            found.failed(Check::Login, error, fix);
            found.skipped(&INSIDE[1..], NEEDS_EARLIER);
            return found.into_vec();
        }
    };
    let how = if dated { "requests will be signed" } else { "IAM has given a token" };
    found.good(Check::Login, format!("{how}; project {}", region.project_id()));
    let listed = within(async { region.vaults().next_page().await }).await;
    match listed {
        Ok(vaults) => {
            found.good(Check::Rights, "vaults may be listed; whether starting is allowed shows at a start");
            let vaults = vaults.map_or(0, |vaults| vaults.len());
            found.count(vaults + config.backup_lists.len(), "vaults of hybrid cloud backup and lists of backups");
        }
        Err(error) => found.failed_read(error),
    }
    // What it says of a logout changes nothing about the findings.
    let _ = region.close().await;
    found.into_vec()
}

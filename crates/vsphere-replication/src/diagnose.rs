//! What is right and wrong with an appliance and with the sites that it is paired with.

use backup_sync_engine::Provider as _;
use backup_sync_runtime::diagnose::{Check, Finding, Findings, NEEDS_EARLIER, Server, advice, within};
use backup_sync_runtime::{Error, call};

use crate::inventory::{self, PAGE, missing};
use crate::provider::within_one_vcenter;
use crate::v2::types::Pairing;
use crate::{Config, VsphereReplication};

/// What is looked at after the appliance is reached.
const INSIDE: [Check; 5] = [Check::Version, Check::Login, Check::RemoteSession, Check::Rights, Check::Data];

/// Looks at everything that a run needs, and says of each part what is wrong with it. Nothing is started.
pub async fn diagnose(config: &Config) -> Vec<Finding> {
    let Config { url, trust, timeouts, clock, .. } = config;
    let server = Server { url, trust, timeouts: *timeouts, clock: clock.clone(), dated: false };
    let mut found = server.look().await;
    if found.any_failed() {
        found.skipped(&INSIDE, NEEDS_EARLIER);
        return found.into_vec();
    }
    let appliance = VsphereReplication::prepare(&Config { retry: config.retry.once(), ..config.clone() });
    let logged_in = match appliance {
        Ok(appliance) => appliance.log_in().await.map(|()| appliance),
        Err(error) => Err(error),
    };
    let appliance = match logged_in {
        Ok(appliance) => appliance,
        Err(error) => {
            let fix = advice(&error);
            found.failed(Check::Login, error, fix);
            found.skipped(&[INSIDE[0], INSIDE[2], INSIDE[3], INSIDE[4]], NEEDS_EARLIER);
            return found.into_vec();
        }
    };
    found.good(Check::Login, "the local site accepts the password");
    look_inside(&appliance, config, &mut found).await;
    // What it says of a logout changes nothing about the findings.
    let _ = appliance.close().await;
    found.into_vec()
}

async fn look_inside(appliance: &VsphereReplication, config: &Config, found: &mut Findings) {
    version(appliance, found).await;
    let pairings = match within(inventory::pairings(appliance.client(), false).all()).await {
        Ok(pairings) => pairings,
        Err(error) => {
            found.skipped(&INSIDE[2..3], NEEDS_EARLIER);
            return found.failed_read(error);
        }
    };
    found.good(Check::Rights, "pairings may be read; whether starting is allowed shows at a start");
    if pairings.is_empty() {
        found.skipped(&INSIDE[2..3], "no site is paired with this one");
    }
    let mut count = 0;
    let mut unknown = Vec::new();
    for pairing in &pairings {
        remote(appliance, config, pairing, found).await;
        match within(replications(appliance, pairing)).await {
            Ok((listed, told)) => {
                count += listed;
                unknown.extend(told);
            }
            Err(error) => return found.failed_read(error),
        }
    }
    match unknown.first() {
        Some(first) => found.warning(
            Check::Data,
            format!("{count} replications on the first pages, and the appliance could not tell everything: {first}"),
            "give `remote` a user of the other site, and check that the other site is up",
        ),
        None => found.count(count, "replications on the first pages"),
    }
}

async fn version(appliance: &VsphereReplication, found: &mut Findings) {
    let info = within(async { call("getVrInfo", appliance.client().get_vr_info().send()).await }).await;
    match info.map(|info| info.into_inner().version) {
        Ok(Some(version)) => {
            found.good(Check::Version, format!("the appliance says {version}; the API is that of `url`"))
        }
        Ok(None) => found.skipped(&INSIDE[..1], "the appliance does not say its version"),
        Err(error) => found.warning(
            Check::Version,
            format!("the appliance does not tell its version: {}", error.chain()),
            "nothing, unless other checks fail",
        ),
    }
}

async fn remote(appliance: &VsphereReplication, config: &Config, pairing: &Pairing, found: &mut Findings) {
    let id = &pairing.pairing_id;
    if within_one_vcenter(pairing) {
        return found.skipped(&INSIDE[2..3], &format!("pairing {id} is within one vCenter"));
    }
    if config.remote.is_none() {
        let told = format!("no user is configured for the other site of pairing {id}; information about it is partial");
        return found.warning(Check::RemoteSession, told, "set `remote` in the endpoint's configuration");
    }
    match within(appliance.log_in_remotely(pairing)).await {
        Ok(()) => found.good(Check::RemoteSession, format!("the other site of pairing {id} accepts the password")),
        Err(error) => {
            let fix = match error.kind() {
                backup_sync_runtime::Kind::Auth => "check the user and the secret in `remote`",
                _ => "check that the other site is up; synchronizing works without it, but is told of in part",
            };
            found.failed(Check::RemoteSession, error, fix);
        }
    }
}

/// How many replications the first page has, and what the appliance could not tell.
async fn replications(appliance: &VsphereReplication, pairing: &Pairing) -> Result<(usize, Option<String>), Error> {
    let list = appliance.client().get_all_replications().pairing_id(&pairing.pairing_id).limit(PAGE.to_string());
    let answer = call("getAllReplications", list.offset("0").send()).await?.into_inner();
    let told = missing(answer.meta.as_ref());
    Ok((answer.list.unwrap_or_default().len(), told))
}

//! `backup-sync demo`: the whole way, against simulated vendors inside this process.
//!
//! The clients do not know that the vendors are simulated: they log in, list, start and watch over HTTP as they would
//! with an appliance.

use std::path::{Path, PathBuf};
use std::time::Duration;

use backup_sync::engine::{Options, Polling, Selector};
use backup_sync::huawei_cbr::BackupList;
use backup_sync::runtime::SecretString;
use backup_sync_simulator::{Endpoint as Simulated, Settings, Simulator, Vb365Version};

use crate::args::Demo;
use crate::config::Secret;
use crate::endpoints::{self, Prepared};
use crate::exit::{Exit, Failure};
use crate::prepare::prepare;
use crate::simulated::{self, EXAMPLE};

use super::sync::Work;

/// How long a synchronization takes in the demo.
const DURATION: Duration = Duration::from_secs(4);

/// How often the simulated vendors are asked.
const POLLING: Polling = Polling { shortest: Duration::from_millis(400), longest: Duration::from_secs(1) };

/// Runs the command.
pub async fn run(arguments: &Demo) -> Result<Exit, Failure> {
    arguments.page.check()?;
    let lists = backup_lists(arguments.backups.as_deref())?;
    let simulator = Simulator::builder()
        .vb365("m365-v5", Vb365Version::V5)
        .vb365("m365-v8", Vb365Version::V8)
        .cbr("cloud")
        .vsphere_replication("dr-site")
        .settings(Settings { duration: DURATION, ..Settings::default() })
        .start()
        .await
        .map_err(|error| Failure::usage(format!("the simulated vendors cannot be started: {error}")))?;
    let mut prepared = Vec::new();
    let mut selectors = Vec::new();
    for simulated in simulator.endpoints() {
        let mut one = prepare(&simulated.name, &simulated::config(simulated, given)?, Path::new(""))?;
        match &mut one {
            Prepared::Cbr(config) => config.backup_lists.clone_from(&lists),
            // A few seconds of demo do not use up a minute's quota.
            Prepared::Replication(config) => config.pace = POLLING.shortest,
            Prepared::Vb365(_) => {}
        }
        prepared.push((simulated.name.clone(), one));
        selectors.extend(wanted(simulated, &lists)?);
    }
    let chosen = endpoints::open(&prepared, &selectors).await?;
    let options = Options { polling: POLLING, settle: Duration::from_secs(10), ..Options::default() };
    super::sync::execute(Work::New(chosen), options, arguments.display, None, &arguments.page).await
}

fn backup_lists(given: Option<&Path>) -> Result<Vec<BackupList>, Failure> {
    let default = PathBuf::from(EXAMPLE.0);
    let read = match given {
        Some(path) => BackupList::read(path),
        None if default.exists() => BackupList::read(&default),
        None => BackupList::parse(EXAMPLE.1, "on-premises-backups", "inside the program"),
    };
    read.map_err(|error| Failure::usage(error.to_string()))
}

/// A secret that stays inside the program.
fn given(_: &str, text: &str) -> Result<Secret, Failure> {
    Ok(Secret::Given(SecretString::from(text.to_owned())))
}

/// What the demo synchronizes of this endpoint: one repository, one vault and the list, two replications.
fn wanted(from: &Simulated, lists: &[BackupList]) -> Result<Vec<Selector>, Failure> {
    let (kind, count) = match from.vendor.as_str() {
        "veeam-vb365" => ("repository", 1),
        "huawei-cbr" => ("vault", 1),
        _ => ("replication", 2),
    };
    let targets = from.targets.iter().filter(|target| target.kind == kind).take(count);
    let mut addresses: Vec<String> = targets.map(|target| format!("{}/{kind}/{}", from.name, target.id)).collect();
    if from.vendor == "huawei-cbr" {
        addresses.extend(lists.iter().map(|list| format!("{}/backups/{}", from.name, list.name)));
    }
    addresses.iter().map(|address| address.parse().map_err(Failure::Usage)).collect()
}

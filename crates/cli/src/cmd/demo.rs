//! `backup-sync demo`: the whole way, against simulated vendors inside this process.
//!
//! The clients do not know that the vendors are simulated: they log in, list, start and watch over HTTP as they would
//! with an appliance.

use std::path::{Path, PathBuf};
use std::time::Duration;

use backup_sync::engine::{Options, Selector};
use backup_sync::huawei_cbr::BackupList;
use backup_sync_simulator::{Endpoint as Simulated, Settings, Simulator, Vb365Version};
use clap::Args;

use crate::args::Display;
use crate::endpoints::{self, prepare_each};
use crate::exit::{self, Exit, Failure};
use crate::metrics::Metrics;
use crate::page::PageFile;
use crate::selection::Wanted;
use crate::simulated;

use super::sync::Work;

const EXAMPLES: &str = "\
Examples:
  backup-sync demo
  backup-sync demo --output json --report demo.html";

/// Arguments of `demo`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, after_long_help = exit::below(EXAMPLES))]
pub struct Demo {
    /// File with on-premises backups for the CBR list: JSON, `.ndjson` or `.csv`.
    #[arg(long, value_name = "FILE")]
    pub backups: Option<PathBuf>,
    /// Where the page about the run goes.
    #[command(flatten)]
    pub page: PageFile,
    /// How results and progress are shown.
    #[command(flatten)]
    pub display: Display,
}

/// Runs the command.
pub async fn run(arguments: &Demo) -> Result<Exit, Failure> {
    arguments.page.check()?;
    let lists = match &arguments.backups {
        Some(path) => BackupList::read(path).map_err(|error| Failure::usage(error.to_string()))?,
        None => simulated::lists()?,
    };
    let builder = Simulator::builder()
        .vb365("m365-v5", Vb365Version::V5)
        .vb365("m365-v8", Vb365Version::V8)
        .cbr("cloud")
        .vsphere_replication("dr-site");
    let (simulator, file) = simulated::start(builder, Settings::default()).await?;
    let mut selectors = Vec::new();
    for simulated in simulator.endpoints() {
        selectors.extend(wanted(simulated, &lists)?);
    }
    let in_order = simulator.endpoints().iter().filter_map(|one| file.endpoints.get_key_value(&one.name));
    let mut prepared = prepare_each(in_order, Path::new(""))?;
    prepared.iter_mut().for_each(|(_, one)| simulated::adapt(one, &lists));
    let chosen = endpoints::open(&prepared, &Wanted::selected(selectors, &file)).await?;
    let options = Options { polling: simulated::POLLING, settle: Duration::from_secs(10), ..Options::default() };
    let (page, metrics) = (&arguments.page, &Metrics::none());
    super::sync::execute(Work::New(chosen), options, arguments.display, None, page, metrics).await
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

//! `backup-sync targets`: what can be synchronized.

use backup_sync::engine::{Address, Target};
use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;

use crate::args::Output;
use crate::estate::{Endpoints, Estate};
use crate::exit::{Exit, Failure};
use crate::selection::Selection;
use crate::selection::label::{self, Labels};
use crate::{endpoints, output, signals};

const EXAMPLES: &str = "\
Examples:
  backup-sync targets
  backup-sync targets 'm365/*/*' --output csv
  backup-sync targets --label 'site=berlin,tier!=test' --output json
  backup-sync targets --simulated";

/// Arguments of `targets`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Targets {
    /// Only these.
    #[command(flatten)]
    pub selection: Selection,
    /// Form of the list on standard output.
    #[arg(short, long, value_enum, default_value_t = Output::Table, value_name = "FORM")]
    pub output: Output,
    /// Where endpoints come from.
    #[command(flatten)]
    pub endpoints: Endpoints,
}

/// The list as a versioned document.
#[derive(Debug, Serialize, JsonSchema)]
pub struct List {
    /// Version of this form, 1.
    pub version: u32,
    /// All targets.
    pub targets: Vec<Item>,
}

/// One target.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Item {
    /// Where it is.
    pub target: Address,
    /// Its display name.
    pub name: String,
    /// The vendor crate that deals with it.
    pub vendor: String,
    /// Labels by which it can be chosen: those of its endpoint, and its own where the vendor gives some.
    pub labels: Labels,
}

/// Runs the command.
pub async fn run(arguments: &Targets) -> Result<Exit, Failure> {
    let estate = Estate::open(&arguments.endpoints).await?;
    let wanted = arguments.selection.wanted(arguments.selection.plan()?.as_ref(), &estate.file);
    let chosen = endpoints::open(&estate.prepare(&wanted)?, &wanted).await?;
    endpoints::close_all(&chosen).await;
    if signals::is_asked_to_end() {
        return Err(Failure::BrokenOff);
    }
    let item = |vendor: &'static str| {
        move |target: &Target| Item {
            target: target.address.clone(),
            name: target.name.clone(),
            vendor: vendor.to_owned(),
            labels: target.labels(),
        }
    };
    let items = chosen.iter().flat_map(|(provider, targets)| targets.iter().map(item(provider.vendor())));
    let list = List { version: 1, targets: items.collect() };
    let cells =
        |item: &Item| vec![item.target.to_string(), item.name.clone(), item.vendor.clone(), label::line(&item.labels)];
    output::list(&list, &list.targets, &["TARGET", "NAME", "VENDOR", "LABELS"], cells, arguments.output)?;
    Ok(Exit::Success)
}

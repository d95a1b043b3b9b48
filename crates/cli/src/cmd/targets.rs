//! `backup-sync targets`: what can be synchronized.

use backup_sync::engine::{Address, Target};
use schemars::JsonSchema;
use serde::Serialize;

use crate::args::Targets;
use crate::config::File;
use crate::exit::{Exit, Failure};
use crate::{endpoints, output, signals};

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
}

/// Runs the command.
pub async fn run(arguments: &Targets) -> Result<Exit, Failure> {
    let path = &arguments.config.config;
    let file = File::read(path)?;
    let folder = path.parent().unwrap_or(path);
    let prepared = endpoints::prepare_all(&file, folder, &arguments.targets)?;
    let chosen = endpoints::open(&prepared, &arguments.targets).await?;
    endpoints::close_all(&chosen).await;
    if signals::is_asked_to_end() {
        return Err(Failure::BrokenOff);
    }
    let item = |vendor: &'static str| {
        move |target: &Target| Item {
            target: target.address.clone(),
            name: target.name.clone(),
            vendor: vendor.to_owned(),
        }
    };
    let items = chosen.iter().flat_map(|(provider, targets)| targets.iter().map(item(provider.vendor())));
    let list = List { version: 1, targets: items.collect() };
    let cells = |item: &Item| vec![item.target.to_string(), item.name.clone(), item.vendor.clone()];
    output::list(&list, &list.targets, &["TARGET", "NAME", "VENDOR"], cells, arguments.output)?;
    Ok(Exit::Success)
}

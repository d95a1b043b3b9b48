//! `backup-sync simulate`: simulated vendors as servers, for practice, tests and demonstrations.

use std::collections::HashSet;
use std::error::Error;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use backup_sync_simulator::scenario::{Speed, Vendor, Version};
use backup_sync_simulator::{Builder, Endpoint, Scenario, SimClock, Simulator, StartError};
use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;

use crate::exit::{Exit, Failure};
use crate::progress::{note, say};
use crate::{output, signals, simulated};

const EXAMPLES: &str = "\
Examples:
  backup-sync simulate
      one server of each vendor on free ports of this machine
  backup-sync simulate --vendor veeam-vb365:v5 --vendor veeam-vb365:v8 --listen 127.0.0.1:9001
      two servers, at ports 9001 and 9002
  backup-sync simulate --scenario examples/scenarios/stuck.toml --write-config simulated.toml
  backup-sync sync --all --config simulated.toml
      in two terminals: a bad day, and the program against it

Ctrl-C or SIGTERM ends it with exit code 0.";

/// Arguments of `simulate`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Simulate {
    /// A vendor to simulate: `veeam-vb365`, `huawei-cbr` or `vsphere-replication`; `veeam-vb365:v5` to `:v8` names the
    /// version. May be given several times; one of each without it. With a scenario: only its endpoints of these vendors.
    #[arg(long = "vendor", value_name = "VENDOR[:VERSION]")]
    pub vendors: Vec<Kind>,
    /// Where to listen. The first endpoint takes this port, each further one the next; with port 0 each takes a free one.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
    /// Serve HTTPS, each endpoint with a certificate of its own that no system trusts.
    #[arg(long)]
    pub tls: bool,
    /// A scenario in TOML, or in JSON if its name ends in `.json`; see `backup-sync schema scenario`.
    #[arg(long, value_name = "FILE")]
    pub scenario: Option<PathBuf>,
    /// Simulated seconds in each real second; 0 lets time stand still. The scenario's own, or 1, when left out.
    #[arg(long, value_name = "FACTOR", allow_negative_numbers = true, value_parser = speed)]
    pub speed: Option<Speed>,
    /// Leave out the paths that show what the simulator knows and move its clock: `/_simulator/state`,
    /// `/_simulator/requests`, `/_simulator/advance`. They answer to this machine only.
    #[arg(long)]
    pub no_control: bool,
    /// Write a configuration with all endpoints, ready for `backup-sync sync --all --config FILE`. Passwords and the like
    /// go into a folder beside it whose name ends in `.files`.
    #[arg(long, value_name = "FILE")]
    pub write_config: Option<PathBuf>,
}

/// What is printed when the servers are ready.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Ready {
    /// Version of this form, 1.
    pub version: u32,
    /// The servers, with what is needed to log in.
    pub endpoints: Vec<Endpoint>,
}

/// A vendor, and a version where it has several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    vendor: Vendor,
    version: Option<Version>,
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, version) = match text.split_once(':') {
            Some((name, version)) => (name, Some(version)),
            None => (text, None),
        };
        let vendor: Vendor = name.parse()?;
        let version = match (vendor, version) {
            (_, None) => None,
            (Vendor::VeeamVb365, Some(version)) => Some(version.parse()?),
            (_, Some(_)) => return Err(format!("{vendor} is simulated in one version only; leave `:…` out")),
        };
        Ok(Self { vendor, version })
    }
}

/// Reads the argument of `--speed`.
pub fn speed(text: &str) -> Result<Speed, String> {
    let factor: f64 = text.parse().map_err(|_| format!("{text:?} is no number; write for example 1, 60 or 0.5"))?;
    Speed::try_from(factor)
}

/// Runs the command.
pub async fn run(arguments: &Simulate) -> Result<Exit, Failure> {
    match signals::until_asked_to_end(serve(arguments)).await {
        Some(outcome) => outcome,
        None => {
            note(format_args!("the simulated vendors are gone"));
            Ok(Exit::Success)
        }
    }
}

/// Starts the servers, says so, and never ends by itself.
async fn serve(arguments: &Simulate) -> Result<Exit, Failure> {
    let simulator = builder(arguments)?.start().await.map_err(|error| not_started(arguments, &error))?;
    if !arguments.listen.ip().to_canonical().is_loopback() {
        say(format_args!(
            "warning: {} can be reached from other machines; the simulated vendors are made for tests, not for open networks",
            arguments.listen
        ));
    }
    let endpoints = simulator.endpoints().to_vec();
    if let Some(path) = &arguments.write_config {
        simulated::write(&endpoints, path)?;
    }
    let count = endpoints.len();
    output::json(&Ready { version: 1, endpoints })?;
    note(format_args!(
        "{count} simulated {}; Ctrl-C ends",
        if count == 1 { "vendor is ready" } else { "vendors are ready" }
    ));
    match &arguments.write_config {
        Some(path) => note(format_args!("to use them: backup-sync sync --all --config {}", path.display())),
        None => note(format_args!("to use them with this program, call again with --write-config FILE")),
    }
    std::future::pending().await
}

fn not_started(arguments: &Simulate, error: &StartError) -> Failure {
    let mut told = String::new();
    if let Some(path) = &arguments.scenario {
        told = format!("the scenario {}: ", path.display());
    }
    told.push_str(&error.to_string());
    let mut cause = error.source();
    while let Some(error) = cause {
        told = format!("{told}: {error}");
        cause = error.source();
    }
    Failure::usage(told)
}

fn builder(arguments: &Simulate) -> Result<Builder, Failure> {
    let (builder, speed) = match &arguments.scenario {
        Some(path) => of_scenario(path, &arguments.vendors)?,
        None => (of_vendors(&arguments.vendors), None),
    };
    let builder = match arguments.speed.or(speed).map(Speed::get) {
        None => builder,
        Some(0.0) if arguments.no_control => {
            return Err(Failure::usage("with speed 0 only the control paths move time; leave --no-control out"));
        }
        Some(0.0) => builder.clock(SimClock::manual()),
        Some(factor) => builder.speed(factor),
    };
    let builder = if arguments.tls { builder.tls() } else { builder };
    Ok(builder.listen(arguments.listen).control(!arguments.no_control))
}

/// The endpoints of a scenario that are of one of these kinds, all of them when there is none; and its speed.
fn of_scenario(path: &Path, kinds: &[Kind]) -> Result<(Builder, Option<Speed>), Failure> {
    let mut scenario = Scenario::load(path).map_err(|error| Failure::usage(error.to_string()))?;
    let meant = |kind: &Kind, vendor: Vendor, version: Option<Version>| {
        kind.vendor == vendor && kind.version.is_none_or(|wanted| version.unwrap_or(Version::V8) == wanted)
    };
    scenario.endpoints.retain(|_, endpoint| {
        kinds.is_empty() || kinds.iter().any(|kind| meant(kind, endpoint.vendor, endpoint.version))
    });
    if scenario.endpoints.is_empty() {
        return Err(Failure::usage(format!("the scenario {} has no endpoint of these vendors", path.display())));
    }
    Ok((scenario.builder(), scenario.speed))
}

/// One endpoint of each kind; one of each vendor when there is none.
fn of_vendors(kinds: &[Kind]) -> Builder {
    let all = Vendor::ALL.map(|vendor| Kind { vendor, version: None });
    let kinds = if kinds.is_empty() { &all[..] } else { kinds };
    let mut names = HashSet::new();
    kinds.iter().fold(Simulator::builder(), |builder, kind| {
        let name = kind.name(&mut names);
        match kind.vendor {
            Vendor::VeeamVb365 => builder.vb365(name, kind.version.unwrap_or(Version::V8).into()),
            Vendor::HuaweiCbr => builder.cbr(name),
            Vendor::VsphereReplication => builder.vsphere_replication(name),
        }
    })
}

impl Kind {
    /// A name that no other endpoint has: `m365`, `m365-v5`, `m365-2`.
    fn name(self, taken: &mut HashSet<String>) -> String {
        let word = match self.vendor {
            Vendor::VeeamVb365 => "m365",
            Vendor::HuaweiCbr => "cloud",
            Vendor::VsphereReplication => "dr",
        };
        let first = self.version.map_or_else(|| word.to_owned(), |version| format!("{word}-{version}"));
        let further = (2..).map(|number: usize| format!("{first}-{number}"));
        let name = std::iter::once(first.clone()).chain(further).find(|name| taken.insert(name.clone()));
        name.unwrap_or(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_endpoint_has_its_own_name() {
        let mut taken = HashSet::new();
        let kinds = ["veeam-vb365", "veeam-vb365:v5", "veeam-vb365", "huawei-cbr", "vsphere-replication", "huawei-cbr"];
        let names: Vec<String> =
            kinds.iter().filter_map(|kind| kind.parse::<Kind>().ok()).map(|kind| kind.name(&mut taken)).collect();
        assert_eq!(names, ["m365", "m365-v5", "m365-2", "cloud", "dr", "cloud-2"]);
    }

    #[test]
    fn what_is_no_vendor_is_told() {
        for (text, part) in [
            ("veem", "known are veeam-vb365, huawei-cbr, vsphere-replication"),
            ("veeam-vb365:v9", "known are v5, v6, v7, v8"),
            ("huawei-cbr:v3", "one version only"),
        ] {
            let told = text.parse::<Kind>().err().unwrap_or_default();
            assert!(told.contains(part), "{text}: {told}");
        }
    }
}

//! The endpoints that a command works with: those of the configuration, or simulated ones inside this process.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use backup_sync::engine::{Address, Options, Own};
use backup_sync_simulator::Simulator;
use clap::Args;

use crate::args::ConfigFile;
use crate::config::{self, Endpoint, File};
use crate::endpoints::{self, Chosen, Prepared};
use crate::exit::Failure;
use crate::plan::Plan;
use crate::selection::{Selection, Wanted};
use crate::simulated;

/// Where endpoints come from.
#[derive(Clone, Debug, Args)]
pub struct Endpoints {
    /// Where the configuration is.
    #[command(flatten)]
    pub config: ConfigFile,
    /// Twelve simulated targets of three vendors inside this process, instead of a configuration; not together with
    /// --config. No journal is kept: they end with the process, so there would be nothing to resume.
    #[arg(long)]
    pub simulated: bool,
}

/// Endpoints with what they need.
pub struct Estate {
    /// The endpoints.
    pub file: File,
    /// Where their configuration is; none for simulated ones.
    pub config: Option<PathBuf>,
    /// Keeps simulated endpoints alive.
    _simulator: Option<Simulator>,
}

impl Estate {
    /// Reads the configuration, or starts the simulated vendors.
    pub async fn open(from: &Endpoints) -> Result<Self, Failure> {
        if from.simulated {
            // What the environment names is meant for calls that need a configuration.
            if from.config.config != config::usual_path() {
                let why = "simulated vendors need no configuration, and that of --config would not be read";
                return Err(Failure::usage(format!("--simulated and --config exclude each other: {why}")));
            }
            let (simulator, file) = simulated::estate().await?;
            return Ok(Self { file, config: None, _simulator: Some(simulator) });
        }
        let path = &from.config.config;
        Ok(Self { file: File::read(path)?, config: Some(path.clone()), _simulator: None })
    }

    /// The same for commands that may also go by the configuration of a run: this one, or the usual one.
    pub fn of(config: Option<&Path>) -> Result<Self, Failure> {
        let path = config.map_or_else(config::usual_path, Path::to_owned);
        Ok(Self { file: File::read(&path)?, config: Some(path), _simulator: None })
    }

    /// Connects to what is selected. With what single targets want otherwise.
    pub async fn choose(
        &self,
        selection: &Selection,
        plan: Option<&Plan>,
    ) -> Result<(Chosen, BTreeMap<Address, Own>), Failure> {
        let wanted = selection.wanted(plan, &self.file);
        let chosen = endpoints::open(&self.prepare(&wanted)?, &wanted).await?;
        let own = wanted.own(&chosen);
        Ok((chosen, own))
    }

    /// Everything about the wanted endpoints that can be checked without a network.
    pub fn prepare(&self, wanted: &Wanted) -> Result<Vec<(String, Prepared)>, Failure> {
        wanted.check()?;
        let meant = self.file.endpoints.iter().filter(|(name, _)| wanted.may_mean(name));
        self.prepare_each(meant)
    }

    /// The same for these endpoints.
    pub fn prepare_each<'a>(
        &self,
        of: impl Iterator<Item = (&'a String, &'a Endpoint)>,
    ) -> Result<Vec<(String, Prepared)>, Failure> {
        let mut prepared = endpoints::prepare_each(of, self.folder())?;
        if self.config.is_none() {
            let lists = simulated::lists()?;
            prepared.iter_mut().for_each(|(_, one)| simulated::adapt(one, &lists));
        }
        Ok(prepared)
    }

    /// What paths in the configuration count from.
    pub fn folder(&self) -> &Path {
        self.config.as_deref().map_or(Path::new(""), |path| path.parent().unwrap_or(path))
    }

    /// Simulated vendors are quick, and nobody waits a minute to see it.
    pub fn hurry(&self, options: Options) -> Options {
        match self.config {
            Some(_) => options,
            None => Options { polling: simulated::POLLING, ..options },
        }
    }
}

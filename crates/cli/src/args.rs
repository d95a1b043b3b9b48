//! The command line: what may be written, and what help says about it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use backup_sync::engine::Selector;
use backup_sync_simulator::scenario::{Length, Speed};
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::engine::ArgValueCandidates;

use crate::bounds::Bounds;
use crate::cmd::history::History;
use crate::cmd::resume::Resume;
use crate::cmd::simulate::{self, Kind};
use crate::cmd::{api, completions, config, explain, man};
use crate::journal::JournalFile;
use crate::page::PageFile;
use crate::{complete, exit};

/// Start, watch and prove backup and replication synchronization across vendors.
#[derive(Debug, Parser)]
#[command(name = "backup-sync", version, arg_required_else_help = true, after_help = exit::help())]
pub struct Arguments {
    /// Tell more on standard error: -v what is waited for, -vv every answer, -vvv everything but secrets.
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    pub verbose: u8,
    /// Tell nothing on standard error but errors, and of endpoints whose connection is not safe.
    ///
    /// Other warnings are left out too, for example of a certificate that expires soon, of a logout that failed, or of a
    /// file with a secret that others can read.
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show it all against three simulated vendors inside this process; nothing leaves the machine.
    Demo(Demo),
    /// Synchronize targets and prove each end.
    #[command(after_help = SYNC_EXAMPLES)]
    Sync(Sync),
    /// Go on with a run that was broken off, killed or left at its deadline. Nothing is started twice.
    Resume(Resume),
    /// List runs, or the targets of one run with their evidence.
    History(History),
    /// List what can be synchronized.
    #[command(after_help = TARGETS_EXAMPLES)]
    Targets(Targets),
    /// Serve simulated vendors to practise and test with, until Ctrl-C.
    ///
    /// Prints one JSON document when they are ready: where they are, how to log in, what they have (see `backup-sync
    /// schema simulate`). Nothing of it is real, passwords included.
    #[command(after_long_help = simulate::EXAMPLES)]
    Simulate(Simulate),
    /// Call any operation of an endpoint by the vendor's name, and print what it answers.
    Api(api::Api),
    /// Write, check and describe the configuration.
    #[command(subcommand)]
    Config(config::Config),
    /// Explain an exit code, outcome, event, kind of error or a vendor's error code.
    Explain(explain::Explain),
    /// Print the script that completes commands, endpoints and operations in a shell.
    Completions(completions::Completions),
    /// Print the manual page.
    Man(man::Man),
    /// Print the JSON Schema of a document that this program writes or reads.
    #[command(after_help = SCHEMA_EXAMPLES)]
    Schema(Schema),
}

const SYNC_EXAMPLES: &str = "\
Examples:
  backup-sync sync 'm365/repository/*'
  backup-sync sync 'm365/repository/*' 'cloud/vault/*' --deadline 4h --output json
  backup-sync sync --all --poll 30s --progress plain
  backup-sync sync --all --report night.html";

const TARGETS_EXAMPLES: &str = "\
Examples:
  backup-sync targets
  backup-sync targets 'm365/*/*' --output csv";

const SCHEMA_EXAMPLES: &str = "\
Examples:
  backup-sync schema report
  backup-sync schema config";

impl Command {
    /// Its name on the command line.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Demo(_) => "demo",
            Self::Sync(_) => "sync",
            Self::Resume(_) => "resume",
            Self::History(_) => "history",
            Self::Targets(_) => "targets",
            Self::Simulate(_) => "simulate",
            Self::Api(_) => "api",
            Self::Config(_) => "config",
            Self::Explain(_) => "explain",
            Self::Completions(_) => "completions",
            Self::Man(_) => "man",
            Self::Schema(_) => "schema",
        }
    }

    /// What is told when it is asked to end; `None` where it then ends at once, because nothing has to be put in order.
    pub fn breaks_off(&self) -> Option<&'static str> {
        match self {
            Self::Demo(_) | Self::Sync(_) | Self::Resume(_) | Self::Targets(_) | Self::Api(_) => {
                Some("breaking off; the vendors' work goes on")
            }
            Self::Simulate(_) => Some("ending the simulated vendors"),
            // It may wait for programs that print secrets.
            Self::Config(config::Config::Check(_)) => Some("breaking off"),
            Self::History(_)
            | Self::Config(_)
            | Self::Explain(_)
            | Self::Completions(_)
            | Self::Man(_)
            | Self::Schema(_) => None,
        }
    }

    /// The form of progress that was asked for.
    pub fn progress(&self) -> Progress {
        match self {
            Self::Demo(demo) => demo.display.progress,
            Self::Sync(sync) => sync.display.progress,
            Self::Resume(resume) => resume.display.progress,
            _ => Progress::None,
        }
    }
}

/// How results and progress are shown.
#[derive(Clone, Copy, Debug, Args)]
pub struct Display {
    /// Form of the result on standard output.
    #[arg(short, long, value_enum, default_value_t = Output::Table, value_name = "FORM")]
    pub output: Output,
    /// Form of the progress on standard error.
    #[arg(long, value_enum, default_value_t = Progress::Auto, value_name = "FORM")]
    pub progress: Progress,
}

/// Form of the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// A table for people.
    Table,
    /// One JSON document; see `backup-sync schema`.
    Json,
    /// One JSON document in each line: the items of the list.
    Ndjson,
    /// Comma-separated values with a head line.
    Csv,
}

/// Form of the progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Progress {
    /// Bars on a terminal, plain lines elsewhere.
    Auto,
    /// Bars that are drawn over.
    Bar,
    /// One line for each thing that happens.
    Plain,
    /// One JSON event in each line; see `backup-sync schema event`.
    Json,
    /// Nothing.
    None,
}

/// Arguments of `demo`.
#[derive(Debug, Args)]
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

/// Where the configuration is.
#[derive(Clone, Debug, Args)]
pub struct ConfigFile {
    /// Configuration with the endpoints; else backup-sync.toml here, else backup-sync/config.toml in the user's folder
    /// for configurations ($XDG_CONFIG_HOME, ~/.config). The first that exists is the one that counts.
    #[arg(short, long, value_name = "FILE", env = "BACKUP_SYNC_CONFIG", hide_default_value = true)]
    #[arg(default_value_os_t = crate::config::default_path())]
    pub config: PathBuf,
}

/// Arguments of `sync`.
#[derive(Debug, Args)]
pub struct Sync {
    /// Targets as ENDPOINT/KIND/ID-OR-NAME; `*` and `?` match as in a shell.
    #[arg(value_name = "TARGET", add = ArgValueCandidates::new(complete::targets))]
    pub targets: Vec<Selector>,
    /// Every target of every endpoint.
    #[arg(long, conflicts_with = "targets")]
    pub all: bool,
    /// Start targets too of which the vendor says that they are in sync.
    #[arg(long)]
    pub force: bool,
    /// Do not watch a synchronization that runs already; report it as skipped.
    #[arg(long)]
    pub no_adopt: bool,
    /// Stop watching a target after this long, for example 90m or 4h; the vendor's work goes on.
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = duration)]
    pub deadline: Duration,
    /// Longest pause between two looks while nothing changes.
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = duration)]
    pub poll: Duration,
    /// How long a claimed end may take to become visible before it counts as not proven.
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = duration)]
    pub settle: Duration,
    /// Limits of the run.
    #[command(flatten)]
    pub bounds: Bounds,
    /// Where the configuration is.
    #[command(flatten)]
    pub config: ConfigFile,
    /// Where the run is written down.
    #[command(flatten)]
    pub journal: JournalFile,
    /// Write nothing down: a run that is killed cannot be resumed.
    #[arg(long)]
    pub no_journal: bool,
    /// Where the page about the run goes.
    #[command(flatten)]
    pub page: PageFile,
    /// How results and progress are shown.
    #[command(flatten)]
    pub display: Display,
}

/// Arguments of `targets`.
#[derive(Debug, Args)]
pub struct Targets {
    /// Only these, as ENDPOINT/KIND/ID-OR-NAME.
    #[arg(value_name = "TARGET", add = ArgValueCandidates::new(complete::targets))]
    pub targets: Vec<Selector>,
    /// Form of the list on standard output.
    #[arg(short, long, value_enum, default_value_t = Output::Table, value_name = "FORM")]
    pub output: Output,
    /// Where the configuration is.
    #[command(flatten)]
    pub config: ConfigFile,
}

/// Arguments of `simulate`.
#[derive(Debug, Args)]
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
    #[arg(long, value_name = "FACTOR", allow_negative_numbers = true, value_parser = simulate::speed)]
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

/// Arguments of `schema`.
#[derive(Debug, Args)]
pub struct Schema {
    /// Which document.
    #[arg(value_enum)]
    pub document: Document,
}

/// A document with a published schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Document {
    /// What `sync` and `demo` print with `--output json`.
    Report,
    /// One line of `--progress json`.
    Event,
    /// What `history` and `resume --list` print with `--output json`.
    History,
    /// What `targets` prints with `--output json`.
    Targets,
    /// What `api --list` prints with `--output json`.
    Operations,
    /// What `explain` prints with `--output json`.
    Explanations,
    /// The configuration file.
    Config,
    /// What `simulate` prints when it is ready.
    Simulate,
    /// The file that `simulate` takes with `--scenario`.
    Scenario,
}

/// A length of time such as `90m` or `1h 30m`, as in scenarios.
pub fn duration(text: &str) -> Result<Duration, String> {
    Length::try_from(text.to_owned()).map(Length::get)
}

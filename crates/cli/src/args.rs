//! The command line: what may be written, and what help says about it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use backup_sync::engine::Options;
use backup_sync_simulator::scenario::{Length, Speed};
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::bounds::Bounds;
use crate::cmd::doctor::Doctor;
use crate::cmd::history::History;
use crate::cmd::resume::Resume;
use crate::cmd::simulate::{self, Kind};
use crate::cmd::status::Status;
use crate::cmd::stop::Stop;
use crate::cmd::wait::Wait;
use crate::cmd::watch::Watch;
use crate::cmd::{self, api, completions, config, explain, man};
use crate::estate::Endpoints;
use crate::exit;
use crate::journal::JournalFile;
use crate::metrics::MetricsFile;
use crate::page::PageFile;
use crate::plan::{self, Plan};
use crate::selection::Selection;

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
    #[command(after_help = DEMO_EXAMPLES)]
    Demo(Demo),
    /// Synchronize targets and prove each end.
    #[command(after_help = SYNC_EXAMPLES)]
    Sync(Sync),
    /// Go on with a run that was broken off, killed or left at its deadline. Nothing is started twice.
    Resume(Resume),
    /// Watch what runs already to its proven end; nothing is started.
    #[command(visible_alias = "attach")]
    Wait(Wait),
    /// Show what targets are doing as a table that keeps itself up to date. Nothing is started.
    Watch(Watch),
    /// Ask the vendors to stop what runs, and look until it has stopped.
    Stop(Stop),
    /// Tell where targets stand: from the journal, or with --live from the endpoints.
    Status(Status),
    /// List runs, or the targets of one run with their evidence.
    History(History),
    /// List what can be synchronized.
    #[command(after_help = TARGETS_EXAMPLES)]
    Targets(Targets),
    /// Look at everything that endpoints need, and say of what is wrong how to put it right. Nothing is started.
    Doctor(Doctor),
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

const DEMO_EXAMPLES: &str = "\
Examples:
  backup-sync demo
  backup-sync demo --output json --report demo.html";

const SYNC_EXAMPLES: &str = "\
Examples:
  backup-sync sync 'm365/repository/*'
  backup-sync sync 'm365/repository/*' 'cloud/vault/*' --deadline 4h --output json
  backup-sync sync --all --poll 30s --progress plain
  backup-sync sync 'dr/replication/*' --dry-run
  backup-sync sync --all --report night.html
  backup-sync sync --all --simulated
  backup-sync sync --label site=berlin
  backup-sync sync --plan nightly.toml";

const TARGETS_EXAMPLES: &str = "\
Examples:
  backup-sync targets
  backup-sync targets 'm365/*/*' --output csv
  backup-sync targets --label 'site=berlin,tier!=test' --output json
  backup-sync targets --simulated";

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
            Self::Wait(_) => "wait",
            Self::Watch(_) => "watch",
            Self::Stop(_) => "stop",
            Self::Status(_) => "status",
            Self::History(_) => "history",
            Self::Targets(_) => "targets",
            Self::Doctor(_) => "doctor",
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
            Self::Sync(Sync { watching, .. })
            | Self::Resume(Resume { watching, .. })
            | Self::Wait(Wait { watching, .. })
                if watching.stop_on_interrupt =>
            {
                Some("breaking off; what this run has started is stopped, and a minute is waited for that")
            }
            Self::Demo(_)
            | Self::Sync(_)
            | Self::Resume(_)
            | Self::Wait(_)
            | Self::Stop(_)
            | Self::Targets(_)
            | Self::Api(_) => Some("breaking off; the vendors' work goes on"),
            Self::Status(status) if status.live => Some("breaking off"),
            Self::Watch(_) => Some("leaving; nothing was started"),
            Self::Simulate(_) => Some("ending the simulated vendors"),
            // It may wait for programs that print secrets, and has sessions to end.
            Self::Doctor(_) | Self::Config(config::Config::Check(_)) => Some("breaking off"),
            Self::Status(_)
            | Self::History(_)
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
            Self::Wait(wait) => wait.display.progress,
            Self::Stop(stop) => stop.display.progress,
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
    #[arg(short, long, value_name = "FILE", env = crate::config::VARIABLE, hide_default_value = true)]
    #[arg(default_value_os_t = crate::config::default_path())]
    pub config: PathBuf,
}

/// How running synchronizations are watched.
#[derive(Clone, Copy, Debug, Args)]
pub struct Watching {
    /// Stop watching a target after this long, for example 90m or 4h; the vendor's work goes on. [default: 24h]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub deadline: Option<Duration>,
    /// Longest pause between two looks while nothing changes. [default: 60s]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub poll: Option<Duration>,
    /// How long a claimed end may take to become visible before it counts as not proven. [default: 5m]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub settle: Option<Duration>,
    /// On Ctrl-C ask the vendors to stop what this run has started, and wait a minute for that; a second Ctrl-C ends the
    /// program at once. What it found at work goes on, and so does what a vendor cannot stop. Without this everything
    /// goes on.
    #[arg(long)]
    pub stop_on_interrupt: bool,
    /// Limits of the run.
    #[command(flatten)]
    pub bounds: Bounds,
}

impl Watching {
    /// The options of the engine that say so.
    pub fn options(self) -> Options {
        let usual = Options::default();
        self.bounds.of(Options {
            polling: cmd::sync::polling(self.poll.unwrap_or(usual.polling.longest)),
            target_deadline: self.deadline.unwrap_or(usual.target_deadline),
            settle: self.settle.unwrap_or(usual.settle),
            stop_on_break: self.stop_on_interrupt.then_some(STOP_LIMIT),
            ..usual
        })
    }

    /// What counts beside a plan: the command line comes first.
    pub fn with(self, plan: &Plan) -> Self {
        Self {
            deadline: self.deadline.or(plan::get(plan.deadline)),
            poll: self.poll.or(plan::get(plan.poll)),
            settle: self.settle.or(plan::get(plan.settle)),
            bounds: Bounds {
                max_jobs: self.bounds.max_jobs.or(plan.max_jobs),
                max_jobs_per_endpoint: self.bounds.max_jobs_per_endpoint.or(plan.max_jobs_per_endpoint),
                run_deadline: self.bounds.run_deadline.or(plan::get(plan.run_deadline)),
                ..self.bounds
            },
            ..self
        }
    }
}

/// So long is waited for what is stopped on Ctrl-C.
const STOP_LIMIT: Duration = Duration::from_secs(60);

/// Arguments of `sync`.
#[derive(Debug, Args)]
pub struct Sync {
    /// Which targets.
    #[command(flatten)]
    pub selection: Selection,
    /// Start targets too of which the vendor says that they are in sync.
    #[arg(long)]
    pub force: bool,
    /// Do not watch a synchronization that runs already; report it as skipped.
    #[arg(long)]
    pub no_adopt: bool,
    /// Only start, and watch nothing. The exit code is 7 and not 0, because 0 means proven: `backup-sync wait`, as is
    /// printed, watches what was started to its proven end.
    #[arg(long, conflicts_with = "no_journal")]
    pub detach: bool,
    /// Only show what would be started, and the requests for it. States are read, nothing is started or written down.
    #[arg(long, conflicts_with_all = ["detach", "page"])]
    pub dry_run: bool,
    /// How it is watched.
    #[command(flatten)]
    pub watching: Watching,
    /// Where endpoints come from.
    #[command(flatten)]
    pub endpoints: Endpoints,
    /// Where the run is written down.
    #[command(flatten)]
    pub journal: JournalFile,
    /// Write nothing down: a run that is killed cannot be resumed.
    #[arg(long)]
    pub no_journal: bool,
    /// Where metrics are written.
    #[command(flatten)]
    pub metrics: MetricsFile,
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
    /// What `status` prints with `--output json`.
    Status,
    /// What `status --live` prints with `--output json`.
    Survey,
    /// What `--dry-run` prints with `--output json`.
    Rehearsal,
    /// What `targets` prints with `--output json`.
    Targets,
    /// What `api --list` prints with `--output json`.
    Operations,
    /// What `doctor` prints with `--output json`.
    Doctor,
    /// What `explain` prints with `--output json`.
    Explanations,
    /// The configuration file.
    Config,
    /// The file that `sync` takes with `--plan`.
    Plan,
    /// What `simulate` prints when it is ready.
    Simulate,
    /// The file that `simulate` takes with `--scenario`.
    Scenario,
}

/// A length of time such as `90m` or `1h 30m`, as in scenarios.
pub fn duration(text: &str) -> Result<Duration, String> {
    Length::try_from(text.to_owned()).map(Length::get)
}

//! The command line: what may be written, and what help says about it.

use std::path::PathBuf;
use std::time::Duration;

use backup_sync::engine::Options;
use backup_sync_simulator::scenario::Length;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::bounds::Bounds;
use crate::cmd::doctor::Doctor;
use crate::cmd::history::History;
use crate::cmd::resume::Resume;
use crate::cmd::status::Status;
use crate::cmd::stop::Stop;
use crate::cmd::sync::Sync;
use crate::cmd::wait::Wait;
use crate::cmd::watch::Watch;
use crate::cmd::{self, api, completions, config, demo, explain, man, schema, simulate, targets};
use crate::exit;
use crate::plan::{self, Plan};

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
    Demo(demo::Demo),
    /// Synchronize targets and prove each end.
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
    Targets(targets::Targets),
    /// Look at everything that endpoints need, and say of what is wrong how to put it right. Nothing is started.
    Doctor(Doctor),
    /// Serve simulated vendors to practise and test with, until Ctrl-C.
    ///
    /// Prints one JSON document when they are ready: where they are, how to log in, what they have (see `backup-sync
    /// schema simulate`). Nothing of it is real, passwords included.
    Simulate(simulate::Simulate),
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
    Schema(schema::Schema),
}

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
            Self::Api(api::Api { waiting, .. }) if waiting.stop_on_interrupt => {
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
            Self::Api(api) => api.waiting.progress(),
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
pub const STOP_LIMIT: Duration = Duration::from_secs(60);

/// A length of time such as `90m` or `1h 30m`, as in scenarios.
pub fn duration(text: &str) -> Result<Duration, String> {
    Length::try_from(text.to_owned()).map(Length::get)
}

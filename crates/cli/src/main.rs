//! The `backup-sync` program. Data goes to standard output, everything else to standard error.

mod args;
mod bounds;
mod cmd;
mod complete;
mod config;
mod conformance;
mod endpoints;
mod estate;
mod exit;
mod jobs;
mod journal;
mod keyring;
mod labels;
mod metrics;
mod output;
mod page;
mod plan;
mod prepare;
mod progress;
mod secret;
mod selection;
mod signals;
mod simulated;
mod tables;
mod telemetry;
mod watch;

use std::process::ExitCode;

use clap::Parser as _;
use tokio::runtime::Runtime;
use tracing::Instrument as _;

use crate::args::{Arguments, Command};
use crate::exit::{Exit, Failure};

fn main() -> ExitCode {
    complete::answer();
    let arguments = Arguments::parse();
    let runtime = match start(&arguments) {
        Ok(runtime) => runtime,
        Err(failure) => return told(&failure).into(),
    };
    // Dropped before the runtime, which it needs, and whatever happens.
    let flush = telemetry::Flush;
    let root = telemetry::root(arguments.command.name());
    let outcome = runtime.block_on(run(arguments.command).instrument(root.clone()));
    let exit = outcome.unwrap_or_else(|failure| told(&failure));
    root.record("process.exit.code", exit.code());
    drop((root, flush));
    // A name that is being looked up, or a standard error that nobody reads, holds nothing up.
    runtime.shutdown_background();
    exit.into()
}

/// Says what went wrong.
fn told(failure: &Failure) -> Exit {
    for line in failure.lines() {
        progress::say(format_args!("error: {line}"));
    }
    failure.exit()
}

fn start(arguments: &Arguments) -> Result<Runtime, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|cause| Failure::usage(format!("the program cannot be started: {cause}")))?;
    let (traces, trouble) = match telemetry::layer(runtime.handle()) {
        Ok(layer) => (layer, None),
        Err(why) => (None, Some(why)),
    };
    progress::log::init(arguments.verbose, arguments.quiet, traces);
    progress::events_only(arguments.command.progress());
    if let Some(why) = trouble {
        progress::warn(format_args!("traces are not sent: {why}"));
    }
    Ok(runtime)
}

async fn run(command: Command) -> Result<Exit, Failure> {
    if let Some(told) = command.breaks_off() {
        signals::listen(told);
    }
    match command {
        Command::Demo(demo) => cmd::demo::run(&demo).await,
        Command::Sync(sync) => cmd::sync::run(&sync).await,
        Command::Resume(resume) => cmd::resume::run(&resume).await,
        Command::Watch(watch) => cmd::watch::run(&watch).await,
        Command::Wait(wait) => cmd::wait::run(&wait).await,
        Command::Stop(stop) => cmd::stop::run(&stop).await,
        Command::Status(status) => cmd::status::run(&status).await,
        Command::History(history) => cmd::history::run(&history).await,
        Command::Targets(targets) => cmd::targets::run(&targets).await,
        Command::Doctor(doctor) => cmd::doctor::run(&doctor).await,
        Command::Simulate(simulate) => cmd::simulate::run(&simulate).await,
        Command::Api(api) => cmd::api::run(&api).await,
        Command::Config(config) => cmd::config::run(&config),
        Command::Explain(explain) => cmd::explain::run(&explain),
        Command::Completions(completions) => cmd::completions::run(&completions),
        Command::Man(man) => cmd::man::run(&man),
        Command::Schema(schema) => cmd::schema::run(&schema),
    }
}

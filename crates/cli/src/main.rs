//! The `backup-sync` program. Data goes to standard output, everything else to standard error.

mod args;
mod cmd;
mod config;
mod endpoints;
mod exit;
mod labels;
mod output;
mod progress;
mod secret;
mod signals;
mod simulated;

use std::process::ExitCode;

use clap::Parser as _;

use crate::args::{Arguments, Command};
use crate::exit::{Exit, Failure};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = start(arguments);
    match outcome {
        Ok(exit) => exit.into(),
        Err(failure) => {
            progress::say(format_args!("error: {failure}"));
            failure.exit().into()
        }
    }
}

fn start(arguments: Arguments) -> Result<Exit, Failure> {
    progress::log::init(arguments.verbose, arguments.quiet);
    progress::events_only(arguments.command.progress());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|cause| Failure::usage(format!("the program cannot be started: {cause}")))?;
    runtime.block_on(async {
        match arguments.command {
            Command::Demo(demo) => cmd::demo::run(&demo).await,
            Command::Sync(sync) => cmd::sync::run(&sync).await,
            Command::Targets(targets) => cmd::targets::run(&targets).await,
            Command::Simulate(simulate) => cmd::simulate::run(&simulate).await,
            Command::Schema(schema) => cmd::schema::run(&schema),
        }
    })
}

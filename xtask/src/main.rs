//! Commands for people who change the specs. One file per command in `cmd/`; nothing here depends on a generated
//! crate, so that a broken spec never breaks the tool that explains it.

mod cmd;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Commands for this workspace.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check every spec: rules, examples, suppressions, and whether the generator takes it.
    Validate(cmd::validate::Arguments),
    /// Tell what a rule wants, with a bad and a good example.
    Explain(cmd::explain::Arguments),
    /// Write the generated clients for reading and refresh the committed surface listings.
    Regenerate(cmd::regenerate::Arguments),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match arguments.command {
        Command::Validate(arguments) => cmd::validate::run(&arguments),
        Command::Explain(arguments) => cmd::explain::run(&arguments),
        Command::Regenerate(arguments) => cmd::regenerate::run(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

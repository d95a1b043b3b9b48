//! Commands for people who change the specs. One file per command in `cmd/`; nothing here depends on a generated
//! crate, so that a broken spec never breaks the tool that explains it.

mod cmd;
mod examples;
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
    /// Check every spec: rules, examples, and whether the generator takes it.
    Validate(cmd::validate::Arguments),
    /// Write the generated clients for reading and refresh the committed surface listings.
    Regenerate(cmd::regenerate::Arguments),
    /// Write reference and review pages of all specs, to be read in a browser without network.
    Docs(cmd::docs::Arguments),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match arguments.command {
        Command::Validate(arguments) => cmd::validate::run(&arguments),
        Command::Regenerate(arguments) => cmd::regenerate::run(&arguments),
        Command::Docs(arguments) => cmd::docs::run(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

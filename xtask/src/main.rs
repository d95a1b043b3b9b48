//! Commands for people who change the specs. One file per command in `cmd/`; nothing here depends on a generated
//! crate, so that a broken spec never breaks the tool that explains it.

mod cmd;
mod git;
mod surroundings;
mod wiring;
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
    /// Compare the specs with an older revision: what changed, what it breaks, for whom, and why.
    Diff(cmd::diff::Arguments),
    /// Check every spec: rules, examples, suppressions, and whether the generator takes it.
    Validate(cmd::validate::Arguments),
    /// Tell what a rule wants, with a bad and a good example.
    Explain(cmd::explain::Arguments),
    /// Tell what happened to each spec, from the history, as Markdown.
    Changelog(cmd::changelog::Arguments),
    /// Do exactly what decides whether a change lands.
    Ci(cmd::ci::Arguments),
    /// Write `docs/coverage.md`: which operations are tested, simulated and used.
    Coverage(cmd::coverage::Arguments),
    /// Make CODEOWNERS of `specs/OWNERS.toml`, or name the reviewers of a place.
    Owners(cmd::owners::Arguments),
    /// Write the generated clients for reading and refresh the committed surface listings.
    Regenerate(cmd::regenerate::Arguments),
    /// Check that files say what they are for, links lead somewhere and commands in documents exist.
    Tidy(cmd::tidy::Arguments),
    /// Write reference and review pages of all specs, to be read in a browser without network.
    Docs(cmd::docs::Arguments),
    /// Lay out a new vendor: document, owners, crate, simulated server, tests, wiring.
    NewVendor(cmd::new_vendor::Arguments),
    /// Call what changes nothing on a server and compare its answers with the specs.
    Live(cmd::live::Arguments),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match arguments.command {
        Command::Diff(arguments) => cmd::diff::run(&arguments),
        Command::Validate(arguments) => cmd::validate::run(&arguments),
        Command::Changelog(arguments) => cmd::changelog::run(&arguments),
        Command::Ci(arguments) => cmd::ci::run(&arguments),
        Command::Coverage(arguments) => cmd::coverage::run(&arguments),
        Command::Explain(arguments) => cmd::explain::run(&arguments),
        Command::Owners(arguments) => cmd::owners::run(&arguments),
        Command::Regenerate(arguments) => cmd::regenerate::run(&arguments),
        Command::Tidy(arguments) => cmd::tidy::run(&arguments),
        Command::Docs(arguments) => cmd::docs::run(&arguments),
        Command::Live(arguments) => cmd::live::run(&arguments),
        Command::NewVendor(arguments) => cmd::new_vendor::run(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            failure.code()
        }
    }
}

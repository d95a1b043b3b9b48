//! `cargo xtask tidy`: files say what they are for, links lead somewhere, commands in documents exist, layers hold.

use std::path::{Path, PathBuf};
use std::process::Command;

use backup_sync_workshop::tidy;
use clap::Parser as _;
use clap::error::ErrorKind;

use super::Failure;
use crate::workspace;

/// Options of `tidy`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Workspace to look at, for tests of this command; its layers are not looked at.
    #[arg(long, hide = true)]
    root: Option<PathBuf>,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let root = arguments.root.clone().unwrap_or_else(workspace::root);
    let report = tidy::check(&root)?;
    let mut wrong = report.wrong;
    wrong.extend(report.commands.iter().filter_map(unknown));
    report.advice.iter().for_each(|advice| eprintln!("{advice}"));
    if arguments.root.is_none() {
        wrong.extend(layers(&root).err());
    }
    if wrong.is_empty() {
        eprintln!("tidy: {} commands in documents exist, all links lead somewhere", report.commands.len());
        return Ok(());
    }
    Err(Failure::Found(wrong.join("\n")))
}

/// Why a command that a document shows would be refused.
fn unknown(shown: &tidy::Shown) -> Option<String> {
    let error = crate::Arguments::try_parse_from(shown.words()).err()?;
    // A sentence may name a command without what it needs.
    if error.kind() == ErrorKind::MissingRequiredArgument && shown.words().len() == 2 {
        return None;
    }
    let help = [ErrorKind::DisplayHelp, ErrorKind::DisplayVersion, ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand];
    let said = error.to_string();
    let first = said.lines().next().unwrap_or_default();
    (!help.contains(&error.kind())).then(|| format!("{}: `{}` does not work: {first}", shown.place, shown.command))
}

/// Which crate may depend on which is kept by a test.
fn layers(root: &Path) -> Result<(), String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(root).args(["test", "--quiet", "-p", "xtask", "--test", "layers"]);
    let output = command.output().map_err(|error| format!("cargo cannot be started: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_workspace_is_tidy() {
        let report = tidy::check(&workspace::root()).unwrap();
        let wrong: Vec<String> = report.wrong.into_iter().chain(report.commands.iter().filter_map(unknown)).collect();
        assert_eq!(wrong, [""; 0]);
    }

    #[test]
    fn commands_that_do_not_exist_are_told() {
        let shown = |command: &str| tidy::Shown { place: "a.md:1".to_owned(), command: command.to_owned() };
        assert_eq!(unknown(&shown("cargo xtask")), None);
        assert_eq!(unknown(&shown("cargo xtask explain RULE")), None);
        assert_eq!(unknown(&shown("cargo xtask explain")), None);
        assert_eq!(unknown(&shown("cargo xtask validate --help")), None);
        let told = unknown(&shown("cargo xtask polish")).unwrap_or_default();
        assert_eq!(told, "a.md:1: `cargo xtask polish` does not work: error: unrecognized subcommand 'polish'");
    }
}

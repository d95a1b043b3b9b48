//! `backup-sync completions`: the script that makes a shell ask this program for completions.

use clap::{Args, ValueEnum};
use clap_complete::env::Shells;

use crate::exit::{Exit, Failure};
use crate::{complete, output};

const EXAMPLES: &str = "\
Examples:
  backup-sync completions bash
  backup-sync completions fish

Put the script where your shell reads it:
  bash  ~/.local/share/bash-completion/completions/backup-sync
  zsh   _backup-sync in a folder of $fpath
  fish  ~/.config/fish/completions/backup-sync.fish
It asks the program itself, so endpoints and operations are completed too. Print it anew after
an upgrade.";

/// Arguments of `completions`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Completions {
    /// Which shell.
    #[arg(value_enum)]
    pub shell: Shell,
}

/// A shell.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Shell {
    /// Bash.
    Bash,
    /// Elvish.
    Elvish,
    /// Fish.
    Fish,
    /// PowerShell.
    Powershell,
    /// Zsh.
    Zsh,
}

impl Shell {
    fn name(self) -> &'static str {
        match self {
            Self::Bash => "bash",
            Self::Elvish => "elvish",
            Self::Fish => "fish",
            Self::Powershell => "powershell",
            Self::Zsh => "zsh",
        }
    }
}

/// Runs the command.
pub fn run(arguments: &Completions) -> Result<Exit, Failure> {
    const PROGRAM: &str = "backup-sync";
    let name = arguments.shell.name();
    let mut script = Vec::new();
    let written = Shells::builtins()
        .completer(name)
        .map(|shell| shell.write_registration(complete::VARIABLE, PROGRAM, PROGRAM, PROGRAM, &mut script));
    match written {
        Some(Ok(())) => output::print(&String::from_utf8_lossy(&script))?,
        _ => return Err(Failure::Output(format!("no script can be written for {name}"))),
    }
    Ok(Exit::Success)
}

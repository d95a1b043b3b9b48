//! `backup-sync man`: the manual, made from the same description as the help.

use std::path::PathBuf;

use clap::{Args, CommandFactory as _};
use clap_mangen::Man as Page;

use crate::args::Arguments;
use crate::exit::{Exit, Failure};
use crate::output;

const EXAMPLES: &str = "\
Examples:
  backup-sync man
  backup-sync man --dir man1";

/// Arguments of `man`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Man {
    /// Write one page for each command into this folder instead of printing the page of the program.
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}

/// Runs the command.
pub fn run(arguments: &Man) -> Result<Exit, Failure> {
    let command = Arguments::command();
    let Some(dir) = &arguments.dir else {
        let mut page = Vec::new();
        Page::new(command)
            .render(&mut page)
            .map_err(|cause| Failure::Output(format!("the page cannot be written: {cause}")))?;
        output::print(&String::from_utf8_lossy(&page))?;
        return Ok(Exit::Success);
    };
    let written = std::fs::create_dir_all(dir).and_then(|()| clap_mangen::generate_to(command, dir));
    written.map_err(|cause| Failure::usage(format!("the folder {} cannot be written: {cause}", dir.display())))?;
    Ok(Exit::Success)
}

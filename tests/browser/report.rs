//! The page of `sync --report`, as made by the program against simulated vendors.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use backup_sync_simulator::{Behaviour, Scripted, Simulator, Vb365Version};
use backup_sync_tests::browser::{Browser, View, WIDTHS};
use tempfile::TempDir;

use crate::site::Site;

/// Runs the program in the folder of the site.
fn call(site: &Site, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_backup-sync"));
    command.current_dir(site.folder.path()).env("BACKUP_SYNC_JOURNAL", "journal.db").args(arguments);
    command.output().unwrap()
}

//! Completions and manual pages.

use std::fs;
use std::path::Path;

use crate::{Ended, call, program};

#[test]
fn every_shell_has_a_script_that_asks_the_program() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let ended = call(Path::new("."), &["completions", shell]);
        assert_eq!((ended.code, ended.err.as_str()), (0, ""));
        assert!(ended.out.contains("BACKUP_SYNC_COMPLETE") && ended.out.contains("backup-sync"), "{}", ended.out);
    }
    assert_eq!(call(Path::new("."), &["completions", "tcsh"]).code, 2);
}

/// What fish would offer after these words.
fn offered(folder: &Path, words: &[&str]) -> Vec<String> {
    let mut command = program();
    command.current_dir(folder).env("BACKUP_SYNC_COMPLETE", "fish").args(["--", "backup-sync"]).args(words);
    let ended = Ended::of(command.output().unwrap());
    assert_eq!((ended.code, ended.err.as_str()), (0, ""));
    ended.out.lines().map(|line| line.split('\t').next().unwrap().to_owned()).collect()
}

#[test]
fn endpoints_targets_and_operations_are_completed() {
    let folder = tempfile::tempdir().unwrap();
    assert!(offered(folder.path(), &["api", "m"]).is_empty(), "without a configuration nothing is offered or said");
    let config = include_str!("../../examples/backup-sync.toml");
    fs::write(folder.path().join("backup-sync.toml"), config).unwrap();
    assert_eq!(offered(folder.path(), &["api", "m"]), ["m365"]);
    assert_eq!(offered(folder.path(), &["api", "cloud", "ListV"]), ["ListVault"]);
    assert_eq!(offered(folder.path(), &["sync", "clo"]), ["cloud/vault/*", "cloud/backups/*"]);
    assert!(offered(folder.path(), &["expl"]).contains(&"explain".to_owned()));
}

#[test]
fn the_manual_is_one_page_or_a_folder_of_pages() {
    let folder = tempfile::tempdir().unwrap();
    let page = call(folder.path(), &["man"]);
    assert_eq!(page.code, 0, "{}", page.err);
    assert!(page.out.contains(".TH backup\\-sync") || page.out.contains(".TH backup-sync"), "{}", page.out);
    assert!(page.out.contains("Exit codes"), "{}", page.out);
    let pages = call(folder.path(), &["man", "--dir", "man1"]);
    assert_eq!((pages.code, pages.out.as_str()), (0, ""), "{}", pages.err);
    for name in ["backup-sync.1", "backup-sync-api.1", "backup-sync-config-check.1", "backup-sync-explain.1"] {
        assert!(folder.path().join("man1").join(name).is_file(), "{name}");
    }
    fs::write(folder.path().join("file"), "").unwrap();
    assert_eq!(call(folder.path(), &["man", "--dir", "file"]).code, 2);
}

//! The examples in the help are run as they stand.

use crate::call;
use crate::site::Site;

const COMMANDS: [&str; 12] = [
    "api",
    "completions",
    "config check",
    "config init",
    "config schema",
    "explain",
    "man",
    "schema",
    "sync",
    "history",
    "resume",
    "targets",
];

/// The words of a line, as a shell would take them apart.
fn words(line: &str) -> Vec<String> {
    line.split(' ').map(|word| word.trim_matches('\'').to_owned()).collect()
}

#[test]
fn every_example_does_what_it_says() {
    let site = Site::all();
    let vault = site.endpoint("cloud").targets.iter().find(|target| target.kind == "vault").unwrap();
    let body = serde_json::json!({"sync": {"vault_id": vault.id, "auto_trigger": false}});
    std::fs::write(site.folder.path().join("sync.json"), body.to_string()).unwrap();
    for command in COMMANDS {
        let help = site.call(&[&command.split(' ').collect::<Vec<_>>()[..], &["--help"]].concat());
        let examples: Vec<&str> = help.out.lines().filter_map(|line| line.strip_prefix("  backup-sync ")).collect();
        assert!(!examples.is_empty(), "{command}: {}", help.out);
        for example in examples {
            assert!(example.starts_with(command), "{example}");
            let words = words(example);
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            // It would write over the configuration that all others need.
            let elsewhere = tempfile::tempdir().unwrap();
            let folder = if command == "config init" { elsewhere.path() } else { site.folder.path() };
            let ended = call(folder, &words);
            // 4 where something in capitals had to be filled in.
            let placeholder = example.split('=').any(|part| part.starts_with("ID"));
            let wanted: &[i32] = if placeholder { &[4] } else { &[0] };
            assert!(wanted.contains(&ended.code), "{example}: {} {}", ended.code, ended.err);
        }
    }
}

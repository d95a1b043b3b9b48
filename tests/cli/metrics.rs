//! `--metrics-file`: written however the run ends, and nothing of other targets is lost.

use std::fs;

use crate::site::Site;

#[test]
fn metrics_are_written_after_success_and_failure_and_keep_other_targets() {
    let site = Site::new();
    let file = site.folder.path().join("backup-sync.prom");
    let read = || fs::read_to_string(&file).unwrap();
    let sync = |target: &str| {
        let shown = file.display().to_string();
        site.call(&["sync", target, "--force", "--progress", "none", "--metrics-file", &shown]).code
    };
    assert_eq!(sync("dr/replication/*"), 0);
    let first = read();
    assert!(first.contains("# TYPE backup_sync_target_last_success_timestamp_seconds gauge\n"), "{first}");
    assert!(first.contains("backup_sync_run_exit_code 0\n"), "{first}");
    let of_dr = |text: &str| {
        let of = text.lines().filter(|line| line.starts_with("backup_sync_target") && line.contains("endpoint=\"dr\""));
        of.map(str::to_owned).collect::<Vec<_>>()
    };
    assert!(of_dr(&first).len() > 8, "{first}");
    // A target that is not there: nothing is started, and the file says so.
    assert_eq!(sync("m365/repository/none-of-that-name"), 2);
    let second = read();
    assert!(second.contains("backup_sync_run_exit_code 2\n"), "{second}");
    assert_eq!(of_dr(&second), of_dr(&first));
    let elsewhere = site.call(&["sync", "--all", "--metrics-file", "no/such/folder/x.prom"]);
    assert!(elsewhere.code == 2 && elsewhere.err.contains("nothing was started"), "{}", elsewhere.err);
    let plain = prometheus_parse::Scrape::parse(second.lines().map(|line| Ok(line.to_owned()))).unwrap();
    assert!(plain.samples.iter().all(|sample| matches!(sample.value, prometheus_parse::Value::Gauge(_))), "{second}");
}

#[cfg(unix)]
#[test]
fn metrics_are_written_when_somebody_breaks_off() {
    use crate::breaking_off::{signal, until};
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["sync", "--all", "--simulated", "--progress", "plain", "--metrics-file", "m.prom"];
    let mut command = crate::program();
    command.current_dir(folder.path()).args(arguments);
    let mut child = command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    let _lines = until(&mut child, "started");
    signal(&child, "INT");
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let text = fs::read_to_string(folder.path().join("m.prom")).unwrap();
    assert!(text.contains("backup_sync_run_exit_code 130\n"), "{text}");
}

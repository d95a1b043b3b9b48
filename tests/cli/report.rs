//! `--report FILE.html`: when the page is written, and what it tells. How it looks is tested in `tests/browser`.

use std::fs;
use std::time::Duration;

use backup_sync_simulator::{Settings, Simulator, Vb365Version};

use crate::site::Site;

const QUICK: [&str; 4] = ["--poll", "100ms", "--progress", "none"];

fn page(site: &Site) -> String {
    fs::read_to_string(site.folder.path().join("page.html")).unwrap()
}

/// A site with one server that takes its time, and the page of yesterday.
fn slow() -> Site {
    let settings = Settings { duration: Duration::from_secs(3600), ..Settings::default() };
    let site = Site::of(Simulator::builder().vb365("m365", Vb365Version::V8).settings(settings));
    fs::write(site.folder.path().join("page.html"), "yesterday").unwrap();
    site
}

#[test]
fn the_page_of_a_run_that_is_left_has_the_command_that_goes_on() {
    let site = slow();
    let sync = ["sync", "m365/repository/Archive to S3", "--deadline", "300ms", "--report", "page.html"];
    let ended = site.call(&[&sync[..], &QUICK].concat());
    assert_eq!(ended.code, 8, "{}", ended.err);
    let command = ended.err.lines().find_map(|line| line.strip_prefix("to go on with this run: ")).unwrap();
    let left = page(&site);
    assert!(left.contains(command) && left.contains("Exit code 8"), "{command}: {left}");
    site.simulator.clock().advance(Duration::from_secs(7200));
    let resumed = site.call(&[&["resume", "--report", "page.html"][..], &QUICK].concat());
    assert_eq!(resumed.code, 0, "{}", resumed.err);
    let done = page(&site);
    assert!(done.contains("Exit code 0") && !done.contains("To go on with this run"), "{done}");
    assert!(done.contains("<b>isOutOfSync</b> true → false"), "{done}");
}

#[cfg(unix)]
#[test]
fn breaking_off_leaves_a_page_too() {
    let site = slow();
    let mut command = crate::program();
    command.current_dir(site.folder.path()).args(["sync", "m365/repository/Archive to S3", "--report", "page.html"]);
    let mut child = command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    let err = std::io::BufReader::new(child.stderr.take().unwrap());
    for line in std::io::BufRead::lines(err) {
        if line.unwrap().contains("started as") {
            let id = child.id().to_string();
            assert!(std::process::Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        }
    }
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(page(&site).contains("Exit code 130") && page(&site).contains("backup-sync resume"));
}

#[test]
fn what_could_not_begin_replaces_the_page_of_yesterday() {
    let site = slow();
    let ended = site.call(&["sync", "m356/repository/*", "--report", "page.html"]);
    assert_eq!(ended.code, 2, "{}", ended.err);
    assert!(page(&site).contains("Exit code 2") && page(&site).contains("m356"), "{}", page(&site));
}

#[test]
fn a_place_that_cannot_be_written_is_told_before_anything_is_started() {
    let site = Site::new();
    for place in ["missing/page.html", "."] {
        let ended = site.call(&["sync", "--all", "--report", place]);
        assert_eq!((ended.code, ended.out.as_str()), (2, ""));
        assert!(ended.err.contains(&format!("the page {place} cannot be written")), "{}", ended.err);
    }
    assert_eq!(site.simulator.requests().len(), 0);
    assert_eq!(site.call(&["history", "--report", "page.html"]).code, 2, "of which run?");
}

#[test]
fn nothing_to_resume_replaces_the_page_of_yesterday() {
    let site = Site::new();
    let sync = ["sync", "m365/repository/Mail cache"];
    assert_eq!(site.call(&[&sync[..], &QUICK].concat()).code, 0);
    for command in ["resume", "wait"] {
        fs::write(site.folder.path().join("page.html"), "yesterday").unwrap();
        let ended = site.call(&[command, "--report", "page.html"]);
        assert_eq!(ended.code, 0, "{}", ended.err);
        let page = page(&site);
        assert!(page.contains("there is no unfinished run") && page.contains("Exit code 0"), "{command}: {page}");
    }
}

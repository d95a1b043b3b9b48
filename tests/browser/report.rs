//! The page of `--report`, as the program makes it of runs against simulated vendors.

use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use backup_sync_tests::browser::{Browser, View, WIDTHS};
use serde_json::Value;
use tempfile::TempDir;

fn program(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_backup-sync"));
    command.current_dir(folder).env("BACKUP_SYNC_JOURNAL", "journal.db").args(arguments);
    command
}

/// Runs the program to its end; gives its exit code.
fn call(folder: &Path, arguments: &[&str]) -> i32 {
    program(folder, arguments).output().unwrap().status.code().unwrap()
}

/// Simulated vendors, killed when this is dropped.
struct Vendors(Child);

impl Vendors {
    fn start(folder: &Path, scenario: &str) -> Self {
        let scenario = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../examples/scenarios/{scenario}.toml"));
        let arguments = ["simulate", "--speed", "50", "--write-config", "simulated.toml", "--scenario"];
        let mut command = program(folder, &arguments);
        let mut child = command.arg(scenario).stdout(Stdio::piped()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let ready = serde_json::Deserializer::from_reader(out).into_iter::<Value>().next();
        assert!(matches!(ready, Some(Ok(_))), "the vendors are ready");
        Self(child)
    }
}

impl Drop for Vendors {
    fn drop(&mut self) {
        let _ = self.0.kill().and_then(|()| self.0.wait());
    }
}

/// A page about a run in which some targets fail.
fn failures() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let _vendors = Vendors::start(folder.path(), "failures");
    let page = folder.path().join("page.html");
    let sync = ["sync", "--all", "--config", "simulated.toml", "--poll", "100ms", "--report", "page.html"];
    assert_eq!(call(folder.path(), &sync), 6);
    (folder, page)
}

const SECTIONS: [&str; 3] = ["Look at these first (4)", "Slowest", "All targets"];

#[test]
#[ignore = "needs Chromium"]
fn the_page_can_be_read_at_every_width_without_network_and_scripts() {
    let (_folder, file) = failures();
    let browser = Browser::start();
    for width in WIDTHS {
        for dark in [false, true] {
            let page = browser.open(&file, View { width, dark, scripts: false });
            page.assert_quiet();
            page.assert_fits_width();
            let words = page.value("document.body.innerText").as_str().unwrap().to_owned();
            for part in
                ["Exit code 6", "The target datastore is full", "isOutOfSync true → false", "what that is stands"]
            {
                assert!(words.contains(part), "{part:?} is not shown at {width}: {words}");
            }
            page.picture(&format!("report-{width}{}", if dark { "-dark" } else { "" }));
        }
    }
}

#[test]
#[ignore = "needs Chromium"]
fn the_page_can_be_used_by_keyboard_and_screen_reader() {
    let (_folder, file) = failures();
    let browser = Browser::start();
    let page = browser.open(&file, View::wide(WIDTHS[1]));
    assert_eq!(page.tab_order(20), SECTIONS);
    let page = browser.open(&file, View::wide(WIDTHS[1]));
    page.press("Tab");
    page.press("Enter");
    assert_eq!(page.value("location.hash"), "#problems");
    assert_eq!(page.value("document.querySelectorAll('h1').length"), 1);
    let unnamed = "[...document.querySelectorAll('svg')].filter(at => !at.ariaLabel && at.ariaHidden != 'true').length";
    assert_eq!(page.value(unnamed), 0, "every drawing has words or is an ornament");
    // The colours are no more than an addition: each end has its word.
    let wordless = "[...document.querySelectorAll('.look')].filter(at => !/[a-z]{4}/.test(at.innerText)).length";
    assert_eq!(page.value(wordless), 0);
}

#[test]
#[ignore = "needs Chromium"]
fn text_has_contrast_in_light_and_dark() {
    let (_folder, file) = failures();
    let browser = Browser::start();
    for dark in [false, true] {
        let page = browser.open(&file, View { width: WIDTHS[1], dark, scripts: true });
        let low = page.value(include_str!("contrast.js"));
        assert_eq!(low, serde_json::json!([]), "dark: {dark}");
    }
}

#[test]
#[ignore = "needs Chromium"]
fn a_page_from_the_journal_tells_the_same_ends() {
    let (folder, _) = failures();
    let journal = program(folder.path(), &["history", "--output", "json"]).output().unwrap().stdout;
    let journal: Value = serde_json::from_slice(&journal).unwrap();
    let run = journal["runs"][0]["run"].as_str().unwrap();
    assert_eq!(call(folder.path(), &["history", "--run", run, "--report", "later.html"]), 0);
    let browser = Browser::start();
    let [now, later] = ["page.html", "later.html"].map(|file| {
        let page = browser.open(&folder.path().join(file), View::wide(WIDTHS[1]));
        page.assert_quiet();
        page.picture(if file == "later.html" { "report-from-journal" } else { "report-now" });
        page.value("[...document.querySelectorAll('li.row')].map(at => at.querySelector('.word').innerText + at.querySelector('.more').innerText)")
    });
    assert_eq!(now, later);
}

#[test]
#[ignore = "needs Chromium"]
fn a_hostile_name_stays_text() {
    let folder = tempfile::tempdir().unwrap();
    let name = "<img src=x onerror=document.title=1>\u{202e}.json";
    let list = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/on-premises-backups.json");
    std::fs::copy(list, folder.path().join(name)).unwrap();
    assert_eq!(call(folder.path(), &["demo", "--backups", name, "--report", "page.html"]), 0);
    let browser = Browser::start();
    let page = browser.open(&folder.path().join("page.html"), View::wide(WIDTHS[0]));
    page.assert_quiet();
    page.assert_fits_width();
    assert_eq!(page.value("document.images.length"), 0);
    assert!(page.value("document.body.innerText").as_str().unwrap().contains("<img src=x onerror"));
    page.picture("report-demo-400");
}

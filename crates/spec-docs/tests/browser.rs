//! The pages as API owners see them, in Chromium. `.ci/run` starts these tests.

#![expect(clippy::unwrap_used, clippy::panic, clippy::expect_used, reason = "helpers of tests")]

// The crate of tests would bring every generated client along, and these pages need none.
#[path = "../../../tests/support/browser.rs"]
mod browser;

use std::fs;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use backup_sync_codegen::{documents, load};
use backup_sync_spec_docs::pages;
use browser::{Browser, Page, View, WIDTHS};

/// Writes all pages to a folder.
fn write() -> tempfile::TempDir {
    let specs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../specs");
    let named = |path: &PathBuf| format!("specs/{}", path.file_name().unwrap().display());
    let all: Vec<_> =
        documents(&specs).unwrap().iter().map(|path| load::file(path, &named(path)).expect("it loads")).collect();
    let folder = tempfile::tempdir().unwrap();
    for page in pages(&all).unwrap() {
        fs::write(folder.path().join(page.name), page.text).unwrap();
    }
    folder
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn number(page: &Page, script: &str) -> u64 {
    page.value(script).as_u64().unwrap_or_else(|| panic!("{script} gives {:?}", page.value(script)))
}

/// Waits until a script says yes; a page that never does fails the test.
fn until(page: &Page, script: &str) {
    for _ in 0..300 {
        if page.value(script) == true {
            return;
        }
        sleep(Duration::from_millis(100));
    }
    panic!("never true: {script}");
}

/// Types into the search, as a reader does.
fn search(page: &Page, words: &str) {
    page.value(&format!(
        "(() => {{ const field = document.getElementById('search'); field.value = {words:?}; \
         field.dispatchEvent(new Event('input')); }})()"
    ));
}

const SHOWN: &str = "document.querySelectorAll('[data-entry]:not([hidden])').length";

#[test]
#[ignore = "needs Chromium"]
fn every_page_is_quiet_and_fits_every_width() {
    let (folder, browser) = (write(), Browser::start());
    for file in files(folder.path()) {
        let name = file.file_stem().unwrap().display().to_string();
        for width in WIDTHS {
            for dark in [false, true] {
                let page = browser.open(&file, View { width, dark, scripts: true });
                page.assert_quiet();
                page.assert_fits_width();
                let colours = if dark { "dark" } else { "light" };
                page.picture(&format!("spec-docs-{name}-{width}-{colours}"));
            }
        }
    }
}

#[test]
#[ignore = "needs Chromium"]
fn the_reference_is_drawn_without_network_in_both_colours() {
    let (folder, browser) = (write(), Browser::start());
    let file = folder.path().join("vsphere-replication-v2.html");
    for width in WIDTHS {
        for dark in [false, true] {
            let page = browser.open(&file, View { width, dark, scripts: true });
            page.value("document.getElementById('show-reference').click()");
            until(&page, "document.getElementById('reference').innerText.includes('/actions/sync')");
            page.assert_fits_width();
            page.assert_quiet();
            let colours = if dark { "dark" } else { "light" };
            page.picture(&format!("spec-docs-reference-{width}-{colours}"));
            page.value("document.getElementById('show-review').click()");
            assert_eq!(page.value("document.getElementById('reference').childElementCount"), 0);
            assert_eq!(page.value("document.getElementById('review').hidden"), false);
        }
    }
}

#[test]
#[ignore = "needs Chromium"]
fn search_finds_an_operation_on_its_page_and_in_the_index() {
    let (folder, browser) = (write(), Browser::start());
    for (name, words, anchor) in [
        ("vsphere-replication-v2", "syncReplication post starts a job", "op-syncReplication"),
        ("huawei-cbr-v3", "/checkpoints/sync import_checkpoint", "op-ImportCheckpoint"),
        ("index", "importcheckpoint", ""),
    ] {
        let page = browser.open(&folder.path().join(format!("{name}.html")), View::wide(1400));
        let all = number(&page, SHOWN);
        search(&page, words);
        let hits = number(&page, SHOWN);
        assert!(hits >= 1 && hits < all, "{name}: {hits} of {all}");
        if !anchor.is_empty() {
            assert_eq!(page.value(&format!("document.getElementById('{anchor}').hidden")), false, "{name}");
        }
        let told = page.value("document.getElementById('hits').textContent").to_string();
        assert!(told.contains(&format!("{hits} of {all}")), "{told}");
        page.picture(&format!("spec-docs-search-{name}"));
        search(&page, "no such words anywhere");
        assert_eq!(number(&page, SHOWN), 0);
        search(&page, "");
        assert_eq!(number(&page, SHOWN), all);
        page.assert_quiet();
    }
}

#[test]
#[ignore = "needs Chromium"]
fn everything_is_reached_with_the_keyboard() {
    let (folder, browser) = (write(), Browser::start());
    let page = browser.open(&folder.path().join("huawei-iam-v3.html"), View::wide(1400));
    let order = page.tab_order(60);
    let start = ["Skip to the content", "All specs", "Review", "Reference", "search", "Use dark colours", "Contents"];
    assert_eq!(order[..start.len()], start, "{order:?}");
    assert!(order.iter().any(|words| words.contains("KeystoneListProjects")), "{order:?}");
    page.press("/");
    assert_eq!(page.value("document.activeElement.id"), "search");
    page.value("document.getElementById('theme').focus()");
    page.press("Enter");
    assert_eq!(page.value("document.documentElement.dataset.theme"), "dark");
    assert_eq!(page.value("getComputedStyle(document.body).backgroundColor"), "rgb(20, 23, 26)");
    page.value("document.getElementById('show-reference').focus()");
    page.press("Enter");
    until(
        &page,
        "document.getElementById('reference').innerText.includes('KeystoneListProjects') || \
                  document.getElementById('reference').innerText.includes('List projects')",
    );
    page.assert_quiet();
}

#[test]
#[ignore = "needs Chromium"]
fn the_review_needs_no_scripts() {
    let (folder, browser) = (write(), Browser::start());
    let page =
        browser.open(&folder.path().join("veeam-vb365-v8.html"), View { width: 400, dark: false, scripts: false });
    page.assert_fits_width();
    assert!(number(&page, SHOWN) > 40);
    page.assert_quiet();
}

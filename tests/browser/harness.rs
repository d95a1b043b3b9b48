//! The harness itself: what it is to notice, it notices.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};

use backup_sync_tests::browser::{Browser, Page, View, WIDTHS};

/// Opens a page with this body.
fn look(body: &str, view: View) -> (Page, Browser) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("page.html");
    fs::write(&file, format!("<!doctype html><meta charset=utf-8><title>t</title><body>{body}")).unwrap();
    let browser = Browser::start();
    (browser.open(&file, view), browser)
}

fn objects(check: impl FnOnce()) -> bool {
    catch_unwind(AssertUnwindSafe(check)).is_err()
}

#[test]
#[ignore = "needs Chromium"]
fn a_plain_page_is_fine() {
    let body = "<a href='#b'>first</a> <button id=b>second</button> <details><summary>third</summary>x</details>";
    let (page, _browser) = look(body, View::wide(WIDTHS[0]));
    page.assert_quiet();
    page.assert_fits_width();
    assert_eq!(page.tab_order(10), ["first", "second", "third"]);
    assert!(fs::read(page.picture("harness")).unwrap().starts_with(b"\x89PNG"));
}

#[test]
#[ignore = "needs Chromium"]
fn requests_complaints_and_width_are_noticed() {
    let (asks, _browser) = look("<img src='http://127.0.0.1:9/x.png' alt=x>", View::wide(400));
    assert!(objects(|| asks.assert_quiet()));
    asks.assert_fits_width();
    let (throws, _browser) = look("<script>undefined_function()</script>", View::wide(400));
    assert!(objects(|| throws.assert_quiet()));
    let (wide, _browser) = look("<div style='width: 900px'>x</div>", View::wide(400));
    assert!(objects(|| wide.assert_fits_width()));
    wide.assert_quiet();
}

#[test]
#[ignore = "needs Chromium"]
fn views_differ() {
    let body = "<script>document.title = 'run'</script>";
    let dark = "matchMedia('(prefers-color-scheme: dark)').matches";
    let (page, _browser) = look(body, View { width: 700, dark: true, scripts: false });
    assert_eq!((page.value(dark), page.value("innerWidth")), (true.into(), 700.into()));
    assert_eq!(page.value("document.title"), "t", "scripts are off");
    let (page, _browser) = look(body, View::wide(400));
    assert_eq!((page.value(dark), page.value("document.title")), (false.into(), "run".into()));
}

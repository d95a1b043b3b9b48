//! Looks at a page with Chromium as a reader would: at a width, by keyboard, with scripts or without. Says what the page
//! asks of the network and what it complains about, and keeps a picture in `target/screenshots/`.
//!
//! Tests that need it carry `#[ignore = "needs Chromium"]` and are in a test target `browser`, which `.ci/run` starts.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use headless_chrome::protocol::cdp::types::Event;
use headless_chrome::protocol::cdp::{Emulation, Network, Page as PageDomain};
use headless_chrome::{Browser as Chromium, LaunchOptions, Tab};
use serde_json::Value;

/// Where Debian's package puts the program.
const PROGRAM: &str = "/usr/bin/chromium";

/// So long a stuck browser is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// Widths that every page is looked at: a telephone, and a desk.
pub const WIDTHS: [u32; 2] = [400, 1400];

/// A browser without a window and with a profile of its own.
pub struct Browser(Chromium);

/// How a page is opened.
#[derive(Clone, Copy, Debug)]
pub struct View {
    /// Width of the window in pixels.
    pub width: u32,
    /// Whether the reader prefers dark pages.
    pub dark: bool,
    /// Whether the page may run scripts.
    pub scripts: bool,
}

impl View {
    /// A window of this width; light, with scripts.
    pub fn wide(width: u32) -> Self {
        Self { width, dark: false, scripts: true }
    }
}

/// A page that has been loaded.
pub struct Page {
    tab: Arc<Tab>,
    view: View,
    seen: Arc<Mutex<Seen>>,
}

/// What was told of a page.
#[derive(Default)]
struct Seen {
    requests: Vec<String>,
    complaints: Vec<String>,
}

impl Browser {
    /// Starts Chromium: `$CHROMIUM`, or the one of Debian's package.
    pub fn start() -> Self {
        let program = std::env::var_os("CHROMIUM").map_or_else(|| PathBuf::from(PROGRAM), PathBuf::from);
        assert!(program.exists(), "{} is missing; install Debian's package chromium", program.display());
        let options = LaunchOptions {
            path: Some(program),
            // As root, in a container, there is no sandbox; the pages are our own.
            sandbox: false,
            idle_browser_timeout: PATIENCE,
            // Without it a crowded /dev/shm of a container ends the browser.
            args: vec![OsStr::new("--disable-dev-shm-usage"), OsStr::new("--force-color-profile=srgb")],
            ..LaunchOptions::default()
        };
        let browser = Chromium::new(options).expect("Chromium starts");
        browser.set_default_timeout(PATIENCE);
        Self(browser)
    }

    /// Loads a file and waits until it is there.
    pub fn open(&self, file: &Path, view: View) -> Page {
        let tab = self.0.new_tab().unwrap();
        let seen = Arc::<Mutex<Seen>>::default();
        let told = Arc::clone(&seen);
        tab.add_event_listener(Arc::new(move |event: &Event| note(&mut told.lock().unwrap(), event))).unwrap();
        tab.enable_log().unwrap();
        tab.enable_runtime().unwrap();
        tab.call_method(Network::Enable {
            max_total_buffer_size: None,
            max_resource_buffer_size: None,
            max_post_data_size: None,
            report_direct_socket_traffic: None,
            enable_durable_messages: None,
        })
        .unwrap();
        set_up(&tab, view);
        let url = format!("file://{}", file.canonicalize().unwrap().display());
        tab.navigate_to(&url).unwrap().wait_until_navigated().unwrap();
        seen.lock().unwrap().requests.retain(|request| *request != url);
        Page { tab, view, seen }
    }
}

/// Height of the window in pixels.
const HEIGHT: u32 = 900;

fn resize(tab: &Tab, width: u32, height: u32) {
    tab.call_method(Emulation::SetDeviceMetricsOverride {
        width,
        height,
        device_scale_factor: 1.0,
        mobile: false,
        scale: None,
        screen_width: None,
        screen_height: None,
        position_x: None,
        position_y: None,
        dont_set_visible_size: None,
        screen_orientation: None,
        viewport: None,
        display_feature: None,
        device_posture: None,
    })
    .unwrap();
}

fn set_up(tab: &Tab, view: View) {
    resize(tab, view.width, HEIGHT);
    let scheme = if view.dark { "dark" } else { "light" };
    let scheme = Emulation::MediaFeature { name: "prefers-color-scheme".into(), value: scheme.into() };
    tab.call_method(Emulation::SetEmulatedMedia { media: None, features: Some(vec![scheme]) }).unwrap();
    tab.call_method(Emulation::SetScriptExecutionDisabled { value: !view.scripts }).unwrap();
}

fn note(seen: &mut Seen, event: &Event) {
    match event {
        Event::NetworkRequestWillBeSent(event) => seen.requests.push(event.params.request.url.clone()),
        Event::LogEntryAdded(event) => seen.complaints.push(event.params.entry.text.clone()),
        Event::RuntimeConsoleAPICalled(event) => seen.complaints.push(format!("{:?}", event.params.args)),
        Event::RuntimeExceptionThrown(event) => seen.complaints.push(event.params.exception_details.text.clone()),
        _ => {}
    }
}

impl Page {
    /// The page asks nothing of the network (pictures inside the page are no requests) and complains of nothing.
    pub fn assert_quiet(&self) {
        let seen = self.seen.lock().unwrap();
        let asked: Vec<&String> = seen.requests.iter().filter(|url| !url.starts_with("data:")).collect();
        assert!(asked.is_empty(), "the page asks for {asked:?}");
        assert!(seen.complaints.is_empty(), "the page complains: {:?}", seen.complaints);
    }

    /// Nothing of the page is wider than the window, so that nobody has to scroll sideways. What scrolls on its own in a
    /// frame does not count.
    pub fn assert_fits_width(&self) {
        let (wide, window) = (self.value("document.documentElement.scrollWidth"), self.value("innerWidth"));
        assert!(wide.as_u64() <= window.as_u64(), "the page is {wide} wide, the window {window}");
    }

    /// What an expression is worth; works also where the page itself may run none.
    pub fn value(&self, script: &str) -> Value {
        // As text, because lists and objects would come as references.
        let text = self.tab.evaluate(&format!("JSON.stringify(\n{script}\n)"), false).unwrap().value;
        text.and_then(|text| serde_json::from_str(text.as_str()?).ok()).unwrap_or_default()
    }

    /// What the tab key leads to, in order: the words of each element, or its label. Ends where it begins again, and at
    /// `limit`.
    pub fn tab_order(&self, limit: usize) -> Vec<String> {
        const FOCUSED: &str = "(() => { const at = document.activeElement; \
            if (!at || at === document.body || at.dataset.seen) return null; at.dataset.seen = '1'; \
            return (at.getAttribute('aria-label') || at.innerText || at.name || at.id || at.tagName).trim(); })()";
        let mut order = Vec::new();
        while order.len() < limit {
            self.tab.press_key("Tab").unwrap();
            match self.value(FOCUSED) {
                Value::String(words) => order.push(words),
                _ => break,
            }
        }
        order
    }

    /// Presses a key, for example `Enter` or `Tab`.
    pub fn press(&self, key: &str) {
        self.tab.press_key(key).unwrap();
    }

    /// Keeps a picture of the whole page, but not of more than ten windows of it, in `target/screenshots/NAME.png`.
    pub fn picture(&self, name: &str) -> PathBuf {
        let long =
            self.value("document.documentElement.scrollHeight").as_u64().and_then(|long| u32::try_from(long).ok());
        // What is outside the window is not drawn.
        resize(&self.tab, self.view.width, long.unwrap_or(HEIGHT).min(10 * HEIGHT));
        let format = PageDomain::CaptureScreenshotFormatOption::Png;
        let png = self.tab.capture_screenshot(format, None, None, true).unwrap();
        resize(&self.tab, self.view.width, HEIGHT);
        let folder = screenshots();
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join(format!("{name}.png"));
        std::fs::write(&file, png).unwrap();
        file
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        // The browser may be gone already.
        let _ = self.tab.close(false);
    }
}

/// The folder for pictures, beside what else is built.
fn screenshots() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    // This file is also a part of tests in other folders of the workspace.
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().find(|folder| folder.join("Cargo.lock").exists());
    let workspace = workspace.expect("a workspace has a lock file");
    target.unwrap_or_else(|| workspace.join("target")).join("screenshots")
}

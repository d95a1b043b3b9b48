//! Bars that are drawn over, one for each target.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use backup_sync::engine::{Address, Event, EventRecord, Outcome, Sink};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::log;
use crate::output::printable;

/// Bars on standard error.
#[derive(Debug)]
pub struct Bars {
    all: MultiProgress,
    bars: Arc<Mutex<HashMap<Address, ProgressBar>>>,
}

/// A bar with a percentage, and one without.
const STYLES: [&str; 2] = [
    "{prefix:24!} [{bar:14}] {pos:>3} % {elapsed:>4}  {wide_msg}",
    "{prefix:24!} [{bar:14}]       {elapsed:>4}  {wide_msg}",
];

fn style(with_percent: bool) -> ProgressStyle {
    let style = ProgressStyle::with_template(STYLES[usize::from(!with_percent)]);
    style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> ")
}

fn tick(bars: &Weak<Mutex<HashMap<Address, ProgressBar>>>) {
    while let Some(bars) = bars.upgrade() {
        for bar in bars.lock().unwrap_or_else(PoisonError::into_inner).values().filter(|bar| !bar.is_finished()) {
            bar.tick();
        }
        drop(bars);
        std::thread::sleep(Duration::from_millis(500));
    }
}

impl Bars {
    /// No bars yet.
    pub fn new() -> Self {
        let all = MultiProgress::new();
        log::draw_above(all.clone());
        let bars = Arc::default();
        let shown = Arc::downgrade(&bars);
        // One thread keeps the times of all bars going, and ends with them.
        std::thread::spawn(move || tick(&shown));
        Self { all, bars }
    }

    fn plan(&self, targets: &[(Address, String)]) {
        let mut bars = self.bars.lock().unwrap_or_else(PoisonError::into_inner);
        for (address, name) in targets {
            let bar = self.all.add(ProgressBar::new(100).with_style(style(false)));
            bar.set_prefix(printable(&format!("{}: {name}", address.endpoint)));
            bar.set_message("waiting");
            bars.insert(address.clone(), bar);
        }
    }

    /// Says of the targets of an endpoint that have not started why they do not.
    fn waits(&self, endpoint: &str, why: &str) {
        let bars = self.bars.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = |bar: &&ProgressBar| {
            !bar.is_finished() && ["waiting", "starting"].iter().any(|word| bar.message().starts_with(word))
        };
        for bar in bars.iter().filter(|(address, _)| address.endpoint == endpoint).map(|(_, bar)| bar).filter(fresh) {
            bar.set_message(why.to_owned());
        }
    }

    fn with(&self, target: &Address, change: impl FnOnce(&ProgressBar)) {
        if let Some(bar) = self.bars.lock().unwrap_or_else(PoisonError::into_inner).get(target) {
            change(bar);
        }
    }
}

impl Sink for Bars {
    fn take(&self, record: EventRecord) {
        match record.event {
            Event::Planned { targets } => self.plan(&targets),
            Event::Starting { target } => self.with(&target, |bar| bar.set_message("starting")),
            Event::Started { target, adopted, .. } => self.with(&target, |bar| {
                bar.reset_elapsed();
                bar.set_message(if adopted { "already running" } else { "started" });
            }),
            Event::Progress { target, state, percent, unchanged_ms } => self.with(&target, |bar| {
                if let Some(percent) = percent {
                    bar.set_style(style(true));
                    bar.set_position(u64::from(percent));
                }
                let still = unchanged_ms / 1000;
                bar.set_message(if still >= 30 {
                    format!("{}, unchanged for {still} s", printable(&state))
                } else {
                    printable(&state)
                });
            }),
            Event::Finished { target, outcome, .. } => self.with(&target, |bar| {
                if matches!(outcome, Outcome::Succeeded { .. }) {
                    bar.set_style(style(true));
                    bar.set_position(100);
                }
                bar.abandon_with_message(format!("{}: {}", outcome.word(), printable(outcome.detail())));
            }),
            Event::Waiting { endpoint, reason, pause_ms, .. } => {
                self.waits(&endpoint, &format!("waiting {} s for {}", pause_ms.div_ceil(1000), reason.words()));
            }
            Event::Queued { endpoint, reason, limit, .. } => {
                self.waits(&endpoint, &format!("waiting its turn; {limit} jobs at a time {}", reason.words()));
            }
            Event::Stuck { target, unchanged_ms, reason, .. } => self.with(&target, |bar| {
                let minutes = unchanged_ms / 60_000;
                bar.set_message(format!("unchanged for {minutes} min: {}", printable(&reason)));
            }),
            Event::LookFailed { endpoint, error } => {
                let _ = self.all.println(printable(&format!("{endpoint}: could not look, will try again: {error}")));
            }
            _ => {}
        }
    }
}

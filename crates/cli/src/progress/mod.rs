//! Progress on standard error: bars, plain lines, JSON lines or nothing.

mod bars;
pub mod jobs;
pub mod log;
mod plain;

use std::io::{IsTerminal as _, stderr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use backup_sync::engine::{Event, EventRecord, Sink};

use crate::args::Progress;
use crate::output::printable;

/// The sink for the form that was asked for.
pub fn sink(form: Progress) -> Arc<dyn Sink> {
    match form {
        Progress::Auto if log::is_quiet() => Arc::new(|_| {}),
        Progress::Auto if stderr().is_terminal() => Arc::new(bars::Bars::new()),
        Progress::Bar => Arc::new(bars::Bars::new()),
        Progress::Auto | Progress::Plain => Arc::new(plain::Plain::default()),
        Progress::Json => Arc::new(json),
        Progress::None => Arc::new(|_| {}),
    }
}

/// Whether standard error holds JSON events.
static JSON: AtomicBool = AtomicBool::new(false);

/// One line on standard error, above the bars where there are any, as an event where events are wanted. It stays one
/// line whatever a vendor has put into it. Nobody may be listening any more, and that is no reason to stop.
pub fn say(line: std::fmt::Arguments<'_>) {
    log::above(&text(line));
}

fn text(line: std::fmt::Arguments<'_>) -> String {
    let plain = printable(line.to_string().trim_end());
    let record = JSON.load(Ordering::Relaxed).then(|| {
        let event = Event::Message { text: plain.clone() };
        serde_json::to_string(&EventRecord::new(Duration::ZERO, event))
    });
    match record {
        Some(Ok(json)) => json + "\n",
        _ => plain + "\n",
    }
}

/// A line that is left out when only errors are wanted.
pub fn note(line: std::fmt::Arguments<'_>) {
    if !log::is_quiet() {
        say(line);
    }
}

/// A warning, which is left out when only errors are wanted.
pub fn warn(line: std::fmt::Arguments<'_>) {
    note(format_args!("warning: {line}"));
}

/// From now on standard error holds JSON events.
pub fn events_only(form: Progress) {
    JSON.store(form == Progress::Json, Ordering::Relaxed);
}

fn json(record: EventRecord) {
    if let Ok(line) = serde_json::to_string(&record) {
        log::above(&(line + "\n"));
    }
}

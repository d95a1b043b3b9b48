//! Progress on standard error: bars, plain lines, JSON lines or nothing.

mod bars;
pub mod log;
mod plain;

use std::io::{IsTerminal as _, Write as _, stderr};
use std::sync::Arc;

use backup_sync::engine::{EventRecord, Sink};

use crate::args::Progress;

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

/// One line on standard error. Nobody may be listening any more, and that is no reason to stop.
pub fn say(line: std::fmt::Arguments<'_>) {
    let _ = writeln!(stderr(), "{line}");
}

/// A warning on standard error, unless only errors are wanted.
pub fn warn(line: std::fmt::Arguments<'_>) {
    if !log::is_quiet() {
        say(format_args!("warning: {line}"));
    }
}

fn json(record: EventRecord) {
    if let Ok(line) = serde_json::to_string(&record) {
        say(format_args!("{line}"));
    }
}

//! Log lines on standard error, drawn above the bars where there are any.

use std::io::{self, Write};
use std::sync::{Mutex, OnceLock, PoisonError};

use indicatif::MultiProgress;
use tracing::level_filters::LevelFilter;

static QUIET: OnceLock<bool> = OnceLock::new();
static ABOVE: Mutex<Option<MultiProgress>> = Mutex::new(None);

/// Starts logging: warnings by default, more with `-v`, errors only with `--quiet`.
pub fn init(verbose: u8, quiet: bool) {
    let level = match (quiet, verbose) {
        (true, _) => LevelFilter::ERROR,
        (false, 0) => LevelFilter::WARN,
        (false, 1) => LevelFilter::INFO,
        (false, _) => LevelFilter::DEBUG,
    };
    let _ = QUIET.set(quiet);
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_target(false)
        .with_ansi(false)
        .without_time()
        .with_writer(|| Above)
        .init();
}

/// Whether only errors are to be told.
pub fn is_quiet() -> bool {
    QUIET.get().copied().unwrap_or(false)
}

/// From now on lines are drawn above these bars.
pub fn draw_above(bars: MultiProgress) {
    *ABOVE.lock().unwrap_or_else(PoisonError::into_inner) = Some(bars);
}

/// The bars are done.
pub fn finish() {
    *ABOVE.lock().unwrap_or_else(PoisonError::into_inner) = None;
}

struct Above;

/// Writes above the bars where there are any. A line that nobody can read any more is no error.
pub fn above(text: &str) {
    let _ = match &*ABOVE.lock().unwrap_or_else(PoisonError::into_inner) {
        Some(bars) => bars.suspend(|| io::stderr().write_all(text.as_bytes())),
        None => io::stderr().write_all(text.as_bytes()),
    };
}

impl Write for Above {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        super::say(format_args!("{}", String::from_utf8_lossy(bytes).trim_end()));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

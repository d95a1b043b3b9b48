//! Log lines on standard error, drawn above the bars where there are any.

use std::fmt::{self, Debug};
use std::io::{self, Write};
use std::sync::{Mutex, OnceLock, PoisonError};

use indicatif::MultiProgress;
use tracing::field::Field;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::field::MakeExt as _;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::{Writer, debug_fn};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer, Registry};

static QUIET: OnceLock<bool> = OnceLock::new();
static ABOVE: Mutex<Option<MultiProgress>> = Mutex::new(None);

/// The crates of this project. Lines of others are never shown, however many `-v` there are: an HTTP or TLS library may
/// write headers and bodies at its trace level, and with them credentials.
const OURS: [&str; 4] = ["backup_sync", "huawei_cbr", "veeam_vb365", "vsphere_replication"];

/// What this project itself writes, up to `level`.
pub fn ours(level: LevelFilter) -> Targets {
    Targets::new().with_targets(OURS.map(|name| (name, level)))
}

/// Starts logging: warnings by default, more with `-v`, errors only with `--quiet`; and the collection of traces.
pub fn init(verbose: u8, quiet: bool, traces: Option<Box<dyn Layer<Registry> + Send + Sync>>) {
    let level = match (quiet, verbose) {
        (true, _) => LevelFilter::ERROR,
        (false, 0) => LevelFilter::WARN,
        (false, 1) => LevelFilter::INFO,
        (false, 2) => LevelFilter::DEBUG,
        (false, _) => LevelFilter::TRACE,
    };
    let _ = QUIET.set(quiet);
    let lines = tracing_subscriber::fmt::layer()
        .fmt_fields(debug_fn(field).delimited(" "))
        .with_target(false)
        .with_ansi(false)
        .without_time()
        .with_writer(|| Above)
        // The span around everything says nothing that the user does not know.
        .with_filter(ours(level).with_target("backup_sync::telemetry", LevelFilter::OFF));
    tracing_subscriber::registry().with(traces).with(lines).init();
}

/// One field of a line; those that only OpenTelemetry reads are left out.
fn field(writer: &mut Writer<'_>, field: &Field, value: &dyn Debug) -> fmt::Result {
    match field.name() {
        "message" => write!(writer, "{value:?}"),
        name if name.starts_with("otel.") => Ok(()),
        name => write!(writer, "{name}={value:?}"),
    }
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

/// Lines that wait until the terminal is free again.
static HELD: Mutex<Option<String>> = Mutex::new(None);

/// So many bytes of them are kept.
const HELD_LIMIT: usize = 65_536;

/// From now on lines wait, because the terminal shows something else.
pub fn hold() {
    HELD.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_default();
}

/// The lines that waited are written now, and others wait no longer.
pub fn release() {
    let held = HELD.lock().unwrap_or_else(PoisonError::into_inner).take();
    above(&held.unwrap_or_default());
}

struct Above;

/// Writes above the bars where there are any. A line that nobody can read any more is no error.
pub fn above(text: &str) {
    if let Some(held) = &mut *HELD.lock().unwrap_or_else(PoisonError::into_inner) {
        // What is said over days is not kept for ever.
        if held.len() < HELD_LIMIT {
            held.push_str(text);
        }
        return;
    }
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

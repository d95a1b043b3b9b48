//! Metrics of runs as a file for Prometheus, which node_exporter's textfile collector reads.
//!
//! The file is its own memory: what it says of targets that are not part of a run stays as it is, and so does the time of
//! the last success, so that alerts on it survive failures and runs over other targets.

mod text;

use std::collections::{BTreeMap, HashMap};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

use backup_sync::engine::{Address, Report, TargetReport};
use clap::Args;

use self::text::{Family, Samples};
use crate::exit::{Exit, Failure};
use crate::progress::warn;

/// Where metrics are written.
#[derive(Clone, Debug, Args)]
pub struct MetricsFile {
    /// Write metrics for Prometheus to this file when the run ends, however it ends: outcome, duration and last success of
    /// every target. What the file says of other targets stays. The textfile collector wants a name that ends in `.prom`.
    #[arg(long, value_name = "FILE")]
    pub metrics_file: Option<PathBuf>,
}

/// Names of the metrics of targets.
const LAST_SUCCESS: &str = "backup_sync_target_last_success_timestamp_seconds";
const LAST_RUN: &str = "backup_sync_target_last_run_timestamp_seconds";
const DURATION: &str = "backup_sync_target_duration_seconds";
const OUTCOME: &str = "backup_sync_target_outcome";

/// What is said of targets.
const OF_TARGETS: [Family; 4] = [
    Family { name: LAST_SUCCESS, help: "When a synchronization of the target was last proven." },
    Family { name: LAST_RUN, help: "When the target was last part of a run that ended." },
    Family { name: DURATION, help: "How long its last synchronization was watched." },
    Family { name: OUTCOME, help: "How it ended last: 1 for the outcome, 0 for all others." },
];

/// What is said of the last run.
const RUN_TIME: Family = Family { name: "backup_sync_run_timestamp_seconds", help: "When the last run ended." };
const RUN_DURATION: Family = Family { name: "backup_sync_run_duration_seconds", help: "How long the last run took." };
const RUN_EXIT: Family = Family { name: "backup_sync_run_exit_code", help: "Exit code of the last run; 0 is good." };
const RUN_TARGETS: Family = Family { name: "backup_sync_run_targets", help: "Targets of the last run by outcome." };
const INFO: Family = Family { name: "backup_sync_info", help: "Version of the program that wrote this file." };

/// The words for outcomes, all of which are written, so that a series never vanishes.
const OUTCOMES: [&str; 6] = ["succeeded", "failed", "stopped", "skipped", "unknown", "still-running"];

/// The metrics of one run.
pub struct Metrics {
    file: Option<PathBuf>,
    report: OnceLock<(Report, Successes)>,
}

/// When targets were last proven to be synchronized, in seconds since 1970.
pub type Successes = HashMap<Address, f64>;

impl Metrics {
    /// None.
    pub fn none() -> Self {
        Self { file: None, report: OnceLock::new() }
    }

    /// Checks that the file can be written, before anything is started.
    pub fn begin(to: &MetricsFile) -> Result<Self, Failure> {
        if let Some(path) = &to.metrics_file {
            let cannot = |why: String| {
                Failure::usage(format!(
                    "the metrics file {} cannot be written: {why}; nothing was started",
                    path.display()
                ))
            };
            earlier(path).map_err(cannot)?;
            temporary(path).map_err(|cause| cannot(cause.kind().to_string()))?;
        }
        Ok(Self { file: to.metrics_file.clone(), report: OnceLock::new() })
    }

    /// Whether any are wanted.
    pub fn are_wanted(&self) -> bool {
        self.file.is_some()
    }

    /// What the run has found, and what a journal knows of earlier ones; told once.
    pub fn take(&self, report: &Report, known: Successes) {
        if self.are_wanted() {
            // There is one report in a run.
            let _ = self.report.set((report.clone(), known));
        }
    }

    /// The run is over. A file that cannot be written any more changes nothing about how it has ended.
    pub fn end(&self, ended: &Result<Exit, Failure>) {
        let Some(path) = &self.file else { return };
        let exit = ended.as_ref().map_or_else(Failure::exit, |exit| *exit);
        if let Err(why) = write(path, self.report.get(), exit, now()) {
            warn(format_args!("the metrics file {} cannot be written: {why}", path.display()));
        }
    }
}

/// Seconds since 1970.
fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64().round()
}

/// What the file says so far.
fn earlier(path: &Path) -> Result<Samples, String> {
    match std::fs::read_to_string(path) {
        Ok(text) if text.is_empty() || text.starts_with(text::MARK) => Ok(text::read(&text)),
        Ok(_) => Err("it is there already and not written by this program; name another file".to_owned()),
        Err(cause) if cause.kind() == ErrorKind::NotFound => Ok(Samples::default()),
        Err(cause) => Err(cause.to_string()),
    }
}

/// A new file beside it, which others may read, because the collector is another user.
fn temporary(path: &Path) -> std::io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".backup-sync-metrics-");
    #[cfg(unix)]
    builder.permissions(<std::fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o644));
    builder.tempfile_in(folder(path))
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Replaces the file at once, so that a collector never reads half of it.
fn write(path: &Path, report: Option<&(Report, Successes)>, exit: Exit, now: f64) -> Result<(), String> {
    let told = |cause: std::io::Error| cause.to_string();
    // Two runs that end at the same time must not forget each other's targets; a folder that cannot be locked is no
    // reason to write nothing.
    #[cfg(unix)]
    let _lock = std::fs::File::open(folder(path)).and_then(|folder| locked(&folder).map(|()| folder));
    let samples = after(earlier(path)?, report, exit, now);
    // The name of the new file says nothing to the user.
    let mut file = temporary(path).map_err(|cause| cause.kind().to_string())?;
    file.write_all(text::written(&samples, &families()).as_bytes()).map_err(told)?;
    // The umask may have taken the right to read away.
    #[cfg(unix)]
    file.as_file()
        .set_permissions(<std::fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o644))
        .map_err(told)?;
    file.as_file().sync_all().map_err(told)?;
    file.persist(path).map_err(|error| told(error.error))?;
    #[cfg(unix)]
    std::fs::File::open(folder(path)).and_then(|folder| folder.sync_all()).map_err(told)?;
    Ok(())
}

/// Waits a second at most for another run that writes.
#[cfg(unix)]
fn locked(folder: &std::fs::File) -> std::io::Result<()> {
    for _ in 0..50 {
        match folder.try_lock() {
            Err(std::fs::TryLockError::WouldBlock) => std::thread::sleep(std::time::Duration::from_millis(20)),
            other => return other.map_err(Into::into),
        }
    }
    Ok(())
}

fn families() -> Vec<Family> {
    [&OF_TARGETS[..], &[RUN_TIME, RUN_DURATION, RUN_EXIT, RUN_TARGETS, INFO]].concat()
}

/// The labels of a target.
fn labels(target: &TargetReport) -> BTreeMap<String, String> {
    let labels = [
        ("endpoint", target.target.endpoint.as_str()),
        ("kind", &target.target.kind),
        ("id", &target.target.id),
        ("name", &target.name),
        ("vendor", &target.vendor),
    ];
    labels.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

/// Whether labels are those of this target. Its name may have changed.
fn is_of(labels: &BTreeMap<String, String>, target: &TargetReport) -> bool {
    let is = |name: &str, value: &str| labels.get(name).is_some_and(|found| found == value);
    is("endpoint", &target.target.endpoint) && is("kind", &target.target.kind) && is("id", &target.target.id)
}

/// What is to be said after a run.
fn after(mut samples: Samples, report: Option<&(Report, Successes)>, exit: Exit, now: f64) -> Samples {
    for family in [RUN_TIME, RUN_DURATION, RUN_EXIT, RUN_TARGETS, INFO] {
        samples.remove(family.name, |_| true);
    }
    let one = |name: &str, value: &str| BTreeMap::from([(name.to_owned(), value.to_owned())]);
    samples.add(RUN_TIME.name, BTreeMap::new(), now);
    samples.add(RUN_EXIT.name, BTreeMap::new(), f64::from(exit.code()));
    samples.add(INFO.name, one("version", env!("CARGO_PKG_VERSION")), 1.0);
    let Some((report, known)) = report else { return samples };
    samples.add(RUN_DURATION.name, BTreeMap::new(), seconds(report.duration_ms));
    for word in OUTCOMES {
        let count = report.targets.iter().filter(|target| target.outcome.word() == word).count();
        samples.add(RUN_TARGETS.name, one("outcome", word), f64::from(u32::try_from(count).unwrap_or(u32::MAX)));
    }
    for target in &report.targets {
        let last = samples.remove(LAST_SUCCESS, |labels| is_of(labels, target));
        for family in &OF_TARGETS[1..] {
            samples.remove(family.name, |labels| is_of(labels, target));
        }
        let succeeded = (target.outcome.word() == OUTCOMES[0]).then_some(now);
        // A file that was deleted begins with what the journal knows.
        if let Some(time) = succeeded.or(last).or_else(|| known.get(&target.target).copied()) {
            samples.add(LAST_SUCCESS, labels(target), time);
        }
        samples.add(LAST_RUN, labels(target), now);
        samples.add(DURATION, labels(target), seconds(target.duration_ms));
        for word in OUTCOMES {
            let mut labels = labels(target);
            labels.insert("outcome".to_owned(), word.to_owned());
            samples.add(OUTCOME, labels, f64::from(u8::from(target.outcome.word() == word)));
        }
    }
    samples
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of a run fit")]
fn seconds(millis: u64) -> f64 {
    millis as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use backup_sync::engine::Outcome;
    use serde_json::json;

    use super::*;

    fn report(id: &str, outcome: &Outcome) -> (Report, Successes) {
        let target = json!({
            "target": Address { endpoint: "dr".into(), kind: "replication".into(), id: id.into() },
            "name": "a \"b\" \\ c\nd", "vendor": "v", "job": [], "adopted": false, "duration_ms": 1500,
        });
        let mut target = target;
        target.as_object_mut().unwrap().extend(json!(outcome).as_object().unwrap().clone());
        let report = serde_json::from_value(json!({
            "version": 1, "interrupted": false, "duration_ms": 2000, "targets": [target],
            "summary": {"succeeded": 0, "failed": 0, "stopped": 0, "skipped": 0, "unknown": 0, "still-running": 0},
        }));
        (report.unwrap(), Successes::new())
    }

    fn good() -> Outcome {
        serde_json::from_value(json!({"outcome": "succeeded", "evidence": {"rule": "r", "facts": {}}})).unwrap()
    }

    /// The samples as another program reads them: name, id of the target and outcome, value.
    fn read(path: &Path) -> Vec<(String, String, f64)> {
        let text = std::fs::read_to_string(path).unwrap();
        let scrape = prometheus_parse::Scrape::parse(text.lines().map(|line| Ok(line.to_owned()))).unwrap();
        let value = |value: &prometheus_parse::Value| match value {
            prometheus_parse::Value::Gauge(value) => *value,
            other => panic!("{other:?}"),
        };
        let label = |sample: &prometheus_parse::Sample| {
            [sample.labels.get("id"), sample.labels.get("outcome")].into_iter().flatten().collect::<Vec<_>>().join(" ")
        };
        scrape.samples.iter().map(|sample| (sample.metric.clone(), label(sample), value(&sample.value))).collect()
    }

    #[test]
    fn the_last_success_outlives_failures_and_runs_over_others() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.prom");
        write(&path, Some(&report("1", &good())), Exit::Success, 100.0).unwrap();
        write(&path, Some(&report("2", &Outcome::Stopped)), Exit::Failed, 200.0).unwrap();
        write(&path, Some(&report("1", &Outcome::Failed { reason: "r".into() })), Exit::Failed, 300.0).unwrap();
        let mut known = report("3", &Outcome::Stopped);
        known.1.insert(known.0.targets[0].target.clone(), 50.0);
        write(&path, Some(&known), Exit::Failed, 350.0).unwrap();
        write(&path, None, Exit::Interrupted, 400.0).unwrap();
        let samples = read(&path);
        let value = |name: &str, label: &str| {
            let found: Vec<f64> =
                samples.iter().filter(|(n, l, _)| n == name && l == label).map(|(.., value)| *value).collect();
            assert!(found.len() < 2, "{name} {label}: {found:?}");
            found.first().copied()
        };
        assert_eq!(value(LAST_SUCCESS, "1"), Some(100.0));
        assert_eq!(value(LAST_SUCCESS, "3"), Some(50.0), "from the journal");
        assert_eq!(value(LAST_SUCCESS, "2"), None, "what never succeeded has no time of success");
        assert_eq!((value(LAST_RUN, "1"), value(LAST_RUN, "2")), (Some(300.0), Some(200.0)));
        assert_eq!(value(DURATION, "2"), Some(1.5));
        assert_eq!((value(OUTCOME, "1 failed"), value(OUTCOME, "1 succeeded")), (Some(1.0), Some(0.0)));
        assert_eq!((value(OUTCOME, "2 stopped"), value(OUTCOME, "2 failed")), (Some(1.0), Some(0.0)));
        assert_eq!((value(RUN_EXIT.name, ""), value(RUN_TIME.name, "")), (Some(130.0), Some(400.0)));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[cfg(unix)]
    #[test]
    fn the_collector_may_read_the_file() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.prom");
        write(&path, None, Exit::Success, 1.0).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o644);
    }

    #[test]
    fn a_file_of_somebody_else_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.prom");
        std::fs::write(&path, "up 1\n").unwrap();
        for path in [path.clone(), folder.path().join("gone").join("x.prom"), folder.path().to_owned()] {
            let told = Metrics::begin(&MetricsFile { metrics_file: Some(path.clone()) }).err().unwrap().to_string();
            assert!(told.contains("cannot be written") && told.contains("nothing was started"), "{told}");
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "up 1\n");
    }
}

//! 100,000 targets that are watched at the same time, against a scripted vendor: what they hold.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use backup_sync::engine::{
    Address, Baseline, Claim, Ending, Facts, Job, NoJournal, Observation, Options, Phase, Provider, Readiness, Run,
    Search, Stop, Target, Verdict,
};
use backup_sync::runtime::clock::SystemClock;
use backup_sync::runtime::{BoxFuture, Error};
use jiff::Timestamp;
use serde_json::json;

use crate::{Anything, Verdicts, paused};

/// The argument that makes the program the child.
pub const CHILD: &str = "tracked";
const ENDPOINTS: usize = 40;
/// Targets of each endpoint.
const TARGETS: usize = 2500;
/// In this look all jobs end; before it, all have been watched for a while.
const LAST_LOOK: usize = 5;
const LIMIT_MB: f64 = 250.0;

/// What the child does: prints how much memory grew by while all were watched, and by the report.
pub fn child() -> Anything {
    let before = resident()?;
    let held = Arc::new(AtomicU64::new(0));
    let report = paused()?.block_on(async {
        let endpoints = (0..ENDPOINTS).map(|number| {
            let scripted =
                Scripted { name: format!("appliance-{number}"), looks: AtomicUsize::new(0), held: held.clone() };
            let targets = (0..TARGETS).map(|number| scripted.target(number)).collect();
            (Arc::new(scripted) as Arc<dyn Provider>, targets)
        });
        let run = Run {
            options: Options { target_deadline: Duration::from_secs(7 * 24 * 3600), ..Options::default() },
            clock: Arc::new(SystemClock),
            journal: Arc::new(NoJournal),
            sink: Arc::new(|_| {}),
            stop: Stop::default(),
        };
        run.execute(endpoints.collect()).await
    });
    if report.summary.succeeded != ENDPOINTS * TARGETS {
        return Err(format!("not all are proven: {:?}", report.summary).into());
    }
    println!("{} {}", held.load(Ordering::Relaxed).saturating_sub(before), peak()?.saturating_sub(before));
    Ok(())
}

/// Reads what the child has printed.
pub fn judge(told: &str, verdicts: &mut Verdicts) -> Anything {
    let (watched, peak) = told.trim().split_once(' ').ok_or("the child has printed no figures")?;
    let megabytes = |bytes: &str| -> Anything<f64> { Ok(bytes.parse::<f64>()? / 1e6) };
    println!("{} targets watched at {ENDPOINTS} endpoints; limit = 2.5 kB for each", ENDPOINTS * TARGETS);
    verdicts.judge("growth of resident memory while all are watched", megabytes(watched)?, LIMIT_MB, "MB");
    verdicts.judge("its peak over the whole run, with the report", megabytes(peak)?, LIMIT_MB, "MB");
    Ok(())
}

fn resident() -> Anything<u64> {
    status("VmRSS:")
}

fn peak() -> Anything<u64> {
    status("VmHWM:")
}

/// A figure of this process in bytes.
fn status(name: &str) -> Anything<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)).ok_or("the system does not tell it")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse::<u64>()? * 1024)
}

/// A vendor with ids and facts as long as those of vSphere Replication, the longest of the three.
#[derive(Debug)]
struct Scripted {
    name: String,
    looks: AtomicUsize,
    held: Arc<AtomicU64>,
}

impl Scripted {
    fn target(&self, number: usize) -> Target {
        let id = format!("HmsGroup:GID-00000000-0000-4000-8000-{number:012}:11111111-1111-4111-8111-111111111111");
        let address = Address { endpoint: self.name.clone(), kind: "replication".to_owned(), id };
        let facts = Facts::default()
            .with("pairing_id", json!("22222222-2222-4222-8222-222222222222"))
            .with("source_vc_guid", json!("33333333-3333-4333-8333-333333333333"));
        Target { address, name: format!("virtual-machine-{number:05}"), facts }
    }

    fn facts(number: usize) -> Facts {
        Facts::default()
            .with("last_sync_time", json!(1_772_442_000_000_u64 + u64::try_from(number).unwrap_or_default()))
            .with("status", json!("OK"))
    }

    fn look(&self, jobs: &[&Job]) -> Vec<Observation> {
        let look = self.looks.fetch_add(1, Ordering::Relaxed) + 1;
        let last = look >= LAST_LOOK;
        if last {
            // The first endpoint that comes so far: from then on not all are watched any more.
            let held = resident().unwrap_or(u64::MAX);
            let _ = self.held.compare_exchange(0, held, Ordering::Relaxed, Ordering::Relaxed);
        }
        let phase = || if last { Phase::Ended(Ending::Claimed) } else { Phase::Running };
        let one = |number: usize| Observation {
            phase: phase(),
            percent: Some(f64::from(u8::try_from(look * 10).unwrap_or(99))),
            state: "task RUNNING, replication FULL_SYNC".to_owned(),
            facts: Self::facts(number).with("active", json!(!last)),
        };
        (0..jobs.len()).map(one).collect()
    }
}

impl Provider for Scripted {
    fn endpoint(&self) -> &str {
        &self.name
    }

    fn vendor(&self) -> &'static str {
        "vsphere-replication"
    }

    fn targets(&self) -> BoxFuture<'_, Result<Vec<Target>, Error>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn baseline<'a>(&'a self, targets: &'a [Target]) -> BoxFuture<'a, Result<Vec<Baseline>, Error>> {
        let one = |number: usize| Baseline {
            readiness: Readiness::Ready,
            facts: Self::facts(number)
                .with("tasksBefore", json!([]))
                .with("newestTaskBefore", json!("HmsTask:HTID-44444444-4444-4444-8444-444444444444:1")),
        };
        let all = (0..targets.len()).map(one).collect();
        Box::pin(async { Ok(all) })
    }

    fn trigger<'a>(&'a self, target: &'a Target, _: &'a Baseline) -> BoxFuture<'a, Result<Job, Error>> {
        let id = target.address.id.replace("HmsGroup:GID", "HmsTask:HTID");
        Box::pin(async { Ok(Job { target: target.clone(), ids: vec![id], facts: Facts::default() }) })
    }

    fn find_running<'a>(
        &'a self,
        _: &'a Target,
        _: &'a Baseline,
        _: Timestamp,
    ) -> BoxFuture<'a, Result<Search, Error>> {
        Box::pin(async { Ok(Search::Absent) })
    }

    fn observe<'a>(&'a self, jobs: &'a [&'a Job]) -> BoxFuture<'a, Result<Vec<Observation>, Error>> {
        let seen = self.look(jobs);
        Box::pin(async { Ok(seen) })
    }

    fn verify<'a>(&'a self, claims: &'a [Claim<'a>]) -> BoxFuture<'a, Result<Vec<Verdict>, Error>> {
        let rule = "task ended, last_sync_time moved on, nothing moves any more";
        let proven = claims.iter().map(|claim| Verdict::proven(rule, claim.last.facts.clone())).collect();
        Box::pin(async { Ok(proven) })
    }

    fn stop<'a>(&'a self, _: &'a Job) -> BoxFuture<'a, Result<bool, Error>> {
        Box::pin(async { Ok(false) })
    }

    fn close(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async { Ok(()) })
    }
}

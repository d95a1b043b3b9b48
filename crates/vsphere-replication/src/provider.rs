//! VMware vSphere Replication as the engine sees it, with its rule for "finished".
//!
//! The task of a synchronization may end when the data has arrived or already when it has started to move; nobody says
//! which. So its `SUCCESS` is only half of the rule: `last_sync_time` of the replication has to move past its value
//! before the start, and nothing may move any more.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use backup_sync_engine::{
    Address, Baseline, Claim, Ending, Facts, Job, JobWatch, Observation, Outcome, Past, Phase, Provider, Readiness,
    Search, Target, Verdict,
};
use backup_sync_runtime::notice::Notices;
use backup_sync_runtime::page::Pager;
use backup_sync_runtime::quota::{Quota, Window};
use backup_sync_runtime::wire::LenientTime;
use backup_sync_runtime::{
    Authenticator, BoxFuture, Connection, Error, Kind, Service, TokenSession, auth, base_url, call,
};
use jiff::Timestamp;
use serde_json::json;

use crate::auth::{SessionLogin, WithRemote};
use crate::config::{Config, Login};
use crate::inventory;
use crate::replications::{Found, Readings};
use crate::search::{at_work, search};
use crate::tasks::{self, as_percent, task_phase};
use crate::v2;
use crate::v2::open::ReplicationStatus;
use crate::v2::types::{Pairing, ReplicationInfo, Task};

const KIND: &str = "replication";
/// Facts: where a replication belongs, and what is compared.
pub(crate) const PAIRING: &str = "pairing_id";
pub(crate) const SOURCE: &str = "source_vc_guid";
pub(crate) const LAST_SYNC: &str = "last_sync_time";
const STATUS: &str = "status";
pub(crate) const TASKS: &str = "tasksBefore";
pub(crate) const NEWEST: &str = "newestTaskBefore";
const ACTIVE: &str = "active";
const TROUBLE: &str = "error";

/// A connection to one appliance.
#[derive(Debug)]
pub struct VsphereReplication {
    pub(crate) name: String,
    base: String,
    pub(crate) connection: Connection,
    session: Arc<dyn Authenticator>,
    pub(crate) client: v2::Client,
    remote: Option<Login>,
    pairings: Arc<Mutex<BTreeSet<String>>>,
    pub(crate) pace: Duration,
    quota: (Quota, Window),
    readings: Readings,
    /// How many requests the last look took.
    cost: AtomicUsize,
}

/// Looks alone take at most this part of the quota, so that there is room for starts and for logging out.
const LOOK_SHARE: u32 = 3;

impl VsphereReplication {
    /// Connects: checks the configuration, logs in, and logs in at the remote site of each pairing where a remote user
    /// is given.
    ///
    /// # Errors
    ///
    /// When the configuration is wrong, the appliance cannot be reached, or refuses a login.
    pub async fn connect(config: &Config) -> Result<Self, Error> {
        let endpoint = Self::prepare(config)?;
        match endpoint.log_in_everywhere().await {
            Ok(()) => Ok(endpoint),
            Err(error) => {
                let _ = endpoint.connection.close().await;
                Err(error)
            }
        }
    }

    /// Logs in at the local site.
    pub(crate) async fn log_in(&self) -> Result<(), Error> {
        self.connection.open().await
    }

    /// A connection over which nothing was sent yet.
    pub(crate) fn prepare(config: &Config) -> Result<Self, Error> {
        let base = base_url(&config.name, &config.url)?;
        let quota = Quota::new(config.session_quota);
        let bare = Connection::builder(v2::OPERATIONS)
            .to(&base)
            .trust(config.trust.clone())
            .timeouts(config.timeouts)
            .retry(config.retry)
            .clock(config.clock.clone())
            .quota(quota.clone())
            .quota(config.address_quota.clone())
            .secrets(std::iter::once(&config.local).chain(&config.remote).map(|login| login.password.clone()))
            .build()?;
        let pairings = Arc::new(Mutex::new(BTreeSet::new()));
        let login = SessionLogin {
            connection: bare.clone(),
            base: base.clone(),
            local: config.local.clone(),
            remote: config.remote.clone(),
            renew_after: config.renew_after,
            pairings: pairings.clone(),
        };
        let session: Arc<dyn Authenticator> = Arc::new(TokenSession::new(login, config.clock.clone(), Duration::ZERO));
        let connection = bare.with(v2::OPERATIONS, session.clone());
        let client = v2::Client::new_with_client(&base, connection.http(), connection.clone());
        Ok(Self {
            name: config.name.clone(),
            base,
            connection,
            session,
            client,
            remote: config.remote.clone(),
            pairings,
            pace: config.pace,
            quota: (quota, config.session_quota),
            readings: Readings::default(),
            cost: AtomicUsize::new(0),
        })
    }

    /// The generated client.
    pub fn client(&self) -> &v2::Client {
        &self.client
    }

    /// The operations by name.
    pub fn services(&self) -> Vec<Service> {
        vec![Service::new(self.connection.clone(), &self.base)]
    }

    /// All pairings, as many requests as somebody wants pages.
    pub fn pairings(&self) -> Pager<'_, Pairing> {
        inventory::pairings(&self.client, true)
    }

    /// The replications of a pairing, in both directions, as many requests as somebody wants pages.
    pub fn replications<'a>(&'a self, pairing: &'a str) -> Pager<'a, ReplicationInfo> {
        inventory::replications(&self.client, pairing, None)
    }

    /// Logs in at the local site and at the remote site of each pairing. A dark remote site stops nothing,
    /// because synchronizing needs no remote login; a refused password is told, because somebody has to correct it.
    async fn log_in_everywhere(&self) -> Result<(), Error> {
        for pairing in inventory::pairings(&self.client, false).all().await? {
            match self.log_in_remotely(&pairing).await {
                Err(error) if error.kind() == Kind::Auth => return Err(error),
                Err(error) => {
                    tracing::warn!(endpoint = self.name, pairing = pairing.pairing_id, %error, "the remote login failed");
                }
                Ok(()) => {}
            }
        }
        Ok(())
    }

    /// Adds the remote login of a pairing to the session, where one is needed and known.
    pub(crate) async fn log_in_remotely(&self, pairing: &Pairing) -> Result<(), Error> {
        let Some(remote) = self.remote.as_ref().filter(|_| !within_one_vcenter(pairing)) else { return Ok(()) };
        let basic = auth::basic(&remote.username, &remote.password)?;
        let both = Arc::new(WithRemote { session: self.session.clone(), basic });
        let connection = self.connection.with(v2::OPERATIONS, both);
        let client = v2::Client::new_with_client(&self.base, connection.http(), connection);
        // A site that is dark now may be back when the session is renewed.
        self.pairings.lock().unwrap_or_else(PoisonError::into_inner).insert(pairing.pairing_id.clone());
        call("createRemoteSession", client.create_remote_session().pairing_id(&pairing.pairing_id).send()).await?;
        Ok(())
    }

    async fn all_targets(&self) -> Result<Vec<Target>, Error> {
        let mut targets = Vec::new();
        for pairing in self.pairings().all().await? {
            let source = pairing.local_vc_server.as_ref().and_then(|server| server.id.clone());
            let listed = inventory::replications(&self.client, &pairing.pairing_id, source.as_deref()).all().await?;
            self.readings.walked((pairing.pairing_id.clone(), source.clone()), listed.iter());
            for replication in listed {
                let facts = Facts::default()
                    .with(PAIRING, json!(pairing.pairing_id))
                    .with(SOURCE, source.as_ref().map(|source| json!(source)));
                let name = replication.name.filter(|name| !name.is_empty()).unwrap_or_else(|| replication.id.clone());
                let address = Address { endpoint: self.name.clone(), kind: KIND.to_owned(), id: replication.id };
                targets.push(Target { address, name, facts });
            }
        }
        Ok(targets)
    }

    async fn read_baselines(&self, targets: &[Target]) -> Result<Vec<Baseline>, Error> {
        let found = self.readings.of(&self.client, targets.iter()).await?;
        let tasks = self.readings.newest_tasks(&self.client).await?;
        let known = |target: &Target| known_tasks(target, &tasks, |id| self.readings.knows(id));
        let read = |target| at_work(baseline(target, &found, known(target)), target, &tasks);
        Ok(targets.iter().map(read).collect())
    }

    async fn start(&self, target: &Target) -> Result<Job, Error> {
        let pairing = pairing(target).ok_or_else(|| {
            Error::usage(format!("{} names no pairing; take it from the list of targets", target.address))
        })?;
        let start = self.client.sync_replication().pairing_id(pairing).replication_id(&target.address.id);
        let answer = call("syncReplication", start.send()).await?.into_inner();
        let ids = vec![answer.id];
        self.readings.owned(&ids, target);
        Ok(Job { target: target.clone(), ids, facts: Facts::default() })
    }

    async fn find(&self, target: &Target, before: &Baseline) -> Result<Search, Error> {
        let tasks = self.readings.newest_tasks(&self.client).await?;
        let found = self.readings.of(&self.client, std::iter::once(target)).await?;
        Ok(search(target, before, &tasks, found.replications.get(&target.address.id), |id| self.readings.knows(id)))
    }

    async fn look(&self, jobs: &[&Job]) -> Result<Vec<Observation>, Error> {
        self.readings.take_cost();
        let ids: Vec<&String> = jobs.iter().flat_map(|job| &job.ids).collect();
        let tasks = self.readings.tasks(&self.client, &ids).await?;
        let replications = self.readings.of(&self.client, jobs.iter().map(|job| &job.target)).await?.replications;
        self.cost.store(self.readings.take_cost(), Ordering::Relaxed);
        let seen = |job: &Job| {
            let task = job.ids.first().map(|id| tasks.get(id).and_then(Option::as_deref));
            observation(task, replications.get(&job.target.address.id))
        };
        Ok(jobs.iter().copied().map(seen).collect())
    }

    /// As long as half of the session's quota is free, a look may come at any time. Beyond that it comes so seldom that
    /// looks leave most of the quota to others, however many pages they need.
    fn quiet(&self) -> Duration {
        let (quota, window) = &self.quota;
        if quota.used(&*self.connection.clock()) <= window.requests / 2 {
            return Duration::ZERO;
        }
        let requests = u32::try_from(window.requests.max(1)).unwrap_or(u32::MAX);
        let cost = u32::try_from(self.cost.load(Ordering::Relaxed)).unwrap_or(u32::MAX);
        self.pace.max((window.per / requests).saturating_mul(cost.saturating_mul(LOOK_SHARE)))
    }
}

fn pairing(target: &Target) -> Option<String> {
    target.facts.get(PAIRING)
}

/// A pairing of a vCenter with itself has no remote site.
pub(crate) fn within_one_vcenter(pairing: &Pairing) -> bool {
    let id = |server: &Option<v2::types::ServerInfo>| server.as_ref().and_then(|server| server.id.clone());
    let local = id(&pairing.local_vc_server);
    local.is_some() && local == id(&pairing.remote_vc_server)
}

pub(crate) fn last_sync(replication: &ReplicationInfo) -> Option<i64> {
    replication.last_sync_time.as_ref().and_then(LenientTime::millis)
}

/// Whether the time of the last synchronization has moved; a time that was not told before proves nothing.
pub(crate) fn has_moved(before: Option<i64>, after: Option<i64>) -> bool {
    before.is_some() && after > before
}

fn status(replication: &ReplicationInfo) -> Option<&ReplicationStatus> {
    replication.status.as_ref().and_then(|status| status.status.as_ref())
}

/// Whether data moves.
pub(crate) fn is_active(replication: &ReplicationInfo) -> bool {
    use ReplicationStatus as S;
    let moving = matches!(
        status(replication),
        Some(S::Sync | S::SyncRpoViolation | S::FullSync | S::FullSyncRpoViolation | S::InitialFullSync)
    );
    moving || replication.sync_progress.is_some()
}

fn is_broken(replication: &ReplicationInfo) -> bool {
    matches!(status(replication), Some(ReplicationStatus::Error | ReplicationStatus::ErrorRpoViolation))
}

/// Why the replication is broken, in the vendor's words.
fn trouble(replication: &ReplicationInfo) -> String {
    let told = [
        replication.last_group_error.as_ref().and_then(|error| error.message.as_deref()),
        replication.configuration_error.as_ref().and_then(|error| error.message.as_deref()),
        replication.recovery_error.as_deref(),
    ];
    told.into_iter().flatten().find(|text| !text.is_empty()).unwrap_or("the appliance gives no reason").to_owned()
}

/// What has to be known of the tasks before a start to find its own among the tasks after it: which of them may be about
/// this replication, and how far the list went.
pub(crate) fn known_tasks(target: &Target, tasks: &[Task], is_replication: impl Fn(&str) -> bool) -> Facts {
    let of_another =
        |task: &&Task| task.entity.as_deref().is_some_and(|id| id != target.address.id && is_replication(id));
    let known: Vec<&String> = tasks.iter().filter(|task| !of_another(task)).map(|task| &task.id).collect();
    Facts::default().with(TASKS, json!(known)).with(NEWEST, tasks.first().map(|task| json!(task.id)))
}

pub(crate) fn baseline(target: &Target, found: &Found, tasks: Facts) -> Baseline {
    use ReplicationStatus as S;
    let broken = |reason: String| Baseline { readiness: Readiness::Broken { reason }, facts: Facts::default() };
    let Some(replication) = found.replications.get(&target.address.id) else {
        let id = &target.address.id;
        return match &found.partial {
            Some(why) => {
                broken(format!("the appliance does not list the replication {id}, but its list is partial: {why}"))
            }
            None => {
                let reason = format!("it has vanished: the appliance has no replication with the id {id}");
                Baseline { readiness: Readiness::Skip { reason }, facts: Facts::default() }
            }
        };
    };
    if let (Some(why), None | Some(S::Unknown)) = (&found.partial, status(replication)) {
        return broken(format!("the appliance cannot tell the state of the replication: {why}"));
    }
    let facts = tasks
        .with(LAST_SYNC, last_sync(replication).map(Into::into))
        .with(STATUS, status(replication).map(|status| json!(status)));
    let skip = |reason: &str| Readiness::Skip { reason: reason.to_owned() };
    let readiness = match status(replication) {
        Some(S::Paused) => skip("the replication is PAUSED; resume it first"),
        Some(S::Recovering) => skip("a recovery of the replication is running (RECOVERING)"),
        Some(S::Recovered) => skip("the replication has been recovered (RECOVERED) and replicates no more"),
        Some(S::NotActive | S::NotActiveRpoViolation) => {
            skip("the replication is NOT_ACTIVE, mostly because the virtual machine is powered off")
        }
        Some(S::Error | S::ErrorRpoViolation) => Readiness::Broken { reason: trouble(replication) },
        _ if is_active(replication) => {
            Readiness::running(Job { target: target.clone(), ids: Vec::new(), facts: Facts::default() })
        }
        _ => Readiness::Ready,
    };
    Baseline { readiness, facts }
}

/// `task`: `None` without a task id, `Some(None)` when the appliance does not know the task any more.
fn observation(task: Option<Option<&Task>>, replication: Option<&ReplicationInfo>) -> Observation {
    let by_replication = || match replication {
        None => Phase::Gone,
        Some(replication) if is_active(replication) => Phase::Running,
        Some(replication) if is_broken(replication) => Phase::Ended(Ending::Failed(trouble(replication))),
        Some(_) => Phase::Ended(Ending::Claimed),
    };
    let phase = task.flatten().map_or_else(by_replication, task_phase);
    let words = [
        task.flatten().and_then(|task| task.status.as_ref()).map(|status| format!("task {status}")),
        replication.and_then(status).map(|status| format!("replication {status}")),
    ];
    let state = words.into_iter().flatten().collect::<Vec<_>>().join(", ");
    let moving =
        replication.and_then(|replication| replication.sync_progress.as_ref()).and_then(|sync| sync.progress.as_ref());
    let percent = moving.or_else(|| task.flatten().and_then(|task| task.progress.as_ref()));
    let percent = percent.and_then(as_percent);
    let facts = Facts::default()
        .with(LAST_SYNC, replication.and_then(last_sync).map(Into::into))
        .with(STATUS, replication.and_then(status).map(|status| json!(status)))
        .with(TROUBLE, replication.filter(|replication| is_broken(replication)).map(|broken| json!(trouble(broken))))
        .with(ACTIVE, replication.map(|replication| json!(is_active(replication))));
    let state = if state.is_empty() { "no state given".to_owned() } else { state };
    Observation { phase, percent, state, facts }
}

/// The vendor's rule for "finished", from what was seen last.
fn verdict(claim: &Claim<'_>) -> Verdict {
    use ReplicationStatus as S;
    let facts = &claim.last.facts;
    let later = |why: &str, otherwise: String| Verdict::NotYet {
        why: why.to_owned(),
        otherwise: Outcome::Unknown { why: otherwise },
    };
    let Some(active) = facts.get::<bool>(ACTIVE) else {
        let gone = "the appliance does not list the replication any more, so nothing can be proven";
        return later(gone, gone.to_owned());
    };
    if active {
        return Verdict::Running;
    }
    let status: Option<S> = facts.get(STATUS);
    let before: Option<i64> = claim.baseline.facts.get(LAST_SYNC);
    let after: Option<i64> = facts.get(LAST_SYNC);
    let moved = has_moved(before, after);
    match status {
        Some(S::Ok | S::RpoViolation | S::NotActive | S::NotActiveRpoViolation) if moved => {
            let evidence = Facts::default()
                .with("lastSyncTimeBefore", before.map(Into::into))
                .with("lastSyncTimeAfter", after.map(Into::into))
                .with(STATUS, facts.get::<serde_json::Value>(STATUS))
                .with("tasks", json!(claim.job.ids));
            Verdict::proven("task ended, last_sync_time moved on, nothing moves any more", evidence)
        }
        Some(S::Error | S::ErrorRpoViolation) => {
            let why: String = facts.get(TROUBLE).unwrap_or_default();
            Verdict::failed(format!("the task ended, but the replication is in error: {why}"))
        }
        Some(S::Ok | S::RpoViolation | S::NotActive | S::NotActiveRpoViolation) if before.is_none() => later(
            "the task has ended, but last_sync_time was not known before the start",
            "the task has ended, but last_sync_time was not known before the start, so nothing shows that it moved".to_owned(),
        ),
        Some(S::Ok | S::RpoViolation | S::NotActive | S::NotActiveRpoViolation) => later(
            "the task has ended, but last_sync_time of the replication has not moved",
            "the task has ended, but last_sync_time of the replication has not moved; there may have been nothing to send"
                .to_owned(),
        ),
        other => {
            let word = other.map_or_else(|| "not told".to_owned(), |status| status.to_string());
            let why = "the task has ended, but the state of the replication does not say that it is at rest";
            later(why, format!("{why} (status {word})"))
        }
    }
}

impl Provider for VsphereReplication {
    fn endpoint(&self) -> &str {
        &self.name
    }

    fn vendor(&self) -> &'static str {
        "vsphere-replication"
    }

    fn notices(&self) -> Option<&Notices> {
        Some(self.connection.notices())
    }

    fn break_off(&self) {
        self.connection.break_off();
    }

    fn go_on(&self) {
        self.connection.go_on();
    }

    fn pace(&self) -> Duration {
        self.quiet()
    }

    fn jobs(&self, kind: &str) -> Option<Arc<dyn Provider>> {
        (kind == tasks::KIND).then(|| Arc::new(JobWatch::named(self.tasks())) as Arc<dyn Provider>)
    }

    fn remember(&self, pasts: &[&Past]) {
        self.readings.remember(pasts);
    }

    fn targets(&self) -> BoxFuture<'_, Result<Vec<Target>, Error>> {
        Box::pin(self.all_targets())
    }

    fn baseline<'a>(&'a self, targets: &'a [Target]) -> BoxFuture<'a, Result<Vec<Baseline>, Error>> {
        Box::pin(self.read_baselines(targets))
    }

    fn trigger<'a>(&'a self, target: &'a Target, _: &'a Baseline) -> BoxFuture<'a, Result<Job, Error>> {
        Box::pin(self.start(target))
    }

    fn find_running<'a>(
        &'a self,
        target: &'a Target,
        baseline: &'a Baseline,
        _: Timestamp,
    ) -> BoxFuture<'a, Result<Search, Error>> {
        Box::pin(self.find(target, baseline))
    }

    fn observe<'a>(&'a self, jobs: &'a [&'a Job]) -> BoxFuture<'a, Result<Vec<Observation>, Error>> {
        Box::pin(self.look(jobs))
    }

    /// What was seen last is enough, so this sends nothing.
    fn verify<'a>(&'a self, claims: &'a [Claim<'a>]) -> BoxFuture<'a, Result<Vec<Verdict>, Error>> {
        Box::pin(async { Ok(claims.iter().map(verdict).collect()) })
    }

    /// The API has no call that cancels a task.
    fn stop<'a>(&'a self, _: &'a Job) -> BoxFuture<'a, Result<bool, Error>> {
        Box::pin(async { Ok(false) })
    }

    fn close(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(self.connection.close())
    }
}

#[cfg(test)]
mod tests;

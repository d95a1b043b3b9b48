//! Huawei Cloud CBR as the engine sees it, with its rule for "finished".
//!
//! A vault and a list of on-premises backups are synchronized by different calls; both answer with tasks (operation
//! logs). A task that says `success` is not enough: its counter of failed backups has to be zero.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use backup_sync_engine::{
    Address, Baseline, Claim, Facts, Job, LABELS, Observation, Outcome, Past, Phase, Provider, Readiness, Search,
    Stage, Target, Verdict,
};
use backup_sync_runtime::notice::Notices;
use backup_sync_runtime::{
    Authenticator, BoxFuture, Connection, Delivery, Error, Kind, Service, TokenSession, base_url, call,
};
use jiff::Timestamp;
use serde_json::json;

use crate::auth::PasswordLogin;
use crate::backup_list::BackupList;
use crate::config::{Config, Credentials};
use crate::jobs;
use crate::logs::{Logs, observation};
use crate::signing::Signer;
use crate::v3::open::{OperationLogStatus, OperationType, VaultStatus};
use crate::v3::types::{BackupSync, BackupSyncReq, OperationLog, SyncParam, SyncReq, Vault};
use crate::{iam_v3, v3};

/// The two kinds of target.
const VAULT: &str = "vault";
const BACKUPS: &str = "backups";
/// The parameter with the project, which is in the path of every operation of CBR.
const PROJECT: &str = "project_id";
/// Facts: the backups of a list, ids of tasks that were there before, and how many backups the service accepted.
const LIST: &str = "backups";
const KNOWN: &str = "tasksBefore";
const ACCEPTED: &str = "accepted";
const UNNAMED: &str = "withoutTask";
/// Lists of tasks go back so far before the connection was made; older ones are read one by one.
const HISTORY: Duration = Duration::from_secs(24 * 3600);
/// A token is renewed this long before its end.
const EARLY: Duration = Duration::from_secs(600);

/// A connection to CBR in one region.
#[derive(Debug)]
pub struct Cbr {
    pub(crate) name: String,
    pub(crate) project_id: String,
    pub(crate) connection: Connection,
    pub(crate) client: v3::Client,
    services: [Service; 2],
    lists: Vec<BackupList>,
    pub(crate) since: String,
    of_lists: Mutex<OfLists>,
}

/// What this run knows of the tasks of lists; they are in the vaults' lists of tasks too.
#[derive(Debug, Default)]
struct OfLists {
    ids: HashSet<String>,
    /// A start of a list was perhaps sent, and its tasks are not known.
    lost: bool,
}

impl OfLists {
    fn remember(&mut self, past: &Past) {
        match &past.stage {
            Stage::Planned => {}
            Stage::Intended { .. } => self.lost = true,
            Stage::Started { job, .. } => self.ids.extend(job.ids.iter().cloned()),
            Stage::Ended(report) => {
                self.lost |= report.job.is_empty() && matches!(report.outcome, Outcome::Unknown { .. });
                self.ids.extend(report.job.iter().cloned());
            }
        }
    }
}

impl Cbr {
    /// Parameters that [`Cbr::services`] fills in.
    pub const GIVEN: &'static [&'static str] = &[PROJECT];

    /// Connects: checks the configuration, gets a token, finds the project.
    ///
    /// # Errors
    ///
    /// When the configuration is wrong, IAM cannot be reached or refuses the login, or there is no such project.
    pub async fn connect(config: &Config) -> Result<Self, Error> {
        BackupList::check_names(&config.backup_lists)?;
        let (url, iam_url) = (base_url(&config.name, &config.url)?, base_url(&config.name, &config.iam_url)?);
        let bare = Connection::builder(&[])
            .to(&url)
            .trust(config.trust.clone())
            .timeouts(config.timeouts)
            .retry(config.retry)
            .clock(config.clock.clone())
            .secrets(config.credentials.secrets())
            .build()?;
        let session = authenticator(config, &bare, &iam_url, config.project_id.clone());
        let project_id = match &config.project_id {
            Some(id) => id.clone(),
            None => {
                let connection = bare.with(iam_v3::OPERATIONS, session.clone());
                project(&iam_v3::Client::new_with_client(&iam_url, connection.http(), connection), &config.region)
                    .await?
            }
        };
        let session = match (&config.credentials, &config.project_id) {
            // Signed requests name their project; that of a token is in the token.
            (Credentials::Keys(_), None) => authenticator(config, &bare, &iam_url, Some(project_id.clone())),
            _ => session,
        };
        let iam = Service::new(bare.with(iam_v3::OPERATIONS, session.clone()), iam_url);
        let connection = bare.with(v3::OPERATIONS, session);
        connection.open().await?;
        let client = v3::Client::new_with_client(&url, connection.http(), connection.clone());
        let services = [Service::new(connection.clone(), url).give(PROJECT, &project_id), iam];
        let lists = config.backup_lists.clone();
        let since = time(config.clock.wall() - HISTORY);
        let of_lists = Mutex::default();
        Ok(Self { name: config.name.clone(), project_id, connection, client, services, lists, since, of_lists })
    }

    /// The generated client.
    pub fn client(&self) -> &v3::Client {
        &self.client
    }

    /// The project in use.
    pub fn project_id(&self) -> &str {
        &self.project_id
    }

    /// The operations of CBR and of IAM by name; the project is filled in where a call does not name one.
    pub fn services(&self) -> Vec<Service> {
        self.services.to_vec()
    }

    fn logs(&self) -> Logs<'_> {
        Logs { client: &self.client, project_id: &self.project_id, since: &self.since }
    }

    fn address(&self, kind: &str, id: &str) -> Address {
        Address { endpoint: self.name.clone(), kind: kind.to_owned(), id: id.to_owned() }
    }

    async fn all_targets(&self) -> Result<Vec<Target>, Error> {
        let mut targets: Vec<Target> = Vec::new();
        for vault in self.vaults().all().await? {
            let name = vault.name.filter(|name| !name.is_empty()).unwrap_or_else(|| vault.id.clone());
            let tags = vault.tags.unwrap_or_default().into_iter();
            let labels: BTreeMap<String, String> =
                tags.filter_map(|tag| Some((tag.key?, tag.value.unwrap_or_default()))).collect();
            let facts = Facts::default().with(LABELS, (!labels.is_empty()).then(|| json!(labels)));
            targets.push(Target { address: self.address(VAULT, &vault.id), name, facts });
        }
        for list in &self.lists {
            let facts = Facts::default().with(LIST, json!(list.backups));
            // The parts of a long list have its name in common, so that it selects them all.
            targets.push(Target { address: self.address(BACKUPS, &list.name), name: list.whole.clone(), facts });
        }
        Ok(targets)
    }

    async fn read_baselines(&self, targets: &[Target]) -> Result<Vec<Baseline>, Error> {
        let any_vault = targets.iter().any(|target| target.address.kind == VAULT);
        let vaults = if any_vault { self.vaults().all().await? } else { Vec::new() };
        let tasks = if any_vault { self.logs().synchronizations(None).await? } else { Vec::new() };
        let of_lists = self.of_lists();
        let tellable = self.lists.is_empty();
        Ok(targets.iter().map(|target| baseline(target, &vaults, &tasks, &of_lists.ids, tellable)).collect())
    }

    fn of_lists(&self) -> MutexGuard<'_, OfLists> {
        self.of_lists.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn start(&self, target: &Target) -> Result<Job, Error> {
        match target.address.kind.as_str() {
            VAULT => self.start_vault(target).await,
            _ => self.start_list(target).await,
        }
    }

    async fn start_vault(&self, target: &Target) -> Result<Job, Error> {
        let body = SyncReq { sync: SyncParam { vault_id: target.address.id.clone(), auto_trigger: false } };
        let start = self.client.import_checkpoint().project_id(&self.project_id).body(body);
        let answer = call("ImportCheckpoint", start.send()).await?.into_inner();
        let id = answer.sync.and_then(|sync| sync.operation_log_id);
        let ids = vec![id.ok_or_else(|| unnamed("ImportCheckpoint"))?];
        Ok(Job { target: target.clone(), ids, facts: Facts::default() })
    }

    async fn start_list(&self, target: &Target) -> Result<Job, Error> {
        let backups: Vec<BackupSync> = target.facts.get(LIST).ok_or_else(|| {
            Error::usage(format!("{} is no list of backups; name its file in the configuration", target.address))
        })?;
        let start = self.client.import_backup().project_id(&self.project_id).body(BackupSyncReq { sync: backups });
        let answer = call("ImportBackup", start.send()).await.inspect_err(|error| {
            if matches!(error.delivery(), Delivery::MaybeApplied | Delivery::Accepted) {
                self.of_lists().lost = true;
            }
        })?;
        let answer = answer.into_inner();
        let entries = answer.sync.unwrap_or_default();
        let accepted = entries.len();
        let without_task = entries.iter().filter(|entry| entry.operation_log_id.is_none()).count();
        // Whether entries share a task is not said anywhere.
        let mut ids: Vec<String> = entries.into_iter().filter_map(|entry| entry.operation_log_id).collect();
        ids.sort();
        ids.dedup();
        if ids.is_empty() {
            return Err(unnamed("ImportBackup"));
        }
        self.of_lists().ids.extend(ids.iter().cloned());
        Ok(Job {
            target: target.clone(),
            ids,
            facts: Facts::default().with(ACCEPTED, json!(accepted)).with(UNNAMED, json!(without_task)),
        })
    }

    async fn find(&self, target: &Target, baseline: &Baseline, since: Timestamp) -> Result<Search, Error> {
        if target.address.kind != VAULT {
            let why = "a task of a list does not say which backups it is about, so it cannot be told from others";
            return Ok(Search::cannot_tell(why));
        }
        // So far back that no difference of clocks matters, but not before the list that the baseline was made of begins, or
        // all that is older would seem new.
        let since = time(since - HISTORY);
        let logs = Logs { since: &since, ..self.logs() };
        let tasks = logs.synchronizations(Some(&target.address.id)).await?;
        let of_lists = self.of_lists();
        Ok(search(target, baseline, &of_lists, &tasks))
    }

    async fn look(&self, jobs: &[&Job]) -> Result<Vec<Observation>, Error> {
        let ids: Vec<&String> = jobs.iter().flat_map(|job| &job.ids).collect();
        let tasks = self.logs().by_id(Some(OperationType::Sync), &ids).await?;
        let seen = |job: &Job| observation(&job.ids.iter().map(|id| tasks.get(id)).collect::<Vec<_>>());
        Ok(jobs.iter().copied().map(seen).collect())
    }
}

/// What stamps the requests of this configuration.
fn authenticator(
    config: &Config,
    bare: &Connection,
    iam_url: &str,
    project_id: Option<String>,
) -> Arc<dyn Authenticator> {
    match &config.credentials {
        Credentials::Keys(keys) => Arc::new(Signer { keys: keys.clone(), project_id, clock: config.clock.clone() }),
        Credentials::Password { domain, username, password } => {
            let login = PasswordLogin {
                connection: bare.clone(),
                iam_url: iam_url.to_owned(),
                region: config.region.clone(),
                project_id,
                domain: domain.clone(),
                username: username.clone(),
                password: password.clone(),
            };
            Arc::new(TokenSession::new(login, config.clock.clone(), EARLY))
        }
    }
}

/// The one project that is named like the region.
async fn project(iam: &iam_v3::Client, region: &str) -> Result<String, Error> {
    let answer = call("KeystoneListProjects", iam.keystone_list_projects().name(region).send()).await?.into_inner();
    let projects = answer.projects.unwrap_or_default();
    let mut exact = projects.into_iter().filter(|project| project.name.as_deref().is_none_or(|name| name == region));
    match (exact.next(), exact.next()) {
        (Some(only), None) => Ok(only.id),
        (None, _) => {
            Err(Error::usage(format!("the account has no project for the region {region:?}; check the region's name")))
        }
        (Some(first), Some(second)) => Err(Error::usage(format!(
            "the region {region:?} has several projects ({}, {} and perhaps more); name the project id in the configuration",
            first.id, second.id
        ))),
    }
}

/// A time as lists of tasks take it.
fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The service said yes but gave no task to watch.
fn unnamed(operation: &'static str) -> Error {
    let what = "the service accepted the synchronization, but named no task for it";
    Error::new(Kind::Decode, Delivery::Accepted, what).with_operation(operation)
}

fn belongs(task: &OperationLog, target: &Target) -> bool {
    task.vault_id.as_ref() == Some(&target.address.id)
}

fn job(target: &Target, task: &OperationLog) -> Job {
    Job { target: target.clone(), ids: vec![task.id.clone()], facts: Facts::default() }
}

/// The task that was started since the baseline. The service lists tasks after their end too.
fn search(target: &Target, baseline: &Baseline, of_lists: &OfLists, tasks: &[OperationLog]) -> Search {
    let known: Vec<String> = baseline.facts.get(KNOWN).unwrap_or_default();
    let new = |task: &&OperationLog| !known.contains(&task.id) && !of_lists.ids.contains(&task.id);
    let mut mine = tasks.iter().filter(|task| belongs(task, target)).filter(new);
    match (mine.next(), mine.next()) {
        (None, _) => Search::Absent,
        (Some(_), None) if of_lists.lost => Search::cannot_tell(
            "there is a new task of it, but a start of a list of backups is not accounted for either",
        ),
        (Some(only), None) => Search::Found(job(target, only)),
        (Some(_), Some(_)) => {
            Search::cannot_tell("there are several new tasks of it, and nothing says which one is meant")
        }
    }
}

/// `tellable`: no list of backups is configured, so that tasks of the vault are taken for its own.
fn baseline(
    target: &Target,
    vaults: &[Vault],
    tasks: &[OperationLog],
    of_lists: &HashSet<String>,
    tellable: bool,
) -> Baseline {
    if target.address.kind != VAULT {
        return Baseline::default();
    }
    let mine: Vec<&OperationLog> = tasks.iter().filter(|task| belongs(task, target)).collect();
    let known: Vec<&String> = mine.iter().map(|task| &task.id).collect();
    let facts = Facts::default().with(KNOWN, json!(known));
    let active = |task: &&&OperationLog| {
        let open = matches!(task.status, Some(OperationLogStatus::Running | OperationLogStatus::Waiting));
        open && !of_lists.contains(&task.id)
    };
    let vault = vaults.iter().find(|vault| vault.id == target.address.id);
    let billing = vault.and_then(|vault| vault.billing.as_ref());
    let status = billing.and_then(|billing| billing.status.clone());
    let scene = billing.and_then(|billing| billing.frozen_scene.as_deref());
    let readiness = match (vault, status, mine.iter().find(active)) {
        (None, ..) => {
            let id = &target.address.id;
            Readiness::Skip { reason: format!("it has vanished: there is no hybrid cloud vault with the id {id}") }
        }
        // The service gives both kinds of task the same type and the same vault.
        (_, _, Some(task)) if !tellable => {
            let id = &task.id;
            let reason = format!(
                "task {id} of the vault is at work, and nothing says whether it synchronizes the vault or a list of \
                 backups; resume the run that started it, or start this one again when it has ended"
            );
            Readiness::Skip { reason }
        }
        (_, _, Some(task)) => Readiness::running(job(target, task)),
        (_, Some(status @ (VaultStatus::Lock | VaultStatus::Frozen | VaultStatus::Deleting)), _) => {
            let scene = scene.map(|scene| format!(" ({scene})")).unwrap_or_default();
            Readiness::Skip { reason: format!("the vault's status is {status}{scene}") }
        }
        (_, Some(VaultStatus::Error), _) => Readiness::Broken { reason: "the vault's status is error".to_owned() },
        _ => Readiness::Ready,
    };
    Baseline { readiness, facts }
}

/// The vendor's rule for "finished": the task has ended in success and counted no failed backup.
fn verdict(claim: &Claim<'_>) -> Verdict {
    let asked: Option<usize> = claim.job.target.facts.get::<Vec<serde_json::Value>>(LIST).map(|list| list.len());
    let accepted: Option<usize> = claim.job.facts.get(ACCEPTED);
    if claim.last.phase == Phase::Gone {
        return Verdict::NotYet {
            why: "the service does not know the task".to_owned(),
            otherwise: Outcome::Unknown {
                why: "the service no longer knows the task, so its result cannot be read".to_owned(),
            },
        };
    }
    if claim.last.phase == Phase::Unclear {
        let why = format!("the service gives a status that nobody documented ({})", claim.last.state);
        return Verdict::NotYet { why: why.clone(), otherwise: Outcome::Unknown { why } };
    }
    if let Some(unnamed) = claim.job.facts.get::<usize>(UNNAMED).filter(|count| *count > 0) {
        let why = format!(
            "the service accepted {unnamed} backups without naming a task for them, so their end cannot be seen"
        );
        return Verdict::NotYet { why: why.clone(), otherwise: Outcome::Unknown { why } };
    }
    if let (Some(asked), Some(accepted)) = (asked, accepted)
        && accepted < asked
    {
        return Verdict::failed(format!("the service accepted {accepted} of {asked} backups"));
    }
    jobs::synchronized(claim)
}

impl Provider for Cbr {
    fn endpoint(&self) -> &str {
        &self.name
    }

    fn vendor(&self) -> &'static str {
        "huawei-cbr"
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

    fn remember(&self, pasts: &[&Past]) {
        let mut of_lists = self.of_lists();
        pasts.iter().filter(|past| past.target.address.kind == BACKUPS).for_each(|past| of_lists.remember(past));
    }

    fn jobs(&self, kind: &str) -> Option<Arc<dyn Provider>> {
        self.watch_named(kind)
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
        since: Timestamp,
    ) -> BoxFuture<'a, Result<Search, Error>> {
        Box::pin(self.find(target, baseline, since))
    }

    fn observe<'a>(&'a self, jobs: &'a [&'a Job]) -> BoxFuture<'a, Result<Vec<Observation>, Error>> {
        Box::pin(self.look(jobs))
    }

    /// What was seen last is all there is to know, so this sends nothing.
    fn verify<'a>(&'a self, claims: &'a [Claim<'a>]) -> BoxFuture<'a, Result<Vec<Verdict>, Error>> {
        Box::pin(async { Ok(claims.iter().map(verdict).collect()) })
    }

    /// The service has no call that stops a task.
    fn stop<'a>(&'a self, _: &'a Job) -> BoxFuture<'a, Result<bool, Error>> {
        Box::pin(async { Ok(false) })
    }

    fn close(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(self.connection.close())
    }
}

#[cfg(test)]
mod tests;

//! Everything that one CBR project knows.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use huawei_cbr::v3::types as t;

use super::billing::Purchase;
use super::domains::{Account, Migration};
use super::organization::Organized;
use super::policies::Policy;
use super::seeds::{self, Seeds};
use super::sharing::Share;
use super::tasks::{Change, Log, OfVault, Order, Start, Work};
use super::things::{Away, BACKUP_SIZE, Backup, Checkpoint, DELETING, Machine, Replica, Vault};
use crate::clock::SimClock;
use crate::control::JobState;
use crate::course::{Course, End, Stage};
use crate::ids::Ids;
use crate::script::Behaviour;
use crate::settings::Settings;
use crate::store::{Pending, Store};

/// Why a vault cannot be synchronized.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Unknown,
    NotHybrid,
    Running,
}

/// Everything that one project knows.
#[derive(Debug)]
pub(crate) struct State {
    ids: Ids,
    pub(crate) clock: Arc<SimClock>,
    pub(crate) vaults: Store<Vault>,
    pub(crate) backups: Store<Backup>,
    pub(crate) checkpoints: Store<Checkpoint>,
    pub(crate) machines: Store<Machine>,
    pub(crate) policies: Store<Policy>,
    pub(crate) organization: Store<Organized>,
    pub(crate) agents: Store<t::Agent>,
    pub(crate) shares: Store<Share>,
    pub(crate) purchases: Store<Purchase>,
    pub(crate) accounts: Vec<Account>,
    pub(crate) migration: Option<Migration>,
    pub(crate) away: Away,
    pub(crate) logs: Store<Log>,
    pub(super) pending: Pending<Change>,
    /// Some backup has a last day.
    pub(super) expiring: bool,
}

/// Number and megabytes of backups.
pub(crate) type Tally = (i64, i64);

/// Backups counted by vault, and within a vault by resource.
#[derive(Debug, Default)]
pub(crate) struct Tallies<'a> {
    resources: HashMap<(&'a str, &'a str), Tally>,
    vaults: HashMap<&'a str, i64>,
}

impl<'a> Tallies<'a> {
    fn add(&mut self, vault: &'a str, resource: &'a str) {
        let (count, size) = self.resources.entry((vault, resource)).or_default();
        *count += 1;
        *size += BACKUP_SIZE;
        *self.vaults.entry(vault).or_default() += BACKUP_SIZE;
    }

    /// Those of a resource in a vault.
    pub(crate) fn of(&self, vault: &str, resource: &str) -> Tally {
        self.resources.get(&(vault, resource)).copied().unwrap_or_default()
    }

    /// Megabytes in a vault.
    pub(crate) fn used(&self, vault: &str) -> i64 {
        self.vaults.get(vault).copied().unwrap_or_default()
    }

    /// Megabytes in all vaults.
    pub(crate) fn total(&self) -> i64 {
        self.vaults.values().sum()
    }
}

impl State {
    /// The vaults that the settings want. `ids` are of the vaults and their backups, `more` of whatever else is there.
    pub(crate) fn new(ids: Ids, more: &mut Ids, settings: &Settings, clock: Arc<SimClock>) -> Self {
        let Seeds { ids, vaults, backups, machines, away, accounts } = seeds::make(ids, more, settings, &clock);
        Self {
            ids,
            clock,
            vaults,
            backups,
            checkpoints: Store::default(),
            machines,
            policies: Store::default(),
            organization: Store::default(),
            agents: Store::default(),
            shares: Store::default(),
            purchases: Store::default(),
            accounts,
            migration: None,
            away,
            logs: Store::default(),
            pending: Pending::default(),
            expiring: false,
        }
    }

    /// An id for an answer.
    pub(crate) fn hex(&mut self) -> String {
        self.ids.hex()
    }

    /// An id of something new.
    pub(crate) fn uuid(&mut self) -> String {
        self.ids.uuid()
    }

    /// A moment in seconds since 1970.
    pub(crate) fn seconds(&self, moment: Duration) -> i64 {
        self.clock.at(moment).as_second()
    }

    /// The vault to which a bucket leads. How an unknown bucket fails is not documented; the first hybrid vault takes
    /// its backups, so that lists written for another account work.
    fn vault_of_bucket(&self, bucket: &str) -> Option<&Vault> {
        let mut hybrid = self.vaults.iter().filter(|vault| vault.hybrid);
        let named = self.vaults.iter().find(|vault| vault.hybrid && vault.bucket == bucket);
        named.or_else(|| hybrid.next())
    }

    /// Starts the synchronization of a whole vault; gives the id of the task.
    pub(crate) fn synchronize(&mut self, vault: &str, start: Start<'_>) -> Result<String, Refusal> {
        let vault = self.vaults.get(vault).ok_or(Refusal::Unknown)?;
        if !vault.hybrid {
            return Err(Refusal::NotHybrid);
        }
        let newest = vault.newest.as_ref().and_then(|newest| self.logs.get(newest));
        if newest.is_some_and(|log| !log.course.is_over(start.now)) {
            return Err(Refusal::Running);
        }
        let (of, backups) = (OfVault::from(vault), vault.unknown.clone());
        let checkpoint = self.uuid();
        let id = of.id.clone();
        let task = self.start(
            Order {
                operation: "ImportCheckpoint",
                about: vec![id.clone()],
                vault: Some(of),
                resource: None,
                checkpoint: Some(checkpoint.clone()),
                policy: None,
                work: Work::Synchronization(backups.len()),
                change: Some(Change::Imported { vault: id.clone(), backups, checkpoint: Some(checkpoint) }),
            },
            start,
        );
        if let Some(vault) = self.vaults.get_mut(&id) {
            vault.newest = Some(task.clone());
        }
        Ok(task)
    }

    /// Starts to take over one backup from `bucket`; gives the id of the task.
    pub(crate) fn import(&mut self, mut backup: Backup, bucket: &str, start: Start<'_>) -> Option<String> {
        let of = OfVault::from(self.vault_of_bucket(bucket)?);
        backup.vault.clone_from(&of.id);
        backup.checkpoint = self.uuid();
        let order = Order {
            operation: "ImportBackup",
            about: vec![backup.id.clone()],
            resource: Some(backup.resource.clone()),
            checkpoint: None,
            policy: None,
            work: Work::Synchronization(1),
            change: Some(Change::Imported { vault: of.id.clone(), backups: vec![backup], checkpoint: None }),
            vault: Some(of),
        };
        Some(self.start(order, start))
    }

    /// Starts a task and gives its id.
    pub(crate) fn start(&mut self, order: Order, start: Start<'_>) -> String {
        let id = self.uuid();
        let script = order.about.iter().find_map(|target| start.scripts.next(target));
        let course = Course::new(start.now, script.unwrap_or_else(Behaviour::success), start.usual);
        let Order { operation, about, vault, resource, checkpoint, policy, work, change } = order;
        if let Some(change) = change {
            self.pending.add(&id, change);
        }
        let target = about.into_iter().next().unwrap_or_default();
        let request = format!("req-{}", start.request);
        let log = Log { id: id.clone(), request, operation, target, vault, resource, checkpoint, policy, course, work };
        self.logs.keep(&id, log);
        id
    }

    /// Begins to delete a backup.
    pub(crate) fn delete(&mut self, id: &str, operation: &'static str, start: Start<'_>) {
        let Some(backup) = self.backups.get_mut(id) else { return };
        backup.status = DELETING;
        let (name, resource) = (backup.name.clone(), backup.resource.clone());
        let checkpoint = Some(backup.checkpoint.clone());
        let vault = self.vaults.get(&backup.vault).map(OfVault::from);
        let order = Order {
            operation,
            about: std::iter::once(id.to_owned()).chain(vault.as_ref().map(|of| of.id.clone())).collect(),
            vault,
            resource: Some(resource),
            checkpoint,
            policy: None,
            work: Work::Deletion { id: id.to_owned(), name },
            change: Some(Change::NoBackup(id.to_owned())),
        };
        self.start(order, start);
    }

    /// The tasks that the service remembers, newest first.
    pub(crate) fn logs(&self, now: Duration) -> impl Iterator<Item = &Log> {
        self.logs.iter().rev().filter(move |log| log.is_known(now))
    }

    pub(crate) fn log(&self, id: &str, now: Duration) -> Option<&Log> {
        self.logs.get(id).filter(|log| log.is_known(now))
    }

    /// How many tasks there were, and the newest `most` of them.
    pub(crate) fn jobs(&self, now: Duration, most: usize) -> (usize, Vec<JobState>) {
        let job = |log: &Log| log.course.job(now, &log.id, &log.target, log.operation);
        (self.logs.len(), self.logs.iter().rev().take(most).map(job).collect())
    }

    /// Whether a task of a vault is at work that `counts`.
    pub(crate) fn is_busy(&self, vault: &str, now: Duration, counts: impl Fn(&Log) -> bool) -> bool {
        self.logs.iter().rev().any(|log| log.is_of(vault) && counts(log) && !log.course.is_over(now))
    }

    /// A restore point: of a backup, or of a whole vault.
    pub(crate) fn checkpoint(&self, id: &str) -> Option<Checkpoint> {
        let of_backup = || {
            let backup = self.backups.iter().find(|backup| backup.checkpoint == id)?;
            let vault = self.vaults.get(&backup.vault)?;
            Some(Checkpoint {
                id: id.to_owned(),
                created: backup.created,
                vault: vault.id.clone(),
                resources: vault.members.iter().map(|member| member.resource.clone()).collect(),
                skipped: Vec::new(),
                extra: None,
            })
        };
        self.checkpoints.get(id).cloned().or_else(of_backup)
    }

    /// The vault that a resource is in.
    pub(crate) fn vault_with(&self, resource: &str) -> Option<&Vault> {
        self.vaults.iter().find(|vault| vault.member(resource).is_some())
    }

    /// The backups that `counts` says, counted.
    pub(crate) fn tallies(&self, counts: impl Fn(&Backup) -> bool) -> Tallies<'_> {
        let mut tallies = Tallies::default();
        for backup in self.backups.iter().filter(|backup| counts(backup)) {
            tallies.add(&backup.vault, &backup.resource.id);
        }
        tallies
    }

    /// Marks a resource of a vault.
    pub(crate) fn mark(&mut self, vault: &str, resource: &str, status: &'static str) {
        if let Some(member) = self.vaults.get_mut(vault).and_then(|vault| vault.member_mut(resource)) {
            member.status = status;
        }
    }

    /// Marks a backup.
    pub(crate) fn mark_backup(&mut self, id: &str, status: &'static str) {
        if let Some(backup) = self.backups.get_mut(id) {
            backup.status = status;
        }
    }

    /// Where a replica stands.
    pub(crate) fn standing(&self, replica: &Replica, now: Duration) -> &'static str {
        match self.logs.get(&replica.task).map(|log| log.course.stage(now)) {
            Some(Stage::Waiting) => "waiting_replicate",
            Some(Stage::Running | Stage::Odd(_)) => "replicating",
            Some(Stage::Ended(end)) if end.has_effect() => "success",
            Some(Stage::Ended(End::Stopped)) => "skip",
            Some(Stage::Ended(_)) | None => "fail",
        }
    }

    /// A replica with its state.
    pub(crate) fn replica(&self, replica: &Replica, now: Duration) -> t::ReplicationRecordGet {
        let mut shown = replica.shown.clone();
        shown.status = Some(self.standing(replica, now).into());
        if let (Some(extra), Some(log)) = (&mut shown.extra_info, self.logs.get(&replica.task)) {
            let (_, code, reason) = log.status(now);
            extra.progress = Some(log.course.percent(now).into());
            (extra.fail_code, extra.fail_reason) = (Some(code.to_owned()), Some(reason.to_owned()));
        }
        shown
    }

    /// The replicas in the vaults of the other region, counted.
    pub(crate) fn replicas(&self, now: Duration) -> Tallies<'_> {
        let mut tallies = Tallies::default();
        for backup in self.backups.iter() {
            let arrived = backup.replicas.iter().filter(|replica| self.standing(replica, now) == "success");
            for vault in arrived.filter_map(|replica| replica.shown.destination_vault_id.as_deref()) {
                tallies.add(vault, &backup.resource.id);
            }
        }
        tallies
    }
}

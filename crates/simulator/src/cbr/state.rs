//! Vaults, backups and operation logs of one CBR project.

use std::collections::HashMap;
use std::time::Duration;

use crate::control::JobState;
use crate::course::{Course, End};
use crate::ids::Ids;
use crate::script::{Behaviour, Scripts};
use crate::settings::{Settings, Words};

const WORDS: Words = Words { usual: &[("hybrid-1", true), ("vault-web", false)], ready: "hybrid", other: "vault" };

/// A vault.
#[derive(Debug)]
pub(crate) struct Vault {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) hybrid: bool,
    pub(crate) bucket: String,
    pub(crate) resource: Resource,
    /// Backups in the bucket that the vault does not know, before what its newest task does.
    pending: Vec<Backup>,
    /// Its newest synchronization of the whole vault.
    newest: Option<usize>,
}

/// A machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Resource {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) kind: String,
}

/// A backup.
#[derive(Clone, Debug)]
pub(crate) struct Backup {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) checkpoint: String,
    pub(crate) vault: usize,
    pub(crate) resource: Resource,
    /// Seconds since 1970.
    pub(crate) created: i64,
}

/// A task.
#[derive(Debug)]
pub(crate) struct Log {
    pub(crate) id: String,
    pub(crate) request: String,
    pub(crate) vault: usize,
    /// The machine of a single backup.
    pub(crate) resource: Option<Resource>,
    /// The restore point that a synchronization of a whole vault makes.
    pub(crate) checkpoint: Option<String>,
    pub(crate) course: Course,
    /// What it takes over.
    pub(crate) imports: Vec<Backup>,
}

/// A restore point.
#[derive(Debug)]
pub(crate) struct Checkpoint<'a> {
    pub(crate) id: &'a str,
    pub(crate) created: i64,
    pub(crate) vault: &'a Vault,
}

impl Log {
    /// Whether the service has not forgotten it.
    pub(crate) fn is_known(&self, now: Duration) -> bool {
        !matches!(self.course.stage(now), crate::course::Stage::Ended(End::Vanished))
    }
}

/// Why a vault cannot be synchronized.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Unknown,
    NotHybrid,
    Running,
}

/// How a synchronization is started.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Start<'a> {
    pub(crate) now: Duration,
    pub(crate) usual: Duration,
    pub(crate) scripts: &'a Scripts,
    pub(crate) request: &'a str,
}

/// Everything that one project knows.
#[derive(Debug)]
pub(crate) struct State {
    ids: Ids,
    vaults: Vec<Vault>,
    vault_by_id: HashMap<String, usize>,
    seeds: Vec<Backup>,
    seed_by_id: HashMap<String, usize>,
    logs: Vec<Log>,
    log_by_id: HashMap<String, usize>,
    /// The tasks that take over a backup, oldest first.
    logs_of_backup: HashMap<String, Vec<usize>>,
}

impl State {
    /// The vaults that the settings want; `epoch` is now, in seconds since 1970.
    pub(crate) fn new(mut ids: Ids, settings: &Settings, epoch: i64) -> Self {
        let mut vaults = Vec::new();
        let mut seeds = Vec::new();
        for (index, (name, hybrid)) in
            settings.names(&WORDS, |number| format!("hybrid-{}", number + 1)).into_iter().enumerate()
        {
            let kind = if hybrid { "OS::VMware::Server" } else { "OS::Nova::Server" };
            let resource = Resource { id: ids.uuid(), name: format!("vm-{index}"), kind: kind.to_owned() };
            let backup = |ids: &mut Ids, name: String, days: i64| Backup {
                id: ids.uuid(),
                name,
                checkpoint: ids.uuid(),
                vault: index,
                resource: resource.clone(),
                created: epoch - days * 86_400,
            };
            seeds.push(backup(&mut ids, format!("nightly-{index}-00"), 9));
            let pending = (1..=settings.backups_per_vault).filter(|_| hybrid);
            let pending = pending
                .map(|number| backup(&mut ids, format!("nightly-{index}-{number:02}"), 9 - number as i64))
                .collect();
            let (id, bucket) = (ids.uuid(), format!("cbr-hybrid-{index:04}"));
            vaults.push(Vault { id, name, hybrid, bucket, resource, pending, newest: None });
        }
        let vault_by_id = vaults.iter().enumerate().map(|(index, vault)| (vault.id.clone(), index)).collect();
        let seed_by_id = seeds.iter().enumerate().map(|(index, seed)| (seed.id.clone(), index)).collect();
        Self {
            ids,
            vaults,
            vault_by_id,
            seeds,
            seed_by_id,
            logs: Vec::new(),
            log_by_id: HashMap::new(),
            logs_of_backup: HashMap::new(),
        }
    }

    /// An id for an answer.
    pub(crate) fn request_id(&mut self) -> String {
        self.ids.hex()
    }

    pub(crate) fn vaults(&self) -> &[Vault] {
        &self.vaults
    }

    pub(crate) fn vault(&self, id: &str) -> Option<&Vault> {
        self.vaults.get(*self.vault_by_id.get(id)?)
    }

    /// The vault of a task or backup.
    pub(crate) fn vault_at(&self, index: usize) -> Option<&Vault> {
        self.vaults.get(index)
    }

    /// The vault to which a bucket leads. How an unknown bucket fails is not documented; the first hybrid vault takes
    /// its backups, so that lists written for another account work.
    fn vault_of_bucket(&self, bucket: &str) -> Option<usize> {
        let named = self.vaults.iter().position(|vault| vault.hybrid && vault.bucket == bucket);
        named.or_else(|| self.vaults.iter().position(|vault| vault.hybrid))
    }

    /// Starts the synchronization of a whole vault; gives the id of the task.
    pub(crate) fn synchronize(&mut self, vault: &str, start: Start<'_>) -> Result<String, Refusal> {
        let index = *self.vault_by_id.get(vault).ok_or(Refusal::Unknown)?;
        let vault = self.vaults.get(index).ok_or(Refusal::Unknown)?;
        if !vault.hybrid {
            return Err(Refusal::NotHybrid);
        }
        let newest = vault.newest.and_then(|newest| self.logs.get(newest));
        if newest.is_some_and(|log| !log.course.is_over(start.now)) {
            return Err(Refusal::Running);
        }
        let done = newest.is_some_and(|log| log.course.has_effect(start.now));
        let imports = if done { Vec::new() } else { vault.pending.clone() };
        let behaviour = start.scripts.next(&vault.id).unwrap_or_else(Behaviour::success);
        let checkpoint = Some(self.ids.uuid());
        let id = self.add(index, None, checkpoint, imports.clone(), behaviour, start);
        let newest = self.logs.len().checked_sub(1);
        if let Some(vault) = self.vaults.get_mut(index) {
            vault.pending = imports;
            vault.newest = newest;
        }
        Ok(id)
    }

    /// Starts to take over one backup from `bucket`; gives the id of the task.
    pub(crate) fn import(&mut self, mut backup: Backup, bucket: &str, start: Start<'_>) -> Option<String> {
        let index = self.vault_of_bucket(bucket)?;
        backup.vault = index;
        backup.checkpoint = self.ids.uuid();
        let behaviour = start.scripts.next(&backup.id).unwrap_or_else(Behaviour::success);
        Some(self.add(index, Some(backup.resource.clone()), None, vec![backup], behaviour, start))
    }

    fn add(
        &mut self,
        vault: usize,
        resource: Option<Resource>,
        checkpoint: Option<String>,
        imports: Vec<Backup>,
        behaviour: Behaviour,
        start: Start<'_>,
    ) -> String {
        let id = self.ids.uuid();
        let course = Course::new(start.now, behaviour, start.usual);
        let request = format!("req-{}", start.request);
        self.log_by_id.insert(id.clone(), self.logs.len());
        for backup in &imports {
            self.logs_of_backup.entry(backup.id.clone()).or_default().push(self.logs.len());
        }
        self.logs.push(Log { id: id.clone(), request, vault, resource, checkpoint, course, imports });
        id
    }

    /// The tasks that the service remembers, newest first.
    pub(crate) fn logs(&self, now: Duration) -> impl Iterator<Item = &Log> {
        self.logs.iter().rev().filter(move |log| log.is_known(now))
    }

    pub(crate) fn log(&self, id: &str, now: Duration) -> Option<&Log> {
        self.logs.get(*self.log_by_id.get(id)?).filter(|log| log.is_known(now))
    }

    /// How many tasks there were, and the newest `most` of them.
    pub(crate) fn jobs(&self, now: Duration, most: usize) -> (usize, Vec<JobState>) {
        let job = |log: &Log| {
            let of_vault = || self.vault_at(log.vault).map(|vault| vault.id.as_str());
            let target = log.resource.as_ref().and_then(|_| log.imports.first()).map(|backup| backup.id.as_str());
            let operation = if log.resource.is_some() { "ImportBackup" } else { "ImportCheckpoint" };
            log.course.job(now, &log.id, target.or_else(of_vault).unwrap_or_default(), operation)
        };
        (self.logs.len(), self.logs.iter().rev().take(most).map(job).collect())
    }

    /// The backups that the service knows; one that was taken over twice is there once, as it was taken over last.
    pub(crate) fn backups(&self, now: Duration) -> Vec<&Backup> {
        let done = self.logs.iter().filter(|log| log.course.has_effect(now)).flat_map(|log| &log.imports);
        let mut places: HashMap<&str, usize> = HashMap::new();
        let mut backups: Vec<&Backup> = Vec::new();
        for backup in self.seeds.iter().chain(done) {
            match places.get(backup.id.as_str()).and_then(|place| backups.get_mut(*place)) {
                Some(place) => *place = backup,
                None => {
                    places.insert(&backup.id, backups.len());
                    backups.push(backup);
                }
            }
        }
        backups
    }

    /// One backup, as it was taken over last.
    pub(crate) fn backup(&self, id: &str, now: Duration) -> Option<&Backup> {
        let logs = self.logs_of_backup.get(id).into_iter().flatten().rev().filter_map(|log| self.logs.get(*log));
        let taken = logs
            .filter(|log| log.course.has_effect(now))
            .find_map(|log| log.imports.iter().find(|backup| backup.id == id));
        taken.or_else(|| self.seeds.get(*self.seed_by_id.get(id)?))
    }

    /// A restore point: of a backup, or of a synchronization that has ended well. `at` turns a moment into seconds
    /// since 1970.
    pub(crate) fn checkpoint(&self, id: &str, now: Duration, at: impl Fn(Duration) -> i64) -> Option<Checkpoint<'_>> {
        let all = self.seeds.iter().chain(self.logs.iter().flat_map(|log| &log.imports));
        let backup = all.filter(|backup| backup.checkpoint == id).find_map(|backup| self.backup(&backup.id, now));
        if let Some(backup) = backup.filter(|backup| backup.checkpoint == id) {
            return Some(Checkpoint {
                id: &backup.checkpoint,
                created: backup.created,
                vault: self.vault_at(backup.vault)?,
            });
        }
        let log = self.logs.iter().find(|log| log.checkpoint.as_deref() == Some(id) && log.course.has_effect(now))?;
        let created = at(log.course.end().unwrap_or(now));
        Some(Checkpoint { id: log.checkpoint.as_deref()?, created, vault: self.vault_at(log.vault)? })
    }
}

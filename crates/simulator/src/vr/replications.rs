//! Replications: what is known of one, and the calls that make, change and remove them.

use serde::de::DeserializeOwned;
use serde_json::Value;
use vsphere_replication::v2::types as t;

use super::desk::{Answered, Desk};
use super::inventory::{self, Site};
use super::state::Refusal;
use super::storage;
use super::tasks::{Action, Change, Order, Subject};
use crate::message::Answer;

/// Bounds of the recovery point objective, in minutes.
const RPO: std::ops::RangeInclusive<i64> = 5..=1440;

/// A replication.
#[derive(Debug)]
pub(crate) struct Replication {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) vm: String,
    /// Number of its pairing.
    pub(crate) pairing: usize,
    /// It leads from the remote site to the local one.
    pub(crate) inbound: bool,
    pub(crate) gone: bool,
    /// What somebody has asked for; `None` is what the usual replications have.
    pub(crate) spec: Option<Box<t::ReconfigureReplicationSpec>>,
    /// These are as they were before the newest task.
    pub(crate) trouble: Option<String>,
    pub(crate) paused: bool,
    pub(crate) last_sync: i64,
    pub(crate) last_duration: i64,
    pub(crate) newest: Option<usize>,
}

/// Where a replication stands at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) paused: bool,
    pub(crate) configuring: bool,
    /// It could not be configured.
    pub(crate) broken: bool,
    /// Percent of the synchronization that runs.
    pub(crate) moving: Option<u8>,
    /// Milliseconds since 1970, and seconds.
    pub(crate) last_sync: i64,
    pub(crate) last_duration: i64,
}

impl Replication {
    /// One of the first pairing that has never been synchronized.
    pub(crate) fn new(id: String, name: String, vm: String) -> Self {
        Self {
            id,
            name,
            vm,
            pairing: 0,
            inbound: false,
            gone: false,
            spec: None,
            trouble: None,
            paused: false,
            last_sync: 0,
            last_duration: 0,
            newest: None,
        }
    }

    /// Where it stands when its newest task has not touched it.
    pub(crate) fn at_rest(&self) -> Standing {
        Standing {
            paused: self.paused,
            configuring: false,
            broken: self.trouble.is_some(),
            moving: None,
            last_sync: self.last_sync,
            last_duration: self.last_duration,
        }
    }

    /// Keeps where it stands, because a new task begins.
    pub(crate) fn fold(&mut self, standing: Standing, trouble: Option<String>, task: usize) {
        self.paused = standing.paused;
        self.last_sync = standing.last_sync;
        self.last_duration = standing.last_duration;
        self.trouble = trouble;
        self.newest = Some(task);
    }
}

/// Truth values may come as text, as vendor scripts send them.
fn truths(value: &mut Value) {
    match value {
        Value::String(text) if text == "true" => *value = Value::Bool(true),
        Value::String(text) if text == "false" => *value = Value::Bool(false),
        Value::Array(items) => items.iter_mut().for_each(truths),
        Value::Object(members) => members.values_mut().for_each(truths),
        _ => {}
    }
}

impl Desk<'_> {
    /// The body as its type, or a sentence about what is wrong with it.
    pub(crate) fn body<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        let mut body: Value = self.call.json()?;
        truths(&mut body);
        Ok(serde_json::from_value(body).map_err(|error| error.to_string())?)
    }

    /// The number of the replication that the path names, when no task of it is at work.
    fn idle_replication(&self) -> Result<usize, Refusal> {
        let id = self.call.param(1);
        let number = self.state.replication_number(self.pairing, id).ok_or(Refusal::Unknown)?;
        let replication = self.state.replication(self.pairing, id).ok_or(Refusal::Unknown)?;
        if self.state.is_busy(replication, self.call.now) {
            return Err(Refusal::State("Another task of the replication is running."));
        }
        Ok(number)
    }

    /// Synchronizes, pauses or resumes.
    pub(crate) fn act(&mut self, action: Action) -> Answered {
        let number = self.idle_replication()?;
        let id = self.call.param(1);
        let replication = self.state.replication(self.pairing, id).ok_or(Refusal::Unknown)?;
        let standing = self.state.standing(replication, self.call.now);
        let refused = match action {
            Action::Sync if standing.paused => Some("The replication is paused."),
            Action::Sync if standing.broken => Some("The replication is not configured."),
            Action::Pause if standing.paused => Some("The replication is paused already."),
            Action::Resume if !standing.paused => Some("The replication is not paused."),
            _ => None,
        };
        if let Some(why) = refused {
            return Err(Refusal::State(why));
        }
        let script = (action == Action::Sync).then(|| id.to_owned());
        self.start(202, Order { script, ..Order::new(self.operation, action, Subject::Replication(number)) })
    }

    /// Removes a replication, at both ends or here only.
    pub(crate) fn remove_replication(&mut self, action: Action) -> Answered {
        let number = self.idle_replication()?;
        let change = Some(Change::NoReplication(number));
        self.start(202, Order { change, ..Order::new(self.operation, action, Subject::Replication(number)) })
    }

    /// Changes the settings of a replication.
    pub(crate) fn reconfigure(&mut self) -> Answered {
        let number = self.idle_replication()?;
        let spec: t::ReconfigureReplicationSpec = self.body()?;
        let replication = self.state.replication(self.pairing, self.call.param(1)).ok_or(Refusal::Unknown)?;
        let target = if replication.inbound { Site::Local } else { Site::Remote };
        self.check(&spec, &replication.vm, target)?;
        let change = Some(Change::Replication(number, Box::new(spec)));
        let subject = Subject::Replication(number);
        self.start(202, Order { change, ..Order::new(self.operation, Action::Reconfigure, subject) })
    }

    /// Makes replications, one for each item of the body: all of them or, when one is wrong, none.
    pub(crate) fn configure(&mut self) -> Answered {
        let wanted: Vec<t::ConfigureReplicationSpec> = self.body()?;
        let mut made = Vec::new();
        for spec in wanted {
            if made.iter().any(|(vm, _, _, _): &(String, _, _, _)| *vm == spec.vm_id) {
                return Err(Refusal::Request(format!("The virtual machine {} is named twice.", spec.vm_id)));
            }
            let (name, source) = self.machine(&spec.vm_id)?;
            let target = source.other();
            let place = self.place(target);
            if !spec.target_vc_id.eq_ignore_ascii_case(&place.id) {
                return Err(Refusal::Request(format!("{} is not the other vCenter.", spec.target_vc_id)));
            }
            let vm = spec.vm_id.clone();
            let spec = settings(spec);
            self.check(&spec, &vm, target)?;
            made.push((vm, name, source, spec));
        }
        let mut numbers = Vec::new();
        for (vm, name, source, spec) in made {
            let id = format!("HmsGroup:GID-{}:{}", self.state.uuid(), self.state.pairing(self.pairing).local_vrms.id);
            let replication = Replication {
                pairing: self.pairing,
                inbound: source == Site::Remote,
                spec: Some(Box::new(spec)),
                ..Replication::new(id, name, vm.clone())
            };
            let subject = Subject::Replication(self.state.add_replication(replication));
            let order = Order { script: Some(vm), ..Order::new(self.operation, Action::Configure, subject) };
            numbers.push(self.state.begin(order, self.call.now, self.scripts, self.settings.duration));
        }
        let view = self.view();
        let tasks: Vec<t::Task> =
            numbers.iter().filter_map(|number| Some(view.task(self.state.started(*number)?))).collect();
        let total = i64::try_from(tasks.len()).ok();
        let meta = t::MetadataList { total, offset: Some(0), limit: total, ..t::MetadataList::default() };
        let list = t::TaskDrResponseList { list: Some(tasks), meta: Some(meta) };
        Ok(view.page(202, super::views::Holds::Tasks, &list))
    }

    /// Name and site of a virtual machine that can be replicated.
    fn machine(&self, vm: &str) -> Result<(String, Site), Refusal> {
        let replicated = self.state.replications().any(|replication| replication.vm == vm);
        if replicated {
            return Err(Refusal::State("The virtual machine is replicated already."));
        }
        let found = [Site::Local, Site::Remote].into_iter().find_map(|site| {
            let machines = inventory::machines(self.state, self.place(site), site);
            Some((machines.into_iter().find(|machine| machine.id == vm)?, site))
        });
        match found {
            None => Err(Refusal::Request(format!("There is no virtual machine {vm}."))),
            Some((machine, _)) if !machine.kind.is_suitable() => {
                Err(Refusal::State("The virtual machine cannot be replicated."))
            }
            Some((machine, site)) => Ok((machine.name, site)),
        }
    }

    /// Whether all that the settings name is there.
    fn check(&self, spec: &t::ReconfigureReplicationSpec, vm: &str, target: Site) -> Result<(), Refusal> {
        let wrong = |why: String| Err(Refusal::Request(why));
        if !RPO.contains(&spec.rpo) {
            return wrong(format!("The value {} of rpo is not between {} and {}.", spec.rpo, RPO.start(), RPO.end()));
        }
        if let Some(id) = &spec.target_replication_server_id {
            let owner = &self.management(target).id;
            let known = self.state.servers().iter().any(|server| server.owner == *owner && server.is_meant_by(id));
            if !known {
                return wrong(format!("There is no replication server {id} at the target."));
            }
        }
        let place = self.place(target);
        for disk in &spec.disks {
            if disk.vm_disk.vm_id.as_deref() != Some(vm) || !inventory::has_disk(disk.vm_disk.device_key) {
                return wrong(format!("A disk does not belong to the virtual machine {vm}."));
            }
            if storage::datastore(place, target, &disk.destination_datastore_id).is_none() {
                return wrong(format!("There is no datastore {} at the target.", disk.destination_datastore_id));
            }
            if let Some(policy) = disk.destination_storage_policy_id.as_deref()
                && !storage::has_policy(policy)
            {
                return wrong(format!("There is no storage policy {policy} at the target."));
            }
            if disk.use_seeds == Some(true) && disk.destination_path.is_none() {
                return wrong("use_seeds needs destination_path.".to_owned());
            }
        }
        Ok(())
    }

    /// How many there are, in both directions.
    pub(crate) fn count(&self) -> Answered {
        let count = i64::try_from(self.state.replications_in(self.pairing).count()).unwrap_or(i64::MAX);
        Ok(Answer::json(200, &t::CountDataDrResponseEntity { count, meta: Some(t::Metadata::default()) }))
    }
}

/// A new replication as settings of one that is there.
fn settings(spec: t::ConfigureReplicationSpec) -> t::ReconfigureReplicationSpec {
    t::ReconfigureReplicationSpec {
        auto_replicate_new_disks: spec.auto_replicate_new_disks,
        disks: spec.disks,
        enhanced_replication: None,
        lwd_encryption_enabled: spec.lwd_encryption_enabled,
        mpit_days: spec.mpit_days,
        mpit_enabled: spec.mpit_enabled,
        mpit_instances: spec.mpit_instances,
        network_compression_enabled: spec.network_compression_enabled,
        quiesce_enabled: spec.quiesce_enabled,
        rpo: spec.rpo,
        target_replication_server_id: spec.target_replication_server_id,
        vm_data_sets_replication_enabled: spec.vm_data_sets_replication_enabled,
    }
}

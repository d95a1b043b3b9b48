//! The objects of vSphere Replication, made of the types that `vsphere-replication` generates from its spec.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use vsphere_replication::v2::open::{ReplicationConfigurationState, ReplicationStatus, ServerStatus, TaskStatus};
use vsphere_replication::v2::types as t;

use super::inventory::Site;
use super::replications::{Replication, Standing};
use super::servers::Server;
use super::state::{Pairing, Place, State};
use super::tasks::Task;
use crate::course::{End, Stage};
use crate::message::Answer;

const VERSION: &str = "8.8.0";

/// How far a call sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Both sites.
    Whole,
    /// The local site only: the session is not logged in at the remote one.
    NotLoggedIn,
    /// The local site only: the remote one does not answer.
    Down,
}

impl Reach {
    pub(crate) fn is_whole(self) -> bool {
        self == Self::Whole
    }

    /// Why something is missing: code and message; nothing for a call that sees everything.
    pub(crate) fn reason(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Whole => None,
            Self::NotLoggedIn => Some(("REMOTE_NOT_AUTHENTICATED", "The session is not logged in at the remote site.")),
            Self::Down => Some(("REMOTE_SERVER_DOWN", "The remote vSphere Replication server cannot be reached.")),
        }
    }

    /// Says of each of these members that it is missing.
    pub(crate) fn missing(self, fields: impl Iterator<Item = String>) -> Vec<t::MetaError> {
        let Some((code, message)) = self.reason() else { return Vec::new() };
        fields.map(|field| t::MetaError { code: text(code), message: text(message), field: Some(field) }).collect()
    }
}

/// Members of a replication that may be null.
const REPLICATION_NULLS: [&str; 8] = [
    "vm_id",
    "replication_server_name",
    "recovery_solution",
    "configuration_error",
    "last_group_error",
    "recovery_error",
    "target_replication_server_uuid",
    "sync_progress",
];
/// Members of a task that may be null.
const TASK_NULLS: [&str; 7] =
    ["entity", "entity_name", "error", "result", "queued_time", "start_time", "complete_time"];
/// Links to pages that are not there.
const LINK_NULLS: [&str; 2] = ["next", "previous"];

/// What a list or an object holds, as far as its members may be null.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holds {
    /// Objects without members that may be null.
    Whole,
    Capabilities,
    Datastores,
    Disks,
    Issues,
    Machines,
    ReplicatedDisks,
    Replications,
    Seeds,
    Servers,
    Tasks,
    Verdicts,
}

impl Holds {
    /// Members that may be null.
    fn nulls(self) -> &'static [&'static str] {
        match self {
            Self::Whole => &[],
            Self::Capabilities => &["vm_encryption_key_provider_type", "replication_not_supported_reasons"],
            Self::Datastores => &["maintenance_mode"],
            Self::Disks => &["source_storage_policy_name", "source_storage_policy_id", "controller_label"],
            Self::Issues => &["entity_name"],
            Self::Machines => &["power_state", "connection_state", "managed_by_info"],
            Self::ReplicatedDisks => {
                &["destination_path", "destination_storage_policy_id", "destination_storage_policy_name"]
            }
            Self::Replications => &REPLICATION_NULLS,
            Self::Seeds => &["found_seeds"],
            Self::Servers => &["uuid", "hostname", "configuration_url", "name", "fault"],
            Self::Tasks => &TASK_NULLS,
            Self::Verdicts => &["not_compliant_detailed_message"],
        }
    }
}

/// How the objects are shown: when, to whom, and in which version of the API.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) state: &'a State,
    /// The pairing that the call is about, and its number.
    pub(crate) pairing: &'a Pairing,
    pub(crate) number: usize,
    pub(crate) now: Duration,
    /// v1 writes the times of tasks as text.
    pub(crate) times_as_text: bool,
    /// Whether what comes from the remote site can be told.
    pub(crate) reach: Reach,
    /// Whether the slower members of a replication are told.
    pub(crate) extended: bool,
    /// Whether members without a value are null.
    pub(crate) nulls: bool,
}

pub(crate) fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn vcenter(place: &Place) -> t::ServerInfo {
    server(place, format!("https://{}:443/sdk", place.name), "8.0.2")
}

fn management(place: &Place) -> t::ServerInfo {
    server(place, format!("https://{}:8043", place.name), VERSION)
}

fn server(place: &Place, url: String, version: &str) -> t::ServerInfo {
    t::ServerInfo {
        id: text(&place.id),
        url: Some(url),
        name: text(&place.name),
        server_status: Some(ServerStatus::Ok),
        certificates: Some(Vec::new()),
        certificate_warnings: Some(Vec::new()),
        version: text(version),
    }
}

/// Errors of a single object, or none.
fn meta(errors: Vec<t::MetaError>) -> Option<t::Metadata> {
    Some(t::Metadata { errors: (!errors.is_empty()).then_some(errors) })
}

fn status(standing: Standing) -> ReplicationStatus {
    match standing {
        Standing { broken: true, .. } => ReplicationStatus::Error,
        Standing { configuring: true, .. } => ReplicationStatus::Configuring,
        Standing { paused: true, .. } => ReplicationStatus::Paused,
        Standing { moving: Some(_), .. } => ReplicationStatus::Sync,
        _ => ReplicationStatus::Ok,
    }
}

fn configuration(standing: Standing) -> ReplicationConfigurationState {
    match standing {
        Standing { broken: true, .. } => ReplicationConfigurationState::Error,
        Standing { configuring: true, .. } => ReplicationConfigurationState::InProgress,
        _ => ReplicationConfigurationState::Ok,
    }
}

/// Bytes that a synchronization moves.
const SIZE: i64 = 318_767_104;

/// Writes an object of the type `$name`, bare or with the envelope of a single answer.
macro_rules! replication {
    ($view:expr, $replication:expr, $name:ident { $($meta:tt)* }) => {{
        let (view, replication): (&View<'_>, &Replication) = ($view, $replication);
        let standing = view.state.standing(replication, view.now);
        let ends = [("site-a", &view.pairing.local_vc), ("site-b", &view.pairing.remote_vc)];
        let [source, target] = if replication.inbound { [ends[1], ends[0]] } else { ends };
        let server = view.server_of(replication).filter(|_| view.reach.is_whole());
        let spec = replication.spec.as_deref();
        let set = |chosen: fn(&t::ReconfigureReplicationSpec) -> Option<bool>, usual: bool| {
            Some(spec.map_or(usual, |spec| chosen(spec).unwrap_or(false)))
        };
        let error = view.state.trouble(replication, view.now);
        let bare = view.state.is_bare(replication, view.now);
        let sync_progress = standing.moving.filter(|_| view.extended && !bare).map(|percent| t::SyncProgressData {
            progress: Some(percent.into()),
            checksum_current: Some(0),
            checksum_total: Some(0),
            transferred_current: Some(SIZE / 100 * i64::from(percent)),
            transferred_total: Some(SIZE),
        });
        t::$name {
            id: replication.id.clone(),
            name: text(&replication.name),
            vm_id: text(&replication.vm),
            source_site_name: text(source.0),
            source_vc_id: text(&source.1.id),
            target_site_name: text(target.0),
            target_vc_id: text(&target.1.id),
            status: Some(t::CompoundReplicationStatus { status: Some(status(standing)), rpo_violation: Some(false) }),
            rpo: Some(spec.map_or(60, |spec| spec.rpo)),
            type_: Some("VC_TO_VC".into()),
            replication_server_name: server.map(|server| server.name.clone()),
            recovery_solution: None,
            configuration_state: Some(configuration(standing)),
            configuration_error: error.map(|error| t::ReplicationInfoConfigurationError {
                message: Some(error),
                details: text("The task that was to configure the replication failed."),
            }),
            last_group_error: None,
            recovery_state: Some("NOT_STARTED".into()),
            recovery_error: None,
            target_replication_server_uuid: server.map(|server| server.uuid.clone()),
            last_sync_time: Some(standing.last_sync.into()),
            last_sync_duration: view.extended.then_some(standing.last_duration),
            last_sync_size: view.extended.then_some(SIZE),
            current_rpo_violation: Some(0),
            quiescing_enabled: set(|spec| spec.quiesce_enabled, false),
            network_compression_enabled: set(|spec| Some(spec.network_compression_enabled), true),
            encryption_enabled: set(|spec| Some(spec.lwd_encryption_enabled), false),
            auto_replicate_new_disks_enabled: set(|spec| Some(spec.auto_replicate_new_disks), true),
            mpit_enabled: set(|spec| Some(spec.mpit_enabled), false),
            mpit_instances: Some(spec.and_then(|spec| spec.mpit_instances).unwrap_or(0)),
            mpit_days: Some(spec.and_then(|spec| spec.mpit_days).unwrap_or(0)),
            sync_progress,
            vm_data_sets_replication_enabled: set(|spec| spec.vm_data_sets_replication_enabled, false),
            enhanced_replication: set(|spec| spec.enhanced_replication, false),
            $($meta)*
        }
    }};
}

macro_rules! task {
    ($view:expr, $task:expr, $name:ident { $($meta:tt)* }) => {{
        let (view, task): (&View<'_>, &Task) = ($view, $task);
        let (status, error) = outcome(task, view.now);
        let full = !matches!(task.course.stage(view.now), Stage::Ended(End::Bare));
        let (id, name) = view.state.subject(task);
        let begun = view.now >= task.course.begin();
        let over = task.course.end().filter(|end| *end <= view.now);
        let time = |moment: Duration| {
            let millis = view.state.millis(moment);
            match Timestamp::from_millisecond(millis) {
                Ok(time) if view.times_as_text => time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string().into(),
                _ => millis.into(),
            }
        };
        t::$name {
            id: task.id.clone(),
            status: Some(status),
            description: full.then(|| task.action.words().to_owned()),
            description_id: full.then(|| format!("com.vmware.hms.task.{}", task.operation)),
            entity: full.then(|| id.to_owned()),
            entity_name: full.then(|| name.to_owned()),
            error,
            result: None,
            progress: full.then(|| task.course.percent(view.now).into()),
            queued_time: full.then(|| time(task.course.start())),
            start_time: (full && begun).then(|| time(task.course.begin())),
            complete_time: over.filter(|_| full).map(time),
            $($meta)*
        }
    }};
}

fn outcome(task: &Task, now: Duration) -> (TaskStatus, Option<t::TaskError>) {
    match task.course.stage(now) {
        Stage::Waiting => (TaskStatus::Queued, None),
        Stage::Running => (TaskStatus::Running, None),
        Stage::Odd(word) => (TaskStatus::from(word), None),
        Stage::Ended(End::Failed(reason)) => {
            let details = text("The replication server reported the failure.");
            (TaskStatus::Error, Some(t::TaskError { message: text(reason), details }))
        }
        Stage::Ended(End::Stopped) => (TaskStatus::Cancelled, None),
        Stage::Ended(End::Success | End::Bare | End::Vanished | End::NoEffect) => (TaskStatus::Success, None),
    }
}

impl View<'_> {
    fn null_members(&self, holds: Holds) -> &'static [&'static str] {
        if self.nulls { holds.nulls() } else { &[] }
    }

    /// The answer with one page of a list.
    pub(crate) fn page(&self, status: u16, holds: Holds, list: &impl Serialize) -> Answer {
        let links: &[&str] = if status == 200 { &LINK_NULLS } else { &[] };
        Answer::json_with_nulls(status, list, &[("/list", self.null_members(holds)), ("/_meta/links", links)])
    }

    /// The answer with one object.
    pub(crate) fn object(&self, status: u16, holds: Holds, object: &impl Serialize) -> Answer {
        Answer::json_with_nulls(status, object, &[("", self.null_members(holds))])
    }

    /// The replication server that carries a replication.
    fn server_of(&self, replication: &Replication) -> Option<&Server> {
        let target = if replication.inbound { &self.pairing.local_vrms } else { &self.pairing.remote_vrms };
        let asked = replication.spec.as_ref().and_then(|spec| spec.target_replication_server_id.as_deref());
        let carries = |server: &&Server| match asked {
            Some(id) => server.is_meant_by(id),
            None => server.machine.is_none() && server.owner == target.id,
        };
        self.state.servers().iter().find(carries)
    }

    /// Whether a replication starts at the vCenter with this id, if one is given.
    pub(crate) fn leaves(&self, replication: &Replication, vcenter: Option<&str>) -> bool {
        let source = if replication.inbound { &self.pairing.remote_vc } else { &self.pairing.local_vc };
        vcenter.is_none_or(|id| source.id.eq_ignore_ascii_case(id))
    }

    pub(crate) fn replication(&self, replication: &Replication) -> t::ReplicationInfo {
        replication!(self, replication, ReplicationInfo {})
    }

    pub(crate) fn one_replication(&self, replication: &Replication) -> t::ReplicationInfoDrResponseEntity {
        let fields = ["$.replication_server_name", "$.target_replication_server_uuid"];
        let missing = self.reach.missing(fields.into_iter().map(str::to_owned));
        replication!(self, replication, ReplicationInfoDrResponseEntity { meta: meta(missing) })
    }

    pub(crate) fn task(&self, task: &Task) -> t::Task {
        task!(self, task, Task {})
    }

    pub(crate) fn one_task(&self, task: &Task) -> t::TaskDrResponseEntity {
        task!(self, task, TaskDrResponseEntity { meta: meta(Vec::new()) })
    }

    fn remote_vc(&self, pairing: &Pairing) -> t::ServerInfo {
        // Without the remote site only the id is known here.
        if self.reach.is_whole() {
            vcenter(&pairing.remote_vc)
        } else {
            t::ServerInfo { id: text(&pairing.remote_vc.id), ..t::ServerInfo::default() }
        }
    }

    pub(crate) fn pairing_of(&self, pairing: &Pairing) -> t::Pairing {
        t::Pairing {
            pairing_id: pairing.id.clone(),
            local_vc_server: Some(vcenter(&pairing.local_vc)),
            remote_vc_server: Some(self.remote_vc(pairing)),
            local_vrms: Some(management(&pairing.local_vrms)),
            remote_vrms: self.reach.is_whole().then(|| management(&pairing.remote_vrms)),
        }
    }

    pub(crate) fn one_pairing(&self) -> t::PairingDrResponseEntity {
        let pairing = self.pairing_of(self.pairing);
        t::PairingDrResponseEntity {
            pairing_id: pairing.pairing_id,
            local_vc_server: pairing.local_vc_server,
            remote_vc_server: pairing.remote_vc_server,
            local_vrms: pairing.local_vrms,
            remote_vrms: pairing.remote_vrms,
            meta: meta(self.missing_of_pairing("$")),
        }
    }

    /// The management server of one end; of the remote one only the id is known without its site.
    pub(crate) fn vrms(&self, site: Site) -> t::VrmsInfo {
        let (appliance, vcenter) = match site {
            Site::Local => (&self.pairing.local_vrms, &self.pairing.local_vc),
            Site::Remote => (&self.pairing.remote_vrms, &self.pairing.remote_vc),
        };
        if site == Site::Remote && !self.reach.is_whole() {
            return t::VrmsInfo { id: text(&appliance.id), ..t::VrmsInfo::default() };
        }
        let server = management(appliance);
        t::VrmsInfo {
            id: server.id,
            url: server.url,
            name: server.name,
            server_status: server.server_status,
            certificates: server.certificates,
            certificate_warnings: server.certificate_warnings,
            version: server.version,
            vc_guid: text(&vcenter.id),
            vc_name: text(&vcenter.name),
            extension_key: text("com.vmware.vcHms"),
        }
    }

    pub(crate) fn one_vrms(&self, site: Site) -> t::VrmsInfoDrResponseEntity {
        let info = self.vrms(site);
        let known = site == Site::Local;
        let missing = ["$.name", "$.version"].into_iter().filter(|_| !known).map(str::to_owned);
        t::VrmsInfoDrResponseEntity {
            id: info.id,
            url: info.url,
            name: info.name,
            server_status: info.server_status,
            certificates: info.certificates,
            certificate_warnings: info.certificate_warnings,
            version: info.version,
            vc_guid: info.vc_guid,
            vc_name: info.vc_name,
            extension_key: info.extension_key,
            meta: meta(self.reach.missing(missing)),
        }
    }

    /// What a pairing at `path` lacks for want of the remote site.
    pub(crate) fn missing_of_pairing(&self, path: &str) -> Vec<t::MetaError> {
        let fields = ["remote_vc_server", "remote_vrms"].into_iter();
        self.reach.missing(fields.map(|field| format!("{path}.{field}")))
    }

    /// What a page of `count` replications lacks for want of the remote site.
    pub(crate) fn missing_of_replications(&self, count: usize) -> Vec<t::MetaError> {
        let fields = ["replication_server_name", "target_replication_server_uuid"];
        let items = (0..count).flat_map(|item| fields.map(|field| format!("$.list[{item}].{field}")));
        self.reach.missing(items)
    }
}

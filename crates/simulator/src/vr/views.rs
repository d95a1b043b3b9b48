//! The objects of vSphere Replication, made of the types that `vsphere-replication` generates from its spec.

use std::time::Duration;

use jiff::Timestamp;
use vsphere_replication::v2::open::{ReplicationStatus, ServerStatus, TaskStatus};
use vsphere_replication::v2::types as t;

use super::state::{Action, Pairing, Place, Replication, Standing, State, Task};
use crate::course::{End, Stage};

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
    fn missing(self, fields: impl Iterator<Item = String>) -> Vec<t::MetaError> {
        let Some((code, message)) = self.reason() else { return Vec::new() };
        fields.map(|field| t::MetaError { code: text(code), message: text(message), field: Some(field) }).collect()
    }
}

/// How the objects are shown: when, to whom, and in which version of the API.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) state: &'a State,
    pub(crate) now: Duration,
    /// v1 writes the times of tasks as text.
    pub(crate) times_as_text: bool,
    /// Whether what comes from the remote site can be told.
    pub(crate) reach: Reach,
    /// Whether the slower members of a replication are told.
    pub(crate) extended: bool,
}

fn text(text: &str) -> Option<String> {
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
        name: text(place.name),
        server_status: Some(ServerStatus::Ok),
        certificates: Some(Vec::new()),
        certificate_warnings: Some(Vec::new()),
        version: text(version),
    }
}

/// The management server itself.
pub(crate) fn info(pairing: &Pairing) -> t::VrmsInfoDrResponseEntity {
    t::VrmsInfoDrResponseEntity {
        id: text(&pairing.local_vrms.id),
        url: Some(format!("https://{}:8043", pairing.local_vrms.name)),
        name: text(pairing.local_vrms.name),
        server_status: Some(ServerStatus::Ok),
        certificates: Some(Vec::new()),
        certificate_warnings: Some(Vec::new()),
        version: text(VERSION),
        vc_guid: text(&pairing.local_vc.id),
        vc_name: text(pairing.local_vc.name),
        extension_key: text("com.vmware.vcHms"),
        meta: Some(t::Metadata::default()),
    }
}

/// Errors of a single object, or none.
fn meta(errors: Vec<t::MetaError>) -> Option<t::Metadata> {
    Some(t::Metadata { errors: (!errors.is_empty()).then_some(errors) })
}

fn status(standing: Standing) -> ReplicationStatus {
    match standing {
        Standing { paused: true, .. } => ReplicationStatus::Paused,
        Standing { moving: Some(_), .. } => ReplicationStatus::Sync,
        _ => ReplicationStatus::Ok,
    }
}

/// Bytes that a synchronization moves.
const SIZE: i64 = 318_767_104;

/// Writes an object of the type `$name`, bare or with the envelope of a single answer.
macro_rules! replication {
    ($view:expr, $replication:expr, $name:ident { $($meta:tt)* }) => {{
        let (view, replication): (&View<'_>, &Replication) = ($view, $replication);
        let standing = view.state.standing(replication, view.now);
        let pairing = &view.state.pairing;
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
            source_site_name: text("site-a"),
            source_vc_id: text(&pairing.local_vc.id),
            target_site_name: text("site-b"),
            target_vc_id: text(&pairing.remote_vc.id),
            status: Some(t::CompoundReplicationStatus { status: Some(status(standing)), rpo_violation: Some(false) }),
            rpo: Some(60),
            type_: Some("VC_TO_VC".into()),
            replication_server_name: view.reach.is_whole().then(|| pairing.remote_vrms.name.to_owned()),
            recovery_solution: None,
            configuration_state: Some("OK".into()),
            configuration_error: None,
            last_group_error: None,
            recovery_state: Some("NOT_STARTED".into()),
            recovery_error: None,
            target_replication_server_uuid: view.reach.is_whole().then(|| pairing.replication_server.clone()),
            last_sync_time: Some(standing.last_sync.into()),
            last_sync_duration: view.extended.then_some(standing.last_duration),
            last_sync_size: view.extended.then_some(SIZE),
            current_rpo_violation: Some(0),
            quiescing_enabled: Some(false),
            network_compression_enabled: Some(true),
            encryption_enabled: Some(false),
            auto_replicate_new_disks_enabled: Some(true),
            mpit_enabled: Some(false),
            mpit_instances: Some(0),
            mpit_days: Some(0),
            sync_progress,
            vm_data_sets_replication_enabled: Some(false),
            enhanced_replication: Some(false),
            $($meta)*
        }
    }};
}

macro_rules! task {
    ($view:expr, $task:expr, $name:ident { $($meta:tt)* }) => {{
        let (view, task): (&View<'_>, &Task) = ($view, $task);
        let (status, error) = outcome(task, view.now);
        let full = !matches!(task.course.stage(view.now), Stage::Ended(End::Bare));
        let replication = view.state.replication_of(task).filter(|_| full);
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
            description: full.then(|| format!("{} replication", task.action.word())),
            description_id: full.then(|| format!("com.vmware.hms.task.{}", task.action.operation())),
            entity: replication.map(|replication| replication.id.clone()),
            entity_name: replication.map(|replication| replication.name.clone()),
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

impl Action {
    fn word(self) -> &'static str {
        match self {
            Self::Sync => "Sync",
            Self::Pause => "Pause",
            Self::Resume => "Resume",
        }
    }

    pub(crate) fn operation(self) -> &'static str {
        match self {
            Self::Sync => "syncReplication",
            Self::Pause => "pauseReplication",
            Self::Resume => "resumeReplication",
        }
    }
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

    fn remote_vc(&self) -> t::ServerInfo {
        let pairing = &self.state.pairing;
        // Without the remote site only the id is known here.
        if self.reach.is_whole() {
            vcenter(&pairing.remote_vc)
        } else {
            t::ServerInfo { id: text(&pairing.remote_vc.id), ..t::ServerInfo::default() }
        }
    }

    pub(crate) fn pairing(&self) -> t::Pairing {
        let pairing = &self.state.pairing;
        t::Pairing {
            pairing_id: pairing.id.clone(),
            local_vc_server: Some(vcenter(&pairing.local_vc)),
            remote_vc_server: Some(self.remote_vc()),
            local_vrms: Some(management(&pairing.local_vrms)),
            remote_vrms: self.reach.is_whole().then(|| management(&pairing.remote_vrms)),
        }
    }

    pub(crate) fn one_pairing(&self) -> t::PairingDrResponseEntity {
        let pairing = self.pairing();
        t::PairingDrResponseEntity {
            pairing_id: pairing.pairing_id,
            local_vc_server: pairing.local_vc_server,
            remote_vc_server: pairing.remote_vc_server,
            local_vrms: pairing.local_vrms,
            remote_vrms: pairing.remote_vrms,
            meta: meta(self.missing_of_pairing("$")),
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

//! What one CBR project has: vaults, backups, restore points, and the machines that are backed up.

use huawei_cbr::v3::types as t;
use jiff::Timestamp;

use crate::store::Store;

/// Provider of hybrid VMware backups, and of the kinds of resources in the cloud.
pub(crate) const HYBRID_PROVIDER: &str = "a13639de-00be-4e94-af30-26912d75e4a2";
const SERVER_PROVIDER: &str = "0daac4c5-6707-4851-97ba-169e36266b66";
const DISK_PROVIDER: &str = "d1603440-187d-4516-af25-121250c7cc97";
const TURBO_PROVIDER: &str = "3f3c3220-245c-4805-b811-758870015881";
const DESKTOP_PROVIDER: &str = "86a80900-71bf-4961-956a-d52df944f84a";

/// Megabytes of a backup.
pub(crate) const BACKUP_SIZE: i64 = 10_240;

/// States of vaults, backups and resources, as the vendor writes them.
pub(crate) const AVAILABLE: &str = "available";
pub(crate) const PROTECTING: &str = "protecting";
pub(crate) const RESTORING: &str = "restoring";
pub(crate) const REMOVING: &str = "removing";
pub(crate) const DELETING: &str = "deleting";
pub(crate) const ERROR: &str = "error";

/// Something that can be backed up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Resource {
    pub(crate) id: String,
    pub(crate) name: String,
    /// `OS::Nova::Server` and the like.
    pub(crate) kind: String,
    /// GB.
    pub(crate) size: i64,
}

/// A resource outside all vaults, or in one.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    pub(crate) resource: Resource,
    /// The server that a disk is attached to.
    pub(crate) server: Option<String>,
    /// It can be backed up.
    pub(crate) sound: bool,
}

/// A resource in a vault.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) resource: Resource,
    /// State of its protection.
    pub(crate) status: &'static str,
    /// The policies of the vault leave it out.
    pub(crate) suspended: bool,
    pub(crate) extra: Option<t::ResourceExtraInfo>,
}

impl Member {
    pub(crate) fn new(resource: Resource) -> Self {
        Self { resource, status: AVAILABLE, suspended: false, extra: None }
    }
}

/// A policy of a vault.
#[derive(Clone, Debug)]
pub(crate) struct Attached {
    pub(crate) policy: String,
    /// Where replicas go.
    pub(crate) destination: Option<String>,
}

/// A vault.
#[derive(Clone, Debug)]
pub(crate) struct Vault {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) hybrid: bool,
    /// `server`, `disk`, …
    pub(crate) object: String,
    /// `backup` or `replication`.
    pub(crate) protect: String,
    pub(crate) consistent: String,
    pub(crate) status: &'static str,
    /// GB.
    pub(crate) size: i64,
    /// The order that a yearly or monthly vault was bought with.
    pub(crate) order: Option<String>,
    pub(crate) multi_az: bool,
    /// Bucket of a hybrid vault.
    pub(crate) bucket: String,
    pub(crate) members: Vec<Member>,
    pub(crate) policies: Vec<Attached>,
    pub(crate) tags: Vec<t::Tag>,
    /// What is only kept and shown.
    pub(crate) shown: Box<t::Vault>,
    /// What names of backups begin with.
    pub(crate) prefix: String,
    /// Backups in the bucket that the vault does not know.
    pub(crate) unknown: Vec<Backup>,
    /// Its newest synchronization as a whole.
    pub(crate) newest: Option<String>,
}

impl Vault {
    /// `backup`, `replication` or `hybrid`.
    pub(crate) fn protect_type(&self) -> &str {
        if self.hybrid { "hybrid" } else { &self.protect }
    }

    pub(crate) fn cloud_type(&self) -> &'static str {
        if self.hybrid { "hybrid" } else { "public" }
    }

    pub(crate) fn provider(&self) -> &'static str {
        match self.object.as_str() {
            _ if self.hybrid => HYBRID_PROVIDER,
            "disk" => DISK_PROVIDER,
            "turbo" => TURBO_PROVIDER,
            "workspace" => DESKTOP_PROVIDER,
            _ => SERVER_PROVIDER,
        }
    }

    /// The product that it is.
    pub(crate) fn spec_code(&self) -> &'static str {
        match (self.hybrid, self.protect.as_str(), self.object.as_str()) {
            (true, _, _) => "vault.hybrid.server.normal",
            (_, "replication", _) => "vault.replication.server.normal",
            (_, _, "disk") => "vault.backup.volume.normal",
            (_, _, "turbo") => "vault.backup.turbo.normal",
            (_, _, "rds") => "vault.backup.database.normal",
            _ => "vault.backup.server.normal",
        }
    }

    /// Whether it takes resources of this type.
    pub(crate) fn takes(&self, kind: &str) -> bool {
        match self.object.as_str() {
            "server" => matches!(kind, "OS::Nova::Server" | "OS::Ironic::BareMetalServer"),
            "disk" => kind == "OS::Cinder::Volume",
            "turbo" => kind == "OS::Sfs::Turbo",
            "workspace" => kind == "OS::Workspace::DesktopV2",
            "vmware" => matches!(kind, "OS::VMware::Server" | "OS::Native::Server"),
            "file" => kind == "OS::Native::Server",
            _ => false,
        }
    }

    /// GB of its resources.
    pub(crate) fn allocated(&self) -> i64 {
        self.members.iter().map(|member| member.resource.size).sum()
    }

    pub(crate) fn member(&self, id: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.resource.id == id)
    }

    pub(crate) fn member_mut(&mut self, id: &str) -> Option<&mut Member> {
        self.members.iter_mut().find(|member| member.resource.id == id)
    }

    /// Its backups have been paid for a time, not by use.
    pub(crate) fn charging_mode(&self) -> &'static str {
        if self.order.is_some() { "pre_paid" } else { "post_paid" }
    }

    pub(crate) fn locked(&self) -> bool {
        self.shown.locked == Some(true)
    }
}

/// A backup.
#[derive(Clone, Debug)]
pub(crate) struct Backup {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) checkpoint: String,
    pub(crate) vault: String,
    pub(crate) resource: Resource,
    /// Seconds since 1970.
    pub(crate) created: i64,
    pub(crate) status: &'static str,
    pub(crate) description: Option<String>,
    pub(crate) expires: Option<Timestamp>,
    /// Made by a schedule, perhaps one of this policy.
    pub(crate) automatic: bool,
    pub(crate) policy: Option<String>,
    pub(crate) incremental: bool,
    /// Backups of its disks: id, and the disk.
    pub(crate) disks: Vec<(String, Resource)>,
    pub(crate) replicas: Vec<Replica>,
}

impl Backup {
    /// One that somebody made by hand and that stays for ever.
    pub(crate) fn new(id: String, name: String, vault: String, resource: Resource, created: i64) -> Self {
        Self {
            id,
            name,
            checkpoint: String::new(),
            vault,
            resource,
            created,
            status: AVAILABLE,
            description: None,
            expires: None,
            automatic: false,
            policy: None,
            incremental: false,
            disks: Vec::new(),
            replicas: Vec::new(),
        }
    }
}

/// A copy of a backup in another region, and the task that makes it.
#[derive(Clone, Debug)]
pub(crate) struct Replica {
    /// Without its state, which is that of the task.
    pub(crate) shown: t::ReplicationRecordGet,
    pub(crate) task: String,
}

/// The other region, where replicas go.
#[derive(Debug)]
pub(crate) struct Away {
    pub(crate) region: String,
    pub(crate) project: String,
    pub(crate) vaults: Store<Vault>,
}

/// A restore point of a whole vault.
#[derive(Clone, Debug)]
pub(crate) struct Checkpoint {
    pub(crate) id: String,
    /// Seconds since 1970.
    pub(crate) created: i64,
    pub(crate) vault: String,
    /// The resources that it is about.
    pub(crate) resources: Vec<Resource>,
    pub(crate) skipped: Vec<t::CheckpointCreateSkippedResource>,
    pub(crate) extra: Option<t::CheckpointExtraInfoResp>,
}

//! What the vCenters at both ends have: virtual machines with their disks.

use std::collections::HashSet;

use vsphere_replication::v2::open::VmValidationStatus as Validation;
use vsphere_replication::v2::types as t;

use super::desk::{Answered, Desk, paged};
use super::state::{Place, Refusal, State};
use super::storage::{POLICIES, datastores};
use super::views::{Holds, text};

/// One end of a pairing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Site {
    Local,
    Remote,
}

impl Site {
    pub(crate) fn other(self) -> Self {
        match self {
            Self::Local => Self::Remote,
            Self::Remote => Self::Local,
        }
    }

    /// The letter that its names hold.
    pub(crate) fn letter(self) -> char {
        match self {
            Self::Local => 'a',
            Self::Remote => 'b',
        }
    }
}

/// What sets a virtual machine apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Usual,
    Template,
    RawDisk,
    Encrypted,
    /// Belongs to a solution.
    Managed,
    /// The check of it fails.
    Odd,
    /// Runs a replication server.
    Server,
}

impl Kind {
    pub(crate) fn is_suitable(self) -> bool {
        self.validation() == Validation::Ok
    }

    fn validation(self) -> Validation {
        match self {
            Self::Usual | Self::Encrypted => Validation::Ok,
            Self::Template => Validation::IsVmTemplate,
            Self::RawDisk => Validation::PhysicalRdmDiskFound,
            Self::Managed | Self::Server => Validation::IsEamVm,
            Self::Odd => Validation::Error,
        }
    }
}

/// A virtual machine.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) kind: Kind,
}

/// Machines beside those that have been replicated from the beginning: number, name, kind. The names end with the letter
/// of the site.
const MORE: [(u32, &str, Kind); 8] = [
    (9001, "free-01", Kind::Usual),
    (9002, "free-02", Kind::Usual),
    (9003, "template-01", Kind::Template),
    (9004, "raw-01", Kind::RawDisk),
    (9005, "secret-01", Kind::Encrypted),
    (9006, "agent-01", Kind::Managed),
    (9007, "odd-01", Kind::Odd),
    (9008, "vrs-2", Kind::Server),
];

/// The machines of a vCenter.
pub(crate) fn machines(state: &State, place: &Place, site: Site) -> Vec<Machine> {
    let usual = |number: &(u32, &str, Kind)| Machine {
        id: format!("VirtualMachine:vm-{}:{}", number.0, place.id),
        name: format!("{}-{}", number.1, site.letter()),
        kind: number.2,
    };
    let mut machines: Vec<Machine> = MORE.iter().map(usual).collect();
    let mut known: HashSet<String> = machines.iter().map(|machine| machine.id.clone()).collect();
    for replication in state.all_replications().iter().filter(|replication| replication.vm.ends_with(&place.id)) {
        if known.insert(replication.vm.clone()) {
            machines.push(Machine { id: replication.vm.clone(), name: replication.name.clone(), kind: Kind::Usual });
        }
    }
    machines
}

/// Key of the pseudo-disk for the folder of a machine, and of its one disk.
const KEYS: [i64; 2] = [0, 2000];

pub(crate) fn has_disk(key: Option<i64>) -> bool {
    key.is_some_and(|key| KEYS.contains(&key))
}

/// The disks of a machine: its folder and one disk.
pub(crate) fn disks(machine: &Machine, place: &Place, site: Site) -> Vec<t::VmDisk> {
    let store = datastores(place, site).into_iter().next().unwrap_or_default();
    let disk = |key: i64, file: &str| {
        let home = key == KEYS[0];
        let raw = machine.kind == Kind::RawDisk && !home;
        t::VmDisk {
            vm_id: text(&machine.id),
            device_key: Some(key),
            is_vm_home: Some(home),
            encrypted: Some(machine.kind == Kind::Encrypted),
            capacity: Some(if home { 0 } else { 41_943_040 }),
            source_disk_format: Some(if raw { "RDM" } else { "THIN" }.into()),
            source_path: Some(t::DatastorePathData {
                datastore_id: store.id.clone(),
                datastore_name: store.name.clone(),
                path: text(&machine.name),
                filename: Some(format!("{}.{file}", machine.name)),
            }),
            source_storage_policy_name: (!home).then(|| POLICIES[0].1.to_owned()),
            source_storage_policy_id: text(if home { "dsbrowser.defaultStoragePolicy" } else { POLICIES[0].0 }),
            label: text(if home { "VM home" } else { "Hard disk 1" }),
            controller_key: Some(if home { 0 } else { 1000 }),
            controller_label: (!home).then(|| "SCSI controller 0".to_owned()),
            supported_for_replication: Some(!raw),
        }
    };
    vec![disk(KEYS[0], "vmx"), disk(KEYS[1], "vmdk")]
}

fn shown(machine: &Machine, place: &Place, site: Site) -> t::VirtualMachine {
    let owner =
        t::VirtualMachineManagedByInfo { extension_key: text("com.vmware.vim.eam"), type_: text("cluster-agent") };
    t::VirtualMachine {
        id: text(&machine.id),
        name: text(&machine.name),
        power_state: Some(if machine.kind == Kind::Template { "POWERED_OFF" } else { "POWERED_ON" }.into()),
        connection_state: Some("CONNECTED".into()),
        template: Some(machine.kind == Kind::Template),
        managed_by_info: (machine.kind == Kind::Managed).then_some(owner),
        vr_privilege_granted: Some(true),
        disks: Some(disks(machine, place, site)),
    }
}

impl Desk<'_> {
    /// The end whose vCenter the path names.
    pub(crate) fn vcenter(&self) -> Result<Site, Refusal> {
        let sites = [Site::Local, Site::Remote];
        let named = |site: &Site| self.place(*site).id.eq_ignore_ascii_case(self.call.param(1));
        sites.into_iter().find(named).ok_or(Refusal::Unknown)
    }

    fn is_replicated(&self, machine: &Machine) -> bool {
        self.state.replications().any(|replication| replication.vm == machine.id)
    }

    pub(crate) fn virtual_machines(&self) -> Answered {
        let site = self.vcenter()?;
        let place = self.place(site);
        let suitable = self.call.pairs().truth("suitable_for_replication") == Some(true);
        let wanted = |machine: &Machine| !suitable || (machine.kind.is_suitable() && !self.is_replicated(machine));
        let machines = machines(self.state, place, site).into_iter().filter(wanted);
        let shown: Vec<t::VirtualMachine> = machines.map(|machine| shown(&machine, place, site)).collect();
        paged!(self, VirtualMachineDrResponseList, Holds::Machines, shown)
    }

    /// The machine that the path names.
    fn machine_of_path(&self) -> Result<(Machine, Site), Refusal> {
        let site = self.vcenter()?;
        let id = self.call.param(2);
        let found = machines(self.state, self.place(site), site).into_iter().find(|machine| machine.id == id);
        Ok((found.ok_or(Refusal::Unknown)?, site))
    }

    pub(crate) fn disks_of_machine(&self) -> Answered {
        let (machine, site) = self.machine_of_path()?;
        paged!(self, VmDiskDrResponseList, Holds::Disks, disks(&machine, self.place(site), site))
    }

    pub(crate) fn capability(&self) -> Answered {
        let (machine, _) = self.machine_of_path()?;
        let encrypted = machine.kind == Kind::Encrypted;
        let validation =
            if self.is_replicated(&machine) { Validation::AlreadyConfigured } else { machine.kind.validation() };
        let reasons = match &validation {
            Validation::Ok => Vec::new(),
            other => vec![Some(format!("The virtual machine cannot be replicated: {other}."))],
        };
        let capabilities = t::VmCapabilitiesDrResponseEntity {
            vm_id: Some(machine.id),
            vm_validation_status: Some(validation),
            quiescing_supported: Some(true),
            network_compression_supported: Some(true),
            mpit_supported: Some(true),
            lwd_encryption_supported: Some(true),
            vm_crypt_supported: Some(true),
            vm_encrypted: Some(encrypted),
            vm_encryption_key_provider_type: encrypted.then(|| "nativeProvider".to_owned()),
            replication_not_supported_reasons: Some(reasons),
            auto_replicate_new_disks_supported: Some(true),
            min_rpo_mins: Some(5),
            nvme_disk_controller_supported: Some(false),
            ds_cluster_as_target_supported: Some(true),
            reconfigure_vm_disks_supported: Some(true),
            meta: Some(t::Metadata::default()),
        };
        Ok(self.view().object(200, Holds::Capabilities, &capabilities))
    }

    /// The disks of a replicated machine, each with the place of its replica.
    pub(crate) fn replicated_disks(&self) -> Answered {
        let replication = self.state.replication(self.pairing, self.call.param(1)).ok_or(Refusal::Unknown)?;
        let source = if replication.inbound { Site::Remote } else { Site::Local };
        let target = source.other();
        let machine = Machine { id: replication.vm.clone(), name: replication.name.clone(), kind: Kind::Usual };
        let stores = datastores(self.place(target), target);
        let placed = |disk: t::VmDisk| {
            let asked = replication.spec.as_ref().map(|spec| {
                spec.disks
                    .iter()
                    .find(|asked| asked.vm_disk.device_key == disk.device_key && asked.enabled_for_replication)
            });
            // Without settings of somebody, every disk is replicated to the first datastore.
            let (replicated, store, policy) = match asked {
                None => (true, stores.first(), None),
                Some(None) => (false, None, None),
                Some(Some(asked)) => {
                    let store = stores.iter().find(|s| s.id.as_ref() == Some(&asked.destination_datastore_id));
                    (true, store, asked.destination_storage_policy_id.clone())
                }
            };
            let name = policy.as_deref().and_then(|id| POLICIES.iter().find(|policy| policy.0 == id));
            t::ReplicatedVmDisk {
                replicated: Some(replicated),
                destination_path: store.map(|store| t::DestinationDatastorePathData {
                    datastore_id: store.id.clone(),
                    datastore_name: store.name.clone(),
                    path: text(&machine.name),
                    filename: disk.source_path.as_ref().and_then(|path| path.filename.clone()),
                }),
                destination_storage_policy_id: policy.clone(),
                destination_storage_policy_name: name.map(|policy| policy.1.to_owned()),
                replica_disk_usage: replicated.then_some(0),
                vm_disk: Some(disk),
            }
        };
        let disks: Vec<t::ReplicatedVmDisk> =
            disks(&machine, self.place(source), source).into_iter().map(placed).collect();
        let count = disks.len();
        let missing = self.reach.missing((0..count).map(|item| format!("$.list[{item}].destination_path")));
        let disks = disks.into_iter().map(|disk| self.without_remote(disk)).collect::<Vec<_>>();
        paged!(self, ReplicatedVmDiskDrResponseList, Holds::ReplicatedDisks, disks, missing)
    }

    /// Without the remote site nothing is known of the place of a replica.
    fn without_remote(&self, disk: t::ReplicatedVmDisk) -> t::ReplicatedVmDisk {
        if self.reach.is_whole() { disk } else { t::ReplicatedVmDisk { destination_path: None, ..disk } }
    }
}

//! Datastores and storage policies of the vCenters at both ends, and what lies on the datastores.

use vsphere_replication::v2::types as t;

use super::desk::{Answered, Desk, paged};
use super::inventory::{Site, machines};
use super::state::{Place, Refusal};
use super::views::{Holds, text};

/// Ids and names of the storage policies of every vCenter; the second is the one that encrypts.
pub(crate) const POLICIES: [(&str, &str); 2] = [
    ("4d5f673c-536f-11e6-beb8-9e71128cae77", "VM default policy"),
    ("a1f0c3d2-7b64-4e59-9d08-25c6be31f7a4", "VM encryption policy"),
];

/// Folder of the starting copies on every datastore.
const SEEDS: &str = "seeds";
/// Size of a starting copy.
const SEED_BYTES: i64 = 23_622_320_128;

pub(crate) fn has_policy(id: &str) -> bool {
    POLICIES.iter().any(|policy| policy.0 == id)
}

/// Two datastores and a cluster.
pub(crate) fn datastores(place: &Place, site: Site) -> Vec<t::Datastore> {
    let letter = site.letter();
    let store = |number: u32, name: String, free: i64| t::Datastore {
        id: Some(format!("Datastore:datastore-{number}:{}", place.id)),
        name: Some(name),
        parent: Some(format!("Folder:group-s5:{}", place.id)),
        parent_name: text("datastore"),
        capacity: Some(2_199_023_255_552),
        free_space: Some(free),
        file_system_type: Some("VMFS".into()),
        maintenance_mode: text("normal"),
        overall_status: Some("GREEN".into()),
        accessible: Some(true),
        type_: Some("DATASTORE".into()),
        nkp_supported: Some(true),
        path: Some(format!("ds:///vmfs/volumes/{number}/")),
    };
    let cluster = t::Datastore {
        id: Some(format!("StoragePod:group-p61:{}", place.id)),
        name: Some(format!("site-{letter}-pod")),
        file_system_type: None,
        maintenance_mode: None,
        overall_status: Some("YELLOW".into()),
        type_: Some("STORAGE_POD".into()),
        path: None,
        ..store(61, String::new(), 824_633_720_832)
    };
    vec![
        store(15, format!("site-{letter}-vmfs-01"), 824_633_720_832),
        store(37, format!("site-{letter}-vmfs-02"), 1_649_267_441_664),
        cluster,
    ]
}

pub(crate) fn datastore(place: &Place, site: Site, id: &str) -> Option<t::Datastore> {
    datastores(place, site).into_iter().find(|store| store.id.as_deref() == Some(id))
}

impl Desk<'_> {
    pub(crate) fn target_datastores(&self) -> Answered {
        let site = self.vcenter()?;
        paged!(self, DatastoreDrResponseList, Holds::Datastores, datastores(self.place(site), site))
    }

    /// The datastore that the path names.
    fn datastore_of_path(&self) -> Result<(t::Datastore, Site), Refusal> {
        let site = self.vcenter()?;
        Ok((datastore(self.place(site), site, self.call.param(2)).ok_or(Refusal::Unknown)?, site))
    }

    pub(crate) fn browse(&self) -> Answered {
        let (store, site) = self.datastore_of_path()?;
        // The vendor does not mark the body as required.
        let asked: t::DatastoreBrowserRequest =
            if self.call.body.is_empty() { t::DatastoreBrowserRequest::default() } else { self.body()? };
        let folder = asked.browse_path.unwrap_or_default();
        let folder = folder.trim_matches('/');
        if !["", SEEDS].contains(&folder) {
            return Err(Refusal::Request(format!("There is no folder {folder}.")));
        }
        let kind = asked.query_type.as_ref().map_or("ALL_FILES", |kind| kind.as_str());
        let wanted = |file: &str| match kind {
            "ALL_FILES" => true,
            "FOLDERS" => file == "FOLDER",
            "VM_CONFIG_FILES" => file == "VM_CONFIG",
            other => file == other,
        };
        let name = store.name.unwrap_or_default();
        let file = |path: String, kind: &'static str, size| t::DatastoreBrowserResult {
            name: path.rsplit('/').next().map(str::to_owned),
            path: Some(format!("[{name}] {path}")),
            size: Some(size),
            file_type: Some(kind.into()),
        };
        let at_root = folder.is_empty().then(|| file(SEEDS.to_owned(), "FOLDER", 0));
        let below = !folder.is_empty() || asked.sub_folders == Some(true);
        let source = site.other();
        let seeds = machines(self.state, self.place(source), source).into_iter().filter(|_| below);
        let seeds = seeds.map(|machine| file(format!("{SEEDS}/{}.vmdk", machine.name), "VM_DISK", SEED_BYTES));
        let files = at_root.into_iter().chain(seeds);
        let found: Vec<t::DatastoreBrowserResult> =
            files.filter(|file| file.file_type.as_ref().is_some_and(|kind| wanted(kind.as_str()))).collect();
        paged!(self, DatastoreBrowserResultDrResponseList, Holds::Whole, found)
    }

    pub(crate) fn find_seeds(&self) -> Answered {
        let (_, site) = self.datastore_of_path()?;
        let asked: Vec<t::VmDiskFindSeedSpec> = self.body()?;
        let source = site.other();
        let machines = machines(self.state, self.place(source), source);
        let mut found = Vec::new();
        for spec in asked {
            let disk = spec.vm_disk;
            let machine = machines.iter().find(|machine| disk.vm_id.as_ref() == Some(&machine.id));
            let Some(machine) = machine else {
                let id = disk.vm_id.unwrap_or_default();
                return Err(Refusal::Request(format!("There is no virtual machine {id}.")));
            };
            // The folder of a machine has no starting copy.
            let seed = disk.device_key.is_some_and(|key| key != 0);
            let paths = seed.then(|| vec![Some(format!("{SEEDS}/{}.vmdk", machine.name))]);
            found.push(t::VmDiskSeedInformation { vm_disk: Some(disk), found_seeds: paths });
        }
        paged!(self, VmDiskSeedInformationDrResponseList, Holds::Seeds, found)
    }

    pub(crate) fn policies(&self) -> Answered {
        self.vcenter()?;
        let policy = |(number, (id, name)): (usize, &(&str, &str))| t::StoragePolicy {
            storage_policy_name: text(name),
            storage_policy_id: text(id),
            vm_encryption_supported: Some(number == 1),
        };
        let policies: Vec<t::StoragePolicy> = POLICIES.iter().enumerate().map(policy).collect();
        paged!(self, StoragePolicyDrResponseList, Holds::Whole, policies)
    }

    pub(crate) fn compliance(&self) -> Answered {
        let site = self.vcenter()?;
        let policy = self.call.param(2);
        if !has_policy(policy) {
            return Err(Refusal::Unknown);
        }
        let asked: Vec<String> = self.body()?;
        let mut verdicts = Vec::new();
        for id in asked {
            let store = datastore(self.place(site), site, &id);
            let Some(store) = store else {
                return Err(Refusal::Request(format!("There is no datastore {id}.")));
            };
            // Clusters cannot hold what is encrypted.
            let compliant = policy == POLICIES[0].0 || store.path.is_some();
            let why = (!compliant).then(|| "The datastore cannot hold encrypted virtual machines.".to_owned());
            verdicts.push(t::StoragePolicyComplianceCheckData {
                storage_policy_id: text(policy),
                datastore: Some(id),
                compliant: Some(compliant),
                not_compliant_detailed_message: why,
            });
        }
        paged!(self, StoragePolicyComplianceCheckDataDrResponseList, Holds::Verdicts, verdicts)
    }
}

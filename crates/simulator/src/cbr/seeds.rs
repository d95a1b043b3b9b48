//! What a CBR project has in the beginning.

use super::domains::Account;
use super::things::{Away, Backup, Machine, Member, Resource, Vault};
use super::views;
use crate::clock::SimClock;
use crate::ids::Ids;
use crate::settings::{Settings, Words};
use crate::store::Store;

use huawei_cbr::v3::types as t;

const WORDS: Words = Words { usual: &[("hybrid-1", true), ("vault-web", false)], ready: "hybrid", other: "vault" };

/// GB of a usual machine, and of a usual vault.
const MACHINE_SIZE: i64 = 40;
const VAULT_SIZE: i64 = 200;

/// Machines in no vault: name, type, GB, whether they can be backed up.
const FREE: [(&str, &str, i64, bool); 9] = [
    ("free-01", "OS::Nova::Server", 40, true),
    ("free-02", "OS::Nova::Server", 80, true),
    ("broken-01", "OS::Nova::Server", 40, false),
    ("metal-01", "OS::Ironic::BareMetalServer", 400, true),
    ("data-01", "OS::Cinder::Volume", 20, true),
    ("data-02", "OS::Cinder::Volume", 100, true),
    ("share-01", "OS::Sfs::Turbo", 500, true),
    ("desktop-01", "OS::Workspace::DesktopV2", 80, true),
    ("esx-vm-01", "OS::VMware::Server", 60, true),
];

/// What there is.
pub(crate) struct Seeds {
    pub(crate) ids: Ids,
    pub(crate) vaults: Store<Vault>,
    pub(crate) backups: Store<Backup>,
    pub(crate) machines: Store<Machine>,
    pub(crate) away: Away,
    /// The account of another company, to share backups with.
    pub(crate) accounts: Vec<Account>,
}

/// A vault without anything in it.
pub(crate) fn vault(id: String, name: String, hybrid: bool, created: String) -> Vault {
    let shown = t::Vault {
        id: id.clone(),
        name: None,
        billing: None,
        description: Some(String::new()),
        project_id: None,
        provider_id: None,
        resources: None,
        tags: None,
        enterprise_project_id: Some("0".into()),
        auto_bind: Some(false),
        bind_rules: Some(t::VaultBindRules { tags: Some(Vec::new()) }),
        user_id: None,
        created_at: Some(created),
        auto_expand: Some(false),
        smn_notify: Some(true),
        threshold: Some(80),
        sys_lock_source_service: Some("".into()),
        locked: Some(false),
        availability_zone: None,
    };
    Vault {
        id,
        name,
        hybrid,
        object: if hybrid { "vmware" } else { "server" }.to_owned(),
        protect: "backup".to_owned(),
        consistent: "crash_consistent".to_owned(),
        status: super::things::AVAILABLE,
        size: VAULT_SIZE,
        order: None,
        multi_az: false,
        bucket: String::new(),
        members: Vec::new(),
        policies: Vec::new(),
        tags: Vec::new(),
        shown: Box::new(shown),
        prefix: String::new(),
        unknown: Vec::new(),
        newest: None,
    }
}

/// Makes it all. `ids` are of the vaults and their backups, `more` of whatever else is there.
pub(crate) fn make(mut ids: Ids, more: &mut Ids, settings: &Settings, clock: &SimClock) -> Seeds {
    let (mut vaults, mut backups, mut machines) = (Store::default(), Store::default(), Store::default());
    let (epoch, created) = (clock.epoch().as_second(), views::time(clock.epoch()));
    let names = settings.names(&WORDS, |number| format!("hybrid-{}", number + 1));
    for (index, (name, hybrid)) in names.into_iter().enumerate() {
        let kind = if hybrid { "OS::VMware::Server" } else { "OS::Nova::Server" };
        let (id, name_of_machine) = (ids.uuid(), format!("vm-{index}"));
        let resource = Resource { id, name: name_of_machine, kind: kind.to_owned(), size: MACHINE_SIZE };
        let backup = |ids: &mut Ids, name: String, days: i64| {
            let (id, checkpoint) = (ids.uuid(), ids.uuid());
            let backup = Backup::new(id, name, String::new(), resource.clone(), epoch - days * 86_400);
            Backup { checkpoint, ..backup }
        };
        let known = backup(&mut ids, format!("nightly-{index}-00"), 9);
        let unknown = (1..=settings.backups_per_vault).filter(|_| hybrid);
        let unknown: Vec<Backup> =
            unknown.map(|number| backup(&mut ids, format!("nightly-{index}-{number:02}"), 9 - number as i64)).collect();
        let id = ids.uuid();
        let of_vault = |backup: Backup| Backup { vault: id.clone(), ..backup };
        backups.keep(known.id.clone(), of_vault(known));
        let mut vault = vault(id.clone(), name, hybrid, created.clone());
        vault.bucket = format!("cbr-hybrid-{index:04}");
        vault.unknown = unknown.into_iter().map(of_vault).collect();
        vault.members.push(Member::new(resource.clone()));
        vaults.keep(id, vault);
        machine(&mut machines, more, resource, true);
    }
    for (name, kind, size, sound) in FREE {
        let resource = Resource { id: more.uuid(), name: name.to_owned(), kind: kind.to_owned(), size };
        machine(&mut machines, more, resource, sound);
    }
    let accounts = vec![Account::new("partner-account", more)];
    Seeds { ids, vaults, backups, machines, away: away(more, created), accounts }
}

/// The other region with a vault for replicas.
fn away(ids: &mut Ids, created: String) -> Away {
    let mut vaults = Store::default();
    let mut replicas = vault(ids.uuid(), "replica-1".to_owned(), false, created);
    replicas.protect = "replication".to_owned();
    vaults.keep(replicas.id.clone(), replicas);
    Away { region: "ap-southeast-1".to_owned(), project: ids.hex(), vaults }
}

/// A machine; a server has a disk.
fn machine(machines: &mut Store<Machine>, ids: &mut Ids, resource: Resource, sound: bool) {
    let disk = (resource.kind == "OS::Nova::Server").then(|| Resource {
        id: ids.uuid(),
        name: format!("{}-disk", resource.name),
        kind: "OS::Cinder::Volume".to_owned(),
        size: resource.size,
    });
    let server = resource.id.clone();
    machines.keep(server.clone(), Machine { resource, server: None, sound });
    if let Some(disk) = disk {
        machines.keep(disk.id.clone(), Machine { resource: disk, server: Some(server), sound });
    }
}

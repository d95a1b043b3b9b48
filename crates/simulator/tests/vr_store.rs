//! vSphere Replication beyond the synchronization, with the typed client: what was made is listed, read, changed and
//! removed, and every task is waited for by the engine's own loop.

mod common;

use std::sync::Arc;

use backup_sync_engine::{MemoryJournal, Options, Outcome, Report, Run, Stop};
use backup_sync_simulator::{Behaviour, Scripted, Settings, SimClock, Simulator};
use common::{Anything, Checked, Flowing, only, vr_config};
use serde_json::{Value, json};
use vsphere_replication::v2::Client;
use vsphere_replication::v2::types::{self as t, Task};
use vsphere_replication::{Config, VsphereReplication};

/// An appliance, a connection to it, and the ids that the calls need.
struct Stage {
    simulator: Checked,
    vr: VsphereReplication,
    pairing: String,
    local_vc: String,
    remote_vc: String,
    remote_vrms: String,
}

fn id(server: &Option<t::ServerInfo>) -> Result<String, Box<dyn std::error::Error>> {
    Ok(server.as_ref().and_then(|server| server.id.clone()).ok_or("no id")?)
}

impl Stage {
    async fn new() -> Result<Self, Box<dyn std::error::Error>> {
        let settings = Settings { vr_session_limit: 0, vr_address_limit: 0, ..Settings::default() };
        let builder = Simulator::builder().vsphere_replication("site").settings(settings).clock(SimClock::speed(1.0));
        let simulator = Checked::start(builder).await?;
        let clock = Arc::new(Flowing(simulator.clock().clone()));
        let config = Config { clock, ..vr_config(&simulator, only(&simulator)?) };
        let vr = VsphereReplication::connect(&config).await?;
        let pairing = vr.pairings().all().await?.into_iter().next().ok_or("no pairing")?;
        let (local_vc, remote_vc) = (id(&pairing.local_vc_server)?, id(&pairing.remote_vc_server)?);
        let remote_vrms = id(&pairing.remote_vrms)?;
        Ok(Self { simulator, vr, pairing: pairing.pairing_id, local_vc, remote_vc, remote_vrms })
    }

    fn api(&self) -> &Client {
        self.vr.client()
    }

    /// Waits for tasks.
    async fn wait(&self, tasks: impl IntoIterator<Item = impl Into<Task>>) -> Report {
        let run = Run {
            options: Options::default(),
            clock: Arc::new(Flowing(self.simulator.clock().clone())),
            journal: Arc::new(MemoryJournal::default()),
            sink: Arc::new(|_| {}),
            stop: Stop::default(),
        };
        run.execute(vec![self.vr.watch(tasks)]).await
    }

    /// Waits for one task that has to succeed.
    async fn done(&self, task: impl Into<Task>) -> Anything {
        let report = self.wait([task]).await;
        let outcome = &report.targets[0].outcome;
        assert!(matches!(outcome, Outcome::Succeeded { .. }), "{outcome:?}");
        Ok(())
    }

    fn machine(&self, number: u32) -> String {
        format!("VirtualMachine:vm-{number}:{}", self.local_vc)
    }

    /// A wish for a machine of the local vCenter.
    fn wish(&self, vm: &str) -> Value {
        let disk = |key: u32| {
            json!({"vm_disk": {"vm_id": vm, "device_key": key}, "enabled_for_replication": key != 0,
                "destination_datastore_id": format!("Datastore:datastore-37:{}", self.remote_vc),
                "destination_disk_format": "THIN"})
        };
        json!({"vm_id": vm, "target_vc_id": self.remote_vc, "rpo": 15, "quiesce_enabled": true,
            "network_compression_enabled": true, "mpit_enabled": true, "mpit_instances": 2, "mpit_days": 3,
            "auto_replicate_new_disks": false, "lwd_encryption_enabled": true, "disks": [disk(0), disk(2000)]})
    }

    async fn configure(&self, wishes: Vec<Value>) -> Result<Vec<Task>, Box<dyn std::error::Error>> {
        let body: Vec<t::ConfigureReplicationSpec> = serde_json::from_value(json!(wishes))?;
        let answer = self.api().configure_replication().pairing_id(&self.pairing).body(body).send().await?;
        Ok(answer.into_inner().list.unwrap_or_default())
    }

    async fn replication(&self, id: &str) -> Result<Value, Box<dyn std::error::Error>> {
        let one = self.api().get_replication_info().pairing_id(&self.pairing).replication_id(id).send().await?;
        Ok(serde_json::to_value(one.into_inner())?)
    }

    async fn count(&self) -> Result<i64, Box<dyn std::error::Error>> {
        Ok(self.api().get_replications_count().pairing_id(&self.pairing).send().await?.count)
    }
}

/// The list answer: one task for each item, all waited for at once.
#[tokio::test(start_paused = true)]
async fn a_replication_is_configured_changed_and_removed() -> Anything {
    let stage = Stage::new().await?;
    let [first, second] = [9001, 9002].map(|number| stage.machine(number));
    let tasks = stage.configure(vec![stage.wish(&first), stage.wish(&second)]).await?;
    assert_eq!(tasks.len(), 2);
    let made = tasks[0].entity.clone().ok_or("no entity")?;
    assert_eq!(stage.replication(&made).await?["status"]["status"], "CONFIGURING");
    let report = stage.wait(tasks).await;
    assert_eq!(report.summary.succeeded, 2, "{report:?}");
    assert_eq!(stage.count().await?, 5);
    let shown = stage.replication(&made).await?;
    // The settings have other names in answers than in requests.
    for (name, expected) in [
        ("name", json!("free-01-a")),
        ("rpo", json!(15)),
        ("quiescing_enabled", json!(true)),
        ("encryption_enabled", json!(true)),
        ("auto_replicate_new_disks_enabled", json!(false)),
        ("mpit_days", json!(3)),
        ("configuration_state", json!("OK")),
    ] {
        assert_eq!(shown[name], expected, "{name}");
    }
    assert!(shown["last_sync_time"].as_i64() > Some(0));

    let disks = stage.api().get_replicated_vm_disks().pairing_id(&stage.pairing).replication_id(&made).send().await?;
    let disks = serde_json::to_value(disks.into_inner())?["list"].clone();
    assert_eq!((&disks[0]["replicated"], disks[0].get("destination_path")), (&json!(false), None), "left out");
    assert_eq!(disks[1]["destination_path"]["datastore_name"], "site-b-vmfs-02");

    let mut wish = stage.wish(&first);
    wish["rpo"] = json!(240);
    let wish: t::ReconfigureReplicationSpec = serde_json::from_value(wish)?;
    let change = stage.api().reconfigure_replication().pairing_id(&stage.pairing).replication_id(&made).body(wish);
    stage.done(change.send().await?.into_inner()).await?;
    assert_eq!(stage.replication(&made).await?["rpo"], 240);

    let target = common::target(&stage.vr, "free-01-a").await?;
    assert_eq!(target.address.id, made, "it can be synchronized like the others");
    let story = common::synchronize(&stage.simulator, &stage.vr, "free-01-a", 20).await?;
    assert!(matches!(story.outcome, Outcome::Succeeded { .. }), "{:?}", story.outcome);

    let remove = stage.api().unconfigure_replication().pairing_id(&stage.pairing).replication_id(&made);
    stage.done(remove.retain_replica_disks(true).send().await?.into_inner()).await?;
    assert!(stage.replication(&made).await.is_err());
    assert_eq!(stage.count().await?, 4);
    // Its machine is free again.
    assert_eq!(stage.configure(vec![stage.wish(&first)]).await?.len(), 1);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_task_that_fails_or_is_forgotten_is_told() -> Anything {
    let stage = Stage::new().await?;
    let [first, second] = [9001, 9002].map(|number| stage.machine(number));
    stage.simulator.script("site", &first, Behaviour::fail("The target datastore is full."))?;
    stage.simulator.script("site", &second, Behaviour::new(Scripted::VanishAfterEnd))?;
    let tasks = stage.configure(vec![stage.wish(&first), stage.wish(&second)]).await?;
    let made = tasks[0].entity.clone().ok_or("no entity")?;
    let report = stage.wait(tasks).await;
    let words: Vec<&str> = report.targets.iter().map(|target| target.outcome.word()).collect();
    assert_eq!(words, ["failed", "unknown"], "{report:?}");
    assert!(report.targets[0].outcome.detail().contains("The target datastore is full."));
    assert!(
        report.targets[1].outcome.detail().contains("does not know the task any more"),
        "{:?}",
        report.targets[1].outcome
    );
    let broken = stage.replication(&made).await?;
    assert_eq!((&broken["status"]["status"], &broken["configuration_state"]), (&json!("ERROR"), &json!("ERROR")));
    assert_eq!(broken["configuration_error"]["message"], "The target datastore is full.");
    let issues = stage.api().get_replications_issues().pairing_id(&stage.pairing).send().await?;
    let issues = serde_json::to_value(issues.into_inner())?;
    let about: Vec<&Value> = issues["list"].as_array().ok_or("no list")?.iter().map(|i| &i["entity_name"]).collect();
    assert_eq!(about, ["web-01", "free-01-a"]);
    Ok(())
}

/// What a wish names has to be there.
#[tokio::test(start_paused = true)]
async fn references_are_checked() -> Anything {
    let stage = Stage::new().await?;
    let vm = stage.machine(9001);
    let replicated = only(&stage.simulator)?.targets[0].id.clone();
    let replicated = stage.replication(&replicated).await?["vm_id"].clone();
    let wrong: [(&str, Value, &str); 8] = [
        ("/vm_id", json!("VirtualMachine:vm-1:x"), "There is no virtual machine"),
        ("/vm_id", replicated, "replicated already"),
        ("/vm_id", json!(stage.machine(9004)), "cannot be replicated"),
        ("/target_vc_id", json!(stage.local_vc), "not the other vCenter"),
        ("/rpo", json!(4), "not between 5 and 1440"),
        ("/disks/1/vm_disk/device_key", json!(2001), "does not belong"),
        ("/disks/1/destination_datastore_id", json!("Datastore:datastore-9:x"), "There is no datastore"),
        ("/target_replication_server_id", json!("nobody"), "There is no replication server"),
    ];
    for (pointer, value, told) in wrong {
        let mut wish = stage.wish(&vm);
        wish["target_replication_server_id"] = Value::Null;
        *wish.pointer_mut(pointer).ok_or("no such member")? = value;
        let error = stage.configure(vec![wish]).await.err().ok_or(pointer)?;
        assert!(error.to_string().contains("400") || format!("{error:?}").contains(told), "{pointer}: {error:?}");
    }
    assert_eq!(stage.count().await?, 3, "nothing was made");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn replication_servers_come_and_go() -> Anything {
    let stage = Stage::new().await?;
    let names = async |stage: &Stage| -> Result<Vec<(String, String)>, Box<dyn std::error::Error>> {
        let list = stage.api().get_all_vr_servers_in_pairing().pairing_id(&stage.pairing).vr_id(&stage.remote_vrms);
        let list = list.sort_by("name").send().await?.into_inner().list.unwrap_or_default();
        Ok(list.into_iter().filter_map(|server| Some((server.name?, server.id?))).collect())
    };
    let machine = format!("VirtualMachine:vm-9008:{}", stage.remote_vc);
    let register = || {
        let body = t::StringDrData { value: Some(machine.clone()) };
        stage.api().register_vr_server_in_pairing().pairing_id(&stage.pairing).vr_id(&stage.remote_vrms).body(body)
    };
    let answer = register().send().await?;
    assert_eq!(answer.status().as_u16(), 200, "the one task that the vendor starts with 200");
    stage.done(answer.into_inner()).await?;
    assert!(register().send().await.is_err(), "registered already");
    let servers = names(&stage).await?;
    assert_eq!(servers.iter().map(|server| server.0.as_str()).collect::<Vec<_>>(), ["vrms-b.example.com", "vrs-2-b"]);

    let unregister = |id: &str| {
        let call = stage.api().unregister_vr_server_in_pairing().pairing_id(&stage.pairing);
        call.vr_id(&stage.remote_vrms).replication_server_id(id)
    };
    let inside = unregister(&servers[0].1).send().await?.into_inner();
    let report = stage.wait([inside]).await;
    assert!(report.targets[0].outcome.detail().contains("in use"), "{report:?}");
    stage.done(unregister(&servers[1].1).send().await?.into_inner()).await?;
    assert_eq!(names(&stage).await?.len(), 1);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_pairing_is_made_and_broken() -> Anything {
    let stage = Stage::new().await?;
    let endpoint = only(&stage.simulator)?.clone();
    let spec = |password: Option<String>, vcenter: &str| -> Result<t::PairingSpec, serde_json::Error> {
        let info = json!({"url": "https://vc-c.example.com:443", "port": 443, "username": endpoint.remote_username,
            "password": password});
        serde_json::from_value(json!({"pair_psc_info": info, "pair_vc_id": vcenter}))
    };
    let new = "c0ffee00-0000-4000-8000-000000000001";
    let wrong = stage.api().pair_vr().body(spec(Some("wrong".to_owned()), new)?).send().await?;
    let report = stage.wait([wrong.into_inner()]).await;
    assert!(report.targets[0].outcome.detail().contains("login at the remote site failed"), "{report:?}");
    let again = stage.api().pair_vr().body(spec(endpoint.remote_password.clone(), &stage.remote_vc)?).send().await;
    assert!(again.is_err(), "paired already");

    let right = stage.api().pair_vr().body(spec(endpoint.remote_password.clone(), new)?).send().await?;
    stage.done(right.into_inner()).await?;
    let pairings = stage.vr.pairings().all().await?;
    assert_eq!(pairings.len(), 2);
    let made = &pairings.iter().find(|pairing| pairing.pairing_id != stage.pairing).ok_or("not made")?.pairing_id;
    // It has a remote site of its own, where nobody has logged in yet.
    let part = stage.api().get_vr_pairing().pairing_id(made).send().await?.into_inner();
    assert_eq!(part.meta.and_then(|meta| meta.errors).map(|errors| errors.len()), Some(2));
    let empty = stage.api().get_replications_count().pairing_id(made).send().await?;
    assert_eq!(empty.count, 0);
    let broken = stage.api().delete_vr_pairing().pairing_id(made).force(true).send().await?;
    stage.done(broken.into_inner()).await?;
    assert!(stage.api().get_vr_pairing().pairing_id(made).send().await.is_err());
    let full = stage.api().delete_vr_pairing().pairing_id(&stage.pairing).send().await;
    assert!(full.is_err(), "it has replications");
    Ok(())
}

/// What the calls for a new replication show belongs together.
#[tokio::test(start_paused = true)]
async fn machines_disks_stores_and_seeds_belong_together() -> Anything {
    let stage = Stage::new().await?;
    let (api, pairing) = (stage.api(), &stage.pairing);
    let suitable = api.get_local_vms().pairing_id(pairing).vcenter_id(&stage.local_vc).suitable_for_replication(true);
    let suitable = suitable.sort_by("name").send().await?.into_inner().list.unwrap_or_default();
    let names: Vec<&str> = suitable.iter().filter_map(|machine| machine.name.as_deref()).collect();
    assert_eq!(names, ["free-01-a", "free-02-a", "secret-01-a"]);
    for (number, expected) in [(9001, "OK"), (9003, "IS_VM_TEMPLATE"), (9007, "ERROR_"), (1000, "ALREADY_CONFIGURED")] {
        let vm = stage.machine(number);
        let shown = api.get_vm_capability().pairing_id(pairing).vcenter_id(&stage.local_vc).vm_id(&vm).send().await?;
        assert_eq!(shown.vm_validation_status.as_ref().map(|word| word.as_str()), Some(expected), "{vm}");
    }
    let stores = api.get_vr_capable_target_datastores().pairing_id(pairing).vcenter_id(&stage.remote_vc);
    let stores = stores.send().await?.into_inner().list.unwrap_or_default();
    let store = stores[0].id.clone().ok_or("no id")?;
    let wanted = json!([{"vm_disk": {"vm_id": stage.machine(1000), "device_key": 2000}}]);
    let wanted: Vec<t::VmDiskFindSeedSpec> = serde_json::from_value(wanted)?;
    let seeds = api.get_seeds_for_disks().pairing_id(pairing).vcenter_id(&stage.remote_vc).datastore_id(&store);
    let seeds = seeds.body(wanted).send().await?.into_inner().list.unwrap_or_default();
    let seed = seeds[0].found_seeds.as_ref().and_then(|seeds| seeds[0].clone()).ok_or("no seed")?;
    let look: t::DatastoreBrowserRequest =
        serde_json::from_value(json!({"query_type": "VM_DISK", "browse_path": "seeds"}))?;
    let files = api.browse_datastore().pairing_id(pairing).vcenter_id(&stage.remote_vc).datastore_id(&store).body(look);
    let files = files.limit("100").send().await?.into_inner().list.unwrap_or_default();
    assert!(files.iter().any(|file| file.path.as_ref().is_some_and(|path| path.ends_with(&seed))), "{seed}: {files:?}");
    let policies = api.get_vc_storage_policies().pairing_id(pairing).vcenter_id(&stage.remote_vc).send().await?;
    let policies = policies.into_inner().list.unwrap_or_default();
    let policy = policies[1].storage_policy_id.clone().ok_or("no id")?;
    let check = api.check_storage_policy_compliance().pairing_id(pairing).vcenter_id(&stage.remote_vc);
    let ids: Vec<String> = stores.iter().filter_map(|store| store.id.clone()).collect();
    let verdicts = check.storage_policy_id(policy).body(ids).send().await?.into_inner().list.unwrap_or_default();
    let verdicts: Vec<Option<bool>> = verdicts.iter().map(|verdict| verdict.compliant).collect();
    assert_eq!(verdicts, [Some(true), Some(true), Some(false)], "the cluster cannot hold what is encrypted");
    Ok(())
}

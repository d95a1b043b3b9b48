//! Long operations of CBR: tasks of every type with every scripted end, and what is different afterwards.

mod common;

use backup_sync_simulator::{Behaviour, Scripted};
use common::Anything;
use common::cloud::{Cloud, Query, id, wish};
use serde_json::{Value, json};

type Failure = Box<dyn std::error::Error>;

/// All types of tasks beside synchronizations; the last has no word for its type.
const KINDS: [&str; 8] =
    ["backup", "replication", "restore", "delete", "vault_delete", "remove_resource", "migrate_resources", ""];

/// A vault with a server and a backup of it, and a vault without anything.
struct Stage {
    cloud: Cloud,
    vault: String,
    spare: String,
    server: String,
    backup: String,
}

impl Stage {
    async fn new() -> Result<Self, Failure> {
        let cloud = Cloud::new().await?;
        let server = cloud.resource("server", "free-01").await?;
        let wanted = wish("web", "server", &[(&server, "OS::Nova::Server")]);
        let vault = id(&cloud.ok("CreateVault", &[], Some(wanted)).await?["vault"]["id"]);
        let spare = id(&cloud.ok("CreateVault", &[], Some(wish("spare", "server", &[]))).await?["vault"]["id"]);
        let backup = cloud.back_up(&vault).await?;
        Ok(Self { cloud, vault, spare, server, backup })
    }

    /// Starts a task of this type.
    async fn start(&self, kind: &str) -> Result<Value, Failure> {
        let (vault, backup) = ([("vault_id", self.vault.as_str())], [("backup_id", self.backup.as_str())]);
        let (operation, path, body) = match kind {
            "backup" => ("CreateCheckpoint", &[][..], Some(json!({"checkpoint": {"vault_id": self.vault}}))),
            "replication" => {
                let [region, project, destination] = self.cloud.away().await?;
                let to = json!({"replicate": {"destination_region": region, "destination_project_id": project,
                    "destination_vault_id": destination}});
                ("CopyBackup", &backup[..], Some(to))
            }
            "restore" => ("RestoreBackup", &backup[..], Some(json!({"restore": {"server_id": self.server}}))),
            "delete" => ("DeleteBackup", &backup[..], None),
            "vault_delete" => ("DeleteVault", &vault[..], None),
            "remove_resource" => ("RemoveVaultResource", &vault[..], Some(json!({"resource_ids": [self.server]}))),
            "migrate_resources" => {
                let to = json!({"resource_ids": [self.server], "destination_vault_id": self.spare});
                ("MigrateVaultResource", &vault[..], Some(to))
            }
            _ => {
                let day = json!({"expect_expiration_date": "2027-01-31", "time_zone": "UTC+08:00"});
                ("UpdateExpirationTime", &vault[..], Some(day))
            }
        };
        self.cloud.ok(operation, path, body).await
    }

    /// The newest task, whatever its type.
    async fn newest(&self) -> Result<Value, Failure> {
        Ok(self.cloud.ok("ListOpLogs", &[("limit", "1")], None).await?["operation_logs"][0].clone())
    }

    /// Whether the effect of a task of this type is there; a restore leaves none.
    async fn is_done(&self, kind: &str) -> Result<bool, Failure> {
        let (vault, backup) = ([("vault_id", self.vault.as_str())], [("backup_id", self.backup.as_str())]);
        let shown = self.cloud.call("ShowBackup", &backup, None).await?;
        let count = self.cloud.ok("ListBackups", &vault, None).await?["count"].clone();
        Ok(match kind {
            "backup" => count == 2,
            "replication" => {
                let records = shown.1["backup"]["replication_records"].as_array().cloned().unwrap_or_default();
                records.iter().any(|record| record["status"] == "success")
            }
            "delete" => shown.0 == 404,
            "vault_delete" => self.cloud.call("ShowVault", &vault, None).await?.0 == 404,
            "remove_resource" => {
                let resources = self.cloud.ok("ShowVault", &vault, None).await?["vault"]["resources"].clone();
                resources == json!([]) && count == 0
            }
            "migrate_resources" => shown.1["backup"]["vault_id"] == self.spare.as_str(),
            "" => shown.1["backup"]["expired_at"] == "2027-01-31T16:00:00.000000",
            _ => true,
        })
    }
}

/// The member of `extra_info` that belongs to a type.
fn part(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "backup" => "backup",
        "replication" => "replication",
        "restore" => "restore",
        "delete" => "delete",
        "vault_delete" => "vault_delete",
        "remove_resource" => "remove_resources",
        "" => "update_expiration_time",
        _ => return None,
    })
}

#[tokio::test]
async fn the_effect_is_there_when_the_task_has_ended_well() -> Anything {
    for kind in KINDS {
        let stage = Stage::new().await?;
        stage.start(kind).await?;
        let log = stage.newest().await?;
        assert_eq!((&log["status"], log["operation_type"].as_str().unwrap_or("")), (&json!("waiting"), kind));
        assert_eq!((&log["vault_id"], &log["vault_name"]), (&json!(stage.vault), &json!("web")));
        stage.cloud.pass(3);
        let log = stage.newest().await?;
        assert_eq!((&log["status"], &log["extra_info"]["common"]["progress"]), (&json!("running"), &json!(50)));
        assert_eq!(log.get("ended_at"), None, "{kind}");
        assert!(kind == "restore" || !stage.is_done(kind).await?, "{kind} has its effect too early");
        stage.cloud.pass(3);
        let log = stage.newest().await?;
        assert_eq!((&log["status"], &log["extra_info"]["common"]["progress"]), (&json!("success"), &json!(100)));
        assert_eq!(log["ended_at"], "2026-03-02T09:00:16.000000", "{kind}");
        assert!(stage.is_done(kind).await?, "{kind} has no effect");
        for other in KINDS {
            let Some(name) = part(other) else { continue };
            assert_eq!(log["extra_info"].get(name).is_some(), kind == other, "{kind} and {name}: {log}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_script_decides_how_a_task_ends() -> Anything {
    let ends = [
        (Scripted::Fail("BackupService.6215: not now".into()), "failed", false),
        (Scripted::Fail("out of luck".into()), "failed", false),
        (Scripted::Stopped, "skipped", false),
        (Scripted::StaysOutOfSync, "success", false),
        (Scripted::NullFields, "success", true),
        (Scripted::StuckAt(40), "running", false),
        (Scripted::VanishAfterEnd, "", true),
    ];
    for (scripted, status, done) in ends {
        for kind in KINDS {
            let stage = Stage::new().await?;
            stage.cloud.simulator.script("cloud", &stage.vault, Behaviour::new(scripted.clone()))?;
            stage.start(kind).await?;
            let task = id(&stage.newest().await?["id"]);
            stage.cloud.pass(100);
            let what = format!("{kind:?} with {scripted:?}");
            let (code, shown) = stage.cloud.call("ShowOpLog", &[("operation_log_id", &task)], None).await?;
            let log = &shown["operation_log"];
            assert_eq!(
                (code, log["status"].as_str().unwrap_or("")),
                (if status.is_empty() { 404 } else { 200 }, status)
            );
            assert!(kind == "restore" || stage.is_done(kind).await? == done, "{what}: {log}");
            if let Scripted::Fail(reason) = &scripted {
                let told = [&log["error_info"]["code"], &log["error_info"]["message"]].map(id);
                assert!(told[0].starts_with("BackupService.") && reason.ends_with(&told[1]), "{what}: {told:?}");
            }
            if scripted == Scripted::NullFields {
                assert_eq!(log.get("extra_info"), None, "{what}");
            }
        }
    }
    Ok(())
}

/// What a task was about is free again when it has failed, and can be tried again.
#[tokio::test]
async fn what_failed_can_be_done_again() -> Anything {
    for kind in KINDS {
        let stage = Stage::new().await?;
        stage.cloud.simulator.script("cloud", &stage.vault, Behaviour::fail("not now"))?;
        stage.start(kind).await?;
        stage.cloud.pass(10);
        stage.start(kind).await.map_err(|error| format!("{kind}: {error}"))?;
        stage.cloud.pass(10);
        assert!(stage.is_done(kind).await?, "{kind}");
    }
    Ok(())
}

#[tokio::test]
async fn counters_tell_what_was_done() -> Anything {
    let removed = |fail: u32, total: u32| json!({"fail_count": fail, "total_count": total});
    let ends = [(Scripted::Success, removed(0, 1)), (Scripted::StaysOutOfSync, removed(1, 0))];
    for (scripted, counters) in ends {
        for (kind, name) in [("vault_delete", "vault_delete"), ("remove_resource", "remove_resources")] {
            let stage = Stage::new().await?;
            stage.cloud.simulator.script("cloud", &stage.vault, Behaviour::new(scripted.clone()))?;
            stage.start(kind).await?;
            stage.cloud.pass(10);
            let part = stage.newest().await?["extra_info"][name].clone();
            for member in ["fail_count", "total_count"] {
                assert_eq!(part[member], counters[member], "{kind} with {scripted:?}: {part}");
            }
        }
    }
    Ok(())
}

/// While a task is at work, its objects show it, and calls that it is in the way of are refused.
#[tokio::test]
async fn work_in_progress_is_in_the_way() -> Anything {
    let cases: [(&str, &str, (u16, &str)); 9] = [
        ("backup", "backup", (500, "0002")),
        ("backup", "vault_delete", (400, "6125")),
        ("backup", "remove_resource", (400, "6125")),
        ("backup", "restore", (400, "2002")),
        ("restore", "restore", (400, "2010")),
        ("restore", "delete", (400, "6216")),
        ("replication", "replication", (400, "1009")),
        ("replication", "vault_delete", (400, "6130")),
        ("delete", "restore", (400, "2005")),
    ];
    for (first, second, (status, code)) in cases {
        let stage = Stage::new().await?;
        stage.start(first).await?;
        let told = stage.start(second).await.err().ok_or_else(|| format!("{second} goes on during {first}"))?;
        let expected = format!("BackupService.{code}");
        let told = told.to_string();
        assert!(told.contains(&expected) && told.contains(&status.to_string()), "{second} during {first}: {told}");
    }
    let states = [
        ("backup", "protecting", "available"),
        ("restore", "restoring", "restoring"),
        ("delete", "available", "deleting"),
        ("remove_resource", "removing", "available"),
    ];
    for (kind, of_resource, of_backup) in states {
        let stage = Stage::new().await?;
        stage.start(kind).await?;
        let vault = stage.cloud.ok("ShowVault", &[("vault_id", &stage.vault)], None).await?;
        assert_eq!(vault["vault"]["resources"][0]["protect_status"], of_resource, "{kind}");
        let backup = stage.cloud.ok("ShowBackup", &[("backup_id", &stage.backup)], None).await?;
        assert_eq!(backup["backup"]["status"], of_backup, "{kind}");
    }
    let stage = Stage::new().await?;
    stage.start("vault_delete").await?;
    let vault = stage.cloud.ok("ShowVault", &[("vault_id", &stage.vault)], None).await?;
    assert_eq!(vault["vault"]["billing"]["status"], "deleting");
    stage.cloud.refused("DeleteVault", &[("vault_id", &stage.vault)], None, (400, "6112")).await
}

#[tokio::test]
async fn tasks_are_found_by_what_they_are_about() -> Anything {
    let stage = Stage::new().await?;
    for kind in ["replication", "restore", ""] {
        stage.start(kind).await?;
        stage.cloud.pass(10);
    }
    let [region, project, _] = stage.cloud.away().await?;
    let server = stage.server.as_str();
    let cases: [(Query<'_>, u32); 9] = [
        (&[], 4),
        (&[("operation_type", "restore")], 1),
        (&[("destination_region", &region)], 1),
        (&[("destination_project_id", &project)], 1),
        (&[("resource_id", server), ("status", "success")], 3),
        (&[("resource_name", "free-01"), ("operation_type", "backup")], 1),
        (&[("vault_name", "web")], 4),
        (&[("start_time", "2026-03-02T09:00:10Z"), ("end_time", "2026-03-02T09:00:25Z")], 2),
        (&[("provider_id", "0daac4c5-6707-4851-97ba-169e36266b66"), ("enterprise_project_id", "0")], 4),
    ];
    for (query, count) in cases {
        let found = stage.cloud.ok("ListOpLogs", query, None).await?;
        assert_eq!(found["count"], count, "{query:?}");
    }
    let page = stage.cloud.ok("ListOpLogs", &[("limit", "3"), ("offset", "3")], None).await?;
    let page = [&page["count"], &page["limit"], &page["offset"], &page["operation_logs"][0]["operation_type"]];
    assert_eq!(page, [&json!(4), &json!(3), &json!(3), &json!("backup")], "the oldest comes last");
    Ok(())
}

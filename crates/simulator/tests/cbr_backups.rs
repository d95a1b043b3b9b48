//! Backups of CBR: made, found, renamed, replicated, restored, shared, deleted; and what refuses all that.

mod common;

use common::Anything;
use common::cloud::{Cloud, Query, id, wish};
use serde_json::{Value, json};

type Failure = Box<dyn std::error::Error>;

const SERVER: &str = "OS::Nova::Server";
const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

/// A vault with two servers.
struct Stage {
    cloud: Cloud,
    vault: String,
    servers: [String; 2],
}

impl Stage {
    async fn new() -> Result<Self, Failure> {
        let cloud = Cloud::new().await?;
        let servers = [cloud.resource("server", "free-01").await?, cloud.resource("server", "free-02").await?];
        let wanted = wish("web", "server", &[(&servers[0], SERVER), (&servers[1], SERVER)]);
        let vault = id(&cloud.ok("CreateVault", &[], Some(wanted)).await?["vault"]["id"]);
        Ok(Self { cloud, vault, servers })
    }

    async fn back_up(&self, parameters: Value) -> Result<Value, Failure> {
        let body = json!({"checkpoint": {"vault_id": self.vault, "parameters": parameters}});
        Ok(self.cloud.ok("CreateCheckpoint", &[], Some(body)).await?["checkpoint"].clone())
    }

    /// The backups of the vault, newest first.
    async fn backups(&self) -> Result<Vec<Value>, Failure> {
        let query = [("vault_id", self.vault.as_str()), ("sort", "created_at"), ("show_replication", "true")];
        let found = self.cloud.ok("ListBackups", &query, None).await?;
        Ok(found["backups"].as_array().cloned().unwrap_or_default())
    }

    /// A backup of the first server.
    async fn one(&self) -> Result<String, Failure> {
        self.back_up(json!({"resources": [self.servers[0]]})).await?;
        self.cloud.pass(10);
        Ok(id(&self.backups().await?[0]["id"]))
    }
}

#[tokio::test]
async fn a_restore_point_has_a_backup_of_each_resource() -> Anything {
    let stage = Stage::new().await?;
    let wanted = json!({"name": "before-update", "description": "by hand", "retention_duration_days": 7});
    let made = stage.back_up(wanted).await?;
    assert_eq!((&made["status"], &made["extra_info"]["name"]), (&json!("protecting"), &json!("before-update")));
    assert_eq!(made["vault"]["resources"].as_array().map(Vec::len), Some(2));
    let point = id(&made["id"]);
    let logs = stage.cloud.ok("ListOpLogs", &[("vault_id", &stage.vault)], None).await?;
    assert_eq!(logs["count"], 2, "a task for each resource");
    assert!(stage.backups().await?.is_empty());
    stage.cloud.pass(10);
    let shown = stage.cloud.ok("ShowCheckpoint", &[("checkpoint_id", &point)], None).await?;
    assert_eq!(shown["checkpoint"]["status"], "available");
    assert_eq!(shown["checkpoint"]["vault"]["resources"][0]["backup_count"], "1");
    for backup in stage.backups().await? {
        let kept = ["name", "description", "checkpoint_id", "incremental", "expired_at", "status"];
        let expected = json!(["before-update", "by hand", point, false, "2026-03-09T09:00:00.000000", "available"]);
        assert_eq!(json!(kept.map(|name| backup[name].clone())), expected);
        let child = &backup["children"][0];
        assert_eq!((&child["parent_id"], &child["resource_type"]), (&backup["id"], &json!("OS::Cinder::Volume")));
        let disk = stage.cloud.ok("ShowBackup", &[("backup_id", &id(&child["id"]))], None).await?;
        assert_eq!(disk["backup"]["resource_name"], child["resource_name"]);
        let children = stage.cloud.ok("ListBackups", &[("parent_id", &id(&backup["id"]))], None).await?;
        assert_eq!(children["count"], 1);
    }
    stage.back_up(json!({})).await?;
    stage.cloud.pass(10);
    assert_eq!(stage.backups().await?[0]["incremental"], true, "the second builds on the first");
    let vault = stage.cloud.ok("ShowVault", &[("vault_id", &stage.vault)], None).await?;
    assert_eq!(vault["vault"]["billing"]["used"], 4 * 10_240);
    assert_eq!(vault["vault"]["resources"][0]["backup_count"], 2);
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_backed_up_is_told() -> Anything {
    let stage = Stage::new().await?;
    let cloud = &stage.cloud;
    stage.back_up(json!({"resources": [stage.servers[0]]})).await?;
    let made = stage.back_up(json!({})).await?;
    let skipped = &made["vault"]["skipped_resources"];
    assert_eq!((&skipped[0]["id"], &skipped[0]["code"]), (&json!(stage.servers[0]), &json!("BackupService.0002")));
    let empty = id(&cloud.ok("CreateVault", &[], Some(wish("empty", "server", &[]))).await?["vault"]["id"]);
    let hybrid = cloud.vault("hybrid-1").await?;
    let of = |vault: &str, parameters: Value| json!({"checkpoint": {"vault_id": vault, "parameters": parameters}});
    let web = stage.vault.as_str();
    let cases = [
        (of(NOBODY, json!({})), (404, "6105")),
        (of(&hybrid, json!({})), (400, "6124")),
        (of(&empty, json!({})), (400, "0001")),
        (of(web, json!({})), (500, "0002")),
        (of(web, json!({"resources": [NOBODY]})), (400, "6135")),
        (of(web, json!({"policy_id": NOBODY})), (404, "6000")),
        (of(web, json!({"name": "a b"})), (400, "9900")),
        (of(web, json!({"retention_duration_days": 0})), (400, "9900")),
        (of(web, json!({"auto_trigger": true, "retention_duration_days": 7})), (400, "9900")),
    ];
    for (body, expected) in cases {
        cloud.refused("CreateCheckpoint", &[], Some(body), expected).await?;
    }
    cloud.refused("ShowCheckpoint", &[("checkpoint_id", NOBODY)], None, (404, "6217")).await
}

#[tokio::test]
async fn backups_are_found_and_sorted() -> Anything {
    let stage = Stage::new().await?;
    for name in ["b", "c", "a"] {
        stage.back_up(json!({"name": name, "resources": [stage.servers[0]]})).await?;
        stage.cloud.pass(10);
    }
    let web = stage.vault.as_str();
    let cases: [(Query<'_>, &[&str]); 9] = [
        (&[("sort", "name:asc")], &["a", "b", "c"]),
        (&[("sort", "created_at")], &["a", "c", "b"]),
        (&[("sort", "status,name")], &["c", "b", "a"]),
        (&[("name", "b")], &["b"]),
        (&[("resource_name", "free-01"), ("status", "available"), ("limit", "2"), ("offset", "1")], &["c", "a"]),
        (&[("incremental", "true")], &["c", "a"]),
        (&[("start_time", "2026-03-02T09:00:10Z")], &["c", "a"]),
        (&[("status", "error"), ("status", "restoring")], &[]),
        (&[("own_type", "shared")], &[]),
    ];
    for (query, names) in cases {
        let query: Vec<(&str, &str)> = [("vault_id", web)].into_iter().chain(query.iter().copied()).collect();
        let found = stage.cloud.ok("ListBackups", &query, None).await?;
        let found: Vec<String> =
            found["backups"].as_array().into_iter().flatten().map(|backup| id(&backup["name"])).collect();
        assert_eq!(found, names, "{query:?}");
    }
    let oldest = stage.backups().await?[2]["id"].clone();
    let after = [("vault_id", web), ("marker", oldest.as_str().unwrap_or_default())];
    assert_eq!(stage.cloud.ok("ListBackups", &after, None).await?["count"], 2);
    for (query, count) in [("1", 4), ("99", 0)] {
        let found = stage.cloud.ok("ListBackups", &[("used_percent", query), ("resource_type", SERVER)], None).await?;
        assert_eq!(found["count"], count, "{query} percent");
    }
    for query in [("sort", "size"), ("limit", "1001"), ("start_time", "yesterday"), ("used_percent", "101")] {
        stage.cloud.refused("ListBackups", &[query], None, (400, "9900")).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_backup_is_renamed_and_described() -> Anything {
    let stage = Stage::new().await?;
    let backup = stage.one().await?;
    let here = [("backup_id", backup.as_str())];
    let named = stage.cloud.ok("UpdateBackup", &here, Some(json!({"backup": {"name": "golden"}}))).await?;
    assert_eq!(named["backup"]["name"], "golden");
    let metadata = stage.cloud.ok("ShowMetadata", &here, None).await?;
    let server: Value = serde_json::from_str(metadata["server"].as_str().ok_or("no text")?)?;
    assert_eq!(server["id"], json!(stage.servers[0]), "JSON as text");
    let usage = stage.cloud.ok("ShowStorageUsage", &[("resource_id", &stage.servers[0])], None).await?;
    assert_eq!((&usage["resource_count"], &usage["storage_usage"][0]["backup_count"]), (&json!(1), &json!(1)));
    for operation in ["ShowBackup", "UpdateBackup", "ShowMetadata", "DeleteBackup", "ShowMembersDetail"] {
        let body = (operation == "UpdateBackup").then(|| json!({"backup": {"name": "x"}}));
        stage.cloud.refused(operation, &[("backup_id", NOBODY)], body, (404, "6200")).await?;
    }
    stage.cloud.ok("DeleteBackup", &here, None).await?;
    stage.cloud.refused("ShowMetadata", &here, None, (400, "6206")).await?;
    stage.cloud.refused("DeleteBackup", &here, None, (400, "6201")).await?;
    let point = stage.backups().await?[0]["checkpoint_id"].clone();
    stage.cloud.pass(10);
    stage.cloud.refused("ShowCheckpoint", &[("checkpoint_id", &id(&point))], None, (404, "6217")).await
}

#[tokio::test]
async fn backups_go_when_their_time_is_over() -> Anything {
    let stage = Stage::new().await?;
    let day = 24 * 3600;
    stage.back_up(json!({"retention_duration_days": 1, "resources": [stage.servers[0]]})).await?;
    stage.back_up(json!({"retention_duration_days": -1, "resources": [stage.servers[1]]})).await?;
    stage.cloud.pass(10);
    assert_eq!(stage.backups().await?.len(), 2);
    stage.cloud.pass(day - 8);
    let states: Vec<Value> = stage.backups().await?.iter().map(|backup| backup["status"].clone()).collect();
    assert_eq!(states, ["deleting", "available"], "it has expired two seconds ago");
    stage.cloud.pass(4);
    assert_eq!(stage.backups().await?.len(), 1);
    assert_eq!(stage.cloud.newest("delete").await?["created_at"], "2026-03-03T09:00:00.000000");
    let last = json!({"expect_expiration_date": "2026-03-04", "time_zone": "UTC+00:00"});
    let set = stage.cloud.ok("UpdateExpirationTime", &[("vault_id", &stage.vault)], Some(last)).await?;
    assert_eq!((&set["affected_backups_count"], &set["new_expiration_day"]), (&json!(1), &json!("2026-03-04")));
    stage.cloud.pass(3 * day);
    assert!(stage.backups().await?.is_empty());
    let past = json!({"expect_expiration_date": "2026-03-04", "time_zone": "UTC+00:00"});
    let here = [("vault_id", stage.vault.as_str())];
    stage.cloud.refused("UpdateExpirationTime", &here, Some(past), (400, "9900")).await
}

#[tokio::test]
async fn automatic_backups_of_a_locked_vault_stay() -> Anything {
    let stage = Stage::new().await?;
    stage.back_up(json!({"auto_trigger": true, "resources": [stage.servers[0]]})).await?;
    stage.cloud.pass(10);
    let locked = json!({"vault": {"locked": true}});
    stage.cloud.ok("UpdateVault", &[("vault_id", &stage.vault)], Some(locked)).await?;
    let backup = id(&stage.backups().await?[0]["id"]);
    stage.cloud.refused("DeleteBackup", &[("backup_id", &backup)], None, (400, "6220")).await
}

#[tokio::test]
async fn backups_are_replicated_once() -> Anything {
    let stage = Stage::new().await?;
    let backup = stage.one().await?;
    let [region, project, vault] = stage.cloud.away().await?;
    let to = |region: &str, project: &str, vault: &str| {
        json!({"replicate": {"destination_region": region, "destination_project_id": project,
            "destination_vault_id": vault, "vault_id": stage.vault}})
    };
    let here = [("backup_id", backup.as_str())];
    let hybrid = stage.cloud.vault("hybrid-1").await?;
    let foreign = stage.cloud.ok("ListBackups", &[("vault_id", &hybrid)], None).await?;
    let foreign = id(&foreign["backups"][0]["id"]);
    let cases = [
        ("CopyBackup", to("nowhere-1", &project, &vault), (400, "1005")),
        ("CopyBackup", to(&region, NOBODY, &vault), (400, "1011")),
        ("CopyBackup", to(&region, &project, NOBODY), (400, "6120")),
        ("CopyBackup", to("no where", &project, &vault), (400, "9900")),
        ("CopyCheckpoint", to(&region, &project, NOBODY), (400, "6120")),
    ];
    for (operation, body, expected) in cases {
        stage.cloud.refused(operation, &here, Some(body), expected).await?;
    }
    let foreign = [("backup_id", foreign.as_str())];
    stage.cloud.refused("CopyBackup", &foreign, Some(to(&region, &project, &vault)), (400, "1003")).await?;
    let started = stage.cloud.ok("CopyBackup", &here, Some(to(&region, &project, &vault))).await?;
    let record = started["replication"]["replication_record_id"].clone();
    stage.cloud.refused("CopyCheckpoint", &[], Some(to(&region, &project, &vault)), (400, "6130")).await?;
    for (status, wait) in [("waiting_replicate", 2), ("replicating", 8), ("success", 0)] {
        let shown = &stage.backups().await?[0]["replication_records"][0];
        assert_eq!((&shown["id"], &shown["status"]), (&record, &json!(status)));
        stage.cloud.pass(wait);
    }
    let log = stage.cloud.newest("replication").await?;
    let part = &log["extra_info"]["replication"];
    assert_eq!((&part["destination_region"], &part["source_backup_id"]), (&json!(region), &json!(backup)));
    stage.back_up(json!({})).await?;
    stage.cloud.pass(10);
    let rest = stage.cloud.ok("CopyCheckpoint", &[], Some(to(&region, &project, &vault))).await?;
    assert_eq!(rest["replication"]["backups"].as_array().map(Vec::len), Some(2), "one is there already");
    stage.cloud.pass(10);
    let query = [("region_id", region.as_str()), ("external_project_id", project.as_str())];
    let away = stage.cloud.ok("ListExternalVault", &query, None).await?;
    assert_eq!(away["vaults"][0]["billing"]["used"], 3 * 10_240);
    let hybrid = json!({"replicate": {"destination_region": region, "destination_project_id": project,
        "destination_vault_id": vault, "vault_id": hybrid}});
    stage.cloud.refused("CopyCheckpoint", &[], Some(hybrid), (400, "6128")).await
}

#[tokio::test]
async fn a_backup_goes_back_to_where_it_came_from() -> Anything {
    let stage = Stage::new().await?;
    let backup = stage.one().await?;
    let here = [("backup_id", backup.as_str())];
    let disk = stage.backups().await?[0]["children"][0].clone();
    let small = stage.cloud.resource("disk", "data-01").await?;
    let to = |restore: Value| Some(json!({"restore": restore}));
    let (own, other) = (&stage.servers[0], &stage.servers[1]);
    let mapped = |volume: &str| json!({"server_id": own, "mappings": [{"backup_id": disk["id"], "volume_id": volume}]});
    let unknown = json!({"server_id": own, "mappings": [{"backup_id": NOBODY, "volume_id": small}]});
    let cases = [
        (to(json!({})), (400, "9900")),
        (to(json!({"server_id": NOBODY})), (404, "7100")),
        (to(json!({"server_id": other})), (400, "2003")),
        (to(json!({"volume_id": NOBODY})), (404, "7000")),
        (to(mapped(&small)), (400, "2001")),
        (to(mapped(NOBODY)), (404, "7000")),
        (to(unknown), (404, "6200")),
    ];
    for (body, expected) in cases {
        stage.cloud.refused("RestoreBackup", &here, body, expected).await?;
    }
    let volume = id(&disk["resource_id"]);
    let (status, answer) = stage.cloud.call("RestoreBackup", &here, to(mapped(&volume))).await?;
    assert_eq!((status, answer), (202, Value::Null));
    stage.cloud.pass(10);
    let part = stage.cloud.newest("restore").await?["extra_info"]["restore"].clone();
    assert_eq!((&part["target_resource_id"], &part["backup_id"]), (&json!(own), &json!(backup)));
    let large = stage.cloud.resource("disk", "data-02").await?;
    stage.cloud.ok("RestoreBackup", &here, to(json!({"volume_id": large}))).await?;
    Ok(())
}

#[tokio::test]
async fn a_backup_is_shared_and_accepted() -> Anything {
    let stage = Stage::new().await?;
    let cloud = &stage.cloud;
    let backup = stage.one().await?;
    let partner = "0123456789abcdef0123456789abcdef";
    let here = [("backup_id", backup.as_str())];
    let share = [("backup_id", backup.as_str()), ("member_id", partner)];
    let wrong = [
        (json!({}), (400, "9900")),
        (json!({"members": ["no project"]}), (400, "6704")),
        (json!({"members": [cloud.project]}), (400, "6704")),
        (json!({"domains": ["nobody"]}), (400, "6704")),
    ];
    for (body, expected) in wrong {
        cloud.refused("AddMember", &here, Some(body), expected).await?;
    }
    let hybrid = cloud.vault("hybrid-1").await?;
    let foreign = cloud.ok("ListBackups", &[("vault_id", &hybrid)], None).await?;
    let foreign = id(&foreign["backups"][0]["id"]);
    let to = Some(json!({"members": [partner]}));
    cloud.refused("AddMember", &[("backup_id", &foreign)], to.clone(), (400, "6700")).await?;
    let added =
        cloud.ok("AddMember", &here, Some(json!({"members": [partner], "domains": ["partner-account"]}))).await?;
    assert_eq!(added["members"].as_array().map(Vec::len), Some(2));
    assert_eq!(added["members"][0]["status"], "pending");
    cloud.refused("AddMember", &here, to.clone(), (400, "6703")).await?;
    let projects = cloud.ok("ListDomainProjects", &[("domain_name", "partner-account")], None).await?;
    let theirs = id(&projects["projects"][0]["project_id"]);
    for (query, count) in [("", 2), (partner, 1), (theirs.as_str(), 1), (NOBODY, 0)] {
        let query = [("backup_id", backup.as_str()), ("dest_project_id", query), ("sort", "created_at:asc")];
        assert_eq!(cloud.ok("ShowMembersDetail", &query, None).await?["count"], count, "{query:?}");
    }
    let decide = |status: &str, vault: Option<&str>| Some(json!({"status": status, "vault_id": vault}));
    let cases = [
        (decide("accepted", None), (400, "9900")),
        (decide("accepted", Some(NOBODY)), (404, "6105")),
        (decide("accepted", Some(&hybrid)), (400, "6713")),
        (decide("maybe", None), (400, "6706")),
    ];
    for (body, expected) in cases {
        cloud.refused("UpdateMemberStatus", &share, body, expected).await?;
    }
    let taken = cloud.ok("UpdateMemberStatus", &share, decide("accepted", Some(&stage.vault))).await?;
    assert_eq!((&taken["member"]["status"], &taken["member"]["vault_id"]), (&json!("accepted"), &json!(stage.vault)));
    cloud.refused("DeleteBackup", &here, None, (400, "6216")).await?;
    let found = cloud.ok("ListBackups", &[("member_status", "accepted")], None).await?;
    assert_eq!((&found["count"], &found["backups"][0]["id"]), (&json!(1), &json!(backup)));
    cloud.ok("UpdateMemberStatus", &share, decide("rejected", None)).await?;
    cloud.refused("AddMember", &here, to, (400, "6714")).await?;
    cloud.ok("DeleteMember", &share, None).await?;
    cloud.refused("ShowMemberDetail", &share, None, (404, "6705")).await?;
    cloud.ok("DeleteBackup", &here, None).await?;
    Ok(())
}

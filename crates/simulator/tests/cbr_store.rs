//! CBR beyond the synchronization: what was made is listed, read, changed and deleted, and what a call names has to be
//! there. Vaults with what belongs to them; backups are in `cbr_backups.rs`, tasks in `cbr_tasks.rs`.

mod common;

use common::Anything;
use common::cloud::{Cloud, Query, id, policy, wish};
use serde_json::{Value, json};

const SERVER: &str = "OS::Nova::Server";
const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

/// A vault with a server, and the server.
async fn web(cloud: &Cloud) -> Result<(String, String), Box<dyn std::error::Error>> {
    let server = cloud.resource("server", "free-01").await?;
    let mut wanted = wish("web", "server", &[(&server, SERVER)]);
    wanted["vault"]["tags"] = json!([{"key": "stage", "value": "test"}]);
    wanted["vault"]["description"] = json!("for tests");
    Ok((id(&cloud.ok("CreateVault", &[], Some(wanted)).await?["vault"]["id"]), server))
}

#[tokio::test]
async fn a_vault_is_made_changed_and_deleted() -> Anything {
    let cloud = Cloud::new().await?;
    let (vault, server) = web(&cloud).await?;
    let here = [("vault_id", vault.as_str())];
    let shown = cloud.ok("ShowVault", &here, None).await?;
    let expected = [
        ("/name", json!("web")),
        ("/description", json!("for tests")),
        ("/billing/size", json!(100)),
        ("/billing/allocated", json!(40)),
        ("/billing/used", json!(0)),
        ("/billing/spec_code", json!("vault.backup.server.normal")),
        ("/billing/charging_mode", json!("post_paid")),
        ("/resources/0/id", json!(server)),
        ("/resources/0/auto_protect", json!(true)),
        ("/tags", json!([{"key": "stage", "value": "test"}])),
        ("/threshold", json!(80)),
        ("/created_at", json!("2026-03-02T09:00:00.000000")),
    ];
    for (pointer, value) in expected {
        assert_eq!(shown["vault"].pointer(pointer), Some(&value), "{pointer}");
    }
    let changes = json!({"vault": {"name": "web-2", "threshold": 60, "locked": true,
        "billing": {"size": 400, "consistent_level": "app_consistent"}}});
    let changed = cloud.ok("UpdateVault", &here, Some(changes)).await?;
    assert_eq!((&changed["vault"]["name"], &changed["vault"]["threshold"]), (&json!("web-2"), &json!(60)));
    assert_eq!(changed["vault"]["billing"]["size"], 400);
    let changed = cloud.ok("UpdateVault", &here, Some(json!({"vault": {"smn_notify": false}}))).await?;
    let kept = ["/name", "/threshold", "/locked", "/smn_notify", "/billing/consistent_level"];
    let kept = kept.map(|pointer| changed["vault"].pointer(pointer).cloned().unwrap_or_default());
    assert_eq!(json!(kept), json!(["web-2", 60, true, false, "app_consistent"]), "what is left out stays");
    let all = cloud.ok("BatchUpdateVault", &[], Some(json!({"vault": {"threshold": 95}}))).await?;
    assert_eq!(all["updated_vaults_id"].as_array().map(Vec::len), Some(3));
    let changed = cloud.ok("ShowVault", &here, None).await?;
    assert_eq!((&changed["vault"]["threshold"], &changed["vault"]["smn_notify"]), (&json!(95), &json!(false)));

    cloud.ok("DeleteVault", &here, None).await?;
    cloud.pass(10);
    cloud.refused("ShowVault", &here, None, (404, "6105")).await?;
    assert_eq!(cloud.ok("ListVault", &[], None).await?["count"], 2);
    // Its server can join another vault.
    cloud.ok("CreateVault", &[], Some(wish("next", "server", &[(&server, SERVER)]))).await?;
    Ok(())
}

#[tokio::test]
async fn vaults_are_found() -> Anything {
    let cloud = Cloud::new().await?;
    let (vault, server) = web(&cloud).await?;
    cloud.ok("CreateVault", &[], Some(wish("disks", "disk", &[]))).await?;
    let daily = cloud.ok("CreatePolicy", &[], Some(policy("daily", "backup", json!({})))).await?;
    let daily = id(&daily["policy"]["id"]);
    cloud.ok("AssociateVaultPolicy", &[("vault_id", &vault)], Some(json!({"policy_id": daily}))).await?;
    let cases: [(Query<'_>, u32); 10] = [
        (&[], 4),
        (&[("cloud_type", "public")], 3),
        (&[("protect_type", "backup"), ("object_type", "disk")], 1),
        (&[("name", "web")], 1),
        (&[("status", "available")], 4),
        (&[("status", "frozen")], 0),
        (&[("policy_id", &daily)], 1),
        (&[("resource_ids", &server)], 1),
        (&[("id", &vault), ("id", NOBODY)], 1),
        (&[("enterprise_project_id", "all_granted_eps")], 4),
    ];
    for (query, count) in cases {
        assert_eq!(cloud.ok("ListVault", query, None).await?["count"], count, "{query:?}");
    }
    let page = cloud.ok("ListVault", &[("limit", "3"), ("offset", "3")], None).await?;
    assert_eq!((&page["count"], page["vaults"].as_array().map(Vec::len)), (&json!(4), Some(1)));
    assert_eq!(cloud.ok("ShowSummary", &[], None).await?, json!({"size": 600, "used_size": 20_480}));
    Ok(())
}

#[tokio::test]
async fn wrong_vaults_are_refused() -> Anything {
    let cloud = Cloud::new().await?;
    let (vault, server) = web(&cloud).await?;
    let [broken, disk] = [cloud.resource("server", "broken-01").await?, cloud.resource("disk", "data-01").await?];
    let with = |pointer: &str, value: Value| -> Result<Option<Value>, String> {
        let mut wanted = wish("w", "server", &[]);
        wanted["vault"]["threshold"] = json!(80);
        wanted["vault"]["backup_policy_id"] = Value::Null;
        wanted["vault"]["billing"]["charging_mode"] = json!("post_paid");
        *wanted.pointer_mut(pointer).ok_or("no such member")? = value;
        Ok(Some(wanted))
    };
    let of = |id: &str, kind: &str| json!([{"id": id, "type": kind}]);
    let twice = json!([{"id": disk, "type": "OS::Cinder::Volume"}, {"id": disk, "type": "OS::Cinder::Volume"}]);
    let mut doubled = wish("w", "disk", &[]);
    doubled["vault"]["resources"] = twice;
    let cases = [
        (with("/vault/name", json!("a b"))?, (400, "9900")),
        (with("/vault/threshold", json!(101))?, (400, "9900")),
        (with("/vault/billing/size", json!(9))?, (400, "9900")),
        (with("/vault/billing/size", json!("100"))?, (400, "9900")),
        (with("/vault/billing/object_type", json!("vmware"))?, (400, "9900")),
        (with("/vault/billing/charging_mode", json!("pre_paid"))?, (400, "9900")),
        (with("/vault/backup_policy_id", json!(NOBODY))?, (404, "6000")),
        (with("/vault/resources", of(&server, SERVER))?, (400, "6103")),
        (with("/vault/resources", of(NOBODY, SERVER))?, (404, "7100")),
        (with("/vault/resources", of(NOBODY, "OS::Sfs::Turbo"))?, (404, "6302")),
        (with("/vault/resources", of(&disk, "OS::Cinder::Volume"))?, (400, "6102")),
        (with("/vault/resources", of(&disk, SERVER))?, (400, "6300")),
        (with("/vault/resources", of(&broken, SERVER))?, (400, "7101")),
        (Some(doubled), (400, "6104")),
        (Some(json!({"vault": {"name": "w"}})), (400, "9900")),
    ];
    for (body, expected) in cases {
        cloud.refused("CreateVault", &[], body, expected).await?;
    }
    let here = [("vault_id", vault.as_str())];
    cloud.ok("UpdateVault", &here, Some(json!({"vault": {"locked": true}}))).await?;
    cloud.refused("UpdateVault", &here, Some(json!({"vault": {"locked": false}})), (400, "9900")).await?;
    cloud.back_up(&vault).await?;
    let small = json!({"vault": {"billing": {"size": 1}}});
    cloud.refused("UpdateVault", &here, Some(small), (400, "6101")).await?;
    for operation in
        ["ShowVault", "UpdateVault", "DeleteVault", "ShowVaultTag", "AddVaultResource", "AssociateVaultPolicy"]
    {
        let body = match operation {
            "UpdateVault" => Some(json!({"vault": {"name": "x"}})),
            "AddVaultResource" => Some(json!({"resources": [{"id": server, "type": SERVER}]})),
            "AssociateVaultPolicy" => Some(json!({"policy_id": NOBODY})),
            _ => None,
        };
        cloud.refused(operation, &[("vault_id", NOBODY)], body, (404, "6105")).await?;
    }
    Ok(())
}

#[tokio::test]
async fn resources_join_leave_and_move() -> Anything {
    let cloud = Cloud::new().await?;
    let (vault, first) = web(&cloud).await?;
    let second = cloud.resource("server", "free-02").await?;
    let spare = id(&cloud.ok("CreateVault", &[], Some(wish("spare", "server", &[]))).await?["vault"]["id"]);
    let disks = id(&cloud.ok("CreateVault", &[], Some(wish("disks", "disk", &[]))).await?["vault"]["id"]);
    let here = [("vault_id", vault.as_str())];
    let there = [("vault_id", spare.as_str())];
    let joined = json!({"resources": [{"id": second, "type": SERVER, "extra_info": {"exclude_volumes": ["v1"]}}]});
    let added = cloud.ok("AddVaultResource", &here, Some(joined.clone())).await?;
    assert_eq!(added["add_resource_ids"], json!([second]));
    cloud.refused("AddVaultResource", &there, Some(joined.clone()), (400, "6103")).await?;
    let shown = cloud.ok("ShowVault", &here, None).await?;
    assert_eq!(shown["vault"]["resources"][1]["extra_info"]["exclude_volumes"], json!(["v1"]));

    let ids = |id: &str| json!({"resource_ids": [id]});
    let to = |id: &str, vault: &str| json!({"resource_ids": [id], "destination_vault_id": vault});
    let suspend = |action: &str| json!({"resource_ids": [second], "action": action});
    for (action, follows) in [("suspend", false), ("unsuspend", true)] {
        cloud.ok("SetVaultResource", &here, Some(suspend(action))).await?;
        let shown = cloud.ok("ShowVault", &here, None).await?;
        assert_eq!(shown["vault"]["resources"][1]["auto_protect"], follows, "{action}");
    }
    let refused = [
        ("SetVaultResource", json!({"resource_ids": [NOBODY], "action": "suspend"}), (400, "6135")),
        ("SetVaultResource", suspend("stop"), (400, "9900")),
        ("RemoveVaultResource", ids(NOBODY), (400, "6135")),
        ("RemoveVaultResource", json!({"resource_ids": []}), (400, "9900")),
        ("MigrateVaultResource", to(NOBODY, &spare), (400, "6135")),
        ("MigrateVaultResource", to(&second, NOBODY), (400, "6120")),
        ("MigrateVaultResource", to(&second, &vault), (400, "6118")),
        ("MigrateVaultResource", to(&second, &disks), (400, "6102")),
    ];
    for (operation, body, expected) in refused {
        cloud.refused(operation, &here, Some(body), expected).await?;
    }
    let moved = cloud.ok("MigrateVaultResource", &here, Some(to(&second, &spare))).await?;
    assert_eq!(moved["migrated_resources"], json!([second]));
    cloud.pass(10);
    assert_eq!(cloud.ok("ShowVault", &there, None).await?["vault"]["resources"][0]["id"], json!(second));
    cloud.ok("RemoveVaultResource", &here, Some(ids(&first))).await?;
    cloud.refused("RemoveVaultResource", &here, Some(ids(&first)), (400, "6134")).await?;
    cloud.pass(10);
    assert_eq!(cloud.ok("ShowVault", &here, None).await?["vault"]["resources"], json!([]));
    cloud.ok("CreateCheckpoint", &[], Some(json!({"checkpoint": {"vault_id": spare}}))).await?;
    cloud.refused("RemoveVaultResource", &there, Some(ids(&second)), (400, "6125")).await
}

#[tokio::test]
async fn policies_and_their_vaults() -> Anything {
    let cloud = Cloud::new().await?;
    let (vault, _) = web(&cloud).await?;
    let [region, project, destination] = cloud.away().await?;
    let mut weekly = policy("weekly", "backup", json!({"max_backups": 7}));
    weekly["policy"]["trigger"]["properties"]["start_window_minutes"] = json!(60);
    let weekly = cloud.ok("CreatePolicy", &[], Some(weekly)).await?;
    assert_eq!(weekly["policy"]["policy_type"], "custom_policy");
    assert_eq!((&weekly["policy"]["enabled"], &weekly["policy"]["associated_vaults"]), (&json!(true), &json!([])));
    let to = json!({"destination_region": region, "destination_project_id": project});
    let far = cloud.ok("CreatePolicy", &[], Some(policy("far", "replication", to))).await?;
    let [weekly, far] = [&weekly, &far].map(|made| id(&made["policy"]["id"]));

    let here = [("policy_id", weekly.as_str())];
    let window = |minutes: Value| {
        json!({"policy": {"enabled": false, "trigger": {"properties":
        {"pattern": ["FREQ=WEEKLY;BYDAY=MO;BYHOUR=1;BYMINUTE=0"], "start_window_minutes": minutes}}}})
    };
    let changed = cloud.ok("UpdatePolicy", &here, Some(window(json!(120)))).await?["policy"].clone();
    let properties = &changed["trigger"]["properties"];
    assert_eq!((&changed["enabled"], &properties["start_window_minutes"]), (&json!(false), &json!(120)));
    assert_eq!((&changed["name"], &changed["operation_definition"]["max_backups"]), (&json!("weekly"), &json!(7)));
    let changed = cloud.ok("UpdatePolicy", &here, Some(window(Value::Null))).await?;
    assert_eq!(changed["policy"]["trigger"]["properties"].get("start_window_minutes"), None, "null switches it off");

    let of_vault = [("vault_id", vault.as_str())];
    let join = |policy: &str, to: Option<&str>| Some(json!({"policy_id": policy, "destination_vault_id": to}));
    let hybrid = cloud.vault("hybrid-1").await?;
    cloud.refused("AssociateVaultPolicy", &[("vault_id", &hybrid)], join(&weekly, None), (400, "6136")).await?;
    cloud.refused("AssociateVaultPolicy", &of_vault, join(NOBODY, None), (404, "6000")).await?;
    cloud.refused("AssociateVaultPolicy", &of_vault, join(&far, None), (400, "9900")).await?;
    cloud.refused("AssociateVaultPolicy", &of_vault, join(&far, Some(NOBODY)), (400, "6120")).await?;
    cloud.refused("AssociateVaultPolicy", &of_vault, Some(json!({})), (400, "9900")).await?;
    let joined = cloud.ok("AssociateVaultPolicy", &of_vault, join(&weekly, None)).await?;
    assert_eq!(joined["associate_policy"]["vault_id"], json!(vault));
    cloud.ok("AssociateVaultPolicy", &of_vault, join(&far, Some(&destination))).await?;
    for (query, count) in [("", 2), ("backup", 1), ("replication", 1)] {
        let found = cloud.ok("ListPolicies", &[("vault_id", &vault), ("operation_type", query)], None).await?;
        assert_eq!(found["count"], count, "{query}");
    }
    let shown = cloud.ok("ShowPolicy", &[("policy_id", &far)], None).await?;
    let vaults = json!([{"vault_id": vault, "destination_vault_id": destination}]);
    assert_eq!(shown["policy"]["associated_vaults"], vaults);
    let elsewhere = json!({"policy": {"operation_definition": {"destination_region": "cn-north-4",
        "destination_project_id": project}}});
    cloud.refused("UpdatePolicy", &[("policy_id", &far)], Some(elsewhere), (400, "6003")).await?;

    // Another policy of the same kind takes the place of the first.
    let other = cloud.ok("CreatePolicy", &[], Some(policy("other", "backup", json!({})))).await?;
    let other = id(&other["policy"]["id"]);
    cloud.ok("AssociateVaultPolicy", &of_vault, Some(json!({"add_policy_ids": [other]}))).await?;
    let leave = |policy: &str| Some(json!({"policy_id": policy}));
    cloud.refused("DisassociateVaultPolicy", &of_vault, leave(&weekly), (404, "6002")).await?;
    let left = cloud.ok("DisassociateVaultPolicy", &of_vault, leave(&far)).await?;
    assert_eq!(left["dissociate_policy"]["destination_vault_id"], json!(destination));
    cloud.ok("DeletePolicy", &[("policy_id", &other)], None).await?;
    assert_eq!(cloud.ok("ListPolicies", &[("vault_id", &vault)], None).await?["count"], 0);

    for operation in ["ShowPolicy", "UpdatePolicy", "DeletePolicy"] {
        let body = (operation == "UpdatePolicy").then(|| json!({"policy": {"name": "x"}}));
        cloud.refused(operation, &[("policy_id", NOBODY)], body, (404, "6000")).await?;
    }
    let wrong = [
        (policy("p", "copying", json!({})), (400, "6117")),
        (policy("p", "replication", json!({})), (400, "9900")),
        (policy("p", "backup", json!({"max_backups": 0})), (400, "9900")),
        (policy("p", "backup", json!({"timezone": "CET"})), (400, "9900")),
    ];
    for (body, expected) in wrong {
        cloud.refused("CreatePolicy", &[], Some(body), expected).await?;
    }
    Ok(())
}

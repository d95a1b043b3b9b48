//! What stands around the vaults of CBR: tags, agents, resources to protect, orders, policies of the organization,
//! accounts, features, the migration, and temporary keys.

mod common;

use backup_sync_simulator::Behaviour;
use common::Anything;
use common::cloud::{Cloud, Query, id, wish};
use serde_json::{Value, json};

const SERVER: &str = "OS::Nova::Server";
const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

async fn vault(cloud: &Cloud, wanted: Value) -> Result<String, Box<dyn std::error::Error>> {
    Ok(id(&cloud.ok("CreateVault", &[], Some(wanted)).await?["vault"]["id"]))
}

#[tokio::test]
async fn vaults_are_found_by_their_tags() -> Anything {
    let cloud = Cloud::new().await?;
    let tags = [("one", json!([["team", "a"], ["stage", "test"]])), ("two", json!([["team", "b"]]))];
    for (name, pairs) in tags {
        let made = vault(&cloud, wish(name, "server", &[])).await?;
        let pairs: Vec<Value> =
            pairs.as_array().into_iter().flatten().map(|pair| json!({"key": pair[0], "value": pair[1]})).collect();
        let body = json!({"action": "create", "tags": pairs});
        cloud.ok("BatchCreateAndDeleteVaultTags", &[("vault_id", &made)], Some(body)).await?;
    }
    let project = cloud.ok("ShowVaultProjectTag", &[], None).await?;
    let expected = json!([{"key": "stage", "values": ["test"]}, {"key": "team", "values": ["a", "b"]}]);
    assert_eq!(project["tags"], expected);
    let tag = |key: &str, values: &[&str]| json!([{"key": key, "values": values}]);
    let cases: [(Value, &[&str]); 10] = [
        (json!({}), &["hybrid-1", "vault-web", "one", "two"]),
        (json!({"tags": tag("team", &[])}), &["one", "two"]),
        (json!({"tags": tag("team", &["a", "c"])}), &["one"]),
        (json!({"tags": [{"key": "team", "values": ["a"]}, {"key": "stage", "values": ["live"]}]}), &[]),
        (
            json!({"tags_any": [{"key": "team", "values": ["b"]}, {"key": "stage", "values": ["test"]}]}),
            &["one", "two"],
        ),
        (json!({"not_tags": tag("team", &["a"]), "object_type": "server"}), &["vault-web", "two"]),
        (json!({"not_tags_any": tag("team", &[]), "cloud_type": "public"}), &["vault-web"]),
        (json!({"without_any_tag": true}), &["hybrid-1", "vault-web"]),
        (json!({"matches": [{"key": "resource_name", "value": "vault"}]}), &["vault-web"]),
        (json!({"tags": tag("team", &[]), "limit": "1", "offset": "1"}), &["two"]),
    ];
    for (mut asked, names) in cases {
        asked["action"] = json!("filter");
        let found = cloud.ok("ShowVaultResourceInstances", &[], Some(asked.clone())).await?;
        let found: Vec<String> =
            found["resources"].as_array().into_iter().flatten().map(|one| id(&one["resource_name"])).collect();
        assert_eq!(found, names, "{asked}");
    }
    let counted = json!({"action": "count", "tags": tag("team", &[])});
    assert_eq!(cloud.ok("ShowVaultResourceInstances", &[], Some(counted)).await?, json!({"total_count": 2}));
    for wrong in [json!({"action": "look"}), json!({"action": "filter", "limit": "many"})] {
        cloud.refused("ShowVaultResourceInstances", &[], Some(wrong), (400, "9900")).await?;
    }
    Ok(())
}

#[tokio::test]
async fn tags_come_and_go() -> Anything {
    let cloud = Cloud::new().await?;
    let made = vault(&cloud, wish("one", "server", &[])).await?;
    let here = [("vault_id", made.as_str())];
    let one = |key: &str, value: &str| Some(json!({"tag": {"key": key, "value": value}}));
    cloud.ok("CreateVaultTags", &here, one("team", "a")).await?;
    cloud.ok("CreateVaultTags", &here, one(" team ", "b")).await?;
    let shown = cloud.ok("ShowVaultTag", &here, None).await?;
    assert_eq!(shown["tags"], json!([{"key": "team", "value": "b"}]), "a key is there once, without blanks");
    let many = |action: &str, count: usize| {
        let tags: Vec<Value> = (0..count).map(|number| json!({"key": format!("k{number}"), "value": ""})).collect();
        Some(json!({"action": action, "tags": tags}))
    };
    let twice = Some(json!({"action": "create", "tags": [{"key": "a"}, {"key": "a"}]}));
    let operation = "BatchCreateAndDeleteVaultTags";
    let cases = [
        (operation, many("create", 10), (400, "6600")),
        (operation, many("create", 11), (400, "9900")),
        (operation, many("delete", 1), (404, "6601")),
        (operation, many("change", 1), (400, "9900")),
        (operation, twice, (400, "9900")),
        ("CreateVaultTags", one("", "x"), (400, "9900")),
        ("CreateVaultTags", one("k", &"x".repeat(44)), (400, "9900")),
        ("CreateVaultTags", None, (400, "9900")),
    ];
    for (operation, body, expected) in cases {
        cloud.refused(operation, &here, body, expected).await?;
    }
    cloud.ok(operation, &here, many("create", 9)).await?;
    cloud.ok(operation, &here, many("delete", 9)).await?;
    cloud.refused("DeleteVaultTag", &[("vault_id", &made), ("key", "k0")], None, (404, "6601")).await?;
    cloud.ok("DeleteVaultTag", &[("vault_id", &made), ("key", "team")], None).await?;
    assert_eq!(cloud.ok("ShowVaultTag", &here, None).await?["tags"], json!([]));
    cloud.refused("DeleteVaultTag", &[("vault_id", NOBODY), ("key", "team")], None, (404, "6105")).await
}

#[tokio::test]
async fn agents_and_their_directories() -> Anything {
    let cloud = Cloud::new().await?;
    let agent = |agent_id: &str, version: &str| {
        Some(json!({"agent": {"agent_id": agent_id, "host_name": "free-01", "host_ip": "192.0.2.7",
            "host_os": "linux", "agent_version": version}}))
    };
    let made = cloud.ok("RegisterAgent", &[], agent("a1", "1.0.3")).await?;
    assert_eq!((&made["agent"]["status"], &made["agent"]["agent_type"]), (&json!("normal"), &json!("native")));
    cloud.ok("RegisterAgent", &[], agent("a2", "1.0.3")).await?;
    cloud.pass(60);
    let again = cloud.ok("RegisterAgent", &[], agent("a1", "1.1.0")).await?;
    assert_eq!(again["agent"]["agent_version"], "1.1.0");
    assert_eq!(again["agent"]["created_at"], "2026-03-02T09:00:00.000000", "it is the same agent");
    assert_eq!(again["agent"]["last_active_time"], "2026-03-02T09:01:00.000000");
    cloud.refused("RegisterAgent", &[], agent("a3", "1.1"), (400, "9900")).await?;

    let here = [("agent_id", "a1")];
    let add = |paths: &[&str]| {
        let excluded = json!([{"path_name": "/var", "exclude_path_name": ["/var/tmp", "/var/log"]}]);
        Some(json!({"add_path": paths, "exclude_path": excluded}))
    };
    let added = cloud.ok("AddAgentPath", &here, add(&["/var", "D:\\data"])).await?;
    assert_eq!((&added["added"], &added["existed"]), (&json!(["/var", "D:\\data"]), &json!([])));
    let added = cloud.ok("AddAgentPath", &here, add(&["/var", "/srv"])).await?;
    assert_eq!((&added["added"], &added["existed"]), (&json!(["/srv"]), &json!(["/var"])));
    cloud.refused("AddAgentPath", &here, add(&["srv"]), (400, "9900")).await?;
    let removed = cloud.ok("RemoveAgentPath", &here, Some(json!({"remove_path": ["/srv", "/opt"]}))).await?;
    assert_eq!((&removed["removed"], &removed["not_existed"]), (&json!(["/srv"]), &json!(["/opt"])));
    let shown = cloud.ok("ShowAgent", &here, None).await?;
    let paths = &shown["agent"]["paths"];
    assert_eq!((&paths[0]["exclude_paths"], &paths[2]["status"]), (&json!("/var/tmp,/var/log"), &json!("remove")));

    let server = cloud.resource("server", "free-01").await?;
    let asked = |id: &str| Some(json!({"agent_status": [{"resource_id": id, "resource_type": SERVER}]}));
    let checked = cloud.ok("CheckAgent", &[], asked(&server)).await?;
    assert_eq!(checked["agent_status"][0]["version"], "1.1.0");
    cloud.refused("CheckAgent", &[], asked(NOBODY), (404, "7100")).await?;
    cloud.ok("UpdateAgent", &here, Some(json!({"agent": {"status": "uninstall"}}))).await?;
    cloud.refused("UpdateAgent", &here, Some(json!({"agent": {"status": "normal"}})), (400, "9900")).await?;
    let cases: [(Query<'_>, u32); 4] = [
        (&[], 2),
        (&[("status", "uninstall")], 1),
        (&[("agent_id", "a1"), ("agent_id", "a2"), ("limit", "1")], 2),
        (&[("agent_id", "a3")], 0),
    ];
    for (query, count) in cases {
        assert_eq!(cloud.ok("ListAgent", query, None).await?["count"], count, "{query:?}");
    }
    let (status, body) = cloud.call("UnregisterAgent", &here, None).await?;
    assert_eq!((status, body), (200, Value::Null), "unlike other deletions");
    for operation in ["ShowAgent", "UnregisterAgent", "UpdateAgent", "AddAgentPath", "RemoveAgentPath"] {
        let body = match operation {
            "UpdateAgent" => Some(json!({"agent": {"status": "uninstall"}})),
            "AddAgentPath" => add(&["/x"]),
            "RemoveAgentPath" => Some(json!({"remove_path": ["/x"]})),
            _ => None,
        };
        cloud.refused(operation, &here, body, (404, "6302")).await?;
    }
    Ok(())
}

#[tokio::test]
async fn resources_to_protect_know_their_vault() -> Anything {
    let cloud = Cloud::new().await?;
    let list = async |kind: &str, query: Query<'_>| -> Result<Vec<String>, Box<dyn std::error::Error>> {
        let query: Vec<(&str, &str)> = [("protectable_type", kind)].into_iter().chain(query.iter().copied()).collect();
        let found = cloud.ok("ListProtectable", &query, None).await?;
        Ok(found["instances"].as_array().into_iter().flatten().map(|one| id(&one["name"])).collect())
    };
    assert_eq!(list("server", &[]).await?, ["vm-1", "free-01", "free-02", "broken-01", "metal-01"]);
    // For servers the first two pages are the same, for disks they are not.
    let page = [("limit", "2")];
    assert_eq!(list("server", &page).await?, list("server", &[("limit", "2"), ("offset", "1")]).await?);
    assert_eq!(list("server", &[("limit", "2"), ("offset", "2")]).await?, ["free-02", "broken-01"]);
    assert_ne!(list("disk", &page).await?, list("disk", &[("limit", "2"), ("offset", "1")]).await?);
    assert_eq!(list("server", &[("status", "error")]).await?, ["broken-01"]);
    assert_eq!(list("turbo", &[]).await?, ["share-01"]);
    let first = cloud.resource("server", "free-01").await?;
    assert_eq!(list("server", &[("marker", &first), ("limit", "1")]).await?, ["free-02"]);
    assert_eq!(list("disk", &[("server_id", &first)]).await?, ["free-01-disk"]);
    vault(&cloud, wish("web", "server", &[(&first, SERVER)])).await?;
    for (name, code, vault) in
        [("free-01", "BackupService.7116", "web"), ("free-02", "", ""), ("broken-01", "BackupService.7101", "")]
    {
        let resource = cloud.resource("server", name).await?;
        let here = [("protectable_type", "server"), ("instance_id", resource.as_str())];
        let shown = cloud.ok("ShowProtectable", &here, None).await?;
        let verdict = &shown["instance"]["protectable"];
        let told = (verdict["result"] == true, id(&verdict["code"]), id(&verdict["vault"]["name"]));
        assert_eq!(told, (code.is_empty(), code.to_owned(), vault.to_owned()), "{name}");
    }
    let cases = [
        ("ShowProtectable", "server", (404, "7100")),
        ("ShowProtectable", "disk", (404, "7000")),
        ("ShowProtectable", "turbo", (404, "6302")),
        ("ListProtectable", "printer", (400, "6116")),
    ];
    for (operation, kind, expected) in cases {
        cloud.refused(operation, &[("protectable_type", kind), ("instance_id", NOBODY)], None, expected).await?;
    }
    cloud.refused("ListProtectable", &[("protectable_type", "server"), ("limit", "51")], None, (400, "9900")).await
}

#[tokio::test]
async fn vaults_are_bought_and_resized() -> Anything {
    let cloud = Cloud::new().await?;
    let mut wanted = wish("bought.1", "server", &[]);
    for (name, value) in
        [("charging_mode", json!("pre_paid")), ("period_type", json!("year")), ("period_num", json!(1))]
    {
        wanted["vault"]["billing"][name] = value;
    }
    let answer = cloud.ok("CreatePostPaidVault", &[], Some(wanted.clone())).await?;
    assert_eq!((&answer["error_code"], &answer["orders"][0]["subscribeResult"]), (&json!("0"), &json!(1)));
    let (order, bought) = (id(&answer["orders"][0]["orderId"]), id(&answer["orders"][0]["resourceId"]));
    wanted["vault"]["name"] = json!("bought-2");
    let answer = cloud.ok("CreateVault", &[], Some(wanted)).await?;
    assert_eq!((&answer["vault"]["billing"]["charging_mode"], &answer["retCode"]), (&json!("pre_paid"), &json!(0)));
    let new = |id: &str, size: u32| {
        let product =
            json!({"product_id": "p", "resource_size": size, "resource_spec_code": "vault.backup.server.normal"});
        json!({"resource_id": id, "product_info": product})
    };
    let old = |id: &str, size: u32| {
        let product = json!({"productId": "p", "resourceSize": size, "resourceSpecCode": "vault.backup.server.normal"});
        json!({"resourceId": id, "productInfo": product})
    };
    let changed = cloud.ok("ChangeOrder", &[], Some(new(&bought, 200))).await?;
    assert_eq!(changed["retCode"], 0.0);
    // The vendor's example has the names of billing.
    cloud.ok("ChangeOrder", &[], Some(old(&bought, 300))).await?;
    let by_order = [("order_id", order.as_str())];
    let updated = cloud.ok("UpdateOrder", &by_order, Some(old(&bought, 500))).await?;
    assert_eq!(updated["retCode"], "0");
    let size = cloud.ok("ShowVault", &[("vault_id", &bought)], None).await?["vault"]["billing"]["size"].clone();
    assert_eq!(size, 500);
    let used = cloud.vault("vault-web").await?;
    let period = |id: &str| {
        json!({"vault_ids": [id], "charging_mode": "pre_paid", "period_type": "month", "period_num": 3,
            "is_auto_renew": false, "is_auto_pay": true})
    };
    let cases = [
        ("ChangeOrder", &[][..], new(&used, 200), (400, "6109")),
        ("ChangeOrder", &[], new(NOBODY, 200), (400, "6109")),
        ("ChangeOrder", &[], new(&bought, 9), (400, "9900")),
        ("UpdateOrder", &[("order_id", NOBODY)], old(&bought, 200), (400, "6109")),
        ("UpdateOrder", &by_order, old(&used, 200), (400, "6109")),
        ("ChangeVaultChargeMode", &[], period(NOBODY), (404, "6105")),
        ("ChangeVaultChargeMode", &[], period(&bought), (400, "6110")),
    ];
    for (operation, path, body, expected) in cases {
        cloud.refused(operation, path, Some(body), expected).await?;
    }
    cloud.ok("ChangeVaultChargeMode", &[], Some(period(&used))).await?;
    let shown = cloud.ok("ShowVault", &[("vault_id", &used)], None).await?;
    assert_eq!(shown["vault"]["billing"]["charging_mode"], "pre_paid");
    Ok(())
}

#[tokio::test]
async fn a_policy_of_the_organization_is_in_each_account() -> Anything {
    let cloud = Cloud::new().await?;
    let wanted = json!({"policy": {"name": "everywhere", "operation_type": "backup", "policy_name": "org-daily",
        "policy_enabled": true, "policy_operation_definition": {"max_backups": 5},
        "policy_trigger": {"properties": {"pattern": ["FREQ=DAILY;INTERVAL=1;BYHOUR=2;BYMINUTE=0"]}}}});
    let made = cloud.ok("CreateOrganizationPolicy", &[], Some(wanted.clone())).await?;
    let policy = id(&made["policy"]["id"]);
    let here = [("organization_policy_id", policy.as_str())];
    let detail = cloud.ok("ListOrganizationPolicyDetail", &here, None).await?;
    assert_eq!((&detail["count"], &detail["policies"][0]["project_id"]), (&json!(2), &json!(cloud.project)));
    let own = id(&detail["policies"][0]["policy_id"]);
    let shown = cloud.ok("ShowPolicy", &[("policy_id", &own)], None).await?;
    let told = [&shown["policy"]["name"], &shown["policy"]["policy_type"]];
    assert_eq!(told, ["org-daily", "organization_policy_v1"]);
    let change = json!({"policy": {"policy_enabled": false, "description": "off"}});
    let changed = cloud.ok("UpdateOrganizationPolicy", &here, Some(change)).await?;
    assert_eq!((&changed["policy"]["description"], &changed["policy"]["name"]), (&json!("off"), &json!("everywhere")));
    assert_eq!(cloud.ok("ShowPolicy", &[("policy_id", &own)], None).await?["policy"]["enabled"], false);
    for (kind, count) in [("backup", 1), ("replication", 0)] {
        let found = cloud.ok("ListOrganizationPolicies", &[("operation_type", kind), ("limit", "10")], None).await?;
        assert_eq!(found["count"], count, "{kind}");
    }
    cloud.refused("ListOrganizationPolicies", &[], None, (400, "9900")).await?;
    let mut wrong = wanted;
    wrong["policy"]["operation_type"] = json!("copying");
    cloud.refused("CreateOrganizationPolicy", &[], Some(wrong), (400, "6117")).await?;
    // A vault keeps what it has.
    let used = cloud.vault("vault-web").await?;
    cloud.ok("AssociateVaultPolicy", &[("vault_id", &used)], Some(json!({"policy_id": own}))).await?;
    cloud.ok("DeleteOrganizationPolicy", &here, None).await?;
    let kept = cloud.ok("ShowPolicy", &[("policy_id", &own)], None).await?;
    assert_eq!(kept["policy"]["policy_type"], "organization_policy_removed");
    for operation in ["ShowOrganizationPolicy", "DeleteOrganizationPolicy", "ListOrganizationPolicyDetail"] {
        cloud.refused(operation, &here, None, (404, "6000")).await?;
    }
    Ok(())
}

#[tokio::test]
async fn accounts_features_and_migration() -> Anything {
    let cloud = Cloud::new().await?;
    let shown = cloud.ok("ShowDomain", &[("source_project_id", &cloud.project)], None).await?;
    let account = id(&shown["domain_name"]);
    let projects = cloud.ok("ListDomainProjects", &[("domain_name", &account)], None).await?;
    assert_eq!(projects["projects"].as_array().map(Vec::len), Some(2), "one in each region");
    assert_eq!(cloud.ok("ListDomainProjects", &[("domain_name", "nobody")], None).await?["projects"], json!([]));
    cloud.refused("ShowDomain", &[("source_project_id", NOBODY)], None, (404, "6302")).await?;
    let features = cloud.ok("ListFeatures", &[], None).await?;
    assert_eq!(features["replication.enable"], true);
    let one = cloud.ok("ShowFeature", &[("feature_key", "replication.source_region")], None).await?;
    assert_eq!(one["replication.source_region"], features["replication.source_region"]);
    let (status, text) = cloud.call("ShowFeature", &[("feature_key", "time.travel")], None).await?;
    assert!(status == 400 && text.is_string(), "a bare text: {status} {text}");

    cloud.refused("ShowMigrateStatus", &[], None, (404, "4001")).await?;
    let begin = |reservation: f64| Some(json!({"all_regions": true, "reservation": reservation}));
    cloud.refused("MigrateDomain", &[], begin(1.5), (400, "9900")).await?;
    cloud.simulator.script("cloud", &cloud.project, Behaviour::fail("a backup is in the way"))?;
    for (end, code) in [("failed", json!(4006)), ("success", Value::Null)] {
        let begun = cloud.ok("MigrateDomain", &[], begin(0.2)).await?;
        assert_eq!(begun["ap-southeast-3"], "running");
        cloud.pass(3);
        let state = cloud.ok("ShowMigrateStatus", &[], None).await?;
        assert_eq!((&state["status"], &state["project_status"][0]["progress"]), (&json!("migrating"), &json!(50)));
        cloud.pass(3);
        let state = cloud.ok("ShowMigrateStatus", &[("all_regions", "false")], None).await?;
        let project = &state["project_status"][0];
        assert_eq!((&state["status"], &project["fail_code"]), (&json!(end), &code));
        assert_eq!(state["project_status"].as_array().map(Vec::len), Some(1));
    }
    Ok(())
}

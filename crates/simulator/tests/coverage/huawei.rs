//! One story through all operations of CBR and of its IAM.

use std::collections::BTreeSet;

use huawei_cbr::{iam_v3, v3};
use serde_json::{Value, json};

use crate::common::Anything;
use crate::common::cloud::{Cloud, id, policy, wish};

const SERVER: &str = "OS::Nova::Server";

#[tokio::test]
async fn every_operation_of_huawei_is_answered() -> Anything {
    let cloud = Cloud::new().await?;
    accounts(&cloud).await?;
    synchronization(&cloud).await?;
    let vault = vaults(&cloud).await?;
    policies(&cloud, &vault).await?;
    tags(&cloud, &vault).await?;
    backups(&cloud, &vault).await?;
    agents(&cloud).await?;
    orders(&cloud).await?;
    cloud.ok("DeleteVault", &[("vault_id", &vault)], None).await?;
    let all: BTreeSet<&str> = v3::OPERATIONS.iter().chain(iam_v3::OPERATIONS).map(|row| row.id).collect();
    let answered = cloud.answered();
    let missing: Vec<&&str> = all.difference(&answered).collect();
    assert!(missing.is_empty(), "not answered: {missing:?}");
    Ok(())
}

/// Names, projects, keys, features, and the migration of the account.
async fn accounts(cloud: &Cloud) -> Anything {
    for operation in ["KeystoneListProjects", "KeystoneListAuthProjects", "KeystoneListAuthDomains", "ListProjects"] {
        cloud.ok(operation, &[], None).await?;
    }
    let key = json!({"auth": {"identity": {"methods": ["token"]}}});
    cloud.ok("CreateTemporaryAccessKeyByToken", &[], Some(key)).await?;
    let domain = cloud.ok("ShowDomain", &[("source_project_id", &cloud.project)], None).await?;
    cloud.ok("ListDomainProjects", &[("domain_name", &id(&domain["domain_name"]))], None).await?;
    cloud.ok("ListFeatures", &[], None).await?;
    cloud.ok("ShowFeature", &[("feature_key", "replication.enable")], None).await?;
    cloud.ok("MigrateDomain", &[], Some(json!({"all_regions": true, "reservation": 0.2}))).await?;
    cloud.ok("ShowMigrateStatus", &[], None).await?;
    Ok(())
}

async fn synchronization(cloud: &Cloud) -> Anything {
    let hybrid = cloud.vault("hybrid-1").await?;
    let sync = Some(json!({"sync": {"vault_id": hybrid, "auto_trigger": false}}));
    let started = cloud.ok("ImportCheckpoint", &[], sync).await?;
    cloud.ok("ShowOpLog", &[("operation_log_id", &id(&started["sync"]["operation_log_id"]))], None).await?;
    cloud.ok("ListOpLogs", &[], None).await?;
    let entry = json!({"backup_id": "b", "backup_name": "n", "bucket_name": "k", "image_path": "p", "resource_id": "r",
        "resource_name": "n", "resource_type": "OS::Native::Server", "created_at": 1});
    cloud.ok("ImportBackup", &[], Some(json!({"sync": [entry]}))).await?;
    Ok(())
}

/// Makes two vaults; the one that is given has a server.
async fn vaults(cloud: &Cloud) -> Result<String, Box<dyn std::error::Error>> {
    let [first, second] = [cloud.resource("server", "free-01").await?, cloud.resource("server", "free-02").await?];
    cloud.ok("ShowProtectable", &[("protectable_type", "server"), ("instance_id", &first)], None).await?;
    let made = cloud.ok("CreateVault", &[], Some(wish("web", "server", &[(&first, SERVER)]))).await?;
    let vault = id(&made["vault"]["id"]);
    let other = cloud.ok("CreateVault", &[], Some(wish("spare", "server", &[]))).await?;
    let here = [("vault_id", vault.as_str())];
    cloud.ok("ShowVault", &here, None).await?;
    cloud.ok("UpdateVault", &here, Some(json!({"vault": {"name": "web-1"}}))).await?;
    cloud.ok("BatchUpdateVault", &[], Some(json!({"vault": {"threshold": 90, "smn_notify": false}}))).await?;
    cloud.ok("AddVaultResource", &here, Some(json!({"resources": [{"id": second, "type": SERVER}]}))).await?;
    let named = json!({"resource_ids": [second], "action": "suspend"});
    cloud.ok("SetVaultResource", &here, Some(named)).await?;
    let moved = json!({"resource_ids": [second], "destination_vault_id": other["vault"]["id"]});
    cloud.ok("MigrateVaultResource", &here, Some(moved)).await?;
    cloud.pass(10);
    let spare = id(&other["vault"]["id"]);
    cloud.ok("RemoveVaultResource", &[("vault_id", &spare)], Some(json!({"resource_ids": [second]}))).await?;
    cloud.ok("ShowSummary", &[], None).await?;
    Ok(vault)
}

async fn policies(cloud: &Cloud, vault: &str) -> Anything {
    let made = cloud.ok("CreatePolicy", &[], Some(policy("daily", "backup", json!({"max_backups": 7})))).await?;
    let policy_id = id(&made["policy"]["id"]);
    let here = [("policy_id", policy_id.as_str())];
    cloud.ok("ShowPolicy", &here, None).await?;
    cloud.ok("UpdatePolicy", &here, Some(json!({"policy": {"enabled": false}}))).await?;
    cloud.ok("AssociateVaultPolicy", &[("vault_id", vault)], Some(json!({"policy_id": policy_id}))).await?;
    cloud.ok("ListPolicies", &[("vault_id", vault)], None).await?;
    cloud.ok("DisassociateVaultPolicy", &[("vault_id", vault)], Some(json!({"policy_id": policy_id}))).await?;
    cloud.ok("DeletePolicy", &here, None).await?;
    let made = cloud.ok("CreateOrganizationPolicy", &[], Some(organization())).await?;
    let policy_id = id(&made["policy"]["id"]);
    let here = [("organization_policy_id", policy_id.as_str())];
    cloud.ok("ShowOrganizationPolicy", &here, None).await?;
    cloud.ok("UpdateOrganizationPolicy", &here, Some(json!({"policy": {"policy_enabled": false}}))).await?;
    cloud.ok("ListOrganizationPolicies", &[("operation_type", "backup")], None).await?;
    cloud.ok("ListOrganizationPolicyDetail", &here, None).await?;
    cloud.ok("DeleteOrganizationPolicy", &here, None).await?;
    Ok(())
}

fn organization() -> Value {
    json!({"policy": {"name": "all", "operation_type": "backup", "policy_name": "daily", "policy_enabled": true,
        "policy_operation_definition": {"retention_duration_days": 30},
        "policy_trigger": {"properties": {"pattern": ["FREQ=DAILY;INTERVAL=1;BYHOUR=2;BYMINUTE=0"]}}}})
}

async fn tags(cloud: &Cloud, vault: &str) -> Anything {
    let here = [("vault_id", vault)];
    cloud.ok("CreateVaultTags", &here, Some(json!({"tag": {"key": "stage", "value": "test"}}))).await?;
    let more = json!({"action": "create", "tags": [{"key": "team", "value": "a"}]});
    cloud.ok("BatchCreateAndDeleteVaultTags", &here, Some(more)).await?;
    cloud.ok("ShowVaultTag", &here, None).await?;
    cloud.ok("ShowVaultProjectTag", &[], None).await?;
    let asked = json!({"action": "filter", "tags": [{"key": "team", "values": ["a"]}]});
    cloud.ok("ShowVaultResourceInstances", &[], Some(asked)).await?;
    cloud.ok("DeleteVaultTag", &[("vault_id", vault), ("key", "team")], None).await?;
    Ok(())
}

async fn backups(cloud: &Cloud, vault: &str) -> Anything {
    let backup = cloud.back_up(vault).await?;
    let here = [("backup_id", backup.as_str())];
    let shown = cloud.ok("ShowBackup", &here, None).await?;
    cloud.ok("ShowCheckpoint", &[("checkpoint_id", &id(&shown["backup"]["checkpoint_id"]))], None).await?;
    cloud.ok("UpdateBackup", &here, Some(json!({"backup": {"name": "before-update"}}))).await?;
    cloud.ok("ShowMetadata", &here, None).await?;
    let restore = json!({"restore": {"server_id": shown["backup"]["resource_id"]}});
    cloud.ok("RestoreBackup", &here, Some(restore)).await?;
    cloud.pass(10);
    let [region, project, destination] = cloud.away().await?;
    let mut to = json!({"replicate": {"destination_region": region, "destination_project_id": project,
        "destination_vault_id": destination}});
    cloud.ok("CopyBackup", &here, Some(to.clone())).await?;
    cloud.pass(10);
    to["replicate"]["vault_id"] = json!(vault);
    cloud.ok("CopyCheckpoint", &[], Some(to)).await?;
    let partner = "0123456789abcdef0123456789abcdef";
    cloud.ok("AddMember", &here, Some(json!({"members": [partner]}))).await?;
    let share = [("backup_id", backup.as_str()), ("member_id", partner)];
    cloud.ok("ShowMembersDetail", &here, None).await?;
    cloud.ok("ShowMemberDetail", &share, None).await?;
    cloud.ok("UpdateMemberStatus", &share, Some(json!({"status": "accepted", "vault_id": vault}))).await?;
    cloud.ok("DeleteMember", &share, None).await?;
    let day = json!({"expect_expiration_date": "2027-01-31", "time_zone": "UTC+08:00"});
    cloud.ok("UpdateExpirationTime", &[("vault_id", vault)], Some(day)).await?;
    cloud.ok("ShowStorageUsage", &[], None).await?;
    cloud.ok("DeleteBackup", &here, None).await?;
    cloud.pass(10);
    Ok(())
}

async fn agents(cloud: &Cloud) -> Anything {
    let agent = json!({"agent_id": "a1", "host_name": "free-01", "host_ip": "192.0.2.7", "host_os": "linux"});
    cloud.ok("RegisterAgent", &[], Some(json!({"agent": agent}))).await?;
    let here = [("agent_id", "a1")];
    cloud.ok("ShowAgent", &here, None).await?;
    cloud.ok("ListAgent", &[], None).await?;
    cloud.ok("AddAgentPath", &here, Some(json!({"add_path": ["/var/lib"]}))).await?;
    cloud.ok("RemoveAgentPath", &here, Some(json!({"remove_path": ["/var/lib"]}))).await?;
    let server = cloud.resource("server", "free-01").await?;
    let asked = json!({"agent_status": [{"resource_id": server, "resource_type": SERVER}]});
    cloud.ok("CheckAgent", &[], Some(asked)).await?;
    cloud.ok("UpdateAgent", &here, Some(json!({"agent": {"status": "uninstall"}}))).await?;
    cloud.ok("UnregisterAgent", &here, None).await?;
    Ok(())
}

async fn orders(cloud: &Cloud) -> Anything {
    let mut bought = wish("bought", "server", &[]);
    bought["vault"]["billing"]["charging_mode"] = json!("pre_paid");
    bought["vault"]["billing"]["period_type"] = json!("month");
    bought["vault"]["billing"]["period_num"] = json!(3);
    let answer = cloud.ok("CreatePostPaidVault", &[], Some(bought)).await?;
    let order = &answer["orders"][0];
    let product = json!({"product_id": "p1", "resource_size": 200, "resource_spec_code": "vault.backup.server.normal"});
    let change = json!({"resource_id": order["resourceId"], "product_info": product});
    cloud.ok("ChangeOrder", &[], Some(change)).await?;
    let product = json!({"productId": "p1", "resourceSize": 300, "resourceSpecCode": "vault.backup.server.normal"});
    let change = json!({"resourceId": order["resourceId"], "productInfo": product});
    cloud.ok("UpdateOrder", &[("order_id", &id(&order["orderId"]))], Some(change)).await?;
    let spare = cloud.vault("spare").await?;
    let period = json!({"vault_ids": [spare], "charging_mode": "pre_paid", "period_type": "year", "period_num": 1,
        "is_auto_renew": false, "is_auto_pay": true});
    cloud.ok("ChangeVaultChargeMode", &[], Some(period)).await?;
    Ok(())
}

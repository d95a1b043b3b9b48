//! Where the sources about CBR contradict each other or its document is odd: what the typed client reads of each form,
//! what it sends, and what it makes of errors. The spec tells each contradiction in `x-doubts`.

use backup_sync_runtime::call;
use backup_sync_tests::calls::Api;
use backup_sync_tests::server::{Answer, Server};
use backup_sync_tests::spec::Spec;
use huawei_cbr::v3::{Client, OPERATIONS, open, types as t};
use serde_json::{Value, json};

/// An operation, an answer as the quirk has it, and what must be read: values at JSON pointers, null for nothing.
type Row = (&'static str, Value, &'static [(&'static str, &'static str)]);

/// Reads each answer and tells what is not as it should be. What is expected is written as JSON.
async fn read_all(rows: Vec<Row>) {
    let (server, connection) = (Server::start().await, Api::Cbr.connection());
    let mut wrong = Vec::new();
    for (id, answer, expected) in rows {
        server.answer(Answer::json(200, &answer));
        match Api::Cbr.call(&server.url(""), &connection, id).await {
            Ok(read) => {
                for (pointer, text) in expected {
                    let expected: Value = serde_json::from_str(text).unwrap();
                    let found = read.body.pointer(pointer).cloned().unwrap_or_default();
                    if found != expected {
                        wrong.push(format!("{id}: {pointer} is {found} instead of {expected}"));
                    }
                }
            }
            Err(error) => wrong.push(format!("{id}: {error}")),
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Members that are declared as required come as null in one edition and not at all in another.
#[tokio::test]
async fn required_members_are_null_or_absent() {
    let vault = json!({ "vault": { "id": "v", "billing": { "size": 200, "order_id": null, "frozen_scene": null } } });
    let nulls = json!({ "backup": { "id": "b", "name": "n", "description": null, "expired_at": null,
        "parent_id": null, "protected_at": null, "resource_az": null, "updated_at": null } });
    read_all(vec![
        (
            "UpdateVault",
            vault,
            &[("/vault/id", r#""v""#), ("/vault/provider_id", "null"), ("/vault/billing/size", "200")],
        ),
        ("UpdateBackup", nulls, &[("/backup/name", r#""n""#), ("/backup/updated_at", "null")]),
        ("UpdateBackup", json!({ "backup": { "id": "b" } }), &[("/backup/id", r#""b""#)]),
        (
            "ShowVaultTag",
            json!({ "tags": [{ "key": "stage", "value": null }] }),
            &[("/tags/0/key", r#""stage""#), ("/tags/0/value", "null"), ("/sys_tags", "null")],
        ),
        (
            "ShowVaultResourceInstances",
            json!({ "resources": [{ "resource_id": "v", "tags": [], "resource_name": "n" }], "total_count": 1 }),
            &[("/resources/0/resource_id", r#""v""#), ("/resources/0/sys_tags", "null"), ("/total_count", "1")],
        ),
        (
            "ListAgent",
            json!({ "agents": [{ "agent_id": "a", "paths": null, "updated_at": null }] }),
            &[("/agents/0/agent_id", r#""a""#), ("/agents/0/paths", "null"), ("/count", "null")],
        ),
        ("CopyCheckpoint", json!({}), &[("/replication", "null")]),
    ])
    .await;
}

/// Members that nobody declares, and members that only one of definition and SDKs has.
#[tokio::test]
async fn members_come_that_only_some_sources_know() {
    read_all(vec![
        (
            "CreateCheckpoint",
            json!({ "checkpoint": { "id": "c", "vault": { "id": "v", "provider_id": "p", "later": 1 } } }),
            &[("/checkpoint/vault/provider_id", r#""p""#), ("/checkpoint/vault/id", r#""v""#)],
        ),
        (
            "UpdateBackup",
            json!({ "backup": { "id": "b", "extend_info": { "architecture": "x86_64", "progress": null,
                "app_consistency": { "app_consistency": "0" } } } }),
            &[
                ("/backup/extend_info/architecture", r#""x86_64""#),
                ("/backup/extend_info/app_consistency/app_consistency", r#""0""#),
            ],
        ),
        (
            "AddMember",
            json!({ "members": [{ "status": "pending" }], "count": 1 }),
            &[("/count", "1"), ("/members/0/status", r#""pending""#)],
        ),
        ("AddMember", json!({ "members": [] }), &[("/count", "null"), ("/members", "[]")]),
        (
            "UpdateVault",
            json!({ "vault": { "id": "v", "resources": [{ "id": "r", "auto_protect": true }] } }),
            &[("/vault/resources/0/auto_protect", "true")],
        ),
    ])
    .await;
}

/// The same member is a number here and text there; each goes out as it came.
#[tokio::test]
async fn numbers_are_text_and_text_is_numbers() {
    read_all(vec![
        ("ChangeOrder", json!({ "orderId": "o", "retCode": 0 }), &[("/retCode", "0"), ("/orderId", r#""o""#)]),
        ("ChangeOrder", json!({ "retCode": "-1" }), &[("/retCode", r#""-1""#)]),
        ("ChangeVaultChargeMode", json!({ "retCode": "0" }), &[("/retCode", r#""0""#)]),
        ("UpdateOrder", json!({ "retCode": "0" }), &[("/retCode", r#""0""#)]),
        ("UpdateOrder", json!({ "retCode": 0 }), &[("/retCode", "0")]),
        ("CreateVault", json!({ "retCode": "0", "error_code": "0" }), &[("/retCode", r#""0""#), ("/vault", "null")]),
        ("CreatePostPaidVault", json!({ "retCode": 0 }), &[("/retCode", "0")]),
        (
            "CreateCheckpoint",
            json!({ "checkpoint": { "id": "c", "vault": { "resources": [{ "id": "r", "resource_size": 40,
                "backup_size": "1024", "backup_count": 3, "extra_info": "{}" }] } } }),
            &[
                ("/checkpoint/vault/resources/0/resource_size", "40"),
                ("/checkpoint/vault/resources/0/backup_size", r#""1024""#),
                ("/checkpoint/vault/resources/0/extra_info", r#""{}""#),
            ],
        ),
        (
            "CreateVault",
            json!({ "vault": { "id": "v", "enterprise_project_id": 0 } }),
            &[("/vault/enterprise_project_id", "0")],
        ),
        (
            "ShowProtectable",
            json!({ "instance": { "id": "i", "protectable": { "result": false,
                "vault": { "id": "v", "enterprise_project_id": 0 } } } }),
            &[("/instance/protectable/vault/enterprise_project_id", "0")],
        ),
    ])
    .await;
    let code = |code: Value| {
        let answer: t::OrderResponseBody = serde_json::from_value(json!({ "retCode": code })).unwrap();
        answer.ret_code.and_then(|code| code.value())
    };
    assert_eq!((code(json!(0)), code(json!("-1")), code(json!(2.0))), (Some(0.0), Some(-1.0), Some(2.0)));
}

/// The definition declares a list of values, its example shows one text.
#[tokio::test]
async fn values_of_a_tag_are_a_list_or_one_text() {
    let tags = |values: Value| json!({ "tags": [{ "key": "stage", "values": values }] });
    read_all(vec![
        ("ShowVaultProjectTag", tags(json!(["production", "test"])), &[("/tags/0/values", r#"["production","test"]"#)]),
        ("ShowVaultProjectTag", tags(json!("production")), &[("/tags/0/values", r#"["production"]"#)]),
        ("ShowVaultProjectTag", tags(json!([])), &[("/tags/0/values", "[]")]),
        ("ShowVaultProjectTag", json!({ "tags": [{ "key": "stage" }] }), &[("/tags/0/key", r#""stage""#)]),
    ])
    .await;
}

/// Words in another case, several words in one text, and words that no source lists.
#[tokio::test]
async fn words_are_kept_as_they_come() {
    let rules = json!({ "policy": { "id": "p", "operation_definition": { "max_backups": -1,
        "retention_duration_days": -1, "advanced_retention_rules": {
            "yearly_retention_rules": { "retention_type": "WEEKLY,MONTHLY" } } } } });
    let status = |status: &str| json!({ "instances": [{ "id": "i", "status": status }] });
    read_all(vec![
        ("ListProtectable", status("ACTIVE"), &[("/instances/0/status", r#""ACTIVE""#)]),
        ("ListProtectable", status("active"), &[("/instances/0/status", r#""active""#)]),
        (
            "ShowPolicy",
            rules,
            &[
                (
                    "/policy/operation_definition/advanced_retention_rules/yearly_retention_rules/retention_type",
                    r#""WEEKLY,MONTHLY""#,
                ),
                ("/policy/operation_definition/max_backups", "-1"),
                ("/policy/operation_definition/retention_duration_days", "-1"),
            ],
        ),
        (
            "ShowOrganizationPolicy",
            json!({ "policy": { "id": "p", "status": "partly_synced" } }),
            &[("/policy/status", r#""partly_synced""#)],
        ),
        (
            "UpdateBackup",
            json!({ "backup": { "id": "b", "image_type": "sync" } }),
            &[("/backup/image_type", r#""sync""#)],
        ),
        (
            "UpdateVault",
            json!({ "vault": { "id": "v", "billing": { "protect_type": "hybrid" } } }),
            &[("/vault/billing/protect_type", r#""hybrid""#)],
        ),
    ])
    .await;
    let other = open::ProtectableStatus::from("ACTIVE");
    assert!(!other.is_known() && other.as_str().eq_ignore_ascii_case(open::ProtectableStatus::Active.as_str()));
}

/// Three answers are bare maps; the SDK's member `body` is not on the wire, and keys have dots in them.
#[tokio::test]
async fn maps_have_no_name_around_them() {
    let features =
        json!({ "replication.enable": true, "replication.destination_regions": ["a", "b"], "new.key": null });
    read_all(vec![
        (
            "ListFeatures",
            features.clone(),
            &[("/replication.enable", "true"), ("/replication.destination_regions", r#"["a","b"]"#)],
        ),
        ("ShowFeature", features, &[("/replication.enable", "true"), ("/body", "null")]),
        ("ShowFeature", json!({}), &[("", "{}")]),
        ("MigrateDomain", json!({ "ap-southeast-3": "running" }), &[("/ap-southeast-3", r#""running""#)]),
    ])
    .await;
}

/// JSON text inside of text stays text.
#[tokio::test]
async fn metadata_is_text_inside_of_text() {
    read_all(vec![(
        "ShowMetadata",
        json!({ "backup_id": "b", "server": r#"{"id": "s"}"#, "volumes": [r#"{"size": 40}"#], "interface": null }),
        &[("/server", r#""{\"id\": \"s\"}""#), ("/volumes/0", r#""{\"size\": 40}""#), ("/interface", "null")],
    )])
    .await;
}

/// An order that failed answers 200 with the reason beside, or in place of, what was ordered.
#[tokio::test]
async fn orders_fail_with_status_200() {
    read_all(vec![
        (
            "CreateVault",
            json!({ "errText": "No money.", "error_code": "CBC.99000035", "retCode": -1, "orders": [] }),
            &[("/errText", r#""No money.""#), ("/error_code", r#""CBC.99000035""#), ("/retCode", "-1")],
        ),
        (
            "CreatePostPaidVault",
            json!({ "error_code": "0", "orders": [{ "orderId": "o", "subscribeResult": 1 }] }),
            &[("/error_code", r#""0""#), ("/orders/0/orderId", r#""o""#), ("/orders/0/subscribeResult", "1")],
        ),
        ("ChangeOrder", json!({ "retCode": 1, "retMsg": "No money." }), &[("/retMsg", r#""No money.""#)]),
    ])
    .await;
}

/// One success status is declared for each call; the general page names others, and deletes differ among each other.
#[tokio::test]
async fn any_success_counts() {
    let spec = Spec::load(Api::Cbr.spec());
    let (server, connection) = (Server::start().await, Api::Cbr.connection());
    for row in OPERATIONS.iter().filter(|row| row.method != "GET") {
        let answers = spec.successes(row.id);
        let shown = answers.iter().flat_map(|answer| &answer.examples).next();
        for status in [200, 201, 202, 204] {
            let answer = match shown {
                Some(_) if status == 204 => continue,
                Some(example) => Answer::json(status, &example.value),
                None => Answer::empty(status),
            };
            server.answer(answer);
            let read = Api::Cbr.call(&server.url(""), &connection, row.id).await;
            assert_eq!(read.map(|read| read.status).ok(), Some(status), "{}", row.id);
        }
    }
    for body in ["{}", "null", "done"] {
        server.answer(Answer::json(200, body));
        assert!(Api::Cbr.call(&server.url(""), &connection, "UnregisterAgent").await.is_ok(), "{body}");
    }
}

/// Two failures are declared with the body of the success, two as bare text; what comes is an error all the same.
#[tokio::test]
async fn failures_have_bodies_of_every_form() {
    let (server, connection) = (Server::start().await, Api::Cbr.connection());
    for (id, status, body, code, message) in [
        ("ListOpLogs", 404, json!({ "count": 0, "operation_logs": [] }), None, None),
        ("ShowVault", 404, json!({ "vault": { "id": "v" } }), None, None),
        (
            "ShowVault",
            404,
            json!({ "error_code": "BackupService.6105", "error_msg": "No vault." }),
            Some("BackupService.6105"),
            Some("No vault."),
        ),
        ("ListFeatures", 403, json!("Not for you."), None, Some("Not for you.")),
        ("ShowFeature", 400, json!("No such key."), None, Some("No such key.")),
        (
            "CreateVaultTags",
            400,
            json!({ "error_code": "BackupService.6600", "error_msg": "Too many." }),
            Some("BackupService.6600"),
            Some("Too many."),
        ),
    ] {
        server.answer(Answer::json(status, &body));
        let error = Api::Cbr.call(&server.url(""), &connection, id).await.unwrap_err();
        assert_eq!((error.status(), error.vendor_code()), (Some(status), code), "{id} {body}");
        assert_eq!(error.vendor_message(), message, "{id} {body}");
    }
}

async fn client() -> (Server, Client) {
    let (server, connection) = (Server::start().await, Api::Cbr.connection());
    let client = Client::new_with_client(&server.url(""), connection.http(), connection);
    (server, client)
}

/// Defaults of an update are the vendor's affair: what the caller leaves out is not sent, since the service refuses keys
/// that an account may not use and an update would set back what it does not mean.
#[tokio::test]
async fn what_is_left_out_is_not_sent() {
    let same = |id: &str, body: Value| {
        let again = Api::Cbr.request_again(id, &body);
        assert_eq!(again.unwrap_or_default(), body, "{id}");
    };
    same("UpdateVault", json!({ "vault": { "name": "n" } }));
    same("UpdatePolicy", json!({ "policy": { "name": "n" } }));
    same("BatchUpdateVault", json!({ "vault": { "threshold": 90 } }));
    same("CreateCheckpoint", json!({ "checkpoint": { "vault_id": "v", "parameters": {} } }));
    same("RestoreBackup", json!({ "restore": { "volume_id": "d" } }));
    let target = json!({ "destination_project_id": "p", "destination_region": "r", "destination_vault_id": "v" });
    same("CopyBackup", json!({ "replicate": target }));
    same("AssociateVaultPolicy", json!({ "policy_id": "p" }));
    same("AddMember", json!({ "domains": ["d"] }));
}

/// What is mandatory and has a default all the same is always sent.
#[test]
fn what_is_mandatory_is_sent_whatever_its_default() {
    for (id, body) in [
        ("MigrateDomain", json!({ "all_regions": true })),
        ("MigrateDomain", json!({ "reservation": 0.2 })),
        (
            "ChangeVaultChargeMode",
            json!({ "charging_mode": "pre_paid", "period_type": "year", "period_num": 1, "vault_ids": ["v"] }),
        ),
    ] {
        assert!(Api::Cbr.request_again(id, &body).is_err(), "{id}: {body} is not enough");
    }
}

/// One call for orders has names of one style, the deprecated one those of the other, with one exception.
#[test]
fn orders_have_two_styles_of_names() {
    let spec = Spec::load(Api::Cbr.spec());
    let names = |id: &str| {
        let body = spec.requests(id).remove(0).value;
        let mut names: Vec<String> = body.as_object().unwrap().keys().cloned().collect();
        names.sort();
        let again = Api::Cbr.request_again(id, &body).unwrap();
        assert_eq!(again, body, "{id}");
        names
    };
    assert_eq!(
        names("ChangeOrder"),
        ["cloud_service_console_url", "is_auto_pay", "product_info", "promotion_info", "resource_id"]
    );
    assert_eq!(names("UpdateOrder"), ["cloudServiceConsoleURL", "productInfo", "promotion_info", "resourceId"]);
}

/// The page size of agents is text, lists of ids repeat their key, and the misspelt path words are kept.
#[tokio::test]
async fn queries_and_paths_are_sent_as_the_service_has_them() {
    let (server, api) = client().await;
    server.answer(Answer::json(200, "{}"));
    let list = api.list_agent().project_id("p").limit("50").agent_id(vec!["a".to_owned(), "b".to_owned()]);
    call("ListAgent", list.send()).await.unwrap();
    let sent = server.only();
    assert_eq!(sent.line(), "GET /v3/p/agents");
    sent.assert_query(&[("limit", "50"), ("agent_id", "a"), ("agent_id", "b")]);
    for (id, path) in [
        ("CheckAgent", "/v3/{project_id}/agent/check"),
        ("ShowVaultProjectTag", "/v3/{project_id}/vault/tags"),
        ("ShowVaultResourceInstances", "/v3/{project_id}/vault/resource_instances/action"),
        ("ShowStorageUsage", "/v3/{project_id}/storage_usage"),
        ("ListProjects", "/v3/region-projects"),
        ("MigrateDomain", "/v3/migrates"),
        ("CreatePostPaidVault", "/v3/{project_id}/vaults/order"),
        ("DisassociateVaultPolicy", "/v3/{project_id}/vaults/{vault_id}/dissociatepolicy"),
    ] {
        assert_eq!(OPERATIONS.iter().find(|row| row.id == id).map(|row| row.path), Some(path), "{id}");
    }
}

/// Two reads come by POST; two deletes, a PUT that makes a task and one that orders something must not be repeated.
#[test]
fn what_may_be_repeated_differs_from_the_method() {
    let listed = |idempotent: bool, methods: &[&str]| -> Vec<&str> {
        let rows = OPERATIONS.iter().filter(|row| row.idempotent == idempotent && methods.contains(&row.method));
        rows.map(|row| row.id).collect()
    };
    assert_eq!(listed(true, &["POST"]), ["CheckAgent", "ShowVaultResourceInstances"]);
    assert_eq!(
        listed(false, &["GET", "PUT", "DELETE"]),
        ["DeleteBackup", "DeleteVault", "UpdateExpirationTime", "UpdateOrder"]
    );
}

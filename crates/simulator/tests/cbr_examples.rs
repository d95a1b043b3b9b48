//! Every example of a request in the document is sent to the simulated CBR: what the document takes for right is not
//! refused as a wrong body, and what it marks as invalid is.

mod common;

use std::collections::BTreeSet;
use std::path::Path;

use backup_sync_codegen::document::{operations, resolve};
use backup_sync_codegen::load;
use common::Anything;
use common::cloud::{Cloud, id, policy, wish};
use serde_json::{Value, json};

/// Codes that say what is wrong with a body more exactly.
const CLOSER: [&str; 3] = ["BackupService.9900", "BackupService.6117", "BackupService.6706"];

/// Names and ids for paths, each of something that is there.
async fn places(cloud: &Cloud) -> Result<Vec<(&'static str, String)>, Box<dyn std::error::Error>> {
    let server = cloud.resource("server", "free-01").await?;
    let made = cloud.ok("CreateVault", &[], Some(wish("web", "server", &[(&server, "OS::Nova::Server")]))).await?;
    let vault = id(&made["vault"]["id"]);
    let backup = cloud.back_up(&vault).await?;
    let here = [("backup_id", backup.as_str())];
    let member = "0123456789abcdef0123456789abcdef";
    cloud.ok("AddMember", &here, Some(json!({"members": [member]}))).await?;
    let made = cloud.ok("CreatePolicy", &[], Some(policy("daily", "backup", json!({})))).await?;
    let mut organization = policy("everywhere", "backup", json!({}));
    for (own, theirs) in [("trigger", "policy_trigger"), ("operation_definition", "policy_operation_definition")] {
        organization["policy"][theirs] = organization["policy"][own].take();
    }
    organization["policy"]["policy_name"] = json!("daily");
    organization["policy"]["policy_enabled"] = json!(true);
    let everywhere = cloud.ok("CreateOrganizationPolicy", &[], Some(organization)).await?;
    let agent = json!({"agent_id": "a1", "host_name": "h", "host_ip": "192.0.2.7", "host_os": "linux"});
    cloud.ok("RegisterAgent", &[], Some(json!({"agent": agent}))).await?;
    Ok(vec![
        ("vault_id", vault),
        ("backup_id", backup),
        ("member_id", member.to_owned()),
        ("policy_id", id(&made["policy"]["id"])),
        ("organization_policy_id", id(&everywhere["policy"]["id"])),
        ("agent_id", "a1".to_owned()),
        ("order_id", "o1".to_owned()),
    ])
}

/// Those that a path names.
fn named<'a>(places: &'a [(&'static str, String)], path: &str) -> Vec<(&'a str, &'a str)> {
    let named = places.iter().filter(|(place, _)| path.contains(&format!("{{{place}}}")));
    named.map(|(place, id)| (*place, id.as_str())).collect()
}

#[tokio::test]
async fn examples_of_requests_are_judged_as_the_document_does() -> Anything {
    let cloud = Cloud::new().await?;
    let places = places(&cloud).await?;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../specs/huawei-cbr-v3.yaml");
    let document = load::file(&path, "huawei-cbr-v3").map_err(|finding| finding.to_string())?;
    let (mut wrong, mut right, mut invalid) = (Vec::new(), 0, 0);
    for node in operations(&document.value) {
        let examples = node.node.pointer("/requestBody/content/application~1json/examples").and_then(Value::as_object);
        for (name, example) in examples.into_iter().flatten() {
            let mine = named(&places, node.path);
            let (status, answer) = cloud.call(node.id(), &mine, Some(example["value"].clone())).await?;
            let code = id(&answer["error_code"]);
            let is_invalid = example["x-invalid"] == true;
            if is_invalid {
                invalid += 1
            } else {
                right += 1
            }
            if CLOSER.contains(&code.as_str()) != is_invalid {
                wrong.push(format!("{} {name}, invalid: {is_invalid}, is answered {status} {answer}", node.id()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(right >= 60 && invalid >= 4, "{right} right and {invalid} invalid examples were sent");
    Ok(())
}

/// Bounds that are not kept, and why.
const LENIENT: [(&str, &str, &str); 4] = [
    ("CreateVault", "/vault/description", "what is shown may have 255 characters"),
    ("CreateVault", "/vault/resources", "a vault has 256 resources"),
    ("AssociateVaultPolicy", "/add_policy_ids/0", "no policy has an id of 10 characters"),
    ("ImportBackup", "/sync/0/created_at", "seconds go on after 2038"),
];

/// Values in place of a right one that break a bound of its schema.
fn broken(schema: &Value, right: &Value) -> Vec<Value> {
    let number = |name: &str| schema[name].as_i64();
    let length = |name: &str| schema[name].as_u64().and_then(|length| usize::try_from(length).ok());
    let mut broken = Vec::new();
    broken.extend(number("minimum").map(|least| json!(least - 1)).filter(|value| *value != json!(-1)));
    broken.extend(number("maximum").map(|most| json!(most + 1)));
    broken.extend(length("minLength").filter(|least| *least > 0).map(|least| json!("x".repeat(least - 1))));
    broken.extend(length("maxLength").map(|most| json!("x".repeat(most + 1))));
    broken.extend(length("minItems").filter(|least| *least > 0).map(|_| json!([])));
    let first = right.get(0).filter(|_| right.is_array());
    broken.extend(length("maxItems").zip(first).map(|(most, first)| json!(vec![first; most + 1])));
    broken.extend(schema.get("enum").map(|_| json!("no-such-word")));
    // All patterns that have an end refuse this.
    let pattern = schema["pattern"].as_str().filter(|pattern| pattern.ends_with('$'));
    broken.extend(pattern.map(|_| json!("<a b>")));
    broken
}

/// Everywhere in a right body, what breaks a bound there: the place, and the whole body with the broken value.
fn breaks(root: &Value, schema: &Value, body: &Value) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    let mut open = vec![(schema, String::new())];
    while let Some((schema, at)) = open.pop() {
        let Some(schema) = resolve(root, schema) else { continue };
        let Some(right) = body.pointer(&at) else { continue };
        for value in broken(schema, right) {
            let mut whole = body.clone();
            if let Some(place) = whole.pointer_mut(&at) {
                *place = value;
                found.push((at.clone(), whole));
            }
        }
        for (name, member) in schema["properties"].as_object().into_iter().flatten() {
            open.push((member, format!("{at}/{name}")));
        }
        if let Some(items) = schema.get("items") {
            open.push((items, format!("{at}/0")));
        }
    }
    found
}

#[tokio::test]
async fn bodies_out_of_the_documents_bounds_are_refused() -> Anything {
    let cloud = Cloud::new().await?;
    let places = places(&cloud).await?;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../specs/huawei-cbr-v3.yaml");
    let document = load::file(&path, "huawei-cbr-v3").map_err(|finding| finding.to_string())?;
    let (mut accepted, mut sent) = (BTreeSet::new(), 0);
    for node in operations(&document.value) {
        let Some(content) = node.node.pointer("/requestBody/content/application~1json") else { continue };
        let mine = named(&places, node.path);
        for (name, example) in content["examples"].as_object().into_iter().flatten() {
            if example["x-invalid"] == true {
                continue;
            }
            for (at, body) in breaks(&document.value, &content["schema"], &example["value"]) {
                if LENIENT.iter().any(|(operation, place, _)| *operation == node.id() && *place == at) {
                    continue;
                }
                sent += 1;
                let told = body.pointer(&at).map(Value::to_string).unwrap_or_default();
                let (status, answer) = cloud.call(node.id(), &mine, Some(body)).await?;
                if !CLOSER.contains(&id(&answer["error_code"]).as_str()) {
                    let told: String = told.chars().take(30).collect();
                    accepted.insert(format!("{} {name}: {told} at {at} is answered {status}", node.id()));
                }
            }
        }
    }
    assert!(accepted.is_empty(), "{accepted:#?}");
    assert!(sent >= 100, "only {sent} broken bodies were sent");
    Ok(())
}

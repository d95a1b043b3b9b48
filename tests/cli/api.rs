//! `backup-sync api` against simulated vendors: reads, starts, pages, refusals, and what is never sent.

use std::io::Write as _;
use std::process::Stdio;

use backup_sync_simulator::{Fault, FaultKind};
use serde_json::{Value, json};

use crate::site::Site;
use crate::{Ended, assert_fits, program};

/// Calls an operation and checks that it answers one compact document and says nothing else.
fn answered(site: &Site, arguments: &[&str]) -> Value {
    let ended = site.call(&[&["api"], arguments].concat());
    assert_eq!((ended.code, ended.err.as_str()), (0, ""), "{arguments:?}: {}", ended.out);
    assert_eq!(ended.out.lines().count(), 1, "{}", ended.out);
    ended.json()
}

#[test]
fn one_operation_of_each_vendor_is_read() {
    let site = Site::all();
    let repository =
        answered(&site, &["m365", "backuprepository_GET", "--param", &format!("repositoryId={}", site.first("m365"))]);
    assert_eq!(repository["id"], site.first("m365"));
    let vault = site.endpoint("cloud").targets.iter().find(|target| target.kind == "vault").unwrap();
    let shown = answered(&site, &["cloud", "ShowVault", "-p", &format!("vault_id={}", vault.id)]);
    assert_eq!(shown["vault"]["name"], vault.name.as_str());
    let pairings = answered(&site, &["dr", "getVrPairings", "--param", "limit=1"]);
    assert_eq!(pairings["list"].as_array().unwrap().len(), 1);
    // IAM belongs to the same endpoint.
    let projects = answered(&site, &["cloud", "KeystoneListProjects"]);
    assert_eq!(projects["projects"][0]["id"], site.endpoint("cloud").project_id.as_deref().unwrap());
    assert_eq!(site.count("POST", "/token/logout"), 1, "the session is closed");
}

#[test]
fn members_keep_the_order_in_which_the_vendor_gives_them() {
    let site = Site::all();
    let ended = site.call(&["api", "dr", "getVrPairings"]);
    let (list, meta) = (ended.out.find("\"list\"").unwrap(), ended.out.find("\"_meta\"").unwrap());
    let raw: Vec<&str> = if list < meta { vec!["list", "_meta"] } else { vec!["_meta", "list"] };
    let keys: Vec<String> = ended.json().as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys.iter().map(String::as_str).collect::<Vec<_>>(), raw);
}

fn with_input(site: &Site, arguments: &[&str], input: &str) -> Ended {
    let mut command = program();
    command.current_dir(site.folder.path()).args(arguments).stdin(Stdio::piped());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    Ended::of(child.wait_with_output().unwrap())
}

#[test]
fn work_of_each_vendor_is_started_once() {
    let site = Site::all();
    let repository = format!("repositoryId={}", site.first("m365"));
    let session = answered(&site, &["m365", "BackupRepository_StartSynchronizeAction", "-p", &repository]);
    assert_eq!(session["repositoryId"], site.first("m365"));
    assert_eq!(site.count("POST", "/Sync"), 1);

    let vault = site.endpoint("cloud").targets.iter().find(|target| target.kind == "vault").unwrap();
    let body = json!({"sync": {"vault_id": vault.id, "auto_trigger": false}}).to_string();
    let ended = with_input(&site, &["api", "cloud", "ImportCheckpoint", "--body", "-"], &body);
    assert_eq!((ended.code, ended.err.as_str()), (0, ""), "{}", ended.out);
    assert!(ended.json()["sync"]["operation_log_id"].is_string(), "{}", ended.out);
    assert_eq!(site.count("POST", "/checkpoints/sync"), 1);

    let pairing = answered(&site, &["dr", "getVrPairings"])["list"][0]["pairing_id"].as_str().unwrap().to_owned();
    let (pairing, replication) = (format!("pairing_id={pairing}"), format!("replication_id={}", site.first("dr")));
    let task = answered(&site, &["dr", "syncReplication", "-p", &pairing, "-p", &replication]);
    assert!(task["id"].is_string(), "{task}");
    assert_eq!(site.count("POST", "/actions/sync"), 1);
}

#[test]
fn the_version_that_a_server_has_says_what_an_operation_takes() {
    let site = Site::old();
    let repository = format!("repositoryId={}", site.first("old"));
    let start = ["api", "old", "BackupRepository_StartSynchronizeAction", "-p", &repository];
    // Without a version in the configuration it may be any, and one of them takes no body.
    let bare = site.call(&start);
    assert_eq!((bare.code, bare.out.as_str()), (2, ""), "{}", bare.err);
    assert!(bare.err.contains("BackupRepository_StartSynchronizeAction needs a body"), "{}", bare.err);
    assert_eq!(site.count("POST", "/action"), 0);
    let ended = with_input(&site, &[&start[..], &["--body", "-"]].concat(), "{\"sync\": null}");
    assert_eq!((ended.code, ended.err.as_str()), (0, ""));
    assert_eq!(ended.json()["state"], "Synchronizing");
    assert_eq!(site.count("POST", "/action"), 1);
}

#[test]
fn all_pages_of_a_list_become_one_array() {
    let site = Site::all();
    let repositories = answered(&site, &["m365", "BackupRepository_List", "--paginate", "--param", "limit=3"]);
    let count = site.endpoint("m365").targets.len();
    assert_eq!(repositories.as_array().unwrap().len(), count);
    assert_eq!(site.count("GET", "/BackupRepositories"), count.div_ceil(3), "{count}");

    let vaults = site.endpoint("cloud").targets.iter().filter(|target| target.kind == "vault").count();
    let arguments = ["api", "cloud", "ListVault", "--paginate", "-p", "cloud_type=hybrid", "-p", "limit=2"];
    let lines = site.call(&[&arguments[..], &["--output", "ndjson"]].concat());
    assert_eq!((lines.code, lines.out.lines().count()), (0, vaults), "{}", lines.err);
    for line in lines.out.lines() {
        assert!(serde_json::from_str::<Value>(line).unwrap()["id"].is_string(), "{line}");
    }
    assert_eq!(site.count("GET", "/vaults"), vaults.div_ceil(2));

    // The first page may be chosen.
    let rest = answered(&site, &["cloud", "ListVault", "--paginate", "-p", "cloud_type=hybrid", "-p", "offset=1"]);
    assert_eq!(rest.as_array().unwrap().len(), vaults - 1);

    let pairing = answered(&site, &["dr", "getVrPairings", "--paginate"])[0]["pairing_id"].as_str().unwrap().to_owned();
    let pairing = format!("pairing_id={pairing}");
    let replications = answered(&site, &["dr", "getAllReplications", "--paginate", "-p", &pairing, "-p", "limit=3"]);
    assert_eq!(replications.as_array().unwrap().len(), site.endpoint("dr").targets.len());
    let projects = answered(&site, &["cloud", "KeystoneListProjects", "--paginate", "-p", "per_page=1"]);
    assert!(projects.as_array().is_some_and(|projects| !projects.is_empty()), "{projects}");
}

#[test]
fn refusals_are_told_with_status_code_and_message() {
    let site = Site::all();
    let none = "00000000-0000-0000-0000-000000000000";
    let pairing = answered(&site, &["dr", "getVrPairings"])["list"][0]["pairing_id"].as_str().unwrap().to_owned();
    let pairing = format!("pairing_id={pairing}");
    let repository = format!("repositoryId={none}");
    let vault = format!("vault_id={none}");
    for (arguments, parts) in [
        (
            vec!["api", "m365", "BackupRepository_Get", "-p", &repository],
            vec!["endpoint m365: BackupRepository_Get: the vendor answered 404", "ResourceNotFound"],
        ),
        (
            vec!["api", "cloud", "ShowVault", "-p", &vault],
            vec!["endpoint cloud: ShowVault: the vendor answered 404", "vendor code BackupService.6105"],
        ),
        (
            vec!["api", "dr", "getReplicationInfo", "-p", &pairing, "-p", "replication_id=gone"],
            vec!["endpoint dr: getReplicationInfo: the vendor answered 404"],
        ),
    ] {
        let ended = site.call(&arguments);
        assert_eq!((ended.code, ended.out.as_str()), (4, ""), "{arguments:?}: {}", ended.err);
        for part in parts {
            assert!(ended.err.contains(part), "{arguments:?}: {:?} lacks {part:?}", ended.err);
        }
        assert_eq!(ended.err.lines().count(), 1, "{}", ended.err);
    }
    let refused = |status| Fault {
        operation: Some("BackupRepository_List".into()),
        times: 1,
        kind: FaultKind::Status { status, retry_after: None, body: None },
    };
    site.simulator.fault("m365", refused(403)).unwrap();
    assert_eq!(site.call(&["api", "m365", "BackupRepository_List"]).code, 3);
}

#[test]
fn a_read_is_sent_again_and_a_start_whose_answer_is_lost_is_not() {
    let site = Site::all();
    let fault = |operation: &str, kind| Fault { operation: Some(operation.into()), times: 1, kind };
    let busy = FaultKind::Status { status: 503, retry_after: None, body: None };
    site.simulator.fault("m365", fault("BackupRepository_List", busy)).unwrap();
    answered(&site, &["m365", "BackupRepository_List"]);
    assert_eq!(site.count("GET", "/BackupRepositories"), 2);

    let start = "BackupRepository_StartSynchronizeAction";
    site.simulator.fault("m365", fault(start, FaultKind::ApplyThenReset)).unwrap();
    let ended = site.call(&["api", "m365", start, "-p", &format!("repositoryId={}", site.first("m365"))]);
    assert_eq!((ended.code, ended.out.as_str()), (7, ""), "{}", ended.err);
    assert!(ended.err.contains("it may have been carried out and is not sent again"), "{}", ended.err);
    assert_eq!(site.count("POST", "/Sync"), 1);
}

#[cfg(unix)]
#[test]
fn breaking_off_in_a_call_says_whether_something_may_have_happened() {
    use std::io::{BufRead as _, BufReader};

    let site = Site::all();
    let repository = format!("repositoryId={}", site.first("m365"));
    for (operation, told) in [
        ("BackupRepository_Get", "nothing was started"),
        (
            "BackupRepository_StartSynchronizeAction",
            "whether BackupRepository_StartSynchronizeAction was carried out is not known",
        ),
    ] {
        let kind = FaultKind::Delay(std::time::Duration::from_secs(3600));
        site.simulator.fault("m365", Fault { operation: Some(operation.into()), times: 1, kind }).unwrap();
        let mut command = program();
        command.current_dir(site.folder.path()).args(["-vvv", "api", "m365", operation, "-p", &repository]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
        let sending = |line: &String| line.contains(operation) && line.contains("sending");
        lines.by_ref().find(sending).expect("the program tells that it sends");
        let killed = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
        assert!(killed.success());
        let rest = lines.collect::<Vec<_>>().join("\n");
        let ended = child.wait_with_output().unwrap();
        assert_eq!((ended.status.code(), ended.stdout.len()), (Some(130), 0), "{rest}");
        assert!(rest.contains(told), "{rest}");
    }
    assert_eq!(site.count("POST", "/token/logout"), 2, "sessions are closed");
}

#[test]
fn a_wrong_call_is_told_before_anything_is_sent() {
    let site = Site::all();
    std::fs::write(site.folder.path().join("broken.json"), "{\"sync\": }").unwrap();
    let cases: &[(&[&str], &[&str])] = &[
        (&[], &["name an endpoint and an operation", "api --list"]),
        (&["m365"], &["name the operation of endpoint m365"]),
        (&["m356", "BackupRepository_List"], &["no endpoint \"m356\"", "did you mean `m365`?", "cloud, dr, m365"]),
        (&["cloud", "ListVaults"], &["endpoint cloud (huawei-cbr) has no operation \"ListVaults\"", "`ListVault`"]),
        (&["m365", "ListVault"], &["endpoint m365 (veeam-vb365) has no operation \"ListVault\""]),
        (&["cloud", "ShowVault"], &["ShowVault needs the parameter vault_id (path)", "api cloud ShowVault --list"]),
        (&["cloud", "ListVault", "-p", "limt=1"], &["has no parameter \"limt\"; did you mean `limit`?", "cloud_type"]),
        (&["cloud", "ListVault", "-p", "limit"], &["NAME=VALUE"]),
        (&["cloud", "ListVault", "-p", "limit=1", "-p", "limit=2"], &["the parameter limit is given twice"]),
        (&["m365", "BackupRepository_Get", "-p", "repositoryId=.."], &["\"..\" cannot be the parameter repositoryId"]),
        (&["m365", "BackupRepository_Get", "-p", "repositoryId="], &["\"\" cannot be the parameter repositoryId"]),
        (&["dr", "getVrInfo", "-p", "x=1"], &["takes no parameters"]),
        (&["cloud", "ImportCheckpoint"], &["ImportCheckpoint needs a body"]),
        (&["cloud", "ImportCheckpoint", "--body", "gone.json"], &["the body in gone.json cannot be read"]),
        (&["cloud", "ImportCheckpoint", "--body", "broken.json"], &["broken.json is not JSON", "line 1 column 10"]),
        (&["cloud", "ListVault", "--body", "-"], &["the body in standard input is not JSON"]),
        (&["m365", "Auth_Token", "--body", "array.json"], &["takes a form"]),
        (&["dr", "getVrInfo", "--paginate"], &["getVrInfo gives no pages"]),
        (&["cloud", "ListVault", "--output", "csv"], &["choose --output json or ndjson"]),
    ];
    std::fs::write(site.folder.path().join("array.json"), "[]").unwrap();
    for (arguments, parts) in cases {
        let ended = site.call(&[&["api"], *arguments].concat());
        assert_eq!((ended.code, ended.out.as_str()), (2, ""), "{arguments:?}: {}", ended.err);
        for part in *parts {
            assert!(ended.err.contains(part), "{arguments:?}: {:?} lacks {part:?}", ended.err);
        }
    }
    let body = with_input(&site, &["api", "cloud", "ListVault", "--body", "-"], "{}");
    assert!(body.code == 2 && body.err.contains("ListVault takes no body"), "{}", body.err);
    assert_eq!(site.simulator.requests().len(), 0, "nothing was sent");
}

#[test]
fn values_go_into_the_path_and_the_query_as_they_are() {
    let site = Site::all();
    let ended = site.call(&["api", "m365", "BackupRepository_Get", "-p", "repositoryId=a/../b?c=d#é %2F"]);
    assert_eq!(ended.code, 4, "{}", ended.err);
    let requests = site.simulator.requests();
    let path = &requests.iter().find(|request| request.path.contains("BackupRepositories")).unwrap().path;
    assert!(path.ends_with("/BackupRepositories/a%2F..%2Fb%3Fc%3Dd%23%C3%A9%20%252F"), "{path}");
}

#[test]
fn secrets_are_struck_out_unless_they_are_asked_for() {
    let site = Site::all();
    let endpoint = site.endpoint("m365");
    let login = json!({"grant_type": "password", "username": endpoint.username, "password": endpoint.password,
        "disable_antiforgery_token": true});
    std::fs::write(site.folder.path().join("login.json"), login.to_string()).unwrap();
    let token = answered(&site, &["m365", "Auth_Token", "--body", "login.json"]);
    assert_eq!((&token["access_token"], &token["refresh_token"]), (&json!("[redacted]"), &json!("[redacted]")));
    assert_eq!(token["expires_in"], 3600);
    let shown = answered(&site, &["m365", "Auth_Token", "--body", "login.json", "--show-secrets"]);
    assert!(shown["access_token"].as_str().unwrap().len() > 10, "{shown}");

    let cloud = site.endpoint("cloud");
    let body = json!({"auth": {"identity": {"methods": ["password"], "password": {"user": {
        "name": cloud.username, "password": cloud.password, "domain": {"name": cloud.domain}}}},
        "scope": {"project": {"name": cloud.region}}}});
    std::fs::write(site.folder.path().join("iam.json"), body.to_string()).unwrap();
    let call = ["api", "cloud", "KeystoneCreateUserTokenByPassword", "--body", "iam.json", "--include"];
    let ended = site.call(&call);
    assert_eq!(ended.code, 0, "{}", ended.err);
    assert!(ended.err.contains("status: 201") && ended.err.contains("x-subject-token: [redacted]"), "{}", ended.err);
    assert!(ended.err.contains("content-type: application/json"), "{}", ended.err);
    let open = site.call(&[&call[..], &["--show-secrets"]].concat());
    assert!(!open.err.contains("[redacted]"), "{}", open.err);
}

#[test]
fn operations_are_listed_without_asking_anybody() {
    let site = Site::all();
    let list = site.call(&["api", "--list", "--output", "json"]).json();
    assert_fits("operations", &list);
    let operations = list["operations"].as_array().unwrap();
    let starts: Vec<&str> = operations
        .iter()
        .filter(|operation| operation["starts_job"] == true && operation["vendor"] == "huawei-cbr")
        .filter_map(|operation| operation["operation"].as_str())
        .collect();
    let expected = [
        "CopyBackup",
        "CopyCheckpoint",
        "CreateCheckpoint",
        "DeleteBackup",
        "DeleteVault",
        "ImportBackup",
        "ImportCheckpoint",
        "MigrateDomain",
        "MigrateVaultResource",
        "RemoveVaultResource",
        "RestoreBackup",
        "UpdateExpirationTime",
    ];
    assert_eq!(starts, expected);
    let find = |id: &str| operations.iter().find(|operation| operation["operation"] == id).unwrap();
    assert_eq!(find("ListVault")["permissions"], json!(["cbr:vaults:list"]));
    assert_eq!(find("ListVault")["pages"], true);
    assert_eq!(find("ImportBackup")["body"], "json");
    assert_eq!(find("Auth_Token")["body"], "form");
    let id = json!({"name": "id", "place": "query", "required": false, "list": true});
    assert!(find("ListVault")["parameters"].as_array().unwrap().contains(&id));

    let table = site.call(&["api", "dr", "--list"]);
    assert!(table.out.contains("syncReplication") && !table.out.contains("ListVault"), "{}", table.out);
    let csv = site.call(&["api", "cloud", "--list", "--output", "csv"]);
    assert!(csv.out.starts_with("operation,vendor,api,method,path,starts_work,summary\n"), "{}", csv.out);
    let one = site.call(&["api", "cloud", "showvault", "--list"]);
    assert!(one.out.contains("vault_id") && one.out.contains("path"), "{}", one.out);
    assert_eq!(site.simulator.requests().len(), 0);
}

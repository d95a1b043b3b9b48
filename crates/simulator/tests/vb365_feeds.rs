//! VB365 beside its jobs: owners that change, organizations that are read anew, event feeds, pools, the license.

mod common;

use std::time::Duration;

use backup_sync_simulator::Vb365Version::{self, V6, V7, V8};
use backup_sync_simulator::{Behaviour, Scripted};
use common::Anything;
use common::veeam::Server;
use serde_json::{Value, json};

const CONFLICT: (u16, &str) = (409, "OperationConflict");
const UNKNOWN: (u16, &str) = (404, "ResourceNotFound");
const INVALID: (u16, &str) = (400, "ParameterValidationFailure");
const NOBODY: &str = "c0ffee00-0000-4000-8000-000000000009";

async fn pool(server: &Server) -> Result<String, Box<dyn std::error::Error>> {
    server.id_of("/ProxyPools", "name", "Pool 1").await
}

/// Asks for another owner and gives the path of the session.
async fn change(server: &Server, repository: &str, query: &str) -> Result<String, Box<dyn std::error::Error>> {
    let path = format!("/BackupRepositories/{repository}/changeOwner?{query}");
    let session = server.good("POST", &path, None).await?;
    Ok(format!("/RepositoryOwnerChangeSessions/{}", session["id"].as_str().ok_or("no id")?))
}

#[tokio::test]
async fn a_repository_gets_another_owner_when_its_sessions_have_ended() -> Anything {
    let server = Server::new(V8).await?;
    let (repository, pool) = (server.repository()?, pool(&server).await?);
    let own = format!("/BackupRepositories/{repository}");
    let before = server.get(&own).await?["proxyId"].clone();
    server.good("POST", &format!("{own}/Sync"), None).await?;
    let session = change(&server, &repository, &format!("poolId={pool}")).await?;
    let shown = server.get(&session).await?;
    assert_eq!(
        (&shown["status"], &shown["fromOwnerId"], &shown["toOwnerId"]),
        (&json!("Waiting"), &before, &json!(pool))
    );
    assert_eq!(shown["waitForSessionsTimeout"], "01:00:00");
    server.refused(("POST", &format!("{own}/Sync"), None), CONFLICT).await?;
    server.refused(("POST", &format!("{own}/changeOwner?poolId={pool}"), None), CONFLICT).await?;
    server.pass(8);
    assert_eq!(server.get(&session).await?["status"], "Running");
    assert_eq!(server.get(&own).await?["proxyId"], before);
    server.pass(5);
    let shown = server.get(&session).await?;
    assert_eq!((&shown["status"], shown["endTime"].is_string()), (&json!("Succeeded"), true));
    let moved = server.get(&own).await?;
    assert_eq!((&moved["proxyId"], &moved["proxyPoolId"]), (&Value::Null, &json!(pool)));
    assert_eq!(server.list(&format!("/BackupRepositories?proxyPoolId={pool}")).await?.len(), 1);
    server.refused(("DELETE", &format!("/ProxyPools/{pool}"), None), CONFLICT).await?;
    assert_eq!(server.list("/RepositoryOwnerChangeSessions").await?, [shown]);
    Ok(())
}

/// What becomes of sessions that do not end in time, and of a change that fails or is stopped.
#[tokio::test]
async fn a_change_of_owner_can_fail() -> Anything {
    let server = Server::new(V8).await?;
    let (repository, pool) = (server.repository()?, pool(&server).await?);
    let own = format!("/BackupRepositories/{repository}");
    let before = server.get(&own).await?["proxyId"].clone();
    let stuck = || server.simulator.script("m365", &repository, Behaviour::new(Scripted::StuckAt(10)));
    stuck()?;
    let sync = server.good("POST", &format!("{own}/Sync"), None).await?;
    let sync = format!("/RepositorySynchronizeSessions/{}", sync["id"].as_str().ok_or("no id")?);
    let late = change(&server, &repository, &format!("poolId={pool}&waitForSessionsTimeout=1")).await?;
    server.pass(61);
    assert_eq!(server.get(&late).await?["status"], "Failed");
    assert_eq!(server.get(&sync).await?["state"], "Synchronizing");
    let query =
        format!("poolId={pool}&waitForSessionsTimeout=1&forceStopSessions=true&includeAllRelatedRepositories=true");
    let forced = change(&server, &repository, &query).await?;
    server.pass(59);
    assert_eq!(
        (&server.get(&forced).await?["status"], &server.get(&sync).await?["state"]),
        (&json!("Waiting"), &json!("Synchronizing"))
    );
    server.pass(2);
    assert_eq!(
        (&server.get(&forced).await?["status"], &server.get(&sync).await?["state"]),
        (&json!("Running"), &json!("None"))
    );
    server.good("POST", &format!("{forced}/Stop"), None).await?;
    let shown = server.get(&forced).await?;
    assert_eq!((&shown["status"], shown["repositoryIds"].as_array().map(Vec::len)), (&json!("Failed"), Some(2)));
    server.simulator.script("m365", &repository, Behaviour::fail("the pool is full"))?;
    let failed = change(&server, &repository, &format!("poolId={pool}")).await?;
    server.pass(60);
    assert_eq!(server.get(&failed).await?["details"], "the pool is full");
    assert_eq!(server.get(&own).await?["proxyId"], before, "nothing has changed");
    for (query, refusal) in [
        (String::new(), INVALID),
        (format!("poolId={pool}&proxyId={NOBODY}"), INVALID),
        (format!("proxyId={NOBODY}"), UNKNOWN),
        (format!("proxyId={}", before.as_str().ok_or("no proxy")?), CONFLICT),
        (format!("poolId={pool}&waitForSessionsTimeout=-1"), INVALID),
    ] {
        server.refused(("POST", &format!("{own}/changeOwner?{query}"), None), refusal).await?;
    }
    Ok(())
}

#[tokio::test]
async fn an_organization_is_read_anew() -> Anything {
    for version in [V7, V8] {
        let server = Server::new(version).await?;
        let organization = server.organization().await?;
        let own = format!("/Organizations/{organization}");
        let (sync, state) = (format!("{own}/Sync"), format!("{own}/SyncState"));
        let start = async || server.call("POST", &sync, Some(&json!({"type": "Full"}))).await;
        let none = server.get(&state).await?;
        assert_eq!(start().await?.0, if version == V8 { 204 } else { 200 });
        server.refused(("POST", &sync, Some(json!({"type": "Full"}))), CONFLICT).await?;
        server.refused(("POST", &sync, Some(json!({"type": "Half"}))), INVALID).await?;
        let running = server.get(&state).await?;
        server.pass(10);
        let good = server.get(&state).await?;
        server.simulator.script("m365", &organization, Behaviour::fail("no login"))?;
        start().await?;
        server.pass(10);
        let bad = server.get(&state).await?;
        let shown = |name: &str| [&none, &running, &good, &bad].map(|state| state[name].clone());
        if version == V7 {
            assert_eq!(shown("status"), [json!("None"), json!("None"), json!("Success"), json!("Error")]);
            assert_eq!(shown("error"), [Value::Null, Value::Null, Value::Null, json!("no login")]);
        } else {
            let [_, current, none, _] = shown("currentSyncState");
            assert_eq!((&current["type"], &current["status"], none), (&json!("Full"), &json!("Queued"), Value::Null));
            let [before, _, good, bad] = shown("lastSyncState");
            assert_eq!((before, &good["result"], &bad["error"]), (Value::Null, &json!("Success"), &json!("no login")));
            assert_eq!(server.get("/Organizations/SyncState").await?, json!([server.get(&state).await?]));
        }
    }
    Ok(())
}

#[tokio::test]
async fn the_feed_tells_what_has_changed_since_a_token() -> Anything {
    let server = Server::new(V8).await?;
    let begin = server.get("/Events?from=2026-03-02T09:00:00Z&timeoutSeconds=30").await?;
    assert_eq!(begin["results"], json!([]));
    let token = begin["nextChangeToken"].as_str().ok_or("no token")?.to_owned();
    let job = server.job().await?;
    let session = server.good("POST", &format!("/Jobs/{job}/start"), Some(&json!({}))).await?["id"].clone();
    server.pass(10);
    let mut from = token.clone();
    let mut told = Vec::new();
    loop {
        let page = server.get(&format!("/Events?from={from}&limit=2")).await?;
        let results = page["results"].as_array().ok_or("no results")?.clone();
        if results.is_empty() {
            break;
        }
        told.extend(results);
        from = page["nextChangeToken"].as_str().ok_or("no token")?.to_owned();
    }
    let words: Vec<&str> = told.iter().filter_map(|event| event["eventType"].as_str()).collect();
    let expected = [
        "JobSessionUpdate",
        "JobUpdate",
        "JobSessionUpdate",
        "RestorePointUpdate",
        "RestorePointObjectsChange",
        "JobUpdate",
    ];
    assert_eq!(words, expected);
    assert_eq!((&told[0]["status"], &told[2]["status"]), (&json!("Running"), &json!("Success")));
    assert_eq!((&told[2]["id"], &told[2]["jobId"]), (&session, &json!(job)));
    assert_eq!(server.get(&format!("/Events?from={token}")).await?["results"].as_array().map(Vec::len), Some(6));
    server.good("DELETE", &format!("/Jobs/{job}"), None).await?;
    let gone = server.get(&format!("/Events?from={from}")).await?["results"].clone();
    assert_eq!((&gone[0]["eventType"], &gone[0]["id"]), (&json!("JobDelete"), &json!(job)));
    for query in ["", "?from=never", "?from=00000000000000ff", "?from=0000000000000000&timeoutSeconds=99999"] {
        server.refused(("GET", &format!("/Events{query}"), None), INVALID).await?;
    }
    server.pass(25 * 3600);
    server.refused(("GET", &format!("/Events?from={token}"), None), (410, "OutdatedChangeToken")).await
}

#[tokio::test]
async fn v7_tells_which_restore_points_have_changed() -> Anything {
    let server = Server::new(V7).await?;
    let changes = async |from: &str| server.get(&format!("/RestorePoints/Changes?from={from}")).await;
    let begin = changes("2026-03-02T09:00:00Z").await?;
    let job = server.job().await?;
    server.good("POST", &format!("/Jobs/{job}/start"), Some(&json!({}))).await?;
    server.pass(10);
    let page = changes(begin["nextChangeToken"].as_str().ok_or("no token")?).await?;
    assert_eq!(page["results"], json!([server.list("/RestorePoints").await?[0]]));
    assert_eq!(changes(page["nextChangeToken"].as_str().ok_or("no token")?).await?["results"], json!([]));
    Ok(())
}

#[tokio::test]
async fn pools_hold_proxies() -> Anything {
    let server = Server::new(V8).await?;
    let pool = format!("/ProxyPools/{}", pool(&server).await?);
    let inside = format!("{pool}/proxies");
    let (first, third) = (server.proxy("vb365.example.org").await?, server.proxy("proxy-3.example.org").await?);
    let new = server.good("POST", "/Proxies", Some(&json!({"hostName": "proxy-4.example.org"}))).await?;
    let new = new["id"].as_str().ok_or("no id")?;
    let ids = |ids: &[&str]| Some(ids.iter().map(|id| json!({"proxyId": id})).collect::<Value>());
    server.good("POST", &inside, ids(&[new]).as_ref()).await?;
    let hosts = async || -> Result<Vec<Value>, Box<dyn std::error::Error>> {
        Ok(server.list(&inside).await?.iter().map(|proxy| proxy["hostName"].clone()).collect())
    };
    assert_eq!(hosts().await?, ["proxy-3.example.org", "proxy-4.example.org"]);
    server.refused(("POST", &format!("/Proxies/{new}/Remove"), Some(json!({}))), CONFLICT).await?;
    server.refused(("POST", &inside, ids(&[&first])), CONFLICT).await?;
    server.refused(("POST", &inside, ids(&[NOBODY])), UNKNOWN).await?;
    server.refused(("POST", &inside, Some(json!({"proxyId": new}))), INVALID).await?;
    let other = json!({"name": "Pool 2", "description": "", "proxyIds": [{"proxyId": third}]});
    server.refused(("POST", "/ProxyPools", Some(other)), CONFLICT).await?;
    let body = json!({"name": "In the pool", "proxyPoolId": pool.trim_start_matches("/ProxyPools/"), "retentionType": "ItemLevel",
        "objectStorage": {"type": "AmazonS3", "amazonBucketS3Aws": {"name": "bucket", "regionType": "Global"}}});
    let made = server.good("POST", "/BackupRepositories", Some(&body)).await?;
    assert_eq!(made["objectStorage"]["amazonBucketS3Aws"]["name"], "bucket");
    server.good("DELETE", &inside, ids(&[new]).as_ref()).await?;
    server.refused(("DELETE", &inside, ids(&[new])), UNKNOWN).await?;
    server.refused(("DELETE", &inside, ids(&[&third])), CONFLICT).await?;
    assert_eq!(hosts().await?, ["proxy-3.example.org"]);
    Ok(())
}

#[tokio::test]
async fn settings_of_the_server_are_kept() -> Anything {
    for version in [V6, V7, V8] {
        let server = Server::new(version).await?;
        let done = if version == V8 { 204 } else { 200 };
        let mut settings = vec![("/License/AutoUpdate", json!({"isEnabled": false}))];
        if version == V8 {
            let updates =
                json!({"enableCheckForUpdates": false, "updateSettings": {"installUpdatesAutomatically": true}});
            settings.push(("/Configuration/Updates", updates));
        } else {
            settings
                .push(("/ManagementMode", json!({"isManaged": true, "managerId": NOBODY, "companyName": "Example"})));
        }
        for (path, body) in settings {
            assert_eq!(server.call("PUT", path, Some(&body)).await?, (done, Value::Null));
            let shown = server.get(path).await?;
            assert!(body.as_object().ok_or("")?.iter().all(|(name, value)| &shown[name] == value), "{path}: {shown}");
        }
        license(&server).await?;
    }
    Ok(())
}

async fn license(server: &Server) -> Anything {
    let expires = if server.version == V6 { "expirationDate" } else { "licenseExpires" };
    let before = server.get("/License").await?;
    server.pass(86_400);
    let renewed = server.good("POST", "/License/Update", None).await?;
    assert_eq!(renewed["licenseID"], before["licenseID"]);
    assert!(renewed[expires].as_str() > before[expires].as_str(), "{renewed}");
    let other = server.good("POST", "/License/Install", Some(&json!({"licenseFile": "PGxpY2Vuc2UvPg=="}))).await?;
    assert_ne!(other["licenseID"], before["licenseID"]);
    let (organization, users) = (server.organization().await?, server.list("/LicensedUsers?name=kim").await?);
    let count = async || server.get(&format!("/Organizations/{organization}/LicensingInformation")).await;
    assert_eq!((users.len(), count().await?), (1, json!({"licensedUsers": 3, "newUsers": 1})));
    server.good("DELETE", &format!("/LicensedUsers/{}", users[0]["id"].as_str().ok_or("no id")?), None).await?;
    assert_eq!(count().await?["licensedUsers"], 2);
    assert_eq!(server.get("/License").await?["usedNumber"], 1);
    Ok(())
}

/// The views of one organization agree: repositories in use, organizations with data, times of the backups.
#[tokio::test]
async fn what_is_told_in_several_places_agrees() -> Anything {
    for version in [V6, V7, V8] {
        let server = Server::new(version).await?;
        let (organization, repository) = (server.organization().await?, server.repository()?);
        let used = server.list(&format!("/Organizations/{organization}/usedRepositories")).await?;
        let backed = server.list(&format!("/BackupRepositories/{repository}/backedupOrganizations")).await?;
        assert_eq!((used.len(), &backed[0]["id"]), (2, &json!(organization)));
        assert_eq!(used[0]["usedSpaceBytes"], backed[0]["usedSpaceBytes"]);
        let shown = server.get(&format!("/Organizations/{organization}?extendedView=true")).await?;
        assert_eq!(
            (&shown["isBackedup"], &shown["lastBackuptime"]),
            (&json!(true), &json!("2026-03-01T22:00:00.000000Z"))
        );
        let plain = server.get(&format!("/Organizations/{organization}")).await?;
        assert_eq!(plain.get("isBackedup").is_some(), version == V6, "asked by default in v6 only");
        if version != V8 {
            let proxy = format!("/Proxies/{}", server.proxy("vb365.example.org").await?);
            assert_eq!(server.get(&proxy).await?.get("threadsNumber").is_some(), version == V6);
            assert!(server.get(&format!("{proxy}?extendedView=true")).await?["threadsNumber"].is_number());
        }
    }
    Ok(())
}

/// Work of every kind is shown to whoever controls the simulator.
#[tokio::test]
async fn all_work_is_shown_by_the_control_paths() -> Anything {
    let server = Server::new(Vb365Version::V8).await?;
    let (repository, organization, pool) = (server.repository()?, server.organization().await?, pool(&server).await?);
    server.good("POST", &format!("/BackupRepositories/{repository}/Sync"), None).await?;
    server.pass(60);
    server.good("POST", &format!("/Jobs/{}/start", server.job().await?), Some(&json!({}))).await?;
    server.pass(60);
    server.good("POST", &format!("/Organizations/{organization}/Sync"), Some(&json!({"type": "Full"}))).await?;
    server.pass(60);
    change(&server, &repository, &format!("poolId={pool}")).await?;
    server.simulator.clock().advance(Duration::from_secs(60));
    let url = format!("{}/_simulator/state", common::only(&server.simulator)?.url);
    let state: Value = common::http()?.get(url).send().await?.json().await?;
    let jobs = &state["endpoints"][0]["jobs"];
    let operations: Vec<&str> = jobs.as_array().ok_or("")?.iter().filter_map(|job| job["operation"].as_str()).collect();
    let expected = [
        "BackupRepository_ChangeOwner",
        "OrganizationSync_Start",
        "Job_Start",
        "BackupRepository_StartSynchronizeAction",
    ];
    assert_eq!((operations, &state["endpoints"][0]["jobs_total"]), (expected.to_vec(), &json!(4)));
    Ok(())
}

/// Two calls need no login; every other one does.
#[tokio::test]
async fn only_health_and_portal_settings_need_no_login() -> Anything {
    let server = Server::new(V8).await?;
    let url = format!("{}/v8", common::only(&server.simulator)?.url);
    let status = async |path: &str| -> Result<u16, Box<dyn std::error::Error>> {
        Ok(common::http()?.get(format!("{url}{path}")).send().await?.status().as_u16())
    };
    for row in veeam_vb365::v8::OPERATIONS.iter().filter(|row| row.method == "GET") {
        let expected = if matches!(row.path, "/Health" | "/RestorePortalSettings") { 200 } else { 401 };
        assert_eq!(status(row.path).await?, expected, "{}", row.id);
    }
    let job = format!("/Jobs/{}", server.job().await?);
    server.good("POST", &format!("{job}/start"), Some(&json!({}))).await?;
    server.refused(("DELETE", &job, None), CONFLICT).await
}

//! Jobs of VB365 through simulated time: how runs end, what they leave, and who is told of it.

mod common;

use std::time::Duration;

use backup_sync_simulator::Vb365Version::{self, V6, V7, V8};
use backup_sync_simulator::{Behaviour, OnStop, Scripted, Simulator};
use common::veeam::Server;
use common::{Anything, start};
use serde_json::{Value, json};

const VERSIONS: [Vb365Version; 3] = [V6, V7, V8];
const NIGHT: &str = "2026-03-01T22:00:00.000000Z";

/// Starts a job by the manners of the version, and gives the id of its session.
async fn run(server: &Server, path: &str) -> Result<String, Box<dyn std::error::Error>> {
    let (status, answer) = server.call("POST", &format!("{path}/start"), Some(&json!({}))).await?;
    if server.is_v8() {
        assert_eq!((status, &answer["status"]), (200, &json!("Running")), "{answer}");
    } else {
        assert_eq!((status, &answer), (204, &Value::Null));
    }
    let sessions = server.list("/JobSessions?limit=1").await?;
    assert!(!server.is_v8() || answer["id"] == sessions[0]["id"]);
    Ok(sessions[0]["id"].as_str().ok_or("no id")?.to_owned())
}

/// Outcome of the script; then status, objects with their results, whether there is a backup, line of the log.
type Ending = (Scripted, &'static str, &'static [&'static str], bool, &'static str);

const ENDINGS: usize = 4;

fn endings() -> [Ending; ENDINGS] {
    const GOOD: &[&str] = &["Success"; 5];
    [
        (Scripted::Success, "Success", GOOD, true, "[Success] Job finished"),
        (
            Scripted::Fail("the bucket is full".into()),
            "Failed",
            &["Success", "Success", "Success", "Failed"],
            false,
            "[Error] Job failed: the bucket is full",
        ),
        (
            Scripted::StaysOutOfSync,
            "Warning",
            &["Success", "Success", "Success", "Success", "Warning"],
            false,
            "[Warning] Job finished with warnings",
        ),
        (Scripted::Stopped, "Stopped", &["Success", "Success", "Success", "Success"], false, "[Stop] Job was stopped"),
    ]
}

#[tokio::test]
async fn runs_end_as_their_scripts_say() -> Anything {
    for version in VERSIONS {
        let server = Server::new(version).await?;
        let job = server.job().await?;
        let own = format!("/Jobs/{job}");
        for (outcome, status, results, backup, line) in endings() {
            server.simulator.script("m365", &job, Behaviour::new(outcome))?;
            let points = server.list(&format!("/RestorePoints?jobId={job}")).await?.len();
            let before = server.get(&own).await?;
            let session = format!("/JobSessions/{}", run(&server, &own).await?);
            server.pass(3);
            let shown = server.get(&session).await?;
            assert_eq!((&shown["status"], &shown["progress"]), (&json!("Running"), &json!(2)), "{shown}");
            assert!(shown["endTime"].is_null() && (version != V6 || shown.get("endTime").is_none()));
            assert_eq!(server.get(&own).await?["lastStatus"], "Running");
            server.refused(("POST", &format!("{own}/start"), Some(json!({}))), (409, "OperationConflict")).await?;

            server.pass(10);
            let shown = server.get(&session).await?;
            assert_eq!(shown["status"], status, "{version}: {shown}");
            assert_eq!(shown["progress"], results.len());
            assert_eq!(shown["statistics"]["processedObjects"], results.len());
            let begin: jiff::Timestamp = shown["creationTime"].as_str().ok_or("no time")?.parse()?;
            let end: jiff::Timestamp = shown["endTime"].as_str().ok_or("no time")?.parse()?;
            assert_eq!(end.duration_since(begin).as_secs(), 6);
            let now = server.get(&own).await?;
            assert_eq!((&now["lastStatus"], &now["lastRun"]), (&json!(status), &shown["creationTime"]));
            let found = server.list(&format!("/RestorePoints?jobId={job}")).await?;
            assert_eq!(found.len(), points + usize::from(backup));
            if version != V6 {
                let last = if backup { &shown["endTime"] } else { &before["lastBackup"] };
                assert_eq!(&now["lastBackup"], last);
                assert_eq!(&found[0]["backupTime"], last, "the newest comes first");
                let objects = server.list(&format!("{session}/ProcessedObjects")).await?;
                assert_eq!(objects.iter().map(|one| one["status"].clone()).collect::<Vec<_>>(), results);
            }
            log_ends_with(&server, &session, line).await?;
        }
    }
    Ok(())
}

async fn log_ends_with(server: &Server, session: &str, line: &str) -> Anything {
    let log = server.list(&format!("{session}/LogItems")).await?;
    let last = log.last().ok_or("no log")?;
    let title = match server.version {
        V8 => format!("[{}] {}", last["type"].as_str().unwrap_or(""), last["message"].as_str().unwrap_or("")),
        _ => last["title"].as_str().unwrap_or("").to_owned(),
    };
    assert_eq!(title, line);
    let one = server.get(&format!("{session}/LogItems/{}", last["id"].as_str().ok_or("no id")?)).await?;
    assert_eq!(&one, last);
    if server.is_v8() {
        let down = server
            .list(&format!("{session}/LogItems?orderAsc=false&type={}", &line[1..line.find(']').ok_or("")?]))
            .await?;
        assert_eq!(down.first(), Some(last));
    }
    server.refused(("GET", &format!("{session}/LogItems/x"), None), (404, "ResourceNotFound")).await
}

#[tokio::test]
async fn what_is_odd_stuck_or_forgotten_is_shown_as_such() -> Anything {
    let server = Server::new(V8).await?;
    let job = server.job().await?;
    let own = format!("/Jobs/{job}");
    for outcome in [
        Scripted::StuckAt(40),
        Scripted::UnknownState("Pausing".into()),
        Scripted::NullFields,
        Scripted::VanishAfterEnd,
    ] {
        server.simulator.script("m365", &job, Behaviour::new(outcome))?;
    }
    server.simulator.allow("JobSession_Get", 200, "the script shows the status Pausing, which no document has");
    let stuck = format!("/JobSessions/{}", run(&server, &own).await?);
    server.pass(86_400);
    assert_eq!(
        (&server.get(&stuck).await?["status"], &server.get(&stuck).await?["progress"]),
        (&json!("Running"), &json!(2))
    );
    assert_eq!(server.call("POST", &format!("{own}/stop"), None).await?, (204, Value::Null));
    assert_eq!(server.get(&stuck).await?["status"], "Stopped");
    assert_eq!(server.call("POST", &format!("{own}/stop"), None).await?.0, 204, "what is idle is stopped already");

    let odd = format!("/JobSessions/{}", run(&server, &own).await?);
    server.pass(10);
    assert_eq!(server.get(&odd).await?["status"], "Pausing");
    server.good("POST", &format!("{own}/stop"), None).await?;

    let bare = format!("/JobSessions/{}", run(&server, &own).await?);
    server.pass(10);
    let shown = server.get(&bare).await?;
    assert_eq!(shown["status"], "Success");
    assert!(["endTime", "statistics", "_links", "progress"].iter().all(|name| shown.get(name).is_none()), "{shown}");

    let before = server.list("/RestorePoints").await?.len();
    let lost = format!("/JobSessions/{}", run(&server, &own).await?);
    server.pass(10);
    server.refused(("GET", &lost, None), (404, "ResourceNotFound")).await?;
    assert_eq!(server.list("/RestorePoints").await?.len(), before + 1);
    Ok(())
}

#[tokio::test]
async fn a_failed_run_is_retried_as_its_schedule_says() -> Anything {
    let server = Server::new(V8).await?;
    let job = server.job().await?;
    let own = format!("/Jobs/{job}");
    let policy = json!({"schedulePolicy": {"type": "ManualOnly", "retryEnabled": true, "retryNumber": 2, "retryWaitInterval": 5}});
    server.good("PUT", &own, Some(&policy)).await?;
    for behaviour in [Behaviour::fail("one"), Behaviour::fail("two"), Behaviour::success()] {
        server.simulator.script("m365", &job, behaviour)?;
    }
    let first = run(&server, &own).await?;
    server.pass(7);
    let shown = server.get(&format!("/JobSessions/{first}")).await?;
    assert_eq!((&shown["status"], &shown["jobWillBeRetried"]), (&json!("Failed"), &json!(true)));
    assert_eq!(server.list("/JobSessions").await?.len(), 1, "what has not begun is not listed");
    let told = async || -> Result<Vec<Value>, Box<dyn std::error::Error>> {
        let events = server.get("/Events?from=0000000000000000&limit=100").await?["results"].clone();
        let events =
            events.as_array().ok_or("no events")?.iter().filter(|event| event["eventType"] == "JobSessionUpdate");
        Ok(events.map(|event| event["status"].clone()).collect())
    };
    assert_eq!(told().await?, ["Running", "Failed"], "nor told of");
    server.pass(3600);
    let sessions = server.list(&format!("/JobSessions?jobId={job}")).await?;
    let of = |name: &str| sessions.iter().map(|session| session[name].clone()).collect::<Vec<_>>();
    assert_eq!(of("status"), ["Success", "Failed", "Failed"], "the newest comes first");
    assert_eq!(of("retryCount"), [2, 1, 0]);
    assert_eq!(of("mainSessionId"), [json!(first), json!(first), Value::Null]);
    assert_eq!(of("jobWillBeRetried"), [false, true, true]);
    assert_eq!(told().await?, ["Running", "Failed", "Running", "Failed", "Running", "Success"]);
    assert_eq!(server.get(&own).await?["lastStatus"], "Success");
    Ok(())
}

#[tokio::test]
async fn sessions_are_filtered_and_paged() -> Anything {
    for version in VERSIONS {
        let server = Server::new(version).await?;
        let (job, copy) = (server.job().await?, server.copy_job().await?);
        server.simulator.script("m365", &job, Behaviour::fail("no"))?;
        for _ in 0..3 {
            run(&server, &format!("/Jobs/{job}")).await?;
            server.pass(60);
        }
        run(&server, &format!("/CopyJobs/{copy}")).await?;
        server.pass(60);
        let count = async |query: &str| server.list(&format!("/JobSessions?{query}")).await.map(|found| found.len());
        assert_eq!((count("jobType=Backup").await?, count("jobType=Copy").await?), (3, 1));
        assert_eq!(count("endTimeLowerBound=2026-03-02T09:01:00Z").await?, 3);
        if version != V6 {
            assert_eq!(count(&format!("jobId={copy}")).await?, 1);
            assert_eq!(count("endTimeUpperBound=2026-03-02T09:01:00").await?, 1);
        }
        if version == V8 {
            assert_eq!((count("status=Succeeded").await?, count("status=Failed").await?), (3, 1));
            server.refused(("GET", "/JobSessions?status=Success", None), (400, "ParameterValidationFailure")).await?;
        }
        let mut next = Some("/JobSessions?jobType=Backup&limit=2".to_owned());
        let mut sizes = Vec::new();
        while let Some(path) = next {
            let page = server.get(&path).await?;
            sizes.push(page["results"].as_array().map_or(0, Vec::len));
            let link = page["_links"]["next"]["href"].as_str();
            next = link.and_then(|link| link.strip_prefix(&format!("/{version}"))).map(str::to_owned);
        }
        assert_eq!(sizes, [2, 1], "links keep what the query says");
        if version == V6 {
            assert_eq!(server.list(&format!("/Jobs/{job}/JobSessions")).await?.len(), 3);
        } else {
            assert_eq!(server.call("GET", &format!("/Jobs/{job}/JobSessions"), None).await?.0, 404);
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_copy_has_the_time_of_what_it_copies() -> Anything {
    for version in VERSIONS {
        let server = Server::new(version).await?;
        let (job, copy) = (server.job().await?, server.copy_job().await?);
        assert_eq!(server.get(&format!("/Jobs/{job}/CopyJob")).await?["id"], copy);
        run(&server, &format!("/Jobs/{job}")).await?;
        server.pass(60);
        run(&server, &format!("/CopyJobs/{copy}")).await?;
        server.pass(60);
        let time = |points: &[Value]| points[0]["backupTime"].clone();
        let [made, copied] = [&job, &copy].map(|id| format!("/RestorePoints?jobId={id}"));
        let (made, copied) = (server.list(&made).await?, server.list(&copied).await?);
        assert_eq!((copied.len(), time(&copied)), (2, time(&made)));
        let point = server.get(&format!("/RestorePoints/{}", copied[0]["id"].as_str().ok_or("no id")?)).await?;
        assert_eq!(point, copied[0]);
        if version != V6 {
            assert_eq!(copied[0]["isCopy"], true);
            assert_eq!(server.list("/RestorePoints?isCopy=true&orderAsc=true").await?[0]["backupTime"], NIGHT);
            assert_eq!(server.list("/Organization/LoggedInUser/RestorePoints?isCopy=false").await?.len(), 2);
            let newest = server.list(&format!("/RestorePoints?from={}", time(&made).as_str().ok_or("")?)).await?;
            assert_eq!(newest.len(), 2);
        } else {
            let newest = server.list("/RestorePoints?backupTime=2026-03-02T00:00:00Z").await?;
            assert_eq!(newest.len(), 2);
        }
    }
    Ok(())
}

/// Who owns a repository has to be able to work, and a job has to be switched on.
#[tokio::test]
async fn starts_need_a_proxy_that_works() -> Anything {
    for version in VERSIONS {
        let server = Server::new(version).await?;
        let (organization, conflict) = (server.organization().await?, (409, "OperationConflict"));
        let lost = server.proxy("proxy-2.example.org").await?;
        let disk = json!({"name": "Lost", "proxyId": lost, "retentionType": "ItemLevel"});
        server.refused(("POST", "/BackupRepositories", Some(disk)), (503, "ProxyOffline")).await?;
        server.refused(("POST", &format!("/Proxies/{lost}/Rescan"), None), (503, "ProxyOffline")).await?;
        let job = format!("/Jobs/{}", server.job().await?);
        assert_eq!(server.call("POST", &format!("{job}/disable"), None).await?.0, 204);
        server.refused(("POST", &format!("{job}/start"), Some(json!({}))), conflict).await?;
        assert_eq!(server.call("POST", &format!("{job}/enable"), None).await?.0, 204);
        if version == V8 {
            let proxy = format!("/Proxies/{}", server.proxy("vb365.example.org").await?);
            run(&server, &job).await?;
            let switch = |to: &str| format!("{proxy}/maintenance/{to}");
            server.good("POST", &switch("enable"), Some(&json!({}))).await?;
            assert_eq!(server.get(&proxy).await?["maintenanceModeState"], "Enabling");
            server.pass(10);
            assert_eq!(server.get(&proxy).await?["maintenanceModeState"], "Enabled");
            server.refused(("POST", &format!("{job}/start"), Some(json!({}))), conflict).await?;
            let sync = format!("/BackupRepositories/{}/Sync", server.repository()?);
            server.refused(("POST", &sync, None), conflict).await?;
            server.good("POST", &switch("disable"), Some(&json!({}))).await?;
        }
        run(&server, &job).await?;
        let body = json!({"name": "At once", "backupType": "EntireOrganization", "organizationId": organization,
            "repositoryId": server.repository()?, "runNow": true});
        let jobs = if version == V8 { "/Jobs".to_owned() } else { format!("/Organizations/{organization}/Jobs") };
        assert_eq!(server.good("POST", &jobs, Some(&body)).await?["lastStatus"], "Running");
        // A repository on disk has nothing to be synchronized with.
        let disk = server.disk("Disk", &server.proxy("vb365.example.org").await?).await?;
        server
            .refused(("POST", &format!("/BackupRepositories/{disk}/Sync"), None), (400, "ParameterValidationFailure"))
            .await?;
    }
    Ok(())
}

/// A scenario can say how jobs go, by name.
#[tokio::test]
async fn scripts_of_a_builder_mean_jobs_as_well() -> Anything {
    let slow = Behaviour { on_stop: OnStop::GoesOn, ..Behaviour::fail("no").lasting(Duration::from_secs(100)) };
    let builder = Simulator::builder().vb365("m365", V7).scripts("m365", "Mailboxes nightly", [slow]);
    let server = Server::at(start(builder).await?, V7).await?;
    let job = format!("/Jobs/{}", server.job().await?);
    run(&server, &job).await?;
    server.good("POST", &format!("{job}/stop"), None).await?;
    server.pass(99);
    assert_eq!(server.get(&job).await?["lastStatus"], "Running");
    server.pass(1);
    assert_eq!(server.get(&job).await?["lastStatus"], "Failed");
    Ok(())
}

#[tokio::test]
async fn backups_can_be_explored() -> Anything {
    for version in VERSIONS {
        let server = Server::new(version).await?;
        let (job, repository, organization) = (server.job().await?, server.repository()?, server.organization().await?);
        let made = if version == V8 { 201 } else { 200 };
        let mut paths = vec![format!("/Jobs/{job}/explore")];
        if version != V6 {
            paths.push(format!("/BackupRepositories/{repository}/explore?organizationId={organization}"));
        }
        for path in paths {
            let (status, session) =
                server.call("POST", &path, Some(&json!({"type": "Vesp", "dateTime": NIGHT}))).await?;
            assert_eq!(
                (status, &session["type"], &session["state"]),
                (made, &json!("Vesp"), &json!("Working")),
                "{session}"
            );
            let early = json!({"type": "Vex", "dateTime": "2026-01-01T00:00:00Z"});
            server.refused(("POST", &path, Some(early)), (404, "ResourceNotFound")).await?;
            server.refused(("POST", &path, Some(json!({"type": "Word"}))), (400, "ParameterValidationFailure")).await?;
        }
    }
    Ok(())
}

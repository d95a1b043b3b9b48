//! What is the same for all vendors: start and stop, faults, the request log, many at once.

mod common;

use std::time::Duration;

use backup_sync_engine::{Outcome, Provider as _, Search};
use backup_sync_runtime::Delivery;
use backup_sync_simulator::{Fault, FaultKind, Settings, SimClock, Simulator, StartError, Vb365Version};
use common::{Anything, Checked, baseline, http, only, start, synchronize, target, vb365, vr};
use jiff::Timestamp;
use serde_json::{Value, json};

fn fault(operation: &str, times: u32, kind: FaultKind) -> Fault {
    Fault { operation: Some(operation.to_owned()), times, kind }
}

#[tokio::test]
async fn endpoints_are_described_without_showing_passwords() -> Anything {
    let builder = Simulator::builder().vb365("m365", Vb365Version::V7).cbr("cloud").vsphere_replication("site");
    let simulator = start(builder).await?;
    let described = serde_json::to_value(simulator.endpoints())?;
    // Sorted, because the order depends on a feature of serde_json that other crates may switch on.
    let members = |place: usize| -> std::collections::BTreeSet<&str> {
        described[place].as_object().map(|object| object.keys().map(String::as_str).collect()).unwrap_or_default()
    };
    let common = ["api_version", "name", "password", "targets", "url", "username", "vendor"];
    assert_eq!(members(0), common.into());
    for member in ["iam_url", "region", "project_id", "domain", "access_key", "secret_key"] {
        assert!(members(1).contains(member), "{member}");
    }
    assert!(members(2).contains("remote_username") && members(2).contains("remote_password"));
    assert_eq!(described[1]["project_id"].as_str().map(str::len), Some(32));
    let shown = format!("{:?}", *simulator);
    for endpoint in simulator.endpoints() {
        assert!(!shown.contains(&endpoint.password));
        assert!(endpoint.secret_key.as_ref().is_none_or(|key| !shown.contains(key)));
        assert!(endpoint.url.starts_with("http://127.0.0.1:"));
    }
    Ok(())
}

#[tokio::test]
async fn two_endpoints_cannot_have_one_name() {
    let started = Simulator::builder().cbr("a").vsphere_replication("a").start().await;
    assert!(matches!(started, Err(StartError::SameName(name)) if name == "a"));
}

#[tokio::test]
async fn ids_are_the_same_each_time_and_passwords_are_not() -> Anything {
    let one = start(Simulator::builder().cbr("a").cbr("b")).await?;
    let two = start(Simulator::builder().cbr("a")).await?;
    let [a, b] = one.endpoints() else { return Err("two endpoints expected".into()) };
    assert_eq!(a.targets, only(&two)?.targets);
    assert_ne!(a.targets, b.targets);
    assert_ne!(a.password, only(&two)?.password);
    Ok(())
}

#[tokio::test]
async fn a_server_stops_with_its_simulator() -> Anything {
    let simulator = start(Simulator::builder().vb365("m365", Vb365Version::V8)).await?;
    let url = format!("{}/v8/BackupRepositories", only(&simulator)?.url);
    let client = http()?;
    assert_eq!(client.get(&url).send().await?.status(), 401);
    simulator.shutdown().await;
    assert!(client.get(&url).send().await.is_err());

    let simulator = start(Simulator::builder().vb365("m365", Vb365Version::V8)).await?;
    let url = format!("{}/v8/BackupRepositories", only(&simulator)?.url);
    drop(simulator);
    for _ in 0..100 {
        if client.get(&url).send().await.is_err() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Err("the server is still there".into())
}

#[tokio::test(flavor = "multi_thread")]
async fn many_run_at_once_and_time_flies() -> Anything {
    let mut tasks = Vec::new();
    for _ in 0..8 {
        tasks.push(tokio::spawn(async {
            let builder = Simulator::builder().vb365("m365", Vb365Version::V8).speed(2000.0);
            let simulator = Checked::start(builder).await.ok()?;
            let provider = vb365(&simulator).await.ok()?;
            let story = synchronize(&simulator, &provider, "Archive to S3", 400).await.ok()?;
            Some(matches!(story.outcome, Outcome::Succeeded { .. }))
        }));
    }
    for task in tasks {
        assert_eq!(task.await?, Some(true));
    }
    Ok(())
}

#[tokio::test]
async fn refusals_come_as_often_as_asked() -> Anything {
    let simulator = start(Simulator::builder().vb365("m365", Vb365Version::V8)).await?;
    let url = format!("{}/v8/BackupRepositories", only(&simulator)?.url);
    let status = |status, retry_after, body| FaultKind::Status { status, retry_after, body };
    for kind in [
        status(429, Some(7), None),
        status(500, None, Some(json!({"own": 1}))),
        FaultKind::Html(502),
        FaultKind::EmptyBody(503),
    ] {
        simulator.fault("m365", fault("BackupRepository_List", 1, kind))?;
    }
    simulator.fault("m365", fault("BackupRepository_Get", 1, FaultKind::EmptyBody(418)))?;
    let client = http()?;
    let refused = client.get(&url).send().await?;
    assert_eq!((refused.status().as_u16(), refused.headers()["retry-after"].to_str()?), (429, "7"));
    assert!(refused.json::<Value>().await?["message"].is_string(), "the vendor's own body");
    assert_eq!(client.get(&url).send().await?.json::<Value>().await?, json!({"own": 1}));
    let html = client.get(&url).send().await?;
    assert_eq!((html.status().as_u16(), html.headers()["content-type"].to_str()?), (502, "text/html"));
    let empty = client.get(&url).send().await?;
    assert_eq!((empty.status().as_u16(), empty.bytes().await?.len()), (503, 0));
    assert_eq!(client.get(&url).send().await?.status(), 401, "normal again");
    assert!(simulator.fault("other", fault("x", 1, FaultKind::Reset)).is_err());
    Ok(())
}

#[tokio::test]
async fn broken_connections_look_like_broken_connections() -> Anything {
    let simulator = start(Simulator::builder().vb365("m365", Vb365Version::V8)).await?;
    let url = format!("{}/v8/BackupRepositories", only(&simulator)?.url);
    let client = http()?;
    simulator.fault("m365", fault("BackupRepository_List", 1, FaultKind::Reset))?;
    let error = client.get(&url).send().await.err().ok_or("an answer came")?;
    assert!(error.is_request() && !error.is_connect(), "{error:?}");
    simulator.fault("m365", fault("BackupRepository_List", 1, FaultKind::Truncated))?;
    let answer = client.get(&url).send().await?;
    assert_eq!(answer.status(), 401, "the beginning arrives");
    assert!(answer.bytes().await.is_err());
    simulator.fault("m365", Fault { operation: None, times: 1, kind: FaultKind::Delay(Duration::from_millis(30)) })?;
    let before = std::time::Instant::now();
    assert_eq!(client.get(&url).send().await?.status(), 401);
    assert!(before.elapsed() >= Duration::from_millis(30));
    let statuses: Vec<u16> = simulator.requests().iter().map(|request| request.status).collect();
    assert_eq!(statuses, [0, 401, 401]);
    Ok(())
}

#[tokio::test]
async fn a_lost_answer_leaves_a_job_that_can_be_found() -> Anything {
    let simulator = start(Simulator::builder().vb365("m365", Vb365Version::V8)).await?;
    let provider = vb365(&simulator).await?;
    let target = target(&provider, "Archive to S3").await?;
    let before = baseline(&provider, &target).await?;
    let start = "BackupRepository_StartSynchronizeAction";
    simulator.fault("m365", fault(start, 1, FaultKind::ApplyThenReset))?;
    let error = provider.trigger(&target, &before).await.err().ok_or("an answer came")?;
    assert_ne!(error.delivery(), Delivery::NeverSent);
    let sent = simulator.requests().iter().filter(|request| request.path.ends_with("/Sync")).count();
    assert_eq!(sent, 1, "what starts work is not sent again");
    assert!(matches!(provider.find_running(&target, &before, Timestamp::now()).await?, Search::Found(_)));

    let simulator = start_vr().await?;
    let provider = vr(&simulator).await?;
    let target = common::target(&provider, "app-01").await?;
    let before = baseline(&provider, &target).await?;
    simulator.fault("site", fault("syncReplication", 1, FaultKind::Reset))?;
    assert!(provider.trigger(&target, &before).await.is_err());
    assert!(provider.find_running(&target, &before, Timestamp::now()).await? == Search::Absent, "nothing was done");
    Ok(())
}

async fn start_vr() -> Result<Checked, Box<dyn std::error::Error>> {
    start(Simulator::builder().vsphere_replication("site")).await
}

#[tokio::test]
async fn requests_are_logged_without_secrets() -> Anything {
    let simulator = start(Simulator::builder().vb365("m365", Vb365Version::V8)).await?;
    let provider = vb365(&simulator).await?;
    provider.targets().await?;
    let log = simulator.requests();
    let first = log.first().ok_or("nothing logged")?;
    assert_eq!(
        (first.endpoint.as_str(), first.method.as_str(), first.path.as_str(), first.status),
        ("m365", "POST", "/v8/token", 200)
    );
    assert_eq!(log.last().map(|request| request.query.as_str()), Some("limit=500&offset=0"));
    let text = serde_json::to_string(&log)?;
    assert!(!text.contains(&only(&simulator)?.password) && !text.to_lowercase().contains("bearer"));
    Ok(())
}

#[tokio::test]
async fn clocks_run_jump_and_stand() {
    let clock = SimClock::manual();
    assert_eq!((clock.now(), clock.wall().to_string()), (Duration::ZERO, "2026-03-02T09:00:00Z".to_owned()));
    clock.advance(Duration::from_secs(5));
    assert_eq!(clock.now(), Duration::from_secs(5));
    let fast = SimClock::speed(1000.0);
    fast.advance(Duration::from_secs(100));
    tokio::time::sleep(Duration::from_millis(5)).await;
    assert!(fast.now() >= Duration::from_secs(105));
    assert!(SimClock::speed(f64::NAN).now() < Duration::from_secs(60));
}

#[tokio::test]
async fn twenty_thousand_targets_are_listed_page_by_page() -> Anything {
    let settings = Settings { more_targets: 20_000, ..Settings::default() };
    // Twenty megabytes are not compared with the schema here.
    let simulator = Simulator::builder().vb365("m365", Vb365Version::V8).settings(settings).start().await?;
    assert_eq!(only(&simulator)?.targets.len(), 20_003);
    assert_eq!(vb365(&simulator).await?.targets().await?.len(), 20_003);
    Ok(())
}

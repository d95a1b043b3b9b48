//! vSphere Replication end to end, with the project's own client and with a bare one.

mod common;

use std::time::Duration;

use backup_sync_engine::{Outcome, Past, Provider as _, Readiness, Search, Stage, Target};
use backup_sync_simulator::{Behaviour, Scripted, Settings, Simulator, WithoutRemote};
use common::{Anything, baseline, http, only, start, synchronize, target, vr, vr_config};
use serde_json::{Value, json};
use vsphere_replication::VsphereReplication;

#[tokio::test]
async fn a_replication_synchronizes_to_a_proven_end() -> Anything {
    let simulator = start(Simulator::builder().vsphere_replication("site")).await?;
    let provider = vr(&simulator).await?;
    let story = synchronize(&simulator, &provider, "app-01", 20).await?;
    assert!(matches!(story.outcome, Outcome::Succeeded { .. }), "{:?}", story.outcome);
    assert_eq!(story.states.first().map(String::as_str), Some("task QUEUED, replication OK"));
    assert_eq!(story.states.get(2).map(String::as_str), Some("task RUNNING, replication SYNC"));
    let tail = ["task SUCCESS, replication SYNC", "task SUCCESS, replication OK"];
    assert!(story.states.ends_with(&tail.map(str::to_owned)), "success of the task is no proof: {:?}", story.states);
    provider.close().await?;
    Ok(())
}

#[tokio::test]
async fn the_usual_replications_are_there() -> Anything {
    let simulator = start(Simulator::builder().vsphere_replication("site")).await?;
    let provider = vr(&simulator).await?;
    for (name, ready) in [("app-01", true), ("db-01", true), ("web-01", false)] {
        let target = target(&provider, name).await?;
        assert!(target.address.id.starts_with("HmsGroup:GID-"));
        let readiness = baseline(&provider, &target).await?.readiness;
        assert!(if ready { readiness == Readiness::Ready } else { matches!(readiness, Readiness::Skip { .. }) });
    }
    assert_eq!(only(&simulator)?.targets.len(), 3);
    Ok(())
}

#[tokio::test]
async fn scripts_lead_to_their_ends() -> Anything {
    let simulator = start(Simulator::builder().vsphere_replication("site")).await?;
    let provider = vr(&simulator).await?;
    let id = target(&provider, "db-01").await?.address.id;
    let expected = [
        (Scripted::Fail("the datastore is full".into()), "failed", "the datastore is full"),
        (Scripted::StaysOutOfSync, "unknown", "last_sync_time of the replication has not moved"),
        (Scripted::Stopped, "stopped", ""),
        (Scripted::NullFields, "succeeded", "last_sync_time moved on"),
        (Scripted::VanishAfterEnd, "succeeded", "last_sync_time moved on"),
        (Scripted::Success, "succeeded", "last_sync_time moved on"),
        (Scripted::StuckAt(12), "still-running", ""),
    ];
    for (scripted, word, detail) in expected {
        simulator.script("site", &id, Behaviour::new(scripted.clone()))?;
        let story = synchronize(&simulator, &provider, "db-01", 10).await?;
        assert_eq!(story.outcome.word(), word, "{scripted:?}: {:?} {:?}", story.outcome, story.states);
        assert!(story.outcome.detail().contains(detail), "{scripted:?}: {:?}", story.outcome);
        simulator.clock().advance(Duration::from_secs(60));
    }
    assert!(matches!(
        baseline(&provider, &target(&provider, "db-01").await?).await?.readiness,
        Readiness::Running { .. }
    ));
    Ok(())
}

#[tokio::test]
async fn an_idle_session_ends_and_the_client_goes_on() -> Anything {
    let simulator = start(Simulator::builder().vsphere_replication("site")).await?;
    let config = vr_config(&simulator, only(&simulator)?);
    let config = vsphere_replication::Config { renew_after: Duration::from_secs(100_000), ..config };
    let provider = VsphereReplication::connect(&config).await?;
    simulator.clock().advance(Duration::from_secs(700));
    assert_eq!(provider.targets().await?.len(), 3);
    let logins = |path: &str| {
        simulator.requests().iter().filter(|request| request.method == "POST" && request.path.ends_with(path)).count()
    };
    assert_eq!((logins("/session"), logins("/remote-session")), (2, 2), "both logins are repeated");
    Ok(())
}

/// A bare client with a session.
struct Bare {
    http: reqwest::Client,
    url: String,
    session: String,
}

impl Bare {
    async fn new(simulator: &Simulator, version: &str) -> Result<Self, Box<dyn std::error::Error>> {
        let endpoint = only(simulator)?;
        let (http, url) = (http()?, endpoint.url.replace("/v2", &format!("/{version}")));
        let login = http.post(format!("{url}/session")).basic_auth(&endpoint.username, Some(&endpoint.password));
        let answer: Value = login.send().await?.error_for_status()?.json().await?;
        let session = answer["session_id"].as_str().ok_or("no session")?.to_owned();
        Ok(Self { http, url, session })
    }

    fn get(&self, path: &str) -> reqwest::RequestBuilder {
        self.http.get(format!("{}{path}", self.url)).header("x-dr-session", &self.session)
    }

    fn post(&self, path: &str) -> reqwest::RequestBuilder {
        self.http.post(format!("{}{path}", self.url)).header("x-dr-session", &self.session)
    }

    async fn json(&self, path: &str) -> Result<Value, Box<dyn std::error::Error>> {
        Ok(self.get(path).send().await?.error_for_status()?.json().await?)
    }

    async fn pairing(&self) -> Result<String, Box<dyn std::error::Error>> {
        let list = self.json("/pairings").await?;
        Ok(format!("/pairings/{}", list["list"][0]["pairing_id"].as_str().ok_or("no pairing")?))
    }
}

#[tokio::test]
async fn without_a_remote_login_answers_are_partial() -> Anything {
    let simulator = start(Simulator::builder().vsphere_replication("site")).await?;
    let bare = Bare::new(&simulator, "v2").await?;
    let pairing = bare.pairing().await?;
    let list = bare.json(&format!("{pairing}/replications")).await?;
    assert_eq!(list["_meta"]["errors"].as_array().map(Vec::len), Some(6), "two members of each are missing");
    assert_eq!(list["list"][0].get("replication_server_name"), None);
    let id = list["list"][0]["id"].as_str().ok_or("no id")?.to_owned();
    let replication = format!("{pairing}/replications/{}", id.replace(':', "%3A"));
    assert_eq!(bare.get(&format!("{pairing}/remote-session")).send().await?.status(), 403);
    assert_eq!(bare.post(&format!("{replication}/actions/pause")).send().await?.status(), 403);
    assert_eq!(bare.post(&format!("{replication}/actions/sync")).send().await?.status(), 202, "a sync needs none");

    let endpoint = only(&simulator)?;
    let remote = || bare.post(&format!("{pairing}/remote-session"));
    assert_eq!(remote().send().await?.status(), 401, "both headers are needed");
    assert_eq!(remote().basic_auth(&endpoint.username, Some(&endpoint.password)).send().await?.status(), 401);
    let (name, password) = (endpoint.remote_username.clone().unwrap_or_default(), endpoint.remote_password.clone());
    assert_eq!(remote().basic_auth(name, password).send().await?.status(), 204);
    let whole = bare.json(&format!("{pairing}/replications")).await?;
    assert_eq!(whole["_meta"].get("errors"), None);
    assert_eq!(whole["list"][0]["replication_server_name"], "vrms-b.example.com");
    assert!(bare.json(&format!("{pairing}/remote-session")).await?["username"].is_string());
    Ok(())
}

/// The words of the vendor's connectivity contract: `PARTIAL_DATA`, `ERROR` and `FULL_DATA`.
#[tokio::test]
async fn a_remote_site_that_is_down_leaves_partial_data_and_errors() -> Anything {
    let down = Duration::from_secs(60)..Duration::from_secs(120);
    let settings =
        Settings { vr_remote_down: Some(down), vr_session_limit: 0, vr_address_limit: 0, ..Settings::default() };
    let simulator = start(Simulator::builder().vsphere_replication("site").settings(settings)).await?;
    let bare = Bare::new(&simulator, "v2").await?;
    let endpoint = only(&simulator)?;
    let pairing = bare.pairing().await?;
    let (name, password) = (endpoint.remote_username.clone().unwrap_or_default(), endpoint.remote_password.clone());
    let log_in = || bare.post(&format!("{pairing}/remote-session")).basic_auth(&name, password.as_deref());
    assert_eq!(log_in().send().await?.status(), 204);
    let replication = format!("{pairing}/replications/{}", endpoint.targets[0].id);

    simulator.clock().advance(Duration::from_secs(60));
    for path in ["/pairings", pairing.as_str(), &format!("{pairing}/replications"), &replication] {
        let partial = bare.json(path).await?;
        assert_eq!(partial["_meta"]["errors"][0]["code"], "REMOTE_SERVER_DOWN", "{path}: {partial}");
        assert!(partial["_meta"]["errors"][0]["field"].as_str().is_some_and(|field| field.starts_with("$.")));
    }
    let calls = [
        bare.get(&format!("{pairing}/remote-session")),
        log_in(),
        bare.post(&format!("{replication}/actions/sync")),
        bare.post(&format!("{replication}/actions/pause")),
        bare.post(&format!("{replication}/actions/resume")),
    ];
    for call in calls {
        let refused = call.send().await?;
        assert_eq!(refused.status(), 500);
        assert_eq!(refused.json::<Value>().await?["error_code"], "REMOTE_SERVER_DOWN");
    }
    assert_eq!(bare.json("/tasks").await?["_meta"].get("errors"), None, "tasks are known here");

    simulator.clock().advance(Duration::from_secs(60));
    assert_eq!(bare.json(&replication).await?["_meta"].get("errors"), None, "it is back");
    assert_eq!(bare.post(&format!("{replication}/actions/sync")).send().await?.status(), 202);
    Ok(())
}

#[tokio::test]
async fn without_a_remote_login_the_status_is_as_set() -> Anything {
    for status in [401_u16, 403, 500] {
        let settings = Settings { vr_without_remote_status: status, ..Settings::default() };
        let simulator = start(Simulator::builder().vsphere_replication("site").settings(settings)).await?;
        let bare = Bare::new(&simulator, "v2").await?;
        let refused = bare.get(&format!("{}/remote-session", bare.pairing().await?)).send().await?;
        assert_eq!(refused.status(), status);
        assert_eq!(refused.bytes().await?.is_empty(), status == 401, "401 has no body");
        assert_eq!(bare.get("/session").send().await?.status(), 200, "the session itself lives");
    }
    Ok(())
}

#[tokio::test]
async fn pause_and_resume_change_what_is_allowed() -> Anything {
    let settings = Settings { vr_without_remote: WithoutRemote::Everything, ..Settings::default() };
    let simulator = start(Simulator::builder().vsphere_replication("site").settings(settings)).await?;
    let bare = Bare::new(&simulator, "v2").await?;
    let pairing = bare.pairing().await?;
    let id = &only(&simulator)?.targets[2].id;
    let path = format!("{pairing}/replications/{id}");
    let act = |action: &'static str| bare.post(&format!("{path}/actions/{action}")).send();
    for action in ["sync", "pause"] {
        let refused = act(action).await?;
        assert_eq!(refused.status(), 400);
        assert_eq!(refused.json::<Value>().await?["error_code"], "INVALID_STATE");
    }
    let task: Value = act("resume").await?.error_for_status()?.json().await?;
    assert_eq!((&task["status"], &task["entity"]), (&json!("QUEUED"), &json!(id)));
    assert_eq!(act("sync").await?.status(), 400, "the task is still at work");
    simulator.clock().advance(Duration::from_secs(2));
    assert_eq!(bare.json(&path).await?["status"]["status"], "OK");
    assert_eq!(act("sync").await?.status(), 202);
    Ok(())
}

#[tokio::test]
async fn v1_writes_the_times_of_tasks_as_text() -> Anything {
    let simulator = start(Simulator::builder().vsphere_replication("site")).await?;
    for (version, expected) in [("v1", json!("2026-03-02T09:00:00.000Z")), ("v2", json!(1_772_442_000_000_i64))] {
        let bare = Bare::new(&simulator, version).await?;
        let replication = &only(&simulator)?.targets[usize::from(version == "v2")].id;
        let path = format!("{}/replications/{replication}/actions/sync", bare.pairing().await?);
        let task: Value = bare.post(&path).send().await?.error_for_status()?.json().await?;
        assert_eq!(task["queued_time"], expected);
    }
    Ok(())
}

#[tokio::test]
async fn members_without_a_value_are_null_or_left_out() -> Anything {
    for nulls in [true, false] {
        let settings = Settings { vr_nulls: nulls, ..Settings::default() };
        let simulator = start(Simulator::builder().vsphere_replication("site").settings(settings)).await?;
        let bare = Bare::new(&simulator, "v2").await?;
        let replication = format!("{}/replications/{}", bare.pairing().await?, only(&simulator)?.targets[0].id);
        let task: Value = bare.post(&format!("{replication}/actions/sync")).send().await?.json().await?;
        let tasks = bare.json("/tasks").await?;
        let shown = bare.json(&replication).await?;
        let expected = nulls.then_some(&Value::Null);
        for (object, member) in [
            (&task, "start_time"),
            (&tasks["list"][0], "complete_time"),
            (&tasks["list"][0], "error"),
            (&shown, "replication_server_name"),
            (&shown, "sync_progress"),
        ] {
            assert_eq!(object.get(member), expected, "{member} of {object}");
        }
        let provider = vr(&simulator).await?;
        let story = synchronize(&simulator, &provider, "db-01", 20).await?;
        assert!(matches!(story.outcome, Outcome::Succeeded { .. }), "{:?}", story.outcome);
    }
    Ok(())
}

#[tokio::test]
async fn lists_page_filter_and_sort() -> Anything {
    let settings = Settings { more_targets: 9, vr_session_limit: 0, vr_address_limit: 0, ..Settings::default() };
    let simulator = start(Simulator::builder().vsphere_replication("site").settings(settings)).await?;
    let bare = Bare::new(&simulator, "v2").await?;
    let all = format!("{}/replications", bare.pairing().await?);
    let names = |list: &Value| -> Vec<String> {
        let list = list["list"].as_array().cloned().unwrap_or_default();
        list.iter().map(|item| item["name"].as_str().unwrap_or_default().to_owned()).collect()
    };
    let page = bare.json(&format!("{all}?sort_by=name&order_by=desc&limit=5&offset=10")).await?;
    assert_eq!(names(&page), ["db-01", "app-01"]);
    assert_eq!(page["_meta"]["total"], json!(12));
    assert_eq!(page["_meta"]["links"].get("next"), Some(&Value::Null), "there, and null at the end");
    let previous = page["_meta"]["links"]["previous"]["href"].as_str().ok_or("no link")?;
    let page: Value = bare.http.get(previous).header("x-dr-session", &bare.session).send().await?.json().await?;
    assert_eq!(names(&page).last().map(String::as_str), Some("vm-00001"));
    let found = bare.json(&format!("{all}?filter_property=name&filter=web&filter=db")).await?;
    assert_eq!(names(&found), ["db-01", "web-01"]);
    let found = bare.json(&format!("{all}?filter_property=status.status&filter=PAUSED")).await?;
    assert_eq!(names(&found), ["web-01"]);
    for wrong in ["limit=ten", "filter=web", "order_by=up"] {
        assert_eq!(bare.get(&format!("{all}?{wrong}")).send().await?.status(), 400, "{wrong}");
    }
    Ok(())
}

#[tokio::test]
async fn refusals_have_bodies_where_the_vendor_has_them() -> Anything {
    let simulator = start(Simulator::builder().vsphere_replication("site")).await?;
    let bare = Bare::new(&simulator, "v2").await?;
    let pairing = bare.pairing().await?;
    for path in ["/tasks/none", "/pairings/none", "/nothing", &format!("{pairing}/replications/none"), "//session"] {
        let answer = bare.get(path).send().await?;
        assert_eq!(answer.status(), 404, "{path}");
        assert!(answer.bytes().await?.is_empty());
    }
    simulator.allow("getCurrentSession", 401, "no page says what comes without a session");
    let stranger = Bare { session: "none".into(), ..Bare::new(&simulator, "v2").await? };
    let answer = stranger.get("/session").send().await?;
    assert_eq!(answer.status(), 401);
    assert!(answer.bytes().await?.is_empty());
    assert_eq!(
        bare.http.delete(format!("{}/session", bare.url)).header("x-dr-session", &bare.session).send().await?.status(),
        204
    );
    assert_eq!(bare.get("/session").send().await?.status(), 401);
    Ok(())
}

#[tokio::test]
async fn the_rate_limiter_refuses_and_forgets() -> Anything {
    let settings = Settings { vr_session_limit: 5, vr_address_limit: 12, vr_retry_after: true, ..Settings::default() };
    let simulator = start(Simulator::builder().vsphere_replication("site").settings(settings)).await?;
    simulator.allow("getCurrentSession", 429, "no page says how the limiter refuses");
    let bare = Bare::new(&simulator, "v2").await?;
    let mut statuses = Vec::new();
    for _ in 0..7 {
        statuses.push(bare.get("/session").send().await?.status().as_u16());
    }
    assert_eq!(statuses, [200, 200, 200, 200, 200, 429, 429]);
    let other = Bare::new(&simulator, "v2").await?;
    simulator.clock().advance(Duration::from_secs(20));
    statuses.clear();
    for _ in 0..4 {
        statuses.push(other.get("/session").send().await?.status().as_u16());
    }
    assert_eq!(statuses, [200, 200, 200, 429], "the limit of the address is older than that of the session");
    let refused = other.get("/session").send().await?;
    assert_eq!(refused.headers().get("retry-after").and_then(|value| value.to_str().ok()), Some("40"));
    simulator.clock().advance(Duration::from_secs(40));
    assert_eq!(bare.get("/session").send().await?.status(), 200);
    Ok(())
}

#[tokio::test]
async fn a_synchronization_that_was_just_started_runs_for_another_process_too() -> Anything {
    let simulator = start(Simulator::builder().vsphere_replication("site")).await?;
    let (earlier, other) = (vr(&simulator).await?, vr(&simulator).await?);
    let target = target(&earlier, "app-01").await?;
    let job = earlier.trigger(&target, &baseline(&earlier, &target).await?).await?;
    let found = baseline(&other, &target).await?.readiness;
    assert!(matches!(&found, Readiness::Running { job: found } if found.ids == job.ids), "{found:?}");
    Ok(())
}

/// A resumed run lists no replications: what it knows of them is what its journal tells and what it reads one by one.
#[tokio::test]
async fn a_lost_start_is_absent_although_other_replications_of_the_run_have_new_tasks() -> Anything {
    let simulator = start(Simulator::builder().vsphere_replication("site")).await?;
    let earlier = vr(&simulator).await?;
    let (lost, started) = (target(&earlier, "app-01").await?, target(&earlier, "db-01").await?);
    let (before, of_other) = (baseline(&earlier, &lost).await?, baseline(&earlier, &started).await?);
    let job = earlier.trigger(&started, &of_other).await?;
    let other = vr(&simulator).await?;
    let (at, vendor) = (jiff::Timestamp::now(), "vsphere-replication");
    let past = |target: &Target, stage| Past { target: target.clone(), vendor: vendor.into(), stage };
    let pasts = [
        past(&lost, Stage::Intended { baseline: before.clone(), at }),
        past(&started, Stage::Started { job, baseline: of_other, adopted: false, at }),
    ];
    assert!(matches!(other.find_running(&lost, &before, at).await?, Search::CannotTell { .. }), "nothing is known yet");
    other.remember(&pasts.each_ref());
    assert_eq!(other.find_running(&lost, &before, at).await?, Search::Absent);
    let seen = vr(&simulator).await?;
    baseline(&seen, &started).await?;
    assert_eq!(seen.find_running(&lost, &before, at).await?, Search::Absent, "it was read by its id");
    Ok(())
}

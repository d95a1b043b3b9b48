//! Scenarios are played: every kind of script, fault and setting has its effect.

mod common;

use std::time::{Duration, Instant};

use backup_sync_engine::{Outcome, Phase, Provider, Search};
use backup_sync_simulator::scenario::Format;
use backup_sync_simulator::{Scenario, SimClock, Simulator};
use common::{Anything, baseline, cbr, cbr_config, http, only, synchronize, target, vb365, vr};
use huawei_cbr::{BackupList, Cbr};
use serde_json::json;

type Started = Result<Simulator, Box<dyn std::error::Error>>;

/// Starts a scenario of one endpoint with a clock that stands still.
async fn play(vendor: &str, rest: &str) -> Started {
    let text = format!("description = \"One server.\"\n[endpoints.one]\nvendor = \"{vendor}\"\n{rest}");
    let scenario = Scenario::parse(&text, Format::Toml, "test.toml")?;
    Ok(scenario.builder().clock(SimClock::manual()).start().await?)
}

const VENDORS: [&str; 3] = ["veeam-vb365", "huawei-cbr", "vsphere-replication"];

async fn connect(simulator: &Simulator) -> Result<Box<dyn Provider>, Box<dyn std::error::Error>> {
    Ok(match only(simulator)?.vendor.as_str() {
        "veeam-vb365" => Box::new(vb365(simulator).await?),
        "huawei-cbr" => Box::new(cbr(simulator).await?),
        _ => Box::new(vr(simulator).await?),
    })
}

fn script(run: &str) -> String {
    format!("targets = {{ repositories = 1 }}\n[[endpoints.one.scripts]]\ntarget = \"repo*\"\nruns = [{{ {run} }}]")
}

/// A run, the last state that is seen of it, and how the vendor's rule decides.
const OUTCOMES: &[(&str, &str, &str, &str)] = &[
    ("", "None", "succeeded", "isOutOfSync went from true to false"),
    ("outcome = \"success\"", "None", "succeeded", "isOutOfSync went from true to false"),
    ("outcome = { fail = \"The bucket is full\" }", "Failed", "failed", "The bucket is full"),
    ("outcome = { stuck-at = 42 }", "Synchronizing", "still-running", ""),
    ("outcome = { unknown-state = \"Pausing\" }", "Pausing", "still-running", ""),
    ("outcome = \"vanish-after-end\"", "session gone", "succeeded", "isOutOfSync went from true to false"),
    ("outcome = \"stays-out-of-sync\"", "None", "failed", "still out of sync"),
    ("outcome = \"null-fields\"", "None", "succeeded", "isOutOfSync went from true to false"),
    ("outcome = \"stopped\"", "None", "failed", "still out of sync"),
];

#[tokio::test]
async fn every_outcome_is_played() -> Anything {
    for (run, state, word, detail) in OUTCOMES {
        let simulator = play("veeam-vb365", &script(run)).await?;
        let story = synchronize(&simulator, &vb365(&simulator).await?, "repository-1", 12).await?;
        assert_eq!(story.states.last().map(String::as_str), Some(*state), "{run}");
        assert_eq!(story.outcome.word(), *word, "{run}: {:?}", story.outcome);
        assert!(story.outcome.detail().contains(detail), "{run}: {:?}", story.outcome);
        // The percentage is null with null fields, and what is stuck stays below its end.
        let last = story.percents.last().copied().flatten();
        match *run {
            "outcome = \"null-fields\"" => assert_eq!(last, None),
            "outcome = { stuck-at = 42 }" => assert_eq!(last, Some(42.0)),
            _ => {}
        }
    }
    Ok(())
}

#[tokio::test]
async fn runs_are_a_queue_and_then_synchronizations_succeed() -> Anything {
    let queue = "targets = { replications = 2 }\n[[endpoints.one.scripts]]\ntarget = \"vm-*\"\n\
                 runs = [{ outcome = { fail = \"first\" } }, { outcome = { fail = \"second\" } }]";
    let simulator = play("vsphere-replication", queue).await?;
    let provider = vr(&simulator).await?;
    for name in ["vm-1", "vm-2"] {
        for wanted in ["first", "second", "last_sync_time moved on"] {
            let story = synchronize(&simulator, &provider, name, 12).await?;
            assert!(story.outcome.detail().contains(wanted), "{name} {wanted}: {:?}", story.outcome);
            // Its data arrive a little later than its end.
            simulator.clock().advance(Duration::from_secs(1));
        }
    }
    Ok(())
}

#[tokio::test]
async fn durations_and_curves_are_kept() -> Anything {
    let run = "duration = \"4s\", curve = { steps = [0, 80, 20, 99] }";
    let simulator = play("veeam-vb365", &script(run)).await?;
    let story = synchronize(&simulator, &vb365(&simulator).await?, "repository-1", 12).await?;
    assert_eq!(story.percents, [0.0, 80.0, 20.0, 99.0, 100.0].map(Some));
    let all = format!("duration = \"2s\"\n{}", script("curve = \"even\""));
    let simulator = play("veeam-vb365", &all).await?;
    let story = synchronize(&simulator, &vb365(&simulator).await?, "repository-1", 12).await?;
    assert_eq!(story.percents, [0.0, 50.0, 100.0].map(Some));
    Ok(())
}

#[tokio::test]
async fn a_call_to_stop_does_what_the_script_says() -> Anything {
    // Where the session stands right after the call and five seconds later.
    for (on_stop, wanted) in [
        ("\"stops\"", ["None", "None"]),
        ("{ stops-after = \"3s\" }", ["Synchronizing", "None"]),
        ("\"goes-on\"", ["Synchronizing", "Synchronizing"]),
    ] {
        let simulator = play("veeam-vb365", &script(&format!("duration = \"60s\", on_stop = {on_stop}"))).await?;
        let provider = vb365(&simulator).await?;
        let repository = target(&provider, "repository-1").await?;
        let before = baseline(&provider, &repository).await?;
        let job = provider.trigger(&repository, &before).await?;
        provider.stop(&job).await?;
        let mut seen = Vec::new();
        for _ in 0..2 {
            seen.extend(provider.observe(&[&job]).await?.into_iter().map(|look| look.state));
            simulator.clock().advance(Duration::from_secs(5));
        }
        assert_eq!(seen, wanted, "{on_stop}");
    }
    Ok(())
}

#[tokio::test]
async fn a_backup_of_a_list_has_its_own_script() -> Anything {
    let one = "[[endpoints.one.scripts]]\nbackup = \"b2\"\nruns = [{ outcome = { fail = \"no such image\" } }]";
    let simulator = play("huawei-cbr", one).await?;
    let entry = |id: &str| {
        json!({"backup_id": id, "backup_name": id, "bucket_name": "k", "image_path": "p", "resource_id": "r",
               "resource_name": "n", "created_at": 1_553_587_260})
    };
    let lists = BackupList::parse(&json!([entry("b1"), entry("b2")]).to_string(), "week", "week.json")?;
    let config = cbr_config(&simulator, only(&simulator)?);
    let provider = Cbr::connect(&huawei_cbr::Config { backup_lists: lists, ..config }).await?;
    let story = synchronize(&simulator, &provider, "week", 12).await?;
    assert!(
        matches!(&story.outcome, Outcome::Failed { reason } if reason.contains("no such image")),
        "{:?}",
        story.outcome
    );
    Ok(())
}

/// What a request meets, in a few words.
async fn met(url: &str) -> Result<String, Box<dyn std::error::Error>> {
    let answer = match http()?.get(url).send().await {
        Ok(answer) => answer,
        Err(error) => return Ok(if error.is_connect() { "no connection" } else { "reset" }.to_owned()),
    };
    let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or("").to_owned();
    let (status, media, retry) = (answer.status().as_u16(), header("content-type"), header("retry-after"));
    let media = media.split(';').next().unwrap_or_default();
    Ok(match answer.text().await {
        Ok(body) if body.is_empty() => format!("{status} empty"),
        Ok(body) => format!("{status} {media} {retry} {}", if body.contains("own") { "own" } else { "" }),
        Err(_) => format!("{status} broken off"),
    })
}

/// Every effect, and what a request meets that is hit by it.
const EFFECTS: &[(&str, &str)] = &[
    ("{ refusal = { status = 503 } }", "503 application/json"),
    ("{ refusal = { status = 429, retry_after = 7 } }", "429 application/json 7"),
    ("{ refusal = { status = 500, body = { own = 1 } } }", "500 application/json  own"),
    ("{ html = 502 }", "502 text/html"),
    ("{ empty-body = 503 }", "503 empty"),
    ("{ delay = \"40ms\" }", "401 application/json"),
    ("\"reset\"", "reset"),
    ("\"truncated\"", "401 broken off"),
    ("\"apply-then-reset\"", "reset"),
];

#[tokio::test]
async fn every_effect_comes_when_and_as_often_as_asked() -> Anything {
    // Without a token every request is refused, which shows as well that nothing goes wrong any more.
    const NORMAL: &str = "401 application/json";
    for (effect, wanted) in EFFECTS {
        let fault = format!(
            "[[endpoints.one.faults]]\noperation = \"BackupRepository_List\"\nafter = 1\ntimes = 2\neffect = {effect}"
        );
        let simulator = play("veeam-vb365", &fault).await?;
        let url = only(&simulator)?.url.clone();
        let other = met(&format!("{url}/v8/RepositorySynchronizeSessions")).await?;
        assert_eq!(other.trim(), NORMAL, "{effect}: another operation");
        let mut seen = Vec::new();
        for _ in 0..4 {
            let before = Instant::now();
            seen.push(met(&format!("{url}/v8/BackupRepositories")).await?.trim().to_owned());
            let late = before.elapsed() >= Duration::from_millis(40);
            assert!(late || !effect.contains("delay") || !(2..=3).contains(&seen.len()), "{effect}: too early");
        }
        assert_eq!(seen, [NORMAL, wanted, wanted, NORMAL], "{effect}");
    }
    Ok(())
}

#[tokio::test]
async fn a_fault_without_an_operation_hits_any_request_once() -> Anything {
    let simulator = play("huawei-cbr", "[[endpoints.one.faults]]\neffect = { empty-body = 503 }").await?;
    let url = only(&simulator)?.url.clone();
    assert_eq!(met(&format!("{url}/v3/projects")).await?, "503 empty");
    assert!(met(&format!("{url}/v3/projects")).await?.starts_with("401 "));
    Ok(())
}

#[tokio::test]
async fn a_lost_answer_to_a_start_leaves_a_job_only_if_it_was_applied() -> Anything {
    for (effect, applied) in [("\"apply-then-reset\"", true), ("\"truncated\"", true), ("\"reset\"", false)] {
        let fault = format!(
            "[[endpoints.one.faults]]\noperation = \"BackupRepository_StartSynchronizeAction\"\neffect = {effect}"
        );
        let simulator = play("veeam-vb365", &fault).await?;
        let provider = vb365(&simulator).await?;
        let repository = target(&provider, "Archive to S3").await?;
        let before = baseline(&provider, &repository).await?;
        assert!(provider.trigger(&repository, &before).await.is_err(), "{effect}");
        let found = provider.find_running(&repository, &before, jiff::Timestamp::now()).await?;
        assert!(if applied { matches!(found, Search::Found(_)) } else { found == Search::Absent }, "{effect}");
    }
    Ok(())
}

#[tokio::test]
async fn there_are_as_many_targets_of_each_kind_as_asked() -> Anything {
    for (vendor, counts, names) in [
        ("veeam-vb365", "repositories = 2, in_sync_repositories = 1", "repository-1 repository-2 in-sync-1"),
        ("veeam-vb365", "in_sync_repositories = 2", "in-sync-1 in-sync-2"),
        ("huawei-cbr", "vaults = 2, other_vaults = 3", "hybrid-1 hybrid-2"),
        ("huawei-cbr", "backups_per_vault = 5", "hybrid-1"),
        ("vsphere-replication", "replications = 1, paused_replications = 2", "vm-1 paused-1 paused-2"),
        ("vsphere-replication", "replications = 0", ""),
    ] {
        let simulator = play(vendor, &format!("targets = {{ {counts} }}")).await?;
        let told: Vec<&str> = only(&simulator)?.targets.iter().map(|target| target.name.as_str()).collect();
        assert_eq!(told.join(" "), names, "{vendor}: {counts}");
        let mut listed: Vec<String> =
            connect(&simulator).await?.targets().await?.into_iter().map(|target| target.name).collect();
        let mut told: Vec<String> = told.into_iter().map(str::to_owned).collect();
        listed.sort();
        told.sort();
        assert_eq!(listed, told, "{vendor}: {counts}");
    }
    Ok(())
}

#[tokio::test]
async fn a_vault_takes_over_as_many_backups_as_asked() -> Anything {
    let simulator = play("huawei-cbr", "targets = { vaults = 1, backups_per_vault = 5 }").await?;
    let story = synchronize(&simulator, &cbr(&simulator).await?, "hybrid-1", 12).await?;
    assert!(story.outcome.detail().contains("sync_backup_num 5"), "{:?}", story.outcome);
    Ok(())
}

#[tokio::test]
async fn pages_are_as_short_as_asked() -> Anything {
    for (vendor, counts, list) in [
        ("veeam-vb365", "repositories = 5", "/BackupRepositories"),
        ("huawei-cbr", "vaults = 5", "/vaults"),
        ("vsphere-replication", "replications = 5", "/replications"),
    ] {
        let simulator = play(vendor, &format!("page_size = 2\ntargets = {{ {counts} }}")).await?;
        let listed = connect(&simulator).await?.targets().await?;
        let pages = simulator.requests().iter().filter(|request| request.path.ends_with(list)).count();
        assert_eq!((listed.len(), pages), (5, 3), "{vendor}");
    }
    Ok(())
}

#[tokio::test]
async fn too_many_requests_are_refused_for_a_minute() -> Anything {
    for (vendor, path) in VENDORS.into_iter().zip(["/v8/BackupRepositories", "/v3/p/vaults", "/pairings"]) {
        let limit = "rate_limit = { requests = 3, per_session = 0, retry_after = true }";
        let limit =
            if vendor == "vsphere-replication" { limit.to_owned() } else { limit.replace("per_session = 0, ", "") };
        let simulator = play(vendor, &limit).await?;
        let url = format!("{}{path}", only(&simulator)?.url);
        let mut seen = Vec::new();
        for _ in 0..4 {
            seen.push(met(&url).await?.split(' ').next().unwrap_or_default().to_owned());
        }
        assert_eq!(seen, ["401", "401", "401", "429"], "{vendor}");
        simulator.clock().advance(Duration::from_secs(20));
        assert_eq!(met(&url).await?.trim(), "429 application/json 40", "{vendor}");
        simulator.clock().advance(Duration::from_secs(40));
        assert!(met(&url).await?.starts_with("401 "), "{vendor}");
    }
    Ok(())
}

#[tokio::test]
async fn a_session_may_have_its_own_limit() -> Anything {
    let simulator = play("vsphere-replication", "rate_limit = { requests = 0, per_session = 2 }").await?;
    let endpoint = only(&simulator)?;
    let (url, http) = (&endpoint.url, http()?);
    let login = http.post(format!("{url}/session")).basic_auth(&endpoint.username, Some(&endpoint.password));
    let session: serde_json::Value = login.send().await?.json().await?;
    let session = session["session_id"].as_str().ok_or("no session")?;
    let mut seen = Vec::new();
    for _ in 0..3 {
        let look = http.get(format!("{url}/session")).header("x-dr-session", session);
        seen.push(look.send().await?.status().as_u16());
    }
    assert_eq!(seen, [200, 200, 429]);
    Ok(())
}

#[tokio::test]
async fn tokens_live_as_long_as_asked() -> Anything {
    for (vendor, login) in VENDORS.into_iter().zip(["/token", "/auth/tokens", "/session"]) {
        // How many logins two lists need that lie 200 s apart.
        for (lifetime, wanted) in [("", 1), ("token_lifetime = \"90s\"", 2)] {
            let simulator = play(vendor, lifetime).await?;
            let provider = connect(&simulator).await?;
            provider.targets().await?;
            simulator.clock().advance(Duration::from_secs(200));
            provider.targets().await?;
            let requests = simulator.requests();
            let logins = requests.iter().filter(|request| {
                request.method == "POST" && request.path.ends_with(login) && !request.path.contains("remote")
            });
            assert_eq!(logins.count(), wanted, "{vendor} {lifetime}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn time_stands_still_at_speed_0_and_flies_at_a_high_one() -> Anything {
    for (speed, moves) in [("0", false), ("1000", true)] {
        let text = format!("description = \"x\"\nspeed = {speed}\n[endpoints.a]\nvendor = \"huawei-cbr\"\n");
        let simulator = Scenario::parse(&text, Format::Toml, "x")?.builder().start().await?;
        tokio::time::sleep(Duration::from_millis(3)).await;
        assert_eq!(simulator.clock().now() >= Duration::from_secs(1), moves, "{speed}");
    }
    Ok(())
}

#[tokio::test]
async fn a_script_for_nothing_is_refused_with_what_there_is() -> Anything {
    for (pattern, part) in [("repo-*", "it has repository-1"), ("[", "error parsing glob")] {
        let text = script("").replace("repo*", pattern);
        let told = play("veeam-vb365", &text).await.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(told.starts_with("no target of endpoint \"one\" is meant by"), "{told}");
        assert!(told.contains(part), "{told}");
    }
    Ok(())
}

#[tokio::test]
async fn a_stuck_synchronization_is_still_running_after_a_day() -> Anything {
    let simulator = play(
        "huawei-cbr",
        "[[endpoints.one.scripts]]\ntarget = \"hybrid-1\"\nruns = [{ outcome = { stuck-at = 30 } }]",
    )
    .await?;
    let provider = cbr(&simulator).await?;
    let vault = target(&provider, "hybrid-1").await?;
    let before = baseline(&provider, &vault).await?;
    let job = provider.trigger(&vault, &before).await?;
    simulator.clock().advance(Duration::from_secs(24 * 3600));
    let seen = provider.observe(&[&job]).await?;
    assert!(seen.iter().all(|look| look.phase == Phase::Running && look.percent == Some(30.0)), "{seen:?}");
    Ok(())
}

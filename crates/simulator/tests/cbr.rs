//! CBR and IAM end to end, with the project's own client and with a bare one.

mod common;

use std::time::Duration;

use backup_sync_engine::{Outcome, Past, Provider as _, Readiness, Search, Stage};
use backup_sync_simulator::{Behaviour, Fault, FaultKind, Scripted, Settings, Simulator};
use common::{Anything, baseline, cbr, cbr_config, http, only, start, synchronize, target};
use huawei_cbr::{BackupList, Cbr};
use serde_json::{Value, json};

#[tokio::test]
async fn a_vault_synchronizes_to_a_proven_end() -> Anything {
    let simulator = start(Simulator::builder().cbr("cloud")).await?;
    let provider = cbr(&simulator).await?;
    assert_eq!(Some(provider.project_id()), only(&simulator)?.project_id.as_deref(), "the project is found");
    let names: Vec<String> = provider.targets().await?.into_iter().map(|target| target.name).collect();
    assert_eq!(names, ["hybrid-1"], "a public vault is no target");
    let story = synchronize(&simulator, &provider, "hybrid-1", 20).await?;
    let Outcome::Succeeded { evidence } = &story.outcome else { return Err(format!("{:?}", story.outcome).into()) };
    assert_eq!(evidence.facts.get::<i64>("sync_backup_num"), Some(3));
    assert_eq!(story.states.first().map(String::as_str), Some("waiting"));
    assert_eq!(story.states.get(1).map(String::as_str), Some("running"));
    let story = synchronize(&simulator, &provider, "hybrid-1", 20).await?;
    let Outcome::Succeeded { evidence } = &story.outcome else { return Err(format!("{:?}", story.outcome).into()) };
    assert_eq!(evidence.facts.get::<i64>("sync_backup_num"), Some(0), "all backups are there already");
    Ok(())
}

#[tokio::test]
async fn scripts_lead_to_their_ends() -> Anything {
    let simulator = start(Simulator::builder().cbr("cloud")).await?;
    let provider = cbr(&simulator).await?;
    let id = target(&provider, "hybrid-1").await?.address.id;
    let expected = [
        (Scripted::Fail("BackupService.6403: no usage".into()), "failed", "BackupService.6403: no usage"),
        (Scripted::StaysOutOfSync, "failed", "3 backups could not be synchronized"),
        (Scripted::Stopped, "failed", "nothing was done"),
        (Scripted::NullFields, "unknown", "err_sync_backup_num"),
        (Scripted::VanishAfterEnd, "unknown", "no longer knows the task"),
        (Scripted::UnknownState("paused".into()), "still-running", ""),
    ];
    simulator.allow("ListOpLogs", 200, "a script shows the status paused, which no document has");
    for (scripted, word, detail) in expected {
        simulator.script("cloud", &id, Behaviour::new(scripted.clone()))?;
        let story = synchronize(&simulator, &provider, "hybrid-1", 12).await?;
        assert_eq!(story.outcome.word(), word, "{scripted:?}: {:?}", story.outcome);
        assert!(story.outcome.detail().contains(detail), "{scripted:?}: {:?}", story.outcome);
    }
    assert!(matches!(baseline(&provider, &target(&provider, "hybrid-1").await?).await?.readiness, Readiness::Ready));
    Ok(())
}

#[tokio::test]
async fn a_list_of_backups_is_taken_over() -> Anything {
    let simulator = start(Simulator::builder().cbr("cloud")).await?;
    let entry = |id: &str| {
        json!({"backup_id": id, "backup_name": "nightly", "bucket_name": "cbr-hybrid-0000", "image_path": "p/1",
            "resource_id": "r1", "resource_name": "vm-7", "created_at": 1_700_000_000})
    };
    let lists = BackupList::parse(&json!([entry("b1"), entry("b2")]).to_string(), "week", "week.json")?;
    let config = cbr_config(&simulator, only(&simulator)?);
    let provider = Cbr::connect(&huawei_cbr::Config { backup_lists: lists, ..config }).await?;
    simulator.script("cloud", "b2", Behaviour::fail("the chain is broken"))?;
    let story = synchronize(&simulator, &provider, "week", 12).await?;
    assert!(
        matches!(&story.outcome, Outcome::Failed { reason } if reason.contains("the chain is broken")),
        "{:?}",
        story.outcome
    );
    let show =
        |id: &'static str| provider.client().show_backup().project_id(provider.project_id()).backup_id(id).send();
    let backup = show("b1").await?.into_inner().backup.ok_or("no backup")?;
    assert_eq!(backup.resource_name.as_deref(), Some("vm-7"));
    let checkpoint = backup.checkpoint_id.ok_or("no checkpoint")?;
    let shown =
        provider.client().show_checkpoint().project_id(provider.project_id()).checkpoint_id(checkpoint).send().await?;
    assert!(shown.into_inner().checkpoint.is_some());
    assert!(show("b2").await.is_err(), "what failed is not there");
    let story = synchronize(&simulator, &provider, "week", 12).await?;
    assert!(matches!(story.outcome, Outcome::Succeeded { .. }), "{:?}", story.outcome);
    Ok(())
}

#[tokio::test]
async fn tokens_expire_and_the_client_goes_on() -> Anything {
    let settings = Settings { iam_token_lifetime: Duration::from_secs(3600), ..Settings::default() };
    let simulator = start(Simulator::builder().cbr("cloud").settings(settings)).await?;
    let provider = cbr(&simulator).await?;
    simulator.clock().advance(Duration::from_secs(4000));
    assert_eq!(provider.targets().await?.len(), 1);
    let logins = simulator.requests().iter().filter(|request| request.path == "/v3/auth/tokens").count();
    assert_eq!(logins, 2);
    Ok(())
}

/// A bare client with a token.
struct Bare {
    http: reqwest::Client,
    token: String,
    base: String,
}

impl Bare {
    async fn new(simulator: &Simulator) -> Result<Self, Box<dyn std::error::Error>> {
        let endpoint = only(simulator)?;
        let http = http()?;
        let answer =
            http.post(format!("{}/v3/auth/tokens", endpoint.url)).json(&login(simulator, None)?).send().await?;
        assert_eq!(answer.status(), 201);
        let token = answer.headers().get("x-subject-token").ok_or("no token")?.to_str()?.to_owned();
        let body: Value = answer.json().await?;
        assert_eq!(body["token"]["project"]["id"], json!(endpoint.project_id));
        let base = format!("{}/v3/{}", endpoint.url, endpoint.project_id.clone().unwrap_or_default());
        Ok(Self { http, token, base })
    }

    async fn get(&self, path: &str) -> Result<(u16, Value), Box<dyn std::error::Error>> {
        let answer = self.http.get(format!("{}/{path}", self.base)).header("x-auth-token", &self.token).send().await?;
        Ok((answer.status().as_u16(), answer.json().await?))
    }

    async fn post(&self, path: &str, body: &Value) -> Result<(u16, Value), Box<dyn std::error::Error>> {
        let request = self.http.post(format!("{}/{path}", self.base)).header("x-auth-token", &self.token);
        let answer = request.json(body).send().await?;
        Ok((answer.status().as_u16(), answer.json().await?))
    }
}

/// A login for the project of the region, unless another is named.
fn login(simulator: &Simulator, project: Option<&str>) -> Result<Value, String> {
    let region = only(simulator)?.region.as_deref();
    common::cloud::login(simulator, project.or(region))
}

#[tokio::test]
async fn logins_are_checked() -> Anything {
    let simulator = start(Simulator::builder().cbr("cloud")).await?;
    let url = format!("{}/v3/auth/tokens", only(&simulator)?.url);
    let mut wrong = login(&simulator, None)?;
    wrong["auth"]["identity"]["password"]["user"]["password"] = json!("no");
    let incomplete = json!({"auth": {"identity": {"methods": ["password"]}}});
    for (body, status) in [(wrong, 401), (login(&simulator, Some("cn-north-4"))?, 401), (incomplete, 400)] {
        let answer = http()?.post(&url).json(&body).send().await?;
        assert_eq!(answer.status(), status);
        assert_eq!(answer.json::<Value>().await?["error"]["code"], json!(status));
    }
    let bare = Bare { token: "MII".into(), ..Bare::new(&simulator).await? };
    let (status, body) = bare.get("vaults").await?;
    assert_eq!((status, &body["error_code"]), (401, &json!("APIGW.0301")));
    Ok(())
}

#[tokio::test]
async fn wrong_requests_are_refused_in_cbrs_words() -> Anything {
    let simulator = start(Simulator::builder().cbr("cloud")).await?;
    let bare = Bare::new(&simulator).await?;
    let (_, vaults) = bare.get("vaults").await?;
    assert_eq!(vaults["count"], 2);
    let id = |place: usize| vaults["vaults"][place]["id"].clone();
    let sync = |vault: Value| json!({"sync": {"vault_id": vault, "auto_trigger": false}});
    let entry = |name: &str| {
        json!({"backup_id": "b", "backup_name": name, "bucket_name": "k", "image_path": "p", "resource_id": "r",
            "resource_name": "n", "resource_type": "OS::Native::Server", "created_at": 1})
    };
    let cases = [
        ("checkpoints/sync", sync(json!("none")), 404, "BackupService.6105"),
        ("checkpoints/sync", sync(id(1)), 400, "BackupService.7300"),
        ("checkpoints/sync", json!({"sync": [{"vault_id": id(0), "auto_trigger": false}]}), 400, "BackupService.9900"),
        ("checkpoints/sync", json!({"sync": {"vault_id": id(0)}}), 400, "BackupService.9900"),
        ("backups/sync", json!({"sync": []}), 400, "BackupService.9900"),
        ("backups/sync", json!({"sync": vec![entry("n"); 51]}), 400, "BackupService.9900"),
        ("backups/sync", json!({"sync": [entry("")]}), 400, "BackupService.9900"),
        ("backups/sync", json!({"sync": [entry(&"ä".repeat(65))]}), 400, "BackupService.9900"),
    ];
    for (path, body, status, code) in cases {
        let (found, answer) = bare.post(path, &body).await?;
        assert_eq!((found, &answer["error_code"]), (status, &json!(code)), "{path} {body}");
    }
    assert_eq!(bare.post("checkpoints/sync", &sync(id(0))).await?.0, 200);
    let (status, answer) = bare.post("checkpoints/sync", &sync(id(0))).await?;
    assert_eq!((status, &answer["error_code"]), (400, &json!("BackupService.7302")));
    for (path, code) in [
        ("operation-logs/none", "BackupService.6500"),
        ("vaults/none", "BackupService.6105"),
        ("backups/none", "BackupService.6200"),
        ("checkpoints/none", "BackupService.6217"),
        ("nothing", "APIGW.0101"),
    ] {
        let (status, answer) = bare.get(path).await?;
        assert_eq!((status, &answer["error_code"]), (404, &json!(code)), "{path}");
    }
    assert_eq!(bare.get("vaults?limit=1001").await?.0, 400);
    Ok(())
}

#[tokio::test]
async fn lists_filter_and_page() -> Anything {
    let settings = Settings { more_targets: 5, ..Settings::default() };
    let simulator = start(Simulator::builder().cbr("cloud").settings(settings)).await?;
    let bare = Bare::new(&simulator).await?;
    let (_, hybrid) = bare.get("vaults?cloud_type=hybrid&limit=4&offset=4").await?;
    assert_eq!((&hybrid["count"], hybrid["vaults"].as_array().map(Vec::len)), (&json!(6), Some(2)));
    let vault = hybrid["vaults"][0]["id"].clone();
    bare.post("checkpoints/sync", &json!({"sync": {"vault_id": vault, "auto_trigger": true}})).await?;
    let bare = &bare;
    let count =
        |path: String| async move { Ok::<_, Box<dyn std::error::Error>>(bare.get(&path).await?.1["count"].clone()) };
    let vault = vault.as_str().unwrap_or_default();
    assert_eq!(count(format!("backups?vault_id={vault}")).await?, 1);
    assert_eq!(count("operation-logs?status=waiting&operation_type=sync".into()).await?, 1);
    simulator.clock().advance(Duration::from_secs(7));
    assert_eq!(count("operation-logs?status=waiting".into()).await?, 0);
    assert_eq!(count(format!("operation-logs?status=success&vault_id={vault}")).await?, 1);
    assert_eq!(count("operation-logs?end_time=2020-01-01T00:00:00Z".into()).await?, 0);
    assert_eq!(count(format!("backups?vault_id={vault}&image_type=sync")).await?, 4);
    let (_, logs) = bare.get("operation-logs").await?;
    let log = &logs["operation_logs"][0];
    assert_eq!(
        (&log["created_at"], &log["ended_at"]),
        (&json!("2026-03-02T09:00:00.000000"), &json!("2026-03-02T09:00:06.000000"))
    );
    assert_eq!(
        log["extra_info"]["sync"],
        json!({"sync_backup_num": 3, "delete_backup_num": 0, "err_sync_backup_num": 0})
    );
    Ok(())
}

#[tokio::test]
async fn a_vault_does_not_adopt_the_tasks_of_a_list() -> Anything {
    for (kind, applied) in [(FaultKind::ApplyThenReset, true), (FaultKind::Reset, false)] {
        let simulator = start(Simulator::builder().cbr("cloud")).await?;
        let entry = json!([{"backup_id": "b1", "backup_name": "nightly", "bucket_name": "cbr-hybrid-0000",
            "image_path": "p/1", "resource_id": "r1", "resource_name": "vm-7", "created_at": 1_700_000_000}]);
        let lists = BackupList::parse(&entry.to_string(), "week", "week.json")?;
        let config = cbr_config(&simulator, only(&simulator)?);
        let now = config.clock.wall();
        let provider = Cbr::connect(&huawei_cbr::Config { backup_lists: lists, ..config }).await?;
        let (vault, list) = (target(&provider, "hybrid-1").await?, target(&provider, "week").await?);
        let before = baseline(&provider, &vault).await?;
        let of_list = provider.trigger(&list, &baseline(&provider, &list).await?).await?;
        simulator.fault("cloud", Fault { operation: Some("ImportCheckpoint".into()), times: 1, kind })?;
        assert!(provider.trigger(&vault, &before).await.is_err());
        let found = provider.find_running(&vault, &before, now).await?;
        match found {
            Search::Found(job) => assert!(applied && job.ids.iter().all(|id| !of_list.ids.contains(id))),
            other => assert!(!applied && other == Search::Absent, "{other:?}"),
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_list_at_work_is_no_proof_for_its_vault() -> Anything {
    let simulator = start(Simulator::builder().cbr("cloud")).await?;
    let entry = json!([{"backup_id": "b1", "backup_name": "nightly", "bucket_name": "cbr-hybrid-0000",
        "image_path": "p/1", "resource_id": "r1", "resource_name": "vm-7", "created_at": 1_700_000_000}]);
    let lists = BackupList::parse(&entry.to_string(), "week", "week.json")?;
    let config = huawei_cbr::Config { backup_lists: lists, ..cbr_config(&simulator, only(&simulator)?) };
    let earlier = Cbr::connect(&config).await?;
    let (vault, list) = (target(&earlier, "hybrid-1").await?, target(&earlier, "week").await?);
    let before = baseline(&earlier, &list).await?;
    let job = earlier.trigger(&list, &before).await?;
    assert_eq!(baseline(&earlier, &vault).await?.readiness, Readiness::Ready, "it knows its own tasks");
    // Another process does not know whose task it is, unless it goes on with the same run.
    let other = Cbr::connect(&config).await?;
    let found = baseline(&other, &vault).await?.readiness;
    assert!(matches!(&found, Readiness::Skip { reason } if reason.contains(&job.ids[0])), "{found:?}");
    let stage = Stage::Started { job, baseline: before, adopted: false, at: config.clock.wall() };
    other.remember(&[&Past { target: list, vendor: "huawei-cbr".into(), stage }]);
    assert_eq!(baseline(&other, &vault).await?.readiness, Readiness::Ready);
    Ok(())
}

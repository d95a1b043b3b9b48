//! VB365 end to end, with the project's own client and with a bare one.

mod common;

use std::time::Duration;

use backup_sync_engine::{Outcome, Provider as _, Readiness};
use backup_sync_simulator::{Behaviour, Scripted, Settings, Simulator, Vb365Version};
use common::{Anything, baseline, http, only, start, synchronize, target, vb365};
use serde_json::{Value, json};

const VERSIONS: [Vb365Version; 4] = [Vb365Version::V5, Vb365Version::V6, Vb365Version::V7, Vb365Version::V8];

#[tokio::test]
async fn every_version_synchronizes_to_a_proven_end() -> Anything {
    for version in VERSIONS {
        let simulator = start(Simulator::builder().vb365("m365", version)).await?;
        let provider = vb365(&simulator).await?;
        assert_eq!(provider.version().to_string(), version.to_string(), "the version is found");
        let story = synchronize(&simulator, &provider, "Archive to S3", 20).await?;
        assert!(matches!(story.outcome, Outcome::Succeeded { .. }), "{version}: {:?}", story.outcome);
        assert_eq!(story.states.first().map(String::as_str), Some("Synchronizing"));
        assert_eq!(story.percents, [0.0, 16.0, 33.0, 50.0, 66.0, 83.0, 100.0].map(Some), "{version}");
        provider.close().await?;
    }
    Ok(())
}

#[tokio::test]
async fn the_usual_repositories_are_there() -> Anything {
    let simulator = start(Simulator::builder().vb365("m365", Vb365Version::V8)).await?;
    let provider = vb365(&simulator).await?;
    for (name, ready) in [("Archive to S3", true), ("Sites on Azure", true), ("Mail cache", false)] {
        let readiness = baseline(&provider, &target(&provider, name).await?).await?.readiness;
        assert!(if ready { readiness == Readiness::Ready } else { matches!(readiness, Readiness::Needless { .. }) });
    }
    let ids: Vec<&str> = only(&simulator)?.targets.iter().map(|target| target.id.as_str()).collect();
    let listed = provider.targets().await?;
    assert_eq!(listed.iter().map(|target| target.address.id.as_str()).collect::<Vec<_>>(), ids);
    Ok(())
}

#[tokio::test]
async fn scripts_lead_to_their_ends() -> Anything {
    let simulator = start(Simulator::builder().vb365("m365", Vb365Version::V8)).await?;
    let provider = vb365(&simulator).await?;
    let id = target(&provider, "Archive to S3").await?.address.id;
    let script = |outcome| simulator.script("m365", &id, Behaviour::new(outcome));
    script(Scripted::Fail("the bucket is full".into()))?;
    script(Scripted::StaysOutOfSync)?;
    script(Scripted::Stopped)?;
    script(Scripted::VanishAfterEnd)?;
    let fails = |outcome: &Outcome, text: &str| matches!(outcome, Outcome::Failed { reason } if reason.contains(text));

    let story = synchronize(&simulator, &provider, "Archive to S3", 20).await?;
    assert!(fails(&story.outcome, "the bucket is full"), "{:?}", story.outcome);
    let story = synchronize(&simulator, &provider, "Archive to S3", 20).await?;
    assert!(fails(&story.outcome, "still out of sync"), "{:?}", story.outcome);
    let story = synchronize(&simulator, &provider, "Archive to S3", 20).await?;
    assert!(fails(&story.outcome, "still out of sync"), "{:?}", story.outcome);
    let story = synchronize(&simulator, &provider, "Archive to S3", 20).await?;
    assert!(matches!(story.outcome, Outcome::Succeeded { .. }), "{:?}", story.outcome);
    assert_eq!(story.states.last().map(String::as_str), Some("session gone"));
    Ok(())
}

#[tokio::test]
async fn a_stuck_session_can_be_stopped_and_leaves_the_repository_out_of_sync() -> Anything {
    for version in VERSIONS {
        let simulator = start(Simulator::builder().vb365("m365", version)).await?;
        let provider = vb365(&simulator).await?;
        let target = target(&provider, "Archive to S3").await?;
        simulator.script("m365", &target.address.id.to_uppercase(), Behaviour::new(Scripted::StuckAt(40)))?;
        let before = baseline(&provider, &target).await?;
        let job = provider.trigger(&target, &before).await?;
        let again = provider.trigger(&target, &before).await?;
        assert_eq!(job.ids, again.ids, "a second start finds the running session");
        simulator.clock().advance(Duration::from_secs(3600 * 12));
        let seen = provider.observe(&[&job]).await?;
        assert_eq!(seen.first().and_then(|seen| seen.percent), Some(40.0));
        assert!(provider.stop(&job).await?);
        assert_eq!(baseline(&provider, &target).await?.readiness, Readiness::Ready, "{version}");
        assert!(provider.api().session(&job.ids[0]).await?.state.as_deref() == Some("None"));
    }
    Ok(())
}

#[tokio::test]
async fn an_unknown_word_and_missing_members_are_shown() -> Anything {
    let simulator = start(Simulator::builder().vb365("m365", Vb365Version::V7)).await?;
    let provider = vb365(&simulator).await?;
    let archive = target(&provider, "Archive to S3").await?.address.id;
    let sites = target(&provider, "Sites on Azure").await?.address.id;
    simulator.script("m365", &archive, Behaviour::new(Scripted::UnknownState("Pausing".into())))?;
    simulator.script("m365", &sites, Behaviour::new(Scripted::NullFields))?;
    let shows = "RepositorySynchronizeSession_List";
    simulator.allow(shows, 200, "the script shows the state Pausing, which no document has");
    let story = synchronize(&simulator, &provider, "Archive to S3", 10).await?;
    assert_eq!(story.states.last().map(String::as_str), Some("Pausing"));
    assert!(matches!(story.outcome, Outcome::StillRunning { .. }));
    let story = synchronize(&simulator, &provider, "Sites on Azure", 10).await?;
    assert!(matches!(story.outcome, Outcome::Succeeded { .. }));
    assert_eq!(story.percents.last(), Some(&None));
    Ok(())
}

#[tokio::test]
async fn tokens_expire_and_the_client_goes_on() -> Anything {
    let settings = Settings { duration: Duration::from_secs(10_000), ..Settings::default() };
    let simulator = start(Simulator::builder().vb365("m365", Vb365Version::V8).settings(settings)).await?;
    let provider = vb365(&simulator).await?;
    let target = target(&provider, "Archive to S3").await?;
    let job = provider.trigger(&target, &baseline(&provider, &target).await?).await?;
    simulator.clock().advance(Duration::from_secs(3601));
    provider.observe(&[&job]).await?;
    let refresh = simulator.requests().iter().filter(|request| request.path == "/v8/token").count();
    assert_eq!(refresh, 2, "one login, one renewal");
    Ok(())
}

#[tokio::test]
async fn v8_pages_by_thirty() -> Anything {
    let settings = Settings { more_targets: 97, ..Settings::default() };
    let simulator = start(Simulator::builder().vb365("m365", Vb365Version::V8).settings(settings)).await?;
    let bearer = bearer(&simulator, "v8", true).await?;
    let url = &only(&simulator)?.url;
    let mut next = Some("/v8/BackupRepositories".to_owned());
    let mut sizes = Vec::new();
    while let Some(path) = next {
        let page: Value = http()?.get(format!("{url}{path}")).bearer_auth(&bearer).send().await?.json().await?;
        sizes.push(page["results"].as_array().map_or(0, Vec::len));
        next = page["_links"]["next"]["href"].as_str().map(str::to_owned);
    }
    assert_eq!(sizes, [30, 30, 30, 10]);
    assert_eq!(vb365(&simulator).await?.targets().await?.len(), 100);
    let refused = http()?.get(format!("{url}/v8/BackupRepositories?limit=0")).bearer_auth(&bearer).send().await?;
    assert_eq!(refused.status(), 400);
    Ok(())
}

async fn bearer(simulator: &Simulator, version: &str, switch: bool) -> Result<String, Box<dyn std::error::Error>> {
    let endpoint = only(simulator)?;
    let mut form = vec![("grant_type", "password"), ("username", &endpoint.username), ("password", &endpoint.password)];
    if switch {
        form.push(("disable_antiforgery_token", "true"));
    }
    let answer = http()?.post(format!("{}/{version}/token", endpoint.url)).form(&form).send().await?;
    let token: Value = answer.error_for_status()?.json().await?;
    Ok(token["access_token"].as_str().ok_or("no token")?.to_owned())
}

#[tokio::test]
async fn the_antiforgery_switch_is_needed_in_strict_mode() -> Anything {
    let settings = Settings { vb365_strict_antiforgery: true, ..Settings::default() };
    let simulator = start(Simulator::builder().vb365("m365", Vb365Version::V8).settings(settings)).await?;
    let url = format!("{}/v8/BackupRepositories", only(&simulator)?.url);
    for (switch, status) in [(true, 200), (false, 403)] {
        let token = bearer(&simulator, "v8", switch).await?;
        assert_eq!(http()?.get(&url).bearer_auth(token).send().await?.status(), status);
    }
    Ok(())
}

#[tokio::test]
async fn v5_has_its_own_manners() -> Anything {
    let simulator = start(Simulator::builder().vb365("m365", Vb365Version::V5)).await?;
    let bearer = bearer(&simulator, "v5", false).await?;
    let (http, endpoint) = (http()?, only(&simulator)?);
    let id = &endpoint.targets[0].id;
    let action = format!("{}/V5/backuprepositories/{id}/Action", endpoint.url);
    let refused = http.post(&action).bearer_auth(&bearer).json(&json!({"start": null})).send().await?;
    assert_eq!(refused.status(), 400);
    assert!(refused.json::<Value>().await?["message"].is_string());
    let session: Value =
        http.post(&action).bearer_auth(&bearer).json(&json!({"sync": null})).send().await?.json().await?;
    let own = session["_links"]["self"]["href"].as_str().ok_or("no link")?;
    assert!(own.starts_with(&format!("{}/v5/", endpoint.url)), "links are absolute: {own}");
    let shown: Value = http.get(own).bearer_auth(&bearer).send().await?.json().await?;
    assert_eq!((shown.get("id"), &shown["repositoryId"]), (None, &json!(id)));
    let stop = http.post(format!("{own}/action")).bearer_auth(&bearer).json(&json!({"stop": {}})).send().await?;
    assert_eq!(stop.status(), 200);
    Ok(())
}

#[tokio::test]
async fn refusals_have_the_form_of_the_version() -> Anything {
    for (version, code) in [("v6", Value::Null), ("v8", json!("ResourceNotFound"))] {
        let kind = if version == "v8" { Vb365Version::V8 } else { Vb365Version::V6 };
        let simulator = start(Simulator::builder().vb365("m365", kind)).await?;
        let (http, url) = (http()?, format!("{}/{version}", only(&simulator)?.url));
        let wrong = [("grant_type", "password"), ("username", "x"), ("password", "y")];
        assert_eq!(http.post(format!("{url}/token")).form(&wrong).send().await?.status(), 400);
        assert_eq!(http.get(format!("{url}/BackupRepositories")).send().await?.status(), 401);
        let bearer = bearer(&simulator, version, true).await?;
        for path in ["BackupRepositories/none", "RepositorySynchronizeSessions/none"] {
            let answer = http.get(format!("{url}/{path}")).bearer_auth(&bearer).send().await?;
            assert_eq!(answer.status(), 404);
            let body: Value = answer.json().await?;
            assert!(body["message"].is_string());
            assert_eq!(body["errorCode"], code);
        }
        let logout = http.post(format!("{url}/token/logout")).bearer_auth(&bearer).send().await?.status();
        assert_eq!(logout, if version == "v8" { 204 } else { 404 });
        let after = http.get(format!("{url}/BackupRepositories")).bearer_auth(&bearer).send().await?.status();
        assert_eq!(after, if version == "v8" { 401 } else { 200 });
    }
    Ok(())
}

#[tokio::test]
async fn a_v5_action_is_json_with_one_member() -> Anything {
    let simulator = start(Simulator::builder().vb365("m365", Vb365Version::V5)).await?;
    let bearer = bearer(&simulator, "v5", false).await?;
    let endpoint = only(&simulator)?;
    let url = format!("{}/v5/BackupRepositories/{}/action", endpoint.url, endpoint.targets[0].id);
    let cases = [
        ("text/plain", r#"{"sync": null}"#, 415),
        ("application/json", r#"{"sync": nul"#, 400),
        ("application/json", r#"{"stop": {}}"#, 400),
        ("application/json", r#"{"sync": null, "stop": {}}"#, 400),
        ("application/json; charset=utf-8", r#"{"sync": null}"#, 200),
    ];
    for (media, body, status) in cases {
        let request = http()?.post(&url).bearer_auth(&bearer).header("content-type", media).body(body);
        assert_eq!(request.send().await?.status(), status, "{media} {body}");
    }
    Ok(())
}

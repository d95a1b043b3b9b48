//! The paths below `/_simulator/`: what they show, what they move, and that they can be switched off.

mod common;

use backup_sync_engine::Provider as _;
use backup_sync_simulator::control::{JobWord, Requests, State, Time};
use backup_sync_simulator::{Fault, FaultKind, Settings, Simulator, Vb365Version};
use common::{Anything, Checked, baseline, http, only, start, target, vb365};
use serde_json::{Value, json};

async fn get(simulator: &Checked, path: &str) -> Result<reqwest::Response, Box<dyn std::error::Error>> {
    Ok(http()?.get(format!("{}/_simulator/{path}", only(simulator)?.url)).send().await?)
}

async fn advance(simulator: &Checked, body: Value) -> Result<reqwest::Response, Box<dyn std::error::Error>> {
    Ok(http()?.post(format!("{}/_simulator/advance", only(simulator)?.url)).json(&body).send().await?)
}

#[tokio::test]
async fn state_shows_jobs_and_advance_moves_them_on() -> Anything {
    let simulator = start(Simulator::builder().vb365("m365", Vb365Version::V8).cbr("cloud")).await?;
    let provider = vb365(&simulator).await?;
    let target = target(&provider, "Archive to S3").await?;
    let before = baseline(&provider, &target).await?;
    provider.trigger(&target, &before).await?;
    let fault = Fault { operation: None, times: 3, kind: FaultKind::EmptyBody(503) };
    simulator.fault("cloud", fault)?;

    let text = get(&simulator, "state").await?.text().await?;
    for endpoint in simulator.endpoints() {
        assert!(!text.contains(&endpoint.password), "credentials are not shown");
    }
    let state: State = serde_json::from_str(&text)?;
    assert_eq!(state.time, Time { now: "2026-03-02T09:00:00Z".to_owned(), elapsed_seconds: 0.0 });
    let [m365, cloud] = state.endpoints.as_slice() else { return Err("two endpoints expected".into()) };
    assert_eq!((m365.targets, m365.jobs_total, cloud.jobs_total, cloud.faults), (3, 1, 0, 3));
    let job = m365.jobs.first().ok_or("no job")?;
    assert_eq!((job.state, job.percent, job.ends_seconds), (JobWord::Waiting, 0, Some(6.0)));
    assert_eq!(job.target, target.address.id);

    let time: Time = advance(&simulator, json!({"seconds": 2.5})).await?.json().await?;
    assert_eq!(time.elapsed_seconds, 2.5);
    assert_eq!(simulator.clock().now().as_secs_f64(), 2.5);
    let state: State = get(&simulator, "state").await?.json().await?;
    assert_eq!(state.endpoints[0].jobs[0].state, JobWord::Running);
    advance(&simulator, json!({"seconds": 10})).await?;
    let state: State = get(&simulator, "state").await?.json().await?;
    assert_eq!((state.endpoints[0].jobs[0].state, state.endpoints[0].jobs[0].percent), (JobWord::Succeeded, 100));
    Ok(())
}

#[tokio::test]
async fn requests_are_listed_and_bounded() -> Anything {
    let settings = Settings { request_log: 4, ..Settings::default() };
    let simulator = start(Simulator::builder().vb365("m365", Vb365Version::V8).settings(settings)).await?;
    for number in 0..6 {
        http()?.get(format!("{}/v8/{number}", only(&simulator)?.url)).send().await?;
    }
    let listed: Requests = get(&simulator, "requests").await?.json().await?;
    let paths: Vec<&str> = listed.requests.iter().map(|request| request.path.as_str()).collect();
    assert_eq!((listed.total, paths), (6, vec!["/v8/2", "/v8/3", "/v8/4", "/v8/5"]));
    let listed: Requests = get(&simulator, "requests?limit=1").await?.json().await?;
    assert_eq!(listed.requests.first().map(|request| request.path.as_str()), Some("/v8/5"));
    let listed: Requests = get(&simulator, "requests?endpoint=other").await?.json().await?;
    assert!(listed.requests.is_empty());
    Ok(())
}

#[tokio::test]
async fn wrong_calls_are_refused_and_move_nothing() -> Anything {
    let simulator = start(Simulator::builder().vb365("m365", Vb365Version::V8)).await?;
    for body in [json!({"seconds": -1}), json!({"seconds": "1"}), json!({"seconds": 1, "minutes": 1}), json!([])] {
        assert_eq!(advance(&simulator, body).await?.status(), 400);
    }
    let url = format!("{}/_simulator/advance", only(&simulator)?.url);
    // What a page in a browser may send without asking.
    let simple = http()?.post(&url).header("content-type", "text/plain").body("{\"seconds\": 1}").send().await?;
    assert_eq!(simple.status(), 415);
    assert_eq!(http()?.get(&url).send().await?.status(), 405);
    assert_eq!(get(&simulator, "nothing").await?.status(), 404);
    assert_eq!(get(&simulator, "requests?limit=ten").await?.status(), 400);
    assert!(simulator.clock().now().is_zero());
    Ok(())
}

#[tokio::test]
async fn without_control_there_are_no_such_paths() -> Anything {
    let simulator = start(Simulator::builder().vb365("m365", Vb365Version::V8).control(false)).await?;
    let answer = get(&simulator, "state").await?;
    assert_eq!(answer.status(), 404);
    assert_eq!(answer.json::<Value>().await?["errorCode"], "ResourceNotFound", "it is the vendor's own answer");
    assert_eq!(advance(&simulator, json!({"seconds": 1})).await?.status(), 404);
    assert!(simulator.clock().now().is_zero());
    Ok(())
}

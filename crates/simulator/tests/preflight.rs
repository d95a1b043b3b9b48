//! What is in the way of targets is found before anything is started.

mod common;

use std::sync::Arc;

use backup_sync_engine::{NoJournal, Options, Provider, Readiness, Report, Run, Stop, Target};
use backup_sync_runtime::clock::Clock;
use backup_sync_simulator::{Fault, FaultKind, SimClock, Simulator, Vb365Version};
use common::{Anything, Checked, Flowing, baseline, cbr, cbr_config, start, target, vb365, vb365_config, vr};
use huawei_cbr::Cbr;
use veeam_vb365::Vb365;

/// A target that was listed once and is gone.
async fn is_skipped(provider: &dyn Provider, name: &str) -> Anything {
    let mut vanished = target(provider, name).await?;
    vanished.address.id.replace_range(vanished.address.id.len() - 4.., "dead");
    let Readiness::Skip { reason } = baseline(provider, &vanished).await?.readiness else {
        return Err(format!("{} is not skipped", vanished.address).into());
    };
    assert!(reason.contains("it has vanished") && reason.contains(&vanished.address.id), "{reason}");
    Ok(())
}

#[tokio::test]
async fn what_has_vanished_is_skipped_with_the_reason() -> Anything {
    let simulator = start(Simulator::builder().vb365("m365", Vb365Version::V8)).await?;
    is_skipped(&vb365(&simulator).await?, "Archive to S3").await?;
    let simulator = start(Simulator::builder().cbr("cloud")).await?;
    is_skipped(&cbr(&simulator).await?, "hybrid-1").await?;
    let simulator = start(Simulator::builder().vsphere_replication("site")).await?;
    is_skipped(&vr(&simulator).await?, "app-01").await
}

async fn run(clock: Arc<dyn Clock>, chosen: Vec<(Arc<dyn Provider>, Vec<Target>)>) -> Report {
    let run = Run {
        options: Options::default(),
        clock,
        journal: Arc::new(NoJournal),
        sink: Arc::new(|_| {}),
        stop: Stop::default(),
    };
    run.execute(chosen).await
}

#[tokio::test(start_paused = true)]
async fn missing_rights_are_found_before_the_first_start_and_stop_no_other_endpoint() -> Anything {
    let builder = Simulator::builder().vb365("m365", Vb365Version::V8).cbr("cloud").clock(SimClock::speed(1.0));
    let simulator = Checked::start(builder).await?;
    let clock: Arc<dyn Clock> = Arc::new(Flowing(simulator.clock().clone()));
    let mut chosen: Vec<(Arc<dyn Provider>, Vec<Target>)> = Vec::new();
    for endpoint in simulator.endpoints() {
        let provider: Arc<dyn Provider> = match endpoint.vendor.as_str() {
            "veeam-vb365" => {
                let config = vb365_config(&simulator, endpoint);
                Arc::new(Vb365::connect(&veeam_vb365::Config { clock: clock.clone(), ..config }).await?)
            }
            _ => {
                let config = cbr_config(&simulator, endpoint);
                Arc::new(Cbr::connect(&huawei_cbr::Config { clock: clock.clone(), ..config }).await?)
            }
        };
        let targets = provider.targets().await?;
        chosen.push((provider, targets));
    }
    let kind = FaultKind::Status { status: 403, retry_after: None, body: None };
    simulator.fault("m365", Fault { operation: Some("BackupRepository_List".into()), times: 10, kind })?;
    let report = run(clock, chosen).await;
    for target in &report.targets {
        let expected = if target.target.endpoint == "m365" { ("failed", Some("denied")) } else { ("succeeded", None) };
        assert_eq!((target.outcome.word(), target.error_kind.as_deref()), expected, "{target:?}");
    }
    let requests = simulator.requests();
    let posts = |part: &str| requests.iter().filter(|r| r.method == "POST" && r.path.contains(part)).count();
    assert_eq!((posts("BackupRepositories"), posts("/checkpoints/sync")), (0, 1), "starts");
    Ok(())
}

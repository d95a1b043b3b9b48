//! The comparison of answers with the documents can fail: a word that no document has, and a permit that is not needed.

mod common;

use backup_sync_simulator::{Behaviour, Fault, FaultKind, Scripted, Simulator, Vb365Version};
use common::{Anything, Checked, http, only, start, synchronize, vb365};

/// A server whose sessions show a state that no document has.
async fn odd() -> Result<Checked, Box<dyn std::error::Error>> {
    let simulator = start(Simulator::builder().vb365("m365", Vb365Version::V8)).await?;
    let target = only(&simulator)?.targets.first().map(|target| target.id.clone()).unwrap_or_default();
    simulator.script("m365", &target, Behaviour::new(Scripted::UnknownState("Pausing".into())))?;
    let provider = vb365(&simulator).await?;
    synchronize(&simulator, &provider, "Archive to S3", 5).await?;
    Ok(simulator)
}

#[tokio::test]
#[should_panic(expected = "answers deviate from the documents")]
async fn a_deviation_fails_the_test() {
    drop(odd().await);
}

#[tokio::test]
async fn a_deviation_may_be_permitted() -> Anything {
    let simulator = start(Simulator::builder().vb365("m365", Vb365Version::V8)).await?;
    simulator.allow("RepositorySynchronizeSession_List", 200, "the script says so");
    let target = only(&simulator)?.targets.first().map(|target| target.id.clone()).unwrap_or_default();
    simulator.script("m365", &target, Behaviour::new(Scripted::UnknownState("Pausing".into())))?;
    let provider = vb365(&simulator).await?;
    synchronize(&simulator, &provider, "Archive to S3", 5).await?;
    Ok(())
}

#[tokio::test]
#[should_panic(expected = "one may because of nothing")]
async fn a_permit_that_is_not_needed_fails_the_test() {
    if let Ok(simulator) = start(Simulator::builder().cbr("cloud")).await {
        simulator.allow("ListVault", 200, "of nothing");
    }
}

#[tokio::test]
async fn what_a_fault_puts_in_place_of_an_answer_is_not_compared() -> Anything {
    let simulator = start(Simulator::builder().vb365("m365", Vb365Version::V8)).await?;
    simulator.fault("m365", Fault { operation: None, times: 1, kind: FaultKind::Html(502) })?;
    let url = format!("{}/v8/BackupRepositories", only(&simulator)?.url);
    assert_eq!(http()?.get(url).send().await?.status(), 502);
    Ok(())
}

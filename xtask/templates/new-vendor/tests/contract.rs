//! What is sent and read, against a small stateful server: the beginning of this vendor's part of the simulator.

#![expect(clippy::unwrap_used, reason = "tests")]

mod simulated;

use backup_sync_engine::{Claim, Ending, Phase, Provider as _, Verdict};
use @SNAKE@::{@TYPE@, Config};

async fn connect(url: &str, key: &str) -> Result<@TYPE@, backup_sync_runtime::Error> {
    @TYPE@::connect(&Config::new("here", url, key.into())).await
}

#[tokio::test]
async fn a_set_is_started_watched_and_proven() {
    let url = simulated::start().await;
    let server = connect(&url, simulated::KEY).await.unwrap();
    let target = server.targets().await.unwrap().remove(0);
    assert_eq!((target.address.id.as_str(), target.name.as_str()), ("set-1", "Nightly"));
    let baseline = server.baseline(std::slice::from_ref(&target)).await.unwrap().remove(0);
    let job = server.trigger(&target, &baseline).await.unwrap();
    let running = server.observe(&[&job]).await.unwrap().remove(0);
    assert_eq!(running.phase, Phase::Running);
    let ended = server.observe(&[&job]).await.unwrap().remove(0);
    assert_eq!(ended.phase, Phase::Ended(Ending::Claimed));
    let claim = Claim { job: &job, baseline: &baseline, last: &ended };
    let verdict = server.verify(&[claim]).await.unwrap().remove(0);
    assert!(matches!(verdict, Verdict::Decided(outcome) if outcome.word() == "succeeded"));
}

#[tokio::test]
async fn a_wrong_key_is_told_when_connecting() {
    let url = simulated::start().await;
    let error = connect(&url, "wrong").await.unwrap_err();
    assert_eq!(error.status(), Some(401));
}

//! Many targets within the vendor's request quota, over simulated time.

mod common;

use std::sync::{Arc, Mutex};

use backup_sync_engine::{Event, EventRecord, MemoryJournal, Options, Provider, Run, Stop, WaitReason};
use backup_sync_simulator::{Settings, SimClock, Simulator};
use common::{Anything, Checked, Flowing, only, vr_config};
use vsphere_replication::{Config, VsphereReplication};

#[tokio::test(start_paused = true)]
async fn five_hundred_replications_keep_within_the_quota_and_are_all_proven() -> Anything {
    // Three of the simulator's own, one of which is paused.
    let settings = Settings { more_targets: 498, ..Settings::default() };
    let builder = Simulator::builder().vsphere_replication("dr").settings(settings).clock(SimClock::speed(1.0));
    let simulator = Checked::start(builder).await?;
    let clock = Arc::new(Flowing(simulator.clock().clone()));
    let config = Config { clock: clock.clone(), ..vr_config(&simulator, only(&simulator)?) };
    let provider: Arc<dyn Provider> = Arc::new(VsphereReplication::connect(&config).await?);
    let targets = provider.targets().await?;
    assert_eq!(targets.len(), 501);
    let events = Arc::new(Mutex::new(Vec::new()));
    let seen = events.clone();
    let run = Run {
        options: Options::default(),
        clock,
        journal: Arc::new(MemoryJournal::default()),
        sink: Arc::new(move |record: EventRecord| seen.lock().unwrap().push(record.event)),
        stop: Stop::default(),
    };
    let report = run.execute(vec![(provider, targets)]).await;
    assert_eq!((report.summary.succeeded, report.summary.skipped), (500, 1), "{:?}", report.summary);
    // The simulated appliance refuses the 51st request in any minute of a session and the 101st of an address.
    let requests = simulator.requests();
    let refused = requests.iter().filter(|request| request.status == 429).count();
    assert_eq!(refused, 0, "of {} requests", requests.len());
    // Whoever watches is told why nothing starts meanwhile.
    let events = events.lock().unwrap();
    let waits = events.iter().filter(|event| matches!(event, Event::Waiting { reason: WaitReason::Quota, .. })).count();
    assert!(waits > 10, "{waits} waits were told");
    let starts = requests.iter().filter(|request| request.path.ends_with("/actions/sync")).count();
    assert_eq!(starts, 500, "each target is started exactly once");
    let logins = requests.iter().filter(|r| r.method == "POST" && r.path.ends_with("/session")).count();
    let logouts = requests.iter().filter(|r| r.method == "DELETE" && r.path.ends_with("/session")).count();
    assert!(logins > 1, "the session was renewed on the way");
    assert_eq!(logins, logouts, "no session is left behind");
    Ok(())
}

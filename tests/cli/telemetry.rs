//! Traces: sent to a collector that the environment names, never otherwise, and never at the cost of the run.

#[cfg(unix)]
use std::io::BufRead as _;
use std::path::Path;
use std::process::Command;
#[cfg(unix)]
use std::process::{Child, Stdio};

use backup_sync_simulator::{Fault, FaultKind, Simulator, Vb365Version};
use backup_sync_tests::raw::{Act, Raw, nowhere};
use backup_sync_tests::server::Answer;
use tokio::runtime::Runtime;

#[cfg(unix)]
use crate::breaking_off::{signal, until};
use crate::{Ended, program};

const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";

/// A collector that agrees to everything.
fn collector(runtime: &Runtime) -> Raw {
    runtime.block_on(Raw::start(vec![Act::Answer(Answer::empty(200))]))
}

/// Everything that the collector got, as text: names and values are text inside the binary form.
fn got(collector: &Raw) -> String {
    collector.sent().into_iter().map(|sent| sent.body).collect()
}

fn schema(settings: &[(&str, &str)]) -> Ended {
    Ended::of(program().args(["schema", "report"]).envs(settings.iter().copied()).output().unwrap())
}

#[test]
fn the_spans_of_a_run_reach_the_collector() {
    let runtime = Runtime::new().unwrap();
    let collector = collector(&runtime);
    let mut demo = program();
    demo.args(["demo", "--output", "json", "--progress", "none"]).env(ENDPOINT, collector.url("/base"));
    demo.env("OTEL_EXPORTER_OTLP_HEADERS", "x-key=planted-key").env("OTEL_SERVICE_NAME", "nightly-7");
    let ended = Ended::of(demo.output().unwrap());
    assert_eq!((ended.code, ended.err.as_str()), (0, ""));
    let sent = collector.sent();
    assert!(!sent.is_empty());
    for sent in &sent {
        assert_eq!(sent.line(), "POST /base/v1/traces");
        sent.assert_header("x-key", Some("planted-key")).assert_header("content-type", Some("application/x-protobuf"));
    }
    let text: String = sent.into_iter().map(|sent| sent.body).collect();
    for part in [
        "nightly-7",
        "backup-sync demo",
        "process.exit.code",
        "BackupRepository_StartSynchronizeAction",
        "ImportCheckpoint",
        "ImportBackup",
        "syncReplication",
        "http.response.status_code",
        "vendor.request_id",
    ] {
        assert!(text.contains(part), "no span holds {part}");
    }
    assert!(!text.contains("Bearer") && !text.contains("planted"), "a secret in the spans");
}

#[test]
fn nothing_is_sent_unless_a_collector_is_named() {
    let runtime = Runtime::new().unwrap();
    let collector = collector(&runtime);
    let url = collector.url("");
    for settings in [
        &[("OTEL_SERVICE_NAME", "nightly")][..],
        &[(ENDPOINT, "")],
        &[(ENDPOINT, &url), ("OTEL_SDK_DISABLED", "TRUE")],
        &[(ENDPOINT, &url), ("OTEL_TRACES_EXPORTER", "none")],
    ] {
        let ended = schema(settings);
        assert_eq!((ended.code, ended.err.as_str()), (0, ""), "{settings:?}");
        assert_eq!(collector.lines(), [""; 0], "{settings:?}");
    }
    // The same call with nothing but the address sends something, so the collector was the right one.
    assert_eq!(schema(&[(ENDPOINT, &url)]).err, "");
    assert!(got(&collector).contains("backup-sync schema"));
    assert_eq!(schema(&[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &collector.url("/own"))]).err, "");
    assert_eq!(collector.lines(), ["POST /v1/traces", "POST /own"]);
}

#[test]
fn a_collector_that_is_dead_slow_or_unwilling_costs_one_warning() {
    let runtime = Runtime::new().unwrap();
    let (hanging, refusing, gone) = runtime.block_on(async {
        let refusal = Answer::json(401, r#"{"message":"planted-key is wrong"}"#);
        (Raw::start(vec![Act::Hang]).await, Raw::start(vec![Act::Answer(refusal)]).await, nowhere().await)
    });
    let silent = [&hanging.url(""), &refusing.url(""), &gone, "http://[planted", "planted-key"];
    for (url, why) in silent.into_iter().zip(["no answer within", "401", "cannot be reached", "no URL", "no URL"]) {
        let settings = [(ENDPOINT, url), ("OTEL_EXPORTER_OTLP_HEADERS", "x-key=planted-key")];
        let ended = schema(&settings);
        assert_eq!(ended.code, 0, "{url}: {}", ended.err);
        assert_eq!(ended.json()["title"], "Report", "{url}");
        assert_eq!(ended.err.lines().count(), 1, "{url}: {}", ended.err);
        assert!(ended.err.starts_with("warning: ") && ended.err.contains(why), "{url}: {}", ended.err);
        assert!(!ended.err.contains("planted"), "{}", ended.err);
    }
    assert_eq!(hanging.connections(), 1);
    let quiet = program().args(["--quiet", "schema", "report"]).env(ENDPOINT, &gone).output().unwrap();
    assert_eq!((quiet.status.code(), quiet.stderr.as_slice()), (Some(0), &[][..]));
}

#[test]
fn another_protocol_is_told_and_sends_nothing() {
    let runtime = Runtime::new().unwrap();
    let collector = collector(&runtime);
    let ended = schema(&[(ENDPOINT, &collector.url("")), ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")]);
    assert_eq!((ended.code, ended.err.lines().count()), (0, 1), "{}", ended.err);
    assert!(ended.err.contains("http/protobuf"), "{}", ended.err);
    assert_eq!(collector.lines(), [""; 0]);
}

#[test]
fn a_failure_that_ends_the_program_is_traced_too() {
    let runtime = Runtime::new().unwrap();
    let collector = collector(&runtime);
    let mut refused = program();
    refused.args(["targets", "--config", "no-such-file.toml"]).env(ENDPOINT, collector.url(""));
    assert_eq!(refused.output().unwrap().status.code(), Some(2));
    assert!(got(&collector).contains("backup-sync targets"));
}

/// Events hold words of vendors; the spans around them do not.
#[test]
fn no_event_reaches_the_collector() {
    let runtime = Runtime::new().unwrap();
    let simulator = runtime.block_on(Simulator::builder().vb365("m365", Vb365Version::V8).start()).unwrap();
    let body = serde_json::json!({ "errorCode": "SHOWN-4711", "message": "The mailbox of Planted is locked" });
    let kind = FaultKind::Status { status: 400, retry_after: None, body: Some(body) };
    simulator.fault("m365", Fault { operation: Some("BackupRepository_List".into()), times: 9, kind }).unwrap();
    let (collector, folder) = (collector(&runtime), tempfile::tempdir().unwrap());
    let mut refused = against(&simulator, folder.path(), &collector.url(""));
    let ended = Ended::of(refused.args(["targets", "-vvv"]).output().unwrap());
    assert_eq!(ended.code, 4, "{}", ended.err);
    assert!(ended.err.contains("SHOWN-4711") && ended.err.contains("answered"), "{}", ended.err);
    let got = got(&collector);
    for part in ["BackupRepository_List", "error.type", "attempt"] {
        assert!(got.contains(part), "no span holds {part}");
    }
    for part in ["SHOWN-4711", "Planted", "answered", "sending"] {
        assert!(!got.contains(part), "an event with {part} was sent");
    }
}

/// The program, with a configuration for the first endpoint and a collector.
fn against(simulator: &Simulator, folder: &Path, collector: &str) -> Command {
    let endpoint = &simulator.endpoints()[0];
    let config = format!(
        "[endpoints.m365]\nvendor = \"veeam-vb365\"\nurl = \"{}\"\nusername = '{}'\npassword = {{ env = \"PASSWORD\" }}\n",
        endpoint.url, endpoint.username
    );
    std::fs::write(folder.join("backup-sync.toml"), config).unwrap();
    let mut run = program();
    run.current_dir(folder).env("PASSWORD", &endpoint.password).env(ENDPOINT, collector);
    run
}

/// Starts a run that takes long.
#[cfg(unix)]
fn long_run(simulator: &Simulator, folder: &Path, collector: &str) -> Child {
    let mut run = against(simulator, folder, collector);
    run.args(["sync", "--all", "--poll", "100ms", "--progress", "plain"]);
    run.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

#[cfg(unix)]
#[test]
fn breaking_off_sends_what_there_is() {
    for name in ["INT", "TERM"] {
        let runtime = Runtime::new().unwrap();
        let simulator = Simulator::builder().vb365("m365", Vb365Version::V8).speed(0.01);
        let simulator = runtime.block_on(simulator.start()).unwrap();
        let (collector, folder) = (collector(&runtime), tempfile::tempdir().unwrap());
        let mut child = long_run(&simulator, folder.path(), &collector.url(""));
        let rest = until(&mut child, "started as");
        signal(&child, name);
        assert_eq!(child.wait().unwrap().code(), Some(130), "{name}");
        let told: Vec<String> = rest.lines().map(Result::unwrap).collect();
        assert!(!told.iter().any(|line| line.contains("traces")), "{told:?}");
        let got = got(&collector);
        assert!(got.contains("BackupRepository_StartSynchronizeAction") && got.contains("process.exit.code"), "{name}");
    }
}

#[cfg(unix)]
#[test]
fn asking_twice_ends_at_once_and_still_sends() {
    let runtime = Runtime::new().unwrap();
    let simulator = Simulator::builder().vb365("m365", Vb365Version::V8).speed(0.01);
    let simulator = runtime.block_on(simulator.start()).unwrap();
    // The logout does not come back, so that the second request to end meets a program that is still waiting.
    let kind = FaultKind::Delay(std::time::Duration::from_secs(600));
    simulator.fault("m365", Fault { operation: Some("Auth_Logout".into()), times: 9, kind }).unwrap();
    let (collector, folder) = (collector(&runtime), tempfile::tempdir().unwrap());
    let mut child = long_run(&simulator, folder.path(), &collector.url(""));
    let rest = until(&mut child, "started as");
    signal(&child, "INT");
    let mut rest = rest.lines().map(Result::unwrap);
    assert!(rest.any(|line| line.contains("once more to quit at once")));
    signal(&child, "INT");
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let got = got(&collector);
    assert!(got.contains("BackupRepository_StartSynchronizeAction"));
    assert!(!got.contains("process.exit.code"), "the run did not end by itself");
}

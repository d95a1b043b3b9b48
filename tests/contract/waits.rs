//! Calls that start work, sent by name and waited for: what is sent, how the jobs are known, and what their ends mean, for each
//! vendor against answers as its document describes them.

mod cbr;
mod vb365;
mod vsphere;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use backup_sync_engine::{Launch, NoJournal, Options, Polling, Provider, Report, Run, Stop};
use backup_sync_runtime::clock::SystemClock;
use backup_sync_runtime::starts::Starts;
use backup_sync_runtime::{Call, Error, Operation, Service};
use backup_sync_tests::server::{Answer, Sent, Server};
use serde_json::Value;

/// Answers each request line by its own list, whose last answer repeats.
fn play(server: &Server, lists: impl IntoIterator<Item = (&'static str, Vec<Answer>)>) {
    let lists: HashMap<&str, Vec<Answer>> = lists.into_iter().collect();
    let counts: Mutex<HashMap<String, usize>> = Mutex::default();
    server.by(move |sent: &Sent| {
        let line = sent.line();
        let mut counts = counts.lock().unwrap();
        let count = counts.entry(line.clone()).or_default();
        *count += 1;
        let list = lists.get(line.as_str());
        list.and_then(|list| list.get(*count - 1).or(list.last())).cloned().unwrap_or_else(|| Answer::empty(418))
    });
}

fn json(value: Value) -> Answer {
    Answer::json(200, value)
}

/// A run in a hurry. Its clock is the real one: a clock that is moved by hand does not see that an answer is on its way.
fn run() -> Run {
    let polling = Polling { shortest: Duration::from_millis(5), longest: Duration::from_millis(20) };
    Run {
        options: Options { settle: Duration::from_millis(500), polling, ..Options::default() },
        clock: Arc::new(SystemClock),
        journal: Arc::new(NoJournal),
        sink: Arc::new(|_| {}),
        stop: Stop::default(),
    }
}

/// Calls an operation of one of these services and waits for what it starts.
async fn waited(
    session: &dyn Provider,
    services: &[Service],
    operation: &str,
    parameters: &[(&str, &str)],
    body: Option<Value>,
) -> Result<Report, Error> {
    let found = services
        .iter()
        .find_map(|service| Operation::of_id(service.operations(), operation).map(|operation| (service, operation)));
    let (service, operation) = found.unwrap();
    let Some(Starts::Jobs(begun)) = operation.starts else { panic!("{} starts no jobs", operation.id) };
    let parameters = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let call = Call { operation, parameters, body };
    let jobs = session.jobs(begun.kind).unwrap_or_else(|| panic!("no {}", begun.kind));
    let run = run();
    let launched = run.launch(Launch { service, call: &call, jobs }).await?;
    Ok(run.follow(launched).await)
}

/// Address, outcome and its sentence of each.
fn ends(report: &Report) -> Vec<(String, &'static str, String)> {
    let end = |target: &backup_sync_engine::TargetReport| {
        (target.target.to_string(), target.outcome.word(), target.outcome.detail().to_owned())
    };
    report.targets.iter().map(end).collect()
}

fn count(sent: &[Sent], line: &str) -> usize {
    sent.iter().filter(|sent| sent.line() == line).count()
}

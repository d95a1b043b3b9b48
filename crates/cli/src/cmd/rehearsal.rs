//! What `--dry-run` shows: what would be done with each target, and the requests that would be sent.

use std::sync::Arc;

use backup_sync::engine::{MemoryJournal, Options, PlannedRequest, PlannedTarget, Rehearsal, Run, Stop};
use backup_sync::runtime::clock::SystemClock;

use super::sync::{self, Work};
use crate::args::Output;
use crate::exit::{Exit, Failure};
use crate::labels::Labels;
use crate::output::{self, printable};
use crate::signals;

/// Does the reads, and prints what would follow from them.
pub async fn run(work: Work, options: Options, form: Output) -> Result<Exit, Failure> {
    let stop = Stop::default();
    let run = Run {
        options,
        clock: Arc::new(SystemClock),
        journal: Arc::new(MemoryJournal::default()),
        sink: Arc::new(|_| {}),
        stop: stop.clone(),
    };
    let listener = tokio::spawn(async move {
        signals::asked_to_end().await;
        stop.now();
    });
    let rehearsal = match work {
        Work::New(chosen) => {
            let (pasts, providers) = sync::fresh(chosen);
            run.rehearse(pasts, providers).await
        }
        Work::Past(pasts, at) => run.rehearse(pasts, at.all().await?).await,
        Work::Stop(pasts, at) => run.rehearse_stop(pasts, at.all().await?).await,
    };
    listener.abort();
    Exit::of_rehearsal(&rehearsal).after(print(&rehearsal, form))
}

const HEAD: [&str; 10] = ["TARGET", "NAME", "VENDOR", "ACTION", "DETAIL", "JOB", "OPERATION", "METHOD", "URL", "BODY"];

fn print(rehearsal: &Rehearsal, form: Output) -> Result<(), Failure> {
    match form {
        Output::Table => table(rehearsal),
        Output::Csv => {
            let rows: Vec<Vec<String>> = rehearsal.targets.iter().flat_map(rows).collect();
            output::list(&(), &rows, &HEAD, Clone::clone, form)
        }
        _ => output::list(rehearsal, &rehearsal.targets, &HEAD, |_| Vec::new(), form),
    }
}

/// One row for each request of a target, and one for a target without.
fn rows(target: &PlannedTarget) -> Vec<Vec<String>> {
    let first = [
        target.target.to_string(),
        target.name.clone(),
        target.vendor.clone(),
        target.action.word().to_owned(),
        target.action.detail().to_owned(),
        target.job.join(" "),
    ];
    let with = |request: [String; 4]| first.iter().cloned().chain(request).collect();
    if target.requests.is_empty() {
        return vec![with(Default::default())];
    }
    let request = |request: &PlannedRequest| {
        [request.operation.clone(), request.method.clone(), request.url.clone(), body(request)]
    };
    target.requests.iter().map(request).map(with).collect()
}

fn body(request: &PlannedRequest) -> String {
    request.body.as_ref().map(ToString::to_string).unwrap_or_default()
}

fn table(rehearsal: &Rehearsal) -> Result<(), Failure> {
    let labels = Labels::of(rehearsal.targets.iter().map(|target| (&target.target, target.name.as_str())));
    let row = |target: &PlannedTarget| {
        let job = target.job.join(", ");
        let told = if target.action.detail().is_empty() { job } else { target.action.detail().to_owned() };
        vec![labels.get(&target.target), target.action.word().to_owned(), told]
    };
    let rows: Vec<Vec<String>> = rehearsal.targets.iter().map(row).collect();
    output::table_of(&["TARGET", "WOULD", "JOB OR REASON"], &rows)?;
    let mut text = String::new();
    for target in &rehearsal.targets {
        for request in &target.requests {
            let label = printable(&labels.get(&target.target));
            text += &format!("{label}\n  {} {}\n", request.method, printable(&request.url));
            if request.body.is_some() {
                text += &format!("  {}\n", printable(&body(request)));
            }
        }
    }
    output::print(&(text + "nothing was sent that starts or stops work\n"))
}

//! Does an endpoint answer as the reviewed documents say? Everything of it that changes nothing is called, and compared.

use backup_sync::runtime::Service;
use backup_sync_conformance::{Called, Plan, Report, plan, run};
use serde::Serialize;
use serde_json::Value;

use crate::args::Output;
use crate::cmd::api::configured;
use crate::config::Endpoint;
use crate::estate::{Endpoints, Estate};
use crate::exit::{Exit, Failure};
use crate::output::printable;
use crate::tables::{self, Table};
use crate::{endpoints, output, progress, signals};

/// What a run over several endpoints has shown.
#[derive(Debug, Serialize)]
struct Conformity {
    /// Version of this form, 1.
    version: u32,
    /// Endpoint by endpoint.
    endpoints: Vec<Compared>,
}

/// One endpoint.
#[derive(Debug, Serialize)]
struct Compared {
    endpoint: String,
    apis: Vec<Report>,
}

/// Says what will be called, calls it, and prints what deviates: of these endpoints, or of all when none is named.
pub async fn check(names: &[String], from: &Endpoints, form: Output) -> Result<Exit, Failure> {
    if form == Output::Csv {
        return Err(Failure::usage("deviations come as table, json or ndjson"));
    }
    let estate = Estate::open(from).await?;
    let all: Vec<String> = estate.file.endpoints.keys().cloned().collect();
    let mut compared = Vec::new();
    for name in if names.is_empty() { &all } else { names } {
        let endpoint = configured(&estate.file, name)?;
        let prepared = estate.prepare_each(std::iter::once((name, endpoint)))?;
        let (provider, services) = endpoints::open_services(&prepared).await?;
        let apis = signals::until_asked_to_end(compare(name, endpoint, &services)).await;
        endpoints::close(provider.endpoint(), provider.close()).await;
        compared.push(Compared { endpoint: name.clone(), apis: apis.ok_or(Failure::BrokenOff)?? });
    }
    let reports = || compared.iter().flat_map(|one| &one.apis);
    let deviations: usize = reports().map(Report::deviations).sum();
    let calls = || reports().flat_map(|report| &report.calls);
    let refused = calls().filter(|call| call.sent && call.capture.is_none()).count();
    let left = calls().filter(|call| !call.sent).count();
    match form {
        Output::Table | Output::Csv => output::print(&reports().map(text).collect::<String>())?,
        Output::Json => output::json(&Conformity { version: 1, endpoints: compared })?,
        Output::Ndjson => output::lines(&compared)?,
    }
    progress::say(format_args!("{deviations} deviations; {refused} calls failed, {left} could not be made"));
    // What was refused is not shown to conform.
    Ok(if deviations + refused == 0 { Exit::Success } else { Exit::Failed })
}

async fn compare(name: &str, endpoint: &Endpoint, services: &[Service]) -> Result<Vec<Report>, Failure> {
    let mut planned = Vec::new();
    for service in services {
        // By content: a table in a static may be a copy of the one in the vendor crate.
        let of_service = |table: &&&Table| table.operations == service.operations();
        let tables = tables::of(endpoint);
        let table = tables.iter().find(of_service);
        let table = table.ok_or_else(|| Failure::usage(format!("endpoint {name} has an API without a document")))?;
        let document: Value = serde_json::from_str(table.document)
            .map_err(|cause| Failure::usage(format!("the document of {} cannot be read: {cause}", table.vendor)))?;
        let given: Vec<&str> = service.given().collect();
        let plan = plan(service.operations(), &given);
        announce(name, table, &plan);
        planned.push((service, document, plan));
    }
    let mut reports = Vec::new();
    for (service, document, plan) in &planned {
        reports.push(run(service, document, plan, told).await);
    }
    Ok(reports)
}

/// What will be called, before anything is.
fn announce(name: &str, table: &Table, plan: &Plan) {
    let Table { vendor, api, .. } = table;
    progress::say(format_args!("{name} ({vendor} {api}): {} calls, none changes anything:", plan.calls.len()));
    for row in &plan.calls {
        progress::say(format_args!("  {} {}  {}", row.method, row.path, row.id));
    }
    for (row, why) in &plan.left {
        progress::say(format_args!("  left out: {}: {why}", row.id));
    }
}

fn told(called: &Called) {
    let status = called.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
    let end = called.trouble.as_deref().map_or_else(
        || format!("{} deviations", called.deviations.len()),
        |trouble| printable(trouble).trim().to_owned(),
    );
    progress::say(format_args!("{}: {status}, {end}", called.operation));
}

/// All deviations of one API with corrections to be reviewed, and what was kept of the answers.
fn text(report: &Report) -> String {
    let mut text = format!("# {}\n", printable(&report.document));
    for call in report.calls.iter().filter(|call| !call.deviations.is_empty()) {
        let status = call.status.map_or_else(String::new, |status| format!(", status {status}"));
        text += &format!("\n## {}{status}\n", call.operation);
        for deviation in &call.deviations {
            let at = if deviation.answer.is_empty() {
                String::new()
            } else {
                format!(", in the answer at {}", deviation.answer)
            };
            text += &format!("\n- {}: spec at {}{}\n", printable(&deviation.what), deviation.spec, printable(&at));
            let patch = deviation.patch.iter().flat_map(|patch| patch.lines());
            text.extend(patch.map(|line| format!("      {}\n", printable(line))));
        }
        if let Some(capture) = &call.capture {
            text += &format!("\n  kept of the answer: {}\n", printable(&capture.to_string()));
        }
    }
    text
}

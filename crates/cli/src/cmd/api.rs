//! `backup-sync api`: any operation of an endpoint by the vendor's name, through the endpoint's own session, quota and
//! rules for sending again.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use backup_sync::engine::Launched;
use backup_sync::runtime::suggest::did_you_mean;
use backup_sync::runtime::{Answer, Call, Delivery, Error, Kind, Operation, Service};
use clap::Args;
use clap_complete::engine::ArgValueCandidates;
use serde_json::Value;

use crate::args::Output;
use crate::cmd::launch::{Calling, Waiting};
use crate::cmd::operations;
use crate::config::{Endpoint, File};
use crate::estate::{Endpoints, Estate};
use crate::exit::{Exit, Failure};
use crate::tables::{self, Table};
use crate::{complete, endpoints, output, progress, signals};

const EXAMPLES: &str = "\
Examples:
  backup-sync api --list
  backup-sync api cloud --list --output csv
  backup-sync api cloud ListVault --list
  backup-sync api m365 BackupRepository_List --paginate
  backup-sync api cloud ListVault --param cloud_type=hybrid --param limit=10
  backup-sync api dr getTaskInfo --param task_id=ID
  backup-sync api cloud ImportCheckpoint --body sync.json --include
  backup-sync api cloud RestoreBackup --param backup_id=ID --body restore.json --wait
  backup-sync api dr configureReplication --param pairing_id=ID --body wishes.json --wait -o json

With --wait the jobs that the call starts are waited for (`--list` says of which kind they are), and a report is printed in \
place of the answer: of each job its end, with the evidence. `backup-sync wait ENDPOINT/KIND/ID` waits for a job \
that runs already.

A call that changes something is sent once and never again; when its answer is lost, the exit \
code is 7. Members that the vendor's document marks as secret are shown as [redacted] unless \
--show-secrets is given.";

/// Arguments of `api`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Api {
    /// Endpoint of the configuration.
    #[arg(value_name = "ENDPOINT", add = ArgValueCandidates::new(complete::endpoints))]
    pub endpoint: Option<String>,
    /// The vendor's name of the operation, in upper or lower case.
    #[arg(value_name = "OPERATION", add = ArgValueCandidates::new(complete::operations))]
    pub operation: Option<String>,
    /// A parameter of the path, the query or a header; several times for lists.
    #[arg(short, long = "param", value_name = "NAME=VALUE", value_parser = pair)]
    pub params: Vec<(String, String)>,
    /// File with the JSON body, `-` for standard input; the fields of a form as a JSON object.
    #[arg(short, long, value_name = "FILE")]
    pub body: Option<PathBuf>,
    /// Read all pages of a list and print one array of all items.
    #[arg(long)]
    pub paginate: bool,
    /// Tell status and headers of the answer on standard error.
    #[arg(long, conflicts_with = "paginate")]
    pub include: bool,
    /// Do not strike secrets out of the answer.
    #[arg(long)]
    pub show_secrets: bool,
    /// Waiting for what the call starts.
    #[command(flatten)]
    pub waiting: Waiting,
    /// List the operations, or what one of them takes, and call nothing.
    #[arg(long)]
    pub list: bool,
    /// Form on standard output: json or ndjson for an answer; any for --list and --wait.
    #[arg(short, long, value_enum, value_name = "FORM")]
    pub output: Option<Output>,
    /// Where endpoints come from.
    #[command(flatten)]
    pub endpoints: Endpoints,
}

/// `NAME=VALUE`.
fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write NAME=VALUE".to_owned()),
    }
}

/// Runs the command.
pub async fn run(arguments: &Api) -> Result<Exit, Failure> {
    let Some(name) = &arguments.endpoint else {
        return if arguments.list {
            listed(&tables::TABLES.iter().collect::<Vec<_>>(), None, arguments)
        } else {
            Err(Failure::usage("name an endpoint and an operation; `backup-sync api --list` shows all operations"))
        };
    };
    let estate = Estate::open(&arguments.endpoints).await?;
    let endpoint = configured(&estate.file, name)?;
    let tables = tables::of(endpoint);
    let Some(operation) = &arguments.operation else {
        return if arguments.list {
            listed(&tables, None, arguments)
        } else {
            let how = format!("`backup-sync api {name} --list` shows those of this endpoint");
            Err(Failure::usage(format!("name the operation of endpoint {name}; {how}")))
        };
    };
    let tables = having(tables, name, operation)?;
    if arguments.list {
        return listed(&tables, Some(operation), arguments);
    }
    let body = match arguments.body.clone() {
        Some(path) => Some(read_body(path).await?),
        None => None,
    };
    let asked = Asked { name, operation, arguments, body };
    if arguments.waiting.wait {
        return asked.wait(&estate, endpoint, &tables).await;
    }
    let lines = asked.lines()?;
    asked.check(&tables)?;
    let prepared = estate.prepare_each(std::iter::once((name, endpoint)))?;
    let (provider, services) = endpoints::open_services(&prepared).await?;
    let answered = asked.send(&services).await;
    endpoints::close(provider.endpoint(), provider.close()).await;
    match answered? {
        Value::Array(items) if lines => output::lines(&items)?,
        document if lines => output::lines(&[document])?,
        document => output::answer(&document)?,
    }
    Ok(Exit::Success)
}

fn listed(tables: &[&'static Table], only: Option<&str>, arguments: &Api) -> Result<Exit, Failure> {
    operations::print(tables, only, arguments.output.unwrap_or(Output::Table))?;
    Ok(Exit::Success)
}

/// The endpoint of this name.
pub fn configured<'a>(file: &'a File, name: &str) -> Result<&'a Endpoint, Failure> {
    let known = file.endpoints.keys().map(String::as_str);
    file.endpoints.get(name).ok_or_else(|| endpoints::unknown(name, known))
}

/// The tables that have this operation.
fn having(tables: Vec<&'static Table>, name: &str, operation: &str) -> Result<Vec<&'static Table>, Failure> {
    let all = tables.iter().flat_map(|table| table.operations).map(|row| row.id);
    let meant = did_you_mean(operation, all);
    let vendor = tables.first().map(|table| table.vendor).unwrap_or_default();
    let having = tables.into_iter().filter(|table| Operation::of_id(table.operations, operation).is_some());
    let having: Vec<_> = having.collect();
    if having.is_empty() {
        let how = format!("`backup-sync api {name} --list` shows all");
        return Err(Failure::usage(format!(
            "endpoint {name} ({vendor}) has no operation {operation:?}{meant} ({how})"
        )));
    }
    Ok(having)
}

/// The body; who asks to end does not have to end standard input first.
async fn read_body(path: PathBuf) -> Result<Value, Failure> {
    let reading = tokio::task::spawn_blocking(move || body(&path));
    match signals::until_asked_to_end(reading).await {
        Some(Ok(read)) => read,
        Some(Err(cause)) => Err(Failure::usage(format!("the body cannot be read: {cause}"))),
        None => Err(Failure::BrokenOff),
    }
}

/// The body from a file or from standard input.
fn body(path: &Path) -> Result<Value, Failure> {
    let input = path == Path::new("-");
    let shown = if input { "standard input".to_owned() } else { path.display().to_string() };
    let mut text = String::new();
    let read = if input {
        std::io::stdin().read_to_string(&mut text).map(drop)
    } else {
        std::fs::read_to_string(path).map(|read| text = read)
    };
    read.map_err(|cause| Failure::usage(format!("the body in {shown} cannot be read: {cause}")))?;
    serde_json::from_str(&text).map_err(|cause| Failure::usage(format!("the body in {shown} is not JSON: {cause}")))
}

/// What the command line asks for.
struct Asked<'a> {
    name: &'a str,
    operation: &'a str,
    arguments: &'a Api,
    body: Option<Value>,
}

impl Asked<'_> {
    /// Whether each item is printed on a line of its own.
    fn lines(&self) -> Result<bool, Failure> {
        match self.arguments.output {
            None | Some(Output::Json) => Ok(false),
            Some(Output::Ndjson) => Ok(true),
            Some(Output::Table | Output::Csv) => {
                Err(Failure::usage("the answer of a vendor is JSON: choose --output json or ndjson"))
            }
        }
    }

    /// Makes the call and waits for what it has started.
    async fn wait(&self, estate: &Estate, endpoint: &Endpoint, tables: &[&'static Table]) -> Result<Exit, Failure> {
        let (waiting, output) = (self.arguments.waiting, self.arguments.output.unwrap_or(Output::Table));
        let calling = Calling { endpoint: self.name, operation: self.operation, waiting, output };
        // Which version the server has is not known yet, and one of them has to start jobs.
        let rows = tables.iter().filter_map(|table| Operation::of_id(table.operations, self.operation));
        let checked: Vec<_> = rows.map(|row| calling.check(&self.call(row))).collect();
        if checked.iter().all(Result::is_err) {
            checked.into_iter().next().unwrap_or(Ok(()))?;
        }
        self.check(tables)?;
        let name = self.name.to_owned();
        let prepared = estate.prepare_each(std::iter::once((&name, endpoint)))?;
        let told = |operation: &'static Operation, launched: &Launched| {
            if let (true, Some(answer)) = (self.arguments.include, &launched.answer) {
                self.tell(answer);
                let mut body = answer.body.clone();
                if !self.arguments.show_secrets {
                    operation.redact(&mut body);
                }
                progress::say(format_args!("answer: {}", output::printable(&body.to_string())));
            }
        };
        let failed = |operation: &'static Operation, error| self.failed(operation, error);
        calling.run(estate, &prepared, |operation| self.call(operation), told, failed).await
    }

    fn call(&self, operation: &'static Operation) -> Call {
        Call { operation, parameters: self.arguments.params.clone(), body: self.body.clone() }
    }

    /// Finds out before anything is sent whether the call can be right for one of these tables.
    fn check(&self, tables: &[&Table]) -> Result<(), Failure> {
        let mut wrong = None;
        for table in tables {
            let Some(row) = Operation::of_id(table.operations, self.operation) else { continue };
            match self.valid(row, table.given) {
                Ok(()) => return Ok(()),
                Err(error) => wrong = wrong.or(Some(error)),
            }
        }
        wrong.map_or(Ok(()), |error| {
            let how = format!("`backup-sync api {} {} --list` shows what it takes", self.name, self.operation);
            Err(Failure::usage(format!("{error}; {how}")))
        })
    }

    fn valid(&self, row: &Operation, given: &[&str]) -> Result<(), Error> {
        row.check(&self.arguments.params, self.body.as_ref(), given)?;
        if self.arguments.paginate && row.paging.is_none() {
            return Err(Error::usage(format!("{} gives no pages; leave --paginate out", row.id)));
        }
        Ok(())
    }

    /// Calls the operation where it belongs.
    async fn send(&self, services: &[Service]) -> Result<Value, Failure> {
        let found = services.iter().find_map(|service| {
            Operation::of_id(service.operations(), self.operation).map(|operation| (service, operation))
        });
        let Some((service, operation)) = found else {
            let what = format!("the version that endpoint {} serves has no operation {}", self.name, self.operation);
            return Err(Failure::usage(what));
        };
        let call = self.call(operation);
        let Some(sent) = signals::until_asked_to_end(self.answer(service, &call)).await else {
            return Err(if operation.starts_job {
                Failure::BrokenOffInCall(operation.id.to_owned())
            } else {
                Failure::BrokenOff
            });
        };
        let mut answer = sent.map_err(|error| self.failed(operation, error))?;
        if !self.arguments.show_secrets {
            operation.redact(&mut answer);
        }
        Ok(answer)
    }

    async fn answer(&self, service: &Service, call: &Call) -> Result<Value, Error> {
        if self.arguments.paginate {
            return service.pages(call)?.all().await.map(Value::Array);
        }
        let answer = service.send(call).await?;
        if self.arguments.include {
            self.tell(&answer);
        }
        Ok(answer.body)
    }

    fn tell(&self, answer: &Answer) {
        progress::say(format_args!("status: {}", answer.status));
        for (name, value) in answer.headers(self.arguments.show_secrets) {
            progress::say(format_args!("{name}: {}", output::printable(&value)));
        }
    }

    /// What to say of an error; after a call that changes something it counts whether that may have happened.
    fn failed(&self, operation: &Operation, error: Error) -> Failure {
        let changed = !operation.idempotent
            && error.kind() != Kind::Usage
            && matches!(error.delivery(), Delivery::MaybeApplied | Delivery::Accepted);
        if changed {
            Failure::Unconfirmed(self.name.to_owned(), error)
        } else {
            Failure::Endpoints(vec![(self.name.to_owned(), error)])
        }
    }
}

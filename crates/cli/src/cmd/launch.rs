//! `backup-sync api … --wait`: starts something by the vendor's name, and waits until everything that it has started has
//! ended.

use std::sync::Arc;
use std::time::Duration;

use backup_sync::engine::{Launch, Launched, NoJournal, Options, Past, Provider, Run, Stage, Stop};
use backup_sync::runtime::clock::SystemClock;
use backup_sync::runtime::starts::Starts;
use backup_sync::runtime::{Call, Error, Kind, Operation, Service};
use clap::Args;

use super::sync::{self, Work};
use crate::args::{Display, Output, Progress, STOP_LIMIT, duration};
use crate::endpoints::{self, Prepared, Reached};
use crate::estate::Estate;
use crate::exit::{Exit, Failure};
use crate::journal::quoted;
use crate::metrics::Metrics;
use crate::page::PageFile;
use crate::progress::note;
use crate::{progress, signals};

/// Waiting for what a call starts.
#[derive(Clone, Copy, Debug, Args)]
pub struct Waiting {
    /// Wait until everything that the call starts has ended, and print a report in place of the answer; exit codes are those
    /// of `backup-sync wait`.
    #[arg(long, conflicts_with_all = ["paginate", "list"])]
    pub wait: bool,
    /// Stop waiting after this long, for example 90m or 4h; the vendor's work goes on. [default: 24h]
    #[arg(long, requires = "wait", value_name = "TIME", value_parser = duration)]
    pub deadline: Option<Duration>,
    /// Longest pause between two looks while nothing changes. [default: 60s]
    #[arg(long, requires = "wait", value_name = "TIME", value_parser = duration)]
    pub poll: Option<Duration>,
    /// How long a job, or its claimed end, may take to become visible before it counts as not proven. [default: 5m]
    #[arg(long, requires = "wait", value_name = "TIME", value_parser = duration)]
    pub settle: Option<Duration>,
    /// On Ctrl-C ask the vendor to stop what the call has started, and wait a minute for that.
    #[arg(long, requires = "wait")]
    pub stop_on_interrupt: bool,
    /// Form of the progress on standard error. [default: auto]
    #[arg(long, requires = "wait", value_enum, value_name = "FORM")]
    pub progress: Option<Progress>,
}

impl Waiting {
    /// The form of progress that was asked for.
    pub fn progress(&self) -> Progress {
        if self.wait { self.progress.unwrap_or(Progress::Auto) } else { Progress::None }
    }

    fn options(&self) -> Options {
        let usual = Options::default();
        Options {
            polling: sync::polling(self.poll.unwrap_or(usual.polling.longest)),
            target_deadline: self.deadline.unwrap_or(usual.target_deadline),
            settle: self.settle.unwrap_or(usual.settle),
            stop_on_break: self.stop_on_interrupt.then_some(STOP_LIMIT),
            ..usual
        }
    }
}

/// A call that is to be made and waited for.
pub struct Calling<'a> {
    /// Name of the endpoint.
    pub endpoint: &'a str,
    /// Name of the operation.
    pub operation: &'a str,
    /// How it is waited for.
    pub waiting: Waiting,
    /// Form of the report.
    pub output: Output,
}

impl Calling<'_> {
    /// Finds out before anything is sent whether there can be something to wait for.
    pub fn check(&self, call: &Call) -> Result<(), Failure> {
        let (endpoint, id) = (self.endpoint, call.operation.id);
        Err(Failure::usage(match call.operation.starts {
            Some(Starts::Jobs(_)) => return Ok(()),
            None => format!("{id} starts no work that could be waited for: leave --wait out"),
            Some(Starts::Unseen { why }) => {
                format!("nobody can wait for what {id} starts: leave --wait out. {}", why.trim_end_matches('.'))
            }
            Some(starts @ Starts::Synchronization { kind, .. }) => {
                let target = starts.target(call).unwrap_or_else(|| "ID".to_owned());
                let address = quoted(&format!("{endpoint}/{kind}/{target}"));
                format!(
                    "{id} starts the synchronization of a {kind}, whose end its session does not prove: \
                     `backup-sync sync {address}` starts it and proves its end"
                )
            }
        }))
    }

    /// Makes the call and waits.
    pub async fn run(
        &self,
        estate: &Estate,
        prepared: &[(String, Prepared)],
        call: impl FnOnce(&'static Operation) -> Call,
        told: impl FnOnce(&'static Operation, &Launched),
        failed: impl FnOnce(&'static Operation, Error) -> Failure,
    ) -> Result<Exit, Failure> {
        let (session, services) = endpoints::open_services(prepared).await?;
        let options = estate.hurry(self.waiting.options());
        let ended = async {
            let (service, operation) = self.find(&services)?;
            let call = call(operation);
            self.check(&call)?;
            let launched = self.launch(&*session, service, &call, options.clone()).await;
            let launched = launched.map_err(|error| match error.kind() {
                Kind::BrokenOff => Failure::BrokenOff,
                _ => failed(operation, error),
            })?;
            told(operation, &launched);
            self.tell_command(estate, &launched.pasts);
            let at = Reached { providers: vec![launched.jobs], ..Reached::default() };
            let display = Display { output: self.output, progress: self.waiting.progress() };
            let work = Work::Past(launched.pasts, at);
            sync::execute(work, options, display, None, &PageFile::default(), &Metrics::none()).await
        };
        let ended = ended.await;
        endpoints::close(session.endpoint(), session.close()).await;
        ended
    }

    fn find<'s>(&self, services: &'s [Service]) -> Result<(&'s Service, &'static Operation), Failure> {
        let found = services.iter().find_map(|service| {
            Operation::of_id(service.operations(), self.operation).map(|operation| (service, operation))
        });
        found.ok_or_else(|| {
            Failure::usage(format!(
                "the version that endpoint {} serves has no operation {}",
                self.endpoint, self.operation
            ))
        })
    }

    async fn launch(
        &self,
        session: &dyn Provider,
        service: &Service,
        call: &Call,
        options: Options,
    ) -> Result<Launched, Error> {
        let kind = match call.operation.starts {
            Some(Starts::Jobs(begun)) => begun.kind,
            _ => "",
        };
        let jobs = session.jobs(kind).ok_or_else(|| {
            Error::usage(format!("the version that endpoint {} serves has no jobs of the kind {kind}", self.endpoint))
        })?;
        let stop = Stop::default();
        let run = Run {
            options,
            clock: Arc::new(SystemClock),
            journal: Arc::new(NoJournal),
            sink: progress::sink(self.waiting.progress()),
            stop: stop.clone(),
        };
        let listener = tokio::spawn(async move {
            signals::asked_to_end().await;
            stop.now();
        });
        let launched = run.launch(Launch { service, call, jobs }).await;
        listener.abort();
        launched
    }

    /// Whoever loses this process can wait all the same.
    fn tell_command(&self, estate: &Estate, pasts: &[Past]) {
        let started = pasts.iter().filter(|past| matches!(past.stage, Stage::Started { .. }));
        let addresses: Vec<String> = started.map(|past| quoted(&past.target.address.to_string())).collect();
        if let (Some(config), false) = (&estate.config, addresses.is_empty()) {
            let config = if *config == crate::config::usual_path() {
                String::new()
            } else {
                format!(" --config {}", quoted(&config.display().to_string()))
            };
            note(format_args!("to wait for it from elsewhere: backup-sync wait {}{config}", addresses.join(" ")));
        }
    }
}

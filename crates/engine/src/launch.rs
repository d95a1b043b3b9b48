//! A call that starts work, from its sending to the ends of the jobs that it has started: sent once, its jobs taken from the
//! answer or found in the vendor's list, as the document says in `x-starts`.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use backup_sync_runtime::starts::{Begun, Find, Hits, Starts};
use backup_sync_runtime::{Answer, Call, Delivery, Error, Kind, Place, Service};
use jiff::Timestamp;
use serde_json::Value;

use crate::address::Address;
use crate::event::{Event, EventRecord, millis};
use crate::facts::Facts;
use crate::outcome::Outcome;
use crate::past::{Past, Stage};
use crate::provider::{Baseline, Job, Provider, Target};
use crate::report::{Report, TargetReport};
use crate::run::Run;

/// Lists that take a time begin so long before the call, so that no difference of clocks matters.
const HISTORY: Duration = Duration::from_secs(24 * 3600);
/// So many lists that hold nothing new are needed to believe that a start whose answer was lost did not arrive.
const SEARCHES: u32 = 3;

/// A call that starts work.
pub struct Launch<'a> {
    /// Where it is sent.
    pub service: &'a Service,
    /// The call.
    pub call: &'a Call,
    /// The jobs at that endpoint of the kind that the call starts.
    pub jobs: Arc<dyn Provider>,
}

/// What a call has started, or may have.
pub struct Launched {
    /// What the vendor answered; nothing when that was lost.
    pub answer: Option<Answer>,
    /// The jobs as targets that are at work, and what could not be found as targets that have ended;
    /// [`Run::resume`] takes them.
    pub pasts: Vec<Past>,
    /// Over what they are watched.
    pub jobs: Arc<dyn Provider>,
}

/// A way to find jobs, with those that were there before.
struct Way<'a> {
    find: &'a Find,
    known: HashSet<String>,
}

/// What is known of the jobs of a call.
#[derive(Default)]
struct Known {
    ids: Vec<String>,
    /// What the call was about and has no known job, with candidates and the reason.
    unknown: Vec<(Option<String>, Vec<String>, String)>,
}

impl Run {
    /// Sends the call, once, and finds out which jobs it has started. When the answer is lost the call is not sent again: its
    /// jobs are looked for where the document says how.
    ///
    /// # Errors
    ///
    /// When nothing was started: the operation starts no jobs, the state before could not be read, or the vendor refused.
    pub async fn launch(&self, launch: Launch<'_>) -> Result<Launched, Error> {
        let operation = launch.call.operation;
        let Some(Starts::Jobs(begun)) = operation.starts else {
            return Err(Error::usage(format!("{} starts no jobs that can be waited for", operation.id)));
        };
        let at = self.clock.wall();
        let since = (at - HISTORY).strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let search = Searching { run: self, launch: &launch, begun: &begun, since };
        let way = search.way().await?;
        let sent = launch.service.send(launch.call);
        let breaking_off = async {
            self.stop.wait().await;
            launch.jobs.break_off();
            std::future::pending().await
        };
        // A start that is on its way is waited for: nobody could say what became of it.
        let sent = tokio::select! {
            sent = sent => sent,
            never = breaking_off => never,
        };
        let (answer, lost) = match sent {
            Ok(answer) => (Some(answer), None),
            Err(error) if matches!(error.delivery(), Delivery::NeverSent | Delivery::Rejected) => return Err(error),
            Err(error) => (None, Some(error)),
        };
        let known = search.known(way, answer.as_ref().map(|answer| &answer.body), lost.as_ref()).await;
        let pasts = search.pasts(known, lost.as_ref(), at);
        Ok(Launched { answer, pasts, jobs: launch.jobs })
    }

    /// Watches everything that a call has started to its end.
    pub async fn follow(&self, launched: Launched) -> Report {
        self.resume(launched.pasts, vec![launched.jobs], &[]).await
    }
}

/// The search for the jobs of one call.
struct Searching<'a> {
    run: &'a Run,
    launch: &'a Launch<'a>,
    begun: &'a Begun,
    since: String,
}

impl<'a> Searching<'a> {
    /// How jobs are found at this server, with those that are there before the call.
    async fn way(&self) -> Result<Option<Way<'a>>, Error> {
        let mut ways = self.begun.find.iter().peekable();
        while let Some(find) = ways.next() {
            match self.list(find).await {
                // The version that this server has may lack the operation.
                Err(error) if error.kind() == Kind::NotFound && ways.peek().is_some() => {}
                listed => return Ok(Some(Way { find, known: find.ids(&listed?) })),
            }
        }
        Ok(None)
    }

    async fn list(&self, find: &Find) -> Result<Vec<Value>, Error> {
        tokio::select! {
            listed = self.launch.service.listed(find, self.launch.call, &self.since) => listed,
            () = self.run.stop.wait() => {
                let what = format!("{} was broken off", find.list);
                Err(Error::new(Kind::BrokenOff, Delivery::NeverSent, what))
            }
        }
    }

    /// The jobs of the call: named by its answer, else found.
    async fn known(&self, way: Option<Way<'_>>, answer: Option<&Value>, lost: Option<&Error>) -> Known {
        let (ids, without) = answer.map(|answer| self.begun.named(answer)).unwrap_or_default();
        if without == 0 && !ids.is_empty() {
            return Known { ids, ..Known::default() };
        }
        let (kind, id) = (self.begun.kind, self.launch.call.operation.id);
        let sent = match lost {
            None => format!("the vendor accepted {id}"),
            Some(error) if error.delivery() == Delivery::Accepted => {
                format!("the vendor accepted {id}, but its answer could not be read")
            }
            Some(_) => format!("{id} was sent, but no answer came"),
        };
        let because = lost.map(|error| format!(" ({})", error.chain())).unwrap_or_default();
        let unknown = |why: String| (None, Vec::new(), format!("{sent}, and {why}; it was not sent again{because}"));
        let Some(way) = way.filter(|way| answer.is_some() || !way.find.needs_answer()) else {
            let why = match (answer.is_some(), without) {
                (true, 0) => format!("its answer names no {kind}"),
                (true, without) => format!("its answer names no {kind} for {without} of the things that it lists"),
                (false, _) => format!("without an answer nothing says which {kind} it has started"),
            };
            return Known { ids, unknown: vec![unknown(why)] };
        };
        match self.seek(&way, answer, lost.is_some()).await {
            Ok(hits) if hits.one && hits.ids.len() > 1 => {
                let several = hits.ids.join(", ");
                let why =
                    format!("there are several new ones that fit ({several}), and nothing says which is its {kind}");
                let (value, _, why) = unknown(why);
                Known { ids: Vec::new(), unknown: vec![(value, hits.ids, why)] }
            }
            Ok(hits) => {
                let mut missing: Vec<_> = hits.missing.into_iter().map(Some).collect();
                if hits.ids.is_empty() && ids.is_empty() && missing.is_empty() {
                    missing.push(None);
                }
                let none = |value: Option<String>| {
                    let of = value.as_ref().map(|value| format!(" of {value}")).unwrap_or_default();
                    let (_, candidates, why) = unknown(format!("no new {kind}{of} was found"));
                    (value, candidates, why)
                };
                let named = ids.clone();
                let found = hits.ids.into_iter().filter(|id| !named.iter().any(|known| known.eq_ignore_ascii_case(id)));
                Known { ids: ids.into_iter().chain(found).collect(), unknown: missing.into_iter().map(none).collect() }
            }
            Err(why) => Known { ids, unknown: vec![unknown(why)] },
        }
    }

    /// Looks for the jobs until all are there, or for as long as a claimed end may take to become visible.
    async fn seek(&self, way: &Way<'_>, answer: Option<&Value>, lost: bool) -> Result<Hits, String> {
        let options = &self.run.options;
        let limits = [Some(options.settle), Some(options.target_deadline), options.run_deadline];
        let limit = limits.into_iter().flatten().min().unwrap_or_default();
        let shortest = options.polling.shortest.max(self.launch.jobs.pace());
        let (begun, mut pause) = (self.run.clock.monotonic(), shortest);
        let (mut looks, mut failed) = (0, 0);
        loop {
            let hits = match self.list(way.find).await {
                Ok(items) => {
                    looks += 1;
                    let hits = way.find.search(&items, &way.known, self.launch.call, answer);
                    Ok(hits.ok_or_else(|| "its answer does not say what to look for".to_owned())?)
                }
                Err(error) => {
                    failed += 1;
                    let endpoint = self.launch.jobs.endpoint().to_owned();
                    self.tell(begun, Event::LookFailed { endpoint, error: error.chain() });
                    Err(format!("what it has started could not be looked for ({})", error.chain()))
                }
            };
            let complete = matches!(&hits, Ok(hits) if !hits.ids.is_empty() && hits.missing.is_empty());
            let waited = self.run.clock.monotonic().saturating_sub(begun);
            let enough = waited >= limit || failed >= options.failed_looks || (lost && looks >= SEARCHES);
            if complete || enough || self.run.stop.asked() {
                return hits;
            }
            if looks + failed == 1 {
                let (id, kind) = (self.launch.call.operation.id, self.begun.kind);
                let text = format!("{id} was sent; not every {kind} that it starts is listed yet, looking again");
                self.tell(begun, Event::Message { text });
            }
            tokio::select! {
                () = self.run.clock.sleep(pause.min(limit.saturating_sub(waited))) => {}
                () = self.run.stop.wait() => {}
            }
            pause = (pause * 3 / 2).min(options.polling.longest.max(shortest));
        }
    }

    fn tell(&self, begun: Duration, event: Event) {
        let at = self.run.clock.monotonic().saturating_sub(begun);
        self.run.sink.take(EventRecord::new(at, event));
    }

    /// The jobs as an earlier process would have left them, and what is unknown as ended.
    fn pasts(&self, known: Known, lost: Option<&Error>, at: Timestamp) -> Vec<Past> {
        let (endpoint, vendor) = (self.launch.jobs.endpoint(), self.launch.jobs.vendor());
        let target = |kind: &str, id: String| {
            let address = Address { endpoint: endpoint.to_owned(), kind: kind.to_owned(), id: id.clone() };
            Target { address, name: id, facts: Facts::default() }
        };
        let running = |id: String| {
            let target = target(self.begun.kind, id.clone());
            let job = Job::known(target.clone(), id);
            let stage = Stage::Started { job, baseline: Baseline::default(), adopted: false, at };
            Past { target, vendor: vendor.to_owned(), stage }
        };
        let duration = Duration::try_from(self.run.clock.wall().duration_since(at)).unwrap_or_default();
        let unknown = |(value, job, why): (Option<String>, Vec<String>, String)| {
            let target = target(self.launch.call.operation.id, value.unwrap_or_else(|| about(self.launch.call)));
            let stage = Stage::Ended(TargetReport {
                target: target.address.clone(),
                name: target.name.clone(),
                vendor: vendor.to_owned(),
                job,
                adopted: false,
                outcome: Outcome::Unknown { why },
                error_kind: lost.map(|error| error.kind().to_string()),
                transient: false,
                duration_ms: millis(duration),
                stuck: None,
            });
            Past { target, vendor: vendor.to_owned(), stage }
        };
        known.ids.into_iter().map(running).chain(known.unknown.into_iter().map(unknown)).collect()
    }
}

/// What a call is about, for people.
fn about(call: &Call) -> String {
    let of_path = |(name, _): &&(String, String)| {
        call.operation.parameter(name).is_some_and(|parameter| parameter.place == Place::Path)
    };
    let values: Vec<&str> = call.parameters.iter().filter(of_path).map(|(_, value)| value.as_str()).collect();
    if values.is_empty() { "unnamed".to_owned() } else { values.join("/") }
}

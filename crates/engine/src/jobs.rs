//! Long operations of an endpoint as targets of the engine, so that any of them can be waited for.
//!
//! They run already, so nothing is started, and each is its own proof: what its vendor says of its end decides. Whether a
//! *synchronization* has ended is another question, which its job alone cannot always answer.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use backup_sync_runtime::notice::Notices;
use backup_sync_runtime::{BoxFuture, Connection, Error};
use jiff::Timestamp;

use crate::address::Address;
use crate::facts::Facts;
use crate::outcome::Outcome;
use crate::provider::{Baseline, Claim, Job, Observation, Phase, Provider, Readiness, Search, Target, Verdict};
use crate::watch::complete;

/// Long operations of one kind at one endpoint, as the vendor tells of them by their ids.
pub trait Jobs: Debug + Send + Sync {
    /// Name of the endpoint.
    fn endpoint(&self) -> &str;

    /// Name of the vendor crate.
    fn vendor(&self) -> &'static str;

    /// The vendor's word for one of them, the second part of their addresses: `task`, for example.
    fn kind(&self) -> &'static str;

    /// Over which connection they are asked for. It belongs to whoever has made it.
    fn connection(&self) -> &Connection;

    /// Those that are at work, as far as the vendor lists them, with names for people.
    fn list(&self) -> BoxFuture<'_, Result<Vec<(String, String)>, Error>>;

    /// How far each of these is, in the order given, with as few requests as the vendor allows. One that the vendor does not
    /// know is [`Phase::Gone`]; one that it shows and that cannot be understood is [`Phase::Unclear`].
    fn look<'a>(&'a self, ids: &'a [&'a str]) -> BoxFuture<'a, Result<Vec<Observation>, Error>>;

    /// What ends mean that the vendor calls good, in the order given.
    fn judge<'a>(&'a self, claims: &'a [Claim<'a>]) -> BoxFuture<'a, Result<Vec<Verdict>, Error>>;

    /// Asks the vendor to stop one. `false`: it has no call for that, or does not say what to call.
    fn stop<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<bool, Error>> {
        Box::pin(async { Ok(false) })
    }

    /// The shortest pause between two looks.
    fn pace(&self) -> Duration {
        Duration::ZERO
    }
}

/// Jobs of one kind as an endpoint of the engine. The session stays open when it is closed.
#[derive(Debug)]
pub struct JobWatch<J> {
    jobs: J,
    /// Somebody has named them, so that one that is not there may be a typing error.
    named: bool,
}

impl<J: Jobs + 'static> JobWatch<J> {
    /// Over jobs that have just been started: the vendor may take its time to list them.
    pub fn started(jobs: J) -> Self {
        Self { jobs, named: false }
    }

    /// Over jobs whose ids somebody has named: what is not there is told at once.
    pub fn named(jobs: J) -> Self {
        Self { jobs, named: true }
    }

    /// With the targets for jobs by id and name, as [`Run::execute`](crate::Run::execute) takes them.
    pub fn over(self, jobs: impl IntoIterator<Item = (String, String)>) -> (Arc<dyn Provider>, Vec<Target>) {
        let targets = jobs.into_iter().map(|(id, name)| self.target(id, name)).collect();
        (Arc::new(self), targets)
    }

    fn target(&self, id: String, name: String) -> Target {
        let name = if name.is_empty() { id.clone() } else { name };
        let address = Address { endpoint: self.jobs.endpoint().to_owned(), kind: self.jobs.kind().to_owned(), id };
        Target { address, name, facts: Facts::default() }
    }

    async fn look(&self, targets: impl Iterator<Item = &Target>) -> Result<Vec<Observation>, Error> {
        let ids: Vec<&str> = targets.map(|target| target.address.id.as_str()).collect();
        complete(self.jobs.look(&ids).await?, ids.len())
    }

    async fn states(&self, targets: &[Target]) -> Result<Vec<Baseline>, Error> {
        let there = match self.named {
            true => self.look(targets.iter()).await?.into_iter().map(|seen| seen.phase != Phase::Gone).collect(),
            false => vec![true; targets.len()],
        };
        let state = |(target, there): (&Target, bool)| {
            let readiness = match there {
                true => Readiness::running(job(target)),
                false => Readiness::Broken { reason: self.unknown(&target.address.id) },
            };
            Baseline { readiness, facts: Facts::default() }
        };
        Ok(targets.iter().zip(there).map(state).collect())
    }

    fn unknown(&self, id: &str) -> String {
        format!("the vendor knows no {} {id}: it has forgotten it, or there never was one", self.jobs.kind())
    }

    /// What is the same for all vendors.
    fn plain(&self, claim: &Claim<'_>) -> Option<Verdict> {
        let kind = self.jobs.kind();
        let why = match claim.last.phase {
            Phase::Gone => format!("the vendor does not know the {kind} any more, and does not say how it ended"),
            Phase::Unclear => {
                format!("the vendor gives the {kind} a state that nobody documented ({})", claim.last.state)
            }
            _ => return None,
        };
        Some(Verdict::NotYet { why: why.clone(), otherwise: Outcome::Unknown { why } })
    }

    async fn prove(&self, claims: &[Claim<'_>]) -> Result<Vec<Verdict>, Error> {
        let plain: Vec<Option<Verdict>> = claims.iter().map(|claim| self.plain(claim)).collect();
        let open: Vec<Claim<'_>> =
            claims.iter().zip(&plain).filter(|(_, plain)| plain.is_none()).map(|(claim, _)| claim.clone()).collect();
        let judged = match open.is_empty() {
            true => Vec::new(),
            false => complete(self.jobs.judge(&open).await?, open.len())?,
        };
        let mut judged = judged.into_iter();
        let all: Vec<Verdict> = plain.into_iter().filter_map(|plain| plain.or_else(|| judged.next())).collect();
        complete(all, claims.len())
    }
}

fn job(target: &Target) -> Job {
    Job::known(target.clone(), target.address.id.clone())
}

impl<J: Jobs + 'static> Provider for JobWatch<J> {
    fn endpoint(&self) -> &str {
        self.jobs.endpoint()
    }

    fn vendor(&self) -> &'static str {
        self.jobs.vendor()
    }

    fn notices(&self) -> Option<&Notices> {
        Some(self.jobs.connection().notices())
    }

    fn break_off(&self) {
        self.jobs.connection().break_off();
    }

    fn go_on(&self) {
        self.jobs.connection().go_on();
    }

    fn pace(&self) -> Duration {
        self.jobs.pace()
    }

    /// Those that are at work.
    fn targets(&self) -> BoxFuture<'_, Result<Vec<Target>, Error>> {
        Box::pin(async {
            let listed = self.jobs.list().await?;
            Ok(listed.into_iter().map(|(id, name)| self.target(id, name)).collect())
        })
    }

    /// All of them run, or have ended already, which the first look shows.
    fn baseline<'a>(&'a self, targets: &'a [Target]) -> BoxFuture<'a, Result<Vec<Baseline>, Error>> {
        Box::pin(self.states(targets))
    }

    fn trigger<'a>(&'a self, target: &'a Target, _: &'a Baseline) -> BoxFuture<'a, Result<Job, Error>> {
        let (kind, address) = (self.jobs.kind(), &target.address);
        let error = Error::usage(format!("{address} is a {kind}: it runs already and cannot be started again"));
        Box::pin(async { Err(error) })
    }

    fn find_running<'a>(
        &'a self,
        target: &'a Target,
        _: &'a Baseline,
        _: Timestamp,
    ) -> BoxFuture<'a, Result<Search, Error>> {
        Box::pin(async { Ok(Search::Found(job(target))) })
    }

    fn observe<'a>(&'a self, jobs: &'a [&'a Job]) -> BoxFuture<'a, Result<Vec<Observation>, Error>> {
        Box::pin(self.look(jobs.iter().map(|job| &job.target)))
    }

    fn verify<'a>(&'a self, claims: &'a [Claim<'a>]) -> BoxFuture<'a, Result<Vec<Verdict>, Error>> {
        Box::pin(self.prove(claims))
    }

    fn stop<'a>(&'a self, job: &'a Job) -> BoxFuture<'a, Result<bool, Error>> {
        self.jobs.stop(&job.target.address.id)
    }

    fn close(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async { Ok(()) })
    }
}

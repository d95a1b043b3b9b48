//! Veeam Backup for Microsoft 365 as the engine sees it, with its rule for "finished".
//!
//! No version of the API has a state of success. A session that is no longer `Synchronizing` proves nothing; what
//! counts is that the repository's `isOutOfSync` was true before and is false after.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use backup_sync_engine::{
    Address, Baseline, Claim, Ending, Facts, Job, Observation, Outcome, Phase, Provider, Readiness, Search, Target,
    Verdict,
};
use backup_sync_runtime::notice::Notices;
use backup_sync_runtime::{BoxFuture, Connection, Error, Kind, Service, TokenSession};
use jiff::Timestamp;

use crate::api::{Api, InTheWay, Repository, Session};
use crate::auth::PasswordLogin;
use crate::config::{Config, Version};

/// The kind of target that this vendor has.
const KIND: &str = "repository";
/// Name of the fact that holds `isOutOfSync`.
const OUT_OF_SYNC: &str = "isOutOfSync";
/// Name of the fact that holds the ids of sessions that were there before the start.
const KNOWN: &str = "sessionsBefore";
/// An access token is renewed this long before its end.
const EARLY: Duration = Duration::from_secs(120);

/// A connection to one server.
#[derive(Debug)]
pub struct Vb365 {
    pub(crate) name: String,
    version: Version,
    base: String,
    pub(crate) connection: Connection,
    pub(crate) api: Api,
}

impl Vb365 {
    /// Connects: checks the configuration, finds the version where none is given, and logs in.
    ///
    /// # Errors
    ///
    /// When the configuration is wrong, the server cannot be reached, serves none of the versions, or refuses the login.
    pub async fn connect(config: &Config) -> Result<Self, Error> {
        let bare = Connection::builder(&[])
            .to(&config.url)
            .trust(config.trust.clone())
            .timeouts(config.timeouts)
            .retry(config.retry)
            .clock(config.clock.clone())
            .secrets([config.password.clone()])
            .build()?;
        let candidates = match config.version {
            Some(version) => vec![version],
            None => Version::NEWEST_FIRST.to_vec(),
        };
        for version in &candidates {
            let endpoint = Self::open(config, &bare, *version)?;
            // Listing sessions is the cheapest call that needs a login.
            let Err(error) = endpoint.api.sessions().await else { return Ok(endpoint) };
            let _ = endpoint.connection.close().await;
            match error.kind() {
                Kind::NotFound if candidates.len() > 1 => {}
                Kind::NotFound => {
                    let what =
                        format!("the server does not serve version {version}; leave the version out to have it found");
                    return Err(Error::usage(what).with_source(error));
                }
                _ => return Err(error),
            }
        }
        Err(Error::usage(format!("the server at {} serves none of v8, v7, v6 and v5; is the URL right?", config.url)))
    }

    fn open(config: &Config, bare: &Connection, version: Version) -> Result<Self, Error> {
        let base = config.base(version)?;
        let login = PasswordLogin {
            connection: bare.clone(),
            base: base.clone(),
            version,
            username: config.username.clone(),
            password: config.password.clone(),
        };
        let session = TokenSession::new(login, config.clock.clone(), EARLY);
        let connection = bare.with(Api::operations(version), Arc::new(session));
        let api = Api::new(version, &base, connection.clone());
        Ok(Self { name: config.name.clone(), version, base, connection, api })
    }

    /// The version in use.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The operations under one set of names; its variants hold the generated clients.
    pub fn api(&self) -> &Api {
        &self.api
    }

    /// The operations by name, at the base URL of the version in use.
    pub fn services(&self) -> Vec<Service> {
        vec![Service::new(self.connection.clone(), &self.base)]
    }

    fn target(&self, repository: &Repository) -> Target {
        Target {
            address: Address { endpoint: self.name.clone(), kind: KIND.to_owned(), id: repository.id.clone() },
            name: repository.name.clone().unwrap_or_else(|| repository.id.clone()),
            facts: Facts::default(),
        }
    }

    async fn read_baselines(&self, targets: &[Target]) -> Result<Vec<Baseline>, Error> {
        let repositories = by_id(self.api.repositories().await?);
        let sessions = self.api.sessions().await?;
        Ok(targets.iter().map(|target| baseline(target, repositories.get(&target.address.id), &sessions)).collect())
    }

    async fn find(&self, target: &Target, baseline: &Baseline) -> Result<Search, Error> {
        Ok(search(target, baseline, &self.api.sessions().await?))
    }

    async fn look(&self, jobs: &[&Job]) -> Result<Vec<Observation>, Error> {
        let sessions = self.api.sessions().await?;
        let mut seen = Vec::with_capacity(jobs.len());
        for job in jobs {
            let known: Vec<String> = job.facts.get(KNOWN).unwrap_or_default();
            let listed = match job.ids.first() {
                Some(id) => sessions.iter().find(|session| session.id.as_ref() == Some(id)),
                // Without an id it is the one that runs, else one that was not there before.
                None => {
                    let mine = || sessions.iter().filter(|session| belongs(session, &job.target));
                    let new = |session: &&Session| session.id.as_ref().is_none_or(|id| !known.contains(id));
                    mine().find(|session| is_synchronizing(session)).or_else(|| mine().find(new))
                }
            };
            seen.push(match (listed, job.ids.first()) {
                (Some(session), _) => observation(session),
                // A finished session may have left the list while it can still be read.
                (None, Some(id)) => match self.api.session(id).await {
                    Ok(session) => observation(&session),
                    Err(error) if error.kind() == Kind::NotFound => gone(),
                    // One session that cannot be read must not hide all others.
                    Err(error) if error.is_about_item() => unreadable(),
                    Err(error) => return Err(error),
                },
                (None, None) => gone(),
            });
        }
        Ok(seen)
    }

    async fn prove(&self, claims: &[Claim<'_>]) -> Result<Vec<Verdict>, Error> {
        let repositories = by_id(self.api.repositories().await?);
        Ok(claims.iter().map(|claim| verdict(claim, repositories.get(&claim.job.target.address.id))).collect())
    }
}

fn by_id(repositories: Vec<Repository>) -> HashMap<String, Repository> {
    repositories.into_iter().map(|repository| (repository.id.clone(), repository)).collect()
}

fn belongs(session: &Session, target: &Target) -> bool {
    session.repository_id.as_deref().is_some_and(|id| id.eq_ignore_ascii_case(&target.address.id))
}

fn is_synchronizing(session: &Session) -> bool {
    session.state.as_deref() == Some("Synchronizing")
}

fn job(target: &Target, session: &Session, known: &[String]) -> Job {
    let facts = Facts::default().with(KNOWN, serde_json::json!(known));
    Job { target: target.clone(), ids: session.id.clone().into_iter().collect(), facts }
}

/// The session that was started since the baseline. The server lists sessions after their end too.
fn search(target: &Target, baseline: &Baseline, sessions: &[Session]) -> Search {
    let known: Vec<String> = baseline.facts.get(KNOWN).unwrap_or_default();
    let new = |session: &Session| session.id.as_ref().is_some_and(|id| !known.contains(id));
    let mine = || sessions.iter().filter(|session| belongs(session, target));
    match mine().find(|session| is_synchronizing(session) || new(session)) {
        Some(session) => Search::Found(job(target, session, &known)),
        None if mine().any(|session| session.id.is_none()) => {
            Search::cannot_tell("the server lists a session of the repository without an id, so its age is not known")
        }
        None => Search::Absent,
    }
}

fn baseline(target: &Target, repository: Option<&Repository>, sessions: &[Session]) -> Baseline {
    let Some(repository) = repository else {
        let reason = format!("it has vanished: the server has no repository with the id {}", target.address.id);
        return Baseline { readiness: Readiness::Skip { reason }, facts: Facts::default() };
    };
    let mine: Vec<&Session> = sessions.iter().filter(|session| belongs(session, target)).collect();
    let known: Vec<String> = mine.iter().filter_map(|session| session.id.clone()).collect();
    let facts = Facts::default()
        .with(OUT_OF_SYNC, repository.out_of_sync.map(Into::into))
        .with(KNOWN, serde_json::json!(known));
    let running = mine.iter().find(|session| is_synchronizing(session));
    let readiness = match (running, &repository.in_the_way, repository.out_of_sync) {
        (Some(session), ..) => Readiness::running(job(target, session, &known)),
        (None, Some(in_the_way), _) => stopped_by(in_the_way),
        (None, None, Some(false)) => {
            let reason = "the server says that the repository is in sync (isOutOfSync is false)".to_owned();
            Readiness::Needless { reason }
        }
        (None, None, _) => Readiness::Ready,
    };
    Baseline { readiness, facts }
}

/// Somebody has to do something about the repository before it can be synchronized.
fn stopped_by(in_the_way: &InTheWay) -> Readiness {
    let skip = |reason: &str| Readiness::Skip { reason: reason.to_owned() };
    match in_the_way {
        InTheWay::MigrationLock => skip("the repository is locked after a migration (isMigrationLocked)"),
        InTheWay::Outdated => skip("the repository needs an upgrade first (isOutdated)"),
        InTheWay::OutOfOrder(reason) => {
            let why = reason.as_deref().filter(|why| !why.trim().is_empty()).unwrap_or("the server gives no reason");
            Readiness::Broken { reason: format!("the repository is in an invalid state (isOutOfOrder): {why}") }
        }
    }
}

fn observation(session: &Session) -> Observation {
    let phase = match session.state.as_deref() {
        Some("Synchronizing") => Phase::Running,
        Some("Failed") => {
            let why =
                session.error.clone().unwrap_or_else(|| "the session failed; the server gives no reason".to_owned());
            Phase::Ended(Ending::Failed(why))
        }
        // Not running. Whether it has done anything is for the repository to say.
        Some("None") => Phase::Ended(Ending::Claimed),
        _ => Phase::Unclear,
    };
    let state = session.state.clone().unwrap_or_else(|| "no state given".to_owned());
    #[expect(clippy::cast_precision_loss, reason = "a percentage fits")]
    let percent = session.percent.map(|percent| percent as f64);
    Observation { phase, percent, state, facts: Facts::default() }
}

fn gone() -> Observation {
    Observation { phase: Phase::Gone, percent: None, state: "session gone".to_owned(), facts: Facts::default() }
}

fn unreadable() -> Observation {
    let state = "session cannot be read".to_owned();
    Observation { phase: Phase::Unclear, percent: None, state, facts: Facts::default() }
}

/// The vendor's rule for "finished".
fn verdict(claim: &Claim<'_>, repository: Option<&Repository>) -> Verdict {
    let before: Option<bool> = claim.baseline.facts.get(OUT_OF_SYNC);
    let Some(repository) = repository else {
        let gone = "the server does not list the repository any more, so nothing can be proven".to_owned();
        return Verdict::NotYet { why: gone.clone(), otherwise: Outcome::Unknown { why: gone } };
    };
    let last = &claim.last.state;
    match (before, repository.out_of_sync) {
        (Some(true), Some(false)) => {
            let facts = Facts::default()
                .with("isOutOfSyncBefore", serde_json::Value::from(true))
                .with("isOutOfSyncAfter", serde_json::Value::from(false))
                .with("sessionState", serde_json::Value::from(last.clone()));
            Verdict::proven("isOutOfSync went from true to false", facts)
        }
        (before, Some(false)) => {
            let then = if before.is_some() { "it was in sync before" } else { "its state before is not known" };
            let why =
                format!("the session ended and the repository is in sync, but {then}, so the effect cannot be proven");
            Verdict::Decided(Outcome::Unknown { why })
        }
        (_, Some(true)) => Verdict::NotYet {
            why: "the session ended, but the repository is still out of sync".to_owned(),
            otherwise: Outcome::Failed {
                reason: format!(
                    "the session ended ({last}), but the repository is still out of sync: it was stopped or had no effect"
                ),
            },
        },
        (_, None) => Verdict::NotYet {
            why: "the server does not say whether the repository is in sync".to_owned(),
            otherwise: Outcome::Unknown {
                why: format!(
                    "the session ended ({last}), but the server does not say whether the repository is in sync"
                ),
            },
        },
    }
}

impl Provider for Vb365 {
    fn endpoint(&self) -> &str {
        &self.name
    }

    fn vendor(&self) -> &'static str {
        "veeam-vb365"
    }

    fn notices(&self) -> Option<&Notices> {
        Some(self.connection.notices())
    }

    fn break_off(&self) {
        self.connection.break_off();
    }

    fn go_on(&self) {
        self.connection.go_on();
    }

    #[cfg(feature = "full")]
    fn jobs(&self, kind: &str) -> Option<Arc<dyn Provider>> {
        self.watch_named(kind)
    }

    fn targets(&self) -> BoxFuture<'_, Result<Vec<Target>, Error>> {
        Box::pin(async {
            Ok(self.api.repositories().await?.iter().map(|repository| self.target(repository)).collect())
        })
    }

    fn baseline<'a>(&'a self, targets: &'a [Target]) -> BoxFuture<'a, Result<Vec<Baseline>, Error>> {
        Box::pin(self.read_baselines(targets))
    }

    fn trigger<'a>(&'a self, target: &'a Target, before: &'a Baseline) -> BoxFuture<'a, Result<Job, Error>> {
        Box::pin(async {
            let known: Vec<String> = before.facts.get(KNOWN).unwrap_or_default();
            Ok(job(target, &self.api.start(&target.address.id).await?, &known))
        })
    }

    fn find_running<'a>(
        &'a self,
        target: &'a Target,
        baseline: &'a Baseline,
        _: Timestamp,
    ) -> BoxFuture<'a, Result<Search, Error>> {
        Box::pin(self.find(target, baseline))
    }

    fn observe<'a>(&'a self, jobs: &'a [&'a Job]) -> BoxFuture<'a, Result<Vec<Observation>, Error>> {
        Box::pin(self.look(jobs))
    }

    fn verify<'a>(&'a self, claims: &'a [Claim<'a>]) -> BoxFuture<'a, Result<Vec<Verdict>, Error>> {
        Box::pin(self.prove(claims))
    }

    fn stop<'a>(&'a self, job: &'a Job) -> BoxFuture<'a, Result<bool, Error>> {
        Box::pin(async {
            match job.ids.first() {
                Some(id) => self.api.stop(id).await.map(|()| true),
                None => Ok(false),
            }
        })
    }

    fn close(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(self.connection.close())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target() -> Target {
        let address = Address { endpoint: "m365".into(), kind: KIND.into(), id: "R-1".into() };
        Target { address, name: "Archive".into(), facts: Facts::default() }
    }

    fn session(state: Option<&str>) -> Session {
        Session {
            id: Some("s".into()),
            repository_id: Some("r-1".into()),
            state: state.map(Into::into),
            percent: None,
            error: None,
        }
    }

    fn repository(out_of_sync: Option<bool>) -> Repository {
        Repository { id: "R-1".into(), name: None, out_of_sync, in_the_way: None }
    }

    #[test]
    fn a_session_since_the_baseline_is_found_also_after_its_end() {
        let before =
            Baseline { readiness: Readiness::Ready, facts: Facts::default().with(KNOWN, serde_json::json!(["old"])) };
        let with = |id: Option<&str>, state: &str| Session { id: id.map(Into::into), ..session(Some(state)) };
        let found = |sessions: &[Session]| search(&target(), &before, sessions);
        assert_eq!(found(&[]), Search::Absent);
        assert_eq!(found(&[with(Some("old"), "None")]), Search::Absent);
        for state in ["Synchronizing", "None", "Failed"] {
            assert!(matches!(found(&[with(Some("new"), state)]), Search::Found(job) if job.ids == ["new"]), "{state}");
        }
        assert!(matches!(found(&[with(None, "Synchronizing")]), Search::Found(_)));
        assert!(matches!(found(&[with(None, "None")]), Search::CannotTell { .. }), "it may be old or new");
        let others = Session { repository_id: Some("R-2".into()), ..with(Some("new"), "None") };
        assert_eq!(found(&[others]), Search::Absent);
    }

    #[test]
    fn the_repository_before_and_after_decides() {
        let judged = |before: Option<bool>, after: Option<Option<bool>>| {
            let facts = Facts::default().with(OUT_OF_SYNC, before.map(Into::into));
            let baseline = Baseline { readiness: Readiness::Ready, facts };
            let last = observation(&session(Some("None")));
            let job = job(&target(), &session(None), &[]);
            let found = after.map(repository);
            match verdict(&Claim { job: &job, baseline: &baseline, last: &last }, found.as_ref()) {
                Verdict::Decided(outcome) => ("decided", outcome.word()),
                Verdict::NotYet { otherwise, .. } => ("not yet", otherwise.word()),
                Verdict::Running => ("running", ""),
            }
        };
        assert_eq!(judged(Some(true), Some(Some(false))), ("decided", "succeeded"));
        assert_eq!(
            judged(Some(false), Some(Some(false))),
            ("decided", "unknown"),
            "in sync before: no effect can be shown"
        );
        assert_eq!(judged(None, Some(Some(false))), ("decided", "unknown"));
        assert_eq!(judged(Some(true), Some(Some(true))), ("not yet", "failed"), "ended without effect, or stopped");
        assert_eq!(judged(Some(true), Some(None)), ("not yet", "unknown"));
        assert_eq!(judged(Some(true), None), ("not yet", "unknown"), "one list without it proves nothing");
    }

    #[test]
    fn states_of_a_session_prove_no_success() {
        let phase = |state: Option<&str>| observation(&session(state)).phase;
        assert_eq!(phase(Some("Synchronizing")), Phase::Running);
        assert!(matches!(phase(Some("Failed")), Phase::Ended(Ending::Failed(_))));
        assert_eq!(phase(Some("None")), Phase::Ended(Ending::Claimed));
        assert_eq!(phase(None), Phase::Unclear, "no state is not the word None");
        assert_eq!(phase(Some("Completed")), Phase::Unclear, "a word that nobody documented");
    }

    #[test]
    fn readiness_follows_running_sessions_and_the_repository() {
        let ready =
            |out_of_sync, sessions: &[Session]| baseline(&target(), Some(&repository(out_of_sync)), sessions).readiness;
        assert_eq!(ready(Some(true), &[session(Some("None"))]), Readiness::Ready);
        assert_eq!(ready(None, &[]), Readiness::Ready);
        assert!(matches!(ready(Some(false), &[]), Readiness::Needless { .. }));
        // Ids are compared without regard to case, as the server's own pages mix it.
        assert!(matches!(ready(Some(false), &[session(Some("Synchronizing"))]), Readiness::Running { .. }));
        let vanished = baseline(&target(), None, &[]).readiness;
        assert!(matches!(&vanished, Readiness::Skip { reason } if reason.contains("it has vanished")), "{vanished:?}");
    }

    #[test]
    fn a_v8_repository_that_says_what_is_in_the_way_is_not_started() {
        let ready = |member: &str, sessions: &[Session]| {
            let told =
                serde_json::json!({ "id": "R-1", "isOutOfSync": true, member: true, "outOfOrderReason": "no disk" });
            let told: crate::v8::types::RestBackupRepository = serde_json::from_value(told).expect("a repository");
            baseline(&target(), Some(&told.into()), sessions).readiness
        };
        let skipped =
            |member: &str| matches!(ready(member, &[]), Readiness::Skip { reason } if reason.contains(member));
        assert!(skipped("isMigrationLocked") && skipped("isOutdated"));
        let broken = ready("isOutOfOrder", &[]);
        assert!(matches!(&broken, Readiness::Broken { reason } if reason.ends_with("no disk")), "{broken:?}");
        assert_eq!(ready("isIndexed", &[]), Readiness::Ready);
        let running = ready("isMigrationLocked", &[session(Some("Synchronizing"))]);
        assert!(matches!(running, Readiness::Running { .. }), "what runs is watched");
    }
}

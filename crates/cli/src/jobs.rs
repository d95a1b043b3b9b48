//! Jobs that are named on the command line as ENDPOINT/KIND/ID: long operations that run already, whoever started them.

use std::collections::BTreeMap;
use std::sync::Arc;

use backup_sync::engine::{Address, Facts, Provider, Selector, Target};

use crate::config::File;
use crate::endpoints::{self, Chosen};
use crate::estate::Estate;
use crate::exit::Failure;
use crate::selection::Selection;
use crate::tables;

/// Jobs with the connections over which they are watched.
pub struct Named {
    /// The jobs of each kind at each endpoint.
    pub chosen: Chosen,
    sessions: Vec<(Arc<dyn Provider>, ())>,
}

impl Named {
    /// Logs out everywhere.
    pub async fn close(self) {
        endpoints::close_all(&self.sessions).await;
    }
}

/// Whether an endpoint has jobs of the kind that is selected.
fn means_jobs(selector: &Selector, file: &File) -> bool {
    let mut meant = file.endpoints.iter().filter(|(name, _)| selector.matches_endpoint(name));
    meant.any(|(_, endpoint)| tables::job_kinds(endpoint).contains(selector.kind()))
}

/// The selectors, if they mean jobs and no targets.
pub fn meant<'a>(selection: &'a Selection, file: &File) -> Result<Option<&'a [Selector]>, Failure> {
    let (jobs, targets): (Vec<&Selector>, Vec<&Selector>) =
        selection.targets.iter().partition(|selector| means_jobs(selector, file));
    match (jobs.first(), targets.first()) {
        (None, _) => Ok(None),
        (Some(job), Some(target)) => Err(Failure::usage(format!(
            "{job} is a job of the vendor and {target} a target: name them in two calls, because only what happens to \
             targets is written into the journal"
        ))),
        (Some(job), None) if !selection.labels.is_empty() => Err(Failure::usage(format!(
            "{job} is a job of the vendor, and only targets have labels: leave --label out"
        ))),
        (Some(_), None) => Ok(Some(&selection.targets)),
    }
}

/// Connects to the endpoints of these jobs. A pattern means those that are at work now.
pub async fn open(estate: &Estate, selectors: &[Selector]) -> Result<Named, Failure> {
    let file = &estate.file;
    let wanted = file.endpoints.iter().filter(|(name, _)| selectors.iter().any(|one| one.matches_endpoint(name)));
    let prepared = estate.prepare_each(wanted)?;
    let sessions: Vec<_> =
        endpoints::reach(&prepared).await?.all().await?.into_iter().map(|session| (session, ())).collect();
    let mut named = Named { chosen: Vec::new(), sessions };
    match choose(&named.sessions, selectors, file).await {
        Ok(chosen) => {
            named.chosen = chosen;
            Ok(named)
        }
        Err(failure) => {
            named.close().await;
            Err(failure)
        }
    }
}

async fn choose(sessions: &[(Arc<dyn Provider>, ())], selectors: &[Selector], file: &File) -> Result<Chosen, Failure> {
    let mut chosen = Chosen::new();
    for (session, ()) in sessions {
        let name = session.endpoint();
        let mut of_kind: BTreeMap<&str, Vec<&Selector>> = BTreeMap::new();
        for selector in selectors.iter().filter(|selector| selector.matches_endpoint(name)) {
            of_kind.entry(selector.kind()).or_default().push(selector);
        }
        for (kind, selectors) in of_kind {
            let known = file.endpoints.get(name).map(tables::job_kinds).unwrap_or_default();
            // A pattern for endpoints may mean some that have no such jobs.
            if !known.contains(kind) {
                continue;
            }
            let jobs = session.jobs(kind).ok_or_else(|| {
                Failure::usage(format!("the version that endpoint {name} serves has no jobs of the kind {kind}"))
            })?;
            let targets = targets(&*jobs, kind, &selectors).await?;
            if !targets.is_empty() {
                chosen.push((jobs, targets));
            }
        }
    }
    Ok(chosen)
}

/// The jobs of one kind at one endpoint, each once.
async fn targets(jobs: &dyn Provider, kind: &str, selectors: &[&Selector]) -> Result<Vec<Target>, Failure> {
    let named = selectors.iter().filter(|selector| !selector.is_pattern()).map(|selector| selector.item().to_owned());
    let target = |id: String| {
        let address = Address { endpoint: jobs.endpoint().to_owned(), kind: kind.to_owned(), id: id.clone() };
        Target { address, name: id, facts: Facts::default() }
    };
    let mut targets: Vec<Target> = named.map(target).collect();
    let patterns: Vec<&&Selector> = selectors.iter().filter(|selector| selector.is_pattern()).collect();
    if !patterns.is_empty() {
        let listed = crate::signals::until_asked_to_end(jobs.targets()).await.ok_or(Failure::BrokenOff)?;
        let listed = listed.map_err(|error| Failure::Endpoints(vec![(jobs.endpoint().to_owned(), error)]))?;
        let means = |target: &Target| patterns.iter().any(|selector| selector.matches(&target.address, &target.name));
        targets.extend(listed.into_iter().filter(means));
    }
    let mut seen = std::collections::HashSet::new();
    targets.retain(|target| seen.insert(target.address.clone()));
    Ok(targets)
}

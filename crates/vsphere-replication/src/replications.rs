//! Reading replications and tasks for the engine, with as few requests as their number allows.
//!
//! A page holds a hundred of a list, a filter names forty. So a few are asked for by their ids, many by walking the list;
//! what a filter does not give is looked for in the list, because no page says whether filters are exact.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use backup_sync_engine::{Past, Stage, Target};
use backup_sync_runtime::{Error, call};

use crate::inventory::{self, IDS_AT_ONCE, PAGE};
use crate::provider::{PAIRING, SOURCE};
use crate::v2::Client;
use crate::v2::open::TaskStatus;
use crate::v2::types::{MetadataList, ReplicationInfo, Task};

/// A pairing, and the vCenter that its replications leave.
type Place = (String, Option<String>);

/// What earlier readings have shown of an appliance.
#[derive(Debug, Default)]
pub(crate) struct Readings {
    /// How many replications each place had when it was walked last.
    sizes: Mutex<HashMap<Place, usize>>,
    /// Ids of all replications that were ever seen.
    ids: Mutex<HashSet<String>>,
    /// Tasks of this run's jobs, with their replications: a task need not name its own.
    own: Mutex<HashMap<String, String>>,
    /// Tasks that have ended, or that the appliance has forgotten: neither changes any more.
    ended: Mutex<HashMap<String, Option<Arc<Task>>>>,
    /// The appliance does not filter.
    unfiltered: AtomicBool,
    /// How many requests were sent since that was asked last.
    cost: AtomicUsize,
}

/// Replications, and what the appliance could not tell.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) replications: HashMap<String, ReplicationInfo>,
    /// Why the answer is partial: the remote site is dark or not logged in to.
    pub(crate) partial: Option<String>,
}

impl Readings {
    /// Whether there is such a replication.
    pub(crate) fn knows(&self, id: &str) -> bool {
        lock(&self.ids).contains(id)
    }

    /// Notes what an earlier process has left.
    pub(crate) fn remember(&self, pasts: &[&Past]) {
        lock(&self.ids).extend(pasts.iter().map(|past| past.target.address.id.clone()));
        for past in pasts {
            match &past.stage {
                Stage::Planned | Stage::Intended { .. } => {}
                Stage::Started { job, .. } => self.owned(&job.ids, &past.target),
                Stage::Ended(report) => self.owned(&report.job, &past.target),
            }
        }
    }

    /// Notes that these tasks are about this replication.
    pub(crate) fn owned(&self, tasks: &[String], target: &Target) {
        lock(&self.own).extend(tasks.iter().map(|task| (task.clone(), target.address.id.clone())));
    }

    /// The newest tasks. Those of this run's jobs name their replications, whatever the appliance says.
    pub(crate) async fn newest_tasks(&self, client: &Client) -> Result<Vec<Task>, Error> {
        let mut tasks = inventory::newest_tasks(client).await?;
        let own = lock(&self.own);
        for task in &mut tasks {
            if let Some(replication) = own.get(&task.id) {
                task.entity = Some(replication.clone());
            }
        }
        Ok(tasks)
    }

    /// Notes what a walk has shown.
    pub(crate) fn walked<'r>(&self, place: Place, replications: impl ExactSizeIterator<Item = &'r ReplicationInfo>) {
        lock(&self.sizes).insert(place, replications.len());
        self.saw(replications);
    }

    fn saw<'r>(&self, replications: impl Iterator<Item = &'r ReplicationInfo>) {
        lock(&self.ids).extend(replications.map(|replication| replication.id.clone()));
    }

    /// The replications of these targets.
    pub(crate) async fn of<'t>(
        &self,
        client: &Client,
        targets: impl Iterator<Item = &'t Target>,
    ) -> Result<Found, Error> {
        let mut places: BTreeMap<Place, BTreeSet<&str>> = BTreeMap::new();
        for target in targets {
            if let Some(pairing) = target.facts.get(PAIRING) {
                places.entry((pairing, target.facts.get(SOURCE))).or_default().insert(&target.address.id);
            }
        }
        let mut found = Found::default();
        for (place, ids) in places {
            if !self.is_worth_filtering(&place, ids.len()) || !self.filtered(client, &place, &ids, &mut found).await? {
                self.walk(client, place, &mut found).await?;
            }
        }
        Ok(found)
    }

    fn is_worth_filtering(&self, place: &Place, count: usize) -> bool {
        let size = lock(&self.sizes).get(place).copied();
        let filters = count.div_ceil(IDS_AT_ONCE);
        let pages = size.map_or(usize::MAX, |size| size.div_ceil(PAGE));
        filters < pages.max(2) && !self.unfiltered.load(Ordering::Relaxed)
    }

    /// Asks for these alone. `false`: not all of them came, so the list has to be walked.
    async fn filtered(
        &self,
        client: &Client,
        (pairing, source): &Place,
        ids: &BTreeSet<&str>,
        found: &mut Found,
    ) -> Result<bool, Error> {
        let ids: Vec<&str> = ids.iter().copied().collect();
        for chunk in ids.chunks(IDS_AT_ONCE) {
            let filter: Vec<String> = chunk.iter().map(|id| (*id).to_owned()).collect();
            let list = client.get_all_replications().pairing_id(pairing.as_str()).extended_info(true);
            let list = list.filter_property("id").filter(filter).limit(PAGE.to_string()).offset("0");
            let list = match source {
                Some(source) => list.source_vc_guid(source.as_str()),
                None => list,
            };
            self.cost.fetch_add(1, Ordering::Relaxed);
            let answer = match call("getAllReplications", list.send()).await {
                Ok(answer) => answer.into_inner(),
                // Whether this property can be filtered by is not documented.
                Err(error) if error.status() == Some(400) => {
                    self.unfiltered.store(true, Ordering::Relaxed);
                    return Ok(false);
                }
                Err(error) => return Err(error),
            };
            found.partial(answer.meta.as_ref());
            let listed = answer.list.unwrap_or_default();
            if listed.iter().any(|replication| !chunk.contains(&replication.id.as_str())) {
                self.unfiltered.store(true, Ordering::Relaxed);
            }
            self.saw(listed.iter());
            found.add(listed);
        }
        Ok(ids.iter().all(|id| found.replications.contains_key(*id)))
    }

    async fn walk(&self, client: &Client, place: Place, found: &mut Found) -> Result<(), Error> {
        let partial = Mutex::new(None);
        let told = |meta: Option<&MetadataList>| {
            self.cost.fetch_add(1, Ordering::Relaxed);
            if let Some(message) = inventory::missing(meta) {
                *lock(&partial) = Some(message);
            }
        };
        let listed = inventory::replications_told(client, &place.0, place.1.as_deref(), told).all().await?;
        self.walked(place, listed.iter());
        found.add(listed);
        found.partial = found.partial.take().or(partial.into_inner().unwrap_or_else(PoisonError::into_inner));
        Ok(())
    }

    /// The tasks with these ids. Those that have ended are not asked for again.
    pub(crate) async fn tasks(
        &self,
        client: &Client,
        ids: &[&String],
    ) -> Result<HashMap<String, Option<Arc<Task>>>, Error> {
        let mut found = {
            let mut ended = lock(&self.ended);
            let wanted: HashSet<&String> = ids.iter().copied().collect();
            ended.retain(|id, _| wanted.contains(id));
            ended.clone()
        };
        let open: Vec<&String> = ids.iter().copied().filter(|id| !found.contains_key(*id)).collect();
        let asked = inventory::tasks(client, &open).await?;
        self.cost.fetch_add(asked.cost, Ordering::Relaxed);
        let told = asked.found.into_iter().map(|(id, task)| (id, Some(Arc::new(task))));
        let told: Vec<_> = told.chain(asked.gone.into_iter().map(|id| (id, None))).collect();
        let over = told.iter().filter(|(_, task)| task.as_ref().is_none_or(|task| is_over(task)));
        lock(&self.ended).extend(over.cloned());
        found.extend(told);
        Ok(found)
    }

    /// How many requests the readings took since this was asked last.
    pub(crate) fn take_cost(&self) -> usize {
        self.cost.swap(0, Ordering::Relaxed)
    }
}

fn is_over(task: &Task) -> bool {
    matches!(task.status, Some(TaskStatus::Success | TaskStatus::Error | TaskStatus::Cancelled))
}

impl Found {
    fn add(&mut self, listed: Vec<ReplicationInfo>) {
        self.replications.extend(listed.into_iter().map(|replication| (replication.id.clone(), replication)));
    }

    fn partial(&mut self, meta: Option<&MetadataList>) {
        self.partial = self.partial.take().or_else(|| inventory::missing(meta));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

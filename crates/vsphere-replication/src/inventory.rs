//! Pairings, replications and tasks, read completely and in as few requests as the appliance allows.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use backup_sync_runtime::page::{Cursor, Page, Pager};
use backup_sync_runtime::{Error, Kind, call};

use crate::v2::Client;
use crate::v2::types::{MetadataList, Pairing, ReplicationInfo, Task, TaskDrResponseEntity};

/// Page size asked for.
pub(crate) const PAGE: usize = 100;
/// So many task ids are asked for in one request; more would make the URL too long.
pub(crate) const IDS_AT_ONCE: usize = 40;

fn page<T>(items: Option<Vec<T>>, meta: Option<&MetadataList>) -> Page<T> {
    let total = meta.and_then(|meta| meta.total);
    let links = meta.and_then(|meta| meta.links.as_ref());
    let next = links.and_then(|links| Cursor::of_link(links.next.as_ref()?.href.as_deref()?, "offset", "set"));
    // A total that is told decides; links may be left out.
    let more = if total.is_some() { None } else { links.map(|links| links.next.is_some()) };
    Page::new(items.unwrap_or_default()).total(total).more(more).next(next)
}

/// What the appliance could not tell, because the remote site is dark or not logged in to.
pub(crate) fn missing(meta: Option<&MetadataList>) -> Option<String> {
    let first = meta.and_then(|meta| meta.errors.as_deref()).and_then(<[_]>::first)?;
    Some(first.message.clone().unwrap_or_else(|| "the appliance gives no reason".to_owned()))
}

/// Warns of a partial answer.
fn warn_partial(operation: &'static str, meta: Option<&MetadataList>) {
    if let Some(message) = missing(meta) {
        tracing::warn!(operation, message, "the answer is partial");
    }
}

/// All pairings. Before the remote logins the answer is partial by nature, and nobody needs to be `told`.
pub(crate) fn pairings(client: &Client, told: bool) -> Pager<'_, Pairing> {
    let pager = Pager::new(PAGE, move |cursor| async move {
        let list = client.get_vr_pairings().sort_by("pairing_id").limit(PAGE.to_string());
        let list = list.offset(cursor.offset.to_string());
        let answer = call("getVrPairings", list.send()).await?.into_inner();
        if told {
            warn_partial("getVrPairings", answer.meta.as_ref());
        }
        Ok(page(answer.list, answer.meta.as_ref()))
    });
    pager.unique(|pairing| pairing.pairing_id.clone())
}

/// All replications of a pairing, or those that leave the vCenter `source`.
pub(crate) fn replications<'a>(
    client: &'a Client,
    pairing: &'a str,
    source: Option<&'a str>,
) -> Pager<'a, ReplicationInfo> {
    replications_told(client, pairing, source, |meta| warn_partial("getAllReplications", meta))
}

/// The same; what each page says beside its items is `told`.
pub(crate) fn replications_told<'a>(
    client: &'a Client,
    pairing: &'a str,
    source: Option<&'a str>,
    told: impl Fn(Option<&MetadataList>) + Send + Sync + 'a,
) -> Pager<'a, ReplicationInfo> {
    let told = Arc::new(told);
    let pager = Pager::new(PAGE, move |cursor| {
        let told = told.clone();
        async move {
            let list = client.get_all_replications().pairing_id(pairing).extended_info(true);
            let list = list.sort_by("id").order_by("asc").limit(PAGE.to_string()).offset(cursor.offset.to_string());
            let list = match source {
                Some(source) => list.source_vc_guid(source),
                None => list,
            };
            let answer = call("getAllReplications", list.send()).await?.into_inner();
            told(answer.meta.as_ref());
            Ok(page(answer.list, answer.meta.as_ref()))
        }
    });
    pager.unique(|replication| replication.id.clone())
}

/// Tasks that were asked for.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    /// What the appliance told.
    pub(crate) found: HashMap<String, Task>,
    /// What it no longer knows.
    pub(crate) gone: Vec<String>,
    /// How many requests that took.
    pub(crate) cost: usize,
}

/// The tasks with these ids: many from the list of the newest, some by a filter, and single requests for those that
/// neither holds.
pub(crate) async fn tasks(client: &Client, ids: &[&String]) -> Result<Asked, Error> {
    let mut asked = Asked::default();
    if ids.len() > 2 * IDS_AT_ONCE {
        asked.newest(client, ids).await?;
    }
    let left: Vec<&String> = ids.iter().copied().filter(|id| !asked.found.contains_key(*id)).collect();
    for chunk in left.chunks(IDS_AT_ONCE) {
        let filter: Vec<String> = chunk.iter().map(|id| (*id).clone()).collect();
        let list =
            client.get_recent_tasks_info().filter_property("id").filter(filter).limit(PAGE.to_string()).offset("0");
        asked.cost += 1;
        let answer = call("getRecentTasksInfo", list.send()).await?.into_inner();
        // Whether the filter is exact, a substring match or ignored is not documented.
        let mine = answer.list.unwrap_or_default().into_iter().filter(|task| chunk.contains(&&task.id));
        asked.found.extend(mine.map(|task| (task.id.clone(), task)));
    }
    for id in left {
        if !asked.found.contains_key(id) {
            asked.cost += 1;
            match call("getTaskInfo", client.get_task_info().task_id(id).send()).await {
                Ok(answer) => drop(asked.found.insert(id.clone(), answer.into_inner().into())),
                Err(error) if error.kind() == Kind::NotFound => asked.gone.push(id.clone()),
                // One task that cannot be read must not hide all others.
                Err(error) if error.is_about_item() => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(asked)
}

impl Asked {
    /// Walks the newest tasks as far as these ids can reach.
    async fn newest(&mut self, client: &Client, ids: &[&String]) -> Result<(), Error> {
        let wanted: HashSet<&String> = ids.iter().copied().collect();
        let mut offset = 0;
        // The list shifts while it is read, and holds tasks of others.
        for _ in 0..=ids.len().div_ceil(PAGE) {
            self.cost += 1;
            let listed = newest_tasks_from(client, offset).await?;
            offset += listed.len();
            let end = listed.len() < PAGE;
            self.found.extend(
                listed.into_iter().filter(|task| wanted.contains(&task.id)).map(|task| (task.id.clone(), task)),
            );
            if end || self.found.len() == wanted.len() {
                break;
            }
        }
        Ok(())
    }
}

/// The newest tasks.
pub(crate) async fn newest_tasks(client: &Client) -> Result<Vec<Task>, Error> {
    newest_tasks_from(client, 0).await
}

async fn newest_tasks_from(client: &Client, offset: usize) -> Result<Vec<Task>, Error> {
    let list = client.get_recent_tasks_info().sort_by("queued_time").order_by("desc");
    let list = list.limit(PAGE.to_string()).offset(offset.to_string());
    Ok(call("getRecentTasksInfo", list.send()).await?.into_inner().list.unwrap_or_default())
}

impl From<TaskDrResponseEntity> for Task {
    /// The task without what belongs to the single answer.
    fn from(entity: TaskDrResponseEntity) -> Self {
        Self {
            complete_time: entity.complete_time,
            description: entity.description,
            description_id: entity.description_id,
            entity: entity.entity,
            entity_name: entity.entity_name,
            error: entity.error,
            id: entity.id,
            progress: entity.progress,
            queued_time: entity.queued_time,
            result: entity.result,
            start_time: entity.start_time,
            status: entity.status,
        }
    }
}

//! Pairings, replications and tasks, read completely and in as few requests as the appliance allows.

use std::collections::HashMap;

use backup_sync_runtime::page::{Cursor, Page, Pager};
use backup_sync_runtime::{Error, call};

use crate::v2::Client;
use crate::v2::types::{MetadataList, Pairing, ReplicationInfo, Task, TaskDrResponseEntity};

/// Page size asked for.
pub(crate) const PAGE: usize = 100;
/// So many task ids are asked for in one request; more would make the URL too long.
const IDS_AT_ONCE: usize = 40;

fn page<T>(items: Option<Vec<T>>, meta: Option<&MetadataList>) -> Page<T> {
    let total = meta.and_then(|meta| meta.total);
    let links = meta.and_then(|meta| meta.links.as_ref());
    let next = links.and_then(|links| Cursor::of_link(links.next.as_ref()?.href.as_deref()?, "offset", "set"));
    // A total that is told decides; links may be left out.
    let more = if total.is_some() { None } else { links.map(|links| links.next.is_some()) };
    Page::new(items.unwrap_or_default()).total(total).more(more).next(next)
}

/// Warns of what the appliance could not tell, because the remote site is dark or not logged in to.
fn partial(operation: &'static str, meta: Option<&MetadataList>) {
    let errors = meta.and_then(|meta| meta.errors.as_deref()).unwrap_or_default();
    if let Some(first) = errors.first() {
        let message = first.message.as_deref().unwrap_or("no message");
        tracing::warn!(operation, count = errors.len(), message, "the answer is partial");
    }
}

/// All pairings. Before the remote logins the answer is partial by nature, and nobody needs to be `told`.
pub(crate) fn pairings(client: &Client, told: bool) -> Pager<'_, Pairing> {
    let pager = Pager::new(PAGE, move |cursor| async move {
        let list = client.get_vr_pairings().sort_by("pairing_id").limit(PAGE.to_string());
        let list = list.offset(cursor.offset.to_string());
        let answer = call("getVrPairings", list.send()).await?.into_inner();
        if told {
            partial("getVrPairings", answer.meta.as_ref());
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
    let pager = Pager::new(PAGE, move |cursor| async move {
        let list = client.get_all_replications().pairing_id(pairing).extended_info(true);
        let list = list.sort_by("id").order_by("asc").limit(PAGE.to_string()).offset(cursor.offset.to_string());
        let list = match source {
            Some(source) => list.source_vc_guid(source),
            None => list,
        };
        let answer = call("getAllReplications", list.send()).await?.into_inner();
        partial("getAllReplications", answer.meta.as_ref());
        Ok(page(answer.list, answer.meta.as_ref()))
    });
    pager.unique(|replication| replication.id.clone())
}

/// The tasks with these ids: a list for many at a time, then single requests for those that it does not hold.
pub(crate) async fn tasks(client: &Client, ids: &[&String]) -> Result<HashMap<String, Task>, Error> {
    let mut found: HashMap<String, Task> = HashMap::new();
    for chunk in ids.chunks(IDS_AT_ONCE) {
        let filter: Vec<String> = chunk.iter().map(|id| (*id).clone()).collect();
        let list =
            client.get_recent_tasks_info().filter_property("id").filter(filter).limit(PAGE.to_string()).offset("0");
        let answer = call("getRecentTasksInfo", list.send()).await?.into_inner();
        // Whether the filter is exact, a substring match or ignored is not documented.
        let mine = answer.list.unwrap_or_default().into_iter().filter(|task| chunk.contains(&&task.id));
        found.extend(mine.map(|task| (task.id.clone(), task)));
    }
    for id in ids.iter().copied() {
        if !found.contains_key(id) {
            match call("getTaskInfo", client.get_task_info().task_id(id).send()).await {
                Ok(answer) => drop(found.insert(id.clone(), answer.into_inner().into())),
                // One task that cannot be read must not hide all others.
                Err(error) if error.is_about_item() => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(found)
}

/// The newest tasks.
pub(crate) async fn newest_tasks(client: &Client) -> Result<Vec<Task>, Error> {
    let list =
        client.get_recent_tasks_info().sort_by("queued_time").order_by("desc").limit(PAGE.to_string()).offset("0");
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

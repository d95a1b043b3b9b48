//! Changes of a repository's owner as the engine can wait for them; v8 only.

use std::sync::Arc;

use backup_sync_engine::{Claim, Ending, Facts, JobWatch, Jobs, Observation, Phase, Provider, Target, Verdict};
use backup_sync_runtime::page::{Cursor, Page, Pager};
use backup_sync_runtime::{BoxFuture, Connection, Error, Kind, call};
use serde_json::json;

use crate::api::Api;
use crate::provider::Vb365;
use crate::v8::Client;
use crate::v8::open::BackupRepositoryOwnerChangeSessionStatus as Status;
use crate::v8::types::RestBackupRepositoryOwnerChangeSession as Session;

/// The kind of their addresses.
const KIND: &str = "owner-change-session";
/// Page size asked for; the default of the server is 30.
const PAGE: i64 = 500;
/// So few sessions are read one by one rather than from the list.
const FEW: usize = 2;

/// The changes of owners at one server.
#[derive(Debug)]
struct OwnerChanges {
    name: String,
    api: Client,
    connection: Connection,
}

impl Vb365 {
    /// Changes of owners, as the engine takes them; see [`Vb365::watch`]. `None`: the server has none, because its version is
    /// not v8.
    pub fn watch_owner_changes(
        &self,
        sessions: impl IntoIterator<Item = Session>,
    ) -> Option<(Arc<dyn Provider>, Vec<Target>)> {
        let Api::V8(api) = &self.api else { return None };
        let ids = sessions.into_iter().filter_map(|session| Some((session.id?, String::new())));
        Some(JobWatch::started(self.owner_changes(api)).over(ids))
    }

    pub(crate) fn watch_owner_changes_named(&self, kind: &str, api: &Client) -> Option<Arc<dyn Provider>> {
        (kind == KIND).then(|| Arc::new(JobWatch::named(self.owner_changes(api))) as Arc<dyn Provider>)
    }

    fn owner_changes(&self, api: &Client) -> OwnerChanges {
        OwnerChanges { name: self.name.clone(), api: api.clone(), connection: self.connection.clone() }
    }
}

impl OwnerChanges {
    async fn all(&self) -> Result<Vec<Session>, Error> {
        let pager = Pager::new(usize::try_from(PAGE).unwrap_or(1), |cursor| async move {
            let list = self.api.repository_owner_change_session_list().limit(PAGE).offset(cursor.offset_i64());
            let page = call("RepositoryOwnerChangeSession_List", list.send()).await?.into_inner();
            let next = page.links.as_ref().and_then(|links| links.0.get("next"));
            let more = next.is_some().then_some(true);
            let next = next.and_then(|link| Cursor::of_link(link.href.as_deref()?, "offset", "setId"));
            Ok(Page::new(page.results).size(page.limit).more(more).next(next).set(page.set_id))
        });
        pager.all().await
    }

    async fn seen(&self, ids: &[&str]) -> Result<Vec<Observation>, Error> {
        let listed = if ids.len() > FEW { self.all().await? } else { Vec::new() };
        let mut seen = Vec::with_capacity(ids.len());
        for id in ids {
            let here = |session: &&Session| session.id.as_deref().is_some_and(|known| known.eq_ignore_ascii_case(id));
            if let Some(session) = listed.iter().find(here) {
                seen.push(observation(session));
                continue;
            }
            let read = self.api.repository_owner_change_session_get().session_id(*id);
            seen.push(match call("RepositoryOwnerChangeSession_Get", read.send()).await {
                Ok(answer) => observation(&answer.into_inner()),
                Err(error) if error.kind() == Kind::NotFound => {
                    Observation::unseen(Phase::Gone, "the server does not know the session any more")
                }
                Err(error) if error.is_about_item() => Observation::unseen(Phase::Unclear, "session cannot be read"),
                Err(error) => return Err(error),
            });
        }
        Ok(seen)
    }
}

fn observation(session: &Session) -> Observation {
    let phase = match &session.status {
        Some(Status::Waiting) => Phase::Waiting,
        Some(Status::Running) => Phase::Running,
        Some(Status::Succeeded) => Phase::Ended(Ending::Claimed),
        Some(Status::Failed) => {
            let why = session.details.as_deref().filter(|text| !text.trim().is_empty());
            let why = why.unwrap_or("the server gives no reason");
            Phase::Ended(Ending::Failed(format!("the change of owner failed: {why}")))
        }
        _ => Phase::Unclear,
    };
    let state = session.status.as_ref().map_or_else(|| "no status given".to_owned(), ToString::to_string);
    let facts = Facts::default()
        .with("repositoryIds", json!(session.repository_ids))
        .with("fromOwnerId", session.from_owner_id.as_ref().map(|id| json!(id)))
        .with("toOwnerId", session.to_owner_id.as_ref().map(|id| json!(id)))
        .with("details", session.details.as_ref().map(|details| json!(details)));
    Observation { phase, percent: None, state, facts }
}

impl Jobs for OwnerChanges {
    fn endpoint(&self) -> &str {
        &self.name
    }

    fn vendor(&self) -> &'static str {
        "veeam-vb365"
    }

    fn kind(&self) -> &'static str {
        KIND
    }

    fn connection(&self) -> &Connection {
        &self.connection
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<(String, String)>, Error>> {
        Box::pin(async {
            let at_work = |session: &Session| matches!(observation(session).phase, Phase::Waiting | Phase::Running);
            let all = self.all().await?.into_iter().filter(at_work);
            Ok(all.filter_map(|session| Some((session.id?, String::new()))).collect())
        })
    }

    fn look<'a>(&'a self, ids: &'a [&'a str]) -> BoxFuture<'a, Result<Vec<Observation>, Error>> {
        Box::pin(self.seen(ids))
    }

    fn judge<'a>(&'a self, claims: &'a [Claim<'a>]) -> BoxFuture<'a, Result<Vec<Verdict>, Error>> {
        let verdict =
            |claim: &Claim<'_>| Verdict::proven("the change of owner ended in Succeeded", claim.last.facts.clone());
        Box::pin(async move { Ok(claims.iter().map(verdict).collect()) })
    }

    fn stop<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<bool, Error>> {
        Box::pin(async move {
            let stop = self.api.repository_owner_change_session_stop().session_id(id);
            call("RepositoryOwnerChangeSession_Stop", stop.send()).await?;
            Ok(true)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_owner_has_a_word_for_success() {
        let phase = |status: Option<&str>| {
            let session = json!({"id": "o", "status": status, "repositoryIds": ["r"], "details": "busy"});
            observation(&serde_json::from_value(session).unwrap()).phase
        };
        assert_eq!(phase(Some("Waiting")), Phase::Waiting);
        assert_eq!(phase(Some("Running")), Phase::Running);
        assert_eq!(phase(Some("Succeeded")), Phase::Ended(Ending::Claimed));
        assert!(matches!(phase(Some("Failed")), Phase::Ended(Ending::Failed(why)) if why.ends_with("busy")));
        assert_eq!((phase(Some("Success")), phase(None)), (Phase::Unclear, Phase::Unclear));
    }
}

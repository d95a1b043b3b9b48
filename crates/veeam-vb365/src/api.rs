//! The operations of synchronization under one set of names for all versions of the API.

use backup_sync_runtime::page::{Cursor, Page, Pager};
use backup_sync_runtime::{Connection, Error, call};

use crate::config::Version;
use crate::{v5, v7, v8};

/// A backup repository, as far as synchronization is concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    /// Its id.
    pub id: String,
    /// Its display name.
    pub name: Option<String>,
    /// Whether cache and object storage differ.
    pub out_of_sync: Option<bool>,
    /// Why nothing can be written to it now, where the version tells that (v8).
    pub in_the_way: Option<InTheWay>,
}

/// What keeps a repository from being synchronized, by its own account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InTheWay {
    /// It is locked after a migration (`isMigrationLocked`).
    MigrationLock,
    /// It needs an upgrade first (`isOutdated`).
    Outdated,
    /// It is in an invalid state (`isOutOfOrder`), with the server's reason if it gives one.
    OutOfOrder(Option<String>),
}

impl InTheWay {
    /// What a v8 repository says of itself.
    fn of(from: &v8::types::RestBackupRepository) -> Option<Self> {
        match (from.is_out_of_order, from.is_migration_locked, from.is_outdated) {
            (Some(true), ..) => Some(Self::OutOfOrder(from.out_of_order_reason.clone())),
            (_, Some(true), _) => Some(Self::MigrationLock),
            (_, _, Some(true)) => Some(Self::Outdated),
            _ => None,
        }
    }
}

/// A synchronization session.
#[derive(Clone, Debug, PartialEq)]
pub struct Session {
    /// Its id; one page of the v5 reference shows none.
    pub id: Option<String>,
    /// The repository that is synchronized.
    pub repository_id: Option<String>,
    /// `None`, `Synchronizing`, `Failed`, or a word that nobody documented. Absent is not the word `None`.
    pub state: Option<String>,
    /// Percent, if the server gives a number.
    pub percent: Option<i64>,
    /// The server's reason for a failure.
    pub error: Option<String>,
}

/// A client of one version.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Api {
    /// v5.
    V5(v5::Client),
    /// v6 or v7.
    V7(v7::Client),
    /// v8.
    V8(v8::Client),
}

/// Reads generated types of one version as the types above.
macro_rules! readers {
    ($version:ident, $in_the_way:expr, $error:expr) => {
        impl From<$version::types::RestBackupRepository> for Repository {
            fn from(from: $version::types::RestBackupRepository) -> Self {
                let in_the_way: fn(&$version::types::RestBackupRepository) -> Option<InTheWay> = $in_the_way;
                let in_the_way = in_the_way(&from);
                let name = from.name.filter(|name| !name.is_empty());
                Self { id: from.id, name, out_of_sync: from.is_out_of_sync, in_the_way }
            }
        }

        impl From<$version::types::RestRepositorySynchronizeSession> for Session {
            fn from(from: $version::types::RestRepositorySynchronizeSession) -> Self {
                let error: fn(&$version::types::RestRepositorySynchronizeSession) -> Option<String> = $error;
                let error = error(&from).filter(|text| !text.trim().is_empty());
                let link =
                    from.links.as_ref().and_then(|links| links.0.get("self")).and_then(|link| link.href.as_deref());
                Self {
                    id: from.id.or_else(|| link.and_then(last_segment)),
                    repository_id: from.repository_id,
                    state: from.state.map(|state| state.to_string()),
                    percent: from.progress_percent.and_then(|percent| percent.value()),
                    error,
                }
            }
        }
    };
}

readers!(v5, |_| None, |_| None);
readers!(v7, |_| None, |session| session.error.clone());
readers!(v8, InTheWay::of, |session| session.error.clone());

/// The id at the end of a link; hosts in links are not to be trusted, ids are.
fn last_segment(link: &str) -> Option<String> {
    let path = link.split(['?', '#']).next()?.trim_end_matches('/');
    path.rsplit('/').next().filter(|segment| !segment.is_empty()).map(str::to_owned)
}

/// Ids of operations, the same in all three documents.
mod id {
    pub(super) const LIST: &str = "BackupRepository_List";
    pub(super) const GET: &str = "BackupRepository_Get";
    pub(super) const START: &str = "BackupRepository_StartSynchronizeAction";
    pub(super) const SESSIONS: &str = "RepositorySynchronizeSession_List";
    pub(super) const SESSION: &str = "RepositorySynchronizeSession_Get";
    pub(super) const STOP: &str = "RepositorySynchronizeSession_StopSynchronizeAction";
}

/// Asks each version's client the same thing; `$api` is the client inside.
macro_rules! each {
    ($self:ident, $id:expr, $api:ident => $call:expr) => {
        match $self {
            Self::V5($api) => call($id, $call.send()).await?.into_inner().into(),
            Self::V7($api) => call($id, $call.send()).await?.into_inner().into(),
            Self::V8($api) => call($id, $call.send()).await?.into_inner().into(),
        }
    };
}

/// Page size asked for where lists come in pages; the default of the server is 30.
const PAGE: i64 = 500;

impl Api {
    /// A client for `version` at `base` (the URL with the version).
    pub(crate) fn new(version: Version, base: &str, connection: Connection) -> Self {
        let http = connection.http();
        match version {
            Version::V5 => Self::V5(v5::Client::new_with_client(base, http, connection)),
            Version::V6 | Version::V7 => Self::V7(v7::Client::new_with_client(base, http, connection)),
            Version::V8 => Self::V8(v8::Client::new_with_client(base, http, connection)),
        }
    }

    /// The operation table of `version`.
    pub fn operations(version: Version) -> &'static [backup_sync_runtime::Operation] {
        match version {
            Version::V5 => v5::OPERATIONS,
            Version::V6 | Version::V7 => v7::OPERATIONS,
            Version::V8 => v8::OPERATIONS,
        }
    }

    /// All repositories.
    ///
    /// # Errors
    ///
    /// What went wrong with the call.
    pub async fn repositories(&self) -> Result<Vec<Repository>, Error> {
        let all = match self {
            Self::V5(api) => into(call(id::LIST, api.backup_repository_list().send()).await?.into_inner()),
            Self::V7(api) => into(call(id::LIST, api.backup_repository_list().send()).await?.into_inner()),
            Self::V8(api) => {
                let pager = Pager::new(usize::try_from(PAGE).unwrap_or(1), |cursor| async move {
                    let list = api.backup_repository_list().limit(PAGE).offset(cursor.offset_i64());
                    let page = call(id::LIST, list.send()).await?.into_inner();
                    let next = page.links.as_ref().and_then(|links| links.0.get("next"));
                    let more = next.is_some().then_some(true);
                    // Only path and query of a link are used, never its host.
                    let next = next.and_then(|link| Cursor::of_link(link.href.as_deref()?, "offset", "setId"));
                    Ok(Page::new(into::<_, Repository>(page.results))
                        .size(page.limit)
                        .more(more)
                        .next(next)
                        .set(page.set_id))
                });
                pager.unique(|repository| repository.id.clone()).all().await?
            }
        };
        Ok(all)
    }

    /// One repository.
    ///
    /// # Errors
    ///
    /// What went wrong with the call.
    pub async fn repository(&self, repository: &str) -> Result<Repository, Error> {
        Ok(each!(self, id::GET, api => api.backup_repository_get().repository_id(repository)))
    }

    /// Starts the synchronization of a repository.
    ///
    /// # Errors
    ///
    /// What went wrong with the call; see [`Error::delivery`] for whether it may have started.
    pub async fn start(&self, repository: &str) -> Result<Session, Error> {
        let session = match self {
            Self::V5(api) => {
                let start = api.backup_repository_start_synchronize_action().repository_id(repository);
                // Exactly `{"sync": null}`, as the page shows it.
                let start = start.body(v5::types::BackupRepositoryAction { sync: None });
                call(id::START, start.send()).await?.into_inner().into()
            }
            Self::V7(api) => {
                let start = api.backup_repository_start_synchronize_action().repository_id(repository);
                call(id::START, start.send()).await?.into_inner().into()
            }
            Self::V8(api) => {
                let start = api.backup_repository_start_synchronize_action().repository_id(repository);
                call(id::START, start.send()).await?.into_inner().into()
            }
        };
        Ok(session)
    }

    /// All synchronization sessions that the server remembers.
    ///
    /// # Errors
    ///
    /// What went wrong with the call.
    pub async fn sessions(&self) -> Result<Vec<Session>, Error> {
        Ok(match self {
            Self::V5(api) => {
                into(call(id::SESSIONS, api.repository_synchronize_session_list().send()).await?.into_inner())
            }
            Self::V7(api) => {
                into(call(id::SESSIONS, api.repository_synchronize_session_list().send()).await?.into_inner())
            }
            Self::V8(api) => {
                into(call(id::SESSIONS, api.repository_synchronize_session_list().send()).await?.into_inner())
            }
        })
    }

    /// One session. The id asked for is filled in where the server leaves it out.
    ///
    /// # Errors
    ///
    /// What went wrong with the call.
    pub async fn session(&self, session: &str) -> Result<Session, Error> {
        let mut found: Session =
            each!(self, id::SESSION, api => api.repository_synchronize_session_get().session_id(session));
        found.id.get_or_insert_with(|| session.to_owned());
        Ok(found)
    }

    /// Stops a session.
    ///
    /// # Errors
    ///
    /// What went wrong with the call.
    pub async fn stop(&self, session: &str) -> Result<(), Error> {
        match self {
            Self::V5(api) => {
                let stop = api.repository_synchronize_session_stop_synchronize_action().session_id(session);
                let stop = stop.body(v5::types::RepositorySynchronizeSessionAction { stop: serde_json::Map::new() });
                call(id::STOP, stop.send()).await?;
            }
            Self::V7(api) => {
                call(id::STOP, api.repository_synchronize_session_stop_synchronize_action().session_id(session).send())
                    .await?;
            }
            Self::V8(api) => {
                call(id::STOP, api.repository_synchronize_session_stop_synchronize_action().session_id(session).send())
                    .await?;
            }
        }
        Ok(())
    }
}

fn into<T, U: From<T>>(items: impl IntoIterator<Item = T>) -> Vec<U> {
    items.into_iter().map(U::from).collect()
}

//! The objects of each version, made of the types that `veeam-vb365` generates from its spec.

use veeam_vb365::{v5, v7, v8};

use super::state::Shown;
use crate::builder::Vb365Version;
use crate::message::Answer;

/// What a repository shows at one moment.
pub(crate) struct RepositoryView<'a> {
    pub(crate) id: &'a str,
    pub(crate) name: &'a str,
    pub(crate) proxy: &'a str,
    pub(crate) object_storage: &'a str,
    pub(crate) out_of_sync: bool,
}

/// What a session shows at one moment.
pub(crate) struct SessionView<'a> {
    /// `None` where the answer leaves it out.
    pub(crate) id: Option<&'a str>,
    /// For its links.
    pub(crate) own_id: &'a str,
    pub(crate) repository: &'a str,
    pub(crate) shown: Shown<'a>,
}

/// What a token answer holds.
pub(crate) struct TokenView<'a> {
    pub(crate) access: &'a str,
    pub(crate) refresh: &'a str,
    pub(crate) seconds: i64,
    pub(crate) username: &'a str,
    pub(crate) issued: String,
    pub(crate) expires: String,
}

/// One page of repositories.
pub(crate) struct PageView {
    pub(crate) limit: usize,
    pub(crate) offset: usize,
    pub(crate) more: bool,
}

/// The members that the types of all versions have.
macro_rules! dialect {
    ($version:ident, repository: { $($repository:tt)* }, session: { $($session:tt)* }) => {
        pub(super) fn link(href: String) -> $version::types::RestLinkHal {
            $version::types::RestLinkHal { href: Some(href) }
        }

        pub(super) fn links<const N: usize>(links: [(&str, String); N]) -> $version::types::RestLinkHalDictionary {
            $version::types::RestLinkHalDictionary(links.into_iter().map(|(name, href)| (name.to_owned(), link(href))).collect())
        }

        pub(super) fn repository(root: &str, view: &RepositoryView<'_>) -> $version::types::RestBackupRepository {
            let make: fn(&RepositoryView<'_>, $version::types::RestLinkHalDictionary) -> $version::types::RestBackupRepository = $($repository)*;
            let own = if root.starts_with('/') { "BackupRepositories" } else { "backuprepositories" };
            make(view, links([("self", format!("{root}/{own}/{}", view.id)), ("proxy", format!("{root}/Proxies/{}", view.proxy))]))
        }

        pub(super) fn session(root: &str, view: &SessionView<'_>) -> $version::types::RestRepositorySynchronizeSession {
            let make: fn(&SessionView<'_>, Option<$version::types::RestLinkHalDictionary>) -> $version::types::RestRepositorySynchronizeSession = $($session)*;
            let own = if root.starts_with('/') { "BackupRepositories" } else { "backuprepositories" };
            let links = view.shown.links.then(|| links([
                ("self", format!("{root}/RepositorySynchronizeSessions/{}", view.own_id)),
                ("repository", format!("{root}/{own}/{}", view.repository)),
            ]));
            make(view, links)
        }

        pub(super) fn token(view: &TokenView<'_>) -> $version::types::OAuthTokenResponse {
            $version::types::OAuthTokenResponse {
                access_token: view.access.into(),
                refresh_token: Some(view.refresh.into()),
                token_type: Some("bearer".to_owned()),
                expires_in: Some(view.seconds.into()),
                user_name: Some(view.username.to_owned()),
                issued: Some(view.issued.clone()),
                expires: Some(view.expires.clone()),
            }
        }
    };
}

fn owned(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn path(view: &RepositoryView<'_>) -> Option<String> {
    Some(format!("C:\\Repositories\\{}", view.name.replace(' ', "")))
}

/// A repository as v5, v6 and v7 tell it: the members are the same, the types are not.
macro_rules! repository_before_v8 {
    ($version:ident, $view:ident, $links:ident) => {
        $version::types::RestBackupRepository {
            id: $view.id.to_owned(),
            name: owned($view.name),
            description: owned("Kept in object storage"),
            path: path($view),
            proxy_id: owned($view.proxy),
            retention_type: Some("ItemLevel".into()),
            retention_period_type: Some("Yearly".into()),
            daily_retention_period: None,
            monthly_retention_period: None,
            yearly_retention_period: Some("Years7".into()),
            retention_frequency_type: Some("Daily".into()),
            daily_time: owned("08:00:00"),
            daily_type: Some("Everyday".into()),
            monthly_time: owned("00:00:00"),
            monthly_daynumber: None,
            monthly_dayofweek: None,
            capacity_bytes: Some(549_755_813_888),
            free_space_bytes: Some(412_316_860_416),
            object_storage_encryption_enabled: Some(false),
            encryption_key_id: None,
            object_storage_id: owned($view.object_storage),
            object_storage_cache_path: path($view),
            is_long_term: Some(false),
            is_out_of_sync: Some($view.out_of_sync),
            links: Some($links),
        }
    };
}

/// `v5`
mod five {
    use super::*;

    dialect!(v5, repository: { |view, links| repository_before_v8!(v5, view, links) }, session: { |view, links| v5::types::RestRepositorySynchronizeSession {
        id: view.id.map(str::to_owned),
        repository_id: owned(view.repository),
        state: Some(view.shown.state.into()),
        progress_percent: view.shown.percent.map(|percent| i64::from(percent).into()),
        links,
    } });
}

/// `v6` and `v7`
mod seven {
    use super::*;

    dialect!(v7, repository: { |view, links| repository_before_v8!(v7, view, links) }, session: { |view, links| v7::types::RestRepositorySynchronizeSession {
        id: view.id.map(str::to_owned),
        repository_id: owned(view.repository),
        state: Some(view.shown.state.into()),
        progress_percent: view.shown.percent.map(|percent| i64::from(percent).into()),
        error: view.shown.error.map(str::to_owned),
        links,
    } });
}

/// `v8`
mod eight {
    use super::*;

    dialect!(v8, repository: { |view, links| v8::types::RestBackupRepository {
        id: view.id.to_owned(),
        name: owned(view.name),
        description: owned("Kept in object storage"),
        path: path(view),
        proxy_id: owned(view.proxy),
        proxy_pool_id: None,
        organization_id: None,
        retention_type: Some("ItemLevel".into()),
        retention_period_type: Some("Yearly".into()),
        daily_retention_period: None,
        monthly_retention_period: None,
        yearly_retention_period: Some("Years7".into()),
        retention_frequency_type: Some("Daily".into()),
        daily_time: owned("08:00:00"),
        daily_type: Some("Everyday".into()),
        monthly_time: owned("00:00:00"),
        monthly_daynumber: None,
        monthly_dayofweek: None,
        capacity_bytes: None,
        free_space_bytes: None,
        object_storage_encryption_enabled: Some(false),
        encryption_key_id: None,
        object_storage: Some(v8::types::RestObjectStorageComposed {
            id: owned(view.object_storage),
            type_: Some("AmazonS3Compatible".into()),
            size_limit_enabled: Some(false),
            used_space_bytes: Some(734_003_200_000),
            enable_immutability: Some(false),
            s3_folder: owned("vb365"),
            ..v8::types::RestObjectStorageComposed::default()
        }),
        is_long_term: Some(false),
        is_out_of_sync: Some(view.out_of_sync),
        is_outdated: Some(false),
        is_indexed: Some(true),
        is_migration_locked: Some(false),
        is_out_of_order: Some(false),
        out_of_order_reason: None,
        links: Some(links),
    } }, session: { |view, links| v8::types::RestRepositorySynchronizeSession {
        id: view.id.map(str::to_owned),
        repository_id: owned(view.repository),
        state: Some(view.shown.state.into()),
        progress_percent: view.shown.percent.map(|percent| i64::from(percent).into()),
        error: view.shown.error.map(str::to_owned),
        links,
    } });

    /// One page of repositories with its links.
    pub(super) fn page(
        root: &str,
        views: &[RepositoryView<'_>],
        page: &PageView,
    ) -> v8::types::PageOfRestBackupRepository {
        let PageView { limit, offset, more } = *page;
        let href = |offset: usize| format!("{root}/BackupRepositories?limit={limit}&offset={offset}");
        let mut links = links([("first", href(0)), ("self", href(offset))]).0;
        if offset > 0 {
            links.insert("prev".to_owned(), link(href(offset.saturating_sub(limit))));
        }
        if more {
            links.insert("next".to_owned(), link(href(offset + limit)));
        }
        v8::types::PageOfRestBackupRepository {
            limit: i64::try_from(limit).ok(),
            offset: i64::try_from(offset).ok(),
            links: Some(v8::types::RestLinkHalDictionary(links)),
            results: views.iter().map(|view| repository(root, view)).collect(),
            set_id: None,
        }
    }
}

/// Chooses the module of a version.
macro_rules! by_version {
    ($version:expr, $module:ident => $value:expr) => {
        match $version {
            Vb365Version::V5 => {
                use five as $module;
                Answer::json(200, &$value)
            }
            Vb365Version::V6 | Vb365Version::V7 => {
                use seven as $module;
                Answer::json(200, &$value)
            }
            Vb365Version::V8 => {
                use eight as $module;
                Answer::json(200, &$value)
            }
        }
    };
}

pub(crate) fn repository(version: Vb365Version, root: &str, view: &RepositoryView<'_>) -> Answer {
    by_version!(version, dialect => dialect::repository(root, view))
}

pub(crate) fn repositories(version: Vb365Version, root: &str, views: &[RepositoryView<'_>]) -> Answer {
    by_version!(version, dialect => views.iter().map(|view| dialect::repository(root, view)).collect::<Vec<_>>())
}

pub(crate) fn page(root: &str, views: &[RepositoryView<'_>], page: &PageView) -> Answer {
    Answer::json(200, &eight::page(root, views, page))
}

pub(crate) fn session(version: Vb365Version, root: &str, view: &SessionView<'_>) -> Answer {
    by_version!(version, dialect => dialect::session(root, view))
}

pub(crate) fn sessions(version: Vb365Version, root: &str, views: &[SessionView<'_>]) -> Answer {
    by_version!(version, dialect => views.iter().map(|view| dialect::session(root, view)).collect::<Vec<_>>())
}

pub(crate) fn token(version: Vb365Version, view: &TokenView<'_>) -> Answer {
    by_version!(version, dialect => dialect::token(view))
}

/// An error in the form of a version; `code` is left out where the version knows none.
pub(crate) fn error(version: Vb365Version, status: u16, message: &str, code: Option<&str>) -> Answer {
    let message = Some(message.to_owned());
    match version {
        Vb365Version::V5 | Vb365Version::V6 => Answer::json(status, &v5::types::RestExceptionInfo { message }),
        Vb365Version::V7 => {
            let error_code = code.filter(|code| *code == "ProxyOffline").map(Into::into);
            Answer::json(status, &v7::types::RestExceptionInfo { message, error_code })
        }
        Vb365Version::V8 => {
            let error_code = code.map(Into::into);
            Answer::json(status, &v8::types::RestExceptionInfo { message, error_code, stack_trace: None })
        }
    }
}

//! The objects of a synchronization in each version, made of the types that `veeam-vb365` generates from its spec.

use veeam_vb365::{v5, v7, v8};

use super::sync::Shown;
use crate::builder::Vb365Version;
use crate::message::Answer;

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

/// The members that the types of all versions have.
macro_rules! dialect {
    ($version:ident, session: { $($session:tt)* }) => {
        fn links<const N: usize>(links: [(&str, String); N]) -> $version::types::RestLinkHalDictionary {
            let link = |href| $version::types::RestLinkHal { href: Some(href) };
            $version::types::RestLinkHalDictionary(links.into_iter().map(|(name, href)| (name.to_owned(), link(href))).collect())
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

/// `v5`
mod five {
    use super::*;

    dialect!(v5, session: { |view, links| v5::types::RestRepositorySynchronizeSession {
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

    dialect!(v7, session: { |view, links| v7::types::RestRepositorySynchronizeSession {
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

    dialect!(v8, session: { |view, links| v8::types::RestRepositorySynchronizeSession {
        id: view.id.map(str::to_owned),
        repository_id: owned(view.repository),
        state: Some(view.shown.state.into()),
        progress_percent: view.shown.percent.map(|percent| i64::from(percent).into()),
        error: view.shown.error.map(str::to_owned),
        links,
    } });
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

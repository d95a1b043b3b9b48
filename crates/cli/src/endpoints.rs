//! From configured endpoints to connected providers and their targets.

use std::path::Path;
use std::sync::Arc;

use backup_sync::engine::{Provider, Selector, Target};
use backup_sync::huawei_cbr::{self, BackupList, Cbr, Credentials};
use backup_sync::runtime::{Error, SecretString, Timeouts, base_url, is_this_machine};
use backup_sync::veeam_vb365::{self, Vb365};
use backup_sync::vsphere_replication::{self, Login, VsphereReplication};
use futures_util::future::join_all;

use crate::config::{self, Endpoint, beside};
use crate::exit::Failure;
use crate::progress::say;

/// A connected endpoint with the targets that were chosen.
pub type Chosen = Vec<(Arc<dyn Provider>, Vec<Target>)>;

/// Everything about an endpoint that can be checked without a network.
pub enum Prepared {
    /// Veeam Backup for Microsoft 365.
    Vb365(veeam_vb365::Config),
    /// Huawei Cloud CBR.
    Cbr(huawei_cbr::Config),
    /// VMware vSphere Replication.
    Replication(vsphere_replication::Config),
}

/// Checks an endpoint's settings, fetches its secrets, reads its backup lists.
pub fn prepare(name: &str, endpoint: &Endpoint, folder: &Path) -> Result<Prepared, Failure> {
    let what = |field: &str| format!("endpoint {name}, {field}");
    let usage = |field: &str, error: &Error| Failure::usage(format!("{}: {error}", what(field)));
    let secret = |secret: &config::Secret, field: &str| secret.fetch(folder, &what(field));
    let url = |url: &str, field: &str| {
        let url = base_url(name, url).map_err(|error| usage(field, &error))?;
        let plain = url.starts_with("http://") && !is_this_machine(&url);
        if plain {
            say(format_args!(
                "warning: endpoint {name}: {url} is not encrypted; anybody in between can read the password"
            ));
        }
        Ok::<_, Failure>(url)
    };
    let trust = |tls: &config::Tls| {
        if tls.insecure {
            say(format_args!(
                "warning: endpoint {name}: certificates are not verified (tls.insecure); anybody in between can read \
                 the password"
            ));
        }
        let trust = tls.trust(folder, &what("tls"))?;
        // A CA file that cannot be used is told before anything is sent anywhere.
        trust.client(Timeouts::default()).map_err(|error| usage("tls", &error))?;
        Ok::<_, Failure>(trust)
    };
    Ok(match endpoint {
        Endpoint::VeeamVb365(from) => {
            let last = from.url.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
            if last.parse::<veeam_vb365::Version>().is_ok() {
                let how = "leave the version out of the URL; it is found, or set with `version`";
                return Err(Failure::usage(format!("{}: {how}", what("url"))));
            }
            let mut to = veeam_vb365::Config::new(
                name,
                url(&from.url, "url")?,
                &from.username,
                secret(&from.password, "password")?,
            );
            to.version =
                from.version.as_deref().map(str::parse).transpose().map_err(|error| usage("version", &error))?;
            to.trust = trust(&from.tls)?;
            Prepared::Vb365(to)
        }
        Endpoint::HuaweiCbr(from) => {
            let mut to = huawei_cbr::Config::new(name, &from.region, credentials(from, &what, &secret)?);
            to.project_id.clone_from(&from.project_id);
            to.url = url(from.url.as_ref().unwrap_or(&to.url), "url")?;
            to.iam_url = url(from.iam_url.as_ref().unwrap_or(&to.iam_url), "iam_url")?;
            to.trust = trust(&from.tls)?;
            for path in &from.backup_lists {
                to.backup_lists
                    .extend(BackupList::read(&beside(folder, path)).map_err(|error| usage("backup_lists", &error))?);
            }
            Prepared::Cbr(to)
        }
        Endpoint::VsphereReplication(from) => {
            let local = Login { username: from.username.clone(), password: secret(&from.password, "password")? };
            let mut to = vsphere_replication::Config::new(name, url(&from.url, "url")?, local);
            if let Some(user) = &from.remote {
                let password = secret(&user.password, "remote.password")?;
                to.remote = Some(Login { username: user.username.clone(), password });
            }
            to.trust = trust(&from.tls)?;
            Prepared::Replication(to)
        }
    })
}

/// Either a password login or an access key, each complete.
fn credentials(
    from: &config::Cbr,
    what: &dyn Fn(&str) -> String,
    secret: &dyn Fn(&config::Secret, &str) -> Result<SecretString, Failure>,
) -> Result<Credentials, Failure> {
    match (&from.domain, &from.username, &from.password, &from.access_key, &from.secret_key) {
        (Some(domain), Some(username), Some(password), None, None) => Ok(Credentials::Password {
            domain: domain.clone(),
            username: username.clone(),
            password: secret(password, "password")?,
        }),
        (None, None, None, Some(access), Some(key)) => Ok(Credentials::Keys(huawei_cbr::Keys {
            access: access.clone(),
            secret: secret(key, "secret_key")?,
            security_token: from.security_token.as_ref().map(|token| secret(token, "security_token")).transpose()?,
        })),
        _ => {
            let how = "give either domain, username and password, or access_key and secret_key";
            Err(Failure::usage(format!("{}: {how}", what("credentials"))))
        }
    }
}

impl Prepared {
    /// Connects and logs in.
    pub async fn connect(&self) -> Result<Arc<dyn Provider>, Error> {
        Ok(match self {
            Self::Vb365(config) => Arc::new(Vb365::connect(config).await?),
            Self::Cbr(config) => Arc::new(Cbr::connect(config).await?),
            Self::Replication(config) => Arc::new(VsphereReplication::connect(config).await?),
        })
    }
}

/// The endpoints of a configuration that `selectors` can mean, prepared; all of them when there is no selector.
pub fn prepare_all(
    file: &config::File,
    folder: &Path,
    selectors: &[Selector],
) -> Result<Vec<(String, Prepared)>, Failure> {
    for selector in selectors {
        if !file.endpoints.keys().any(|name| selector.matches_endpoint(name)) {
            let known: Vec<&str> = file.endpoints.keys().map(String::as_str).collect();
            let what =
                format!("target {selector}: no endpoint of that name is configured; known are {}", known.join(", "));
            return Err(Failure::usage(what));
        }
    }
    let wanted = |name: &str| selectors.is_empty() || selectors.iter().any(|selector| selector.matches_endpoint(name));
    let endpoints = file.endpoints.iter().filter(|(name, _)| wanted(name));
    endpoints.map(|(name, endpoint)| Ok((name.clone(), prepare(name, endpoint, folder)?))).collect()
}

/// Connects to all endpoints at once and lists their targets. Nothing is started when one of them cannot be used.
pub async fn open(prepared: &[(String, Prepared)], selectors: &[Selector]) -> Result<Chosen, Failure> {
    let opened = join_all(prepared.iter().map(|(name, prepared)| async move {
        let provider = prepared.connect().await.map_err(|error| (name.clone(), error))?;
        match provider.targets().await {
            Ok(targets) => Ok((provider, targets)),
            Err(error) => {
                close(&*provider).await;
                Err((name.clone(), error))
            }
        }
    }))
    .await;
    let mut chosen = Vec::new();
    let mut failed = Vec::new();
    for outcome in opened {
        match outcome {
            Ok(endpoint) => chosen.push(endpoint),
            Err(failure) => failed.push(failure),
        }
    }
    let narrowed = if failed.is_empty() { narrow(&mut chosen, selectors) } else { Err(Failure::Endpoints(failed)) };
    match narrowed {
        Ok(()) => Ok(chosen),
        Err(failure) => {
            close_all(&chosen).await;
            Err(failure)
        }
    }
}

/// Connects to all endpoints at once, without asking for their targets.
pub async fn connect(prepared: &[(String, Prepared)]) -> Result<Vec<Arc<dyn Provider>>, Failure> {
    let tried = join_all(
        prepared.iter().map(|(name, one)| async move { one.connect().await.map_err(|error| (name.clone(), error)) }),
    );
    let (connected, failed): (Vec<_>, Vec<_>) = tried.await.into_iter().partition(Result::is_ok);
    let connected: Vec<Arc<dyn Provider>> = connected.into_iter().flatten().collect();
    let failed: Vec<(String, Error)> = failed.into_iter().filter_map(Result::err).collect();
    if failed.is_empty() {
        return Ok(connected);
    }
    join_all(connected.iter().map(|provider| close(&**provider))).await;
    Err(Failure::Endpoints(failed))
}

/// Keeps what the selectors mean; a selector that means nothing is an error, because a typing error must not pass.
fn narrow(chosen: &mut Chosen, selectors: &[Selector]) -> Result<(), Failure> {
    let meant = |selector: &Selector, target: &Target| selector.matches(&target.address, &target.name);
    for selector in selectors {
        if !chosen.iter().any(|(_, targets)| targets.iter().any(|target| meant(selector, target))) {
            let what = format!("target {selector}: there is no such target; `backup-sync targets` lists them");
            return Err(Failure::usage(what));
        }
    }
    if !selectors.is_empty() {
        for (_, targets) in chosen {
            targets.retain(|target| selectors.iter().any(|selector| meant(selector, target)));
        }
    }
    Ok(())
}

/// Logs out everywhere.
pub async fn close_all(chosen: &Chosen) {
    join_all(chosen.iter().map(|(provider, _)| close(&**provider))).await;
}

async fn close(provider: &dyn Provider) {
    if let Err(error) = provider.close().await {
        tracing::warn!(endpoint = provider.endpoint(), %error, "logging out failed");
    }
}

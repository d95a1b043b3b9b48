//! From a configured endpoint to what its vendor crate needs: everything that can be checked without a network. All
//! problems are told, not only the first.

use std::path::Path;

use backup_sync::huawei_cbr::{self, BackupList, Credentials, Keys};
use backup_sync::runtime::tls::Trust;
use backup_sync::runtime::{Error, SecretString, Timeouts, base_url, is_this_machine};
use backup_sync::veeam_vb365;
use backup_sync::vsphere_replication::{self, Login};

use crate::config::{self, Cbr, Endpoint, Replication, Secret, Tls, Vb365, beside};
use crate::endpoints::Prepared;
use crate::exit::Failure;
use crate::progress::say;
use crate::selection::label;

/// Checks an endpoint's settings, fetches its secrets, reads its backup lists. What is wrong comes as
/// [`Failure::Problems`].
pub fn prepare(name: &str, endpoint: &Endpoint, folder: &Path) -> Result<Prepared, Failure> {
    let mut checks = Checks { name, folder, problems: Vec::new(), broken_off: false };
    if let Some(why) = label::problem(endpoint.labels()) {
        checks.wrong::<()>("labels", &why);
    }
    let prepared = match endpoint {
        Endpoint::VeeamVb365(from) => checks.vb365(from).map(Prepared::Vb365),
        Endpoint::HuaweiCbr(from) => checks.cbr(from).map(Prepared::Cbr),
        Endpoint::VsphereReplication(from) => checks.replication(from).map(Prepared::Replication),
    };
    match prepared {
        _ if checks.broken_off => Err(Failure::BrokenOff),
        Some(prepared) if checks.problems.is_empty() => Ok(prepared),
        _ => Err(Failure::Problems(checks.problems)),
    }
}

/// Problems of one endpoint, collected. What a check gives is `None` when it found one.
struct Checks<'a> {
    name: &'a str,
    folder: &'a Path,
    problems: Vec<String>,
    /// Somebody has asked to end while a program was waited for, which is no problem of the configuration.
    broken_off: bool,
}

impl Checks<'_> {
    fn what(&self, field: &str) -> String {
        format!("endpoint {}, {field}", self.name)
    }

    fn keep<T>(&mut self, outcome: Result<T, Failure>) -> Option<T> {
        match outcome {
            Ok(kept) => return Some(kept),
            Err(Failure::BrokenOff) => self.broken_off = true,
            Err(failure) => self.problems.extend(failure.lines()),
        }
        None
    }

    fn field<T>(&mut self, field: &str, outcome: Result<T, Error>) -> Option<T> {
        let what = self.what(field);
        outcome.map_err(|error| self.problems.push(format!("{what}: {error}"))).ok()
    }

    fn wrong<T>(&mut self, field: &str, why: &str) -> Option<T> {
        let what = self.what(field);
        self.problems.push(format!("{what}: {why}"));
        None
    }

    fn secret(&mut self, secret: &Secret, field: &str) -> Option<SecretString> {
        if self.broken_off {
            return None;
        }
        let fetched = secret.fetch(self.folder, &self.what(field));
        self.keep(fetched)
    }

    fn url(&mut self, url: &str, field: &str) -> Option<String> {
        let url = self.field(field, base_url(self.name, url))?;
        if url.starts_with("http://") && !is_this_machine(&url) {
            let name = self.name;
            say(format_args!(
                "warning: endpoint {name}: {url} is not encrypted; anybody in between can read the password"
            ));
        }
        Some(url)
    }

    fn trust(&mut self, tls: &Tls) -> Option<Trust> {
        if tls.insecure {
            say(format_args!(
                "warning: endpoint {}: certificates are not verified (tls.insecure); anybody in between can read the \
                 password",
                self.name
            ));
        }
        let trust = tls.trust(self.folder, &self.what("tls"));
        let trust = self.keep(trust)?;
        // A CA file that cannot be used is told before anything is sent anywhere.
        self.field("tls", trust.client(Timeouts::default()))?;
        Some(trust)
    }

    fn vb365(&mut self, from: &Vb365) -> Option<veeam_vb365::Config> {
        let last = from.url.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let url = if last.parse::<veeam_vb365::Version>().is_ok() {
            self.wrong("url", "leave the version out of the URL; it is found, or set with `version`")
        } else {
            self.url(&from.url, "url")
        };
        let password = self.secret(&from.password, "password");
        let version = self.field("version", from.version.as_deref().map(str::parse).transpose());
        let trust = self.trust(&from.tls);
        let mut to = veeam_vb365::Config::new(self.name, url?, &from.username, password?);
        to.version = version?;
        to.trust = trust?;
        Some(to)
    }

    fn cbr(&mut self, from: &Cbr) -> Option<huawei_cbr::Config> {
        let credentials = self.credentials(from);
        let url = from.url.as_ref().map(|url| self.url(url, "url"));
        let iam_url = from.iam_url.as_ref().map(|url| self.url(url, "iam_url"));
        let trust = self.trust(&from.tls);
        let lists: Vec<_> = from
            .backup_lists
            .iter()
            .map(|path| self.field("backup_lists", BackupList::read(&beside(self.folder, path))))
            .collect();
        let mut to = huawei_cbr::Config::new(self.name, &from.region, credentials?);
        to.project_id.clone_from(&from.project_id);
        // Those of the region are made from its name, which may make no URL.
        to.url = url.unwrap_or_else(|| self.url(&to.url, "region"))?;
        to.iam_url = iam_url.unwrap_or_else(|| self.url(&to.iam_url, "region"))?;
        to.trust = trust?;
        to.backup_lists = lists.into_iter().collect::<Option<Vec<_>>>()?.concat();
        self.field("backup_lists", BackupList::check_names(&to.backup_lists))?;
        Some(to)
    }

    /// Either a password login or an access key, each complete.
    fn credentials(&mut self, from: &Cbr) -> Option<Credentials> {
        match (&from.domain, &from.username, &from.password, &from.access_key, &from.secret_key) {
            (Some(domain), Some(username), Some(password), None, None) => Some(Credentials::Password {
                domain: domain.clone(),
                username: username.clone(),
                password: self.secret(password, "password")?,
            }),
            (None, None, None, Some(access), Some(key)) => {
                let secret = self.secret(key, "secret_key");
                let token = from.security_token.as_ref().map(|token| self.secret(token, "security_token"));
                let security_token = match token {
                    Some(token) => Some(token?),
                    None => None,
                };
                Some(Credentials::Keys(Keys { access: access.clone(), secret: secret?, security_token }))
            }
            _ => {
                let how = "give either domain, username and password, or access_key and secret_key";
                self.wrong("credentials", how)
            }
        }
    }

    fn replication(&mut self, from: &Replication) -> Option<vsphere_replication::Config> {
        let url = self.url(&from.url, "url");
        let password = self.secret(&from.password, "password");
        let remote = from.remote.as_ref().map(|user| self.login(user));
        let trust = self.trust(&from.tls);
        let local = Login { username: from.username.clone(), password: password? };
        let mut to = vsphere_replication::Config::new(self.name, url?, local);
        to.remote = match remote {
            Some(remote) => Some(remote?),
            None => None,
        };
        to.trust = trust?;
        Some(to)
    }

    fn login(&mut self, user: &config::User) -> Option<Login> {
        let password = self.secret(&user.password, "remote.password")?;
        Some(Login { username: user.username.clone(), password })
    }
}

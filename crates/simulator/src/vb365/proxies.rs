//! Backup proxies.

use serde_json::{Value, json};

use super::desk::{Answered, Desk, Refusal, conflict, invalid};
use super::shape::{ALL, Object, V6, V7, V8, amend, is_true, members_of, string};
use super::tables::{CREDENTIALS, PROXY, REMOVE_PROXY, RESCAN, SSH, SSH_RESULT};
use crate::ids::Ids;
use crate::message::Answer;

/// Port of the proxy service.
const PORT: i64 = 9193;

/// Whether somebody has asked for the maintenance mode.
pub(super) fn is_in_maintenance(proxy: &Object) -> bool {
    is_true(proxy, "maintenance")
}

/// A proxy as it is found when it has been added.
pub(super) fn usual(id: &str, host: &str, kind: &str) -> Object {
    members_of(json!({
        "id": id, "type": kind, "useInternetProxy": false, "operatingSystem": "Windows", "hostName": host, "fqdn": host,
        "description": "", "port": PORT, "threadsNumber": 64, "enableNetworkThrottling": false, "throttlingValue": 1,
        "throttlingUnit": "Mbps", "status": "Online", "cpuUsagePercent": 12.5, "memoryUsagePercent": 41.25,
        "version": "8.1.0.305", "serviceAccount": null, "role": ["Processor"],
    }))
}

/// What an SSH server shows of itself.
fn fingerprint(host: &str) -> (String, String) {
    let mut ids = Ids::new(host);
    (format!("ssh-ed25519 256 {}", ids.hex()), format!("{}{}", ids.hex(), ids.hex()))
}

impl Desk<'_> {
    fn proxy(&self) -> Result<&Object, Refusal> {
        self.state.proxies.get(&self.id(0)).ok_or(Refusal::Unknown("backup proxy"))
    }

    pub(super) fn proxy_view(&self, proxy: &Object) -> Object {
        let mut shown = proxy.clone();
        let id = string(proxy, "id");
        let online = string(proxy, "status") == "Online";
        let busy = is_in_maintenance(proxy) && self.is_busy(id);
        let mode = match (is_in_maintenance(proxy), busy) {
            (false, _) => "Disabled",
            (true, true) => "Enabling",
            (true, false) => "Enabled",
        };
        shown.insert("maintenanceModeState".to_owned(), mode.into());
        if !online {
            // Nobody knows how busy it is.
            shown.extend(members_of(json!({"cpuUsagePercent": null, "memoryUsagePercent": null})));
        }
        shown.entry("proxyPoolId").or_insert(Value::Null);
        let mut links = self.links([
            ("self", format!("Proxies/{id}")),
            ("backupRepositories", format!("BackupRepositories?proxyId={id}")),
        ]);
        if let Some(pool) = proxy.get("proxyPoolId").and_then(Value::as_str) {
            links["proxyPool"] = self.links([("pool", format!("ProxyPools/{pool}"))])["pool"].take();
        }
        shown.insert("_links".to_owned(), links);
        shown
    }

    /// Whether something runs on a repository of the proxy.
    fn is_busy(&self, proxy: &str) -> bool {
        let mut owned = self.state.repositories.all.iter().filter(|found| found.proxy.as_deref() == Some(proxy));
        owned.any(|found| self.state.busy_until(&found.id, self.now()).is_some())
    }

    /// Leaves out what only the proxy itself knows, where it is not asked or does not answer.
    fn extended(&self, mut proxy: Object) -> Result<Object, Refusal> {
        if self.is(V6 | V7) {
            let asked = self.query().truth("extendedView")?.unwrap_or(self.is(V6));
            if !asked || string(&proxy, "status") != "Online" {
                proxy
                    .retain(|name, _| !matches!(name.as_str(), "threadsNumber" | "throttlingValue" | "throttlingUnit"));
            }
        }
        Ok(proxy)
    }

    pub(super) fn proxies(&self) -> Answered {
        let all = self.state.proxies.iter().map(|proxy| self.extended(self.proxy_view(proxy)));
        self.list(V8, PROXY, all.collect::<Result<Vec<_>, _>>()?, |proxy| proxy)
    }

    pub(super) fn one_proxy(&self) -> Answered {
        self.one(PROXY, self.extended(self.proxy_view(self.proxy()?))?)
    }

    fn check_host(&self, id: &str, host: &str) -> Result<(), Refusal> {
        if host.is_empty() {
            return Err(invalid("hostName is empty"));
        }
        let same = |proxy: &&Object| string(proxy, "id") != id && string(proxy, "hostName").eq_ignore_ascii_case(host);
        match self.state.proxies.iter().find(same) {
            Some(_) => Err(conflict("another proxy is on this machine")),
            None => Ok(()),
        }
    }

    pub(super) fn create_proxy(&mut self) -> Answered {
        let mut taken = self.body(PROXY, true)?;
        let host = string(&taken, "hostName").to_owned();
        self.check_host("", &host)?;
        let id = self.state.uuid();
        let kind = if is_true(&taken, "useDomainNetwork") { "Domain" } else { "Workgroup" };
        let mut proxy = usual(&id, &host, kind);
        if let Some(account) = taken.remove("serviceAccountName") {
            proxy.insert("serviceAccount".to_owned(), account);
        }
        amend(&mut proxy, settings(taken));
        let shown = self.proxy_view(&proxy);
        self.state.proxies.keep(id, proxy);
        self.made(PROXY, shown)
    }

    pub(super) fn change_proxy(&mut self) -> Answered {
        let id = string(self.proxy()?, "id").to_owned();
        let taken = self.body(PROXY, false)?;
        if taken.contains_key("hostName") {
            self.check_host(&id, string(&taken, "hostName"))?;
        }
        if let Some(proxy) = self.state.proxies.get_mut(&id) {
            amend(proxy, settings(taken));
        }
        self.done()
    }

    fn online(&self, id: &str) -> Result<(), Refusal> {
        let proxy = self.state.proxies.get(id).ok_or(Refusal::Unknown("backup proxy"))?;
        if string(proxy, "status") == "Online" { Ok(()) } else { Err(Refusal::Offline) }
    }

    pub(super) fn rescan(&self) -> Answered {
        self.online(&self.id(0))?;
        self.done()
    }

    pub(super) fn rescan_all(&self) -> Answered {
        let wanted = self.body(RESCAN, true)?;
        let proxies = wanted.get("proxies").and_then(Value::as_array).into_iter().flatten();
        proxies.filter_map(Value::as_object).try_for_each(|proxy| self.online(string(proxy, "id")))?;
        self.done()
    }

    pub(super) fn remove_proxy(&mut self) -> Answered {
        let id = string(self.proxy()?, "id").to_owned();
        let options = self.body(REMOVE_PROXY, true)?;
        if self.state.repositories.all.iter().any(|found| found.proxy.as_deref() == Some(&id)) {
            return Err(conflict("the proxy owns repositories"));
        }
        if !self.proxy()?.get("proxyPoolId").is_none_or(Value::is_null) {
            return Err(conflict("the proxy belongs to a pool"));
        }
        // What does not answer can be forgotten, but not uninstalled.
        if !is_true(&options, "force") {
            self.online(&id)?;
        }
        self.state.proxies.remove(&id);
        self.done()
    }

    pub(super) fn maintain(&mut self, enabled: bool) -> Answered {
        let id = string(self.proxy()?, "id").to_owned();
        self.body(CREDENTIALS, true)?;
        self.online(&id)?;
        if let Some(proxy) = self.state.proxies.get_mut(&id) {
            proxy.insert("maintenance".to_owned(), enabled.into());
        }
        Ok(Answer::empty(204))
    }

    /// Looks at the SSH server of a machine, which is not the known one when its fingerprint is another.
    pub(super) fn check_ssh(&self) -> Answered {
        let query = self.query();
        let (name, key) = fingerprint(query.needed("host")?);
        let settings = self.body(SSH, true)?;
        let known = string(&settings, "fingerprint");
        let good = known.is_empty() || known == name || is_true(&settings, "ignoreFingerprintCheck");
        let status = if good { "Success" } else { "Failed" };
        self.one(SSH_RESULT, members_of(json!({"status": status, "fingerprint": name, "publicBase64Key": key})))
    }

    /// The proxies of a pool.
    pub(super) fn proxies_of_pool(&self) -> Answered {
        let pool = self.pool_id()?;
        let members = self.state.proxies.iter().filter(|proxy| string(proxy, "proxyPoolId") == pool);
        self.list(ALL, PROXY, members, |proxy| self.proxy_view(proxy))
    }
}

/// What is kept of a request.
fn settings(mut taken: Object) -> Object {
    let passing = |name: &str| {
        matches!(
            name,
            "useDomainNetwork"
                | "sshSettings"
                | "username"
                | "serviceAccountName"
                | "createServiceAccount"
                | "attachUsedProxy"
        )
    };
    taken.retain(|name, _| !passing(name));
    taken
}

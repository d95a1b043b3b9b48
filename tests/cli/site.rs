//! Simulated vendors in this process, and a folder with the configuration that leads to them.

use std::fs;
use std::path::Path;
use std::time::Duration;

use backup_sync_simulator::{Builder, Endpoint, Settings, Simulator, Vb365Version};
use tempfile::TempDir;

use crate::conformance::Checked;
use crate::{Ended, call};

/// Writes a file that only its owner can read.
fn secret(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    }
}

/// Simulated vendors, a folder with their configuration, and a runtime that keeps them alive.
pub struct Site {
    pub simulator: Checked,
    pub folder: TempDir,
    _runtime: tokio::runtime::Runtime,
}

impl Site {
    /// A VB365 server and a vSphere Replication appliance.
    pub fn new() -> Self {
        Self::of(Simulator::builder().vb365("m365", Vb365Version::V8).vsphere_replication("dr").speed(50.0))
    }

    /// All three vendors, each with some more targets than usual.
    pub fn all() -> Self {
        let settings = Settings { more_targets: 5, ..Settings::default() };
        let builder = Simulator::builder().vb365("m365", Vb365Version::V8).cbr("cloud").vsphere_replication("dr");
        Self::of(builder.settings(settings).speed(50.0))
    }

    /// All three vendors; every synchronization takes an hour of the simulator's clock.
    pub fn slow() -> Self {
        let settings = Settings { duration: Duration::from_secs(3600), ..Settings::default() };
        let builder = Simulator::builder().vb365("m365", Vb365Version::V8).cbr("cloud").vsphere_replication("dr");
        Self::of(builder.settings(settings))
    }

    /// A VB365 server of the oldest version.
    pub fn old() -> Self {
        Self::of(Simulator::builder().vb365("old", Vb365Version::V5).speed(50.0))
    }

    /// The endpoints of this simulator.
    pub fn of(builder: Builder) -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let simulator = runtime.block_on(Checked::start(builder)).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let tables: String = simulator.endpoints().iter().map(|endpoint| table(folder.path(), endpoint)).collect();
        fs::write(folder.path().join("backup-sync.toml"), tables).unwrap();
        Self { simulator, folder, _runtime: runtime }
    }

    pub fn call(&self, arguments: &[&str]) -> Ended {
        call(self.folder.path(), arguments)
    }

    pub fn endpoint(&self, name: &str) -> &Endpoint {
        self.simulator.endpoints().iter().find(|endpoint| endpoint.name == name).unwrap()
    }

    /// The id of the first target of an endpoint.
    pub fn first(&self, name: &str) -> &str {
        &self.endpoint(name).targets[0].id
    }

    /// How often a request like this has arrived.
    pub fn count(&self, method: &str, ending: &str) -> usize {
        let requests = self.simulator.requests();
        requests.iter().filter(|request| request.method == method && request.path.ends_with(ending)).count()
    }
}

/// The table of one endpoint, and the files with its secrets.
fn table(folder: &Path, endpoint: &Endpoint) -> String {
    let Endpoint { name, vendor, url, username, .. } = endpoint;
    let file = format!("{name}.password");
    secret(&folder.join(&file), &endpoint.password);
    // What cannot be told from the vendor.
    let labels = format!("labels = {{ site = \"berlin\", at = \"{name}\" }}\n");
    let mut table = format!(
        "[endpoints.{name}]\nvendor = \"{vendor}\"\nurl = \"{url}\"\nusername = '{username}'\npassword = {{ file = \
         \"{file}\" }}\n"
    );
    if let Some(password) = &endpoint.remote_password {
        secret(&folder.join("remote.password"), password);
        let user = endpoint.remote_username.as_deref().unwrap_or_default();
        table += &format!("remote = {{ username = \"{user}\", password = {{ file = \"remote.password\" }} }}\n");
    }
    table += &labels;
    for (key, value) in [("iam_url", &endpoint.iam_url), ("region", &endpoint.region), ("domain", &endpoint.domain)] {
        table += &value.as_ref().map(|value| format!("{key} = \"{value}\"\n")).unwrap_or_default();
    }
    table
}

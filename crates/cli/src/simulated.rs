//! Simulated endpoints as a configuration: what a person would write for them, and the files that it needs.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use backup_sync::engine::Polling;
use backup_sync::huawei_cbr::BackupList;
use backup_sync_simulator::{Builder, Endpoint as Simulated, Settings, Simulator, Targets, Vb365Version};

use crate::config::{Cbr, Endpoint, File, Replication, Secret, Tls, User, Vb365};
use crate::endpoints::Prepared;
use crate::exit::Failure;
use crate::selection::label::Labels;

/// The list in the repository, and the copy of it inside the program for use elsewhere.
pub const EXAMPLE: (&str, &str) =
    ("examples/on-premises-backups.json", include_str!("../examples/on-premises-backups.json"));

/// The first line of a configuration that may be written over.
const MARK: &str = "# Written by `backup-sync simulate`, which writes over it when it is called again.";

/// The configuration of an endpoint; `secret` says where the secret of a field is.
pub fn config(
    from: &Simulated,
    mut secret: impl FnMut(&str, &str) -> Result<Secret, Failure>,
) -> Result<Endpoint, Failure> {
    let need = |field: &Option<String>, name: &str| {
        field.clone().ok_or_else(|| Failure::usage(format!("the simulated endpoint {} has no {name}", from.name)))
    };
    let password = secret("password", &from.password)?;
    Ok(match from.vendor.as_str() {
        "veeam-vb365" => Endpoint::VeeamVb365(Vb365 {
            url: from.url.clone(),
            version: Some(from.api_version.clone()),
            username: from.username.clone(),
            password,
            labels: Labels::new(),
            tls: Tls::default(),
        }),
        "huawei-cbr" => Endpoint::HuaweiCbr(Cbr {
            region: need(&from.region, "region")?,
            domain: Some(need(&from.domain, "domain")?),
            username: Some(from.username.clone()),
            password: Some(password),
            access_key: None,
            secret_key: None,
            security_token: None,
            project_id: None,
            url: Some(from.url.clone()),
            iam_url: from.iam_url.clone(),
            backup_lists: Vec::new(),
            labels: Labels::new(),
            tls: Tls::default(),
        }),
        _ => Endpoint::VsphereReplication(Replication {
            url: from.url.clone(),
            username: from.username.clone(),
            password,
            remote: match (&from.remote_username, &from.remote_password) {
                (Some(username), Some(password)) => {
                    Some(User { username: username.clone(), password: secret("remote-password", password)? })
                }
                _ => None,
            },
            labels: Labels::new(),
            tls: Tls::default(),
        }),
    })
}

/// How often the simulated vendors inside this process are asked.
pub const POLLING: Polling = Polling { shortest: Duration::from_millis(400), longest: Duration::from_secs(1) };

/// Requests in a minute to a simulated appliance of vSphere Replication, which counts none itself.
const QUOTA: usize = 400;

/// How long a synchronization takes there.
const DURATION: Duration = Duration::from_secs(4);

/// Starts simulated vendors inside this process; with the configuration that leads to them.
pub async fn start(builder: Builder, settings: Settings) -> Result<(Simulator, File), Failure> {
    let simulator = builder
        .settings(Settings { duration: DURATION, vr_session_limit: 0, vr_address_limit: 0, ..settings })
        .start()
        .await
        .map_err(|error| Failure::usage(format!("the simulated vendors cannot be started: {error}")))?;
    let mut file = File { endpoints: BTreeMap::new() };
    for from in simulator.endpoints() {
        file.endpoints.insert(from.name.clone(), config(from, |_, text| Ok(Secret::Given(text.into())))?);
    }
    Ok((simulator, file))
}

/// Three vendors with twelve targets: four repositories, three vaults and a list of backups, four replications.
pub async fn estate() -> Result<(Simulator, File), Failure> {
    let targets =
        |ready| Settings { duration: DURATION, targets: Some(Targets { ready, other: 0 }), ..Settings::default() };
    let builder = Simulator::builder().vb365("m365", Vb365Version::V8).cbr("cloud").vsphere_replication("dr");
    let (simulator, mut file) = start(builder.settings_of("cloud", targets(3)), targets(4)).await?;
    for (name, site) in [("m365", "berlin"), ("cloud", "singapore"), ("dr", "berlin")] {
        if let Some(endpoint) = file.endpoints.get_mut(name) {
            endpoint.labels_mut().insert("site".to_owned(), site.to_owned());
        }
    }
    Ok((simulator, file))
}

/// The list of on-premises backups that simulated vendors know.
pub fn lists() -> Result<Vec<BackupList>, Failure> {
    let path = Path::new(EXAMPLE.0);
    let lists = if path.exists() {
        BackupList::read(path)
    } else {
        BackupList::parse(EXAMPLE.1, "on-premises-backups", "inside the program")
    };
    lists.map_err(|error| Failure::usage(error.to_string()))
}

/// What a simulated endpoint inside this process needs beside its configuration.
pub fn adapt(prepared: &mut Prepared, lists: &[BackupList]) {
    match prepared {
        Prepared::Cbr(config) => config.backup_lists = lists.to_vec(),
        // Seconds stand for minutes here, so the quota of a minute is larger, too.
        Prepared::Replication(config) => {
            config.pace = POLLING.shortest;
            config.session_quota.requests = QUOTA;
        }
        Prepared::Vb365(_) => {}
    }
}

/// Writes a configuration with these endpoints to `path`, and what it refers to into a folder beside it.
pub fn write(endpoints: &[Simulated], path: &Path) -> Result<(), Failure> {
    check_ours(path)?;
    let files = Files::beside(path)?;
    let list = files.write("on-premises-backups.json", EXAMPLE.1)?;
    let mut file = File { endpoints: BTreeMap::new() };
    for from in endpoints {
        let mut endpoint = config(from, |field, text| Ok(Secret::File(files.write(&name(from, field), text)?)))?;
        if let Some(pem) = &from.ca_pem {
            endpoint.tls_mut().ca_file = Some(files.write(&name(from, "ca.pem"), pem)?);
        }
        if let Endpoint::HuaweiCbr(cbr) = &mut endpoint {
            cbr.backup_lists.push(list.clone());
        }
        file.endpoints.insert(from.name.clone(), endpoint);
    }
    let text = toml::to_string(&file).map_err(|cause| cannot(path, &cause))?;
    fs::write(path, format!("{MARK}\n\n{text}")).map_err(|cause| cannot(path, &cause))
}

/// The name of a file that belongs to an endpoint.
fn name(from: &Simulated, field: &str) -> String {
    format!("{}.{field}", from.name)
}

fn cannot(path: &Path, cause: &dyn std::error::Error) -> Failure {
    Failure::usage(format!("{} cannot be written: {cause}", path.display()))
}

/// A configuration that somebody else has written stays as it is.
fn check_ours(path: &Path) -> Result<(), Failure> {
    match fs::read_to_string(path) {
        Ok(text) if text.starts_with(MARK) => Ok(()),
        Err(cause) if cause.kind() == ErrorKind::NotFound => Ok(()),
        _ => {
            let shown = path.display();
            Err(Failure::usage(format!("{shown} is there already and not from `simulate`; name another file")))
        }
    }
}

/// The folder with what a configuration refers to.
struct Files {
    /// Where it is.
    folder: PathBuf,
    /// How the configuration names it.
    name: PathBuf,
}

impl Files {
    /// Makes the folder, for its owner only.
    fn beside(path: &Path) -> Result<Self, Failure> {
        let stem = path.file_stem().ok_or_else(|| Failure::usage(format!("{} is no file name", path.display())))?;
        let mut name = stem.to_owned();
        name.push(".files");
        let folder = path.with_file_name(&name);
        let mut builder = DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        match builder.create(&folder) {
            Err(cause) if cause.kind() != ErrorKind::AlreadyExists => Err(cannot(&folder, &cause)),
            _ => Ok(Self { folder, name: name.into() }),
        }
    }

    /// Writes a file for its owner only; gives the path for the configuration.
    fn write(&self, name: &str, text: &str) -> Result<PathBuf, Failure> {
        let path = self.folder.join(name);
        let written = || {
            // A file that is there may be open to others, or lead elsewhere.
            match fs::remove_file(&path) {
                Err(cause) if cause.kind() != ErrorKind::NotFound => return Err(cause),
                _ => {}
            }
            let mut options = OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            options.open(&path)?.write_all(text.as_bytes())
        };
        written().map_err(|cause| cannot(&path, &cause))?;
        Ok(self.name.join(name))
    }
}

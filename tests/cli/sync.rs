//! `backup-sync sync` and `targets` against simulated vendors in this process.

use std::fs;
use std::path::Path;

use backup_sync_simulator::{Behaviour, Builder, Endpoint, Fault, FaultKind, Simulator, Vb365Version};
use tempfile::TempDir;

use crate::{Ended, assert_fits, call, program};

/// Writes a file that only its owner can read.
fn secret(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    }
}

/// A simulated vendor, a folder with its configuration, and a runtime that keeps it alive.
pub struct Site {
    pub simulator: Simulator,
    pub folder: TempDir,
    _runtime: tokio::runtime::Runtime,
}

impl Site {
    pub fn new() -> Self {
        Self::of(Simulator::builder().vb365("m365", Vb365Version::V8).vsphere_replication("dr").speed(50.0))
    }

    pub fn of(builder: Builder) -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let simulator = runtime.block_on(builder.start()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut config = String::new();
        for endpoint in simulator.endpoints() {
            let file = format!("{}.password", endpoint.name);
            secret(&folder.path().join(&file), &endpoint.password);
            config += &format!(
                "[endpoints.{}]\nvendor = \"{}\"\nurl = \"{}\"\nusername = '{}'\npassword = {{ file = \"{file}\" }}\n",
                endpoint.name, endpoint.vendor, endpoint.url, endpoint.username
            );
            if let (Some(iam), Some(region), Some(domain)) = (&endpoint.iam_url, &endpoint.region, &endpoint.domain) {
                config += &format!("iam_url = \"{iam}\"\nregion = \"{region}\"\ndomain = \"{domain}\"\n");
            }
            if let Some(password) = &endpoint.remote_password {
                secret(&folder.path().join("remote.password"), password);
                let user = endpoint.remote_username.as_deref().unwrap_or_default();
                config +=
                    &format!("remote = {{ username = \"{user}\", password = {{ file = \"remote.password\" }} }}\n");
            }
        }
        fs::write(folder.path().join("backup-sync.toml"), config).unwrap();
        Self { simulator, folder, _runtime: runtime }
    }

    pub fn call(&self, arguments: &[&str]) -> Ended {
        call(self.folder.path(), arguments)
    }

    pub fn endpoint(&self, name: &str) -> &Endpoint {
        self.simulator.endpoints().iter().find(|endpoint| endpoint.name == name).unwrap()
    }

    /// How often a request like this has arrived.
    pub fn count(&self, method: &str, ending: &str) -> usize {
        let requests = self.simulator.requests();
        requests.iter().filter(|request| request.method == method && request.path.ends_with(ending)).count()
    }
}

const QUICK: [&str; 4] = ["--poll", "100ms", "--progress", "none"];

fn sync<'a>(target: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["sync", target, "--output", "json"], &QUICK[..], more].concat()
}

#[test]
fn a_repository_is_synchronized_and_proven() {
    let site = Site::new();
    let id = &site.endpoint("m365").targets[0].id;
    let ended = site.call(&sync(&format!("m365/repository/{id}"), &[]));
    assert_eq!((ended.code, ended.err.as_str()), (0, ""), "{}", ended.out);
    let report = ended.json();
    assert_fits("report", &report);
    assert_eq!(report["targets"][0]["outcome"], "succeeded");
    assert_eq!(site.count("POST", "/Sync"), 1);
    assert_eq!(site.count("POST", "/token/logout"), 1, "the session is closed");
}

#[test]
fn what_is_in_sync_needs_nothing_and_a_paused_replication_is_skipped() {
    let site = Site::new();
    let id = &site.endpoint("m365").targets[0].id;
    let address = format!("m365/repository/{id}");
    assert_eq!(site.call(&sync(&address, &[])).code, 0);
    let again = site.call(&sync(&address, &[]));
    assert_eq!((again.code, again.json()["targets"][0]["outcome"].as_str()), (0, Some("skipped")));
    assert_eq!(site.count("POST", "/Sync"), 1, "nothing was started the second time");
    let forced = site.call(&sync(&address, &["--force"]));
    assert_eq!((forced.code, forced.json()["targets"][0]["outcome"].as_str()), (7, Some("unknown")));
    let replications = site.call(&sync("dr/replication/*", &[])).json();
    let outcomes: Vec<&str> =
        replications["targets"].as_array().unwrap().iter().filter_map(|t| t["outcome"].as_str()).collect();
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == "skipped").count(), 1, "{replications}");
}

#[test]
fn a_failing_synchronization_is_told_with_the_vendors_reason() {
    let site = Site::new();
    let id = site.endpoint("m365").targets[0].id.clone();
    site.simulator.script("m365", &id, Behaviour::fail("The object storage is not reachable")).unwrap();
    let ended = site.call(&sync(&format!("m365/repository/{id}"), &[]));
    assert_eq!(ended.code, 1);
    assert_eq!(ended.json()["targets"][0]["reason"], "The object storage is not reachable");
}

#[test]
fn a_start_whose_answer_is_lost_is_found_and_never_sent_again() {
    let site = Site::new();
    let id = site.endpoint("m365").targets[0].id.clone();
    let fault = Fault {
        operation: Some("BackupRepository_StartSynchronizeAction".into()),
        times: 1,
        kind: FaultKind::ApplyThenReset,
    };
    site.simulator.fault("m365", fault).unwrap();
    let ended = site.call(&sync(&format!("m365/repository/{id}"), &[]));
    assert_eq!(ended.code, 0, "{} {}", ended.out, ended.err);
    let report = ended.json();
    assert_eq!(report["targets"][0]["adopted"], true);
    assert_eq!(site.count("POST", "/Sync"), 1);
}

#[test]
fn a_target_that_does_not_exist_starts_nothing() {
    let site = Site::new();
    let ended = site.call(&["sync", "m365/repository/no-such", "m365/repository/*"]);
    assert_eq!((ended.code, ended.out.as_str()), (2, ""));
    assert!(ended.err.contains("m365/repository/no-such: there is no such target"), "{}", ended.err);
    assert_eq!(site.count("POST", "/Sync"), 0);
}

#[test]
fn a_wrong_password_and_an_endpoint_that_is_down_have_their_own_exit_codes() {
    let site = Site::new();
    fs::write(site.folder.path().join("m365.password"), "planted-wrong").unwrap();
    let ended = site.call(&["sync", "m365/repository/*"]);
    assert_eq!((ended.code, ended.out.as_str()), (3, ""), "{}", ended.err);
    assert!(ended.err.contains("endpoint m365") && !ended.err.contains("planted"), "{}", ended.err);
    let config = fs::read_to_string(site.folder.path().join("backup-sync.toml")).unwrap();
    let url = &site.endpoint("m365").url;
    fs::write(site.folder.path().join("down.toml"), config.replace(url, "http://127.0.0.1:1")).unwrap();
    let mut quick = program();
    quick.current_dir(site.folder.path()).args(["targets", "m365/repository/*", "--config", "down.toml"]);
    let ended = Ended::of(quick.output().unwrap());
    assert_eq!(ended.code, 4, "{}", ended.err);
    assert!(ended.err.contains("refused") && ended.err.contains("127.0.0.1:1"), "{}", ended.err);
}

#[test]
fn targets_are_listed_with_their_addresses() {
    let site = Site::new();
    let ended = site.call(&["targets", "--output", "json"]);
    assert_eq!((ended.code, ended.err.as_str()), (0, ""));
    let list = ended.json();
    assert_fits("targets", &list);
    assert_eq!(list["targets"].as_array().unwrap().len(), 6);
    let table = site.call(&["targets"]);
    assert!(table.out.contains("dr/replication/"), "{}", table.out);
}

#[test]
fn no_output_holds_a_secret() {
    let site = Site::new();
    let ended =
        call(site.folder.path(), &["-vv", "sync", "m365/repository/*", "--poll", "100ms", "--progress", "plain"]);
    assert!(Path::new(site.folder.path()).exists());
    for endpoint in site.simulator.endpoints() {
        assert!(!ended.out.contains(&endpoint.password) && !ended.err.contains(&endpoint.password), "{}", ended.err);
    }
    assert!(!ended.err.to_lowercase().contains("bearer "), "{}", ended.err);
}

#[cfg(unix)]
#[test]
fn a_password_file_that_others_can_read_is_warned_of() {
    use std::os::unix::fs::PermissionsExt as _;
    let site = Site::new();
    let file = site.folder.path().join("m365.password");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let ended = site.call(&["targets", "m365/repository/*"]);
    assert_eq!(ended.code, 0);
    assert!(ended.err.contains("others can read the file") && ended.err.contains("m365.password"), "{}", ended.err);
    assert_eq!(site.call(&["targets", "m365/repository/*", "--quiet"]).err, "");
}

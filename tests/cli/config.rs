//! `backup-sync config`, and which configuration counts.

use std::fs;

use crate::{Ended, assert_fits, call, program};

#[test]
fn what_init_writes_is_a_configuration_that_only_lacks_its_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let written = call(folder.path(), &["config", "init"]);
    assert_eq!((written.code, written.out.as_str()), (0, ""), "{}", written.err);
    assert!(written.err.contains("backup-sync config check"), "{}", written.err);
    let path = folder.path().join("backup-sync.toml");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let mut check = program();
    check.current_dir(folder.path()).args(["config", "check"]);
    for name in ["M365_PASSWORD", "CBR_SECRET_KEY", "DR_PASSWORD"] {
        check.env(name, "planted");
    }
    let ended = Ended::of(check.output().unwrap());
    assert_eq!((ended.code, ended.err.as_str()), (0, ""));
    let lines: Vec<&str> = ended.out.lines().collect();
    assert_eq!(
        lines,
        [
            "m365: ok: veeam-vb365 at https://vbm.example.org:4443, secrets from environment variable M365_PASSWORD",
            "cloud: ok: huawei-cbr at region ap-southeast-3, secrets from environment variable CBR_SECRET_KEY",
            "dr: ok: vsphere-replication at https://vrms.example.org/api/rest/vr/v2, secrets from environment variable \
             DR_PASSWORD",
        ]
    );

    fs::write(&path, "mine").unwrap();
    let refused = call(folder.path(), &["config", "init"]);
    assert_eq!((refused.code, fs::read_to_string(&path).unwrap().as_str()), (2, "mine"));
    assert!(refused.err.contains("is there already; say --force"), "{}", refused.err);
    assert_eq!(call(folder.path(), &["config", "init", "--force"]).code, 0);
    assert!(fs::read_to_string(&path).unwrap().contains("[endpoints.m365]"));
    assert_eq!(call(folder.path(), &["config", "init", "no/such/folder.toml"]).code, 2);
}

const BROKEN: &str = r#"[endpoints.one]
vendor = "veeam-vb365"
url = "http://127.0.0.1:1/v8"
username = "sync"
password = { env = "NO_SUCH_VARIABLE_X" }
version = "v9"
tls = { ca_file = "gone.pem" }

[endpoints.two]
vendor = "vsphere-replication"
url = "http://127.0.0.1:1"
usrname = "sync"
password = "planted-secret"

[endpoints.three]
vendor = "huawei-cbr"
region = 5
domain = "account"
acess_key = "k"
tls = { fingrprint = "ab" }

[endpoints.good]
vendor = "veeam-vb365"
url = "http://127.0.0.1:1"
username = "sync"
password = { file = "password" }
"#;

#[test]
fn check_tells_of_all_problems_with_their_places() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("c.toml"), BROKEN).unwrap();
    fs::write(folder.path().join("password"), "planted-secret").unwrap();
    let ended = call(folder.path(), &["--quiet", "config", "check", "--config", "c.toml"]);
    assert_eq!(ended.code, 2, "{}", ended.err);
    let lines: Vec<&str> = ended.out.lines().collect();
    assert_eq!(
        lines,
        [
            "one: 4 problems",
            "two: 3 problems",
            "three: 3 problems",
            "good: ok: veeam-vb365 at http://127.0.0.1:1, secrets from file password",
        ]
    );
    for part in [
        "error: endpoint one, url: leave the version out of the URL",
        "error: endpoint one, password: the environment variable NO_SUCH_VARIABLE_X",
        "error: endpoint one, version: \"v9\" is no version",
        "error: endpoint one, tls: ",
        "error: c.toml:13:12: endpoint \"two\", password: the secret itself must not stand here",
        "error: c.toml:9:1: endpoint \"two\": missing field `username`",
        "error: c.toml:12:1: endpoint \"two\": unknown field `usrname`; did you mean `username`?",
        "error: c.toml:17:10: endpoint \"three\", region: invalid type: integer `5`, expected a string",
        "error: c.toml:19:1: endpoint \"three\": unknown field `acess_key`; did you mean `access_key`?",
        "error: c.toml:20:9: endpoint \"three\", tls: unknown field `fingrprint`; did you mean `fingerprint`? (known are \
         ca_file, fingerprint, insecure)",
    ] {
        assert!(ended.err.contains(part), "{:?} lacks {part:?}", ended.err);
    }
    assert_eq!(ended.err.lines().count(), 10, "{}", ended.err);
    assert!(!ended.err.contains("planted") && !ended.out.contains("planted"));
    let sync = call(folder.path(), &["--quiet", "sync", "--all", "--config", "c.toml"]);
    assert!(sync.code == 2 && sync.err.contains("c.toml:19:1: "), "{}", sync.err);
}

#[test]
fn the_schema_is_one() {
    let folder = tempfile::tempdir().unwrap();
    let schema = call(folder.path(), &["config", "schema"]);
    assert_eq!(schema.json(), call(folder.path(), &["schema", "config"]).json());
    let text = include_str!("../../examples/backup-sync.toml");
    let example: serde_json::Value = toml::from_str(text).unwrap();
    assert_fits("config", &example);
}

/// A configuration whose endpoint has this name.
fn named(name: &str) -> String {
    let table = BROKEN.split("[endpoints.good]").nth(1).unwrap();
    format!("[endpoints.{name}]{table}")
}

#[test]
fn the_flag_comes_before_the_environment_the_folder_and_the_user() {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, name: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, named(name)).unwrap();
    };
    let told = |arguments: &[&str], environment: Option<&str>| {
        let mut command = program();
        command.current_dir(folder.path()).env("XDG_CONFIG_HOME", folder.path().join("user"));
        command.args(["config", "check"]).args(arguments);
        if let Some(path) = environment {
            command.env("BACKUP_SYNC_CONFIG", path);
        }
        let ended = Ended::of(command.output().unwrap());
        ended.out.split(':').next().unwrap().to_owned() + if ended.err.contains("cannot be read: ") { "!" } else { "" }
    };
    assert_eq!(told(&[], None), "!");
    for (path, name) in [("user/backup-sync/config.toml", "user"), ("env.toml", "env"), ("flag.toml", "flag")] {
        write(path, name);
        fs::write(folder.path().join(path).parent().unwrap().join("password"), "planted").unwrap();
    }
    assert_eq!(told(&[], None), "user");
    write("backup-sync.toml", "project");
    assert_eq!(told(&[], None), "project");
    assert_eq!(told(&[], Some("env.toml")), "env");
    assert_eq!(told(&["--config", "flag.toml"], Some("env.toml")), "flag");
}

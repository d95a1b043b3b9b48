//! Wrong input: one sentence that names the file, field or target, exit code 2, nothing on standard output.

use std::fs;
use std::path::Path;

use crate::call;

/// Calls the program in `folder` and checks that it refuses with all `parts` in its message.
fn refused(folder: &Path, arguments: &[&str], parts: &[&str]) {
    let ended = call(folder, arguments);
    assert_eq!(ended.code, 2, "{arguments:?}: {}", ended.err);
    assert_eq!(ended.out, "", "{arguments:?}");
    for part in parts {
        assert!(ended.err.contains(part), "{arguments:?}: {:?} lacks {part:?}", ended.err);
    }
    assert!(!ended.err.contains("panicked"), "{}", ended.err);
}

const ENTRY: &str = r#"{"backup_id":"b1","backup_name":"NAME","bucket_name":"k","image_path":"p","resource_id":"r","resource_name":"n","created_at":1553587260}"#;

#[test]
fn backup_lists() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("empty.json", "[]");
    write("broken.json", "[{\"backup_id\": }]");
    write("long.json", &format!("[{}]", ENTRY.replace("NAME", &"x".repeat(65))));
    write("unknown.json", &format!("[{}]", ENTRY.replace("bucket_name", "bucket")));
    write("empty.csv", "");
    write("unknown.csv", "backup_id,backupname\n");
    write("broken.ndjson", "\n{\"backup_id\": }\n");
    fs::create_dir(folder.path().join("folder.json")).unwrap();
    for (file, parts) in [
        ("missing.json", ["missing.json", "cannot be read"]),
        ("folder.json", ["folder.json", "cannot be read"]),
        ("empty.json", ["empty.json", "is empty"]),
        ("broken.json", ["broken.json", "line 1 column"]),
        ("long.json", ["long.json", "entry 1: backup_name is 65 characters long; 1 to 64 are allowed"]),
        ("unknown.json", ["unknown.json", "unknown field `bucket`; did you mean `bucket_name`?"]),
        ("empty.csv", ["empty.csv", "is empty"]),
        ("unknown.csv", ["unknown.csv, line 1", "unknown column `backupname`; did you mean `backup_name`?"]),
        ("broken.ndjson", ["broken.ndjson, line 2", "column 15"]),
    ] {
        refused(folder.path(), &["demo", "--backups", file], &parts);
    }
}

const CONFIG: &str = "
[endpoints.m365]
vendor = \"veeam-vb365\"
url = \"http://127.0.0.1:1\"
username = \"sync\"
password = { file = \"password\" }

[endpoints.cloud]
vendor = \"huawei-cbr\"
region = \"ap-southeast-3\"
url = \"http://127.0.0.1:1\"
iam_url = \"http://127.0.0.1:1\"
domain = \"account\"
username = \"sync\"
password = { file = \"password\" }
backup_lists = [\"nightly.json\"]
";

fn with_config(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("backup-sync.toml"), text).unwrap();
    fs::write(folder.path().join("password"), "planted-secret\n").unwrap();
    fs::write(folder.path().join("empty"), "\n").unwrap();
    fs::write(folder.path().join("nightly.json"), format!("[{}]", ENTRY.replace("NAME", "n"))).unwrap();
    folder
}

#[test]
fn configuration_values() {
    let cases: &[(&str, &str, &[&str])] = &[
        ("vendor = \"veeam-vb365\"", "vendor = \"veem\"", &["backup-sync.toml:3:10", "m365", "unknown value `veem`"]),
        (
            "username = \"sync\"",
            "user = \"sync\"",
            &["backup-sync.toml:5:1: ", "m365", "unknown field `user`; did you mean `username`?"],
        ),
        ("http://127.0.0.1:1", "vbm.example.org", &["\"m365\"", "cannot be used", "https://HOST:PORT"]),
        ("http://127.0.0.1:1", "https://a:planted-secret@vbm", &["\"m365\"", "user name or a password"]),
        ("{ file = \"password\" }", "{ env = \"NO_SUCH_VARIABLE_X\" }", &["m365", "password", "NO_SUCH_VARIABLE_X"]),
        ("{ file = \"password\" }", "\"planted-secret\"", &["backup-sync.toml:6:12: ", "m365"]),
        ("nightly.json", "gone.json", &["cloud", "backup_lists", "gone.json", "cannot be read"]),
        ("domain = \"account\"\n", "", &["cloud", "domain, username and password"]),
        ("username = \"sync\"", "version = \"v9\"\nusername = \"sync\"", &["m365", "version", "\"v9\""]),
        ("[endpoints.m365]", "[endpoints.m365", &["backup-sync.toml:2:"]),
        ("http://127.0.0.1:1", "http://127.0.0.1:1/v8", &["m365", "leave the version out of the URL"]),
        ("{ file = \"password\" }", "{ file = \"empty\" }", &["m365, password", "the secret is empty"]),
        (
            "{ file = \"password\" }",
            "{ file = \"a\", env = \"B\" }",
            &["m365", "name one of env, file, command and keyring"],
        ),
        ("username = \"sync\"", "tls = { ca_file = \"gone.pem\" }\nusername = \"sync\"", &["m365, tls", "gone.pem"]),
        (
            "username = \"sync\"",
            "tls = { insecure = true, fingerprint = \"ab\" }\nusername = \"sync\"",
            &["m365, tls", "remove one or the other"],
        ),
        (
            "username = \"sync\"",
            "tls = { ca_file = \"gone.pem\", fingerprint = \"ab\" }\nusername = \"sync\"",
            &["m365, tls", "ca_file would do nothing", "remove one or the other"],
        ),
    ];
    for (from, to, parts) in cases {
        let folder = with_config(&CONFIG.replacen(from, to, 1));
        let ended = call(folder.path(), &["sync", "--all"]);
        assert_eq!(ended.code, 2, "{to}: {}", ended.err);
        for part in *parts {
            assert!(ended.err.contains(part), "{to}: {:?} lacks {part:?}", ended.err);
        }
        assert!(!ended.err.contains("planted-secret"), "{}", ended.err);
    }
}

#[test]
fn targets_and_arguments() {
    let folder = with_config(CONFIG);
    refused(folder.path(), &["sync"], &["--all", "ENDPOINT/KIND/ID-OR-NAME"]);
    refused(folder.path(), &["sync", "m365"], &["ENDPOINT/KIND/ID-OR-NAME"]);
    refused(folder.path(), &["sync", "other/repository/*"], &["no endpoint of that name", "cloud, m365"]);
    refused(folder.path(), &["sync", "--all", "--deadline", "soon"], &["\"soon\"", "500ms, 90s, 5m or 1h 30m"]);
    refused(folder.path(), &["sync", "--all", "--poll", "0s"], &["\"0s\"", "more than 0s, at most a year"]);
    refused(folder.path(), &["sync", "--all", "--config", "gone.toml"], &["gone.toml", "cannot be read"]);
    refused(folder.path(), &["demo", "--output", "yaml"], &["yaml", "table", "json"]);
}

//! Scenarios that are refused: each message names file, line, column and key, and what to write instead.

use super::*;

const GOOD: &str = "\
description = \"Two servers.\"
speed = 50

[endpoints.m365]
vendor = \"veeam-vb365\"
targets = { repositories = 2 }

[[endpoints.m365.scripts]]
target = \"repository-*\"
runs = [{ outcome = { fail = \"full\" }, curve = { steps = [0, 50] }, on_stop = \"goes-on\" }]

[[endpoints.m365.faults]]
operation = \"BackupRepository_List\"
times = 2
effect = { refusal = { status = 503, retry_after = 1 } }

[endpoints.dr]
vendor = \"vsphere-replication\"
duration = \"90s\"
";

fn told(text: &str) -> String {
    match Scenario::parse(text, Format::Toml, "x.toml") {
        Ok(_) => "it is accepted".to_owned(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_good_scenario_is_read() {
    assert_eq!(told(GOOD), "it is accepted");
}

/// What to change in the good one, and what the message says: its beginning, and a part of the rest.
const WRONG: &[(&str, &str, &str, &str)] = &[
    ("speed = 50", "sped = 50", "x.toml:2:1: sped: unknown field `sped`", "did you mean `speed`?"),
    ("speed = 50", "speed = -1", "x.toml:2:9: speed: -1 is no speed", "0 to 1000000 is possible"),
    ("speed = 50", "speed = ", "x.toml:2:", ""),
    ("\"Two servers.\"", "\" \"", "x.toml:1:15: description: ", "say in a sentence or two"),
    (
        "\"veeam-vb365\"",
        "\"veeam\"",
        "x.toml:5:10: endpoints.m365.vendor: unknown value `veeam`",
        "did you mean `veeam-vb365`?",
    ),
    ("vendor = \"veeam-vb365\"\n", "", "x.toml:4:1: endpoints.m365: missing field `vendor`", ""),
    ("{ repositories = 2 }", "{ repositories = 100001 }", "x.toml:6:", "0 to 100000 is possible"),
    (
        "{ repositories = 2 }",
        "{ vaults = 2 }",
        "x.toml:6:22: endpoints.m365.targets.vaults: ",
        "vaults is for huawei-cbr only",
    ),
    (
        "{ repositories = 2 }",
        "{ repository = 2 }",
        "x.toml:6:13: endpoints.m365.targets.repository: ",
        "did you mean `repositories`?",
    ),
    ("steps = [0, 50]", "steps = [0, 101]", "x.toml:10:", "101 is no percentage: 0 to 100 is possible"),
    ("steps = [0, 50]", "steps = []", "x.toml:10:", "endpoints.m365.scripts[0].runs[0].curve: no step is given"),
    ("{ fail = \"full\" }", "\"sucess\"", "x.toml:10:", "did you mean `success`?"),
    ("{ fail = \"full\" }", "{ stuck-at = 140 }", "x.toml:10:", "140 is no percentage"),
    ("target = \"repository-*\"\n", "", "x.toml:8:1: endpoints.m365.scripts[0]: ", "name either a target or a backup"),
    (
        "target = \"repository-*\"",
        "backup = \"b\"",
        "x.toml:9:10: endpoints.m365.scripts[0].backup: ",
        "huawei-cbr only",
    ),
    (
        "BackupRepository_List",
        "BackupRepositories_List",
        "x.toml:13:13: endpoints.m365.faults[0].operation: ",
        "this server has no operation \"BackupRepositories_List\"; the nearest are BackupRepository_List",
    ),
    ("BackupRepository_List", "ListVault", "x.toml:13:13: ", "this server has no operation \"ListVault\""),
    ("times = 2", "times = 0", "x.toml:14:9: endpoints.m365.faults[0].times: ", "1 to 1000000 is possible"),
    ("times = 2", "tims = 2", "x.toml:14:1: endpoints.m365.faults[0].tims: ", "did you mean `times`?"),
    ("status = 503", "status = 99", "x.toml:15:", "99 is no HTTP status: 100 to 599 is possible"),
    ("retry_after = 1", "retry = 1", "x.toml:15:", "did you mean `retry_after`?"),
    ("\"90s\"", "\"90\"", "x.toml:19:12: endpoints.dr.duration: ", "write for example 500ms, 90s, 5m or 1h 30m"),
    ("\"90s\"", "\"0s\"", "x.toml:19:12: ", "no possible length of time"),
    ("duration = \"90s\"", "version = \"v8\"", "x.toml:19:11: endpoints.dr.version: ", "veeam-vb365 only"),
    ("duration = \"90s\"", "page_size = 0", "x.toml:19:13: endpoints.dr.page_size: ", "1 to 100000"),
    ("[endpoints.dr]", "[endpoints.\"a/b\"]", "x.toml:17:1: endpoints.a/b: ", "cannot be part of an address"),
];

#[test]
fn what_is_wrong_is_told_with_its_place() {
    for (from, to, beginning, part) in WRONG {
        assert!(GOOD.contains(from), "{from}");
        let told = told(&GOOD.replacen(from, to, 1));
        assert!(told.starts_with(beginning) && told.contains(part), "{to}\n=> {told}\nlacks {beginning} … {part}");
    }
}

#[test]
fn json_is_read_with_the_same_messages() {
    let good = "{\"description\": \"One.\", \"endpoints\": {\n  \"dr\": {\"vendor\": \"vsphere-replication\",\n    \
                \"faults\": [{\"operation\": \"login\", \"effect\": \"reset\"}]}}}";
    let told = |text: &str| match Scenario::parse(text, Format::Json, "x.json") {
        Ok(_) => String::new(),
        Err(error) => error.to_string(),
    };
    assert_eq!(told(good), "");
    for (from, to, beginning, part) in [
        ("\"login\"", "\"log_in\"", "x.json:3:37: endpoints.dr.faults[0].operation: ", "nearest are login"),
        ("\"reset\"", "\"rest\"", "x.json:3:", "did you mean `reset`?"),
        ("\"effect\"", "\"efect\"", "x.json:3:", "endpoints.dr.faults[0]"),
        ("}}}", "}}", "x.json:3:", "EOF"),
    ] {
        let told = told(&good.replacen(from, to, 1));
        assert!(told.starts_with(beginning) && told.contains(part), "{to}\n=> {told}\nlacks {beginning} … {part}");
    }
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let told = Scenario::load(std::path::Path::new("no-such.toml")).err().map(|error| error.to_string());
    assert!(told.is_some_and(|told| told.starts_with("the scenario no-such.toml cannot be read: ")));
}

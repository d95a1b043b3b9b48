//! Which targets are meant: labels, plans, simulated ones.

use std::fs;

use serde_json::Value;

use crate::site::Site;
use crate::{assert_fits, call, root};

/// The addresses that a list names, sorted.
fn addresses(list: &Value) -> Vec<String> {
    let text = |target: &Value, part: &str| target["target"][part].as_str().unwrap().to_owned();
    let all = list["targets"].as_array().unwrap().iter();
    let mut all: Vec<String> =
        all.map(|target| format!("{}/{}", text(target, "endpoint"), text(target, "kind"))).collect();
    all.sort();
    all
}

#[test]
fn labels_choose_targets_and_others_are_not_asked() {
    let site = Site::new();
    let listed = |labels: &str| site.call(&["targets", "--output", "json", "-l", labels]);
    let all = site.call(&["targets", "--output", "json"]).json();
    assert_fits("targets", &all);
    assert!(all["targets"].as_array().unwrap().iter().all(|target| target["labels"]["site"] == "berlin"), "{all}");
    assert_eq!(addresses(&listed("site=berlin,at").json()), addresses(&all));
    let before = site.count("POST", "/session");
    let some = listed("at=m365");
    assert!(addresses(&some.json()).iter().all(|target| target == "m365/repository"), "{}", some.out);
    assert_eq!(site.count("POST", "/session"), before, "an endpoint that cannot be meant was asked");
    let csv = site.call(&["targets", "--output", "csv", "-l", "at!=m365"]);
    assert!(
        csv.out.starts_with("target,name,vendor,labels\n") && csv.out.contains(",\"at=dr,site=berlin\""),
        "{}",
        csv.out
    );
    for (labels, parts) in [
        ("site=paris", &["no target has the labels site=paris", "known are at=dr, at=m365, site=berlin"][..]),
        ("sit=berlin", &["did you mean `site`?"]),
        ("=", &["KEY=VALUE"]),
    ] {
        let ended = listed(labels);
        assert_eq!((ended.code, ended.out.as_str()), (2, ""), "{labels}");
        assert!(parts.iter().all(|part| ended.err.contains(part)), "{labels}: {}", ended.err);
    }
    let none = site.call(&["sync", "m365/*/*", "--label", "at=dr"]);
    assert_eq!(none.code, 2);
    assert!(none.err.contains("no target of m365/*/* has the labels at=dr"), "{}", none.err);
}

#[test]
fn a_plan_says_what_is_synchronized_and_how() {
    let site = Site::new();
    let write = |text: &str| fs::write(site.folder.path().join("plan.toml"), text).unwrap();
    let sync = || site.call(&["sync", "--plan", "plan.toml", "--output", "json", "--progress", "none"]);
    write(
        "
[[targets]]
select = 'm365/repository/*'
labels = { site = 'berlin' }
force = true
[[targets]]
select = 'dr/vault/*'
optional = true
",
    );
    let ended = sync();
    let report = ended.json();
    assert!(addresses(&report).iter().all(|target| target == "m365/repository"), "{report}");
    let needless =
        report["targets"].as_array().unwrap().iter().filter(|target| {
            target["outcome"] == "skipped" && target["reason"].as_str().unwrap().contains("isOutOfSync")
        });
    assert_eq!(needless.count(), 0, "force of the group counts: {report}");

    write("[[targets]]\nselect = 'dr/vault/*'\noptional = true\n");
    let ended = sync();
    assert_eq!((ended.code, ended.json()["targets"].as_array().unwrap().len()), (0, 0), "{}", ended.err);
    for (text, part) in [
        ("\n[[targets]]\nselect = 'dr/vault/*'\n", "plan.toml:2:1: target dr/vault/*: there is no such target"),
        ("[[targets]]\nselect = 'rd/*/*'\n", "plan.toml:1:1: target rd/*/*: no endpoint of that name"),
        ("[[targets]]\nlabels = { site = 'paris' }\n", "plan.toml:1:1: no target has the labels site=paris"),
        ("[[targets]]\nselct = 'dr/vault/*'\n", "plan.toml:2:1: targets[0]: unknown field `selct`"),
        ("deadline = '1h'\n", "the plan names no targets"),
    ] {
        write(text);
        let ended = sync();
        assert_eq!((ended.code, ended.out.as_str()), (2, ""), "{text}");
        assert!(ended.err.contains(part), "{text}: {}", ended.err);
        let checked = site.call(&["config", "check", "--plan", "plan.toml"]);
        let wanted = if part.contains("no such target") { 0 } else { 2 };
        assert_eq!(checked.code, wanted, "{text}: {} {}", checked.out, checked.err);
    }
    let both = site.call(&["sync", "--plan", "plan.toml", "--all"]);
    assert!(both.code == 2 && both.err.contains("--all"), "{}", both.err);
}

#[test]
fn the_example_of_a_plan_fits_its_schema() {
    let text = fs::read_to_string(root().join("examples/plans/nightly.toml")).unwrap();
    assert_fits("plan", &toml::from_str(&text).unwrap());
}

#[test]
fn twelve_simulated_targets_are_synchronized_without_a_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let ended = call(folder.path(), &["sync", "--all", "--simulated", "--output", "json"]);
    assert_eq!(ended.code, 0, "{}", ended.err);
    let report = ended.json();
    assert_fits("report", &report);
    assert_eq!(report["summary"]["succeeded"], 12, "{report}");
    let mut kinds = addresses(&report);
    kinds.dedup();
    assert_eq!(kinds, ["cloud/backups", "cloud/vault", "dr/replication", "m365/repository"]);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is written");
    let chosen = call(folder.path(), &["targets", "--simulated", "--output", "json", "-l", "site=singapore"]);
    assert_eq!(addresses(&chosen.json()).len(), 4, "{}", chosen.out);
}

#[test]
fn simulated_vendors_go_by_no_configuration() {
    let folder = tempfile::tempdir().unwrap();
    for command in [&["targets"][..], &["sync", "--all"], &["api", "m365", "--list"], &["doctor"]] {
        let ended = call(folder.path(), &[command, &["--simulated", "--config", "mine.toml"]].concat());
        assert_eq!((ended.code, ended.out.as_str()), (2, ""), "{command:?}");
        assert!(ended.err.contains("--simulated and --config exclude each other"), "{command:?}: {}", ended.err);
    }
    let mut named = crate::program();
    named.current_dir(folder.path()).env("BACKUP_SYNC_CONFIG", "mine.toml").args(["targets", "--simulated"]);
    let ended = crate::Ended::of(named.output().unwrap());
    assert_eq!(ended.code, 0, "that of the environment is for other calls: {}", ended.err);
}

//! `status`: what the journal knows without asking anybody, and with `--live` what the endpoints say.

use serde_json::Value;

use crate::site::Site;
use crate::{Ended, assert_fits};

const QUICK: [&str; 6] = ["--poll", "100ms", "--progress", "none", "--output", "json"];

fn status(site: &Site, more: &[&str]) -> Value {
    let ended = site.call(&[&["status", "--output", "json"], more].concat());
    assert_eq!(ended.code, 0, "{}", ended.err);
    assert_fits(if more.contains(&"--live") { "survey" } else { "status" }, &ended.json());
    ended.json()
}

fn sync(site: &Site, more: &[&str]) -> Ended {
    site.call(&[&["sync"], more, &QUICK[..]].concat())
}

fn requests(site: &Site) -> usize {
    site.simulator.requests().len()
}

#[test]
fn the_journal_tells_the_last_outcome_and_the_last_success_of_each_target() {
    let site = Site::new();
    let empty = status(&site, &[]);
    assert_eq!(
        (empty["targets"].as_array().map(Vec::len), empty["unfinished"].as_array().map(Vec::len)),
        (Some(0), Some(0))
    );
    assert_eq!(sync(&site, &["m365/repository/*"]).code, 0);
    let first = status(&site, &[])["targets"].as_array().unwrap().clone();
    let proven: Vec<&Value> = first.iter().filter(|target| target["outcome"] == "succeeded").collect();
    assert!(!proven.is_empty(), "{first:?}");
    assert!(proven.iter().all(|target| target["last_success"] == target["ended_at"] && target["job"].is_array()));
    // A second run skips what is in sync; the success stays known.
    assert_eq!(sync(&site, &["m365/repository/*"]).code, 0);
    let asked = requests(&site);
    let second = status(&site, &["m365/repository/*"])["targets"].as_array().unwrap().clone();
    assert_eq!(second.len(), first.len(), "one row for each target");
    assert!(second.iter().all(|target| target["outcome"] == "skipped"), "{second:?}");
    let successes = |targets: &[Value]| targets.iter().filter(|target| target["last_success"].is_string()).count();
    assert_eq!(successes(&second), successes(&first));
    assert_eq!(requests(&site), asked, "nobody was asked");
    let table = site.call(&["status"]);
    assert!(table.out.contains("LAST SUCCESS") && table.out.contains("skipped"), "{}", table.out);
}

#[test]
fn unfinished_runs_are_named_and_no_configuration_is_needed() {
    let site = Site::slow();
    let detached = sync(&site, &["m365/repository/*", "--detach"]);
    std::fs::remove_file(site.folder.path().join("backup-sync.toml")).unwrap();
    let known = status(&site, &[]);
    assert_eq!(known["unfinished"][0]["run"], detached.json()["run"]);
    let running: Vec<Value> = known["targets"].as_array().unwrap().clone();
    let running = running.iter().find(|target| target["state"] == "started").unwrap().clone();
    assert!(running["job"][0].is_string() && running["outcome"] == "still-running", "{running}");
    let table = site.call(&["status"]);
    assert!(table.out.contains("unfinished"), "{}", table.out);
}

#[test]
fn live_tells_what_each_target_is_doing_and_starts_nothing() {
    let site = Site::slow();
    let starts = || ["/Sync", "/checkpoints/sync", "/actions/sync"].map(|ending| site.count("POST", ending));
    let calm = status(&site, &["--live"]);
    let standings = |survey: &Value, endpoint: &str| -> Vec<String> {
        let of = survey["targets"].as_array().unwrap().iter().filter(|one| one["target"]["endpoint"] == endpoint);
        of.map(|one| one["standing"].as_str().unwrap().to_owned()).collect()
    };
    assert!(standings(&calm, "m365").contains(&"in-sync".to_owned()), "{calm}");
    assert!(standings(&calm, "dr").contains(&"aside".to_owned()), "{calm}");
    let targets = calm["targets"].as_array().unwrap();
    let synced = targets.iter().find(|one| one["standing"] == "in-sync").unwrap();
    assert_eq!(synced["facts"]["isOutOfSync"], false, "the proof is told");
    assert!(!site.folder.path().join("journal.db").exists(), "a look writes nothing down");
    assert_eq!(starts(), [0, 0, 0]);
    let repository = format!("m365/repository/{}", site.first("m365"));
    assert_eq!(sync(&site, &[&repository, "--detach"]).code, 7);
    let one = status(&site, &[&repository, "--live"])["targets"][0].clone();
    assert_eq!((one["standing"].as_str(), one["state"].as_str()), (Some("running"), Some("Synchronizing")), "{one}");
    assert!(one["job"][0].is_string() && one["percent"].is_u64(), "{one}");
    assert_eq!(starts(), [1, 0, 0]);
    let table = site.call(&["status", "--live"]);
    assert!(table.out.contains("STANDING") && table.out.contains("Synchronizing"), "{}", table.out);
}

#[test]
fn wrong_input_is_told() {
    let site = Site::new();
    assert_eq!(sync(&site, &["m365/repository/*"]).code, 0);
    for (arguments, part) in [
        (&["status", "m365/repository/nothing"][..], "the journal knows no such target"),
        (&["status", "m365"], "is no target address"),
        (&["status", "--live", "m365/repository/nothing"], "there is no such target"),
        (&["status", "--live", "elsewhere/*/*"], "no endpoint of that name is configured"),
        (&["status", "--config", "x.toml"], "--live"),
        (&["status", "--journal", "none"], "without a journal"),
    ] {
        let ended = site.call(arguments);
        assert_eq!((ended.code, ended.out.as_str()), (2, ""), "{arguments:?}");
        assert!(ended.err.contains(part), "{arguments:?}: {}", ended.err);
    }
}

/// Puts something else where an endpoint was.
fn moved(site: &Site, endpoint: &str, url: &str) {
    let path = site.folder.path().join("backup-sync.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace(&site.endpoint(endpoint).url, url)).unwrap();
}

/// The rows of a look at an endpoint.
fn rows<'a>(survey: &'a Value, endpoint: &str) -> Vec<&'a Value> {
    survey["targets"].as_array().unwrap().iter().filter(|row| row["target"]["endpoint"] == endpoint).collect()
}

#[test]
fn an_endpoint_that_cannot_be_used_hides_no_other() {
    let site = Site::new();
    let look = |arguments: &[&str], code: i32| {
        let ended = site.call(&[&["status", "--live", "--output", "json"], arguments].concat());
        assert_eq!(ended.code, code, "{arguments:?}: {}{}", ended.out, ended.err);
        let survey = ended.json();
        assert_fits("survey", &survey);
        survey
    };
    std::fs::write(site.folder.path().join("m365.password"), "wrong").unwrap();
    let refused = look(&[], 6);
    let [row] = rows(&refused, "m365")[..] else {
        panic!("one row for an endpoint that nothing is known of: {refused}")
    };
    assert_eq!((&row["standing"], &row["error_kind"]), (&"unread".into(), &"auth".into()), "{row}");
    assert_eq!((&row["target"]["kind"], &row["target"]["id"]), (&"*".into(), &"*".into()));
    assert!(rows(&refused, "dr").iter().all(|row| row["standing"] != "unread") && rows(&refused, "dr").len() > 1);
    assert_eq!(
        look(&["m365/repository/Mail cache"], 3)["targets"].as_array().unwrap().len(),
        1,
        "nothing else is asked"
    );
    std::fs::write(site.folder.path().join("m365.password"), &site.endpoint("m365").password).unwrap();
    // From now on the journal knows targets of it.
    assert_eq!(sync(&site, &["m365/repository/*"]).code, 0);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    moved(&site, "m365", &nobody);
    let away = look(&[], 6);
    let known = rows(&away, "m365");
    assert_eq!(known.len(), site.endpoint("m365").targets.len(), "{away}");
    assert!(known.iter().all(|row| row["standing"] == "unread" && row["error_kind"] == "unreachable"), "{away}");
    assert!(known.iter().any(|row| row["name"] == "Mail cache") && known[0]["detail"].is_string(), "{away}");
    assert_eq!(look(&["m365/*/Mail cache"], 5)["targets"].as_array().unwrap().len(), 1);
    assert_eq!(look(&["--label", "at=m365"], 5)["targets"].as_array().unwrap().len(), known.len());
    let wrong = site.call(&["status", "--live", "dr/replication/nothing"]);
    assert_eq!(wrong.code, 2, "that of another endpoint is still told: {}", wrong.err);
    let table = site.call(&["status", "--live"]);
    assert!(table.out.contains("unread") && table.out.contains("ready"), "{}", table.out);
    assert_eq!(
        (site.count("POST", "/session"), site.count("DELETE", "/session") > 0),
        (site.count("DELETE", "/session"), true)
    );
}

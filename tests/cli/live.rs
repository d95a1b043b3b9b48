//! `backup-sync doctor --conformance` against simulated vendors: they answer as the documents say, nothing is changed, nothing of theirs is kept.

use serde_json::Value;

use crate::site::Site;

#[test]
fn simulated_vendors_conform_and_nothing_is_changed() {
    let site = Site::all();
    // An account that never migrated has no record of it to be asked for.
    std::fs::write(site.folder.path().join("migrate.json"), r#"{"all_regions": true, "reservation": 0.2}"#).unwrap();
    let migrated = site.call(&["api", "cloud", "MigrateDomain", "--body", "migrate.json"]);
    assert_eq!(migrated.code, 0, "{}", migrated.err);
    for (endpoint, lists) in [("m365", "BackupRepository_List"), ("cloud", "ListVault"), ("dr", "getVrPairings")] {
        let ended = site.call(&["doctor", endpoint, "--conformance", "--output", "json"]);
        assert_eq!(ended.code, 0, "{endpoint}: {}\n{}", ended.err, ended.out);
        let announced = ended.err.find(&format!("  {lists}")).or_else(|| ended.err.find(lists)).unwrap();
        assert!(announced < ended.err.find(&format!("{lists}: 200")).unwrap(), "it is told before: {}", ended.err);
        let report = ended.json();
        let calls: Vec<&Value> = report["endpoints"][0]["apis"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|api| api["calls"].as_array().unwrap())
            .collect();
        assert!(calls.iter().any(|call| call["operation"] == lists && call["status"] == 200), "{report}");
        assert!(calls.iter().all(|call| call["deviations"].as_array().unwrap().is_empty()), "{report}");
        for target in &site.endpoint(endpoint).targets {
            assert!(!ended.out.contains(&target.id) && !ended.out.contains(&target.name), "{}", ended.out);
        }
    }
    for start in ["/actions/sync", "/checkpoints/sync", "/backups/sync"] {
        assert_eq!(site.count("POST", start), 0, "{start}");
    }
}

#[test]
fn an_unknown_endpoint_is_a_sentence() {
    let site = Site::all();
    let ended = site.call(&["doctor", "m366", "--conformance"]);
    assert_eq!(ended.code, 2);
    assert!(ended.err.contains("m365"), "{}", ended.err);
}

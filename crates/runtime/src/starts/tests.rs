//! What answers name, and what lists show, without a server.

use serde_json::json;

use super::*;

static START: Operation = Operation { id: "Start", ..Operation::BLANK };

fn call(parameters: &[(&str, &str)], body: Option<Value>) -> Call {
    let parameters = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Call { operation: &START, parameters, body }
}

fn named(path: &'static str, answer: &Value) -> (Vec<String>, usize) {
    Begun { kind: "job", named: Some(path), find: &[] }.named(answer)
}

#[test]
fn ids_are_taken_from_wherever_they_stand() {
    let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
    assert_eq!(named("id", &json!({"id": "a"})), (ids(&["a"]), 0));
    assert_eq!(named("sync.log", &json!({"sync": {"log": 7}})), (ids(&["7"]), 0));
    assert_eq!(named("[].id", &json!([{"id": "a"}, {"id": "b"}])), (ids(&["a", "b"]), 0));
    let several = json!({"list": [{"id": "a"}, {"id": "a"}, {"id": null}, {"other": 1}, {"id": ""}]});
    assert_eq!(named("list[].id", &several), (ids(&["a"]), 3), "shared ids count once, missing ones are noticed");
    assert_eq!(named("list[].id", &json!({"list": {"id": "a"}})), (ids(&["a"]), 0), "an object in place of the list");
    assert_eq!(named("a[].b[].id", &json!({"a": [{"b": [{"id": 1}]}, {"b": [{"id": 2}]}, {}]})), (ids(&["1", "2"]), 0));
    for nothing in [json!({}), json!(null), json!({"list": null}), json!([])] {
        assert_eq!(named("list[].id", &nothing), (Vec::new(), 0), "{nothing}");
    }
    assert_eq!(named("sync.log", &json!({"sync": null})), (Vec::new(), 1));
}

const RESTORES: Find =
    Find { list: "List", with: &[("type", "restore")], id: "id", matching: &[("extra.backup_id", "$path.backup_id")] };

fn found(find: &Find, items: &[Value], call: &Call, answer: Option<&Value>) -> Option<Hits> {
    find.search(items, &HashSet::from(["old".to_owned()]), call, answer)
}

#[test]
fn what_was_there_before_and_what_is_about_something_else_is_not_taken() {
    let call = call(&[("backup_id", "B-1")], None);
    let item = |id: &str, backup: &str| json!({"id": id, "extra": {"backup_id": backup}});
    let items = [item("old", "b-1"), item("new", "b-1"), item("other", "b-2"), json!({"id": "bare"}), json!({})];
    let hits = found(&RESTORES, &items, &call, None);
    assert_eq!(hits, Some(Hits { ids: vec!["new".into()], missing: Vec::new(), one: true }));
    let link = [json!({"id": "new", "extra": {"backup_id": "/v6/Jobs/b-1"}})];
    assert_eq!(found(&RESTORES, &link, &call, None).map(|hits| hits.ids.len()), Some(1), "a link ends in the id");
    assert!(!RESTORES.needs_answer());
}

const BACKUPS: Find = Find {
    list: "List",
    with: &[],
    id: "id",
    matching: &[("checkpoint", "$answer.checkpoint.id"), ("resource.id", "$answer.checkpoint.resources[].id")],
};

#[test]
fn each_thing_that_the_answer_lists_needs_a_job() {
    let call = call(&[], Some(json!({"vault": "v"})));
    let answer = json!({"checkpoint": {"id": "c", "resources": [{"id": "r1"}, {"id": "r2"}]}});
    let item = |id: &str, resource: &str| json!({"id": id, "checkpoint": "c", "resource": {"id": resource}});
    let hits = found(&BACKUPS, &[item("1", "r1"), item("3", "r3")], &call, Some(&answer)).unwrap_or_default();
    assert_eq!((hits.ids, hits.missing, hits.one), (vec!["1".to_owned()], vec!["r2".to_owned()], false));
    // An answer that lists nothing says nothing about resources; one without an id does not say what to look for.
    let bare = json!({"checkpoint": {"id": "c"}});
    assert_eq!(
        found(&BACKUPS, &[item("3", "r3")], &call, Some(&bare)).map(|hits| hits.ids),
        Some(vec!["3".to_owned()])
    );
    assert_eq!(found(&BACKUPS, &[item("3", "r3")], &call, Some(&json!({}))), None);
    assert_eq!(found(&BACKUPS, &[item("3", "r3")], &call, None), None, "nor does a lost one");
    assert!(BACKUPS.needs_answer());
    let all = Find { matching: &[("resource.id", "$answer.checkpoint.resources[].id")], ..BACKUPS };
    assert_eq!(found(&all, &[item("3", "r3")], &call, Some(&bare)), None, "whatever is new would fit");
}

#[test]
fn sources_are_parameters_members_and_literal_words() {
    let call = call(&[("id", "1"), ("id", "2")], Some(json!({"a": {"b": true}, "list": [{"x": "p"}, {"x": "q"}]})));
    let values = |source: &str| call.values(source, None);
    assert_eq!(values("restore"), Some(vec!["restore".to_owned()]));
    assert_eq!(values("$path.id"), Some(vec!["1".to_owned(), "2".to_owned()]));
    assert_eq!(values("$body.a.b"), Some(vec!["true".to_owned()]));
    assert_eq!(values("$body.list[].x"), Some(vec!["p".to_owned(), "q".to_owned()]));
    assert_eq!(values("$body.none[].x"), Some(Vec::new()));
    for unknown in ["$body.a.c", "$path.none", "$answer.id", "$elsewhere.x", "$body"] {
        assert_eq!(values(unknown), None, "{unknown}");
    }
    let repository = Starts::Synchronization { kind: "repository", id: "$path.id" };
    assert_eq!(repository.target(&call), Some("1".to_owned()));
}

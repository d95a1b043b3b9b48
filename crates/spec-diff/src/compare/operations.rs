//! Operations: which became which, and what stands at them.

use std::collections::{BTreeMap, BTreeSet};

use backup_sync_codegen::document::METHODS;
use serde_json::Value;

use super::{Comparer, Part, Tell, listed, shown};
use crate::graph::{ANSWER, ANY, Id, REQUEST};
use crate::kind;
use crate::spot::Spot;

/// An operation of one side.
#[derive(Clone)]
pub(super) struct Operation<'a> {
    pub(super) path: &'a str,
    method: &'a str,
    id: &'a str,
    pub(super) spot: Spot<'a>,
    pub(super) item: Spot<'a>,
}

impl Operation<'_> {
    /// Its id, or where it stands when it has none.
    fn name(&self) -> String {
        if self.id.is_empty() { self.place() } else { self.id.to_owned() }
    }

    fn place(&self) -> String {
        format!("{} {}", self.method.to_uppercase(), self.path)
    }

    /// Path and method without the names of path parameters, which are not on the wire.
    fn wire(&self) -> (String, &str) {
        let segments = self.path.split('/').map(|segment| match (segment.find('{'), segment.rfind('}')) {
            (Some(open), Some(close)) if open < close => format!("{}{{}}{}", &segment[..open], &segment[close + 1..]),
            _ => segment.to_owned(),
        });
        (segments.collect::<Vec<_>>().join("/"), self.method)
    }
}

fn all(root: &Value) -> Vec<Operation<'_>> {
    let mut list = Vec::new();
    for (path, item) in Spot::root(root).child("paths").members() {
        for (method, spot) in item.members().filter(|(method, _)| METHODS.contains(method)) {
            let id = spot.text("operationId").unwrap_or_default();
            list.push(Operation { path, method, id, spot, item: item.clone() });
        }
    }
    list
}

/// Whether two operations are the same one, by one measure.
type Test<'t, 'a> = &'t dyn Fn(&Operation<'a>, &Operation<'a>) -> bool;

/// Pairs what is the same operation: by place and id, then by place when the id is new, then by id alone.
fn matched<'a>(old: &[Operation<'a>], new: &[Operation<'a>]) -> Vec<(Option<usize>, Option<usize>)> {
    let mut left: BTreeSet<usize> = (0..old.len()).collect();
    let mut right: BTreeSet<usize> = (0..new.len()).collect();
    let mut pairs: BTreeMap<usize, usize> = BTreeMap::new();
    let ids = |list: &[Operation<'a>]| -> BTreeSet<&'a str> {
        list.iter().map(|operation| operation.id).filter(|id| !id.is_empty()).collect()
    };
    let (old_ids, new_ids) = (ids(old), ids(new));
    let tests: [Test<'_, 'a>; 4] = [
        &|a, b| a.wire() == b.wire() && a.id == b.id,
        &|a, b| a.wire() == b.wire() && !new_ids.contains(a.id) && !old_ids.contains(b.id),
        &|a, b| a.id == b.id && !a.id.is_empty(),
        &|a, b| a.wire() == b.wire(),
    ];
    for test in tests {
        for a in left.clone() {
            if let Some(b) = right.iter().copied().find(|b| test(&old[a], &new[*b])) {
                left.remove(&a);
                right.remove(&b);
                pairs.insert(a, b);
            }
        }
    }
    let both = pairs.into_iter().map(|(a, b)| (Some(a), Some(b)));
    let gone = left.into_iter().map(|a| (Some(a), None));
    both.chain(gone).chain(right.into_iter().map(|b| (None, Some(b)))).collect()
}

impl<'a> Comparer<'a> {
    pub(super) fn operations(&mut self) {
        let (old, new) = (all(self.old), all(self.new));
        for pair in matched(&old, &new) {
            let id = self.graph.node();
            match pair {
                (Some(a), Some(b)) => {
                    self.graph.entry(&new[b].name(), id);
                    self.operation(id, &old[a], &new[b]);
                }
                (Some(a), None) => {
                    let name = old[a].name();
                    let what = format!("the operation `{name}` ({}) is gone", old[a].place());
                    self.graph.entry(&name, id);
                    self.tell(id, Tell::gone(&kind::OPERATION_REMOVED, &old[a].spot, what));
                }
                (None, Some(b)) => {
                    let name = new[b].name();
                    let what = format!("the operation `{name}` ({}) is new", new[b].place());
                    self.graph.entry(&name, id);
                    self.tell(id, Tell::fresh(&kind::OPERATION_ADDED, &new[b].spot, what));
                }
                (None, None) => {}
            }
        }
        self.path_items();
    }

    /// What stands beside the operations of a path.
    fn path_items(&mut self) {
        const KNOWN: [&str; 10] =
            ["get", "put", "post", "delete", "options", "head", "patch", "trace", "parameters", "servers"];
        let id = self.graph.node();
        let (old, new) = (Spot::root(self.old).child("paths"), Spot::root(self.new).child("paths"));
        for (path, item) in old.members() {
            if let Some(other) = new.find(path) {
                self.servers(id, &item, &other);
                self.others(id, &item, &other, &KNOWN);
            }
        }
    }

    fn operation(&mut self, id: Id, old: &Operation<'a>, new: &Operation<'a>) {
        let (before, after) = (&old.spot, &new.spot);
        if old.id != new.id {
            let what = format!("the operation `{}` is called `{}` now", old.name(), new.name());
            let tell = Tell::both(&kind::OPERATION_RENAMED, before, after, what);
            self.tell(id, tell.values(Some(&old.id.into()), Some(&new.id.into())));
        }
        if old.wire() != new.wire() {
            let what = format!("`{}` is `{}` now", old.place(), new.place());
            self.tell(id, Tell::both(&kind::OPERATION_MOVED, before, after, what));
        }
        self.parameters(id, old, new);
        self.request_body(id, before, after);
        self.responses(id, &before.child("responses"), &after.child("responses"));
        self.security(id, before, after);
        self.servers(id, before, after);
        self.marks(id, old, new);
        self.rights(id, before, after);
        self.others(
            id,
            before,
            after,
            &[
                "operationId",
                "parameters",
                "requestBody",
                "responses",
                "security",
                "servers",
                "x-idempotent",
                "x-starts",
                "x-starts-job",
                "x-paging",
                "x-permissions",
                "x-dr-permissions",
            ],
        );
    }

    /// Marks that decide how our client treats the operation.
    fn marks(&mut self, id: Id, old: &Operation<'a>, new: &Operation<'a>) {
        let (before, after) = (&old.spot, &new.spot);
        let again = |operation: &Operation<'a>| match operation.spot.node.get("x-idempotent") {
            Some(said) => said == &Value::Bool(true),
            None => matches!(operation.method, "get" | "head" | "put" | "delete"),
        };
        if again(old) != again(new) {
            let word = if again(new) { "may be sent again now" } else { "must not be sent again any more" };
            let what = format!("the request {word} when its answer was lost");
            let tell = Tell::both(&kind::IDEMPOTENCY_CHANGED, before, after, what);
            self.tell(id, tell.values(Some(&again(old).into()), Some(&again(new).into())).part("x-idempotent"));
        }
        if before.flag("x-starts-job") != after.flag("x-starts-job") {
            let word = if after.flag("x-starts-job") { "starts work now" } else { "starts no work any more" };
            let what = format!("the operation {word}, says `x-starts-job`");
            self.tell(id, Tell::both(&kind::STARTS_JOB_CHANGED, before, after, what).part("x-starts-job"));
        }
        let (was, is) = (before.find("x-starts"), after.find("x-starts"));
        if was.as_ref().map(|spot| spot.node) != is.as_ref().map(|spot| spot.node) {
            let word = match (&was, &is) {
                (None, _) => "is said now",
                (_, None) => "is no longer said",
                _ => "is said in another way",
            };
            let what = format!("what the operation starts {word}, in `x-starts`");
            self.tell(id, Tell::either(&kind::STARTS_CHANGED, was.as_ref(), is.as_ref(), what).part("x-starts"));
        }
        let (was, is) = (before.find("x-paging"), after.find("x-paging"));
        if was.as_ref().map(|spot| spot.node) != is.as_ref().map(|spot| spot.node) {
            let word = match (&was, &is) {
                (None, _) => "is read page by page now",
                (_, None) => "is no longer read page by page",
                _ => "is paged in another way",
            };
            let what = format!("the list {word}, says `x-paging`");
            self.tell(id, Tell::either(&kind::PAGING_CHANGED, was.as_ref(), is.as_ref(), what).part("x-paging"));
        }
    }

    fn rights(&mut self, id: Id, old: &Spot<'a>, new: &Spot<'a>) {
        for key in ["x-permissions", "x-dr-permissions"] {
            let (before, after) = (old.find(key), new.find(key));
            let list = |spot: &Option<Spot<'a>>| -> Vec<&'a Value> {
                // vSphere Replication writes the list one level deeper.
                let node = spot.as_ref().map(|spot| spot.node.get("permissions").unwrap_or(spot.node));
                node.and_then(Value::as_array).into_iter().flatten().collect()
            };
            let (was, is) = (list(&before), list(&after));
            if was == is {
                self.keyword(id, key, before, after);
                continue;
            }
            let added: Vec<&Value> = is.iter().copied().filter(|right| !was.contains(right)).collect();
            let removed: Vec<&Value> = was.iter().copied().filter(|right| !is.contains(right)).collect();
            for (kind, rights, verb) in
                [(&kind::PERMISSION_ADDED, added, "needs"), (&kind::PERMISSION_REMOVED, removed, "no longer needs")]
            {
                if !rights.is_empty() {
                    let what = format!("{verb} the right {}", listed(rights));
                    self.tell(id, Tell::either(kind, before.as_ref(), after.as_ref(), what));
                }
            }
        }
    }

    /// The body of a request: there, gone, needed, or to be compared.
    fn request_body(&mut self, id: Id, old: &Spot<'a>, new: &Spot<'a>) {
        let required = |spot: &Spot<'a>, root| spot.clone().followed(root).flag("required");
        match (old.find("requestBody"), new.find("requestBody")) {
            (Some(before), Some(after)) => {
                let body = self.pair(Part::Body, before, after);
                self.graph.edge(id, body, Some(REQUEST), ANY);
            }
            (Some(before), None) => {
                let tell = Tell::gone(&kind::BODY_REMOVED, &before, "the request has no body any more");
                self.tell(id, tell.part("body"));
            }
            (None, Some(after)) => {
                let (kind, what) = match required(&after, self.new) {
                    true => (&kind::BODY_ADDED_REQUIRED, "the request needs a body now"),
                    false => (&kind::BODY_ADDED, "the request may have a body now"),
                };
                self.tell(id, Tell::fresh(kind, &after, what).part("body"));
            }
            (None, None) => {}
        }
    }

    /// Answers by status; a single success that has another status now is still the success.
    fn responses(&mut self, id: Id, old: &Spot<'a>, new: &Spot<'a>) {
        let only = |spot: &Spot<'a>, other: &Spot<'a>| -> Vec<Spot<'a>> {
            spot.members().filter(|(status, _)| other.find(status).is_none()).map(|(_, spot)| spot).collect()
        };
        let (mut gone, mut fresh) = (only(old, new), only(new, old));
        let success = |spot: &Spot<'a>| status(spot).starts_with('2');
        let (lost, won) = (gone.iter().position(success), fresh.iter().position(success));
        let alone = |list: &[Spot<'a>]| list.iter().filter(|spot| success(spot)).count() == 1;
        if let (Some(lost), Some(won), true) = (lost, won, alone(&gone) && alone(&fresh)) {
            let (before, after) = (gone.remove(lost), fresh.remove(won));
            let what = format!("success is {} now and was {}", status(&after), status(&before));
            self.tell(id, Tell::both(&kind::SUCCESS_CHANGED, &before, &after, what).part(status(&after)));
            self.answer(id, before, after);
        }
        for (status, before) in old.members() {
            if let Some(after) = new.find(status) {
                self.answer(id, before, after);
            }
        }
        for spot in gone {
            let kind = if success(&spot) { &kind::SUCCESS_REMOVED } else { &kind::ERROR_REMOVED };
            let status = status(&spot);
            let what = format!("the answer {} is gone", shown(&status.into()));
            self.tell(id, Tell::gone(kind, &spot, what).part(status).sides(ANY));
        }
        for spot in fresh {
            let kind = match status(&spot).chars().next() {
                Some('2') => &kind::SUCCESS_ADDED,
                Some('3') => &kind::REDIRECT_ADDED,
                _ => &kind::ERROR_ADDED,
            };
            let status = status(&spot);
            let what = format!("the answer {} is new", shown(&status.into()));
            self.tell(id, Tell::fresh(kind, &spot, what).part(status));
        }
    }

    fn answer(&mut self, id: Id, old: Spot<'a>, new: Spot<'a>) {
        let response = self.pair(Part::Response, old, new);
        self.graph.edge(id, response, Some(ANSWER), ANY);
    }
}

/// The status that an answer stands at.
fn status<'s>(spot: &'s Spot<'_>) -> &'s str {
    spot.pointer.rsplit('/').next().unwrap_or_default()
}

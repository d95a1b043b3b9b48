//! Compares two documents pair by pair: operations first, then whatever they lead to.
//!
//! Pairs wait in a queue instead of on the call stack, so deep and circular documents are as good as any other.

mod bodies;
mod bounds;
mod document;
mod enums;
mod keywords;
mod operations;
mod parameters;
mod schemas;
mod security;
pub(crate) mod shape;

use std::collections::{BTreeSet, HashMap, VecDeque};

use backup_sync_codegen::document::{component, schemas as schemas_of};
use serde_json::Value;

use crate::graph::{ANY, Difference, Graph, Id, Reached, Sides};
use crate::kind::{self, Kind};
use crate::spot::Spot;

/// What a pair is, which decides how it is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Part {
    Parameter,
    Body,
    Response,
    Header,
    Schema,
}

struct Job<'a> {
    id: Id,
    part: Part,
    old: Spot<'a>,
    new: Spot<'a>,
}

/// A comparison under way.
struct Comparer<'a> {
    old: &'a Value,
    new: &'a Value,
    graph: Graph,
    pairs: HashMap<(Part, String, String), Id>,
    queue: VecDeque<Job<'a>>,
    /// Named schemas that a pair has accounted for, on each side.
    accounted: [BTreeSet<String>; 2],
    /// Pair of each security scheme.
    schemes: HashMap<&'a str, Id>,
}

/// All differences between two documents, with the operations that reach them.
pub(crate) fn run(old: &Value, new: &Value) -> Vec<Reached> {
    let mut comparer = Comparer {
        old,
        new,
        graph: Graph::default(),
        pairs: HashMap::new(),
        queue: VecDeque::new(),
        accounted: Default::default(),
        schemes: HashMap::new(),
    };
    comparer.document();
    comparer.operations();
    comparer.drain();
    comparer.components();
    comparer.graph.finish()
}

impl<'a> Comparer<'a> {
    /// The pair of two nodes; it is compared later, and once.
    fn pair(&mut self, part: Part, old: Spot<'a>, new: Spot<'a>) -> Id {
        let (old, new) = match part {
            Part::Schema => (self.through(old, 0), self.through(new, 1)),
            _ => (old.followed(self.old), new.followed(self.new)),
        };
        let key = (part, old.pointer.clone(), new.pointer.clone());
        if let Some(id) = self.pairs.get(&key) {
            return *id;
        }
        let id = self.graph.node();
        self.pairs.insert(key, id);
        self.queue.push_back(Job { id, part, old, new });
        id
    }

    /// Follows a schema that is nothing but a reference, and notes the named schemas on the way.
    fn through(&mut self, mut spot: Spot<'a>, side: usize) -> Spot<'a> {
        let root = [self.old, self.new][side];
        while spot.node.as_object().is_some_and(|members| members.len() == 1) {
            let Some(reference) = spot.text("$ref") else { break };
            let Some(("schemas", name)) = component(reference) else { break };
            let fresh = self.accounted[side].insert(name.to_owned());
            let next = spot.clone().followed(root);
            // A circle of references alone means nothing; the first of them stands for all.
            if next.node.get("$ref").is_some() && !fresh {
                break;
            }
            if next.pointer == spot.pointer {
                break;
            }
            spot = next;
        }
        spot
    }

    fn drain(&mut self) {
        while let Some(job) = self.queue.pop_front() {
            match job.part {
                Part::Parameter => self.parameter(job.id, &job.old, &job.new),
                Part::Body => self.body(job.id, &job.old, &job.new),
                Part::Response => self.response(job.id, &job.old, &job.new),
                Part::Header => self.header(job.id, &job.old, &job.new),
                Part::Schema => self.schema(job.id, &job.old, &job.new),
            }
        }
    }

    /// Named schemas that no pair has led to: new, gone, used by nobody or by others than before.
    fn components(&mut self) {
        let id = self.graph.node();
        let new_seen = self.accounted[1].clone();
        let at = |root, name: &str| Spot::root(root).child("components").child("schemas").child(name);
        for (name, _) in schemas_of(self.old) {
            let spot = at(self.old, name);
            let other = at(self.new, name);
            if !other.is_nothing() {
                self.pair(Part::Schema, spot, other);
            } else if !self.accounted[0].contains(name) {
                self.tell(id, Tell::gone(&kind::SCHEMA_REMOVED, &spot, format!("the schema `{name}` is gone")));
            }
        }
        for (name, _) in schemas_of(self.new).filter(|(name, _)| !new_seen.contains(*name)) {
            if at(self.old, name).is_nothing() {
                let what = format!("the schema `{name}` is new");
                self.tell(id, Tell::fresh(&kind::SCHEMA_ADDED, &at(self.new, name), what));
            }
        }
        self.drain();
    }

    fn tell(&mut self, id: Id, tell: Tell) {
        self.graph.differ(id, tell.0);
    }

    /// Members of two nodes that no comparison of its own looks at.
    fn others(&mut self, id: Id, old: &Spot<'a>, new: &Spot<'a>, known: &[&str]) {
        let names = old.members().chain(new.members()).map(|(name, _)| name).filter(|name| !known.contains(name));
        for name in names.collect::<BTreeSet<_>>() {
            self.keyword(id, name, old.find(name), new.find(name));
        }
    }
}

/// A difference in the making.
struct Tell(Difference);

impl Tell {
    fn new(kind: &'static Kind, old: Option<String>, new: Option<String>, what: impl Into<String>) -> Self {
        let what = what.into();
        Self(Difference { kind, old, new, part: None, what, before: None, after: None, sides: ANY })
    }

    /// Something that both sides have.
    fn both(kind: &'static Kind, old: &Spot<'_>, new: &Spot<'_>, what: impl Into<String>) -> Self {
        Self::new(kind, Some(old.pointer.clone()), Some(new.pointer.clone()), what)
    }

    /// Something that only the old side has.
    fn gone(kind: &'static Kind, old: &Spot<'_>, what: impl Into<String>) -> Self {
        Self::new(kind, Some(old.pointer.clone()), None, what)
    }

    /// Something that only the new side has.
    fn fresh(kind: &'static Kind, new: &Spot<'_>, what: impl Into<String>) -> Self {
        Self::new(kind, None, Some(new.pointer.clone()), what)
    }

    /// One or both sides have it.
    fn either(kind: &'static Kind, old: Option<&Spot<'_>>, new: Option<&Spot<'_>>, what: impl Into<String>) -> Self {
        let at = |spot: Option<&Spot<'_>>| spot.map(|spot| spot.pointer.clone());
        Self::new(kind, at(old), at(new), what).values(old.map(|spot| spot.node), new.map(|spot| spot.node))
    }

    fn part(mut self, name: &str) -> Self {
        self.0.part = Some(name.to_owned());
        self
    }

    fn values(mut self, before: Option<&Value>, after: Option<&Value>) -> Self {
        self.0.before = before.filter(|value| !value.is_null()).cloned();
        self.0.after = after.filter(|value| !value.is_null()).cloned();
        self
    }

    fn sides(mut self, sides: Sides) -> Self {
        self.0.sides = sides;
        self
    }
}

/// A value for a sentence: short, on one line, without characters that a terminal would obey.
pub(crate) fn shown(value: &Value) -> String {
    const LONGEST: usize = 60;
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut line: String = crate::render::plain(&text);
    if line.chars().count() > LONGEST {
        line = line.chars().take(LONGEST).collect::<String>() + "…";
    }
    format!("`{}`", line.replace('`', "'"))
}

/// Several values for a sentence.
fn listed<'v>(values: impl IntoIterator<Item = &'v Value>) -> String {
    values.into_iter().map(shown).collect::<Vec<_>>().join(", ")
}

//! What was compared with what, what differed there, and which operations reach it.
//!
//! A pair of nodes is compared once, however many operations use it. Differences are kept without a class; who reaches
//! them, and in which direction, is asked afterwards.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use crate::kind::Kind;

/// Set of directions.
pub(crate) type Sides = u8;
/// Callers send it.
pub(crate) const REQUEST: Sides = 1;
/// Callers receive it.
pub(crate) const ANSWER: Sides = 2;
/// It is the operation itself.
pub(crate) const DIRECT: Sides = 4;
/// Whatever direction the way here has.
pub(crate) const ANY: Sides = REQUEST | ANSWER | DIRECT;

pub(crate) type Id = usize;

/// One difference, without its consequences.
#[derive(Clone, Debug)]
pub(crate) struct Difference {
    pub(crate) kind: &'static Kind,
    pub(crate) old: Option<String>,
    pub(crate) new: Option<String>,
    pub(crate) part: Option<String>,
    pub(crate) what: String,
    pub(crate) before: Option<Value>,
    pub(crate) after: Option<Value>,
    /// Directions in which it matters: a member that is only sent matters in no answer.
    pub(crate) sides: Sides,
}

/// How a pair leads to another one.
#[derive(Clone, Copy, Debug)]
struct Edge {
    to: Id,
    /// Direction from here on; none keeps the one of the way here.
    enters: Option<Sides>,
    /// Directions that may pass.
    passes: Sides,
}

#[derive(Debug, Default)]
struct Node {
    differences: Vec<Difference>,
    edges: Vec<Edge>,
    /// Operations that reach it, each with the directions.
    reached: Vec<(String, Sides)>,
}

/// The pairs of two documents.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    nodes: Vec<Node>,
    /// Operation id and pair of each operation.
    entries: Vec<(String, Id)>,
}

/// A difference with those who reach it.
pub(crate) type Reached = (Difference, BTreeMap<String, Sides>);

/// What makes two differences the same one: kind, both places and the sentence.
type Sameness = (&'static str, Option<String>, Option<String>, String);

impl Graph {
    pub(crate) fn node(&mut self) -> Id {
        self.nodes.push(Node::default());
        self.nodes.len() - 1
    }

    pub(crate) fn entry(&mut self, operation: &str, id: Id) {
        self.entries.push((operation.to_owned(), id));
    }

    pub(crate) fn edge(&mut self, from: Id, to: Id, enters: Option<Sides>, passes: Sides) {
        self.nodes[from].edges.push(Edge { to, enters, passes });
    }

    pub(crate) fn differ(&mut self, id: Id, difference: Difference) {
        self.nodes[id].differences.push(difference);
    }

    /// All differences, each once, in the order in which they were found.
    pub(crate) fn finish(mut self) -> Vec<Reached> {
        self.mark();
        let mut found: Vec<Reached> = Vec::new();
        let mut known: HashMap<Sameness, usize> = HashMap::new();
        for node in self.nodes {
            for difference in node.differences {
                let key = (difference.kind.id, difference.old.clone(), difference.new.clone(), difference.what.clone());
                let sides = difference.sides;
                let index = *known.entry(key).or_insert_with(|| {
                    found.push((difference, BTreeMap::new()));
                    found.len() - 1
                });
                for (operation, reached) in &node.reached {
                    if reached & sides != 0 {
                        *found[index].1.entry(operation.clone()).or_default() |= reached & sides;
                    }
                }
            }
        }
        found
    }

    /// Walks from each operation to all that it reaches, past nothing but pairs that lead to a difference.
    fn mark(&mut self) {
        let relevant = self.relevant();
        for (operation, entry) in std::mem::take(&mut self.entries) {
            let mut seen: BTreeMap<Id, Sides> = BTreeMap::new();
            let mut waiting = vec![(entry, DIRECT)];
            while let Some((id, sides)) = waiting.pop() {
                let known = seen.entry(id).or_default();
                let fresh = sides & !*known;
                if fresh == 0 || !relevant[id] {
                    continue;
                }
                *known |= fresh;
                let onward = self.nodes[id].edges.iter();
                waiting.extend(onward.map(|edge| (edge.to, edge.enters.unwrap_or(fresh) & edge.passes)));
            }
            for (id, sides) in seen {
                if sides != 0 && !self.nodes[id].differences.is_empty() {
                    self.nodes[id].reached.push((operation.clone(), sides));
                }
            }
        }
    }

    /// For each pair, whether a difference can be reached from it.
    fn relevant(&self) -> Vec<bool> {
        let mut back: Vec<Vec<Id>> = vec![Vec::new(); self.nodes.len()];
        for (id, node) in self.nodes.iter().enumerate() {
            node.edges.iter().for_each(|edge| back[edge.to].push(id));
        }
        let mut relevant = vec![false; self.nodes.len()];
        let differing = self.nodes.iter().enumerate().filter(|(_, node)| !node.differences.is_empty());
        let mut waiting: Vec<Id> = differing.map(|(id, _)| id).collect();
        while let Some(id) = waiting.pop() {
            if !std::mem::replace(&mut relevant[id], true) {
                waiting.extend(&back[id]);
            }
        }
        relevant
    }
}

//! Rules that a document must keep before anything is generated from it.
//!
//! Two sets: [`RULES`] speak of the document as written; [`GUARDS`] speak of the lowered document and prove that
//! nothing which the generator silently gets wrong has survived lowering. Every rule has a known-bad fixture in
//! `tests/data/lint/` that must make it fire.

mod rules;
mod walk;

use std::fmt;

use crate::document::{Document, Place};

pub use rules::{GUARDS, RULES};
pub use walk::{Direction, Role, SchemaSite, Sites};

/// One rule: what it looks for, why that matters and what to do about it.
pub struct Rule {
    /// Stable identifier, `SPEC001` and so on.
    pub id: &'static str,
    /// What the rule demands, in a few words.
    pub title: &'static str,
    /// What happens when it is broken.
    pub why: &'static str,
    /// What to write instead.
    pub fix: &'static str,
    /// Looks through a document and reports each breach.
    pub(crate) check: fn(&Context<'_>, &mut Breaches),
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rule").field("id", &self.id).field("title", &self.title).finish_non_exhaustive()
    }
}

/// What a rule may look at.
pub(crate) struct Context<'a> {
    pub(crate) document: &'a Document,
    pub(crate) sites: &'a Sites<'a>,
}

/// What a rule has found: pointer and what is wrong there.
#[derive(Default)]
pub(crate) struct Breaches(Vec<(String, String)>);

impl Breaches {
    pub(crate) fn add(&mut self, pointer: impl Into<String>, what: impl Into<String>) {
        self.0.push((pointer.into(), what.into()));
    }
}

/// One breach of one rule at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// File as named in messages.
    pub file: String,
    /// Line and column in that file.
    pub place: Place,
    /// Rule identifier.
    pub rule: &'static str,
    /// JSON pointer of the node concerned.
    pub pointer: String,
    /// What is wrong.
    pub what: String,
    /// Why it matters.
    pub why: &'static str,
    /// How to mend it.
    pub fix: &'static str,
}

impl Finding {
    /// The document could not be read at all.
    pub(crate) fn unreadable(file: &str, place: Place, what: String) -> Self {
        Self {
            file: file.to_owned(),
            place,
            rule: "SPEC000",
            pointer: "/".to_owned(),
            what,
            why: "nothing can be generated from a document that does not parse",
            fix: "mend the YAML at this place; only plain YAML 1.2 without anchors, tags and duplicate keys is read",
        }
    }

    /// The generator or a parser behind it refused the lowered document.
    pub(crate) fn refused(document: &Document, pointer: &str, what: String) -> Self {
        Self {
            file: document.file.clone(),
            place: document.place(pointer),
            rule: "SPEC099",
            pointer: pointer.to_owned(),
            what,
            why: "the client cannot be generated",
            fix: "simplify the construct at this place; if it is right as it stands, it needs a lint rule and a lowering pass",
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{}: {} at {}: {}. Why: {}. Fix: {}.",
            self.file, self.place, self.rule, self.pointer, self.what, self.why, self.fix
        )
    }
}

/// Checks the document as written against [`RULES`].
pub fn check(document: &Document) -> Vec<Finding> {
    run(document, &RULES)
}

/// Checks a lowered document against [`GUARDS`].
pub fn guard(lowered: &Document) -> Vec<Finding> {
    run(lowered, &GUARDS)
}

fn run(document: &Document, rules: &[Rule]) -> Vec<Finding> {
    let sites = Sites::of(&document.value);
    let context = Context { document, sites: &sites };
    let mut findings = Vec::new();
    for rule in rules {
        let mut breaches = Breaches::default();
        (rule.check)(&context, &mut breaches);
        findings.extend(breaches.0.into_iter().map(|(pointer, what)| Finding {
            file: document.file.clone(),
            place: document.place(&pointer),
            rule: rule.id,
            pointer,
            what,
            why: rule.why,
            fix: rule.fix,
        }));
    }
    findings.sort_by(|a, b| (a.place, a.rule, &a.pointer).cmp(&(b.place, b.rule, &b.pointer)));
    findings.dedup();
    findings
}

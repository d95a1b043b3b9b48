//! Rules that a document must keep before anything is generated from it.
//!
//! Two sets: [`RULES`] speak of the document as written; [`GUARDS`] speak of the lowered document and prove that
//! nothing which the generator silently gets wrong has survived lowering. Every rule has a known-bad fixture in
//! `tests/data/lint/` that must make it fire.

mod rules;
pub(crate) mod walk;

use std::fmt;

use crate::document::{Document, Place};

pub use rules::{EXAMPLE, GUARDS, OTHERS, REFUSED, RULES, SUPPRESSION, UNREADABLE};
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

impl Rule {
    /// Whether only reviewers need it: a build goes on without it, and its findings can be suppressed for a time.
    pub fn is_for_review(&self) -> bool {
        rules::FOR_REVIEW.contains(&self.id)
    }
}

/// Every rule in the order of its identifier.
pub fn all() -> Vec<&'static Rule> {
    let mut all: Vec<&Rule> = OTHERS.into_iter().chain(&RULES).chain(&GUARDS).collect();
    all.sort_by_key(|rule| rule.id);
    all
}

/// The known name that a misspelt one was probably meant to be.
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    const ALIKE: f64 = 0.85;
    let folded = name.to_lowercase();
    let rated = known.map(|known| (strsim::jaro_winkler(&folded, &known.to_lowercase()), known));
    let best = rated.filter(|(alike, _)| *alike >= ALIKE).max_by(|(a, _), (b, _)| a.total_cmp(b));
    best.map(|(_, known)| known)
}

/// The rule with this identifier, in any case.
pub fn rule(id: &str) -> Option<&'static Rule> {
    all().into_iter().find(|rule| rule.id.eq_ignore_ascii_case(id))
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
    /// A breach of `rule` at a place in a file.
    pub fn at(rule: &'static Rule, file: &str, place: Place, pointer: &str, what: String) -> Self {
        let (file, pointer) = (file.to_owned(), pointer.to_owned());
        Self { file, place, rule: rule.id, pointer, what, why: rule.why, fix: rule.fix }
    }

    /// A breach of `rule` at a node of a document.
    pub fn in_document(rule: &'static Rule, document: &Document, pointer: &str, what: String) -> Self {
        Self::at(rule, &document.file, document.place(pointer), pointer, what)
    }

    /// The document could not be read at all.
    pub(crate) fn unreadable(file: &str, place: Place, what: String) -> Self {
        Self::at(&UNREADABLE, file, place, "/", what)
    }

    /// The generator or a parser behind it refused the lowered document.
    pub(crate) fn refused(document: &Document, pointer: &str, what: String) -> Self {
        Self::in_document(&REFUSED, document, pointer, what)
    }

    /// Whether nothing can be generated before it is mended.
    pub fn stops_build(&self) -> bool {
        !rules::FOR_REVIEW.contains(&self.rule) && ![EXAMPLE.id, SUPPRESSION.id].contains(&self.rule)
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

fn run(document: &Document, rules: &'static [Rule]) -> Vec<Finding> {
    let sites = Sites::of(&document.value);
    let context = Context { document, sites: &sites };
    let mut findings = Vec::new();
    for rule in rules {
        let mut breaches = Breaches::default();
        (rule.check)(&context, &mut breaches);
        let found = breaches.0.into_iter();
        findings.extend(found.map(|(pointer, what)| Finding::in_document(rule, document, &pointer, what)));
    }
    findings.sort_by(|a, b| (a.place, a.rule, &a.pointer).cmp(&(b.place, b.rule, &b.pointer)));
    findings.dedup();
    findings
}

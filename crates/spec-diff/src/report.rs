//! Puts a report together: differences get their class, reach, Rust effects, reasons and names.

use std::collections::BTreeMap;

use backup_sync_codegen::document::{join, operations, schemas};
use backup_sync_codegen::{Document, lower, surface_of};
use heck::{ToPascalCase, ToSnakeCase};
use serde_json::Value;

use crate::graph::{ANSWER, Difference, REQUEST, Sides};
use crate::kind::{self, Kind};
use crate::model::{At, Change, Class, Direction, Reason, Report, RustEffect, SpecReport, Status, Subject};
use crate::notes::{self, Note};
use crate::{Surroundings, affected, compare, effects, rust, subject};

/// Compares the documents of two sides, which are known by their file names.
///
/// `old` and `new` say in words what the sides are. Documents that are the same on both sides may be left out.
pub fn compare_all(
    (old, before): (&str, &[Document]),
    (new, after): (&str, &[Document]),
    surroundings: &dyn Surroundings,
) -> Report {
    let twin = |document: &Document, others: &[Document]| others.iter().any(|other| other.file == document.file);
    let mut gone: Vec<&Document> = before.iter().filter(|document| !twin(document, after)).collect();
    let mut matched = Vec::new();
    for document in after {
        let same = before.iter().find(|other| other.file == document.file);
        let moved = gone.iter().position(|other| same.is_none() && identity(other) == identity(document));
        let other = same.or_else(|| moved.map(|index| gone.remove(index)));
        let status = if same.is_some() { Status::Changed } else { Status::Renamed };
        matched.push((document, other.map(|other| (other, status))));
    }
    // One thread for each pair: most of the time goes to generators, which know nothing of each other.
    let rust = surroundings.wants_rust();
    let pairs: Vec<Option<SpecReport>> = std::thread::scope(|scope| {
        let started: Vec<_> = matched
            .iter()
            .map(|(new, old)| old.map(|(old, status)| scope.spawn(move || pair(old, new, status, rust))))
            .collect();
        started.into_iter().map(|thread| thread.and_then(|thread| thread.join().ok())).collect()
    });
    let (mut specs, mut notes) = (Vec::new(), Vec::new());
    for ((document, other), spec) in matched.into_iter().zip(pairs) {
        let (mut fresh, wrong) = notes::fresh(other.map(|(other, _)| other), document);
        let mut spec = match (spec, other) {
            (Some(spec), _) => finished(spec, document.vendor(), &mut fresh, surroundings),
            // The thread broke off; here it does so where the program ends with it.
            (None, Some((other, status))) => {
                finished(pair(other, document, status, rust), document.vendor(), &mut fresh, surroundings)
            }
            (None, None) => alone(document, Status::Added, surroundings),
        };
        spec.remarks.extend(wrong);
        specs.push(spec);
        notes.extend(fresh);
    }
    for document in gone {
        let mut spec = alone(document, Status::Removed, surroundings);
        // It cannot say why it is gone; another one does.
        notes::explain(&mut spec.changes, &mut notes);
        specs.push(spec);
    }
    for (file, remark) in notes::unused(&notes) {
        if let Some(spec) = specs.iter_mut().find(|spec| spec.spec == file) {
            spec.remarks.push(remark);
        }
    }
    numbered(old, new, before.len().max(after.len()), specs)
}

/// Compares two documents, whatever their files are called.
pub fn compare_two(old: &Document, new: &Document, surroundings: &dyn Surroundings) -> Report {
    let (mut fresh, wrong) = notes::fresh(Some(old), new);
    let spec = pair(old, new, Status::Changed, surroundings.wants_rust());
    let mut spec = finished(spec, new.vendor(), &mut fresh, surroundings);
    spec.remarks.extend(wrong);
    spec.remarks.extend(notes::unused(&fresh).map(|(_, remark)| remark));
    numbered(&old.file, &new.file, 1, vec![spec])
}

/// The report of these documents, with a name for each change.
fn numbered(old: &str, new: &str, compared: usize, mut specs: Vec<SpecReport>) -> Report {
    specs.retain(|spec| !spec.changes.is_empty() || !spec.remarks.is_empty());
    specs.sort_by(|a, b| a.spec.cmp(&b.spec));
    for (number, change) in specs.iter_mut().flat_map(|spec| &mut spec.changes).enumerate() {
        change.id = format!("C{}", number + 1);
    }
    Report { format: 1, old: old.to_owned(), new: new.to_owned(), compared, specs }
}

/// What makes two files the same document under different names.
fn identity(document: &Document) -> (Option<&Value>, Option<&Value>, Option<&Value>) {
    let member = |name: &str| document.value.pointer("/info").and_then(|info| info.get(name));
    (member("x-vendor"), member("title"), member("version"))
}

fn at(document: &Document, pointer: &str) -> At {
    At { file: document.file.clone(), pointer: pointer.to_owned(), line: document.place(pointer).line }
}

/// A change without anything that only the whole comparison knows.
fn bare(kind: &'static Kind, subject: Subject, what: String) -> Change {
    Change {
        id: String::new(),
        kind,
        why: kind.why(Direction::Neither),
        subject,
        part: None,
        old: None,
        new: None,
        direction: Direction::Neither,
        what,
        before: None,
        after: None,
        callers: Some(kind.request.max(kind.answer)),
        in_request: None,
        in_answer: None,
        rust: None,
        rust_effects: Vec::new(),
        effects: Vec::new(),
        operations: Vec::new(),
        reason: Reason::NotNeeded,
        reviewers: Vec::new(),
    }
}

/// A document that only one side has.
fn alone(document: &Document, status: Status, surroundings: &dyn Surroundings) -> SpecReport {
    let (kind, verb) = match status {
        Status::Removed => (&kind::SPEC_REMOVED, "is gone"),
        _ => (&kind::SPEC_ADDED, "is new"),
    };
    let count = operations(&document.value).len();
    let mut change = bare(kind, Subject::Document, format!("the document with {count} operations {verb}"));
    let place = Some(at(document, ""));
    let module = format!("the module `{}` of the crate {} {verb}", document.module(), document.vendor());
    if status == Status::Removed {
        change.old = place;
        change.rust_effects.push(RustEffect { class: Class::Breaking, what: module });
    } else {
        change.new = place;
        change.rust_effects.push(RustEffect { class: Class::Compatible, what: module });
    }
    change.operations = operations(&document.value).iter().map(|operation| operation.id().to_owned()).collect();
    let mut spec = SpecReport { spec: document.file.clone(), status, changes: vec![change], remarks: Vec::new() };
    finish(&mut spec, document.vendor(), &mut [], surroundings);
    spec
}

/// Two documents with everything that they tell by themselves; `rust` when both clients are compared, too.
fn pair(old: &Document, new: &Document, status: Status, rust: bool) -> SpecReport {
    let mut spec = SpecReport { spec: new.file.clone(), status, changes: Vec::new(), remarks: Vec::new() };
    if status == Status::Renamed {
        let what = format!("`{}` is called `{}` now", old.file, new.file);
        let mut change = bare(&kind::SPEC_RENAMED, Subject::Document, what);
        (change.old, change.new) = (Some(at(old, "")), Some(at(new, "")));
        if old.module() != new.module() {
            let what = format!("the module `{}` is called `{}` now", old.module(), new.module());
            change.rust_effects.push(RustEffect { class: Class::Breaking, what });
        }
        spec.changes.push(change);
    }
    let found = compare::run(&old.value, &new.value);
    spec.changes.extend(found.into_iter().map(|(difference, reach)| judged(old, new, difference, reach)));
    if rust && old.value != new.value {
        rust_effects(old, new, &mut spec);
    }
    spec
}

/// A difference with its class, which depends on who reaches it and how.
fn judged(old: &Document, new: &Document, difference: Difference, reach: BTreeMap<String, Sides>) -> Change {
    let Difference { kind, part, what, before, after, .. } = difference;
    let newest = difference.new.as_deref().map(|pointer| (new, pointer));
    let (document, pointer) = newest.or(difference.old.as_deref().map(|pointer| (old, pointer))).unwrap_or((new, ""));
    let (subject, within) = subject::of(&document.value, pointer);
    let sides = reach.values().fold(0, |all, sides| all | sides);
    let mut change = bare(kind, subject, what);
    change.part = part.or(within);
    change.old = difference.old.map(|pointer| at(old, &pointer));
    change.new = difference.new.map(|pointer| at(new, &pointer));
    (change.before, change.after) = (before, after);
    change.in_request = (sides & REQUEST != 0).then_some(kind.request);
    change.in_answer = (sides & ANSWER != 0).then_some(kind.answer);
    change.direction = match (change.in_request, change.in_answer) {
        (Some(_), Some(_)) => Direction::Both,
        (Some(_), None) => Direction::Request,
        (None, Some(_)) => Direction::Answer,
        (None, None) => Direction::Neither,
    };
    change.why = kind.why(change.direction);
    let used = sides != 0 || change.subject == Subject::Document;
    change.callers = match change.in_request.max(change.in_answer) {
        Some(class) => Some(class),
        None if used => Some(kind.request.max(kind.answer)),
        // Nobody sends or receives it.
        None => Some(kind.request.max(kind.answer).min(Class::Compatible)),
    };
    change.operations = reach.into_keys().collect();
    change
}

/// What the generated clients say, put down to the changes.
fn rust_effects(old: &Document, new: &Document, spec: &mut SpecReport) {
    for change in &mut spec.changes {
        change.rust_effects.extend(rust::beyond_the_surface(change));
    }
    if rust::same_but_words(old, new) {
        return;
    }
    let (mut before, mut after) = (lower::run(old), lower::run(new));
    if rust::same_skeleton(&before, &after) {
        return;
    }
    affected::reduce(&mut before, &mut after);
    let both = std::thread::scope(|scope| {
        let other = scope.spawn(|| surface_of(old, &before));
        let new = surface_of(new, &after);
        (other.join(), new)
    });
    let (Ok(Ok(before)), Ok(after)) = &both else {
        let (side, error) = match both {
            (_, Err(error)) => ("new", error.to_string()),
            (Ok(Err(error)), _) => ("old", error.to_string()),
            _ => ("old", "the generator stopped".to_owned()),
        };
        let first = error.lines().next().unwrap_or_default();
        spec.remarks.push(format!(
            "What Rust users meet cannot be told, because the generator does not take the {side} document: {first}"
        ));
        return;
    };
    let mut composed = rust::composed(&old.value);
    for (name, parts) in rust::composed(&new.value) {
        composed.entry(name).or_default().extend(parts);
    }
    let differences = rust::compare(before, after, &spec.changes, &new.value);
    let left = rust::attach(&mut spec.changes, differences, &composed);
    let mut alone: BTreeMap<(bool, [String; 2]), Vec<RustEffect>> = BTreeMap::new();
    for (operation, items, effect) in rust::leftovers(left) {
        alone.entry((operation, items)).or_default().push(effect);
    }
    spec.changes
        .extend(alone.into_iter().map(|((operation, items), told)| rust_only(old, new, operation, &items, told)));
}

/// A change of the generated code that no change of the wire explains.
fn rust_only(old: &Document, new: &Document, operation: bool, items: &[String; 2], told: Vec<RustEffect>) -> Change {
    let named = |document: &Document, name: &str| -> Option<(Subject, At)> {
        if operation {
            let found = operations(&document.value).into_iter().find(|one| one.id().to_snake_case() == name)?;
            return Some((Subject::Operation(found.id().to_owned()), at(document, &found.pointer())));
        }
        let (schema, _) = schemas(&document.value).find(|(schema, _)| schema.to_pascal_case() == name)?;
        Some((Subject::Schema(schema.clone()), at(document, &join("/components/schemas", schema))))
    };
    // A type that the generator named itself begins with the name of the schema that it belongs to.
    let within = |document: &Document, name: &str| {
        let owners = schemas(&document.value).map(|(schema, _)| schema.to_pascal_case());
        named(document, &owners.filter(|owner| name.starts_with(owner)).max_by_key(String::len)?)
    };
    let exact = (named(old, &items[0]), named(new, &items[1]));
    let (before, after) = match exact {
        (None, None) => (within(old, &items[0]), within(new, &items[1])),
        exact => exact,
    };
    let subject = after.as_ref().or(before.as_ref()).map_or(Subject::Document, |(subject, _)| subject.clone());
    let what = "callers see no difference, but the generated Rust code differs".to_owned();
    let mut change = bare(&kind::RUST_ONLY, subject, what);
    change.callers = None;
    change.old = before.map(|(_, at)| at);
    change.new = after.map(|(_, at)| at);
    change.rust_effects = told;
    change
}

fn finished(mut spec: SpecReport, vendor: &str, notes: &mut [Note], surroundings: &dyn Surroundings) -> SpecReport {
    finish(&mut spec, vendor, notes, surroundings);
    spec
}

/// What follows from the rest: worst Rust class, reasons, effects, reviewers, order.
fn finish(spec: &mut SpecReport, vendor: &str, notes: &mut [Note], surroundings: &dyn Surroundings) {
    for change in &mut spec.changes {
        change.rust = change.rust_effects.iter().map(|effect| effect.class).max();
        change.rust_effects.sort_by(|a, b| (b.class, &a.what).cmp(&(a.class, &b.what)));
        change.effects = effects::of(change, vendor, surroundings);
    }
    notes::explain(&mut spec.changes, notes);
    for change in &mut spec.changes {
        change.reviewers = surroundings.reviewers(&spec.spec, change);
    }
    spec.changes.sort_by_cached_key(|change| {
        let place = change.at().map(|at| at.line).unwrap_or_default();
        (std::cmp::Reverse(change.worst()), std::cmp::Reverse(change.callers), place, change.what.clone())
    });
}

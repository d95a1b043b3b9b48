//! What a Rust user of the generated client meets, from the surfaces of both clients.
//!
//! The surfaces come from the generator itself, so nothing is guessed. Each difference is put down to the change of the
//! document that explains it; one that none explains is a change of its own.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use backup_sync_codegen::Document;
use backup_sync_codegen::document::schemas;
use backup_sync_codegen::lint::Sites;
use backup_sync_codegen::lower::{Lowered, OpenEnum};
use backup_sync_codegen::surface::{Item, Part, Sort};
use heck::{ToPascalCase, ToSnakeCase};
use serde_json::{Map, Value};

use crate::compare::shape::Shape;
use crate::kind;
use crate::model::{Change, Class, RustEffect, Subject};
use crate::spot::Spot;

/// Members of a document that no surface depends on.
const WORDS: [&str; 9] = [
    "description",
    "summary",
    "example",
    "examples",
    "externalDocs",
    "x-change",
    "x-doubts",
    "x-enum-descriptions",
    "x-source",
];

/// Keys whose members have names of their own; one may be called `description`.
const NAMING: [&str; 4] = ["properties", "schemas", "responses", "parameters"];

/// Whether two documents differ in words at most, so that their surfaces are the same.
pub(crate) fn same_but_words(old: &Document, new: &Document) -> bool {
    old.module() == new.module() && alike(&old.value, &new.value, false)
}

/// Whether the surfaces of two clients are the same without generating them: the lowered documents differ in words at most.
pub(crate) fn same_skeleton(old: &Lowered, new: &Lowered) -> bool {
    let words = |open: &OpenEnum| open.values.iter().map(|(value, _)| value.clone()).collect::<Vec<_>>();
    let enums = |lowered: &Lowered| -> Vec<(String, Vec<String>)> {
        lowered.plan.open_enums.iter().map(|open| (open.schema.clone(), words(open))).collect()
    };
    old.document.module() == new.document.module()
        && enums(old) == enums(new)
        && alike(&old.document.value, &new.document.value, false)
}

/// Equal but for words.
pub(crate) fn alike(old: &Value, new: &Value, named: bool) -> bool {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            let counts = |key: &str| named || !WORDS.contains(&key);
            let count = |members: &Map<String, Value>| members.keys().filter(|key| counts(key)).count();
            count(old) == count(new)
                && old.iter().filter(|(key, _)| counts(key)).all(|(key, value)| {
                    new.get(key).is_some_and(|other| alike(value, other, !named && NAMING.contains(&key.as_str())))
                })
        }
        (Value::Array(old), Value::Array(new)) => {
            old.len() == new.len() && old.iter().zip(new).all(|(old, new)| alike(old, new, false))
        }
        _ => old == new,
    }
}

/// One difference between two surfaces.
#[derive(Debug)]
pub(crate) struct Difference {
    operation: bool,
    /// Names of the item on both sides.
    items: [String; 2],
    part: Option<String>,
    /// Types that the difference names.
    mentions: BTreeSet<String>,
    effect: RustEffect,
}

/// New Rust names by the old ones.
type Renames = BTreeMap<String, String>;

/// Names that only the document gave: renamed schemas and operations, as Rust names.
fn renames(changes: &[Change]) -> (Renames, Renames) {
    let (mut types, mut methods) = (Renames::new(), Renames::new());
    for change in changes {
        let names = [&change.old, &change.new].map(|at| at.as_ref().and_then(|at| at.pointer.rsplit('/').next()));
        match (change.kind.id, names) {
            ("schema-renamed", [Some(old), Some(new)]) => {
                types.insert(old.to_pascal_case(), new.to_pascal_case());
            }
            ("operation-renamed", _) => {
                let name =
                    |value: &Option<Value>| value.as_ref().and_then(Value::as_str).unwrap_or_default().to_snake_case();
                methods.insert(name(&change.before), name(&change.after));
            }
            _ => {}
        }
    }
    (types, methods)
}

/// Compares two surfaces.
pub(crate) fn compare(old: &[Item], new: &[Item], changes: &[Change], root: &Value) -> Vec<Difference> {
    let (types, methods) = renames(changes);
    let requests: BTreeSet<String> = Sites::of(root)
        .reach
        .into_iter()
        .filter(|(_, direction)| direction.request)
        .map(|(name, _)| name.to_pascal_case())
        .collect();
    let key = |item: &Item| (item.sort == Sort::Operation, item.name.clone());
    let after: HashMap<(bool, String), &Item> = new.iter().map(|item| (key(item), item)).collect();
    let mut matched: BTreeSet<(bool, String)> = BTreeSet::new();
    let mut found = Vec::new();
    for item in old {
        let operation = item.sort == Sort::Operation;
        let renamed = if operation { &methods } else { &types }.get(&item.name).cloned();
        let name = renamed.or_else(|| inherited(&item.name, &types)).unwrap_or_else(|| item.name.clone());
        let Some(other) = after.get(&(operation, name.clone())) else {
            found.push(whole(item, item, Class::Breaking, format!("{} is gone", called(item))));
            continue;
        };
        matched.insert((operation, name));
        if item.name != other.name {
            let what = format!("{} is called {} now", called(item), called(other));
            found.push(whole(item, other, Class::Breaking, what));
        }
        found.extend(inner(item, other, &types, requests.contains(&other.name)));
    }
    for item in new.iter().filter(|item| !matched.contains(&key(item))) {
        found.push(whole(item, item, Class::Compatible, format!("{} is new", called(item))));
    }
    found
}

/// The new name of a type that the generator called after a renamed one, as in `TaskNote` for the note of a task.
fn inherited(name: &str, types: &Renames) -> Option<String> {
    types.iter().find_map(|(old, new)| Some(format!("{new}{}", name.strip_prefix(old.as_str())?)))
}

fn called(item: &Item) -> String {
    match item.sort {
        Sort::Operation => format!("the method `{}()`", item.name),
        _ => format!("the type `{}`", item.name),
    }
}

fn whole(old: &Item, new: &Item, class: Class, what: String) -> Difference {
    Difference {
        operation: old.sort == Sort::Operation,
        items: [old.name.clone(), new.name.clone()],
        part: None,
        mentions: BTreeSet::new(),
        effect: RustEffect { class, what },
    }
}

/// A type without the module that it stands in, with old names replaced by new ones.
fn plain(of: &str, module: &str, renames: &Renames) -> String {
    let short = of.replace(&format!("crate::{module}::"), "").replace("types::", "");
    let mut out = String::with_capacity(short.len());
    for word in short.split_inclusive(|character: char| !character.is_alphanumeric() && character != '_') {
        let end = word.trim_end_matches(|character: char| !character.is_alphanumeric() && character != '_').len();
        let name = &word[..end];
        let new = renames.get(name).cloned().or_else(|| inherited(name, renames));
        out.push_str(new.as_deref().unwrap_or(name));
        out.push_str(&word[end..]);
    }
    out
}

fn words(of: &str) -> impl Iterator<Item = String> + '_ {
    of.split(|character: char| !character.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned)
}

/// Differences within an item that both surfaces have.
fn inner(old: &Item, new: &Item, types: &Renames, sent: bool) -> Vec<Difference> {
    let tell = |part: Option<&str>, class, what: String, mentions: [&str; 2]| Difference {
        operation: old.sort == Sort::Operation,
        items: [old.name.clone(), new.name.clone()],
        part: part.map(str::to_owned),
        mentions: mentions.into_iter().flat_map(words).collect(),
        effect: RustEffect { class, what },
    };
    let mut found = Vec::new();
    if old.sort != new.sort {
        let what = format!("`{}` is another kind of type now", new.name);
        return vec![tell(None, Class::Breaking, what, ["", ""])];
    }
    let (was, is) = (plain(&old.of, &old.module, types), plain(&new.of, &new.module, &Renames::new()));
    if was != is {
        let what = match old.sort {
            Sort::Operation => format!("`{}()` answers `{is}` now and answered `{was}`", new.name),
            _ => format!("`{}` stands for `{is}` now and stood for `{was}`", new.name),
        };
        found.push(tell(None, Class::Breaking, what, [&was, &is]));
    }
    let path = |part: &Part| match old.sort {
        Sort::Operation => format!("`{}().{}(…)`", new.name, part.name),
        Sort::Enum => format!("`{}::{}`", new.name, part.name),
        _ => format!("`{}.{}`", new.name, part.name),
    };
    for part in &old.parts {
        let Some(other) = new.parts.iter().find(|other| other.name == part.name) else {
            found.push(tell(Some(&part.name), Class::Breaking, format!("{} is gone", path(part)), ["", ""]));
            continue;
        };
        let (was, is) = (plain(&part.of, &old.module, types), plain(&other.of, &new.module, &Renames::new()));
        if was != is {
            let verb = if old.sort == Sort::Operation { ("takes", "took") } else { ("is", "was") };
            let what = format!("{} {} `{is}` now and {} `{was}`", path(part), verb.0, verb.1);
            found.push(tell(Some(&part.name), Class::Breaking, what, [&was, &is]));
        }
    }
    // An open enum always has a last variant for what is not known, and cannot be matched without it.
    let open = new.parts.last().is_some_and(|last| last.name == "Other" && last.of == "String");
    for part in new.parts.iter().filter(|part| !old.parts.iter().any(|other| other.name == part.name)) {
        let (class, rest) = match old.sort {
            Sort::Enum if !open => (Class::Risky, "; a match without a last arm no longer compiles"),
            Sort::Struct if sent => (Class::Risky, "; struct literals that name every field no longer compile"),
            _ => (Class::Compatible, ""),
        };
        found.push(tell(Some(&part.name), class, format!("{} is new{rest}", path(part)), ["", ""]));
    }
    found
}

/// Letters and digits in lower case: what is left of a name in every style of writing.
fn folded(name: &str) -> String {
    name.chars().filter(|character| character.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The named schemas that each Rust type is put together from, by folded names.
pub(crate) fn composed(root: &Value) -> HashMap<String, BTreeSet<String>> {
    let at = |name: &str| Spot::root(root).child("components").child("schemas").child(name);
    let parts = |name: &str| Shape::of(&at(name), root).components.into_iter().map(folded).collect();
    schemas(root).map(|(name, _)| (folded(name), parts(name))).collect()
}

/// A change as it is compared with differences of the generated code: names folded, once for all of them.
struct Told {
    schema: Option<String>,
    part: Option<String>,
    /// Texts that it was and is.
    values: Vec<String>,
    operations: BTreeSet<String>,
}

impl Told {
    fn of(change: &Change) -> Self {
        let schema = match &change.subject {
            Subject::Schema(schema) => Some(folded(schema)),
            _ => None,
        };
        let values = [&change.before, &change.after].into_iter().flatten().filter_map(Value::as_str);
        Self {
            schema,
            part: change.part.as_deref().map(folded),
            values: values.map(folded).collect(),
            operations: change.operations.iter().map(|operation| folded(operation)).collect(),
        }
    }
}

/// The same for a difference.
struct Sought {
    items: [String; 2],
    part: Option<String>,
    mentions: BTreeSet<String>,
}

impl Sought {
    fn of(difference: &Difference) -> Self {
        Self {
            items: difference.items.each_ref().map(|name| folded(name)),
            part: difference.part.as_deref().map(folded).filter(|part| !part.is_empty()),
            mentions: difference.mentions.iter().map(|name| folded(name)).collect(),
        }
    }
}

/// Puts each difference down to a change; gives back those that no change explains.
pub(crate) fn attach(
    changes: &mut [Change],
    differences: Vec<Difference>,
    composed: &HashMap<String, BTreeSet<String>>,
) -> Vec<Difference> {
    let told: Vec<Told> = changes.iter().map(Told::of).collect();
    let mut left = Vec::new();
    for difference in differences {
        let sought = Sought::of(&difference);
        let rated = changes.iter_mut().zip(&told);
        let rated = rated.map(|(change, told)| (fit(change, told, &difference, &sought, composed), change));
        match rated.max_by_key(|(fit, _)| *fit) {
            Some((fit, change)) if fit > 0 => change.rust_effects.push(difference.effect),
            _ => left.push(difference),
        }
    }
    left
}

/// How well a change explains a difference; 0 is not at all.
fn fit(
    change: &Change,
    told: &Told,
    difference: &Difference,
    sought: &Sought,
    composed: &HashMap<String, BTreeSet<String>>,
) -> u8 {
    if change.callers == Some(Class::Wording) {
        return 0;
    }
    let (items, part, said) = (&sought.items, &sought.part, &told.part);
    let same_part = match (part, said) {
        (Some(part), said) => said.as_ref() == Some(part) || told.values.contains(part),
        (None, said) => said.is_none(),
    };
    if let Some(schema) = &told.schema {
        let own = !difference.operation && items.contains(schema);
        let based = || items.iter().filter_map(|name| composed.get(name)).any(|parts| parts.contains(schema));
        // The generator names the type of a member after both: `TaskNote` is the note of a task.
        let told_name = || format!("{schema}{}", said.as_deref().unwrap_or_default());
        let joined = |name: &str| format!("{name}{}", part.as_deref().unwrap_or_default());
        let inside = || {
            said.is_some() && {
                let told = told_name();
                items.iter().any(|name| told == *name || told == joined(name))
            }
        };
        let values = ["enum-", "word"].iter().any(|start| change.kind.id.starts_with(start));
        let mentioned = || sought.mentions.contains(schema);
        let renamed = change.kind.id == kind::SCHEMA_RENAMED.id
            && difference.items[0] != difference.items[1]
            && items[1].starts_with(schema.as_str());
        return match () {
            () if !difference.operation && renamed => 6,
            () if own && same_part => 5,
            () if !difference.operation && same_part && part.is_some() && based() => 4,
            () if said.is_none() && mentioned() => 3,
            () if !difference.operation && inside() => 3,
            () if own && (part.is_none() || values) => 2,
            () => 0,
        };
    }
    let reaches = difference.operation && items.iter().any(|name| told.operations.contains(name));
    match () {
        () if !reaches => 0,
        () if difference.items[0] != difference.items[1] && change.kind.id == kind::OPERATION_RENAMED.id => 6,
        () if same_part && part.is_some() => 5,
        // The generator calls every body `body`.
        () if part.as_deref() == Some("body") && change.kind.id.starts_with("body-") => 5,
        () if part.as_deref() == Some("body") && change.kind.id.starts_with("media-type") => 4,
        () if part.is_none() && said.is_none() && change.in_answer.is_none() => 4,
        () if part.is_none() && change.kind.id.contains("answer-body") => 3,
        () if part.is_none() => 1,
        () => 0,
    }
}

/// What is left over as changes of their own: subject, part and effect. A new type alone touches nobody.
pub(crate) fn leftovers(differences: Vec<Difference>) -> impl Iterator<Item = (bool, [String; 2], RustEffect)> {
    let telling = differences.into_iter().filter(|one| one.effect.class != Class::Compatible || one.part.is_some());
    telling.map(|one| (one.operation, one.items, one.effect))
}

/// What the surfaces do not show: another crate, and builders that compile and fail when they are run.
pub(crate) fn beyond_the_surface(change: &Change) -> Option<RustEffect> {
    let part = change.part.as_deref().unwrap_or("body");
    if change.kind.id == kind::VENDOR_CHANGED.id {
        let what = "the module moves to another crate".to_owned();
        return Some(RustEffect { class: Class::Breaking, what });
    }
    if change.kind.id == kind::SYNC_CHANGED.id {
        return left_out(change);
    }
    let what = match change.kind.id {
        "parameter-added-required" | "parameter-required" => {
            format!("`send()` fails until `{}(…)` is called", part.to_snake_case())
        }
        "body-added-required" | "body-required" => "`send()` fails until `body(…)` is called".to_owned(),
        "member-added-required" | "member-required" if change.in_request.is_some() => {
            format!("the builder of the body fails until `{}(…)` is called", part.to_snake_case())
        }
        _ => return None,
    };
    Some(RustEffect { class: Class::Breaking, what: format!("{what}; it compiles without") })
}

/// Operations that crates lose which are built without their feature `full`.
fn left_out(change: &Change) -> Option<RustEffect> {
    let list = |value: &Option<Value>| -> Option<Vec<String>> {
        let names = value.as_ref()?.as_array()?.iter().filter_map(Value::as_str);
        Some(names.map(str::to_owned).collect())
    };
    let after = list(&change.after)?;
    let gone = match list(&change.before) {
        Some(before) => before.into_iter().filter(|name| !after.contains(name)).collect::<Vec<_>>().join(", "),
        None => "whatever it does not list".to_owned(),
    };
    let what = format!("the crate has no more of this when it is built without its feature `full`: {gone}");
    (!gone.is_empty()).then_some(RustEffect { class: Class::Breaking, what })
}

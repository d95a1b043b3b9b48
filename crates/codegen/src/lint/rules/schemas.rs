//! Rules about schemas: names, compositions, value sets, openness.

use std::collections::{HashMap, HashSet};

use heck::{ToPascalCase, ToSnakeCase};
use serde_json::Value;

use crate::document::{join, operations, resolve, schema_name, schemas};
use crate::lint::rules::operations::answers;
use crate::lint::{Breaches, Context, Role, SchemaSite};
use crate::lower::aliases::ALIASES;
use crate::lower::enums::variant_name;
use crate::lower::secrets::SECRET;
use crate::lower::wire::READERS;

fn has_properties(node: &Value) -> bool {
    node.get("properties").and_then(Value::as_object).is_some_and(|members| !members.is_empty())
}

fn each(context: &Context<'_>, mut visit: impl FnMut(&SchemaSite<'_>)) {
    context.sites.schemas.iter().for_each(&mut visit);
}

pub(super) fn inline_object(context: &Context<'_>, breaches: &mut Breaches) {
    let compositions: HashSet<String> = context
        .sites
        .schemas
        .iter()
        .filter(|site| matches!(site.role, Role::Named(_)))
        .map(|site| format!("{}/allOf/", site.pointer))
        .collect();
    each(context, |site| {
        let part_of_named = site.pointer.rfind('/').is_some_and(|cut| compositions.contains(&site.pointer[..=cut]));
        let named = matches!(site.role, Role::Named(_)) || part_of_named;
        let body = site.role == Role::Body
            && schema_name(site.node).is_none()
            && site.node.get("type") != Some(&"array".into());
        // A wrapper around one reference is only a place for a description; more is an object of its own.
        let merged = site.node.get("allOf").and_then(Value::as_array).is_some_and(|parts| parts.len() > 1);
        if (!named && (has_properties(site.node) || merged)) || body {
            breaches.add(site.pointer.clone(), "an object without a name of its own");
        }
    });
}

pub(super) fn generated_name(context: &Context<'_>, breaches: &mut Breaches) {
    let root = &context.document.value;
    let (mut generated, mut vendors): (HashSet<String>, HashSet<String>) = Default::default();
    for operation in operations(root) {
        let id = operation.id().to_pascal_case();
        generated.extend([format!("{id}Response"), format!("{id}Body")]);
        // A vendor that names the answer after this very operation, to the letter, takes no generated type's place.
        let own = format!("{}Response", operation.id());
        let answers_it = answers(root, &operation).into_iter().any(|(_, _, answer)| {
            let content = answer.get("content").and_then(Value::as_object).into_iter().flatten();
            content.filter_map(|(_, media)| media.get("schema").and_then(schema_name)).any(|name| name == own)
        });
        vendors.extend(Some(own).filter(|_| answers_it));
    }
    for (name, _) in schemas(root) {
        if generated.contains(&name.to_pascal_case()) && !vendors.contains(name) {
            breaches.add(join("/components/schemas", name), format!("{name} is the name of a generated type"));
        }
    }
}

pub(super) fn choice(context: &Context<'_>, breaches: &mut Breaches) {
    each(context, |site| {
        for key in ["oneOf", "anyOf", "not"].into_iter().filter(|key| site.node.get(key).is_some()) {
            breaches.add(join(&site.pointer, key), format!("a schema uses {key}"));
        }
    });
}

pub(super) fn composition(context: &Context<'_>, breaches: &mut Breaches) {
    let root = &context.document.value;
    each(context, |site| {
        let Some(parts) = site.node.get("allOf").and_then(Value::as_array) else { return };
        let wrapper = parts.len() == 1 && !has_properties(site.node);
        for (index, part) in parts.iter().enumerate() {
            let target = resolve(root, part).unwrap_or(part);
            let nested = ["allOf", "oneOf", "anyOf"].iter().any(|key| target.get(key).is_some());
            let object = has_properties(target) || target.get("type") == Some(&"object".into());
            if !wrapper && (nested || !object) {
                let at = join(&join(&site.pointer, "allOf"), &index.to_string());
                breaches.add(at, "a member of allOf is not a plain object");
            }
        }
    });
}

pub(super) fn closed_enum(context: &Context<'_>, breaches: &mut Breaches) {
    each(context, |site| {
        if site.direction.answer && site.node.get("enum").is_some() {
            breaches.add(join(&site.pointer, "enum"), "an answer has a closed value set");
        }
    });
}

pub(super) fn variant_collision(context: &Context<'_>, breaches: &mut Breaches) {
    each(context, |site| {
        for key in ["enum", "x-extensible-enum"] {
            let mut seen: HashMap<String, &str> = HashMap::new();
            let values = site.node.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
            for value in values {
                if let Some(first) = seen.insert(variant_name(value), value) {
                    breaches.add(join(&site.pointer, key), format!("the values {first:?} and {value:?} collide"));
                }
            }
        }
    });
}

pub(super) fn open_enum_place(context: &Context<'_>, breaches: &mut Breaches) {
    each(context, |site| {
        let Some(values) = site.node.get("x-extensible-enum") else { return };
        let at = join(&site.pointer, "x-extensible-enum");
        if !matches!(site.role, Role::Named(_)) {
            breaches.add(at, "the value set stands on a schema without a name");
        } else if site.node.get("type") != Some(&"string".into()) {
            breaches.add(at, "the schema of the value set is not `type: string`");
        } else if !values.as_array().is_some_and(|list| !list.is_empty() && list.iter().all(Value::is_string)) {
            breaches.add(at, "the value set is not a list of texts");
        } else if let Some(described) = site.node.get("x-enum-descriptions").and_then(Value::as_object) {
            for name in
                described.keys().filter(|name| !values.as_array().is_some_and(|l| l.contains(&name.as_str().into())))
            {
                breaches.add(
                    join(&site.pointer, "x-enum-descriptions"),
                    format!("{name:?} is described but not in the set"),
                );
            }
        }
    });
}

pub(super) fn closed_object(context: &Context<'_>, breaches: &mut Breaches) {
    each(context, |site| {
        if site.direction.answer && site.node.get("additionalProperties") == Some(&Value::Bool(false)) {
            breaches.add(join(&site.pointer, "additionalProperties"), "an answer forbids members it does not know");
        }
    });
}

pub(super) fn map_beside_properties(context: &Context<'_>, breaches: &mut Breaches) {
    each(context, |site| {
        let map = site.node.get("additionalProperties").is_some_and(|value| *value != Value::Bool(false));
        if map && has_properties(site.node) {
            breaches.add(join(&site.pointer, "additionalProperties"), "an object has named and free members at once");
        }
    });
}

/// Combinations of JSON types for which a tolerant reader exists.
const WIRE_TYPES: [&[&str]; 5] =
    [&["integer", "string"], &["number", "string"], &["boolean", "string"], &["array", "object"], &["array", "string"]];

/// Whether this is a named page, with its items in the member that the runtime looks for.
fn is_page(site: &SchemaSite<'_>) -> bool {
    let list = site.node.pointer("/properties/results/items").and_then(schema_name).is_some();
    matches!(site.role, Role::Named(_)) && site.node.get("type") == Some(&"object".into()) && list
}

pub(super) fn wire_types(context: &Context<'_>, breaches: &mut Breaches) {
    each(context, |site| {
        let Some(types) = site.node.get("x-wire-types") else { return };
        let mut names: Vec<&str> = types.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        names.sort_unstable();
        let at = join(&site.pointer, "x-wire-types");
        if !WIRE_TYPES.contains(&names.as_slice()) {
            breaches.add(at, format!("the combination {types} has no reader"));
        } else if names[0] == "array" {
            let items = site.node.get("items");
            let texts = items.and_then(|items| items.get("type")) == Some(&"string".into());
            let fitting = if names[1] == "string" { texts } else { items.and_then(schema_name).is_some() };
            let named_list = fitting && matches!(site.role, Role::Named(_));
            let page = names[1] == "object" && is_page(site);
            if !named_list && !page {
                let what = if names[1] == "string" {
                    "a list that may come as one text has to be a named array of texts"
                } else {
                    "a list that may come as one object has to be a named array of a named schema, \
                     and a page that may come as a bare list a named object with the list `results`"
                };
                breaches.add(at, what);
            }
        } else if !names.contains(&site.node.get("type").and_then(Value::as_str).unwrap_or_default()) {
            breaches.add(at, "the types on the wire do not include the declared type");
        }
    });
}

pub(super) fn beside_reference(context: &Context<'_>, breaches: &mut Breaches) {
    each(context, |site| {
        if site.node.get("$ref").is_some() && site.node.as_object().is_some_and(|members| members.len() > 1) {
            breaches.add(site.pointer.clone(), "something is written beside $ref");
        }
    });
}

pub(super) fn name_collision(context: &Context<'_>, breaches: &mut Breaches) {
    let mut seen: HashMap<String, &str> = HashMap::new();
    for (name, _) in schemas(&context.document.value) {
        if let Some(first) = seen.insert(name.to_pascal_case(), name) {
            breaches.add(join("/components/schemas", name), format!("{first} and {name} have one Rust name"));
        }
    }
}

pub(super) fn required_unknown(context: &Context<'_>, breaches: &mut Breaches) {
    let root = &context.document.value;
    each(context, |site| {
        // A member of a composition may require what another member declares; the whole is judged instead.
        if site.pointer.rsplit('/').nth(1) == Some("allOf") {
            return;
        }
        let mut known: HashSet<&str> = HashSet::new();
        let parts = site.node.get("allOf").and_then(Value::as_array).into_iter().flatten();
        for part in parts.filter_map(|part| resolve(root, part)).chain([site.node]) {
            let properties = part.get("properties").and_then(Value::as_object).into_iter().flatten();
            known.extend(properties.map(|(name, _)| name.as_str()));
        }
        let parts =
            site.node.get("allOf").and_then(Value::as_array).into_iter().flatten().filter_map(|p| resolve(root, p));
        let lists = parts.chain([site.node]).filter_map(|part| part.get("required").and_then(Value::as_array));
        for name in lists.flatten().filter_map(Value::as_str).filter(|name| !known.contains(name)) {
            breaches.add(join(&site.pointer, "required"), format!("{name} is required but not a property"));
        }
    });
}

/// Names that lowering gives to types of the runtime.
pub(super) fn reserved_name(context: &Context<'_>, breaches: &mut Breaches) {
    let reserved: HashSet<&str> = READERS.iter().chain([&SECRET]).map(|(name, _)| *name).collect();
    for (name, _) in schemas(&context.document.value) {
        if reserved.contains(name.to_pascal_case().as_str()) {
            breaches.add(join("/components/schemas", name), format!("{name} is the name of a type of the runtime"));
        }
    }
}

pub(super) fn member_collision(context: &Context<'_>, breaches: &mut Breaches) {
    each(context, |site| {
        let mut seen: HashMap<String, &str> = HashMap::new();
        for (name, _) in site.node.get("properties").and_then(Value::as_object).into_iter().flatten() {
            if let Some(first) = seen.insert(name.to_snake_case(), name) {
                let at = join(&join(&site.pointer, "properties"), name);
                breaches.add(at, format!("the members {first} and {name} have one Rust name"));
            }
        }
        aliases(site, breaches);
    });
}

/// Other spellings of members are texts, and names of nothing else in the object.
fn aliases(site: &SchemaSite<'_>, breaches: &mut Breaches) {
    let members = site.node.get("properties").and_then(Value::as_object).into_iter().flatten();
    let mut taken: HashSet<&str> = members.clone().map(|(name, _)| name.as_str()).collect();
    for (name, node) in members {
        let Some(list) = node.get(ALIASES) else { continue };
        let at = join(&join(&join(&site.pointer, "properties"), name), ALIASES);
        let Some(others) = list.as_array().filter(|others| others.iter().all(Value::is_string)) else {
            breaches.add(at, "the other spellings are not a list of texts");
            continue;
        };
        for other in others.iter().filter_map(Value::as_str).filter(|other| !taken.insert(other)) {
            breaches.add(at.clone(), format!("{other} is the name of another member"));
        }
    }
}

/// What a schema consists of by itself: its reference and its parts, not its members.
fn made_of(node: &Value) -> impl Iterator<Item = &str> {
    let parts = ["allOf", "oneOf", "anyOf"].into_iter().filter_map(|key| node.get(key)?.as_array()).flatten();
    parts.chain([node]).filter_map(schema_name)
}

type Graph<'a> = HashMap<&'a str, Vec<&'a str>>;

/// The graph with its arrows turned, without what comes to an end: what has no arrows, or only to such.
fn endless_part<'a>(graph: &Graph<'a>) -> Graph<'a> {
    let mut turned: Graph<'a> = graph.keys().map(|name| (*name, Vec::new())).collect();
    let mut open: HashMap<&str, usize> = HashMap::new();
    for (from, all) in graph {
        for to in all {
            if let Some(sources) = turned.get_mut(to) {
                sources.push(from);
                *open.entry(from).or_default() += 1;
            }
        }
    }
    let mut ended: Vec<&str> = graph.keys().filter(|name| !open.contains_key(**name)).copied().collect();
    while let Some(name) = ended.pop() {
        for from in turned.remove(name).into_iter().flatten() {
            let left = open.entry(from).or_default();
            *left -= 1;
            if *left == 0 {
                ended.push(from);
            }
        }
    }
    turned
}

pub(super) fn endless(context: &Context<'_>, breaches: &mut Breaches) {
    let root = &context.document.value;
    let graph: Graph<'_> = schemas(root).map(|(name, node)| (name.as_str(), made_of(node).collect())).collect();
    // Turned twice, what only leads to a circle is gone too.
    let circles = endless_part(&endless_part(&graph));
    for (name, _) in schemas(root).filter(|(name, _)| circles.contains_key(name.as_str())) {
        breaches.add(join("/components/schemas", name), format!("{name} consists of itself"));
    }
}

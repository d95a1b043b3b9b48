//! Rules about what a reviewer needs: provenance, words, examples, order, marks.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::document::{METHODS, join, operations, resolve, schemas};
use crate::domain::SYNC;
use crate::lint::rules::operations::parameters;
use crate::lint::{Breaches, Context, Role, nearest};
use crate::lower::unused::UNUSED;

/// Extension keys with a meaning; everything else that starts with `x-` is refused.
const EXTENSIONS: [&str; 23] = [
    "x-change",
    "x-doubts",
    "x-dr-permissions",
    "x-dr-remote-site-connectivity-contract",
    "x-dropshot-pagination",
    "x-enum-descriptions",
    "x-extensible-enum",
    "x-finding",
    "x-idempotent",
    "x-invalid",
    "x-key",
    "x-notes",
    "x-paging",
    "x-permissions",
    "x-quota",
    "x-since",
    "x-source",
    "x-starts-job",
    SYNC,
    "x-unit",
    "x-unused",
    "x-vendor",
    "x-wire-types",
];

pub(super) fn provenance(context: &Context<'_>, breaches: &mut Breaches) {
    let root = &context.document.value;
    let mut places = vec![("/info".to_owned(), root.get("info"))];
    places.extend(operations(root).iter().map(|operation| (operation.pointer(), Some(operation.node))));
    places.extend(schemas(root).map(|(name, node)| (join("/components/schemas", name), Some(node))));
    for (at, node) in places {
        let Some(sources) = node.and_then(|node| node.get("x-source")) else {
            breaches.add(at, "no source is named");
            continue;
        };
        let complete = |source: &Value| {
            let text = |key: &str| source.get(key).and_then(Value::as_str).unwrap_or_default();
            let told = ["doc", "version", "date"].iter().all(|key| !text(key).is_empty());
            told && matches!(text("status"), "documented" | "observed" | "inferred")
        };
        if !sources.as_array().is_some_and(|list| !list.is_empty() && list.iter().all(complete)) {
            breaches.add(join(&at, "x-source"), "a source lacks doc, version, date or a known status");
        }
    }
}

fn told(node: &Value) -> bool {
    node.get("description").and_then(Value::as_str).is_some_and(|text| text.trim().len() > 3)
}

pub(super) fn description(context: &Context<'_>, breaches: &mut Breaches) {
    let root = &context.document.value;
    for operation in operations(root) {
        let summary = operation.node.get("summary").and_then(Value::as_str).unwrap_or_default();
        if !told(operation.node) || summary.trim().is_empty() {
            breaches.add(operation.pointer(), format!("{} lacks a summary or a description", operation.id()));
        }
    }
    for site in &context.sites.schemas {
        let undescribed = site.node.get("$ref").is_none() && !told(site.node);
        match &site.role {
            Role::Named(name) if undescribed => {
                breaches.add(site.pointer.clone(), format!("the schema {name} is not described"))
            }
            Role::Property(name) if undescribed => {
                breaches.add(site.pointer.clone(), format!("the property {name} is not described"));
            }
            _ => {}
        }
    }
    for (name, node) in root.pointer("/components/parameters").and_then(Value::as_object).into_iter().flatten() {
        if !told(node) {
            breaches.add(join("/components/parameters", name), format!("the parameter {name} is not described"));
        }
    }
    for operation in operations(root) {
        for parameter in parameters(root, &operation) {
            let shared = root.pointer(&parameter.pointer).is_some_and(|node| node.get("$ref").is_some());
            if !shared && !told(parameter.node) {
                let what = format!("the parameter {} is not described", parameter.text("name"));
                breaches.add(parameter.pointer, what);
            }
        }
    }
}

pub(super) fn examples(context: &Context<'_>, breaches: &mut Breaches) {
    let root = &context.document.value;
    let check = |at: String, holder: &Value, id: &str, breaches: &mut Breaches| {
        let content = holder.get("content").and_then(Value::as_object).into_iter().flatten();
        for (media, node) in content {
            let named = node.get("examples").and_then(Value::as_object);
            if !named.is_some_and(|list| list.values().any(|example| example.get("value").is_some())) {
                breaches.add(join(&join(&at, "content"), media), format!("{id} has no example here"));
            }
        }
    };
    for operation in operations(root) {
        if let Some(body) = operation.node.get("requestBody").and_then(|node| resolve(root, node)) {
            check(join(&operation.pointer(), "requestBody"), body, operation.id(), breaches);
        }
        let responses = operation.node.get("responses").and_then(Value::as_object).into_iter().flatten();
        let at = join(&operation.pointer(), "responses");
        let success: Vec<_> = responses.filter(|(status, _)| status.starts_with('2')).collect();
        // Where two statuses share one body, the examples of the first serve both.
        if let Some((status, answer)) = success.first()
            && let Some(answer) = resolve(root, answer)
        {
            check(join(&at, status), answer, operation.id(), breaches);
        }
    }
}

pub(super) fn order(context: &Context<'_>, breaches: &mut Breaches) {
    let root = &context.document.value;
    let tags: Vec<&str> = root
        .get("tags")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|tag| tag.get("name").and_then(Value::as_str))
        .collect();
    let mut previous: Option<(usize, String)> = None;
    for operation in operations(root) {
        let tag = operation.node.pointer("/tags/0").and_then(Value::as_str).unwrap_or_default();
        let Some(rank) = tags.iter().position(|known| *known == tag) else {
            breaches.add(operation.pointer(), format!("{} has no tag out of the list at the top", operation.id()));
            continue;
        };
        let methods: Vec<&String> = root
            .pointer(&join("/paths", operation.path))
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .map(|(key, _)| key)
            .filter(|key| METHODS.contains(&key.as_str()))
            .collect();
        let after = methods.windows(2).find(|pair| pair[0] > pair[1] && pair[1] == operation.method);
        if let Some(pair) = after {
            breaches.add(operation.pointer(), format!("{} stands after {}", pair[1], pair[0]));
        }
        // A path stands where its first operation belongs.
        if previous.as_ref().is_some_and(|(_, path)| path == operation.path) {
            continue;
        }
        let key = (rank, operation.path.to_owned());
        if previous.as_ref().is_some_and(|before| *before > key) {
            breaches.add(operation.pointer(), format!("{} stands after a path that should follow it", operation.path));
        }
        previous = Some(key);
    }
    for section in ["parameters", "responses", "schemas"] {
        let at = format!("/components/{section}");
        let names = root.pointer(&at).and_then(Value::as_object).into_iter().flatten().map(|(name, _)| name);
        let names: Vec<&String> = names.collect();
        for pair in names.windows(2).filter(|pair| pair[0] > pair[1]) {
            breaches.add(join(&at, pair[1]), format!("{} stands after {}", pair[1], pair[0]));
        }
    }
}

pub(super) fn extension(context: &Context<'_>, breaches: &mut Breaches) {
    fn walk(node: &Value, pointer: &str, breaches: &mut Breaches) {
        match node {
            Value::Object(members) => {
                for (key, child) in members {
                    let at = join(pointer, key);
                    // Data of the API itself, not of the document.
                    if matches!(key.as_str(), "value" | "example" | "default" | "enum" | "properties" | "headers") {
                        if let ("properties" | "headers", Value::Object(named)) = (key.as_str(), child) {
                            named.iter().for_each(|(name, child)| walk(child, &join(&at, name), breaches));
                        }
                        continue;
                    }
                    if key.starts_with("x-") && !is_name(pointer) {
                        if !EXTENSIONS.contains(&key.as_str()) {
                            let hint =
                                nearest(key, EXTENSIONS.into_iter()).map(|name| format!("; perhaps {name} is meant"));
                            breaches.add(at, format!("{key} is not a known extension{}", hint.unwrap_or_default()));
                        }
                        continue;
                    }
                    walk(child, &at, breaches);
                }
            }
            Value::Array(items) => {
                for (index, child) in items.iter().enumerate() {
                    walk(child, &join(pointer, &index.to_string()), breaches);
                }
            }
            _ => {}
        }
    }
    /// Whether the members of this node are named by the author.
    fn is_name(pointer: &str) -> bool {
        pointer.starts_with("/components/") && pointer.matches('/').count() == 2 || pointer.ends_with("/examples")
    }
    walk(&context.document.value, "", breaches);
}

pub(super) fn security(context: &Context<'_>, breaches: &mut Breaches) {
    let root = &context.document.value;
    let schemes: BTreeSet<&str> = root
        .pointer("/components/securitySchemes")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .map(|(name, _)| name.as_str())
        .collect();
    let mut check = |at: String, requirements: &Value| {
        for requirement in requirements.as_array().into_iter().flatten() {
            for (name, _) in requirement.as_object().into_iter().flatten() {
                if !schemes.contains(name.as_str()) {
                    breaches.add(at.clone(), format!("the security scheme {name} is not declared"));
                }
            }
        }
    };
    let global = root.get("security");
    if let Some(requirements) = global {
        check("/security".to_owned(), requirements);
    }
    let mut silent = Vec::new();
    for operation in operations(root) {
        match operation.node.get("security") {
            Some(requirements) => check(join(&operation.pointer(), "security"), requirements),
            None if global.is_none() => silent.push((operation.pointer(), operation.id().to_owned())),
            None => {}
        }
    }
    for (at, id) in silent {
        breaches.add(at, format!("{id} does not say whether it needs credentials"));
    }
}

/// How names of members that hold secrets end, in lower case without separators.
const SECRET_ENDINGS: [&str; 8] =
    ["password", "passphrase", "token", "secret", "secretkey", "privatekey", "apikey", "assertion"];

pub(super) fn secret(context: &Context<'_>, breaches: &mut Breaches) {
    for site in &context.sites.schemas {
        let name = match &site.role {
            Role::Property(name) => name.clone(),
            // A header of an answer; ids in paths are no secrets, and request headers are no parameters.
            Role::Parameter if site.pointer.contains("/headers/") => {
                site.pointer.rsplit('/').nth(1).unwrap_or_default().to_owned()
            }
            _ => continue,
        };
        let folded: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
        let text = site.node.get("type") == Some(&"string".into());
        let telling = SECRET_ENDINGS.iter().any(|ending| folded.ends_with(ending));
        if text && (telling || folded == "sessionid") && site.node.get("format") != Some(&"password".into()) {
            breaches.add(site.pointer.clone(), format!("{name} holds a secret and is not marked"));
        }
    }
}

pub(super) fn unreachable(context: &Context<'_>, breaches: &mut Breaches) {
    for (name, node) in schemas(&context.document.value) {
        let marked = node.get(UNUSED) == Some(&Value::Bool(true));
        let at = join("/components/schemas", name);
        match (context.sites.reach.contains_key(name), marked) {
            (false, false) => breaches.add(at, format!("no operation reaches the schema {name}")),
            (true, true) => breaches.add(join(&at, UNUSED), format!("the schema {name} is used all the same")),
            _ => {}
        }
    }
}

pub(super) fn paging(context: &Context<'_>, breaches: &mut Breaches) {
    let root = &context.document.value;
    for operation in operations(root) {
        let Some(paging) = operation.node.get("x-paging") else { continue };
        let at = join(&operation.pointer(), "x-paging");
        let text = |key: &str| paging.get(key).and_then(Value::as_str);
        let names = match text("style") {
            Some("offset") => ["offset", "limit"],
            Some("page") => ["page", "per-page"],
            Some("none") => continue,
            _ => {
                breaches.add(at, "style is none of offset, page and none");
                continue;
            }
        };
        let parameters = parameters(root, &operation);
        let queries: BTreeSet<&str> =
            parameters.iter().filter(|p| p.text("in") == "query").map(|p| p.text("name")).collect();
        for key in names {
            match text(key) {
                Some(name) if queries.contains(name) => {}
                Some(name) => breaches.add(at.clone(), format!("{} has no query parameter {name}", operation.id())),
                None => breaches.add(at.clone(), format!("the name of the {key} parameter is missing")),
            }
        }
        if text("items").is_none() {
            breaches.add(at, "the member that holds the items is not named");
        }
    }
}

/// Names of query parameters that ask for a part of a list, in lower case without separators.
const PAGING_NAMES: [&str; 8] = ["offset", "limit", "page", "perpage", "pagesize", "marker", "cursor", "pagetoken"];

pub(super) fn paging_missing(context: &Context<'_>, breaches: &mut Breaches) {
    let root = &context.document.value;
    for operation in operations(root).into_iter().filter(|operation| operation.node.get("x-paging").is_none()) {
        let names = parameters(root, &operation).into_iter().filter(|parameter| parameter.text("in") == "query");
        let paged = names.map(|parameter| parameter.text("name").to_owned()).find(|name| {
            let folded: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
            PAGING_NAMES.contains(&folded.to_lowercase().as_str())
        });
        if let Some(name) = paged {
            let what = format!("{} has the query parameter {name} and no x-paging", operation.id());
            breaches.add(operation.pointer(), what);
        }
    }
}

pub(super) fn starts_job(context: &Context<'_>, breaches: &mut Breaches) {
    for operation in operations(&context.document.value) {
        let marked = operation.node.get("x-starts-job") == Some(&Value::Bool(true));
        let resent = operation.node.get("x-idempotent") == Some(&Value::Bool(true));
        if marked && (matches!(operation.method, "get" | "head") || resent) {
            let what = format!("{} starts work and is marked as safe to send again", operation.id());
            breaches.add(join(&operation.pointer(), "x-starts-job"), what);
        }
    }
}

pub(super) fn header(context: &Context<'_>, breaches: &mut Breaches) {
    let root = &context.document.value;
    if root.pointer("/servers/0/url").and_then(Value::as_str).is_none() {
        breaches.add("/servers", "no server is named");
    }
    if root.pointer("/info/x-vendor").and_then(Value::as_str).is_none() {
        breaches.add("/info", "the vendor crate is not named");
    }
    if root.pointer("/info/version").and_then(Value::as_str).is_none() {
        breaches.add("/info", "the API version is not a text");
    }
}

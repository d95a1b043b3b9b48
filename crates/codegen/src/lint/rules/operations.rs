//! Rules about operations: ids, references, parameters, media types, answers.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use heck::ToSnakeCase;
use serde_json::Value;

use crate::document::{METHODS, OperationNode, join, operations, resolve};
use crate::domain::SYNC;
use crate::lint::{Breaches, Context, nearest};

pub(super) fn version(context: &Context<'_>, breaches: &mut Breaches) {
    let root = &context.document.value;
    match root.get("openapi") {
        Some(Value::String(version)) if version == "3.0.3" => {}
        Some(Value::String(version)) => breaches.add("/openapi", format!("the document says OpenAPI {version}")),
        Some(other) => breaches.add("/openapi", format!("the version {other} is not text of three numbers")),
        None if root.get("swagger").is_some() => breaches.add("/swagger", "the document is Swagger 2.0, not OpenAPI"),
        None => breaches.add("/openapi", "the document does not say which OpenAPI version it uses"),
    }
}

pub(super) fn id_missing(context: &Context<'_>, breaches: &mut Breaches) {
    for operation in operations(&context.document.value) {
        if operation.id().is_empty() {
            let what = format!("{} {} has no operationId", operation.method.to_uppercase(), operation.path);
            breaches.add(operation.pointer(), what);
        }
    }
}

pub(super) fn id_twice(context: &Context<'_>, breaches: &mut Breaches) {
    let mut seen: HashMap<String, String> = HashMap::new();
    for operation in operations(&context.document.value).into_iter().filter(|o| !o.id().is_empty()) {
        let at = join(&operation.pointer(), "operationId");
        if let Some(first) = seen.insert(operation.id().to_snake_case(), at.clone()) {
            breaches.add(at, format!("operationId {} is taken by {first}", operation.id()));
        }
    }
}

/// Calls `visit` with every `$ref` outside of examples.
fn references<'a>(node: &'a Value, pointer: &str, visit: &mut dyn FnMut(&str, &'a str)) {
    match node {
        Value::Object(members) => {
            for (key, child) in members {
                // Data of the API, not of the document; a property may be called the same and is then an object.
                if matches!(key.as_str(), "examples" | "example") && !pointer.ends_with("/properties") {
                    continue;
                }
                let at = join(pointer, key);
                match child.as_str() {
                    Some(reference) if key == "$ref" => visit(&at, reference),
                    _ => references(child, &at, visit),
                }
            }
        }
        Value::Array(items) => {
            for (index, child) in items.iter().enumerate() {
                references(child, &join(pointer, &index.to_string()), visit);
            }
        }
        _ => {}
    }
}

pub(super) fn external_reference(context: &Context<'_>, breaches: &mut Breaches) {
    references(&context.document.value, "", &mut |at, reference| {
        if !reference.starts_with("#/") {
            breaches.add(at, format!("{reference:?} leads out of the document"));
        }
    });
}

pub(super) fn dangling_reference(context: &Context<'_>, breaches: &mut Breaches) {
    let root = &context.document.value;
    references(root, "", &mut |at, reference| {
        if let Some(pointer) = reference.strip_prefix('#')
            && root.pointer(pointer).is_none()
        {
            let (folder, name) = pointer.rsplit_once('/').unwrap_or_default();
            let known =
                root.pointer(folder).and_then(Value::as_object).into_iter().flatten().map(|(key, _)| key.as_str());
            let hint = nearest(name, known).map(|name| format!("; perhaps {name} is meant")).unwrap_or_default();
            breaches.add(at, format!("{reference:?} leads nowhere{hint}"));
        }
    });
}

pub(super) fn path_item_reference(context: &Context<'_>, breaches: &mut Breaches) {
    for (path, item) in context.document.value.get("paths").and_then(Value::as_object).into_iter().flatten() {
        if item.get("$ref").is_some() {
            breaches.add(join("/paths", path), format!("the path {path} is a reference"));
        }
    }
}

/// A parameter, resolved, with the place where it is used.
pub(super) struct Parameter<'a> {
    pub(super) pointer: String,
    pub(super) node: &'a Value,
}

impl Parameter<'_> {
    pub(super) fn text(&self, key: &str) -> &str {
        self.node.get(key).and_then(Value::as_str).unwrap_or_default()
    }
}

/// Parameters of an operation, its path item's included.
pub(super) fn parameters<'a>(root: &'a Value, operation: &OperationNode<'a>) -> Vec<Parameter<'a>> {
    let path_item = join("/paths", operation.path);
    [join(&path_item, "parameters"), join(&operation.pointer(), "parameters")]
        .into_iter()
        .flat_map(|at| {
            let list = root.pointer(&at).and_then(Value::as_array).into_iter().flatten().enumerate();
            list.filter_map(move |(index, node)| {
                Some(Parameter { pointer: join(&at, &index.to_string()), node: resolve(root, node)? })
            })
            .collect::<Vec<_>>()
        })
        .collect()
}

fn each_parameter(context: &Context<'_>, mut visit: impl FnMut(&OperationNode<'_>, Parameter<'_>)) {
    let root = &context.document.value;
    for operation in operations(root) {
        for parameter in parameters(root, &operation) {
            visit(&operation, parameter);
        }
    }
}

pub(super) fn cookie(context: &Context<'_>, breaches: &mut Breaches) {
    each_parameter(context, |_, parameter| {
        if parameter.text("in") == "cookie" {
            let what = format!("the cookie {} is a parameter", parameter.text("name"));
            breaches.add(parameter.pointer, what);
        }
    });
}

pub(super) fn credential_parameter(context: &Context<'_>, breaches: &mut Breaches) {
    let root = &context.document.value;
    let schemes = root.pointer("/components/securitySchemes").and_then(Value::as_object);
    let mut names: BTreeSet<String> = ["authorization", "cookie", "x-auth-token"].map(str::to_owned).into();
    for scheme in schemes.into_iter().flatten().map(|(_, scheme)| scheme) {
        names.extend(scheme.get("name").and_then(Value::as_str).map(str::to_lowercase));
    }
    each_parameter(context, |_, parameter| {
        if parameter.text("in") == "header" && names.contains(&parameter.text("name").to_lowercase()) {
            let what = format!("the header {} carries credentials", parameter.text("name"));
            breaches.add(parameter.pointer, what);
        }
    });
}

/// Media types of the request body, with their pointers.
fn request_media_types(root: &Value, operation: &OperationNode<'_>) -> Vec<(String, String)> {
    let at = join(&operation.pointer(), "requestBody");
    let Some(body) = operation.node.get("requestBody").and_then(|node| resolve(root, node)) else {
        return Vec::new();
    };
    let content = body.get("content").and_then(Value::as_object).into_iter().flatten();
    content.map(|(media, _)| (join(&join(&at, "content"), media), media.clone())).collect()
}

pub(super) fn media_twice(context: &Context<'_>, breaches: &mut Breaches) {
    for operation in operations(&context.document.value) {
        let media = request_media_types(&context.document.value, &operation);
        if let [_, (at, second), ..] = media.as_slice() {
            breaches.add(at.clone(), format!("{} has a second request media type, {second}", operation.id()));
        }
    }
}

pub(super) fn request_media(context: &Context<'_>, breaches: &mut Breaches) {
    for operation in operations(&context.document.value) {
        for (at, media) in request_media_types(&context.document.value, &operation) {
            let plain = media.split(';').next().unwrap_or_default().trim().to_lowercase();
            if !matches!(plain.as_str(), "application/json" | "application/x-www-form-urlencoded") {
                breaches.add(at, format!("{} sends {media}", operation.id()));
            }
        }
    }
}

/// Answers of an operation: pointer of use, status, resolved answer.
fn answers<'a>(root: &'a Value, operation: &OperationNode<'a>) -> Vec<(String, &'a str, &'a Value)> {
    let at = join(&operation.pointer(), "responses");
    let responses = operation.node.get("responses").and_then(Value::as_object).into_iter().flatten();
    responses.filter_map(|(status, node)| Some((join(&at, status), status.as_str(), resolve(root, node)?))).collect()
}

pub(super) fn answer_media(context: &Context<'_>, breaches: &mut Breaches) {
    let root = &context.document.value;
    for operation in operations(root) {
        for (at, status, answer) in answers(root, &operation).into_iter().filter(|(_, s, _)| s.starts_with('2')) {
            for (media, _) in answer.get("content").and_then(Value::as_object).into_iter().flatten() {
                if media.split(';').next().unwrap_or_default().trim() != "application/json" {
                    breaches.add(at.clone(), format!("{} {status} answers {media}", operation.id()));
                }
            }
        }
    }
}

pub(super) fn success_shapes(context: &Context<'_>, breaches: &mut Breaches) {
    let root = &context.document.value;
    for operation in operations(root) {
        let mut shapes: BTreeMap<String, &str> = BTreeMap::new();
        let mut count = 0;
        for (at, status, answer) in answers(root, &operation).into_iter().filter(|(_, s, _)| s.starts_with('2')) {
            count += 1;
            let content = answer.get("content").and_then(Value::as_object).into_iter().flatten();
            let shape: Vec<String> = content.map(|(_, media)| media["schema"].to_string()).collect();
            shapes.insert(shape.join("|"), status);
            if shapes.len() > 1 {
                breaches
                    .add(at, format!("{} answers {status} with another body than its other success", operation.id()));
                break;
            }
        }
        if count == 0 {
            breaches.add(operation.pointer(), format!("{} declares no success", operation.id()));
        }
    }
}

pub(super) fn redirect(context: &Context<'_>, breaches: &mut Breaches) {
    let root = &context.document.value;
    for operation in operations(root) {
        for (at, status, _) in answers(root, &operation).into_iter().filter(|(_, s, _)| s.starts_with('3')) {
            breaches.add(at, format!("{} answers {status}", operation.id()));
        }
    }
}

pub(super) fn parameter_style(context: &Context<'_>, breaches: &mut Breaches) {
    each_parameter(context, |_, parameter| {
        let style = parameter.node.get("style").is_some_and(|style| style != "form");
        let list = parameter.node.get("explode") == Some(&Value::Bool(false));
        if (style || list) && parameter.text("in") == "query" {
            let what = format!("the parameter {} is not sent as repeated key", parameter.text("name"));
            breaches.add(parameter.pointer, what);
        }
    });
}

pub(super) fn dropshot_paging(context: &Context<'_>, breaches: &mut Breaches) {
    for operation in operations(&context.document.value) {
        if operation.node.get("x-dropshot-pagination").is_some() {
            let what = format!("{} uses x-dropshot-pagination", operation.id());
            breaches.add(join(&operation.pointer(), "x-dropshot-pagination"), what);
        }
    }
}

pub(super) fn parameter_collision(context: &Context<'_>, breaches: &mut Breaches) {
    let root = &context.document.value;
    for operation in operations(root) {
        let mut seen: HashMap<String, String> = HashMap::new();
        for parameter in parameters(root, &operation) {
            let name = parameter.text("name").to_owned();
            let first = seen.insert(name.to_snake_case(), name.clone());
            // The same name and place again is an operation that overrides its path item.
            if let Some(first) = first.filter(|first| *first != name) {
                let what = format!("the parameters {first} and {name} of {} have one Rust name", operation.id());
                breaches.add(parameter.pointer, what);
            }
        }
    }
}

pub(super) fn path_template(context: &Context<'_>, breaches: &mut Breaches) {
    let root = &context.document.value;
    for operation in operations(root) {
        let in_path: BTreeSet<&str> =
            operation.path.split('{').skip(1).filter_map(|rest| rest.split_once('}').map(|(name, _)| name)).collect();
        let parameters = parameters(root, &operation);
        let declared: BTreeSet<&str> = parameters
            .iter()
            .filter(|p| p.text("in") == "path" && p.node.get("required") == Some(&Value::Bool(true)))
            .map(|p| p.text("name"))
            .collect();
        for name in in_path.symmetric_difference(&declared) {
            let what = if in_path.contains(name) {
                format!("{{{name}}} in the path of {} is no required path parameter", operation.id())
            } else {
                format!("the path parameter {name} of {} does not stand in the path", operation.id())
            };
            breaches.add(operation.pointer(), what);
        }
    }
    for (path, item) in root.get("paths").and_then(Value::as_object).into_iter().flatten() {
        for (key, _) in item.as_object().into_iter().flatten() {
            let known = METHODS.contains(&key.as_str()) || key.starts_with("x-");
            if !known && !matches!(key.as_str(), "parameters" | "summary" | "description" | "servers" | "$ref") {
                breaches.add(join(&join("/paths", path), key), format!("{key} is no HTTP method"));
            }
        }
    }
}

/// Whether a status or range of statuses is one that OpenAPI knows.
fn is_status(status: &str) -> bool {
    let number = status.parse::<u16>().is_ok_and(|number| (100..600).contains(&number)) && status.len() == 3;
    number || status == "default" || matches!(status, "1XX" | "2XX" | "3XX" | "4XX" | "5XX")
}

pub(super) fn statuses(context: &Context<'_>, breaches: &mut Breaches) {
    let root = &context.document.value;
    for operation in operations(root) {
        let listed = answers(root, &operation);
        let declared = |wanted: &str| listed.iter().any(|(_, status, _)| [wanted, "4XX", "default"].contains(status));
        // What the vendor's page leaves out is not invented, but said.
        let doubts = operation.node.get("x-doubts").map(Value::to_string).unwrap_or_default();
        let at = join(&operation.pointer(), "responses");
        let security = operation.node.get("security").or_else(|| root.get("security"));
        let credentials = security.and_then(Value::as_array).is_some_and(|list| !list.is_empty());
        if credentials && !declared("401") && !doubts.contains("401") {
            let what =
                format!("{} needs credentials and neither declares 401 nor speaks of it in x-doubts", operation.id());
            breaches.add(at.clone(), what);
        }
        if operation.path.contains('{') && !declared("404") && !doubts.contains("404") {
            let what = format!(
                "{} names an object in its path and neither declares 404 nor speaks of it in x-doubts",
                operation.id()
            );
            breaches.add(at, what);
        }
        for (at, status, answer) in &listed {
            if !is_status(status) {
                breaches.add(at.clone(), format!("{status:?} is no HTTP status, range such as 4XX, or default"));
            } else if matches!(*status, "204" | "205" | "304") && answer.get("content").is_some() {
                breaches.add(at.clone(), format!("{} {status} has a body, which HTTP forbids", operation.id()));
            }
        }
    }
}

pub(super) fn sync_list(context: &Context<'_>, breaches: &mut Breaches) {
    let root = &context.document.value;
    let Some(node) = root.get(SYNC) else { return };
    let at = join("", SYNC);
    let names = node.as_array().map(|list| list.iter().map(Value::as_str).collect::<Vec<_>>());
    let Some(names) = names.filter(|names| !names.is_empty() && names.iter().all(Option::is_some)) else {
        breaches.add(at, "this is no list of operation ids");
        return;
    };
    let known: Vec<&str> = operations(root).iter().map(OperationNode::id).collect();
    for (index, name) in names.iter().flatten().enumerate() {
        let at = join(&at, &index.to_string());
        if !known.contains(name) {
            let meant = nearest(name, known.iter().copied()).map(|near| format!("; {near} is one"));
            breaches.add(at, format!("{name} is no operation of this document{}", meant.unwrap_or_default()));
        } else if index > 0 && names[index - 1] >= Some(name) {
            breaches.add(at, format!("{name} stands twice or too late in the list"));
        }
    }
}

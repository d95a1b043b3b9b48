//! Reads a document into what its page says.

use backup_sync_codegen::document::{OperationNode, operations, resolve};
use backup_sync_codegen::{Document, Error, outline};
use serde_json::Value;

use crate::model::{Answer, Body, DoubtAt, Example, Group, Html, Link, Operation, Spec};
use crate::schema::{doubts, kind, page, parameter, plain, sources, text};
use crate::{call, markdown, schema};

/// Everything that the page of `document` says.
pub fn read(document: &Document) -> Spec {
    let root = &document.value;
    let info = root.get("info").unwrap_or(&Value::Null);
    let (surface, findings) = match outline(document) {
        Ok(surface) => (surface, Vec::new()),
        Err(Error::Findings(findings)) => (Vec::new(), findings.iter().map(ToString::to_string).collect()),
        Err(error) => (Vec::new(), vec![error.to_string()]),
    };
    let groups = groups(document, &surface);
    let schemas = schema::all(document);
    let mut spec = Spec {
        name: document.name().to_owned(),
        file: document.file.clone(),
        title: text(info, "title").to_owned(),
        version: info.get("version").map(plain).unwrap_or_default(),
        vendor: document.vendor().to_owned(),
        module: format!("{}::{}", crate_name(document), document.module()),
        description: markdown::html(text(info, "description")),
        servers: servers(root),
        sources: sources(info),
        docs: link(root),
        quotas: quotas(info),
        groups,
        schemas,
        doubts: doubts_at("the document", "top", doubts(info)),
        findings,
        json: document.value.to_string(),
    };
    spec.doubts.extend(all_doubts(&spec));
    spec
}

fn crate_name(document: &Document) -> String {
    document.vendor().replace('-', "_")
}

fn servers(root: &Value) -> Vec<(String, Html)> {
    let all = root.get("servers").and_then(Value::as_array).into_iter().flatten();
    all.map(|server| (text(server, "url").to_owned(), markdown::inline(text(server, "description")))).collect()
}

/// The vendor's page on a document, a tag or an operation.
fn link(node: &Value) -> Option<Link> {
    let docs = node.get("externalDocs")?;
    let url = page(text(docs, "url"))?;
    let told = text(docs, "description");
    Some(Link { text: if told.is_empty() { "the vendor's page".to_owned() } else { told.to_owned() }, url })
}

/// `50 requests per session in 60 s`, from `info.x-quota`.
fn quotas(info: &Value) -> Vec<String> {
    let all = info.get("x-quota").and_then(Value::as_array).into_iter().flatten();
    let one = |quota: &Value| {
        let number = |key| quota.get(key).map(plain).unwrap_or_default();
        format!("{} requests per {} in {} s", number("requests"), text(quota, "per"), number("seconds"))
    };
    all.map(one).collect()
}

fn groups(document: &Document, surface: &[String]) -> Vec<Group> {
    let root = &document.value;
    let tags = root.get("tags").and_then(Value::as_array).into_iter().flatten();
    let mut groups: Vec<Group> = tags
        .map(|tag| Group {
            tag: text(tag, "name").to_owned(),
            description: markdown::inline(text(tag, "description")),
            docs: link(tag),
            operations: Vec::new(),
        })
        .collect();
    for node in operations(root) {
        let tag = node.node.pointer("/tags/0").and_then(Value::as_str).unwrap_or("other");
        let operation = operation(document, &node, tag, surface);
        match groups.iter_mut().find(|group| group.tag == tag) {
            Some(group) => group.operations.push(operation),
            None => groups.push(Group {
                tag: tag.to_owned(),
                description: Html::default(),
                docs: None,
                operations: vec![operation],
            }),
        }
    }
    groups.retain(|group| !group.operations.is_empty());
    groups
}

fn operation(document: &Document, node: &OperationNode<'_>, tag: &str, surface: &[String]) -> Operation {
    let root = &document.value;
    let id = node.id().to_owned();
    Operation {
        anchor: format!("op-{id}"),
        reference: format!("tag/{}/operation/{id}", tag.replace(' ', "-")),
        method: node.method.to_uppercase(),
        path: node.path.to_owned(),
        line: document.place(&node.pointer()).line,
        summary: text(node.node, "summary").to_owned(),
        description: markdown::html(text(node.node, "description")),
        sources: sources(node.node),
        doubts: doubts(node.node),
        docs: link(node.node),
        permissions: node.permissions().into_iter().map(str::to_owned).collect(),
        extensions: extensions(node.node),
        idempotent: node.idempotent(),
        idempotent_by: if node.node.get("x-idempotent").is_some() { "x-idempotent" } else { "its method" },
        starts_job: node.starts_job(),
        authenticated: node.authenticated(root),
        paging: node.node.get("x-paging").map(paging),
        parameters: node.parameters(root).into_iter().map(parameter).collect(),
        request: request(root, node.node),
        answers: answers(root, node.node),
        rust: call::rust(&crate_name(document), &document.module(), surface, &node.function()),
        command: call::command(root, node),
        id,
    }
}

fn request(root: &Value, operation: &Value) -> Option<Body> {
    let node = operation.get("requestBody").and_then(|node| resolve(root, node))?;
    bodies(node, true).into_iter().next()
}

/// Extensions that this page knows no better way to show.
fn extensions(node: &Value) -> Vec<(String, String)> {
    const KNOWN: [&str; 7] =
        ["x-source", "x-doubts", "x-permissions", "x-dr-permissions", "x-idempotent", "x-starts-job", "x-paging"];
    let all = node.as_object().into_iter().flatten();
    let other = all.filter(|(key, _)| key.starts_with("x-") && !KNOWN.contains(&key.as_str()));
    other.map(|(key, value)| (key.clone(), listed(value))).collect()
}

/// `a: b, c: d` for a mapping, its plain text for anything else.
fn listed(value: &Value) -> String {
    let Some(members) = value.as_object() else { return plain(value) };
    let each: Vec<String> = members.iter().map(|(key, value)| format!("{key}: {}", plain(value))).collect();
    each.join(", ")
}

fn paging(node: &Value) -> String {
    listed(node)
}

/// The bodies of a request or an answer; of the examples of a success the first is open.
fn bodies(holder: &Value, success: bool) -> Vec<Body> {
    let content = holder.get("content").and_then(Value::as_object).into_iter().flatten();
    let mut all: Vec<Body> = content
        .map(|(media, node)| Body {
            media: media.clone(),
            kind: node.get("schema").map(kind).unwrap_or_default(),
            examples: examples(node),
        })
        .collect();
    let first = all.first_mut().filter(|_| success).and_then(|body| body.examples.first_mut());
    if let Some(example) = first {
        example.open = true;
    }
    all
}

fn examples(content: &Value) -> Vec<Example> {
    let all = content.get("examples").and_then(Value::as_object).into_iter().flatten();
    all.map(|(name, node)| Example {
        name: name.clone(),
        summary: text(node, "summary").to_owned(),
        json: node.get("value").and_then(|value| serde_json::to_string_pretty(value).ok()).unwrap_or_default(),
        invalid: node.get("x-invalid") == Some(&Value::Bool(true)),
        open: false,
    })
    .collect()
}

fn answers(root: &Value, operation: &Value) -> Vec<Answer> {
    let all = operation.get("responses").and_then(Value::as_object).into_iter().flatten();
    all.filter_map(|(status, node)| {
        let node = resolve(root, node)?;
        let headers = node.get("headers").and_then(Value::as_object).into_iter().flatten();
        Some(Answer {
            status: status.clone(),
            description: markdown::inline(text(node, "description")),
            doubts: doubts(node),
            headers: headers.map(|(name, _)| name.clone()).collect(),
            bodies: bodies(node, status.starts_with('2')),
        })
    })
    .collect()
}

fn doubts_at(place: &str, anchor: &str, doubts: Vec<Html>) -> Vec<DoubtAt> {
    let one = |text| DoubtAt { place: place.to_owned(), anchor: anchor.to_owned(), text };
    doubts.into_iter().map(one).collect()
}

/// The doubts of all operations and schemas with their parts. A shared answer is told once.
fn all_doubts(spec: &Spec) -> Vec<DoubtAt> {
    let mut found = Vec::new();
    let mut add = |place: String, anchor: &str, doubts: &[Html]| {
        let known = |found: &[DoubtAt], text: &Html| found.iter().any(|doubt: &DoubtAt| doubt.text == *text);
        for doubt in doubts_at(&place, anchor, doubts.to_vec()) {
            if !known(&found, &doubt.text) {
                found.push(doubt);
            }
        }
    };
    for operation in spec.operations() {
        add(operation.id.clone(), &operation.anchor, &operation.doubts);
        for parameter in &operation.parameters {
            add(format!("{}, parameter {}", operation.id, parameter.name), &operation.anchor, &parameter.doubts);
        }
        for answer in &operation.answers {
            add(format!("{}, answer {}", operation.id, answer.status), &operation.anchor, &answer.doubts);
        }
    }
    for schema in &spec.schemas {
        add(schema.name.clone(), &schema.anchor, &schema.doubts);
        for member in &schema.members {
            add(format!("{}.{}", schema.name, member.name), &schema.anchor, &member.doubts);
        }
    }
    found
}

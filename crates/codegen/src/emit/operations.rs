//! Emits the operation table: what the runtime has to know about each operation, read from the document.

use proc_macro2::TokenStream;
use quote::quote;
use serde_json::Value;

use super::{calls, starts};
use crate::document::{Document, OperationNode, operations, resolve};

pub(super) fn emit(source: &Document) -> TokenStream {
    let root = &source.value;
    // The generator tells its hooks the name of the method, not that of the operation.
    let mut rows: Vec<_> = operations(root).into_iter().map(|operation| (operation.function(), operation)).collect();
    rows.sort_by(|a, b| a.0.cmp(&b.0));
    let rows = rows.iter().map(|(function, operation)| row(root, function, operation));
    quote! {
        /// Every operation of the document, sorted by method: what the runtime needs to know to send it.
        pub static OPERATIONS: &[::backup_sync_runtime::Operation] = &[#(#rows),*];
    }
}

fn row(root: &Value, function: &str, operation: &OperationNode<'_>) -> TokenStream {
    let id = operation.id();
    let method = operation.method.to_uppercase();
    let path = operation.path;
    let (idempotent, starts_job) = (operation.idempotent(), operation.starts_job());
    let starts = starts::starts(operation);
    let authenticated = operation.authenticated(root);
    let summary = operation.node.get("summary").and_then(Value::as_str).unwrap_or_default();
    let secrets = secrets(root, operation);
    let parameters = calls::parameters(root, operation);
    let (body, paging) = (calls::body(root, operation), calls::paging(operation));
    let permissions = operation.permissions();
    quote! {
        ::backup_sync_runtime::Operation {
            id: #id,
            function: #function,
            method: #method,
            path: #path,
            summary: #summary,
            idempotent: #idempotent,
            starts_job: #starts_job,
            starts: #starts,
            authenticated: #authenticated,
            secrets: &[#(#secrets),*],
            parameters: &[#(#parameters),*],
            body: #body,
            paging: #paging,
            permissions: &[#(#permissions),*],
        }
    }
}

/// Names of members that hold secrets in the request or an answer of the operation, at any depth.
fn secrets(root: &Value, operation: &OperationNode<'_>) -> Vec<String> {
    let mut found = Vec::new();
    let mut seen = Vec::new();
    let bodies = ["requestBody", "responses", "parameters"];
    for node in bodies.into_iter().filter_map(|key| operation.node.get(key)) {
        collect(root, node, "", &mut seen, &mut found);
    }
    found.sort_unstable();
    found.dedup();
    found
}

fn collect<'a>(root: &'a Value, node: &'a Value, name: &str, seen: &mut Vec<&'a str>, found: &mut Vec<String>) {
    if let Some(reference) = node.get("$ref").and_then(Value::as_str) {
        if !seen.contains(&reference) {
            seen.push(reference);
            if let Some(target) = resolve(root, node) {
                collect(root, target, name, seen, found);
            }
        }
        return;
    }
    match node {
        Value::Object(members) => {
            if node.get("format") == Some(&"password".into()) {
                found.push(name.to_owned());
            }
            for (key, child) in members.iter().filter(|(key, _)| !matches!(key.as_str(), "examples" | "example")) {
                let structural =
                    matches!(key.as_str(), "schema" | "items" | "allOf" | "content" | "additionalProperties");
                let name = if structural { name } else { key.as_str() };
                collect(root, child, name, seen, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|child| collect(root, child, name, seen, found)),
        _ => {}
    }
}

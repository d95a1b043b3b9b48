//! Emits a call of every operation with everything that it takes, for contract tests.
//!
//! The text is included below a module of the tests that has `given::{text, texts, word, words, number, numbers, truth}` for
//! parameters, `body` for bodies, `read` for answers and `again` for a way there and back. It decides what is called, never what
//! is expected: that is read from the document by the tests themselves.

use heck::{ToPascalCase, ToSnakeCase};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use serde_json::Value;

use crate::document::{Document, OperationNode, operations, resolve, schema_name};
use crate::lint::Finding;
use crate::lower::{Lowered, Plan};

/// The calls of one document; `client` is the path of the module that was generated from it, for example `veeam_vb365::v8`.
///
/// # Errors
///
/// A finding for a parameter or body that no call can be made of.
pub fn trials(source: &Document, lowered: &Lowered, client: &str) -> Result<String, Finding> {
    let path = parsed(source, "/", client)?;
    let trial = |operation: &OperationNode<'_>| Trial { source, lowered, operation: *operation }.emit();
    let all = operations(&lowered.document.value);
    let trials = all.iter().map(trial).collect::<Result<Vec<_>, _>>()?;
    let names = all.iter().map(OperationNode::id);
    let calls = all.iter().map(name);
    let taking = all.iter().zip(&trials).filter(|(_, trial)| trial.body.is_some());
    let (takers, bodies): (Vec<_>, Vec<_>) =
        taking.map(|(operation, trial)| (operation.id(), trial.body.as_ref())).unzip();
    let items = trials.iter().map(|trial| &trial.call);
    let file = super::parse(
        source,
        quote! {
            use super::*;
            use #path as client;

            /// Calls the operation `id` with all its parameters.
            pub(super) async fn send(api: &client::Client, id: &str) -> Result<Read, Error> {
                match id {
                    #(#names => Box::pin(#calls(api)).await,)*
                    other => panic!("the document has no operation {other}"),
                }
            }

            /// Reads a request body of the operation `id` as its type and writes it out again.
            pub(super) fn again(id: &str, value: &Value) -> Result<Value, serde_json::Error> {
                match id {
                    #(#takers => super::again::<#bodies>(value),)*
                    other => panic!("the operation {other} takes no body"),
                }
            }

            #(#items)*
        },
    )?;
    Ok(super::print(source, &file))
}

fn name(operation: &OperationNode<'_>) -> Ident {
    ident(&operation.function())
}

/// A name as the generator makes it of one of the vendor's.
fn ident(name: &str) -> Ident {
    let name = name.to_snake_case();
    let name = if name.starts_with(|first: char| first.is_ascii_digit()) { format!("_{name}") } else { name };
    syn::parse_str(&name).unwrap_or_else(|_| format_ident!("{name}_"))
}

fn parsed(source: &Document, pointer: &str, text: &str) -> Result<TokenStream, Finding> {
    let refused = |error| Finding::refused(source, pointer, format!("no call can be made with {text}: {error}"));
    text.parse::<TokenStream>().map_err(refused)
}

/// One operation of the lowered document.
struct Trial<'a> {
    source: &'a Document,
    lowered: &'a Lowered,
    operation: OperationNode<'a>,
}

struct Emitted {
    call: TokenStream,
    body: Option<TokenStream>,
}

impl<'a> Trial<'a> {
    fn emit(&self) -> Result<Emitted, Finding> {
        let (id, function) = (self.operation.id(), name(&self.operation));
        let parameters = self.operation.parameters(self.root());
        let parameters = parameters.into_iter().map(|node| self.parameter(node)).collect::<Result<Vec<_>, _>>()?;
        let body = self.body()?;
        let example = self.example();
        let given = body.iter().map(|of| quote! { .body(body::<#of>(#example)) });
        let call = quote! {
            async fn #function(api: &client::Client) -> Result<Read, Error> {
                let call = api.#function() #(#parameters)* #(#given)*;
                read(#id, call.send()).await
            }
        };
        Ok(Emitted { call, body })
    }

    fn root(&self) -> &'a Value {
        &self.lowered.document.value
    }

    fn parameter(&self, node: &Value) -> Result<TokenStream, Finding> {
        let name = node.get("name").and_then(Value::as_str).unwrap_or_default();
        let schema = node.get("schema").unwrap_or(&Value::Null);
        let items = resolve(self.root(), schema).and_then(|schema| schema.get("items"));
        let one = items.unwrap_or(schema);
        let named = format!("{}-{name}", self.operation.id());
        let of = self.rust(schema, &named)?;
        let shape = resolve(self.root(), one).unwrap_or(one);
        let words: Vec<&str> = match shape.get("enum").and_then(Value::as_array) {
            Some(words) => words.iter().filter_map(Value::as_str).take(2).collect(),
            None => Vec::new(),
        };
        let value = match (shape.get("type").and_then(Value::as_str), words.as_slice(), items.is_some()) {
            (Some("boolean"), _, false) => quote! { given::truth::<#of>() },
            (Some("integer" | "number"), _, false) => quote! { given::number::<#of>() },
            (Some("integer" | "number"), _, true) => quote! { given::numbers::<#of>() },
            (Some("string"), [], false) => quote! { given::text::<#of>() },
            (Some("string"), [], true) => quote! { given::texts::<#of>() },
            (Some("string"), [word, ..], false) => quote! { given::word::<#of>(#word) },
            (Some("string"), words, true) => quote! { given::words::<#of>(&[#(#words),*]) },
            _ => {
                let what = format!("no value of the parameter {name} can be made; give it a type");
                return Err(Finding::refused(self.source, &self.operation.pointer(), what));
            }
        };
        let setter = ident(name);
        Ok(quote! { .#setter(#value) })
    }

    fn body(&self) -> Result<Option<TokenStream>, Finding> {
        let schema = content(self.root(), self.operation.node).and_then(|content| content.get("schema"));
        schema.map(|schema| self.rust(schema, &format!("{}-body", self.operation.id()))).transpose()
    }

    /// The first example of the body that is not deliberately wrong, as JSON.
    fn example(&self) -> String {
        // Lowering leaves examples out.
        let root = &self.source.value;
        let node = root.pointer(&self.operation.pointer());
        let examples =
            node.and_then(|node| content(root, node)).and_then(|content| content.get("examples")?.as_object());
        let mut right = examples.into_iter().flatten().map(|(_, node)| resolve(root, node).unwrap_or(node));
        let right = right.find(|node| node.get("x-invalid") != Some(&Value::Bool(true)));
        right.and_then(|node| node.get("value")).unwrap_or(&Value::Null).to_string()
    }

    /// The type that the generator gives to a schema of the lowered document, seen from the tests.
    fn rust(&self, schema: &Value, named: &str) -> Result<TokenStream, Finding> {
        parsed(self.source, &self.operation.pointer(), &rust(&self.lowered.plan, schema, named))
    }
}

fn content<'a>(root: &'a Value, operation: &'a Value) -> Option<&'a Value> {
    resolve(root, operation.get("requestBody")?)?.get("content")?.as_object()?.values().next()
}

/// `named` is the name from which the generator makes that of an inline set of values.
fn rust(plan: &Plan, schema: &Value, named: &str) -> String {
    if let Some(name) = schema_name(schema) {
        let given = plan.replacements.iter().find(|replacement| replacement.schema == name);
        if let Some(replacement) = given {
            return replacement.rust.replace("types::", "client::types::");
        }
        let open = plan.open_enums.iter().any(|open| open.schema == name);
        let module = if open { "open" } else { "types" };
        return format!("client::{module}::{}", name.to_pascal_case());
    }
    match schema.get("type").and_then(Value::as_str) {
        Some("array") => format!("Vec<{}>", rust(plan, &schema["items"], &format!("{named}-item"))),
        Some("string") if schema.get("enum").is_some() => format!("client::types::{}", named.to_pascal_case()),
        Some("string") => "String".to_owned(),
        Some("boolean") => "bool".to_owned(),
        Some("integer") => "i64".to_owned(),
        Some("number") => "f64".to_owned(),
        Some("object") => match schema.get("additionalProperties").filter(|inner| inner.is_object()) {
            Some(inner) => {
                format!("std::collections::BTreeMap<String, {}>", rust(plan, inner, &format!("{named}-value")))
            }
            None => "serde_json::Map<String, Value>".to_owned(),
        },
        _ => "Value".to_owned(),
    }
}

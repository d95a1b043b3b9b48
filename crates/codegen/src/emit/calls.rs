//! Emits what is needed to call an operation by its name: parameters, body, paging, rights.

use proc_macro2::TokenStream;
use quote::quote;
use serde_json::Value;

use crate::document::{OperationNode, resolve};

/// Page size where a document names neither the largest nor the usual one.
const PAGE: u64 = 100;

/// Parameters in the order of the document, those of the path item first.
pub(super) fn parameters(root: &Value, operation: &OperationNode<'_>) -> Vec<TokenStream> {
    operation.parameters(root).into_iter().filter_map(|node| parameter(root, node)).collect()
}

fn parameter(root: &Value, node: &Value) -> Option<TokenStream> {
    let name = node.get("name")?.as_str()?;
    let required = node.get("required").and_then(Value::as_bool).unwrap_or(false);
    let schema = node.get("schema").and_then(|schema| resolve(root, schema));
    let list = schema.and_then(|schema| schema.get("type")) == Some(&"array".into());
    let (place, implied) = match node.get("in")?.as_str()? {
        "path" => (quote! { path }, true),
        "query" => (quote! { query }, false),
        "header" => (quote! { header }, false),
        _ => return None,
    };
    let required = (required && !implied).then(|| quote! { .required() });
    let list = list.then(|| quote! { .list() });
    Some(quote! { ::backup_sync_runtime::Parameter::#place(#name) #required #list })
}

/// The body, if one is taken.
pub(super) fn body(root: &Value, operation: &OperationNode<'_>) -> TokenStream {
    let Some(node) = operation.node.get("requestBody").and_then(|node| resolve(root, node)) else {
        return quote! { ::std::option::Option::None };
    };
    let required = node.get("required").and_then(Value::as_bool).unwrap_or(false);
    let fields = node.get("content").and_then(|content| content.get("application/x-www-form-urlencoded")).is_some();
    let form = if fields {
        quote! { Fields }
    } else {
        quote! { Json }
    };
    quote! {
        ::std::option::Option::Some(::backup_sync_runtime::Body {
            form: ::backup_sync_runtime::Form::#form,
            required: #required,
        })
    }
}

/// How the list comes in pages, as `x-paging` says it.
pub(super) fn paging(operation: &OperationNode<'_>) -> TokenStream {
    emitted(operation).unwrap_or_else(|| quote! { ::std::option::Option::None })
}

fn emitted(operation: &OperationNode<'_>) -> Option<TokenStream> {
    let paging = operation.node.get("x-paging")?;
    let text = |key: &str| paging.get(key).and_then(Value::as_str);
    let number = |key: &str| paging.get(key).and_then(Value::as_u64);
    let (style, start, size) = match text("style")? {
        "offset" => (quote! { Offset }, text("offset")?, text("limit")?),
        "none" => return None,
        _ => (quote! { Page }, text("page")?, text("per-page")?),
    };
    let items = text("items")?;
    let most = number("max-limit").or(number("default-limit")).unwrap_or(PAGE);
    let most = proc_macro2::Literal::u64_unsuffixed(most);
    let [total, next, used] = ["total", "next", "used"].map(|key| match text(key) {
        Some(member) => quote! { ::std::option::Option::Some(#member) },
        None => quote! { ::std::option::Option::None },
    });
    Some(quote! {
        ::std::option::Option::Some(::backup_sync_runtime::Paging {
            style: ::backup_sync_runtime::Style::#style,
            start: #start,
            size: #size,
            most: #most,
            items: #items,
            total: #total,
            next: #next,
            used: #used,
        })
    })
}

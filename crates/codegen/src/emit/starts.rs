//! Emits what an operation starts, as `x-starts` says it.

use proc_macro2::TokenStream;
use quote::quote;
use serde_json::Value;

use crate::document::OperationNode;
use crate::lint::{texts, ways};

/// What it starts, or nothing.
pub(super) fn starts(operation: &OperationNode<'_>) -> TokenStream {
    match emitted(operation) {
        Some(starts) => quote! { ::std::option::Option::Some(::backup_sync_runtime::starts::Starts::#starts) },
        None => quote! { ::std::option::Option::None },
    }
}

fn emitted(operation: &OperationNode<'_>) -> Option<TokenStream> {
    let starts = operation.node.get("x-starts")?;
    let text = |key: &str| starts.get(key).and_then(Value::as_str);
    if let Some(why) = text("unseen") {
        return Some(quote! { Unseen { why: #why } });
    }
    if let Some(kind) = text("synchronizes") {
        let id = text("id")?;
        return Some(quote! { Synchronization { kind: #kind, id: #id } });
    }
    let kind = text("kind")?;
    let named = match text("jobs") {
        Some(path) => quote! { ::std::option::Option::Some(#path) },
        None => quote! { ::std::option::Option::None },
    };
    let find = ways(starts.get("find")).into_iter().filter_map(find);
    Some(quote! {
        Jobs(::backup_sync_runtime::starts::Begun { kind: #kind, named: #named, find: &[#(#find),*] })
    })
}

fn find(node: &Value) -> Option<TokenStream> {
    let list = node.get("list")?.as_str()?;
    let id = node.get("id").and_then(Value::as_str).unwrap_or("id");
    let pairs = |key: &str| -> Vec<TokenStream> {
        texts(node, key).map(|(name, source)| quote! { (#name, #source) }).collect()
    };
    let (with, matching) = (pairs("with"), pairs("where"));
    Some(quote! {
        ::backup_sync_runtime::starts::Find {
            list: #list,
            with: &[#(#with),*],
            id: #id,
            matching: &[#(#matching),*],
        }
    })
}

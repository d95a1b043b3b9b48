//! Lists what a generated client offers, one line per item, so that reviewers see what a spec change does to users.

use std::collections::BTreeMap;

use quote::ToTokens;
use syn::{Fields, File, FnArg, ImplItem, Item, ItemMod, ReturnType, Type, Visibility};

/// Sorted lines for the generated source text `code` of module `module`.
///
/// # Errors
///
/// When the text is not Rust.
pub fn of(code: &str, module: &str) -> syn::Result<Vec<String>> {
    let file: File = syn::parse_file(code)?;
    let mut lines = operations(&file, module);
    for item in inner(&file, "types").into_iter().chain(inner(&file, "open")) {
        lines.extend(type_line(item).map(|line| format!("{module} {line}")));
    }
    lines.sort();
    Ok(lines)
}

fn inner<'a>(file: &'a File, name: &str) -> Vec<&'a Item> {
    let module = file.items.iter().find_map(|item| match item {
        Item::Mod(ItemMod { ident, content: Some((_, items)), .. }) if ident == name => Some(items),
        _ => None,
    });
    module.into_iter().flatten().collect()
}

/// `v8 operation backup_repository_get(repository_id) -> types::RestBackupRepository`
fn operations(file: &File, module: &str) -> Vec<String> {
    let mut parameters: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut answers: BTreeMap<String, String> = BTreeMap::new();
    for item in inner(file, "builder") {
        let Item::Impl(implementation) = item else { continue };
        let Type::Path(path) = &*implementation.self_ty else { continue };
        let Some(builder) = path.path.segments.last().map(|segment| segment.ident.to_string()) else { continue };
        if implementation.trait_.is_some() {
            continue;
        }
        for method in implementation.items.iter().filter_map(as_method) {
            let name = method.sig.ident.to_string();
            match name.as_str() {
                "new" | "body_map" => {}
                "send" => drop(answers.insert(builder.clone(), answer(&method.sig.output))),
                _ => parameters.entry(builder.clone()).or_default().push(parameter(&name, method)),
            }
        }
    }
    let mut lines = Vec::new();
    for item in &file.items {
        let Item::Impl(implementation) = item else { continue };
        for method in implementation.items.iter().filter_map(as_method) {
            let ReturnType::Type(_, output) = &method.sig.output else { continue };
            let Some(builder) =
                text(output).strip_prefix("builder::").map(|rest| rest.trim_end_matches("<'_>").to_owned())
            else {
                continue;
            };
            let mut list = parameters.get(&builder).cloned().unwrap_or_default();
            list.sort();
            let answer = answers.get(&builder).cloned().unwrap_or_default();
            lines.push(format!("{module} operation {}({}) -> {answer}", method.sig.ident, list.join(", ")));
        }
    }
    lines
}

fn as_method(item: &ImplItem) -> Option<&syn::ImplItemFn> {
    match item {
        ImplItem::Fn(method) if matches!(method.vis, Visibility::Public(_)) => Some(method),
        _ => None,
    }
}

/// A builder call, with the type that it converts to where the generator says it.
fn parameter(name: &str, method: &syn::ImplItemFn) -> String {
    let bounds = method.sig.generics.where_clause.as_ref().map(text).unwrap_or_default();
    let given = method.sig.inputs.iter().any(|input| matches!(input, FnArg::Typed(_)));
    let rest = bounds.split("TryInto<").nth(1).filter(|_| given);
    // The bound ends where its angle brackets are balanced.
    let target = rest.map(|rest| {
        let mut depth = 1;
        let end = rest.find(|character| {
            depth += match character {
                '<' => 1,
                '>' => -1,
                _ => 0,
            };
            depth == 0
        });
        &rest[..end.unwrap_or(rest.len())]
    });
    target.map_or_else(|| name.to_owned(), |target| format!("{name}: {target}"))
}

/// The success type out of `Result<ResponseValue<T>, Error<()>>`.
fn answer(output: &ReturnType) -> String {
    let ReturnType::Type(_, output) = output else { return String::new() };
    let whole = text(output);
    let inner = whole.strip_prefix("Result<ResponseValue<").and_then(|rest| rest.strip_suffix(">, Error<()>>"));
    inner.unwrap_or(&whole).to_owned()
}

fn type_line(item: &Item) -> Option<String> {
    match item {
        Item::Struct(structure) if is_public(&structure.vis) => {
            let mut fields: Vec<String> = match &structure.fields {
                Fields::Named(named) => {
                    let public = named.named.iter().filter(|field| is_public(&field.vis));
                    public.filter_map(|f| Some(format!("{}: {}", f.ident.as_ref()?, text(&f.ty)))).collect()
                }
                Fields::Unnamed(unnamed) => unnamed.unnamed.iter().map(|field| text(&field.ty)).collect(),
                Fields::Unit => Vec::new(),
            };
            fields.sort();
            Some(format!("type {} {{ {} }}", structure.ident, fields.join(", ")))
        }
        Item::Enum(choice) if is_public(&choice.vis) => {
            let variants: Vec<String> = choice.variants.iter().map(variant).collect();
            Some(format!("enum {} {{ {} }}", choice.ident, variants.join(", ")))
        }
        Item::Type(alias) if is_public(&alias.vis) => Some(format!("alias {} = {}", alias.ident, text(&alias.ty))),
        _ => None,
    }
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

fn variant(variant: &syn::Variant) -> String {
    let fields: Vec<String> = variant.fields.iter().map(|field| text(&field.ty)).collect();
    if fields.is_empty() { variant.ident.to_string() } else { format!("{}({})", variant.ident, fields.join(", ")) }
}

/// Tokens as text: blanks only where two words meet and after commas, and without the paths of everyday types.
fn text(node: &impl ToTokens) -> String {
    let spaced = node.to_token_stream().to_string();
    let word = |character: char| character.is_alphanumeric() || matches!(character, '_' | '\'');
    let mut tight = String::with_capacity(spaced.len());
    let mut characters = spaced.chars().peekable();
    while let Some(character) = characters.next() {
        let between = tight.chars().last().is_some_and(word) && characters.peek().copied().is_some_and(word);
        if character != ' ' || between {
            tight.push(character);
        }
    }
    let tight = tight.replace(",>", ">").replace(",)", ")").replace(',', ", ");
    [
        "::std::string::",
        "::std::option::",
        "::std::vec::",
        "::std::collections::",
        "::serde_json::",
        "::backup_sync_runtime::",
    ]
    .iter()
    .fold(tight, |text, path| text.replace(path, ""))
}

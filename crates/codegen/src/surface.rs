//! Lists what a generated client offers, one line per item, so that reviewers see what a spec change does to users.

use std::collections::BTreeMap;
use std::fmt;

use quote::ToTokens;
use syn::{Fields, File, FnArg, ImplItem, ItemMod, ReturnType, Type, Visibility};

/// What sort of thing an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sort {
    /// A method of the client that starts a builder.
    Operation,
    /// A struct.
    Struct,
    /// An enum.
    Enum,
    /// Another name of a type.
    Alias,
}

/// A builder call, a field or a variant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Part {
    /// Its name; empty for the field of a tuple struct.
    pub name: String,
    /// Its type; empty where there is none to name.
    pub of: String,
}

impl Part {
    fn new(name: impl Into<String>, of: impl Into<String>) -> Self {
        Self { name: name.into(), of: of.into() }
    }
}

/// One thing that a generated client offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Module that it stands in.
    pub module: String,
    /// What it is.
    pub sort: Sort,
    /// Its name.
    pub name: String,
    /// Builder calls and fields in order of their names, variants as written.
    pub parts: Vec<Part>,
    /// What an operation answers, or what an alias stands for.
    pub of: String,
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (module, name) = (&self.module, &self.name);
        let joined = |part: fn(&Part) -> String| self.parts.iter().map(part).collect::<Vec<_>>().join(", ");
        let typed = |part: &Part| match (part.name.as_str(), part.of.as_str()) {
            (name, "") => name.to_owned(),
            ("", of) => of.to_owned(),
            (name, of) => format!("{name}: {of}"),
        };
        let variant = |part: &Part| match part.of.as_str() {
            "" => part.name.clone(),
            of => format!("{}({of})", part.name),
        };
        match self.sort {
            Sort::Operation => write!(f, "{module} operation {name}({}) -> {}", joined(typed), self.of),
            Sort::Struct => write!(f, "{module} type {name} {{ {} }}", joined(typed)),
            Sort::Enum => write!(f, "{module} enum {name} {{ {} }}", joined(variant)),
            Sort::Alias => write!(f, "{module} alias {name} = {}", self.of),
        }
    }
}

/// The items as sorted lines.
pub fn lines(items: &[Item]) -> Vec<String> {
    let mut lines: Vec<String> = items.iter().map(ToString::to_string).collect();
    lines.sort();
    lines
}

/// Everything that the generated source `file` of module `module` offers.
pub fn items(file: &File, module: &str) -> Vec<Item> {
    let mut items = operations(file, module);
    for item in inner(file, "types").into_iter().chain(inner(file, "open")) {
        items.extend(of_type(item, module));
    }
    items
}

fn inner<'a>(file: &'a File, name: &str) -> Vec<&'a syn::Item> {
    let module = file.items.iter().find_map(|item| match item {
        syn::Item::Mod(ItemMod { ident, content: Some((_, items)), .. }) if ident == name => Some(items),
        _ => None,
    });
    module.into_iter().flatten().collect()
}

fn operations(file: &File, module: &str) -> Vec<Item> {
    let mut parameters: BTreeMap<String, Vec<Part>> = BTreeMap::new();
    let mut answers: BTreeMap<String, String> = BTreeMap::new();
    for item in inner(file, "builder") {
        let syn::Item::Impl(implementation) = item else { continue };
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
    let mut items = Vec::new();
    for item in &file.items {
        let syn::Item::Impl(implementation) = item else { continue };
        for method in implementation.items.iter().filter_map(as_method) {
            let ReturnType::Type(_, output) = &method.sig.output else { continue };
            let Some(builder) =
                text(output).strip_prefix("builder::").map(|rest| rest.trim_end_matches("<'_>").to_owned())
            else {
                continue;
            };
            let mut parts = parameters.get(&builder).cloned().unwrap_or_default();
            parts.sort();
            let of = answers.get(&builder).cloned().unwrap_or_default();
            let name = method.sig.ident.to_string();
            items.push(Item { module: module.to_owned(), sort: Sort::Operation, name, parts, of });
        }
    }
    items
}

fn as_method(item: &ImplItem) -> Option<&syn::ImplItemFn> {
    match item {
        ImplItem::Fn(method) if matches!(method.vis, Visibility::Public(_)) => Some(method),
        _ => None,
    }
}

/// A builder call, with the type that it converts to where the generator says it.
fn parameter(name: &str, method: &syn::ImplItemFn) -> Part {
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
    Part::new(name, target.unwrap_or_default())
}

/// The success type out of `Result<ResponseValue<T>, Error<()>>`.
fn answer(output: &ReturnType) -> String {
    let ReturnType::Type(_, output) = output else { return String::new() };
    let whole = text(output);
    let inner = whole.strip_prefix("Result<ResponseValue<").and_then(|rest| rest.strip_suffix(">, Error<()>>"));
    inner.unwrap_or(&whole).to_owned()
}

fn of_type(item: &syn::Item, module: &str) -> Option<Item> {
    let (sort, name, parts, of) = match item {
        syn::Item::Struct(structure) if is_public(&structure.vis) => {
            let mut parts: Vec<Part> = match &structure.fields {
                Fields::Named(named) => {
                    let public = named.named.iter().filter(|field| is_public(&field.vis));
                    public.filter_map(|f| Some(Part::new(f.ident.as_ref()?.to_string(), text(&f.ty)))).collect()
                }
                Fields::Unnamed(unnamed) => unnamed.unnamed.iter().map(|f| Part::new("", text(&f.ty))).collect(),
                Fields::Unit => Vec::new(),
            };
            parts.sort();
            (Sort::Struct, &structure.ident, parts, String::new())
        }
        syn::Item::Enum(choice) if is_public(&choice.vis) => {
            (Sort::Enum, &choice.ident, choice.variants.iter().map(variant).collect(), String::new())
        }
        syn::Item::Type(alias) if is_public(&alias.vis) => (Sort::Alias, &alias.ident, Vec::new(), text(&alias.ty)),
        _ => return None,
    };
    Some(Item { module: module.to_owned(), sort, name: name.to_string(), parts, of })
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

fn variant(variant: &syn::Variant) -> Part {
    let fields: Vec<String> = variant.fields.iter().map(|field| text(&field.ty)).collect();
    Part::new(variant.ident.to_string(), fields.join(", "))
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

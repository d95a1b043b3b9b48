//! A loaded document: its value, and where in the file every node of it stands.

use std::fmt;
use std::sync::Arc;

use heck::ToSnakeCase as _;
use serde_json::Value;

/// A place in a source file, both numbers starting at 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Line number.
    pub line: usize,
    /// Column number, in characters.
    pub column: usize,
}

impl Default for Place {
    fn default() -> Self {
        Self { line: 1, column: 1 }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// The places of a node and of everything in it: a tree beside the value, which takes less than a table of all pointers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places {
    pub(crate) place: Place,
    pub(crate) inner: Inner,
}

/// The places of what stands directly in a node.
#[derive(Clone, Debug, Default)]
pub(crate) enum Inner {
    /// It is a scalar.
    #[default]
    None,
    Members(Vec<(String, Places)>),
    Items(Vec<Places>),
}

impl Inner {
    /// By one token of a JSON pointer.
    fn get(&self, token: &str) -> Option<&Places> {
        match self {
            Self::None => None,
            Self::Items(items) => items.get(token.parse::<usize>().ok()?),
            Self::Members(members) if token.contains('~') => {
                let name = token.replace("~1", "/").replace("~0", "~");
                members.iter().find(|(other, _)| *other == name).map(|(_, inner)| inner)
            }
            Self::Members(members) => members.iter().find(|(other, _)| other == token).map(|(_, inner)| inner),
        }
    }
}

/// An OpenAPI document as read from its file.
#[derive(Clone, Debug)]
pub struct Document {
    /// The file as it is named in messages, for example `specs/huawei-cbr-v3.yaml`.
    pub file: String,
    /// The whole document.
    pub value: Value,
    /// The place of every node; a member of a mapping stands where its key stands.
    pub(crate) places: Arc<Places>,
}

impl Document {
    /// The place of the node at `pointer`, or of its nearest ancestor that has one.
    pub fn place(&self, pointer: &str) -> Place {
        let mut at = &*self.places;
        for token in pointer.split('/').skip(1) {
            match at.inner.get(token) {
                Some(inner) => at = inner,
                None => break,
            }
        }
        at.place
    }

    /// The short name of the document: its file name without directory and extension.
    pub fn name(&self) -> &str {
        let base = self.file.rsplit(['/', '\\']).next().unwrap_or(&self.file);
        base.strip_suffix(".yaml").unwrap_or(base)
    }

    /// The vendor crate that the document belongs to.
    pub fn vendor(&self) -> &str {
        self.value.pointer("/info/x-vendor").and_then(Value::as_str).unwrap_or_default()
    }

    /// The module that is generated from it: the file name without the vendor, as in `v8` for `veeam-vb365-v8` and
    /// `iam_v3` for `huawei-iam-v3`.
    pub fn module(&self) -> String {
        let name = self.name();
        let rest = name.strip_prefix(self.vendor()).and_then(|rest| rest.strip_prefix('-'));
        let rest = rest.or_else(|| name.split_once('-').map(|(_, rest)| rest)).unwrap_or(name);
        rest.replace(|character: char| !character.is_ascii_alphanumeric(), "_")
    }
}

/// The JSON pointer with one raw token more (RFC 6901 escaping).
pub fn join(pointer: &str, token: &str) -> String {
    let mut longer = String::with_capacity(pointer.len() + 1 + token.len());
    longer.push_str(pointer);
    push(&mut longer, token);
    longer
}

/// Appends one raw token to a JSON pointer.
pub(crate) fn push(pointer: &mut String, token: &str) {
    pointer.push('/');
    let mut rest = token;
    while let Some(at) = rest.find(['~', '/']) {
        pointer.push_str(&rest[..at]);
        pointer.push_str(if rest[at..].starts_with('~') { "~0" } else { "~1" });
        rest = &rest[at + 1..];
    }
    pointer.push_str(rest);
}

/// The component that a local reference names: `#/components/schemas/Task` gives `("schemas", "Task")`.
pub fn component(reference: &str) -> Option<(&str, &str)> {
    reference.strip_prefix("#/components/")?.split_once('/')
}

/// The schema name behind a `$ref` node, if it is a local reference to a schema.
pub fn schema_name(node: &Value) -> Option<&str> {
    match component(node.get("$ref")?.as_str()?)? {
        ("schemas", name) => Some(name),
        _ => None,
    }
}

/// Follows a local `$ref` once; a node that is no reference is returned as it is.
pub fn resolve<'a>(root: &'a Value, node: &'a Value) -> Option<&'a Value> {
    match node.get("$ref").and_then(Value::as_str) {
        None => Some(node),
        Some(reference) => root.pointer(reference.strip_prefix('#')?),
    }
}

/// HTTP methods that an OpenAPI path item may hold, in the order in which we list them.
pub const METHODS: [&str; 8] = ["get", "post", "put", "patch", "delete", "head", "options", "trace"];

/// One operation of a document.
#[derive(Clone, Copy, Debug)]
pub struct OperationNode<'a> {
    /// Path template.
    pub path: &'a str,
    /// Method in lower case, as written in the document.
    pub method: &'a str,
    /// The operation object.
    pub node: &'a Value,
}

impl OperationNode<'_> {
    /// JSON pointer of the operation object.
    pub fn pointer(&self) -> String {
        join(&join("/paths", self.path), self.method)
    }
}

impl<'a> OperationNode<'a> {
    /// `operationId`, or an empty string when it is missing.
    pub fn id(&self) -> &'a str {
        self.node.get("operationId").and_then(Value::as_str).unwrap_or_default()
    }

    /// The method of the generated client that makes the call.
    pub fn function(&self) -> String {
        self.id().to_snake_case()
    }

    /// Whether it may be sent again after it may have arrived: by `x-idempotent`, else by its method.
    pub fn idempotent(&self) -> bool {
        let by_method = matches!(self.method, "get" | "head" | "put" | "delete" | "options");
        self.node.get("x-idempotent").and_then(Value::as_bool).unwrap_or(by_method)
    }

    /// Whether it starts work on the vendor's side.
    pub fn starts_job(&self) -> bool {
        self.node.get("x-starts-job").and_then(Value::as_bool).unwrap_or(false)
    }

    /// Whether it needs a login.
    pub fn authenticated(&self, root: &Value) -> bool {
        let security = self.node.get("security").or_else(|| root.get("security"));
        security.and_then(Value::as_array).is_some_and(|list| !list.is_empty())
    }

    /// Its parameters in the order of the document, those of the path item first; references are followed.
    pub fn parameters(&self, root: &'a Value) -> Vec<&'a Value> {
        let item = root.get("paths").and_then(|paths| paths.get(self.path));
        let lists = [item, Some(self.node)].into_iter().flatten();
        let nodes = lists.filter_map(|node| node.get("parameters")?.as_array()).flatten();
        nodes.filter_map(|node| resolve(root, node)).collect()
    }

    /// The rights that the vendor names. One vendor gives a text where there is one, and a list where there are several.
    pub fn permissions(&self) -> Vec<&'a str> {
        let vendors_own = self.node.get("x-dr-permissions").and_then(|node| node.get("permissions"));
        match self.node.get("x-permissions").or(vendors_own) {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }
}

/// All operations in document order.
pub fn operations(root: &Value) -> Vec<OperationNode<'_>> {
    let mut found = Vec::new();
    let Some(paths) = root.get("paths").and_then(Value::as_object) else {
        return found;
    };
    for (path, item) in paths {
        for method in METHODS {
            if let Some(node) = item.get(method) {
                found.push(OperationNode { path, method, node });
            }
        }
    }
    found
}

/// All component schemas in document order.
pub fn schemas(root: &Value) -> impl Iterator<Item = (&String, &Value)> {
    root.pointer("/components/schemas").and_then(Value::as_object).into_iter().flatten()
}

//! Schemas as the documents use them: local references, flat `allOf`, extensions for words and wire types.

use serde_json::Value;

/// A schema and where it stands in its document.
#[derive(Clone, Debug)]
pub(crate) struct Site<'a> {
    pub(crate) pointer: String,
    pub(crate) node: &'a Value,
}

/// Appends one raw token to a JSON pointer (RFC 6901 escaping).
pub(crate) fn join(pointer: &str, token: &str) -> String {
    format!("{pointer}/{}", token.replace('~', "~0").replace('/', "~1"))
}

/// Follows local references, but not in circles.
pub(crate) fn resolve<'a>(root: &'a Value, pointer: &str, node: &'a Value) -> Site<'a> {
    let (mut pointer, mut node) = (pointer.to_owned(), node);
    for _ in 0..16 {
        let reference = node.get("$ref").and_then(Value::as_str).and_then(|text| text.strip_prefix('#'));
        let Some((target, found)) = reference.and_then(|target| Some((target, root.pointer(target)?))) else { break };
        (pointer, node) = (target.to_owned(), found);
    }
    Site { pointer, node }
}

impl<'a> Site<'a> {
    /// This schema and those that it is composed of.
    pub(crate) fn parts(&self, root: &'a Value) -> Vec<Self> {
        let mut all = vec![self.clone()];
        let mut at = 0;
        // A composition without end would be a fault of the document, which is not told here.
        while at < all.len() && all.len() < 64 {
            let Site { pointer, node } = all[at].clone();
            let parts = node.get("allOf").and_then(Value::as_array).into_iter().flatten().enumerate();
            let sites = parts.map(|(index, part)| resolve(root, &format!("{pointer}/allOf/{index}"), part));
            all.extend(sites.collect::<Vec<_>>());
            at += 1;
        }
        all
    }

    pub(crate) fn is(&self, key: &str) -> bool {
        self.node.get(key) == Some(&Value::Bool(true))
    }

    pub(crate) fn text(&self, key: &str) -> Option<&'a str> {
        self.node.get(key)?.as_str()
    }

    pub(crate) fn list(&self, key: &str) -> Option<&'a Vec<Value>> {
        self.node.get(key)?.as_array()
    }
}

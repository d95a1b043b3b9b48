//! A node of a document together with where it stands.

use backup_sync_codegen::document::join;
use serde_json::Value;

static NOTHING: Value = Value::Null;

/// References in a row that are followed; a longer chain is a circle.
const CHAIN: usize = 32;

/// A node and its JSON pointer.
#[derive(Clone, Debug)]
pub(crate) struct Spot<'a> {
    pub(crate) pointer: String,
    pub(crate) node: &'a Value,
}

impl<'a> Spot<'a> {
    pub(crate) fn root(node: &'a Value) -> Self {
        Self { pointer: String::new(), node }
    }

    /// The member `token`; null where there is none.
    pub(crate) fn child(&self, token: &str) -> Self {
        Self { pointer: join(&self.pointer, token), node: self.node.get(token).unwrap_or(&NOTHING) }
    }

    /// The member `token`, if it is there.
    pub(crate) fn find(&self, token: &str) -> Option<Self> {
        self.node.get(token).map(|node| Self { pointer: join(&self.pointer, token), node })
    }

    pub(crate) fn text(&self, token: &str) -> Option<&'a str> {
        self.node.get(token).and_then(Value::as_str)
    }

    pub(crate) fn flag(&self, token: &str) -> bool {
        self.node.get(token) == Some(&Value::Bool(true))
    }

    pub(crate) fn is_nothing(&self) -> bool {
        self.node.is_null()
    }

    /// Members of an object in document order.
    pub(crate) fn members(&self) -> impl Iterator<Item = (&'a str, Self)> + use<'a> {
        let at = self.pointer.clone();
        let members = self.node.as_object().into_iter().flatten();
        members.map(move |(name, node)| (name.as_str(), Self { pointer: join(&at, name), node }))
    }

    /// Items of an array.
    pub(crate) fn items(&self) -> impl Iterator<Item = Self> + use<'a> {
        let at = self.pointer.clone();
        let items = self.node.as_array().into_iter().flatten().enumerate();
        items.map(move |(index, node)| Self { pointer: join(&at, &index.to_string()), node })
    }

    /// Follows `$ref` to what it means; a reference that leads nowhere or in a circle stays as it is.
    pub(crate) fn followed(self, root: &'a Value) -> Self {
        let mut spot = self.clone();
        for _ in 0..CHAIN {
            let target = spot.text("$ref").and_then(|reference| reference.strip_prefix('#'));
            let Some(pointer) = target else { return spot };
            let Some(node) = root.pointer(pointer) else { return self };
            spot = Self { pointer: pointer.to_owned(), node };
        }
        self
    }
}

//! Addresses of targets, the same for every vendor: `endpoint/kind/id`.

use std::fmt;
use std::str::FromStr;

use globset::{GlobBuilder, GlobMatcher};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where a target is: endpoint, kind and the vendor's id. An id may hold slashes and colons.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Address {
    /// Name of the endpoint in the configuration.
    pub endpoint: String,
    /// What the target is, for example `repository`.
    pub kind: String,
    /// The vendor's id of the target.
    pub id: String,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.endpoint, self.kind, self.id)
    }
}

/// A pattern for addresses; the last part is compared with id and name. `*` and `?` match as in a shell.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Selector {
    text: String,
    endpoint: GlobMatcher,
    kind: GlobMatcher,
    item: GlobMatcher,
}

impl Selector {
    /// Whether the target with this address and name is meant.
    pub fn matches(&self, address: &Address, name: &str) -> bool {
        self.endpoint.is_match(&address.endpoint)
            && self.kind.is_match(&address.kind)
            && (self.item.is_match(&address.id) || self.item.is_match(name))
    }

    /// The part for the kind, as it is written.
    pub fn kind(&self) -> &str {
        self.text.split('/').nth(1).unwrap_or_default()
    }

    /// The last part, as it is written.
    pub fn item(&self) -> &str {
        self.text.splitn(3, '/').nth(2).unwrap_or_default()
    }

    /// Whether the last part is a pattern, and no id or name.
    pub fn is_pattern(&self) -> bool {
        self.item().contains(['*', '?', '[', '{', '\\'])
    }

    /// Whether targets of this endpoint can be meant, so that the others need not be asked.
    pub fn matches_endpoint(&self, endpoint: &str) -> bool {
        self.endpoint.is_match(endpoint)
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl TryFrom<String> for Selector {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl FromStr for Selector {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.splitn(3, '/');
        let (Some(endpoint), Some(kind), Some(item)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(format!(
                "{text:?} is no target address; write ENDPOINT/KIND/ID-OR-NAME, for example m365/repository/*"
            ));
        };
        if endpoint.is_empty() || kind.is_empty() || item.is_empty() {
            return Err(format!("{text:?} is no target address: one of its three parts is empty"));
        }
        let glob = |part: &str| {
            let built = GlobBuilder::new(part).literal_separator(false).backslash_escape(true).build();
            built.map(|glob| glob.compile_matcher()).map_err(|error| format!("{text:?} is no target address: {error}"))
        };
        Ok(Self { text: text.to_owned(), endpoint: glob(endpoint)?, kind: glob(kind)?, item: glob(item)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, id: &str, name: &str) -> bool {
        let address = Address { endpoint: "site".into(), kind: "replication".into(), id: id.into() };
        pattern.parse::<Selector>().is_ok_and(|selector| selector.matches(&address, name))
    }

    #[test]
    fn ids_and_names_are_both_meant() {
        assert!(matches("site/replication/GID-1:x/y", "GID-1:x/y", "web"));
        assert!(matches("*/*/w?b", "GID-1", "web"));
        assert!(matches("s*/replication/*", "a/b", ""));
        assert!(!matches("other/replication/*", "a", "a"));
        assert!(!matches("site/vault/*", "a", "a"));
    }

    #[test]
    fn what_is_no_address_is_told() {
        for wrong in ["", "a", "a/b", "a//c", "/b/c", "a/b/[", "a/b/"] {
            let told = wrong.parse::<Selector>().err().unwrap_or_default();
            assert!(told.contains("is no target address"), "{wrong:?}: {told}");
        }
    }
}

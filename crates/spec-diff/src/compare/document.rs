//! What stands at the top of a document: info, servers, tags, security schemes.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Comparer, Tell, shown};
use crate::graph::Id;
use crate::kind;
use crate::spot::Spot;

impl<'a> Comparer<'a> {
    pub(super) fn document(&mut self) {
        let id = self.graph.node();
        let (old, new) = (Spot::root(self.old), Spot::root(self.new));
        if old.child("openapi").node != new.child("openapi").node {
            let (before, after) = (old.find("openapi"), new.find("openapi"));
            let what = "the document is written in another version of OpenAPI";
            self.tell(id, Tell::either(&kind::VERSION_CHANGED, before.as_ref(), after.as_ref(), what));
        }
        self.info(id, &old.child("info"), &new.child("info"));
        self.servers(id, &old, &new);
        // The rest is compared where it is used: `security` counts for each operation on its own.
        self.others(id, &old, &new, &["info", "servers", "security", "paths", "components", "openapi"]);
        self.security_schemes(&old, &new);
    }

    fn info(&mut self, id: Id, old: &Spot<'a>, new: &Spot<'a>) {
        let tell = |kind, name: &str| {
            let (before, after) = (old.find(name), new.find(name));
            let value = |spot: &Option<Spot<'a>>| spot.as_ref().map(|spot| spot.node);
            let what = Self::turned(value(&before), value(&after), name);
            (value(&before) != value(&after)).then(|| Tell::either(kind, before.as_ref(), after.as_ref(), what))
        };
        for (kind, name) in [
            (&kind::VERSION_CHANGED, "version"),
            (&kind::VENDOR_CHANGED, "x-vendor"),
            (&kind::INFO_CHANGED, "title"),
            (&kind::INFO_CHANGED, "contact"),
            (&kind::INFO_CHANGED, "license"),
            (&kind::INFO_CHANGED, "termsOfService"),
        ] {
            if let Some(tell) = tell(kind, name) {
                self.tell(id, tell);
            }
        }
        self.others(id, old, new, &["version", "x-vendor", "title", "contact", "license", "termsOfService"]);
    }

    /// Servers of a document, a path or an operation, known by their addresses.
    pub(super) fn servers(&mut self, id: Id, old: &Spot<'a>, new: &Spot<'a>) {
        let list = |spot: &Spot<'a>| spot.child("servers").items().collect::<Vec<_>>();
        let (before, after) = (list(old), list(new));
        for server in &before {
            let url = server.text("url").unwrap_or_default();
            match after.iter().find(|other| other.text("url") == server.text("url")) {
                Some(other) => self.server(id, server, other),
                None => self.tell(
                    id,
                    Tell::gone(&kind::SERVER_REMOVED, server, format!("the server `{url}` is gone")).part(url),
                ),
            }
        }
        for server in after {
            let url = server.text("url").unwrap_or_default();
            if !before.iter().any(|other| other.text("url") == server.text("url")) {
                let what = format!("the server `{url}` is new");
                self.tell(id, Tell::fresh(&kind::SERVER_ADDED, &server, what).part(url));
            }
        }
    }

    fn server(&mut self, id: Id, old: &Spot<'a>, new: &Spot<'a>) {
        let (before, after) = (old.child("variables"), new.child("variables"));
        let names = before.members().chain(after.members()).map(|(name, _)| name);
        for name in names.collect::<BTreeSet<_>>() {
            let (old, new) = (before.find(name), after.find(name));
            let (Some(one), Some(other)) = (&old, &new) else {
                let what = format!("the variable `{name}` of the server was added or removed");
                self.tell(id, Tell::either(&kind::SERVER_VARIABLE_CHANGED, old.as_ref(), new.as_ref(), what));
                continue;
            };
            for member in ["default", "enum"] {
                let (before, after) = (one.child(member), other.child(member));
                if before.node != after.node {
                    let what = format!(
                        "the {member} of the server variable `{name}` was {} and is {}",
                        shown(before.node),
                        shown(after.node)
                    );
                    let tell = Tell::both(&kind::SERVER_VARIABLE_CHANGED, one, other, what);
                    self.tell(id, tell.values(Some(before.node), Some(after.node)));
                }
            }
            self.others(id, one, other, &["default", "enum"]);
        }
        self.others(id, old, new, &["url", "variables"]);
    }

    fn security_schemes(&mut self, old: &Spot<'a>, new: &Spot<'a>) {
        let list = |spot: &Spot<'a>| spot.child("components").child("securitySchemes");
        for (name, scheme) in list(old).members() {
            let Some(other) = list(new).find(name) else { continue };
            let id = self.graph.node();
            self.schemes.insert(name, id);
            let means = |spot: &Spot<'a>| -> Value {
                let members = spot.members().filter(|(key, _)| !["description", "bearerFormat"].contains(key));
                Value::Object(
                    members
                        .filter(|(key, _)| !key.starts_with("x-"))
                        .map(|(key, s)| (key.to_owned(), s.node.clone()))
                        .collect(),
                )
            };
            let (before, after) = (means(&scheme), means(&other));
            if before != after {
                let what = format!("the security scheme `{name}` is another one");
                let tell = Tell::both(&kind::SECURITY_SCHEME_CHANGED, &scheme, &other, what);
                self.tell(id, tell.values(Some(&before), Some(&after)));
            }
            self.others(
                id,
                &scheme,
                &other,
                &["type", "in", "name", "scheme", "flows", "openIdConnectUrl", "bearerFormat"],
            );
        }
    }
}

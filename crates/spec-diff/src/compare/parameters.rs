//! Parameters of operations, shared ones included.

use super::operations::Operation;
use super::{Comparer, Part, Tell};
use crate::graph::{ANY, Id, REQUEST};
use crate::kind;
use crate::spot::Spot;

/// Members that say how a value is written.
const STYLE: [&str; 4] = ["style", "explode", "allowReserved", "allowEmptyValue"];

/// A parameter with what it is known by.
struct Known<'a> {
    /// Where it is sent, and its name there; the position for a path parameter, whose name is not sent.
    key: (&'a str, String),
    name: &'a str,
    spot: Spot<'a>,
}

impl<'a> Comparer<'a> {
    pub(super) fn parameters(&mut self, id: Id, old: &Operation<'a>, new: &Operation<'a>) {
        let (mut gone, mut fresh) = (known(self.old, old), known(self.new, new));
        let mut both = Vec::new();
        gone.retain(|before| match fresh.iter().position(|after| after.key == before.key) {
            Some(index) => {
                both.push((before.name, before.spot.clone(), fresh.remove(index)));
                false
            }
            None => true,
        });
        for (name, before, after) in both {
            if before.text("in") == Some("path") && name != after.name {
                let what = format!("the path parameter `{name}` is called `{}` now", after.name);
                let tell = Tell::both(&kind::PARAMETER_RENAMED, &before, &after.spot, what).part(after.name);
                self.tell(id, tell.values(Some(&name.into()), Some(&after.name.into())));
            }
            let pair = self.pair(Part::Parameter, before, after.spot);
            self.graph.edge(id, pair, Some(REQUEST), ANY);
        }
        for before in gone {
            let place = before.key.0;
            if let Some(index) = fresh.iter().position(|after| after.name == before.name) {
                let after = fresh.remove(index);
                let what = format!("is sent in the {} now and was in the {place}", after.key.0);
                let tell = Tell::both(&kind::PARAMETER_MOVED, &before.spot, &after.spot, what).part(before.name);
                self.tell(id, tell);
                continue;
            }
            let what = format!("the {place} parameter `{}` is gone", before.name);
            self.tell(id, Tell::gone(&kind::PARAMETER_REMOVED, &before.spot, what).part(before.name));
        }
        for after in fresh {
            let needed = after.spot.flag("required");
            let (kind, word) = match needed {
                true => (&kind::PARAMETER_ADDED_REQUIRED, "required"),
                false => (&kind::PARAMETER_ADDED, "optional"),
            };
            let what = format!("the {word} {} parameter `{}` is new", after.key.0, after.name);
            self.tell(id, Tell::fresh(kind, &after.spot, what).part(after.name));
        }
    }

    /// Two parameters that are one.
    pub(super) fn parameter(&mut self, id: Id, old: &Spot<'a>, new: &Spot<'a>) {
        let (was, is) = (old.flag("required"), new.flag("required"));
        let tell = match (was, is) {
            (false, true) => Some(Tell::both(&kind::PARAMETER_REQUIRED, old, new, "is required now")),
            (true, false) => Some(Tell::both(&kind::PARAMETER_OPTIONAL, old, new, "is optional now")),
            _ => None,
        };
        if let Some(tell) = tell {
            self.tell(id, tell);
        }
        if style(old) != style(new) {
            let what = format!("is written as {} now and was as {}", style(new), style(old));
            self.tell(id, Tell::both(&kind::PARAMETER_STYLE_CHANGED, old, new, what));
        }
        self.value(id, old, new);
    }

    /// A header of an answer.
    pub(super) fn header(&mut self, id: Id, old: &Spot<'a>, new: &Spot<'a>) {
        match (old.flag("required"), new.flag("required")) {
            (false, true) => self.tell(id, Tell::both(&kind::HEADER_REQUIRED, old, new, "comes always now")),
            (true, false) => self.tell(id, Tell::both(&kind::HEADER_OPTIONAL, old, new, "may be missing now")),
            _ => {}
        }
        self.value(id, old, new);
    }

    /// What parameters and headers have in common: a schema or a content, and words.
    fn value(&mut self, id: Id, old: &Spot<'a>, new: &Spot<'a>) {
        if let (Some(before), Some(after)) = (old.find("schema"), new.find("schema")) {
            let pair = self.pair(Part::Schema, before, after);
            self.graph.edge(id, pair, None, ANY);
        } else if old.find("schema").is_some() != new.find("schema").is_some() {
            self.keyword(id, "schema", old.find("schema"), new.find("schema"));
        }
        self.contents(id, old, new);
        let known = ["name", "in", "required", "schema", "content"];
        let known: Vec<&str> = known.into_iter().chain(STYLE).collect();
        self.others(id, old, new, &known);
    }
}

/// Parameters of an operation: its own, and those of its path that it does not replace.
fn known<'a>(root: &'a serde_json::Value, operation: &Operation<'a>) -> Vec<Known<'a>> {
    let mut list: Vec<Known<'a>> = Vec::new();
    let own = operation.spot.child("parameters").items();
    for spot in own.chain(operation.item.child("parameters").items()) {
        let spot = spot.followed(root);
        let (name, place) = (spot.text("name").unwrap_or_default(), spot.text("in").unwrap_or_default());
        let key = match place {
            "path" => (place, position(operation.path, name)),
            "header" => (place, name.to_lowercase()),
            _ => (place, name.to_owned()),
        };
        if !list.iter().any(|known| known.key == key) {
            list.push(Known { key, name, spot });
        }
    }
    list
}

/// Which of the parameters in a path template it is; its name when it is none of them.
fn position(path: &str, name: &str) -> String {
    let wanted = format!("{{{name}}}");
    match path.find(&wanted) {
        Some(at) => path[..at].matches('{').count().to_string(),
        None => name.to_owned(),
    }
}

/// How a value is written, with what goes without saying.
fn style(spot: &Spot<'_>) -> String {
    let usual = match spot.text("in") {
        Some("query" | "cookie") => "form",
        _ => "simple",
    };
    let style = spot.text("style").unwrap_or(usual);
    let explode = spot.node.get("explode").and_then(serde_json::Value::as_bool).unwrap_or(style == "form");
    let list = spot.child("schema").text("type") == Some("array") || spot.find("style").is_some();
    let mut words = vec![style];
    // For a single value both ways are the same.
    if explode && (list || style != "form") {
        words.push("exploded");
    }
    words.extend(["allowReserved", "allowEmptyValue"].into_iter().filter(|flag| spot.flag(flag)));
    words.join(", ")
}

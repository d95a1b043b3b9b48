//! Members that mean the same wherever they stand: words for readers, examples, provenance, marks.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Comparer, Tell, shown};
use crate::graph::Id;
use crate::kind;
use crate::spot::Spot;

impl<'a> Comparer<'a> {
    /// Compares a member by its name alone.
    pub(super) fn keyword(&mut self, id: Id, name: &str, old: Option<Spot<'a>>, new: Option<Spot<'a>>) {
        let value = |spot: &Option<Spot<'a>>| spot.as_ref().map(|spot| spot.node);
        if value(&old) == value(&new) {
            return;
        }
        let verb = match (&old, &new) {
            (None, _) => "added",
            (_, None) => "removed",
            _ => "changed",
        };
        let kind = match name {
            "description" | "summary" | "title" | "externalDocs" | "x-notes" | "x-since" => &kind::DESCRIPTION_CHANGED,
            "x-source" | "x-doubts" => &kind::PROVENANCE_CHANGED,
            "tags" => &kind::TAGS_CHANGED,
            "x-sync" => &kind::SYNC_CHANGED,
            // Notes explain changes and are none.
            "x-change" => return,
            "example" => return self.example(id, name, old, new),
            "examples" => return self.examples(id, old, new),
            "deprecated" => return self.deprecated(id, old, new),
            _ => &kind::OTHER_CHANGED,
        };
        self.tell(id, Tell::either(kind, old.as_ref(), new.as_ref(), format!("`{name}` was {verb}")));
    }

    fn deprecated(&mut self, id: Id, old: Option<Spot<'a>>, new: Option<Spot<'a>>) {
        let is = |spot: &Option<Spot<'a>>| spot.as_ref().is_some_and(|spot| spot.node == &Value::Bool(true));
        match (is(&old), is(&new)) {
            (false, true) => {
                self.tell(id, Tell::either(&kind::DEPRECATED, old.as_ref(), new.as_ref(), "is deprecated now"));
            }
            (true, false) => {
                let what = "is no longer deprecated";
                self.tell(id, Tell::either(&kind::UNDEPRECATED, old.as_ref(), new.as_ref(), what));
            }
            _ => {}
        }
    }

    fn examples(&mut self, id: Id, old: Option<Spot<'a>>, new: Option<Spot<'a>>) {
        let names = [&old, &new].into_iter().flatten().flat_map(Spot::members).map(|(name, _)| name);
        for name in names.collect::<BTreeSet<_>>() {
            let find = |spot: &Option<Spot<'a>>| spot.as_ref().and_then(|spot| spot.find(name));
            let (before, after) = (find(&old), find(&new));
            let (Some(old), Some(new)) = (&before, &after) else {
                self.example(id, name, before, after);
                continue;
            };
            let old_value = old.clone().followed(self.old);
            let new_value = new.clone().followed(self.new);
            let value = |spot: &Spot<'a>| spot.find("value").or_else(|| spot.find("externalValue"));
            self.example(id, name, value(&old_value), value(&new_value));
            let words = |spot: &Spot<'a>| (spot.text("summary"), spot.text("description"), spot.flag("x-invalid"));
            if words(&old_value) != words(&new_value) {
                let what = format!("the words of the example `{name}` changed");
                self.tell(id, Tell::both(&kind::DESCRIPTION_CHANGED, &old_value, &new_value, what));
            }
        }
    }

    /// One example, given by its value where both sides have it.
    fn example(&mut self, id: Id, name: &str, old: Option<Spot<'a>>, new: Option<Spot<'a>>) {
        let shown_value = |spot: &Option<Spot<'a>>| {
            let node = spot.as_ref().map(|spot| spot.node);
            node.map(|node| node.get("value").filter(|_| name != "example").unwrap_or(node))
        };
        let (kind, verb) = match (&old, &new) {
            (None, None) => return,
            (None, Some(_)) => (&kind::EXAMPLE_ADDED, "is new"),
            (Some(_), None) => (&kind::EXAMPLE_REMOVED, "is gone"),
            (Some(old), Some(new)) if old.node == new.node => return,
            _ => (&kind::EXAMPLE_CHANGED, "changed"),
        };
        let (before, after) = match kind.id {
            "example-changed" => (old.as_ref().map(|spot| spot.node), new.as_ref().map(|spot| spot.node)),
            _ => (shown_value(&old), shown_value(&new)),
        };
        let called = if name == "example" { "the example".to_owned() } else { format!("the example `{name}`") };
        let tell = Tell::either(kind, old.as_ref(), new.as_ref(), format!("{called} {verb}"));
        self.tell(id, tell.values(before, after));
    }

    /// Two texts or numbers that stand for themselves, in a sentence.
    pub(super) fn turned(before: Option<&Value>, after: Option<&Value>, name: &str) -> String {
        match (before, after) {
            (Some(before), Some(after)) => format!("`{name}` was {} and is {}", shown(before), shown(after)),
            (None, Some(after)) => format!("`{name}` is {} now; nothing was said before", shown(after)),
            (Some(before), None) => format!("`{name}` was {}; nothing is said now", shown(before)),
            (None, None) => format!("`{name}` changed"),
        }
    }
}

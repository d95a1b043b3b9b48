//! Schemas: type, members, and what a value may be.

use std::collections::BTreeSet;

use serde_json::Value;

use super::shape::Shape;
use super::{Comparer, Part, Tell, listed, shown};
use crate::graph::{ANSWER, ANY, DIRECT, Id, REQUEST, Sides};
use crate::kind::{self, Kind};
use crate::spot::Spot;

/// Keywords that have a comparison of their own, here or in `bounds` and `enums`.
const KNOWN: [&str; 32] = [
    "type",
    "format",
    "nullable",
    "enum",
    "x-extensible-enum",
    "x-enum-descriptions",
    "default",
    "items",
    "additionalProperties",
    "oneOf",
    "anyOf",
    "readOnly",
    "writeOnly",
    "x-aliases",
    "x-key",
    "x-wire-types",
    "x-unit",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
    "multipleOf",
    "pattern",
    "uniqueItems",
    "properties",
    "required",
];

/// Two shapes that are compared, with where they stand.
pub(super) struct Two<'s, 'a> {
    pub(super) old_spot: &'s Spot<'a>,
    pub(super) new_spot: &'s Spot<'a>,
    pub(super) old: &'s Shape<'a>,
    pub(super) new: &'s Shape<'a>,
}

impl<'a> Two<'_, 'a> {
    /// A difference of one keyword, at the keyword where it stands and at the schema where it does not.
    pub(super) fn tell(&self, kind: &'static Kind, keyword: &str, what: impl Into<String>) -> Tell {
        let old = self.old.pointer(keyword).unwrap_or_else(|| self.old_spot.pointer.clone());
        let new = self.new.pointer(keyword).unwrap_or_else(|| self.new_spot.pointer.clone());
        Tell::new(kind, Some(old), Some(new), what).values(self.old.value(keyword), self.new.value(keyword))
    }

    pub(super) fn values(&self, keyword: &str) -> (Option<&'a Value>, Option<&'a Value>) {
        (self.old.value(keyword), self.new.value(keyword))
    }
}

impl<'a> Comparer<'a> {
    pub(super) fn schema(&mut self, id: Id, old: &Spot<'a>, new: &Spot<'a>) {
        let (before, after) = (Shape::of(old, self.old), Shape::of(new, self.new));
        self.accounted[0].extend(before.components.iter().map(|name| (*name).to_owned()));
        self.accounted[1].extend(after.components.iter().map(|name| (*name).to_owned()));
        self.named(id, old, new);
        self.bases(id, &before, &after);
        let two = Two { old_spot: old, new_spot: new, old: &before, new: &after };
        self.kind_of_value(id, &two);
        self.enums(id, &two);
        self.bounds(id, &two);
        self.marks_of_value(id, &two);
        self.members(id, &two);
        self.parts(id, &two);
        let names: BTreeSet<&str> = before.keywords.keys().chain(after.keywords.keys()).copied().collect();
        for name in names.into_iter().filter(|name| !KNOWN.contains(name)) {
            self.keyword(id, name, before.keywords.get(name).cloned(), after.keywords.get(name).cloned());
        }
    }

    /// Named schemas that both sides are put together from: what the outer schema hides is compared there.
    fn bases(&mut self, id: Id, before: &Shape<'a>, after: &Shape<'a>) {
        for name in before.components.intersection(&after.components) {
            let at = |root| Spot::root(root).child("components").child("schemas").child(name);
            let pair = self.pair(Part::Schema, at(self.old), at(self.new));
            self.graph.edge(id, pair, None, ANY);
        }
    }

    /// A named schema whose name is another one now.
    fn named(&mut self, id: Id, old: &Spot<'a>, new: &Spot<'a>) {
        let is_there = |root: &Value, pointer: &str| root.pointer(pointer).is_some();
        let (Some(was), Some(is)) = (component_name(&old.pointer), component_name(&new.pointer)) else { return };
        if was != is && !is_there(self.new, &old.pointer) && !is_there(self.old, &new.pointer) {
            let what = format!("the schema `{was}` is called `{is}` now");
            self.tell(id, Tell::both(&kind::SCHEMA_RENAMED, old, new, what));
        }
    }

    fn kind_of_value(&mut self, id: Id, two: &Two<'_, 'a>) {
        let (was, is) = (two.old.kind(), two.new.kind());
        if was != is {
            let kind = match (was, is) {
                (Some("integer"), Some("number")) | (Some(_), None) => &kind::TYPE_WIDENED,
                (Some("number"), Some("integer")) | (None, Some(_)) => &kind::TYPE_NARROWED,
                _ => &kind::TYPE_CHANGED,
            };
            let what = format!("is {} now and was {}", any(is), any(was));
            self.tell(
                id,
                two.tell(kind, "type", what).values(was.map(Value::from).as_ref(), is.map(Value::from).as_ref()),
            );
        }
        self.format(id, two);
        match (two.old.flag("nullable"), two.new.flag("nullable")) {
            (false, true) => self.tell(id, two.tell(&kind::NULLABLE_ADDED, "nullable", "may be null now")),
            (true, false) => self.tell(id, two.tell(&kind::NULLABLE_REMOVED, "nullable", "is never null any more")),
            _ => {}
        }
        let (was, is) = two.values("default");
        if was != is {
            let what = Self::turned(was, is, "default");
            self.tell(id, two.tell(&kind::DEFAULT_CHANGED, "default", what));
        }
    }

    fn format(&mut self, id: Id, two: &Two<'_, 'a>) {
        let (was, is) = (two.old.text("format"), two.new.text("format"));
        let kind = match (was, is) {
            _ if was == is => return,
            (_, Some("password")) => &kind::SECRET_MARKED,
            (Some("password"), _) => &kind::SECRET_UNMARKED,
            (Some("int32"), Some("int64")) | (Some("float"), Some("double")) => &kind::TYPE_WIDENED,
            (Some("int64"), Some("int32")) | (Some("double"), Some("float")) => &kind::TYPE_NARROWED,
            (None, _) => &kind::FORMAT_ADDED,
            (_, None) => &kind::FORMAT_REMOVED,
            _ => &kind::FORMAT_CHANGED,
        };
        let what = Self::turned(two.old.value("format"), two.new.value("format"), "format");
        self.tell(id, two.tell(kind, "format", what));
    }

    /// Marks of ours and of OpenAPI that say how a value is treated.
    fn marks_of_value(&mut self, id: Id, two: &Two<'_, 'a>) {
        let flags = |shape: &Shape<'_>| (shape.flag("readOnly"), shape.flag("writeOnly"));
        let (was, is) = (flags(two.old), flags(two.new));
        if was != is {
            let (kind, keyword, what) = match is {
                (true, _) => (&kind::MADE_READ_ONLY, "readOnly", "stands in answers only now"),
                (_, true) => (&kind::MADE_WRITE_ONLY, "writeOnly", "stands in requests only now"),
                _ => (&kind::READ_WRITE, if was.0 { "readOnly" } else { "writeOnly" }, "is sent and received now"),
            };
            self.tell(id, two.tell(kind, keyword, what));
        }
        match (two.old.flag("x-key"), two.new.flag("x-key")) {
            (false, true) => self.tell(id, two.tell(&kind::KEY_ADDED, "x-key", "our client needs it now (`x-key`)")),
            (true, false) => {
                self.tell(id, two.tell(&kind::KEY_REMOVED, "x-key", "our client can do without it now (`x-key`)"));
            }
            _ => {}
        }
        let (was, is) = two.values("x-unit");
        if was != is {
            let kind = if was.is_some() && is.is_some() { &kind::UNIT_CHANGED } else { &kind::UNIT_STATED };
            self.tell(id, two.tell(kind, "x-unit", Self::turned(was, is, "x-unit")));
        }
        for (keyword, more, fewer) in [
            ("x-wire-types", &kind::WIRE_TYPES_WIDENED, &kind::WIRE_TYPES_NARROWED),
            ("x-aliases", &kind::SPELLINGS_MORE, &kind::SPELLINGS_FEWER),
        ] {
            let (was, is) = (two.old.list(keyword), two.new.list(keyword));
            let grown = is.iter().any(|form| !was.contains(form));
            if grown || was.iter().any(|form| !is.contains(form)) {
                let (before, after) = two.values(keyword);
                let kind = if grown { more } else { fewer };
                self.tell(id, two.tell(kind, keyword, Self::turned(before, after, keyword)));
            }
        }
    }

    fn members(&mut self, id: Id, two: &Two<'_, 'a>) {
        for (name, before) in &two.old.members {
            let Some(after) = two.new.member(name) else {
                let what = format!("the member `{name}` is gone");
                let sides = used(before, self.old);
                self.tell(id, Tell::gone(&kind::MEMBER_REMOVED, before, what).part(name).sides(sides));
                continue;
            };
            let sides = used(before, self.old) | used(after, self.new);
            self.need(id, two, name, (before, after), sides);
            let pair = self.pair(Part::Schema, before.clone(), after.clone());
            self.graph.edge(id, pair, None, sides);
        }
        for (name, after) in two.new.members.iter().filter(|(name, _)| two.old.member(name).is_none()) {
            let needed = two.new.required.contains_key(name) && !flagged(after, "readOnly", self.new);
            let (kind, word) = match needed {
                true => (&kind::MEMBER_ADDED_REQUIRED, "the required member"),
                false => (&kind::MEMBER_ADDED, "the member"),
            };
            let sides = used(after, self.new);
            self.tell(id, Tell::fresh(kind, after, format!("{word} `{name}` is new")).part(name).sides(sides));
        }
    }

    /// Whether a member that both sides have has to be there.
    fn need(&mut self, id: Id, two: &Two<'_, 'a>, name: &str, both: (&Spot<'a>, &Spot<'a>), sides: Sides) {
        let (was, is) = (two.old.required.get(name), two.new.required.get(name));
        let (kind, what) = match (was, is) {
            (None, Some(_)) => (&kind::MEMBER_REQUIRED, format!("`{name}` is required now")),
            (Some(_), None) => (&kind::MEMBER_OPTIONAL, format!("`{name}` is optional now")),
            _ => return,
        };
        self.tell(id, Tell::both(kind, both.0, both.1, what).part(name).sides(sides));
    }

    /// Schemas within a schema that are no members.
    fn parts(&mut self, id: Id, two: &Two<'_, 'a>) {
        match (two.old.keywords.get("items"), two.new.keywords.get("items")) {
            (Some(before), Some(after)) => self.within(id, before, after),
            (before, after) if two.old.kind() == two.new.kind() => {
                self.keyword(id, "items", before.cloned(), after.cloned());
            }
            // The other type is told already.
            _ => {}
        }
        self.other_members(id, two);
        for keyword in ["oneOf", "anyOf"] {
            self.alternatives(id, two, keyword);
        }
    }

    fn within(&mut self, id: Id, before: &Spot<'a>, after: &Spot<'a>) {
        let pair = self.pair(Part::Schema, before.clone(), after.clone());
        self.graph.edge(id, pair, None, ANY);
    }

    fn other_members(&mut self, id: Id, two: &Two<'_, 'a>) {
        let keyword = "additionalProperties";
        let (before, after) = (two.old.keywords.get(keyword), two.new.keywords.get(keyword));
        let schema = |spot: Option<&Spot<'a>>| spot.filter(|spot| spot.node.is_object()).cloned();
        let closed = |spot: Option<&Spot<'a>>| spot.is_some_and(|spot| spot.node == &Value::Bool(false));
        match (schema(before), schema(after)) {
            (Some(old), Some(new)) => self.within(id, &old, &new),
            (None, None) if closed(before) == closed(after) => {}
            (None, Some(_)) if !closed(before) => {
                let what = "members that are not listed must have a certain shape now";
                self.tell(id, two.tell(&kind::CLOSED_TO_OTHERS, keyword, what));
            }
            _ if closed(after) => {
                self.tell(
                    id,
                    two.tell(&kind::CLOSED_TO_OTHERS, keyword, "members that are not listed are refused now"),
                );
            }
            _ => {
                let what = "members that are not listed are allowed now, or may have any shape";
                self.tell(id, two.tell(&kind::OPEN_TO_OTHERS, keyword, what));
            }
        }
    }

    /// Alternatives are the same when they are written alike; named ones are compared by their names.
    fn alternatives(&mut self, id: Id, two: &Two<'_, 'a>, keyword: &str) {
        let list = |shape: &Shape<'a>| shape.keywords.get(keyword).map(|spot| spot.items().collect::<Vec<_>>());
        let (before, after) = match (list(two.old), list(two.new)) {
            (Some(before), Some(after)) => (before, after),
            (None, None) => return,
            (old, _) => {
                let kind = if old.is_some() { &kind::ALTERNATIVE_ADDED } else { &kind::ALTERNATIVE_REMOVED };
                let word = if old.is_some() { "no longer" } else { "now" };
                return self.tell(id, two.tell(kind, keyword, format!("is {word} one of several shapes ({keyword})")));
            }
        };
        for old in &before {
            match after.iter().find(|new| new.node == old.node) {
                Some(new) => self.within(id, old, new),
                None => {
                    let what = format!("the shape {} is gone from {keyword}", listed([old.node]));
                    self.tell(id, Tell::gone(&kind::ALTERNATIVE_REMOVED, old, what));
                }
            }
        }
        for new in after.iter().filter(|new| !before.iter().any(|old| old.node == new.node)) {
            let what = format!("the shape {} is new in {keyword}", listed([new.node]));
            self.tell(id, Tell::fresh(&kind::ALTERNATIVE_ADDED, new, what));
        }
    }
}

/// The name of a named schema, from its pointer.
pub(crate) fn component_name(pointer: &str) -> Option<&str> {
    pointer.strip_prefix("/components/schemas/").filter(|name| !name.contains('/'))
}

fn any(kind: Option<&str>) -> String {
    kind.map_or_else(|| "of any type".to_owned(), |kind| shown(&kind.into()))
}

fn flagged<'a>(spot: &Spot<'a>, flag: &str, root: &'a Value) -> bool {
    spot.flag(flag) || spot.clone().followed(root).flag(flag)
}

/// Directions in which a member is used at all.
fn used<'a>(spot: &Spot<'a>, root: &'a Value) -> Sides {
    match (flagged(spot, "readOnly", root), flagged(spot, "writeOnly", root)) {
        (true, false) => ANSWER | DIRECT,
        (false, true) => REQUEST | DIRECT,
        _ => ANY,
    }
}

//! Which credentials an operation asks for.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Comparer, Tell};
use crate::graph::{ANY, Id};
use crate::kind;
use crate::spot::Spot;

/// One way to be let in: schemes that are needed together, each with its scopes.
type Way<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

impl<'a> Comparer<'a> {
    pub(super) fn security(&mut self, id: Id, old: &Spot<'a>, new: &Spot<'a>) {
        let (before, after) = (effective(self.old, old), effective(self.new, new));
        let (was, is) = (ways(&before), ways(&after));
        for scheme in was.iter().chain(&is).flat_map(BTreeMap::keys) {
            if let Some(scheme) = self.schemes.get(*scheme) {
                self.graph.edge(id, *scheme, None, ANY);
            }
        }
        if was == is {
            return;
        }
        let open = |ways: &BTreeSet<Way<'_>>| ways.iter().any(BTreeMap::is_empty);
        let still = was.iter().all(|way| is.iter().any(|other| lets_in(other, way)));
        let (kind, what) = match () {
            () if open(&is) && !open(&was) => (&kind::SECURITY_DROPPED, "needs no credentials any more"),
            () if still => (&kind::SECURITY_LOOSENED, "takes further or fewer credentials than before"),
            () if open(&was) => (&kind::SECURITY_TIGHTENED, "needs credentials now"),
            () => (&kind::SECURITY_TIGHTENED, "needs other credentials than before"),
        };
        let inherited = old.find("security").is_none() && new.find("security").is_none();
        let (at, to) = if inherited { (&before, &after) } else { (old, new) };
        self.tell(id, Tell::both(kind, at, to, what).values(Some(before.node), Some(after.node)));
    }
}

/// What counts for an operation: its own list, or the one of the document.
fn effective<'a>(root: &'a Value, operation: &Spot<'a>) -> Spot<'a> {
    operation.find("security").unwrap_or_else(|| Spot::root(root).child("security"))
}

/// No list and an empty list both mean that everyone is let in.
fn ways<'a>(spot: &Spot<'a>) -> BTreeSet<Way<'a>> {
    let one = |way: Spot<'a>| -> Way<'a> {
        let scopes = |spot: Spot<'a>| spot.items().filter_map(|item| item.node.as_str()).collect();
        way.members().map(|(name, spot)| (name, scopes(spot))).collect()
    };
    let ways: BTreeSet<Way<'a>> = spot.items().map(one).collect();
    if ways.is_empty() { BTreeSet::from([Way::new()]) } else { ways }
}

/// Whether credentials that satisfied `known` satisfy `way`.
fn lets_in(way: &Way<'_>, known: &Way<'_>) -> bool {
    way.iter().all(|(scheme, scopes)| known.get(scheme).is_some_and(|granted| scopes.is_subset(granted)))
}

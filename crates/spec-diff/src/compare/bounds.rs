//! Bounds of values: tighter, looser, or not to be told.

use std::cmp::Ordering;

use serde_json::Value;

use super::Comparer;
use super::schemas::Two;
use crate::graph::Id;
use crate::kind::{self, Kind};

/// Keywords that bound from below and from above.
const LOWER: [&str; 4] = ["minimum", "minLength", "minItems", "minProperties"];
const UPPER: [&str; 4] = ["maximum", "maxLength", "maxItems", "maxProperties"];

impl<'a> Comparer<'a> {
    pub(super) fn bounds(&mut self, id: Id, two: &Two<'_, 'a>) {
        let flags = ["exclusiveMinimum", "exclusiveMaximum", "uniqueItems"];
        for keyword in LOWER.into_iter().chain(UPPER).chain(flags).chain(["pattern", "multipleOf"]) {
            let (was, is) = two.values(keyword);
            let unsaid = |value: Option<&Value>| value.is_none_or(|value| says_nothing(keyword, value));
            if was == is || (unsaid(was) && unsaid(is)) {
                continue;
            }
            let kind = match (unsaid(was), unsaid(is)) {
                (true, _) => &kind::CONSTRAINT_TIGHTENED,
                (_, true) => &kind::CONSTRAINT_LOOSENED,
                _ => compared(keyword, was, is),
            };
            self.tell(id, two.tell(kind, keyword, Self::turned(was, is, keyword)));
        }
    }
}

/// A bound that holds for every value.
fn says_nothing(keyword: &str, value: &Value) -> bool {
    value == &Value::Bool(false) || (keyword.starts_with("min") && keyword != "minimum" && value.as_u64() == Some(0))
}

fn compared(keyword: &str, was: Option<&Value>, is: Option<&Value>) -> &'static Kind {
    let (Some(was), Some(is)) = (was.and_then(Value::as_f64), is.and_then(Value::as_f64)) else {
        return &kind::CONSTRAINT_CHANGED;
    };
    let tighter = match keyword {
        _ if LOWER.contains(&keyword) => is.partial_cmp(&was),
        _ if UPPER.contains(&keyword) => was.partial_cmp(&is),
        // Multiples of 10 are multiples of 5, and not the other way round.
        _ if is % was == 0.0 => Some(Ordering::Greater),
        _ if was % is == 0.0 => Some(Ordering::Less),
        _ => None,
    };
    match tighter {
        Some(Ordering::Greater) => &kind::CONSTRAINT_TIGHTENED,
        Some(Ordering::Less) => &kind::CONSTRAINT_LOOSENED,
        _ => &kind::CONSTRAINT_CHANGED,
    }
}

//! Value sets: closed ones (`enum`) and open ones (`x-extensible-enum`).

use serde_json::Value;

use super::schemas::Two;
use super::{Comparer, listed};
use crate::graph::Id;
use crate::kind;

impl<'a> Comparer<'a> {
    pub(super) fn enums(&mut self, id: Id, two: &Two<'_, 'a>) {
        let closed = (two.old.list("enum"), two.new.list("enum"));
        let open = (two.old.list("x-extensible-enum"), two.new.list("x-extensible-enum"));
        match (closed.0.is_empty(), closed.1.is_empty()) {
            (true, true) => {}
            (true, false) => {
                let what = format!("takes nothing but {} now", listed(closed.1.iter().copied()));
                self.tell(id, two.tell(&kind::ENUM_CLOSED, "enum", what));
            }
            (false, true) => {
                self.tell(id, two.tell(&kind::ENUM_OPENED, "enum", "may be something else than the listed values now"));
            }
            (false, false) => self.values(id, two, "enum", &closed),
        }
        // A set that turned from closed to open, or back, may have lost or won words on the way.
        let words = match (closed.0.is_empty(), closed.1.is_empty()) {
            (false, true) if !open.1.is_empty() => (closed.0, open.1),
            (true, false) if !open.0.is_empty() => (open.0, closed.1),
            _ => open,
        };
        self.values(id, two, "x-extensible-enum", &words);
        let (was, is) = two.values("x-enum-descriptions");
        let known = |value: Option<&Value>, name: &str| value.and_then(|words| words.get(name)).cloned();
        let names = [was, is].into_iter().flatten().filter_map(Value::as_object).flatten().map(|(name, _)| name);
        let mut names: Vec<&String> = names.collect();
        names.sort();
        names.dedup();
        let reworded = names.into_iter().filter(|name| known(was, name) != known(is, name));
        for name in reworded.collect::<Vec<_>>() {
            let what = format!("the words about {} changed", listed([&name.as_str().into()]));
            let tell = two.tell(&kind::ENUM_DESCRIPTION_CHANGED, "x-enum-descriptions", what);
            self.tell(id, tell.values(known(was, name).as_ref(), known(is, name).as_ref()));
        }
    }

    fn values(&mut self, id: Id, two: &Two<'_, 'a>, keyword: &str, (was, is): &(Vec<&'a Value>, Vec<&'a Value>)) {
        let open = keyword != "enum";
        let added = is.iter().filter(|value| !was.contains(value));
        let removed = was.iter().filter(|value| !is.contains(value));
        let (new, gone) = match open {
            true => (&kind::WORD_ADDED, &kind::WORD_REMOVED),
            false => (&kind::ENUM_VALUE_ADDED, &kind::ENUM_VALUE_REMOVED),
        };
        if open && was.is_empty() != is.is_empty() {
            let word = if was.is_empty() { "are listed now" } else { "are no longer listed" };
            return self.tell(id, two.tell(&kind::WORDS_LISTED, keyword, format!("the known words {word}")));
        }
        let noun = if open { "word" } else { "value" };
        for value in added {
            self.tell(
                id,
                two.tell(new, keyword, format!("the {noun} {} is new", listed([*value]))).values(None, Some(value)),
            );
        }
        for value in removed {
            self.tell(
                id,
                two.tell(gone, keyword, format!("the {noun} {} is gone", listed([*value]))).values(Some(value), None),
            );
        }
    }
}

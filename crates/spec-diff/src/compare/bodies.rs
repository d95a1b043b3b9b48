//! Bodies of requests and answers: media types, headers, examples.

use super::{Comparer, Part, Tell, listed, shown};
use crate::graph::{ANY, Id};
use crate::kind;
use crate::spot::Spot;

impl<'a> Comparer<'a> {
    pub(super) fn body(&mut self, id: Id, old: &Spot<'a>, new: &Spot<'a>) {
        match (old.flag("required"), new.flag("required")) {
            (false, true) => self.tell(id, Tell::both(&kind::BODY_REQUIRED, old, new, "the request needs a body now")),
            (true, false) => {
                self.tell(id, Tell::both(&kind::BODY_OPTIONAL, old, new, "the request may do without a body now"));
            }
            _ => {}
        }
        self.contents(id, old, new);
        self.others(id, old, new, &["required", "content"]);
    }

    pub(super) fn response(&mut self, id: Id, old: &Spot<'a>, new: &Spot<'a>) {
        let (before, after) = (old.find("content"), new.find("content"));
        let empty = |spot: &Option<Spot<'a>>| spot.as_ref().is_none_or(|spot| spot.members().next().is_none());
        match (empty(&before), empty(&after)) {
            (true, false) => {
                let what = "the answer has a body now";
                self.tell(id, Tell::either(&kind::ANSWER_BODY_ADDED, None, after.as_ref(), what).values(None, None));
            }
            (false, true) => {
                let what = "the answer has no body any more";
                self.tell(id, Tell::either(&kind::ANSWER_BODY_REMOVED, before.as_ref(), None, what).values(None, None));
            }
            _ => self.contents(id, old, new),
        }
        self.headers(id, &old.child("headers"), &new.child("headers"));
        self.others(id, old, new, &["content", "headers"]);
    }

    fn headers(&mut self, id: Id, old: &Spot<'a>, new: &Spot<'a>) {
        let find = |list: &Spot<'a>, name: &str| {
            list.members().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, spot)| spot)
        };
        for (name, before) in old.members() {
            match find(new, name) {
                Some(after) => {
                    let pair = self.pair(Part::Header, before, after);
                    self.graph.edge(id, pair, None, ANY);
                }
                None => {
                    let what = format!("the header `{name}` is gone");
                    self.tell(id, Tell::gone(&kind::HEADER_REMOVED, &before, what).part(name));
                }
            }
        }
        for (name, after) in new.members().filter(|(name, _)| find(old, name).is_none()) {
            let what = format!("the header `{name}` is new");
            self.tell(id, Tell::fresh(&kind::HEADER_ADDED, &after, what).part(name));
        }
    }

    /// Contents by media type. A single one that has another type now is still the content.
    pub(super) fn contents(&mut self, id: Id, old: &Spot<'a>, new: &Spot<'a>) {
        let list = |spot: &Spot<'a>| spot.child("content").members().collect::<Vec<_>>();
        let (before, mut after) = (list(old), list(new));
        if let ([(was, one)], [(is, other)]) = (before.as_slice(), after.as_slice()) {
            if essence(was) != essence(is) {
                let what = format!("the body is {} now and was {}", shown(&(*is).into()), shown(&(*was).into()));
                self.tell(id, Tell::both(&kind::MEDIA_TYPE_CHANGED, one, other, what));
            } else if was != is {
                let what = format!("the media type is written {} now", shown(&(*is).into()));
                self.tell(id, Tell::both(&kind::MEDIA_TYPE_PARAMETER, one, other, what));
            }
            return self.content(id, one, other);
        }
        for (media, one) in before {
            match after.iter().position(|(other, _)| essence(other) == essence(media)) {
                Some(index) => self.content(id, &one, &after.remove(index).1),
                None => {
                    let what = format!("bodies of the type {} are gone", listed([&media.into()]));
                    self.tell(id, Tell::gone(&kind::MEDIA_TYPE_REMOVED, &one, what));
                }
            }
        }
        for (media, other) in after {
            let what = format!("bodies of the type {} are new", listed([&media.into()]));
            self.tell(id, Tell::fresh(&kind::MEDIA_TYPE_ADDED, &other, what));
        }
    }

    fn content(&mut self, id: Id, old: &Spot<'a>, new: &Spot<'a>) {
        match (old.find("schema"), new.find("schema")) {
            (Some(before), Some(after)) => {
                let pair = self.pair(Part::Schema, before, after);
                self.graph.edge(id, pair, None, ANY);
            }
            (before, after) => self.keyword(id, "schema", before, after),
        }
        self.others(id, old, new, &["schema"]);
    }
}

/// A media type without its parameters.
fn essence(media: &str) -> String {
    media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

//! One pager for every list that comes in pages: items first, pages on request, never in a circle.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::str::FromStr;

use futures_util::Stream;
use serde::{Deserialize, Serialize};

use crate::auth::BoxFuture;
use crate::error::{Delivery, Error, Kind};

/// Where a walk through a list goes on. It can be written down as text and resumed in another process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cursor {
    /// So many items of the list come before the page.
    #[serde(default)]
    pub offset: u64,
    /// The last item before the page, for lists that count by items and not by numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marker: Option<String>,
    /// The vendor's name of the snapshot that the pages are cut from, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set: Option<String>,
    /// So many items of the page have been handed out already.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub skip: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

impl Cursor {
    /// The page that begins after so many items.
    pub fn at(offset: u64) -> Self {
        Self { offset, ..Self::default() }
    }

    /// The page to which a link leads, by the names of its query parameters; `None` when the link names no offset.
    pub fn of_link(link: &str, offset: &str, set: &str) -> Option<Self> {
        let query = link.split_once('?')?.1.split('#').next()?;
        // Links may be relative; only their query counts.
        let url = reqwest::Url::parse(&format!("http://link/?{query}")).ok()?;
        let value = |name: &str| url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
        Some(Self { offset: value(offset)?.parse().ok()?, set: value(set), ..Self::default() })
    }

    /// The offset as a signed number, which most generated clients ask for.
    pub fn offset_i64(&self) -> i64 {
        i64::try_from(self.offset).unwrap_or(i64::MAX)
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

impl FromStr for Cursor {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = |cause| {
            let what = "this is not the cursor of a list; give the text that the walk ended with, or start anew";
            Error::usage(what).with_source(cause)
        };
        serde_json::from_str(text).map_err(wrong)
    }
}

/// What one request for a page gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    items: Vec<T>,
    total: Option<u64>,
    more: Option<bool>,
    next: Option<Cursor>,
    marker: Option<String>,
    set: Option<String>,
    size: Option<usize>,
}

impl<T> Page<T> {
    /// A page of which nothing but its items is known.
    pub fn new(items: Vec<T>) -> Self {
        Self { items, total: None, more: None, next: None, marker: None, set: None, size: None }
    }

    /// The page size that the server says it used, where it may be another one than asked for.
    #[must_use]
    pub fn size(mut self, size: Option<i64>) -> Self {
        self.size = size.and_then(|size| usize::try_from(size).ok()).filter(|size| *size > 0);
        self
    }

    /// How many items there are in all, if the vendor says so.
    #[must_use]
    pub fn total(mut self, total: Option<i64>) -> Self {
        self.total = total.and_then(|total| u64::try_from(total).ok());
        self
    }

    /// Whether the vendor says that there are more; `None` when it does not say.
    #[must_use]
    pub fn more(mut self, more: Option<bool>) -> Self {
        self.more = more;
        self
    }

    /// Where the vendor says that the list goes on. There are more then.
    #[must_use]
    pub fn next(mut self, next: Option<Cursor>) -> Self {
        self.next = next;
        self
    }

    /// The item after which the next page begins, for lists that are walked by marker.
    #[must_use]
    pub fn marker(mut self, marker: Option<String>) -> Self {
        self.marker = marker;
        self
    }

    /// The snapshot that this page was cut from; the next request names it.
    #[must_use]
    pub fn set(mut self, set: Option<String>) -> Self {
        self.set = set;
        self
    }
}

/// A list that was walked to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing<T> {
    /// All items.
    pub items: Vec<T>,
    /// What the vendor said the total is, when more items than received are told of.
    pub missing_of: Option<u64>,
    /// The list led back to a page that had been read, so what comes after may be missing.
    pub circular: bool,
}

impl<T> Listing<T> {
    /// The items, if they are all there are.
    ///
    /// # Errors
    ///
    /// When the list ended before the total that the vendor told, or went in a circle.
    pub fn complete(self) -> Result<Vec<T>, Error> {
        if self.circular {
            let what = "the list leads back to a page that was read already, so it may not be complete";
            return Err(unusable(what.to_owned()));
        }
        match self.missing_of {
            None => Ok(self.items),
            // It may have changed while it was read.
            Some(total) => Err(unusable(format!(
                "the list ended after {} items, but the vendor told of {total}",
                self.items.len()
            ))
            .with_passing_trouble()),
        }
    }
}

pub(crate) fn unusable(what: String) -> Error {
    Error::new(Kind::Decode, Delivery::Accepted, what)
}

/// Upper bound on pages; a vendor that always says "more" must not keep us for ever.
const MOST_PAGES: usize = 10_000;

type Fetch<'a, T> = Box<dyn FnMut(Cursor) -> BoxFuture<'a, Result<Page<T>, Error>> + Send + 'a>;
type Key<'a, T> = Box<dyn Fn(&T) -> String + Send + 'a>;

/// Walks through a list, asking for a page whenever its items are used up.
///
/// Offsets advance by the items received, so a server that gives shorter pages than asked for loses nothing; a link of
/// the vendor's wins. The end is where the vendor says so, else at the total, else at a page that is empty or shorter
/// than asked for. An empty page with a link to the next one is no end; a cursor that comes a second time is.
pub struct Pager<'a, T> {
    fetch: Fetch<'a, T>,
    key: Option<Key<'a, T>>,
    size: usize,
    /// The page to ask for next; `None` at the end.
    next: Option<Cursor>,
    /// The page whose items are handed out now.
    current: Cursor,
    /// Items of the current page that are still to be handed out, with their places in it.
    waiting: VecDeque<(usize, T)>,
    asked: HashSet<Cursor>,
    keys: HashSet<String>,
    total: Option<u64>,
    circular: bool,
    /// Items before the end of the current page; `None` after resuming by a marker, which does not say how many.
    received: Option<u64>,
}

impl<'a, T: Send + 'a> fmt::Debug for Pager<'a, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cursor = self.cursor();
        f.debug_struct("Pager").field("cursor", &cursor).field("total", &self.total).finish_non_exhaustive()
    }
}

impl<'a, T: Send + 'a> Pager<'a, T> {
    /// A walk from the start in pages of `size`; `fetch` asks for one page.
    pub fn new<F>(size: usize, mut fetch: impl FnMut(Cursor) -> F + Send + 'a) -> Self
    where
        F: Future<Output = Result<Page<T>, Error>> + Send + 'a,
    {
        Self {
            fetch: Box::new(move |cursor| Box::pin(fetch(cursor))),
            key: None,
            size,
            next: Some(Cursor::default()),
            current: Cursor::default(),
            waiting: VecDeque::new(),
            asked: HashSet::new(),
            keys: HashSet::new(),
            total: None,
            circular: false,
            received: Some(0),
        }
    }

    /// Hands out each item once, by its key. Pages shift while things come and go, and some servers ignore the offset:
    /// a page that brings nothing new is then the end, unless the vendor links to a next one.
    #[must_use]
    pub fn unique(mut self, key: impl Fn(&T) -> String + Send + 'a) -> Self {
        self.key = Some(Box::new(key));
        self
    }

    /// Goes on where [`Pager::cursor`] of an earlier walk said.
    #[must_use]
    pub fn resume(mut self, cursor: Cursor) -> Self {
        self.received = cursor.marker.is_none().then_some(cursor.offset);
        self.next = Some(cursor);
        self
    }

    /// Where another walk would have to go on to get what this one has not handed out; `None` at the end.
    pub fn cursor(&self) -> Option<Cursor> {
        match self.waiting.front() {
            Some((place, _)) => Some(Cursor { skip: *place, ..self.current.clone() }),
            None => self.next.clone(),
        }
    }

    /// How many items there are in all, as far as the vendor has said.
    pub fn total(&self) -> Option<u64> {
        self.total
    }

    /// The next item.
    ///
    /// # Errors
    ///
    /// When a page cannot be had. Asking again goes on where it failed.
    pub async fn next(&mut self) -> Result<Option<T>, Error> {
        while self.waiting.is_empty() && self.next.is_some() {
            self.load().await?;
        }
        Ok(self.waiting.pop_front().map(|(_, item)| item))
    }

    /// What is left of the current page, or the next page; it may be empty although the list goes on.
    ///
    /// # Errors
    ///
    /// As with [`Pager::next`].
    pub async fn next_page(&mut self) -> Result<Option<Vec<T>>, Error> {
        if self.waiting.is_empty() {
            if self.next.is_none() {
                return Ok(None);
            }
            self.load().await?;
        }
        Ok(Some(self.waiting.drain(..).map(|(_, item)| item).collect()))
    }

    /// The items as a stream, which ends after the first error.
    pub fn into_stream(self) -> impl Stream<Item = Result<T, Error>> + Send + 'a {
        futures_util::stream::try_unfold(
            self,
            |mut pager| async move { Ok(pager.next().await?.map(|item| (item, pager))) },
        )
    }

    /// Walks to the end.
    ///
    /// # Errors
    ///
    /// The first error of a page.
    pub async fn collect(mut self) -> Result<Listing<T>, Error> {
        self.walk().await
    }

    async fn walk(&mut self) -> Result<Listing<T>, Error> {
        let mut items = Vec::new();
        while let Some(page) = self.next_page().await? {
            items.extend(page);
        }
        // More than told is no loss: something was added meanwhile.
        let missing_of = self.total.filter(|total| self.received.is_some_and(|received| *total > received));
        Ok(Listing { items, missing_of, circular: self.circular })
    }

    /// All items, and no less than the vendor told of. A list that changed while it was read is read once more.
    ///
    /// # Errors
    ///
    /// As with [`Pager::collect`] and [`Listing::complete`].
    pub async fn all(mut self) -> Result<Vec<T>, Error> {
        let begin = self.cursor().unwrap_or_default();
        let untouched = self.asked.is_empty();
        let first = self.walk().await?;
        if first.missing_of.is_none() || first.circular || !untouched {
            return first.complete();
        }
        self.asked.clear();
        self.keys.clear();
        self.total = None;
        self.resume(begin).walk().await?.complete()
    }

    async fn load(&mut self) -> Result<(), Error> {
        let Some(cursor) = self.next.clone() else { return Ok(()) };
        if self.asked.len() >= MOST_PAGES {
            return Err(unusable(format!("the list did not end after {MOST_PAGES} pages")));
        }
        let page = (self.fetch)(Cursor { skip: 0, ..cursor.clone() }).await?;
        let count = page.items.len();
        self.asked.insert(Cursor { skip: 0, ..cursor.clone() });
        self.total = page.total.or(self.total);
        let before = self.keys.len();
        let mut fresh = 0;
        self.waiting.clear();
        for (place, item) in page.items.into_iter().enumerate() {
            if self.key.as_ref().is_some_and(|key| !self.keys.insert(key(&item))) {
                continue;
            }
            fresh += 1;
            if place >= cursor.skip {
                self.waiting.push_back((place, item));
            }
        }
        self.received = self.received.map(|received| received + fresh);
        let repeated = self.key.is_some() && count > 0 && self.keys.len() == before;
        let left = page.total.and_then(|total| self.received.map(|received| total.saturating_sub(received)));
        let more = match (page.next.is_some() || page.more == Some(true), page.more, left) {
            // Some servers link on for ever; once everything told of is here, an empty page ends that.
            (true, _, left) => (page.next.is_some() || !repeated) && (count > 0 || left != Some(0)),
            (false, Some(_), _) => false,
            (false, None, Some(left)) => left > 0 && count > 0 && !repeated,
            (false, None, None) => count > 0 && count >= page.size.unwrap_or(self.size) && !repeated,
        };
        // An empty page in the middle says that what stood there is not shown to us; the next one lies behind it.
        let stride = if count == 0 { self.size } else { count };
        let set = page.set.or_else(|| cursor.set.clone());
        let next = more.then(|| match page.next {
            Some(next) => Cursor { set: next.set.clone().or(set), ..next },
            None => Cursor { offset: cursor.offset.saturating_add(stride as u64), marker: page.marker, set, skip: 0 },
        });
        self.current = Cursor { skip: 0, ..cursor };
        let again = next.as_ref().is_some_and(|next| self.asked.contains(next));
        // With everything told of here, it does not matter where the link leads.
        self.circular = again && left != Some(0);
        self.next = next.filter(|_| !again);
        Ok(())
    }
}

#[cfg(test)]
mod tests;

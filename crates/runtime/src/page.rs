//! Walks through lists that come in pages.

use crate::error::{Delivery, Error, Kind};

/// One page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// Its items.
    pub items: Vec<T>,
    /// How many items there are in all, if the vendor says so.
    pub total: Option<u64>,
    /// Whether the vendor says that there are more; `None` when it does not say.
    pub more: Option<bool>,
}

/// A list that was walked to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing<T> {
    /// All items.
    pub items: Vec<T>,
    /// What the vendor said the total is, when it differs from the number of items.
    pub missing_of: Option<u64>,
}

impl<T> Listing<T> {
    /// The items, if they are all there are.
    ///
    /// # Errors
    ///
    /// When the list ended before the total that the vendor told.
    pub fn complete(self) -> Result<Vec<T>, Error> {
        match self.missing_of {
            None => Ok(self.items),
            Some(total) => {
                let what = format!("the list ended after {} items, but the vendor told of {total}", self.items.len());
                Err(Error::new(Kind::Decode, Delivery::Accepted, what))
            }
        }
    }
}

/// Upper bound on pages; a vendor that always says "more" must not keep us for ever.
const MOST_PAGES: usize = 10_000;

/// Collects all pages, asking `fetch` for the page that starts at an offset.
///
/// Offsets advance by the items received, so a server that gives shorter pages than asked for loses nothing. The end
/// is where the vendor says so, else at an empty page, else at the total, else at a page shorter than `size`.
///
/// # Errors
///
/// The first error of `fetch`.
pub async fn collect<T, F>(size: usize, mut fetch: impl FnMut(usize) -> F) -> Result<Listing<T>, Error>
where
    F: Future<Output = Result<Page<T>, Error>>,
{
    let mut items = Vec::new();
    let mut total = None;
    for asked in 1.. {
        if asked > MOST_PAGES {
            let what = format!("the list did not end after {MOST_PAGES} pages");
            return Err(Error::new(Kind::Decode, Delivery::Accepted, what));
        }
        let page = fetch(items.len()).await?;
        let received = page.items.len();
        items.extend(page.items);
        total = page.total.or(total);
        let reached = total.is_some_and(|total| items.len() as u64 >= total);
        let more = match (page.more, page.total) {
            (Some(more), _) => more && received > 0,
            (None, Some(_)) => !reached && received > 0,
            (None, None) => received >= size,
        };
        if !more {
            break;
        }
    }
    // More than told is no loss: something was added meanwhile.
    let missing_of = total.filter(|total| *total > items.len() as u64);
    Ok(Listing { items, missing_of })
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn walk(pages: Vec<Page<u32>>, size: usize) -> (Listing<u32>, usize) {
        let mut asked = 0;
        let listing = collect(size, |offset| {
            asked += 1;
            let mut seen = 0;
            let page = pages.iter().find(|page| {
                let here = seen == offset;
                seen += page.items.len();
                here
            });
            let page = page.cloned().unwrap_or(Page { items: vec![], total: None, more: None });
            async move { Ok(page) }
        })
        .await;
        (listing.unwrap_or(Listing { items: vec![], missing_of: None }), asked)
    }

    fn page(items: &[u32], total: Option<u64>, more: Option<bool>) -> Page<u32> {
        Page { items: items.to_vec(), total, more }
    }

    #[tokio::test]
    async fn shorter_pages_than_asked_for_lose_nothing() {
        let (listing, asked) =
            walk(vec![page(&[1, 2], Some(5), None), page(&[3, 4], Some(5), None), page(&[5], Some(5), None)], 100)
                .await;
        assert_eq!((listing.items, listing.missing_of, asked), (vec![1, 2, 3, 4, 5], None, 3));
    }

    #[tokio::test]
    async fn without_a_total_a_full_page_asks_for_the_next() {
        let (listing, asked) = walk(vec![page(&[1, 2], None, None), page(&[3, 4], None, None)], 2).await;
        assert_eq!((listing.items, asked), (vec![1, 2, 3, 4], 3));
    }

    #[tokio::test]
    async fn an_early_end_is_told() {
        let (listing, asked) = walk(vec![page(&[1, 2], Some(9), Some(false))], 2).await;
        assert_eq!((listing.items, listing.missing_of, asked), (vec![1, 2], Some(9), 1));
    }
}

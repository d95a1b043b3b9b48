//! The pager against servers of every manner.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use futures_util::StreamExt as _;

use super::*;

/// Pages by the cursor that asks for them, and the cursors that were asked.
#[derive(Clone, Default)]
struct Book {
    pages: Arc<BTreeMap<String, Page<u32>>>,
    asked: Arc<Mutex<Vec<Cursor>>>,
}

impl Book {
    fn of(pages: impl IntoIterator<Item = (Cursor, Page<u32>)>) -> Self {
        let pages = pages.into_iter().map(|(cursor, page)| (cursor.to_string(), page)).collect();
        Self { pages: Arc::new(pages), asked: Arc::default() }
    }

    /// Pages one behind the other.
    fn in_order(pages: impl IntoIterator<Item = Page<u32>>) -> Self {
        let mut offset = 0;
        Self::of(pages.into_iter().map(|page| {
            let cursor = Cursor::at(offset);
            offset += page.items.len() as u64;
            (cursor, page)
        }))
    }

    fn pager(&self, size: usize) -> Pager<'static, u32> {
        let book = self.clone();
        Pager::new(size, move |cursor| {
            book.asked.lock().unwrap().push(cursor.clone());
            let page = book.pages.get(&cursor.to_string()).cloned();
            async move { Ok(page.unwrap_or_else(|| Page::new(vec![]))) }
        })
    }

    fn asked(&self) -> Vec<u64> {
        self.asked.lock().unwrap().iter().map(|cursor| cursor.offset).collect()
    }
}

fn page(items: &[u32]) -> Page<u32> {
    Page::new(items.to_vec())
}

async fn items(pager: Pager<'_, u32>) -> Vec<u32> {
    pager.collect().await.unwrap().items
}

#[tokio::test]
async fn shorter_pages_than_asked_for_lose_nothing() {
    let book = Book::in_order([&[1, 2][..], &[3, 4], &[5]].map(|items| page(items).total(Some(5))));
    assert_eq!(
        book.pager(100).collect().await.unwrap(),
        Listing { items: vec![1, 2, 3, 4, 5], missing_of: None, circular: false }
    );
    assert_eq!(book.asked(), [0, 2, 4]);
}

#[tokio::test]
async fn without_a_total_a_full_page_asks_for_the_next() {
    let book = Book::in_order([page(&[1, 2]), page(&[3, 4])]);
    assert_eq!(items(book.pager(2)).await, [1, 2, 3, 4]);
    assert_eq!(book.asked(), [0, 2, 4]);
}

#[tokio::test]
async fn an_early_end_is_told() {
    let book = Book::in_order([page(&[1, 2]).total(Some(9)).more(Some(false))]);
    let listing = book.pager(2).collect().await.unwrap();
    assert_eq!(listing.missing_of, Some(9));
    let told = listing.complete().unwrap_err().to_string();
    assert!(told.contains("ended after 2 items, but the vendor told of 9"), "{told}");
}

#[tokio::test]
async fn an_empty_page_with_a_next_link_is_no_end() {
    let linked = Book::of([
        (Cursor::at(0), page(&[1]).next(Some(Cursor::at(10)))),
        (Cursor::at(10), page(&[]).next(Some(Cursor::at(20)))),
        (Cursor::at(20), page(&[2])),
    ]);
    assert_eq!(items(linked.pager(10)).await, [1, 2]);
    assert_eq!(linked.asked(), [0, 10, 20]);
    // The same when the vendor only says that there are more: the empty page is stepped over.
    let told = Book::of([(Cursor::at(0), page(&[]).more(Some(true))), (Cursor::at(10), page(&[2]).more(Some(false)))]);
    assert_eq!(items(told.pager(10)).await, [2]);
}

#[tokio::test]
async fn a_cursor_that_comes_again_is_the_end() {
    let book = Book::of([
        (Cursor::at(0), page(&[1]).next(Some(Cursor::at(1)))),
        (Cursor::at(1), page(&[2]).next(Some(Cursor::at(0)))),
    ]);
    let listing = book.pager(1).collect().await.unwrap();
    assert_eq!((&listing.items[..], listing.circular), (&[1, 2][..], true));
    assert_eq!(book.asked(), [0, 1]);
    // What stood behind the wrong link is not known, so nobody may take this for the whole list.
    assert!(listing.complete().unwrap_err().to_string().contains("leads back"));
}

#[tokio::test]
async fn a_circle_after_everything_told_of_is_harmless() {
    let book = Book::of([
        (Cursor::at(0), page(&[1, 2]).total(Some(2)).next(Some(Cursor::at(2)))),
        (Cursor::at(2), page(&[1, 2]).total(Some(2)).next(Some(Cursor::at(2)))),
    ]);
    assert_eq!(book.pager(2).unique(u32::to_string).all().await.unwrap(), [1, 2]);
}

#[tokio::test]
async fn a_list_that_changed_while_it_was_read_is_read_once_more() {
    let short = Book::in_order([page(&[1, 2]).total(Some(3)).more(Some(false))]);
    let error = short.pager(2).all().await.unwrap_err();
    assert!(error.is_transient() && error.to_string().contains("ended after 2 items"), "{error}");
    assert_eq!(short.asked(), [0, 0]);
}

#[tokio::test]
async fn a_server_that_says_more_for_ever_and_ignores_the_offset_is_left() {
    let book = Book::of((0..100).map(|at| (Cursor::at(at * 2), page(&[1, 2]).more(Some(true)))));
    assert_eq!(items(book.pager(2).unique(u32::to_string)).await, [1, 2]);
    assert_eq!(book.asked(), [0, 2]);
}

#[tokio::test]
async fn the_page_size_of_the_server_counts_and_no_offset_is_too_large() {
    let book = Book::in_order([page(&[1, 2]).size(Some(2)), page(&[3]).size(Some(2))]);
    assert_eq!(items(book.pager(500)).await, [1, 2, 3]);
    let far = Book::of([
        (Cursor::at(0), page(&[1]).next(Some(Cursor::at(u64::MAX)))),
        (Cursor::at(u64::MAX), page(&[2]).more(Some(true))),
    ]);
    assert_eq!(items(far.pager(1)).await, [1, 2]);
}

#[tokio::test]
async fn links_without_end_stop_when_everything_told_of_is_here() {
    let book = Book::of((0..100).map(|at| {
        let items: &[u32] = if at < 2 { &[7] } else { &[] };
        (Cursor::at(at), page(items).total(Some(2)).next(Some(Cursor::at(at + 1))))
    }));
    assert_eq!(items(book.pager(1)).await, [7, 7]);
    assert_eq!(book.asked(), [0, 1, 2]);
}

#[tokio::test]
async fn a_server_that_ignores_the_offset_gives_each_item_once() {
    let book = Book::of((0..9).map(|at| (Cursor::at(at * 2), page(&[1, 2]))));
    assert_eq!(items(book.pager(2).unique(u32::to_string)).await, [1, 2]);
    assert_eq!(book.asked(), [0, 2]);
    // Something came in at the front while the list was read: nothing twice, and the rest is still read.
    let shifted = Book::of([
        (Cursor::at(0), page(&[1, 2]).total(Some(5))),
        (Cursor::at(2), page(&[2, 3]).total(Some(5))),
        (Cursor::at(4), page(&[4]).total(Some(5))),
    ]);
    let listing = shifted.pager(2).unique(u32::to_string).collect().await.unwrap();
    assert_eq!((listing.items, listing.missing_of), (vec![1, 2, 3, 4], Some(5)));
}

#[tokio::test]
async fn items_come_first_and_a_walk_can_be_resumed_anywhere() {
    let book = Book::in_order([page(&[1, 2, 3]), page(&[4, 5, 6]), page(&[7])]);
    for taken in 0..=7_usize {
        let mut first = book.pager(3);
        let mut all = Vec::new();
        for _ in 0..taken {
            all.push(first.next().await.unwrap().unwrap());
        }
        // No page is asked for before somebody wants an item of it.
        assert_eq!(book.asked().len(), taken.div_ceil(3));
        if let Some(cursor) = first.cursor() {
            let cursor: Cursor = cursor.to_string().parse().unwrap();
            all.extend(items(book.pager(3).resume(cursor)).await);
        }
        assert_eq!(all, [1, 2, 3, 4, 5, 6, 7], "resumed after {taken}");
        book.asked.lock().unwrap().clear();
    }
}

#[tokio::test]
async fn markers_and_snapshots_travel_with_the_cursor() {
    let marked = |marker: &str| Cursor { offset: 2, marker: Some(marker.to_owned()), ..Cursor::default() };
    let book = Book::of([
        (Cursor::default(), page(&[1, 2]).marker(Some("2".into())).total(Some(4))),
        (marked("2"), page(&[3, 4]).marker(Some("4".into())).total(Some(4))),
    ]);
    assert_eq!(items(book.pager(2)).await, [1, 2, 3, 4]);
    // After a resumed marker nobody knows how many came before, so nothing is called missing.
    let rest = book.pager(2).resume(marked("2")).collect().await.unwrap();
    assert_eq!((rest.items, rest.missing_of), (vec![3, 4], None));

    let in_set = |offset| Cursor { offset, set: Some("s".into()), ..Cursor::default() };
    let book = Book::of([
        (Cursor::at(0), page(&[1]).set(Some("s".into()))),
        (in_set(1), page(&[2]).next(Cursor::of_link("/v8/Things?limit=1&offset=2#x", "offset", "setId"))),
        (in_set(2), page(&[])),
    ]);
    assert_eq!(items(book.pager(1)).await, [1, 2]);
    assert_eq!(*book.asked.lock().unwrap(), [Cursor::at(0), in_set(1), in_set(2)]);
}

#[test]
fn links_are_read_by_their_query_only() {
    let of = |link| Cursor::of_link(link, "offset", "setId");
    let found = of("https://elsewhere.example/v8/x?setId=a%20b&offset=30&limit=10");
    assert_eq!(found, Some(Cursor { offset: 30, set: Some("a b".into()), ..Cursor::default() }));
    for none in ["", "/v8/x", "/v8/x?limit=10", "/v8/x?offset=many", "/v8/x?offset=-1"] {
        assert_eq!(of(none), None, "{none}");
    }
}

#[tokio::test]
async fn pages_on_request_and_streams_give_the_same() {
    let book = Book::in_order([page(&[1, 2]), page(&[3])]);
    let mut pager = book.pager(2);
    let mut pages = Vec::new();
    while let Some(items) = pager.next_page().await.unwrap() {
        pages.push(items);
    }
    assert_eq!(pages, [vec![1, 2], vec![3]]);
    let streamed: Vec<u32> = book.pager(2).into_stream().map(Result::unwrap).collect().await;
    assert_eq!(streamed, [1, 2, 3]);
}

#[tokio::test]
async fn a_failed_page_can_be_asked_for_again() {
    let mut tries = 0;
    let mut pager = Pager::new(2, move |_| {
        tries += 1;
        let answer = if tries == 1 { Err(Error::usage("no")) } else { Ok(page(&[1])) };
        async move { answer }
    });
    assert!(pager.next().await.is_err());
    assert_eq!(pager.next().await.unwrap(), Some(1));
    assert_eq!(pager.next().await.unwrap(), None);
}

#[test]
fn a_text_that_is_no_cursor_is_refused() {
    for text in ["", "20", "{\"offset\":-1}", "{\"ofset\":1}"] {
        assert!(text.parse::<Cursor>().is_err(), "{text}");
    }
}

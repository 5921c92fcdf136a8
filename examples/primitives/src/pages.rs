//! A stream that holds its permit while it fetches, and not while its consumer works.

use std::future::poll_fn;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use std::vec;

use futures_util::future::try_join_all;
use futures_util::stream::{self, Stream, TryStreamExt as _};
use withal::runtime::{Coop, Runtime};
use withal::sync::semaphore::Closed;

use crate::{Print, Semaphore};

/// What a page is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Item {
    /// The page that it was on.
    pub page: u32,
    /// Its place there.
    pub id: u32,
}

/// Where the pages come from: three of ten items each.
struct Source<'a, R: Runtime> {
    rt: &'a R,
    limit: &'a Semaphore<R>,
    tick: Duration,
    fetching: AtomicUsize,
    most_fetching: AtomicUsize,
}

impl<R: Runtime> Source<'_, R> {
    async fn fetch(&self, page: u32) -> Vec<Item> {
        let now = self.fetching.fetch_add(1, Ordering::Relaxed) + 1;
        self.most_fetching.fetch_max(now, Ordering::Relaxed);
        self.rt.sleep(self.tick).await;
        self.fetching.fetch_sub(1, Ordering::Relaxed);
        let ids = if page <= 3 { 0..10 } else { 0..0 };
        ids.map(|id| Item { page, id }).collect()
    }

    /// All items, page by page.
    fn items(&self) -> impl Stream<Item = Result<Item, Closed>> {
        let begin = (1, Vec::new().into_iter());
        stream::try_unfold(
            begin,
            move |(mut page, mut items): (u32, vec::IntoIter<_>)| async move {
                while items.len() == 0 {
                    // The permit is given back before an item is given out. Kept until the next item is
                    // asked for, it would be held for as long as the consumer likes; and a consumer
                    // that waits for a permit itself would wait for ever.
                    let permit = self.limit.acquire().await?;
                    let fetched = self.fetch(page).await;
                    drop(permit);
                    if fetched.is_empty() {
                        return Ok(None);
                    }
                    items = fetched.into_iter();
                    page += 1;
                }
                turn::<R>().await;
                Ok(items.next().map(|item| (item, (page, items))))
            },
        )
    }
}

/// Lets others run when this task has had its share: in place of a `sleep(0)` at each item.
async fn turn<R: Coop>() {
    R::spend(poll_fn(R::poll_unit).await);
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Read {
    /// How many items came.
    pub items: usize,
    /// The fewest permits that were free while the consumer of a single stream had an item.
    pub free_at_an_item: usize,
    /// The most fetches at the same time, of five streams.
    pub most_fetching: usize,
}

/// Reads one stream, and then five at once.
///
/// # Cancel safety
///
/// Dropped, it gives up its fetches, and their permits go back.
///
/// # Errors
///
/// If the semaphore were closed, which it never is.
pub async fn run<R: Runtime>(rt: &R, tick: Duration, print: Print<'_>) -> Result<Read, Closed> {
    let limit = Semaphore::new(2);
    let source = Source {
        rt,
        limit: &limit,
        tick,
        fetching: AtomicUsize::new(0),
        most_fetching: AtomicUsize::new(0),
    };
    let count = |(items, free): (usize, usize), _| {
        let free = free.min(limit.available_permits());
        async move { Ok((items + 1, free)) }
    };
    let (alone, free_at_an_item) = source.items().try_fold((0, usize::MAX), count).await?;
    let five = (0..5).map(|_| source.items().try_fold((0, usize::MAX), count));
    let together: usize = try_join_all(five)
        .await?
        .iter()
        .map(|(items, _)| items)
        .sum();
    let read = Read {
        items: alone + together,
        free_at_an_item,
        most_fetching: source.most_fetching.into_inner(),
    };
    print(format_args!(
        "{} items; {} permits free at each item; at most {} fetches at once",
        read.items, read.free_at_an_item, read.most_fetching,
    ));
    Ok(read)
}

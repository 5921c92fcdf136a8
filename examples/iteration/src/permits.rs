//! A limit on what is fetched at once, which is not held while an item is out.

use std::future::poll_fn;

use futures_util::future::try_join_all;
use futures_util::stream::Stream;
use withal::runtime::{Coop, Runtime};
use withal::stream::pages;
use withal::sync::Semaphore;
use withal::sync::semaphore::Closed;
use withal::{for_each, generator};

use crate::Setting;

/// An item, by its page and its place there.
pub type Item = (u32, u32);

/// Three pages of ten items each.
async fn fetch_page<R: Runtime>(on: &Setting<R>, page: u32) -> Vec<Item> {
    on.tick().await;
    let ids = if page <= 3 { 0..10 } else { 0..0 };
    ids.map(|id| (page, id)).collect()
}

/// Lets others run when this task has had its share: in place of a `sleep(0)` at each item.
async fn turn<R: Coop>() {
    R::spend(poll_fn(R::poll_unit).await);
}

// Row S4.6.
/// All items. A permit is held for each fetch, and given back before an item is given out: a
/// consumer takes as long as it likes, and may need a permit itself.
pub fn paginated_stream<R: Runtime>(
    on: &Setting<R>,
    limit: &Semaphore,
) -> impl Stream<Item = Item> {
    generator(async move |y| {
        for page in 1.. {
            let items = {
                let Ok(_permit) = limit.acquire().await else {
                    break; // the limit was closed: nothing more is to be fetched
                };
                fetch_page(on, page).await
            };
            if items.is_empty() {
                break;
            }
            for item in items {
                y.yield_(item).await;
                turn::<R>().await;
            }
        }
    })
}

/// The same, where the adapter does the counting: what is held in `fetch` is given back at its end.
pub fn paginated_by_adapter<R: Runtime>(
    on: &Setting<R>,
    limit: &Semaphore,
) -> impl Stream<Item = Result<Item, Closed>> {
    pages(1, async move |page| {
        let _permit = limit.acquire().await?;
        let items = fetch_page(on, page).await;
        let next = (!items.is_empty()).then_some(page + 1);
        Ok((items, next))
    })
}

/// The mistake: the permit is held until the page was given out. See the test.
pub fn hoarding_stream<R: Runtime>(on: &Setting<R>, limit: &Semaphore) -> impl Stream<Item = Item> {
    generator(async move |y| {
        for page in 1.. {
            let Ok(_permit) = limit.acquire().await else {
                break;
            };
            let items = fetch_page(on, page).await;
            if items.is_empty() {
                break;
            }
            for item in items {
                y.yield_(item).await;
            }
        }
    })
}

/// Reads one stream, and then five at once, under a limit of two fetches; gives the number of items,
/// and the fewest permits that were free while the single consumer had one.
///
/// # Cancel safety
///
/// Dropped, it gives the permits back.
///
/// # Errors
///
/// If the limit were closed, which it never is.
pub async fn run<R: Runtime>(on: &Setting<R>) -> Result<(usize, usize), Closed> {
    let limit = Semaphore::new(2);
    let (mut items, mut free) = (0, usize::MAX);
    for_each(paginated_stream(on, &limit), async |_| {
        items += 1;
        free = free.min(limit.available_permits());
    })
    .await;
    let five = (0..5).map(async |_| {
        let mut items = 0;
        for_each(paginated_by_adapter(on, &limit), async |item| {
            item?;
            items += 1;
            Ok(())
        })
        .await?;
        Ok(items)
    });
    items += try_join_all(five).await?.iter().sum::<usize>();
    on.print(format_args!(
        "{items} items; {free} permits free at each item"
    ));
    Ok((items, free))
}

use std::future::ready;

use futures_util::stream::{StreamExt, TryStreamExt};
use withal::generator;
use withal_tests::poll::yields;
use withal_tests::streams::{Feed, Item};

use crate::{Items, conforming};

fn source(mut feed: Feed) -> Items {
    let items = generator(async move |y| {
        while let Some(item) = feed.next().await {
            y.yield_(item).await;
        }
    });
    items.boxed()
}

async fn later(item: Item) -> Item {
    yields(1).await;
    item
}

conforming! {
    mapped: |_rt, feed| source(feed).map(|item| item);

    chained: |_rt, feed| source(feed)
        .then(later)
        .filter(|_| ready(true))
        .take_while(|_| ready(true))
        .enumerate()
        .map(|(_, item)| item)
        .fuse();

    flattened: |_rt, feed| source(feed)
        .flat_map(|item| futures_util::stream::once(later(item)))
        .fuse();

    tried: |_rt, feed| source(feed).and_then(|item| later(Ok(item))).map_err(|error| error);

    buffered reads 1 ahead: |_rt, feed| source(feed).map(later).buffered(2);
}

//! What `withal::stream` has.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use futures_util::lock::Mutex;
use futures_util::stream::StreamExt;
use withal::stream::{buffered, channel_scope, idle_timeout, next_or, pages, prefetch};
use withal::{generator, with};
use withal_tests::poll::yields;
use withal_tests::probe::Failed;
use withal_tests::streams::Item;

use crate::conforming;

const HOUR: Duration = Duration::from_secs(3600);

async fn later(item: Item) -> Item {
    yields(1).await;
    item
}

conforming! {
    with_defaults: |_rt, feed| generator(async move |y| {
        let mut feed = feed.map(Some);
        while let Some(item) = next_or(&mut feed, None).await {
            y.yield_(item).await;
        }
    });

    never_idle: |rt, feed| {
        let rt = rt.clone();
        generator(async move |y| {
            let items = idle_timeout(&rt, HOUR, feed);
            y.delegate(items.map(|item| item.expect("an hour is enough"))).await;
        })
    };

    prefetched reads 2 ahead: |_rt, feed| generator(async move |y| {
        prefetch(feed, 2, async |mut items| {
            while let Some(item) = items.next().await {
                y.yield_(item).await;
            }
        })
        .await;
    });

    side_by_side reads 2 ahead: |_rt, feed| generator(async move |y| {
        buffered(feed.map(later), 2, async |mut items| {
            while let Some(item) = items.next().await {
                y.yield_(item).await;
            }
        })
        .await;
    });

    in_a_task: |rt, feed| {
        let rt = rt.clone();
        generator(async move |y| {
            let scoped = with(&rt, channel_scope(&rt, feed), async |items| {
                while let Some(item) = items.next().await {
                    y.yield_(item).await;
                }
                Ok::<_, Failed>(())
            });
            scoped.await.expect("nothing fails");
        })
    };

    paged: |_rt, feed| {
        let feed = Arc::new(Mutex::new(feed));
        let rows = pages((), move |()| {
            let feed = feed.clone();
            async move {
                let row = feed.lock().await.next().await;
                let more = row.is_some().then_some(());
                Ok::<_, Infallible>((row, more))
            }
        });
        rows.map(|Ok(item)| item)
    };
}

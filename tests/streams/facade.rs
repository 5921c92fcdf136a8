//! The adapters of `withal::stream`; those that are loops, inside of a generator.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::StreamExt;
use withal::stream::{buffered, channel_scope, idle_timeout, next_or, pages, prefetch};
use withal::sync::Mutex;
use withal::{generator, with};
use withal_tests::poll::yields;
use withal_tests::streams::Item;

use crate::conforming;

const HOUR: Duration = Duration::from_secs(3600);
const MOMENT: Duration = Duration::from_micros(100);

async fn later(item: Item) -> Item {
    yields(1).await;
    item
}

conforming! {
    never_idle: |rt, feed| {
        let rt = rt.clone();
        generator(async move |y| {
            let mut items = pin!(idle_timeout(&rt, HOUR, feed));
            while let Some(item) = items.next().await {
                y.yield_(item.expect("no hour passes")).await;
            }
        })
    };

    often_idle: |rt, feed| {
        let rt = rt.clone();
        generator(async move |y| {
            let mut items = pin!(idle_timeout(&rt, MOMENT, feed));
            while let Some(item) = items.next().await {
                match item {
                    Ok(item) => y.yield_(item).await,
                    Err(_idle) => yields(1).await,
                }
            }
        })
    };

    paged: |_rt, feed| {
        let feed = Arc::new(Mutex::new(feed));
        pages((), async move |()| {
            let item = feed.lock().await.next().await;
            let next = item.as_ref().map(|_| ());
            Ok((item.transpose()?, next))
        })
    };

    one_by_one: |_rt, feed| generator(async move |y| {
        let mut feed = feed.map(Some);
        while let Some(item) = next_or(&mut feed, None).await {
            y.yield_(item).await;
        }
    });

    prefetched reads 2 ahead: |_rt, feed| generator(async move |y| {
        prefetch(feed, 2, async |mut items| {
            while let Some(item) = items.next().await {
                y.yield_(item).await;
            }
        })
        .await;
    });

    in_a_task: |rt, feed| {
        let rt = rt.clone();
        generator(async move |y| {
            let received = with(&rt, channel_scope(&rt, feed), async |items| {
                while let Some(item) = items.next().await {
                    y.yield_(item).await;
                }
                Ok::<_, Infallible>(())
            });
            received.await.expect("nothing fails");
        })
    };

    side_by_side reads 3 ahead: |_rt, feed| generator(async move |y| {
        buffered(feed.map(later), 3, async |mut items| {
            while let Some(item) = items.next().await {
                y.yield_(item).await;
            }
        })
        .await;
    });
}

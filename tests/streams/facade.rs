//! What `withal::stream` has.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use futures_util::lock::Mutex;
use futures_util::stream::StreamExt;
use withal::generator;
use withal::stream::{idle_timeout, next_or, pages};

use crate::conforming;

const HOUR: Duration = Duration::from_secs(3600);

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

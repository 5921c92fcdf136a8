use futures_util::stream::StreamExt;
use withal::{closing, for_each, for_each_by_ref, generator};

use crate::conforming;

conforming! {
    looped: |_rt, feed| generator(async move |y| {
        for_each(feed, async |item| y.yield_(item).await).await;
    });

    looped_by_reference: |_rt, feed| generator(async move |y| {
        let mut feed = feed;
        for_each_by_ref(&mut feed, async |item| y.yield_(item).await).await;
    });

    closing_its_source: |_rt, feed| generator(async move |y| {
        closing(feed, async |mut feed| {
            while let Some(item) = feed.next().await {
                y.yield_(item).await;
            }
        })
        .await;
    });
}

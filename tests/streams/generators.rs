use futures_util::stream::{FuturesUnordered, StreamExt, TryStreamExt};
use withal::generator::Yielder;
use withal::runtime::Runtime;
use withal::{generator, with};
use withal_tests::poll::yields;
use withal_tests::probe::Failed;
use withal_tests::streams::{Feed, Item};
use withal_tests::{Log, Probe};

use crate::conforming;

/// Yields by reference, on behalf of a generator.
async fn pass_on(y: &Yielder<'_, Item>, mut feed: Feed) {
    while let Some(item) = feed.next().await {
        y.yield_(item).await;
    }
}

/// The same in a scope, whose exit waits.
async fn scoped<R: Runtime>(rt: &R, y: &Yielder<'_, Item>, feed: Feed) {
    let probe = Probe::new(&Log::new(), "file");
    let scoped = with(rt, probe, async |_| {
        pass_on(y, feed).await;
        Ok::<_, Failed>(())
    });
    scoped.await.expect("nothing fails");
}

conforming! {
    plain: |_rt, feed| generator(async move |y| pass_on(&y, feed).await);

    fallible: |_rt, feed| generator(async move |y| {
        let mut feed = feed;
        while let Some(item) = feed.try_next().await? {
            y.yield_(item).await;
        }
        Ok::<(), Failed>(())
    });

    in_a_scope: |rt, feed| {
        let rt = rt.clone();
        generator(async move |y| scoped(&rt, &y, feed).await)
    };

    with_waits: |_rt, feed| generator(async move |y| {
        let mut feed = feed;
        while let Some(item) = feed.next().await {
            yields(1).await;
            y.yield_(item).await;
            yields(1).await;
        }
    });

    in_another: |rt, feed| {
        let rt = rt.clone();
        let mut inner = generator(async move |y| scoped(&rt, &y, feed).await).boxed();
        generator(async move |y| {
            while let Some(item) = inner.next().await {
                y.yield_(item).await;
            }
        })
    };

    delegating: |_rt, feed| generator(async move |y| y.delegate(feed).await);

    delegating_to_another: |rt, feed| {
        let rt = rt.clone();
        let inner = generator(async move |y| scoped(&rt, &y, feed).await);
        generator(async move |y| y.delegate(inner).await)
    };

    from_a_sub_executor: |_rt, feed| generator(async move |y| {
        let mut feed = feed;
        while let Some(item) = feed.next().await {
            let mut one: FuturesUnordered<_> = [y.yield_(item)].into_iter().collect();
            while one.next().await.is_some() {}
        }
    });
}

use futures_util::future::{FutureExt, join};
use futures_util::stream::{FuturesUnordered, StreamExt, TryStreamExt};
use withal::generator::Yielder;
use withal::runtime::Runtime;
use withal::{close, generator};

use super::{Scenario, assert_exited, read_all, scoped, sweep};
use crate::poll::yields;
use crate::probe::Failed;
use crate::streams::{Feed, Item};

/// Yields by reference, on behalf of a generator.
async fn pass_on(y: &Yielder<'_, Item>, mut feed: Feed) {
    while let Some(item) = feed.next().await {
        y.yield_(item).await;
        yields(1).await;
    }
}

// A-3, AG-10, AG-24, AG-26, AG-28, CM-17, IT-15, K1, K2
pub async fn each_form_of_a_generator<R: Runtime>(rt: &R) {
    let scenarios: &[Scenario<R>] = &[
        ("one with a scope of its own", 3, |rt, read| {
            async move {
                let items = generator(async |y| {
                    scoped(&rt, &read, "a", pass_on(&y, read.feed(&rt, "a/feed"))).await;
                });
                read_all(&read, items).await;
            }
            .boxed_local()
        }),
        ("one that is read in a scope", 3, |rt, read| {
            async move {
                let items = generator(async |y| {
                    scoped(&rt, &read, "a/b", pass_on(&y, read.feed(&rt, "a/b/feed"))).await;
                });
                scoped(&rt, &read, "a", read_all(&read, items)).await;
            }
            .boxed_local()
        }),
        ("one that may fail", 3, |rt, read| {
            async move {
                let items = generator(async |y| {
                    let mut feed = read.feed(&rt, "feed");
                    while let Some(item) = feed.try_next().await? {
                        y.yield_(item).await;
                    }
                    Ok::<(), Failed>(())
                });
                read_all(&read, items).await;
            }
            .boxed_local()
        }),
        ("one that borrows", 3, |rt, read| {
            async move {
                let mut feed = read.feed(&rt, "feed");
                let items = generator(async |y| {
                    while let Some(item) = feed.next().await {
                        y.yield_(item).await;
                    }
                });
                read_all(&read, items).await;
            }
            .boxed_local()
        }),
        ("one in another", 3, |rt, read| {
            async move {
                let outer = generator(async |y| {
                    let inner = generator(async |y| {
                        scoped(&rt, &read, "a/b", pass_on(&y, read.feed(&rt, "a/b/feed"))).await;
                    });
                    let all = async {
                        let mut inner = std::pin::pin!(inner);
                        while let Some(item) = inner.next().await {
                            y.yield_(item).await;
                        }
                    };
                    scoped(&rt, &read, "a", all).await;
                });
                read_all(&read, outer).await;
            }
            .boxed_local()
        }),
        ("one that delegates", 3, |rt, read| {
            async move {
                let outer = generator(async |y| {
                    let inner = generator(async |y| {
                        scoped(&rt, &read, "a/b", pass_on(&y, read.feed(&rt, "a/b/feed"))).await;
                    });
                    scoped(&rt, &read, "a", y.delegate(inner)).await;
                });
                read_all(&read, outer).await;
            }
            .boxed_local()
        }),
        ("one that delegates twice", 4, |rt, read| {
            async move {
                let outer = generator(async |y| {
                    let first = read.feed(&rt, "a/b").take(2);
                    let last = read.feed(&rt, "a/c").skip(2);
                    let both = async {
                        y.delegate(first).await;
                        y.delegate(last).await;
                        y.yield_(Ok(3)).await;
                    };
                    scoped(&rt, &read, "a", both).await;
                });
                read_all(&read, outer).await;
            }
            .boxed_local()
        }),
        ("one with two yields at once", 3, |_, read| {
            async move {
                let items = generator(async |y| {
                    yields(1).await;
                    join(y.yield_(Ok(0)), y.yield_(Ok(1))).await;
                    yields(1).await;
                    y.yield_(Ok(2)).await;
                });
                read_all(&read, items).await;
            }
            .boxed_local()
        }),
        ("one that yields from a sub-executor", 3, |_, read| {
            async move {
                let items = generator(async |y| {
                    for item in 0..3 {
                        let mut one: FuturesUnordered<_> =
                            [y.yield_(Ok(item))].into_iter().collect();
                        while one.next().await.is_some() {}
                    }
                });
                read_all(&read, items).await;
            }
            .boxed_local()
        }),
        ("one that is closed half-way", 1, |rt, read| {
            async move {
                let (own_rt, own) = (rt.clone(), read.clone());
                let mut items = Box::pin(generator(async move |y| {
                    let feed = own.feed(&own_rt, "a/feed");
                    scoped(&own_rt, &own, "a", pass_on(&y, feed)).await;
                }));
                let first = items.next().await;
                read.took(first.expect("there are items"));
                close(items).await;
                assert_exited(&read);
            }
            .boxed_local()
        }),
    ];
    sweep(rt, scenarios).await;
}

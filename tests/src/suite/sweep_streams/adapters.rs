use std::future::ready;
use std::sync::Arc;

use futures_util::future::FutureExt;
use futures_util::stream::{self, BoxStream, StreamExt};
use withal::runtime::Runtime;
use withal::{close, generator};

use super::{Scenario, assert_exited, read_all, scoped, sweep};
use crate::poll::yields;
use crate::streams::{Item, Read};

/// A generator that holds a scope `name` around the scope of what it reads.
pub(super) fn source<R: Runtime>(
    rt: &R,
    read: &Arc<Read>,
    name: &'static str,
) -> BoxStream<'static, Item> {
    let (rt, read) = (rt.clone(), read.clone());
    generator(async move |y| {
        let all = async {
            let mut feed = read.feed(&rt, &format!("{name}/feed"));
            while let Some(item) = feed.next().await {
                y.yield_(item).await;
            }
        };
        scoped(&rt, &read, name, all).await;
    })
    .boxed()
}

// A-3, CM-17, CO-2, CO-3, CO-6, CO-7, IT-15
pub async fn each_adapter_of_stream_ext<R: Runtime>(rt: &R) {
    let scenarios: &[Scenario<R>] = &[
        ("a chain", 3, |rt, read| {
            async move {
                let chain = source(&rt, &read, "a")
                    .map(|item| item)
                    .then(async |item| {
                        yields(1).await;
                        item
                    })
                    .filter(|_| ready(true))
                    .skip_while(|_| ready(false))
                    .take_while(|_| ready(true))
                    .enumerate()
                    .map(|(_, item)| item)
                    .peekable()
                    .fuse();
                read_all(&read, chain).await;
            }
            .boxed_local()
        }),
        ("take", 2, |rt, read| {
            async move { read_all(&read, source(&rt, &read, "a").take(2)).await }.boxed_local()
        }),
        ("buffered", 3, |rt, read| {
            async move {
                let slow = source(&rt, &read, "a").map(async |item| {
                    yields(1).await;
                    item
                });
                read_all(&read, slow.buffered(2)).await;
            }
            .boxed_local()
        }),
        ("flat_map", 3, |rt, read| {
            async move {
                let flat = stream::iter([(0, "a"), (1, "b"), (2, "c")]);
                let flat = flat.flat_map(|(n, name)| source(&rt, &read, name).skip(n).take(1));
                read_all(&read, flat).await;
            }
            .boxed_local()
        }),
        ("chain", 4, |rt, read| {
            async move {
                let more = stream::once(async {
                    yields(1).await;
                    Ok(3)
                });
                read_all(&read, source(&rt, &read, "a").chain(more)).await;
            }
            .boxed_local()
        }),
        ("zip", 3, |rt, read| {
            async move {
                let two = source(&rt, &read, "a").zip(source(&rt, &read, "b"));
                let same = two.map(|(a, b)| {
                    assert_eq!(a, b);
                    a
                });
                read_all(&read, same).await;
            }
            .boxed_local()
        }),
        ("a chain that is closed half-way", 1, |rt, read| {
            async move {
                let mut chain = source(&rt, &read, "a").map(|item| item).peekable().fuse();
                let first = chain.next().await;
                read.took(first.expect("there are items"));
                close(chain).await;
                assert_exited(&read);
            }
            .boxed_local()
        }),
    ];
    sweep(rt, scenarios).await;
}

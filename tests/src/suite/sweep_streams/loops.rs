use std::ops::ControlFlow;

use futures_util::future::FutureExt;
use futures_util::stream::StreamExt;
use withal::runtime::Runtime;
use withal::{closing, for_each, for_each_by_ref};

use super::adapters::source;
use super::{Scenario, assert_exited, sweep};
use crate::poll::yields;
use crate::probe::Failed;
use crate::streams::{Item, Read};

/// Has the item, and takes time for it; the loop is left at the item 1.
async fn turn(read: &Read, item: Item) -> ControlFlow<()> {
    let is_last = item == Ok(1);
    read.took(item);
    yields(1).await;
    if is_last {
        ControlFlow::Break(())
    } else {
        ControlFlow::Continue(())
    }
}

// A-3, CM-17, IT-5, IT-6, K1
pub async fn each_loop<R: Runtime>(rt: &R) {
    let scenarios: &[Scenario<R>] = &[
        ("to the end", 3, |rt, read| {
            async move {
                for_each(source(&rt, &read, "a"), async |item| {
                    read.took(item);
                    yields(1).await;
                })
                .await;
                assert_exited(&read);
            }
            .boxed_local()
        }),
        ("left early", 2, |rt, read| {
            async move {
                let left = for_each(source(&rt, &read, "a"), async |item| {
                    turn(&read, item).await
                });
                assert_eq!(left.await, ControlFlow::Break(()));
                assert_exited(&read);
            }
            .boxed_local()
        }),
        ("left by an error", 2, |rt, read| {
            async move {
                let failed = for_each(source(&rt, &read, "a"), async |item| {
                    match turn(&read, item).await {
                        ControlFlow::Break(()) => Err(Failed("the body")),
                        ControlFlow::Continue(()) => Ok(()),
                    }
                });
                assert_eq!(failed.await, Err(Failed("the body")));
                assert_exited(&read);
            }
            .boxed_local()
        }),
        ("by reference, and then on", 3, |rt, read| {
            async move {
                let mut items = source(&rt, &read, "a");
                let left = for_each_by_ref(&mut items, async |item| turn(&read, item).await);
                assert_eq!(left.await, ControlFlow::Break(()));
                for_each(items, async |item| read.took(item)).await;
                assert_exited(&read);
            }
            .boxed_local()
        }),
        ("in a closing", 2, |rt, read| {
            async move {
                closing(source(&rt, &read, "a"), async |mut items| {
                    while let Some(item) = items.next().await {
                        if turn(&read, item).await.is_break() {
                            break;
                        }
                    }
                })
                .await;
                assert_exited(&read);
            }
            .boxed_local()
        }),
    ];
    sweep(rt, scenarios).await;
}

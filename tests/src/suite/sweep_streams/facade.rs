use std::time::Duration;

use futures_util::future::FutureExt;
use futures_util::stream::StreamExt;
use withal::runtime::Runtime;
use withal::stream::prefetch::Prefetched;
use withal::stream::{buffered, channel_scope, idle_timeout, next_or, prefetch, try_collect};
use withal::with;

use super::adapters::source;
use super::{Scenario, assert_exited, read_all, sweep};
use crate::poll::yields;
use crate::probe::Failed;

// A-3, CM-17, CO-5, CS-14, CS-16, IT-11, IT-15, K1
pub async fn each_adapter_of_ours<R: Runtime>(rt: &R) {
    let scenarios: &[Scenario<R>] = &[
        ("next_or", 3, |rt, read| {
            async move {
                let mut items = source(&rt, &read, "a").map(Some);
                while let Some(item) = next_or(&mut items, None).await {
                    read.took(item);
                    yields(1).await;
                }
            }
            .boxed_local()
        }),
        ("idle_timeout", 3, |rt, read| {
            async move {
                let hour = Duration::from_secs(3600);
                let items = idle_timeout(&rt, hour, source(&rt, &read, "a"));
                let items = items.map(|item| item.expect("an hour is enough"));
                read_all(&read, items).await;
            }
            .boxed_local()
        }),
        ("prefetch", 3, |rt, read| {
            async move {
                prefetch(source(&rt, &read, "a"), 2, |items| read_all(&read, items)).await;
                assert_exited(&read);
            }
            .boxed_local()
        }),
        ("prefetch that is left early", 2, |rt, read| {
            async move {
                let two = |items: Prefetched<_>| read_all(&read, items.take(2));
                prefetch(source(&rt, &read, "a"), 1, two).await;
                assert_exited(&read);
            }
            .boxed_local()
        }),
        ("buffered", 3, |rt, read| {
            async move {
                let jobs = source(&rt, &read, "a").map(async |item| {
                    yields(2).await;
                    item
                });
                buffered(jobs, 2, |items| read_all(&read, items)).await;
                assert_exited(&read);
            }
            .boxed_local()
        }),
        ("channel_scope", 3, |rt, read| {
            async move {
                let items = channel_scope(&rt, source(&rt, &read, "a"));
                let scoped = with(&rt, items, async |items| {
                    read_all(&read, items).await;
                    Ok::<_, Failed>(())
                });
                scoped.await.expect("nothing fails");
                assert_exited(&read);
            }
            .boxed_local()
        }),
        ("try_collect", 3, |rt, read| {
            async move {
                let all = try_collect::<_, Vec<_>, _, _, _>(source(&rt, &read, "a"));
                let all = all.await.expect("nothing fails");
                assert_exited(&read);
                all.into_iter().for_each(|item| read.took(Ok(item)));
            }
            .boxed_local()
        }),
    ];
    sweep(rt, scenarios).await;
}

use std::time::Duration;

use futures_util::future::FutureExt;
use futures_util::stream::StreamExt;
use withal::runtime::Runtime;
use withal::stream::{idle_timeout, next_or, try_collect};

use super::adaptors::source;
use super::{Scenario, read_all, sweep};
use crate::laws;
use crate::poll::yields;

// A-3, CM-17, CO-5, IT-11, IT-15, K1
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
        ("try_collect", 3, |rt, read| {
            async move {
                let all = try_collect::<_, Vec<_>, _, _, _>(source(&rt, &read, "a"));
                let all = all.await.expect("nothing fails");
                let is_settled = laws::is_settled(&read.log.events());
                assert!(is_settled, "collected: {}", read.log.trace());
                all.into_iter().for_each(|item| read.took(Ok(item)));
            }
            .boxed_local()
        }),
    ];
    sweep(rt, scenarios).await;
}

use std::sync::Arc;

use futures_util::future::{FutureExt, join};
use futures_util::stream::StreamExt;
use withal::runtime::Runtime;
use withal_sync::{Channel, Queue};

use super::{Scenario, read_all, scoped, sweep};

// CH-10, CM-17, IT-15, IT-18, Q-9, Q-30
pub async fn each_queue_and_channel<R: Runtime>(rt: &R) {
    let scenarios: &[Scenario<R>] = &[
        ("a queue", 3, |rt, read| {
            async move {
                let queue = Arc::new(Queue::bounded(1));
                let fills = async {
                    let mut feed = read.feed(&rt, "a/feed");
                    while let Some(item) = feed.next().await {
                        queue.push(item).await.expect("it is open");
                    }
                    queue.close();
                };
                let both = join(fills, read_all(&read, queue.stream()));
                scoped(&rt, &read, "a", both.map(drop)).await;
            }
            .boxed_local()
        }),
        ("a rendezvous", 3, |rt, read| {
            async move {
                let (sender, receiver) = Channel::bounded(0);
                let fills = async {
                    let mut feed = read.feed(&rt, "a/feed");
                    while let Some(item) = feed.next().await {
                        sender.send(item).await.expect("somebody receives");
                    }
                    drop(sender);
                };
                let both = join(fills, read_all(&read, receiver));
                scoped(&rt, &read, "a", both.map(drop)).await;
            }
            .boxed_local()
        }),
    ];
    sweep(rt, scenarios).await;
}

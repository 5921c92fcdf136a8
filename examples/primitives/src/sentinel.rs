//! A producer and two consumers, ended by a sentinel: as it is often written for asyncio.

use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::try_join3;
use withal::runtime::Runtime;
use withal::sync::queue::{PushError, Statistics};

use crate::{Print, Queue};

/// `None` is the sentinel.
type Item = Option<u32>;

/// What is left when the program has ended.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Left {
    /// The queue's books.
    pub queue: Statistics,
    /// Whether waiting for all work to be done would come to an end.
    pub can_be_joined: bool,
}

async fn producer<R: Runtime>(
    rt: &R,
    queue: &Queue<R, Item>,
    tick: Duration,
    print: Print<'_>,
) -> Result<(), PushError<Item>> {
    for item in 0..10 {
        queue.push(Some(item)).await?;
        print(format_args!("Produced: {item}"));
        rt.sleep(tick).await;
    }
    queue.push(None).await
}

async fn consumer<R: Runtime>(
    rt: &R,
    queue: &Queue<R, Item>,
    name: &str,
    tick: Duration,
    print: Print<'_>,
) -> Result<(), PushError<Item>> {
    while let Some(item) = queue.pop().await {
        let Some(item) = item else {
            // Passed on to the next consumer. But the last one passes it on to nobody; nobody
            // reports a sentinel as done, so it stays unfinished; and in a queue that is full there
            // may be no room for it.
            return queue.push(None).await;
        };
        print(format_args!("Consumer {name} processing: {item}"));
        rt.sleep(2 * tick).await;
        // Not reached if the work panics or is cancelled: then this item stays unfinished, too.
        let _ = queue.task_done();
    }
    Ok(())
}

/// Runs it, and looks at what it leaves.
///
/// # Cancel safety
///
/// Dropped, it drops the queue with what is in it.
///
/// # Errors
///
/// If the queue were closed, which it never is.
pub async fn run<R: Runtime>(
    rt: &R,
    tick: Duration,
    print: Print<'_>,
) -> Result<Left, PushError<Item>> {
    let queue = Queue::bounded(5);
    try_join3(
        producer(rt, &queue, tick, print),
        consumer(rt, &queue, "A", tick, print),
        consumer(rt, &queue, "B", tick, print),
    )
    .await?;
    let left = Left {
        queue: queue.statistics(),
        can_be_joined: queue.join().now_or_never().is_some(),
    };
    print(format_args!(
        "Left in the queue: {}; unfinished: {}; a join {}",
        left.queue.stored,
        left.queue.unfinished,
        if left.can_be_joined {
            "returns"
        } else {
            "would wait for ever"
        },
    ));
    Ok(left)
}

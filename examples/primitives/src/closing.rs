//! A producer and two consumers, ended by closing the queue.

use std::time::Duration;

use futures_util::future::try_join3;
use withal::runtime::Runtime;
use withal::sync::queue::{PushError, Statistics};

use crate::{Print, Queue};

async fn producer<R: Runtime>(
    rt: &R,
    queue: &Queue<R, u32>,
    tick: Duration,
    print: Print<'_>,
) -> Result<(), PushError<u32>> {
    for item in 0..10 {
        queue.push(item).await?;
        print(format_args!("Produced: {item}"));
        rt.sleep(tick).await;
    }
    // No item means the end. However many consumers there are, each gets what is left, and then
    // `None`.
    queue.close();
    Ok(())
}

async fn consumer<R: Runtime>(
    rt: &R,
    queue: &Queue<R, u32>,
    name: &str,
    tick: Duration,
    print: Print<'_>,
) -> Result<(), PushError<u32>> {
    while let Some(job) = queue.pop_job().await {
        print(format_args!("Consumer {name} processing: {}", *job));
        rt.sleep(2 * tick).await;
        // Dropped here, the job is done; and so it is if the work panics or is cancelled.
    }
    Ok(())
}

/// Runs it, and looks at what it leaves.
///
/// # Cancel safety
///
/// Dropped, it drops the queue with what is in it; what was being processed counts as done.
///
/// # Errors
///
/// If somebody else closed the queue: then the three end together.
pub async fn run<R: Runtime>(
    rt: &R,
    tick: Duration,
    print: Print<'_>,
) -> Result<Statistics, PushError<u32>> {
    let queue = Queue::bounded(5);
    // The three live and end together: the first error, a panic or a cancellation ends them all.
    try_join3(
        producer(rt, &queue, tick, print),
        consumer(rt, &queue, "A", tick, print),
        consumer(rt, &queue, "B", tick, print),
    )
    .await?;
    queue.join().await;
    let left = queue.statistics();
    print(format_args!(
        "Left in the queue: {}; unfinished: {}; a join returned",
        left.stored, left.unfinished,
    ));
    Ok(left)
}

//! Until when `main` runs.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use super::RunOptions;
use crate::runtime::{TaskError, TaskFuture, Timer};

/// Runs `main` to its end, or until the options say that it is to be dropped; drops it.
pub(super) async fn until_forced<R: Timer, M: Future>(
    rt: &R,
    options: &RunOptions,
    main: M,
) -> Result<Option<M::Output>, TaskError> {
    let mut main = pin!(Some(TaskFuture::new(main)));
    let mut grace = pin!(grace_over(rt, options));
    let mut force = pin!(forced(options));
    let ended = poll_fn(|cx| {
        if let Some(main) = main.as_mut().as_pin_mut() {
            if let Poll::Ready(ended) = main.poll(cx) {
                return Poll::Ready(ended.map(Some));
            }
        }
        let is_forced = force.as_mut().poll(cx).is_ready() || grace.as_mut().poll(cx).is_ready();
        if is_forced {
            Poll::Ready(Ok(None))
        } else {
            Poll::Pending
        }
    });
    let ended = ended.await;
    // A panic in a destructor must not get past the end, either.
    let dropped = catch_unwind(AssertUnwindSafe(|| main.set(None)));
    ended.and_then(|output| dropped.map_err(TaskError::panicked).map(|()| output))
}

async fn grace_over<R: Timer>(rt: &R, options: &RunOptions) {
    match (&options.token, options.grace) {
        (Some(token), Some(grace)) => {
            token.cancelled().await;
            rt.sleep(grace).await;
        }
        _ => std::future::pending().await,
    }
}

async fn forced(options: &RunOptions) {
    match &options.force {
        Some(force) => force.cancelled().await,
        None => std::future::pending().await,
    }
}

//! Drops what is played: by foreign code, and by combinators of ours.
//!
//! This file is compiled twice, by `sendable` and by `local`, which say what a scope and a block are.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::thread;

use futures_util::future::{self, FutureExt, join, select};
use futures_util::stream::{FuturesUnordered, StreamExt, once};
use withal::Either;
use withal::runtime::Cleanup;

use super::play::{block, gave};
use super::{Block, cancel, close, either, task, timeout};
use crate::foreign::OnDrop;
use crate::soak::cast::{Broken, Cast, Fault, panic_at};
use crate::soak::clock::time;
use crate::soak::event::{How, What};
use crate::soak::script::{Id, NONE, Op, Way};
use crate::soak::stage::Stage;

/// What became of a branch that catches panics.
type Caught = thread::Result<Result<(), Fault>>;

pub(super) fn stop<R: Cleanup>(cast: &Cast<R>, id: Id, way: Way, region: u64) -> Block<'_> {
    let stage = cast.stage();
    stage.begin(id, if cast.node(id).b == NONE { 1 } else { 2 });
    let way = match way {
        Way::Race if cast.broken == Some(Broken::HastyRaces) => Way::Select,
        way => way,
    };
    let region = region | 1 << id;
    let acts = async move || {
        stage.asked(id).await;
        stage.fire(id);
    };
    Box::pin(async move {
        // Dropped by a stop further out, it is over as well. (A task is when its executor drops it.)
        let _over = (way != Way::Abort).then(|| OnDrop::new(|| stage.fire(id)));
        let mut inside = branches(cast, id, region);
        let ended = match way {
            Way::Drop => {
                let ended = unless_asked(stage, id, &mut inside).await;
                stage.fire(id);
                drop(inside);
                ended
            }
            Way::Select => match select(inside, pin!(acts())).await {
                future::Either::Left((result, _)) => Some(result),
                future::Either::Right(_) => None,
            },
            Way::Unordered => {
                drop(inside);
                unordered(cast, id, region).await
            }
            Way::Unwind => {
                let panics = pin!(async {
                    acts().await;
                    panic_at(id);
                });
                match select(inside, panics).await {
                    future::Either::Left((result, _)) => Some(result),
                    future::Either::Right((never, _)) => never,
                }
            }
            Way::Abort => {
                drop(inside);
                task(cast, id, region).await.map(passed)
            }
            Way::Race => match either(inside, acts()).await {
                Either::Left(result) => Some(result),
                Either::Right(()) => None,
            },
            Way::Timeout => timeout(&cast.rt, time(id), inside).await.ok(),
            Way::Cancel => {
                let ended = unless_asked(stage, id, &mut inside).await;
                stage.fire(id);
                cancel(inside).await;
                ended
            }
            Way::Close => {
                let mut stream = Box::pin(once(inside));
                let ended = unless_asked(stage, id, stream.next()).await;
                stage.fire(id);
                close(stream).await;
                ended.flatten()
            }
        };
        match ended {
            Some(result) => gave(stage, id, result),
            None => {
                stage.note(What::Gave, id, How::Cancelled);
                Ok(())
            }
        }
    })
}

/// The branches of a stop, or of a task, side by side.
pub(in crate::soak) fn branches<R: Cleanup>(cast: &Cast<R>, id: Id, region: u64) -> Block<'_> {
    let node = cast.node(id);
    if node.b == NONE {
        let holder = if matches!(node.op, Op::Stop(_)) {
            id
        } else {
            NONE
        };
        return block(cast, node.a, region, holder);
    }
    Box::pin(async move {
        let (a, b) = (
            branch(cast, id, node.a, region),
            branch(cast, id, node.b, region),
        );
        let (a, b) = join(a, b).await;
        passed(a)?;
        passed(b)
    })
}

/// One of two: it catches panics, so that both end or stall.
async fn branch<R: Cleanup>(cast: &Cast<R>, id: Id, first: Id, region: u64) -> Caught {
    let result = caught(block(cast, first, region, id)).await;
    cast.stage().end(id);
    result
}

async fn unordered<R: Cleanup>(cast: &Cast<R>, id: Id, region: u64) -> Option<Result<(), Fault>> {
    let node = cast.node(id);
    let (mut set, mut results) = (FuturesUnordered::new(), [const { None }; 2]);
    if node.b == NONE {
        set.push(future::Either::Left(async {
            (0, Ok(block(cast, node.a, region, id).await))
        }));
    } else {
        for (place, first) in [node.a, node.b].into_iter().enumerate() {
            set.push(future::Either::Right(async move {
                (place, branch(cast, id, first, region).await)
            }));
        }
    }
    let collected = async {
        while let Some((place, result)) = set.next().await {
            results[place] = Some(result);
        }
    };
    let ended = unless_asked(cast.stage(), id, pin!(collected)).await;
    cast.stage().fire(id);
    drop(set);
    let both = || results.into_iter().flatten().map(passed);
    ended.map(|()| both().find(Result::is_err).unwrap_or(Ok(())))
}

/// Polls `future`, until it ends or the stop shall act.
async fn unless_asked<F: Future + Unpin>(stage: &Stage, id: Id, future: F) -> Option<F::Output> {
    let (mut future, mut asked) = (future, pin!(stage.asked(id)));
    poll_fn(|cx| match Pin::new(&mut future).poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => asked.as_mut().poll(cx).map(|()| None),
    })
    .await
}

pub(super) async fn caught(block: Block<'_>) -> Caught {
    AssertUnwindSafe(block).catch_unwind().await
}

pub(super) fn passed(caught: Caught) -> Result<(), Fault> {
    caught.unwrap_or_else(|payload| resume_unwind(payload))
}

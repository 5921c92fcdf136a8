//! Plays a script: each step is what it says, in the ordinary code of a user of the library.
//!
//! This file is compiled twice, by `sendable` and by `local`, which say what a scope and a block are.

use std::future::{Future, pending, poll_fn};
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::thread;

use futures_util::future::{self, FutureExt, join, select};
use futures_util::stream::{FuturesUnordered, StreamExt, once};
use withal::runtime::Cleanup;
use withal::scope::{ExitError, Lend};
use withal::{
    Abandon, Either, HandOver, ScopeError, Synchronous, enter_in, with, with_detailed,
    with_suppressing, with_unseen_error,
};

use super::actor::Actor;
use super::{Block, await_cleanup, cancel, close, manager, race, scope_fn, shield, task, timeout};
use crate::foreign::OnDrop;
use crate::poll::yields;
use crate::soak::cast::{Broken, Cast, Fault, panic_at, panicked_at};
use crate::soak::clock::time;
use crate::soak::event::{How, What};
use crate::soak::script::{Form, Id, NONE, Op, Way};
use crate::soak::stage::Stage;

/// What became of a branch that catches panics.
type Caught = thread::Result<Result<(), Fault>>;

/// Plays a block. The stops in `region`, a set of bits, drop it when they act; it is a branch of
/// `holder`, if that is one.
pub(in crate::soak) fn block<R: Cleanup>(
    cast: &Cast<R>,
    first: Id,
    region: u64,
    holder: Id,
) -> Block<'_> {
    Box::pin(async move {
        let mut next = first;
        while next != NONE {
            let caught = AssertUnwindSafe(step(cast, next, region))
                .catch_unwind()
                .await;
            next = cast.node(next).next;
            // An exit in progress was let end; what comes behind it is not. (But a combinator's
            // future may have ended by that.)
            let is_last = next == NONE || !matches!(caught, Ok(Ok(())));
            let own = if is_last && holder != NONE {
                1 << holder
            } else {
                0
            };
            if cast.stage().has_fired(region & !own) {
                pending().await
            }
            passed(caught)?;
        }
        Ok(())
    })
}

async fn step<R: Cleanup>(cast: &Cast<R>, id: Id, region: u64) -> Result<(), Fault> {
    let (stage, node) = (cast.stage(), cast.node(id));
    match node.op {
        Op::Yield => yields(1).await,
        Op::Fail => return Err(Fault(id)),
        Op::Panic => panic_at(id),
        Op::Stall { at, .. } => stall(stage, at, region).await,
        Op::Overrun(scope) => stage.overrun(scope).await,
        Op::Scope(form, _) => return scope(cast, id, form, region).await,
        Op::Stop(way) => return stop(cast, id, way, region).await,
        Op::Await => {
            return gave(
                stage,
                id,
                await_cleanup(block(cast, node.a, region, NONE)).await,
            );
        }
        Op::Task => {
            let result = task(cast, id, 0).await.map(passed);
            return gave(stage, id, result.unwrap_or(Ok(())));
        }
        Op::Shield => return gave(stage, id, shield(cast, node.a).await),
        Op::Catch => {
            let caught = caught(block(cast, node.a, region, NONE)).await;
            let how = match &caught {
                Ok(result) => how(result),
                Err(payload) => How::Panicked(panicked_at(&**payload)),
            };
            stage.note(What::Gave, id, how);
        }
    }
    Ok(())
}

/// A body goes no further; an exit goes on when the stop acts.
async fn stall(stage: &Stage, at: Id, region: u64) {
    if region & 1 << at != 0 {
        stage.ask(at);
        pending().await
    }
    if !stage.has_fired(1 << at) {
        stage.stall(at).await;
    }
}

fn scope<R: Cleanup>(cast: &Cast<R>, id: Id, form: Form, region: u64) -> Block<'_> {
    let rt = &cast.rt;
    let body = async move || {
        let result = block(cast, cast.node(id).a, region, NONE).await;
        result.map(|()| id)
    };
    Box::pin(async move {
        let (how, result) = match form {
            Form::With => {
                let scope = manager(Actor::<_, HandOver>::new(cast, id));
                told(id, with(rt, scope, async |_| body().await).await)
            }
            Form::Detailed => {
                let scope = manager(Actor::<_, HandOver>::new(cast, id));
                match with_detailed(rt, scope, async |_| body().await).await {
                    Err(error) => (How::NotEntered(error.0), Err(error)),
                    Ok(detailed) => told(
                        id,
                        match (detailed.body, detailed.exit) {
                            (Some(Ok(value)), Ok(())) => Ok(value),
                            (Some(Ok(value)), Err(error)) => Err(ScopeError::Exit { error, value }),
                            (Some(Err(body)), Ok(())) => Err(ScopeError::Body(body)),
                            (Some(Err(body)), Err(exit)) => Err(ScopeError::Both { body, exit }),
                            (None, _) => Err(ScopeError::Overdue(time(id))),
                        },
                    ),
                }
            }
            Form::Suppressing => {
                let scope = manager(Actor::<_, HandOver>::new(cast, id));
                match with_suppressing(rt, scope, async |_| body().await).await {
                    Ok(None) => (How::Swallowed, Ok(())),
                    Ok(Some(value)) => told(id, Ok::<_, ScopeError<_, _>>(value)),
                    Err(error) => told(id, Err(error)),
                }
            }
            Form::Unseen => {
                let scope = manager(Actor::<_, HandOver>::new(cast, id));
                told(
                    id,
                    with_unseen_error(rt, scope, async |_| body().await).await,
                )
            }
            Form::Closure => {
                let actor = Actor::<_, HandOver>::new(cast, id);
                let scope = manager(scope_fn(async move |lend: Lend<Id>| {
                    let (_, ended) = lend.lend(actor.enter().await?).await;
                    actor.exit(kind(ended.kind())).await?;
                    Ok::<_, Fault>(ended)
                }));
                told(id, with(rt, scope, async |_| body().await).await)
            }
            Form::Budget => {
                let scope = manager(Actor::<_, HandOver>::new(cast, id));
                let with = with(rt, scope, async |_| body().await);
                told(id, with.budget(time(id)).await)
            }
            Form::Guard => match enter_in(rt, manager(Actor::<_, HandOver>::new(cast, id))).await {
                Err(error) => (How::NotEntered(error.0), Err(error)),
                Ok(guard) => {
                    let result = body().await;
                    told(id, guard.exit(result).await)
                }
            },
            Form::Synchronous => {
                let scope = manager(Actor::<_, Synchronous>::new(cast, id));
                told(id, with(rt, scope, async |_| body().await).await)
            }
            Form::Abandon => {
                let scope = manager(Actor::<_, Abandon>::new(cast, id));
                told(id, with(rt, scope, async |_| body().await).await)
            }
        };
        cast.stage().note(What::Gave, id, how);
        result
    })
}

fn kind(kind: withal::scope::ExitKind) -> How {
    match kind {
        withal::scope::ExitKind::Completed => How::Completed,
        withal::scope::ExitKind::Failed => How::Failed(NONE),
        withal::scope::ExitKind::Cancelled => How::Cancelled,
        _ => How::Panicked(NONE),
    }
}

/// What the caller of a scope got, and the error it goes on with.
fn told<V>(id: Id, result: Result<Id, ScopeError<Fault, Fault, V>>) -> (How, Result<(), Fault>) {
    match result {
        Ok(value) if value == id => (How::Completed, Ok(())),
        Ok(_) => (How::Plain, Ok(())),
        Err(ScopeError::Enter(x)) => (How::NotEntered(x.0), Err(x)),
        Err(ScopeError::Body(e)) => (How::Failed(e.0), Err(e)),
        Err(ScopeError::Exit {
            error: ExitError::Failed(x),
            ..
        }) => (How::ExitFailed(x.0), Err(x)),
        Err(ScopeError::Both {
            body,
            exit: ExitError::Failed(x),
        }) => (How::BothFailed(body.0, x.0), Err(body)),
        Err(_) => (How::Overdue, Err(Fault(id))),
    }
}

fn stop<R: Cleanup>(cast: &Cast<R>, id: Id, way: Way, region: u64) -> Block<'_> {
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
            Way::Race => match race(inside, acts()).await {
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

async fn caught(block: Block<'_>) -> Caught {
    AssertUnwindSafe(block).catch_unwind().await
}

fn passed(caught: Caught) -> Result<(), Fault> {
    caught.unwrap_or_else(|payload| resume_unwind(payload))
}

/// What came out of the block in `id`.
fn gave(stage: &Stage, id: Id, result: Result<(), Fault>) -> Result<(), Fault> {
    stage.note(What::Gave, id, how(&result));
    result
}

pub(in crate::soak) fn how(result: &Result<(), Fault>) -> How {
    match result {
        Ok(()) => How::Completed,
        Err(Fault(id)) => How::Failed(*id),
    }
}

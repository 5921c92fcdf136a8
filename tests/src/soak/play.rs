//! Plays a script: each step is what it says, in the ordinary code of a user of the library.
//!
//! This file is compiled twice, by `sendable` and by `local`, which say what a scope and a block are.

use std::future::pending;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use withal::runtime::Cleanup;
use withal::scope::{ExitError, ExitKind, Lend};
use withal::{
    Abandon, HandOver, ScopeError, Synchronous, enter_in, with, with_detailed, with_suppressing,
    with_unseen_error,
};

use super::actor::Actor;
use super::stops::{caught, passed, stop};
use super::{Block, await_cleanup, manager, scope_fn, shield, task};
use crate::poll::yields;
use crate::soak::cast::{Cast, Fault, panic_at, panicked_at};
use crate::soak::clock::time;
use crate::soak::event::{How, What};
use crate::soak::script::{Form, Id, NONE, Op};
use crate::soak::stage::Stage;

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

fn kind(kind: ExitKind) -> How {
    match kind {
        ExitKind::Completed => How::Completed,
        ExitKind::Failed => How::Failed(NONE),
        ExitKind::Cancelled => How::Cancelled,
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

/// What came out of the block in `id`.
pub(super) fn gave(stage: &Stage, id: Id, result: Result<(), Fault>) -> Result<(), Fault> {
    stage.note(What::Gave, id, how(&result));
    result
}

pub(in crate::soak) fn how(result: &Result<(), Fault>) -> How {
    match result {
        Ok(()) => How::Completed,
        Err(Fault(id)) => How::Failed(*id),
    }
}

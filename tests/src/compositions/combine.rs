//! The combinators, and the laws of what each gives.

use std::ops::ControlFlow;
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use withal::runtime::{TaskError, Timer as _};
use withal::sync::CancelToken;
use withal::sync::group::{LocalGroup, local_group};
use withal::{
    Either, ErrorGroup, Outcome, TaskGroup, as_completed, await_cleanup, cancel, cancel_scope,
    either, for_each, generator, join, join_settled, race, race_ok, race_staggered, shield, spawn,
    task_group, timeout, try_join,
};

use super::foreign::{after, gives_up};
use super::ledger::{Fault, Given};
use super::plan::{How, Plan};
use super::play::{Cast, millis};
use crate::poll::yields;

/// Plays `plan`, which is a combinator.
pub(super) fn play(how: How, cast: Cast, plan: Arc<Plan>) -> BoxFuture<'static, Given> {
    match how {
        How::Timeout(span) => Box::pin(limited(cast, plan, span)),
        How::Either => Box::pin(one_of_two(cast, plan)),
        How::Join => Box::pin(joined(cast, plan)),
        How::TryJoin => Box::pin(tried(cast, plan)),
        How::JoinSettled => Box::pin(settled(cast, plan)),
        How::Race => Box::pin(raced(cast, plan)),
        How::RaceOk => Box::pin(raced_for_success(cast, plan)),
        How::AwaitCleanup => Box::pin(awaited(cast, plan)),
        How::Shield(span) => Box::pin(shielded(cast, plan, span)),
        How::Cancel(polls) => Box::pin(cancelled(cast, plan, polls)),
        How::Task => Box::pin(spawned(cast, plan)),
        How::CancelledTask(polls) => Box::pin(spawned_and_cancelled(cast, plan, polls)),
        How::TaskGroup(limit) => Box::pin(grouped(cast, plan, limit)),
        How::LocalGroup(limit) => Box::pin(grouped_here(cast, plan, limit)),
        How::CancelScope { time, grace } => Box::pin(scoped(cast, plan, time, grace)),
        How::Staggered(delay) => Box::pin(staggered(cast, plan, delay)),
        How::AsCompleted(most) => Box::pin(as_they_come(cast, plan, most)),
        How::Token(span) => Box::pin(until_cancelled(cast, plan, span)),
        How::Loop => Box::pin(looped(cast, plan)),
        How::Foreign(polls) | How::Hasty(polls) => Box::pin(foreign(cast, plan, polls)),
    }
}

async fn limited(cast: Cast, plan: Arc<Plan>, span: u8) -> Given {
    let began = cast.rt.now();
    match timeout(&cast.rt, millis(span), cast.part(&plan, 0)).await {
        Ok(given) => passed_on(&cast, &plan, given),
        Err(_elapsed) => {
            let ended = cast.rt.now();
            cast.ledger
                .law(cast.rt.elapsed(began, ended) >= millis(span), || {
                    format!("{} elapsed too early", plan.id)
                });
            never_gave(&cast, &plan);
            Err(Fault(plan.id))
        }
    }
}

async fn one_of_two(cast: Cast, plan: Arc<Plan>) -> Given {
    let (winner, given) = match either(cast.part(&plan, 0), cast.part(&plan, 1)).await {
        Either::Left(given) => (0, given),
        Either::Right(given) => (1, given),
    };
    cast.ledger.same(plan.parts[winner].id, given);
    first_given(&cast, &plan, given, |_| true);
    given
}

async fn joined(cast: Cast, plan: Arc<Plan>) -> Given {
    let given = join(cast.parts(&plan)).await;
    all_given(&cast, &plan, given.iter().copied());
    Ok(plan.id)
}

async fn tried(cast: Cast, plan: Arc<Plan>) -> Given {
    match try_join(cast.parts(&plan)).await {
        Ok(values) => {
            all_given(&cast, &plan, values.into_iter().map(Ok));
            Ok(plan.id)
        }
        Err(fault) => {
            first_given(&cast, &plan, Err(fault), Result::is_err);
            Err(fault)
        }
    }
}

async fn settled(cast: Cast, plan: Arc<Plan>) -> Given {
    let outcomes = join_settled(cast.parts(&plan)).await;
    for (part, outcome) in plan.parts.iter().zip(outcomes) {
        match outcome {
            Outcome::Ok(value) => cast.ledger.same(part.id, Ok(value)),
            Outcome::Err(fault) => cast.ledger.same(part.id, Err(fault)),
            Outcome::Panicked(_) => none_given(&cast, part.id),
            Outcome::Cancelled => cast
                .ledger
                .law(false, || format!("{} was cancelled by nobody", part.id)),
        }
    }
    Ok(plan.id)
}

async fn raced(cast: Cast, plan: Arc<Plan>) -> Given {
    let given = race(cast.parts(&plan)).await;
    first_given(&cast, &plan, given, |_| true);
    given
}

async fn raced_for_success(cast: Cast, plan: Arc<Plan>) -> Given {
    match race_ok(cast.parts(&plan)).await {
        Ok(value) => {
            first_given(&cast, &plan, Ok(value), Result::is_ok);
            Ok(value)
        }
        Err(failed) => {
            let faults = failed.into_errors();
            all_given(&cast, &plan, faults.into_iter().map(Err));
            Err(Fault(plan.id))
        }
    }
}

async fn awaited(cast: Cast, plan: Arc<Plan>) -> Given {
    let given = await_cleanup(cast.part(&plan, 0)).await;
    passed_on(&cast, &plan, given)
}

async fn shielded(cast: Cast, plan: Arc<Plan>, span: u8) -> Given {
    match shield(&cast.rt, millis(span), cast.part(&plan, 0)).await {
        Ok(given) => passed_on(&cast, &plan, given),
        Err(_elapsed) => {
            never_gave(&cast, &plan);
            Err(Fault(plan.id))
        }
    }
}

async fn cancelled(cast: Cast, plan: Arc<Plan>, polls: u8) -> Given {
    let part = async {
        match after(polls.into(), cast.part(&plan, 0)).await {
            Ok(given) => passed_on(&cast, &plan, given),
            Err(part) => {
                cancel(part).await;
                none_given(&cast, plan.parts[0].id);
                Ok(plan.id)
            }
        }
    };
    // What was dropped in it before is not the cancel's.
    await_cleanup(part).await
}

async fn spawned(cast: Cast, plan: Arc<Plan>) -> Given {
    let task = spawn(&cast.rt, cast.part(&plan, 0));
    passed_on_by_task(&cast, &plan, task.await)
}

async fn spawned_and_cancelled(cast: Cast, plan: Arc<Plan>, polls: u8) -> Given {
    let task = spawn(&cast.rt, cast.part(&plan, 0));
    yields(polls.into()).await;
    passed_on_by_task(&cast, &plan, task.cancel().await)
}

fn passed_on_by_task(cast: &Cast, plan: &Plan, ended: Result<Given, TaskError>) -> Given {
    match ended {
        Ok(given) => passed_on(cast, plan, given),
        Err(panicked) if panicked.is_panic() => panicked.resume(),
        Err(_cancelled) => {
            none_given(cast, plan.parts[0].id);
            Err(Fault(plan.id))
        }
    }
}

async fn grouped(cast: Cast, plan: Arc<Plan>, limit: u8) -> Given {
    let (body, children) = plan.parts.split_first().expect("there is a body");
    let group = task_group(&cast.rt, async |group: TaskGroup<_, Fault>| {
        for child in children {
            // The group waits, and the ledger hears what it gave.
            drop(group.spawn(cast.play(child)));
        }
        cast.play(body).await
    });
    group_gave(&cast, &plan, group.limit(limit.into()).await)
}

async fn grouped_here(cast: Cast, plan: Arc<Plan>, limit: u8) -> Given {
    let (body, children) = plan.parts.split_first().expect("there is a body");
    let group = local_group(async |group: LocalGroup<'_, Fault>| {
        for child in children {
            drop(group.spawn(cast.play(child)));
        }
        cast.play(body).await
    });
    group_gave(&cast, &plan, group.limit(limit.into()).await)
}

fn group_gave(cast: &Cast, plan: &Plan, ended: Result<usize, ErrorGroup<Fault>>) -> Given {
    let (body, children) = plan.parts.split_first().expect("there is a body");
    let faults = cast.ledger.faults(children.iter().map(|child| child.id));
    match ended {
        Ok(value) => {
            cast.ledger.same(body.id, Ok(value));
            cast.ledger
                .law(faults.is_empty(), || format!("{faults:?} were lost"));
            Ok(plan.id)
        }
        Err(errors) => {
            let expected = [faults, cast.ledger.faults([body.id])].concat();
            let given: Vec<_> = errors.leaves().map(|(_, fault)| *fault).collect();
            cast.ledger.law(given == expected, || {
                format!("{given:?} came out, and {expected:?} went in")
            });
            Err(Fault(plan.id))
        }
    }
}

async fn scoped(cast: Cast, plan: Arc<Plan>, time: u8, grace: u8) -> Given {
    let began = cast.rt.now();
    let scope = cancel_scope(&cast.rt, async |_| cast.part(&plan, 0).await);
    let end = scope.timeout(millis(time)).grace(millis(grace)).await;
    let lasted = cast.rt.elapsed(began, cast.rt.now());
    let (elapsed, caught) = (end.elapsed(), end.cancelled_caught());
    cast.ledger.law(!elapsed || lasted >= millis(time), || {
        format!("{} was asked too early", plan.id)
    });
    cast.ledger
        .law(!caught || lasted >= millis(time) + millis(grace), || {
            format!("{} was dropped too early", plan.id)
        });
    match end.or_elapsed() {
        Ok(Some(given)) => passed_on(&cast, &plan, given),
        Ok(None) => unreachable!("nobody else asks"),
        Err(_elapsed) => {
            none_given(&cast, plan.parts[0].id);
            Err(Fault(plan.id))
        }
    }
}

async fn staggered(cast: Cast, plan: Arc<Plan>, delay: u8) -> Given {
    let candidates = plan.parts.iter().map(|part| || cast.play(part));
    match race_staggered(&cast.rt, millis(delay), candidates).await {
        Ok(won) => {
            cast.ledger.same(plan.parts[won.index].id, Ok(won.value));
            first_given(&cast, &plan, Ok(won.value), Result::is_ok);
            Ok(won.value)
        }
        Err(failed) => {
            let faults = failed.into_errors();
            all_given(&cast, &plan, faults.into_iter().map(Err));
            Err(Fault(plan.id))
        }
    }
}

async fn as_they_come(cast: Cast, plan: Arc<Plan>, most: u8) -> Given {
    let outputs = as_completed(cast.parts(&plan)).take(most.into());
    let (mut came, mut latest) = (0, None);
    for_each(outputs, async |(index, given): (usize, Given)| {
        cast.ledger.same(plan.parts[index].id, given);
        came += 1;
        latest = Some(given);
    })
    .await;
    cast.ledger
        .law(came == plan.parts.len().min(most.into()), || {
            format!("{} gave {came} outputs", plan.id)
        });
    latest.unwrap_or(Ok(plan.id))
}

async fn until_cancelled(cast: Cast, plan: Arc<Plan>, span: u8) -> Given {
    let token = CancelToken::new();
    let asks = async {
        cast.rt.sleep(millis(span)).await;
        token.cancel();
    };
    match join((token.run_until_cancelled(cast.part(&plan, 0)), asks))
        .await
        .0
    {
        Ok(given) => passed_on(&cast, &plan, given),
        Err(_cancelled) => {
            none_given(&cast, plan.parts[0].id);
            Err(Fault(plan.id))
        }
    }
}

async fn looped(cast: Cast, plan: Arc<Plan>) -> Given {
    let items = generator(async |y| {
        // A part is played once, since it has one number; the second item is there to be closed at.
        let given = cast.part(&plan, 0).await;
        y.yield_(given).await;
        y.yield_(given).await;
    });
    let flow = for_each(items, async |given| ControlFlow::Break(given)).await;
    match flow {
        ControlFlow::Break(given) => passed_on(&cast, &plan, given),
        ControlFlow::Continue(()) => unreachable!("the first item breaks"),
    }
}

async fn foreign(cast: Cast, plan: Arc<Plan>, polls: u8) -> Given {
    match gives_up(polls.into(), cast.part(&plan, 0)).await {
        Some(given) => passed_on(&cast, &plan, given),
        None => Ok(plan.id),
    }
}

/// The combinator gives what its only part gave.
fn passed_on(cast: &Cast, plan: &Plan, given: Given) -> Given {
    cast.ledger.same(plan.parts[0].id, given);
    given
}

/// Each part gave what the combinator says, in this order.
fn all_given(cast: &Cast, plan: &Plan, given: impl ExactSizeIterator<Item = Given>) {
    cast.ledger.law(given.len() == plan.parts.len(), || {
        format!("{} gave for {} parts", plan.id, given.len())
    });
    for (part, given) in plan.parts.iter().zip(given) {
        cast.ledger.same(part.id, given);
    }
}

/// Of the parts that gave what `counts`, the first gave `given`.
fn first_given(cast: &Cast, plan: &Plan, given: Given, counts: impl Fn(&Given) -> bool) {
    let ids = plan.parts.iter().map(|part| part.id);
    let first = cast.ledger.first(ids, counts);
    cast.ledger
        .law(first.map(|(_, first)| first) == Some(given), || {
            format!("{} gave {given:?}, and {first:?} was first", plan.id)
        });
}

/// A part that was cancelled has not given anything that is lost.
fn never_gave(cast: &Cast, plan: &Plan) {
    none_given(cast, plan.parts[0].id);
}

fn none_given(cast: &Cast, part: usize) {
    let given = cast.ledger.given(part);
    cast.ledger.law(given.is_none(), || {
        format!("{part} was cancelled, and had given {given:?}")
    });
}

use core::future::{Future, pending};

use withal_core::JoinError;
use withal_core::cancel::Cancellable;

use super::*;
use crate::CancelToken;
use crate::cancel_token::CancelKind;

/// Cancels `future` when it is polled for the `polls`th time, and waits.
async fn cancelled_at<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut future = core::pin::pin!(Cancellable::new("cancelled_at", future).local());
    for _ in 0..polls {
        let polled = poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await;
        if let Poll::Ready(output) = polled {
            return Some(output);
        }
        yields(1).await;
    }
    poll_fn(|cx| future.as_mut().poll_cancel(cx)).await;
    None
}

// TG-20, TG-22
#[test]
fn cancelling_ends_the_children_and_is_no_failure() {
    let trace = Trace::default();
    let ended = drive(single_thread::local_group(async |group| {
        let trace = &trace;
        let child = group.spawn(async move {
            let _guard = Guard(trace, "child");
            pending::<Result<(), Failure>>().await
        });
        yields(1).await;
        assert!(group.cancel(), "the first");
        assert!(!group.cancel(), "there is nothing to add");
        assert!(group.token().is_cancelled());
        // The body goes on.
        assert_eq!(child.await, Err(JoinError::Cancelled));
        trace.push("body");
        Ok(1)
    }));
    assert_eq!(ended.unwrap(), 1);
    trace.assert("~child body");
}

// TG-20, TG-2: also above a limit, and those that are on their way.
#[test]
fn cancelling_reaches_children_that_have_not_begun() {
    let trace = Trace::default();
    let ended = drive(
        single_thread::local_group(async |group| {
            let trace = &trace;
            for name in ["a", "b", "c"] {
                let guard = Guard(trace, name);
                group.spawn(async move {
                    trace.push(name);
                    let _guard = guard;
                    pending::<Result<(), Failure>>().await
                });
            }
            yields(1).await;
            let late = Guard(trace, "late");
            group.spawn(async move {
                trace.push("late");
                let _late = late;
                Ok(())
            });
            group.cancel();
            Ok(())
        })
        .limit(1),
    );
    ended.unwrap();
    trace.assert("a ~a ~b ~c ~late");
}

// TG-21: issue gh-155418 of CPython.
#[test]
fn a_child_that_cancels_its_group_before_it_ever_waits() {
    let ended = drive(local_group(async |group| {
        let siblings = group.clone();
        let first = group.spawn(async move {
            siblings.cancel();
            Ok::<_, Failure>(1)
        });
        let never = group.spawn(pending::<Result<(), Failure>>());
        // It had ended before anybody could cancel it.
        assert_eq!(first.await, Ok(1));
        assert_eq!(never.await, Err(JoinError::Cancelled));
        Ok(2)
    }));
    assert_eq!(ended.unwrap(), 2);
    // And one that never ends by itself.
    let ended = drive(local_group(async |group| {
        let siblings = group.clone();
        group.spawn(async move {
            siblings.cancel();
            pending::<Result<(), Failure>>().await
        });
        Ok(())
    }));
    ended.unwrap();
}

// TG-21: issue gh-155433 of CPython.
#[test]
fn a_cancellation_from_outside_that_comes_later_is_not_swallowed() {
    for polls in 0..8 {
        let trace = Trace::default();
        let after = drive(cancelled_at(polls, async {
            let ended = single_thread::local_group(async |group| {
                group.spawn(async {
                    let _guard = Guard(&trace, "child");
                    pending::<Result<(), Failure>>().await
                });
                yields(1).await;
                group.cancel();
                let _guard = Guard(&trace, "body");
                pending::<Result<(), Failure>>().await
            })
            .await;
            trace.push("after");
            ended
        }));
        assert!(after.is_none(), "after {polls} polls");
        trace.assert(match polls {
            0 => "",
            1 => "~child",
            _ => "~child ~body",
        });
    }
}

// TG-21, TG-2: issue gh-150355 of CPython.
#[test]
fn what_is_spawned_after_a_cancel_says_that_the_group_is_closed() {
    let trace = Trace::default();
    let ended = drive(single_thread::local_group(async |group| {
        group.cancel();
        let guard = Guard(&trace, "spawned");
        let handle = group.spawn(async move {
            drop(guard);
            Ok::<_, Failure>(())
        });
        assert!(handle.is_finished());
        assert_eq!(handle.await, Err(JoinError::Closed));
        let refused = group.try_spawn(async { Ok(3) });
        // It can run elsewhere.
        let value = refused.unwrap_err().0.await;
        Ok(value.unwrap())
    }));
    assert_eq!(ended.unwrap(), 3);
    trace.assert("~spawned");
}

// TG-20: what is cancelled has ended before.
#[test]
fn cancelling_what_has_ended_changes_nothing() {
    let ended = drive(local_group(async |group| {
        let child = group.spawn(async { Ok::<_, Failure>(1) });
        yields(1).await;
        assert!(child.is_finished());
        child.cancel();
        group.cancel();
        Ok(child.await.unwrap())
    }));
    assert_eq!(ended.unwrap(), 1);
}

// TG-20, TG-23
#[test]
fn a_group_follows_its_token_and_that_its_parent() {
    let parent = CancelToken::new();
    let mut group = Task::waiting(
        local_group(async |group| {
            let child = group.spawn(pending::<Result<(), Failure>>());
            let joined = child.await;
            Ok((joined, group.token().clone()))
        })
        .parent(&parent),
    );
    assert!(!group.woken());
    parent.cancel_with("going down");
    assert!(group.woken());
    let (joined, token) = group.ready().unwrap();
    assert_eq!(joined, Err(JoinError::Cancelled));
    assert_eq!(token.reason().unwrap().text(), Some("going down"));

    // The token itself, and not its parent.
    let parent = CancelToken::new();
    let ended = drive(
        local_group(async |group| {
            let child = group.spawn(pending::<Result<(), Failure>>());
            group.token().cancel();
            assert!(group.try_spawn(async { Ok(()) }).is_err());
            Ok(child.await)
        })
        .parent(&parent),
    );
    assert_eq!(ended.unwrap(), Err(JoinError::Cancelled));
    assert!(!parent.is_cancelled());
}

// TG-20, TG-23
#[test]
fn a_group_whose_parent_is_cancelled_before_begins_cancelled() {
    let parent = CancelToken::new();
    parent.cancel();
    let ended = drive(
        local_group(async |group| {
            let child = group.spawn(async { Ok::<_, Failure>(()) });
            Ok(child.await)
        })
        .parent(&parent),
    );
    assert_eq!(ended.unwrap(), Err(JoinError::Closed));
}

// TG-20
#[test]
fn the_token_tells_why_the_group_ends() {
    let tokens = RefCell::new(Vec::new());
    let keep = |token: &CancelToken| tokens.borrow_mut().push(token.clone());
    let failed = single_thread::local_group(async |group| {
        keep(group.token());
        Err::<(), _>("failed")
    });
    drive(failed).unwrap_err();
    let cancelled = single_thread::local_group(async |group| {
        keep(group.token());
        group.cancel_with("enough");
        Ok::<_, Failure>(())
    });
    drive(cancelled).unwrap();
    let dropped = Task::waiting(single_thread::local_group(async |group| {
        keep(group.token());
        pending::<Result<(), Failure>>().await
    }));
    drop(dropped);
    let kinds = tokens.take();
    let kinds = kinds.iter().map(|token| token.reason().unwrap().kind());
    assert_eq!(
        kinds.collect::<Vec<_>>(),
        [
            CancelKind::GroupFailed,
            CancelKind::Requested,
            CancelKind::Dropped
        ]
    );
}

// TG-10: dropped by somebody who waits.
#[test]
fn a_cancelled_group_drops_the_body_and_then_the_children() {
    let trace = Trace::default();
    let handle = RefCell::new(None);
    let ended = drive(cancelled_at(
        2,
        single_thread::local_group(async |group| {
            let trace = &trace;
            for name in ["a", "b"] {
                handle.replace(Some(group.spawn(async move {
                    let _guard = Guard(trace, name);
                    pending::<Result<(), Failure>>().await
                })));
            }
            let _guard = Guard(trace, "body");
            pending::<Result<(), Failure>>().await
        }),
    ));
    assert!(ended.is_none());
    trace.assert("~body ~a ~b");
    assert_eq!(drive(handle.take().unwrap()), Err(JoinError::Cancelled));
}

// TG-16
#[test]
fn a_child_that_is_cancelled_before_it_begins_never_runs() {
    let trace = Trace::default();
    let ended = drive(single_thread::local_group(async |group| {
        let owned = Guard(&trace, "owned");
        let child = group.spawn(async {
            trace.push("ran");
            let _owned = owned;
            Ok::<_, Failure>(())
        });
        child.cancel();
        Ok(child.await)
    }));
    assert_eq!(ended.unwrap(), Err(JoinError::Cancelled));
    trace.assert("~owned");
}

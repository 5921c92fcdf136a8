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
fn a_body_that_cancels_its_group_and_returns_gives_its_value() {
    let trace = Trace::default();
    let ended = drive(single_thread::local_group(async |group| {
        let trace = &trace;
        group.spawn(async move {
            let _guard = Guard(trace, "child");
            pending::<Result<(), Failure>>().await
        });
        yields(1).await;
        assert!(group.cancel(), "the first");
        assert!(!group.cancel(), "there is nothing to add");
        assert!(group.token().is_cancelled());
        trace.push("body");
        Ok(1)
    }));
    assert_eq!(ended.unwrap(), 1);
    trace.assert("body ~child");
}

// TG-20, EG-6
#[test]
fn a_body_that_waits_is_cancelled_with_its_group() {
    let trace = Trace::default();
    let ended = drive(single_thread::local_group(async |group| {
        let trace = &trace;
        let canceller = group.clone();
        group.spawn(async move {
            let _guard = Guard(trace, "child");
            yields(1).await;
            canceller.cancel_with("enough");
            Ok(())
        });
        let _guard = Guard(trace, "body");
        pending::<Result<(), Failure>>().await
    }));
    trace.assert("~child ~body");
    let cancelled = ended.unwrap_err();
    assert!(cancelled.is_empty(), "nothing has failed");
    assert_eq!(cancelled.message(), "local_group was cancelled");
    let note: Vec<_> = cancelled.notes().collect();
    assert_eq!(note, ["cancelled: enough"]);
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
    let handles = RefCell::new(None);
    let ended = drive(single_thread::local_group(async |group| {
        let siblings = group.clone();
        let first = group.spawn(async move {
            siblings.cancel();
            Ok::<_, Failure>(1)
        });
        let never = group.spawn(pending::<Result<(), Failure>>());
        handles.replace(Some((first, never)));
        Ok(2)
    }));
    assert_eq!(ended.unwrap(), 2);
    let (first, never) = handles.take().unwrap();
    // It had ended before anybody could cancel it.
    assert_eq!(drive(first), Ok(1));
    assert_eq!(drive(never), Err(JoinError::Cancelled));
    // And one that never ends by itself, nor does the body.
    let ended = drive(local_group(async |group| {
        let siblings = group.clone();
        group.spawn(async move {
            siblings.cancel();
            pending::<Result<(), Failure>>().await
        });
        pending::<Result<(), Failure>>().await
    }));
    assert!(ended.unwrap_err().is_empty());
}

// TG-21: issue gh-155433 of CPython.
#[test]
fn a_cancellation_from_outside_that_comes_later_is_not_swallowed() {
    let mut cleaning = 0;
    for polls in 0..12 {
        let trace = Trace::default();
        let ended = drive(cancelled_at(polls, async {
            let ended = single_thread::local_group(async |group| {
                let held = Held {
                    trace: trace.clone(),
                    name: "child",
                    yields: 3,
                    latch: None,
                };
                group.spawn(async {
                    held.entered().await;
                    Ok(())
                });
                yields(1).await;
                trace.push("cancel");
                group.cancel();
                pending::<Result<(), Failure>>().await
            })
            .await;
            trace.push("after");
            yields(1).await;
            ended
        }));
        let events = mem::take(&mut *trace.0.lock().unwrap());
        let has = |event: &str| events.iter().any(|seen| seen == event);
        assert_eq!(has("+child"), has("-child"), "{events:?}");
        if has("cancel") && !has("after") {
            cleaning += 1;
            assert!(ended.is_none(), "{events:?}");
        }
    }
    assert!(cleaning > 1, "it never came while the group was ending");
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
    let handles = RefCell::new(Vec::new());
    let mut group = Task::waiting(
        single_thread::local_group(async |group| {
            let child = group.spawn(pending::<Result<(), Failure>>());
            handles.borrow_mut().push(child);
            pending::<Result<(), Failure>>().await
        })
        .parent(&parent),
    );
    assert!(!group.woken());
    parent.cancel_with("going down");
    assert!(group.woken());
    let cancelled = group.ready().unwrap_err();
    assert!(cancelled.is_empty());
    let note: Vec<_> = cancelled.notes().collect();
    assert_eq!(note, ["cancelled: going down"]);

    // The token itself, and not its parent; by a child.
    let parent = CancelToken::new();
    let ended = drive(
        single_thread::local_group(async |group| {
            let child = group.spawn(pending::<Result<(), Failure>>());
            handles.borrow_mut().push(child);
            let siblings = group.clone();
            group.spawn(async move {
                siblings.token().cancel();
                assert!(siblings.try_spawn(async { Ok(()) }).is_err());
                Ok(())
            });
            Ok(1)
        })
        .parent(&parent),
    );
    assert_eq!(ended.unwrap(), 1);
    assert!(!parent.is_cancelled());
    for handle in handles.take() {
        assert_eq!(drive(handle), Err(JoinError::Cancelled));
    }
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

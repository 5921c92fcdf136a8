use alloc::boxed::Box;
use core::future::{Future, pending};
use core::panic::AssertUnwindSafe;
use std::panic::{catch_unwind, panic_any};

use withal_core::cleanup::ThreadBound;
use withal_core::error_group::{Node, Phase};
use withal_core::{ErrorGroup, JoinError};

use super::*;
use crate::group::LocalGroup;

fn leaves(group: ErrorGroup<Failure>) -> Vec<Failure> {
    group.into_leaves().collect()
}

/// Is in a scope of that name until it is dropped.
fn inside(trace: &Trace, name: &'static str, yields: usize) -> impl Future<Output = ()> + use<> {
    let trace = trace.clone();
    Held {
        trace,
        name,
        yields,
        latch: None,
    }
    .entered()
}

// TG-4, TG-5, TG-8
#[test]
fn a_failure_cancels_the_others_and_the_body() {
    let trace = Trace::default();
    let ended = drive(single_thread::local_group(async |group| {
        let _body = Guard(&trace, "body");
        let trace = &trace;
        group.spawn(async move {
            let _guard = Guard(trace, "sibling");
            pending::<Result<(), Failure>>().await
        });
        let failing = group.spawn_named("failing", async {
            yields(1).await;
            Err::<(), _>("failed")
        });
        // It is never told: the body is cancelled, and the error is the group's.
        trace.push(format_args!("{:?}", failing.await));
        Ok(())
    }));
    let errors = ended.unwrap_err();
    trace.assert("~body ~sibling");
    assert_eq!(errors.len(), 1);
    let entry = &errors.entries()[0];
    assert_eq!(entry.origin.name(), Some("failing"));
    assert_eq!(entry.origin.phase(), Phase::Task);
    assert!(entry.origin.location().file().ends_with("failing.rs"));
    assert_eq!(errors.single().unwrap(), "failed");
}

// TG-6, EG-1
#[test]
fn errors_come_as_the_children_ended_and_the_body_last() {
    let gate = Latch::new();
    let ended = drive(local_group(async |group| {
        for (name, polls) in [("late", 2), ("early", 0)] {
            let gate = &gate;
            group.spawn_named(name, async move {
                gate.wait().await;
                yields(polls).await;
                Err::<(), _>(name)
            });
        }
        // Both are let go, and the body fails, in one turn.
        yields(1).await;
        gate.open();
        Err::<(), _>("body")
    }));
    let errors = ended.unwrap_err();
    let origin = errors.entries().last().unwrap().origin.clone();
    assert_eq!((origin.name(), origin.phase()), (None, Phase::Body));
    // The body was seen first: the children are cancelled at once.
    assert_eq!(leaves(errors), ["body"]);

    let ended = drive(local_group(async |group| {
        for name in ["a", "b"] {
            let gate = &gate;
            group.spawn_named(name, async move {
                gate.wait().await;
                // Beyond its last await, a future cannot be cancelled.
                Err::<(), _>(name)
            });
        }
        pending::<Result<(), Failure>>().await
    }));
    assert_eq!(leaves(ended.unwrap_err()), ["a"]);
}

// TG-2, TG-5: who looks while the group fails.
#[test]
fn a_failing_group_takes_no_children_and_tells_its_handles() {
    struct Looks<'env>(LocalGroup<'env, Failure, ThreadBound>, Trace);

    impl Drop for Looks<'_> {
        fn drop(&mut self) {
            self.1.push(self.0.try_spawn(async { Ok(()) }).is_err());
            self.1.push(self.0.token().is_cancelled());
        }
    }

    let trace = Trace::default();
    let handles = RefCell::new(None);
    let ended = drive(single_thread::local_group(async |group| {
        let looks = Looks(group.clone(), trace.clone());
        let cancelled = group.spawn(async move {
            let _looks = looks;
            pending::<Result<(), Failure>>().await
        });
        let failing = group.spawn(async {
            yields(1).await;
            Err::<(), _>("failed")
        });
        handles.replace(Some((failing, cancelled)));
        pending::<Result<(), Failure>>().await
    }));
    assert_eq!(leaves(ended.unwrap_err()), ["failed"]);
    trace.assert("true true");
    let (failing, cancelled) = handles.take().unwrap();
    assert_eq!(drive(failing), Err(JoinError::Failed));
    assert_eq!(drive(cancelled), Err(JoinError::Cancelled));
}

// TG-7, EG-6
#[test]
fn a_child_that_is_cancelled_has_not_failed() {
    let ended = drive(local_group(async |group| {
        let child = group.spawn(pending::<Result<(), Failure>>());
        let other = group.spawn(async {
            yields(3).await;
            Ok(2)
        });
        yields(1).await;
        child.cancel();
        child.cancel();
        assert_eq!(child.await, Err(JoinError::Cancelled));
        Ok(other.await.unwrap())
    }));
    assert_eq!(ended.unwrap(), 2);
}

// TG-9, K10: an exit in progress ends, and what comes of it counts.
#[test]
fn errors_and_values_that_come_out_while_cancelled_count() {
    let handles = RefCell::new(None);
    let ended = drive(single_thread::local_group(async |group| {
        let exits = |result: Result<u8, Failure>| async move {
            Held::yielding(3).exited().await;
            result
        };
        let failing = group.spawn_named("undone", exits(Err("while cancelled")));
        let kept = group.spawn(exits(Ok(1)));
        handles.replace(Some((failing, kept)));
        yields(1).await;
        Err::<(), _>("body")
    }));
    let errors = ended.unwrap_err();
    let phases = errors.entries().iter().map(|entry| entry.origin.phase());
    assert_eq!(phases.collect::<Vec<_>>(), [Phase::Cleanup, Phase::Body]);
    assert_eq!(leaves(errors), ["while cancelled", "body"]);
    let (failing, kept) = handles.take().unwrap();
    assert_eq!(drive(failing), Err(JoinError::Failed));
    assert_eq!(drive(kept), Ok(1));
}

// TG-4, K1: side by side, and all before the group returns.
#[test]
fn the_cleanup_of_all_is_awaited_side_by_side() {
    let trace = Trace::default();
    let ended = drive(single_thread::local_group(async |group| {
        for (name, exit) in [("a", 4), ("b", 2)] {
            let inside = inside(&trace, name, exit);
            group.spawn(async move {
                inside.await;
                Ok(())
            });
        }
        group.spawn(async {
            yields(1).await;
            Err::<(), _>("failed")
        });
        inside(&trace, "body", 3).await;
        Ok(())
    }));
    trace.push("returned");
    assert_eq!(leaves(ended.unwrap_err()), ["failed"]);
    trace.assert("+body +a +b -b -body -a returned");
}

// TG-4: it has failed, and waits for a cleanup that waits for a sibling.
#[test]
fn a_failure_counts_before_its_cleanup_has_ended() {
    let gate = Arc::new(Latch::new());
    let ended = drive(single_thread::local_group(async |group| {
        let gate = &gate;
        group.spawn(async move {
            let mut dropped = Box::pin(Held::until(gate).entered());
            let polled = poll_fn(|cx| Poll::Ready(dropped.as_mut().poll(cx)));
            assert!(polled.await.is_pending());
            Err::<(), _>("failed")
        });
        struct Opens<'g>(&'g Latch);
        impl Drop for Opens<'_> {
            fn drop(&mut self) {
                self.0.open();
            }
        }
        let opens = Opens(gate);
        group.spawn(async move {
            let _opens = opens;
            pending::<Result<(), Failure>>().await
        });
        pending::<Result<(), Failure>>().await
    }));
    assert_eq!(leaves(ended.unwrap_err()), ["failed"]);
}

// TG-12
#[test]
fn code_after_a_group_that_failed_runs_as_ever() {
    let sum = drive(async {
        let mut sum = 0;
        for n in 0..3 {
            let failed = local_group(async |group| {
                group.spawn(async { Err::<(), _>("failed") });
                pending::<Result<(), Failure>>().await
            });
            assert_eq!(leaves(failed.await.unwrap_err()), ["failed"]);
            let added = local_group(async |group| {
                let child = group.spawn(async move {
                    yields(1).await;
                    Ok::<_, Failure>(n)
                });
                Ok(child.await.unwrap())
            });
            sum += added.await.unwrap();
        }
        sum
    });
    assert_eq!(sum, 3);
}

// TG-13, EG-1, EG-7
#[test]
fn nested_groups_that_fail_at_the_same_time_both_surface() {
    let gate = Arc::new(Latch::new());
    let ended = drive(local_group(async |group| {
        let gate = &gate;
        group.spawn_group(local_group(async move |inner| {
            for name in ["a", "b"] {
                inner.spawn_named(name, async move {
                    Held::until(gate).exited().await;
                    Err::<(), _>(name)
                });
            }
            Ok(())
        }));
        yields(1).await;
        gate.open();
        Err::<(), _>("outer")
    }));
    let errors = ended.unwrap_err();
    assert!(matches!(errors.entries()[0].node, Node::Group(_)));
    let names: Vec<_> = errors
        .leaves()
        .map(|(path, error)| {
            (
                path.steps().len(),
                path.origin().name().unwrap_or("-"),
                *error,
            )
        })
        .collect();
    assert_eq!(names, [(2, "a", "a"), (2, "b", "b"), (1, "-", "outer")]);
}

// TG-15, EG-2
#[test]
fn a_panic_goes_on_when_all_have_ended() {
    for of_body in [false, true] {
        let trace = Trace::default();
        let ended = catch_unwind(AssertUnwindSafe(|| {
            drive(single_thread::local_group(async |group| {
                let inside = inside(&trace, "a", 2);
                group.spawn(async move {
                    inside.await;
                    Ok(())
                });
                let panics = async {
                    yields(1).await;
                    panic_any(7_u8);
                };
                if of_body {
                    panics.await
                } else {
                    group.spawn(panics);
                    pending::<Result<(), Failure>>().await
                }
            }))
        }));
        trace.push("returned");
        assert_eq!(ended.unwrap_err().downcast_ref(), Some(&7_u8));
        trace.assert("+a -a returned");
    }
}

// TG-15, EG-2
#[test]
fn a_panic_wins_over_errors_and_the_first_over_the_others() {
    let handles = RefCell::new(None);
    let ended = catch_unwind(AssertUnwindSafe(|| {
        drive(single_thread::local_group(async |group| {
            let exits = |polls, panic: u8| async move {
                Held::yielding(polls).exited().await;
                if panic == 0 {
                    return Err::<(), _>("failed");
                }
                panic_any(panic)
            };
            let first = group.spawn(exits(3, 1));
            let second = group.spawn(exits(4, 2));
            let failing = group.spawn(exits(2, 0));
            handles.replace(Some((first, second, failing)));
            yields(1).await;
            Err::<(), _>("body")
        }))
    }));
    assert_eq!(ended.unwrap_err().downcast_ref(), Some(&1_u8));
    let (first, second, failing) = handles.take().unwrap();
    assert_eq!(drive(first), Err(JoinError::Panicked));
    assert_eq!(drive(second), Err(JoinError::Panicked));
    assert_eq!(drive(failing), Err(JoinError::Failed));
}

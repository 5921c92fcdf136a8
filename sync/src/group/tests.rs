mod cancelling;
mod failing;
mod limits;
mod shapes;
mod starting;

use alloc::rc::Rc;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::future::{Future, pending, poll_fn};
use core::mem;
use core::task::Poll;
use std::sync::Mutex;
use std::thread;

use alloc::sync::Arc;
use withal_core::runtime::NoExecutor;
use withal_core::{ExitReason, HandOver, JoinError, Scope, with};

use super::{ChildState, local_group};
use crate::tests::Task;
use crate::{Latch, single_thread};

type Failure = &'static str;

/// What happened, in order.
#[derive(Clone, Default)]
struct Trace(Arc<Mutex<Vec<String>>>);

impl Trace {
    fn push(&self, event: impl ToString) {
        self.0.lock().unwrap().push(event.to_string());
    }

    #[track_caller]
    fn assert(&self, expected: &str) {
        assert_eq!(mem::take(&mut *self.0.lock().unwrap()).join(" "), expected);
    }
}

/// A scope that tells its enter and its exit, if it has a name. The exit gives way so often, and then
/// waits for the latch.
#[derive(Clone, Default)]
struct Held {
    trace: Trace,
    name: &'static str,
    yields: usize,
    latch: Option<Arc<Latch>>,
}

impl Held {
    fn yielding(yields: usize) -> Self {
        Self {
            yields,
            ..Self::default()
        }
    }

    fn until(latch: &Arc<Latch>) -> Self {
        Self {
            latch: Some(latch.clone()),
            ..Self::default()
        }
    }

    fn tell(&self, mark: char) {
        if !self.name.is_empty() {
            self.trace.push(format_args!("{mark}{}", self.name));
        }
    }

    /// Enters it, and exits it at once.
    async fn exited(self) {
        let rt = NoExecutor::new();
        let ended = with(&rt, self, async |_| Ok::<_, Failure>(())).await;
        ended.unwrap();
    }

    /// Stays in it until it is dropped.
    async fn entered(self) {
        let rt = NoExecutor::new();
        let body = async |_: &mut ()| pending::<Result<(), Failure>>().await;
        let _never = with(&rt, self, body).await;
    }
}

impl Scope for Held {
    type Resource = ();
    type Error = Failure;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<(), Failure> {
        self.tell('+');
        Ok(())
    }

    async fn exit(self, (): (), _: ExitReason<'_>) -> Result<(), Failure> {
        yields(self.yields).await;
        if let Some(latch) = &self.latch {
            latch.wait().await;
        }
        self.tell('-');
        Ok(())
    }
}

/// Tells its drop.
struct Guard<'t>(&'t Trace, &'static str);

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        self.0.push(format_args!("~{}", self.1));
    }
}

/// Gives way so often.
async fn yields(times: usize) {
    let mut left = times;
    poll_fn(|cx| {
        if left == 0 {
            return Poll::Ready(());
        }
        left -= 1;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Polls until it is ready, as often as it is woken.
#[track_caller]
fn drive<F: Future>(future: F) -> F::Output {
    let mut task = Task::new(future);
    loop {
        let before = task.wakes();
        if let Poll::Ready(output) = task.poll() {
            return output;
        }
        assert!(task.wakes() > before, "it waits for ever");
    }
}

// TG-1, TG-3, TG-14
#[test]
fn the_value_of_the_body_comes_out_when_all_have_ended() {
    let (gate, trace) = (Latch::new(), Trace::default());
    let mut group = Task::waiting(single_thread::local_group(async |group| {
        group.spawn(async {
            gate.wait().await;
            trace.push("child");
            Ok::<_, Failure>(())
        });
        trace.push("body");
        Ok("value")
    }));
    trace.assert("body");
    assert!(!group.woken());
    gate.open();
    assert!(group.woken());
    assert_eq!(group.ready().unwrap(), "value");
    trace.assert("child");
}

// TG-1
#[test]
fn a_group_that_is_never_polled_does_nothing() {
    let trace = Trace::default();
    let captured = Guard(&trace, "captured");
    let group = single_thread::local_group(async move |group| {
        let _captured = captured;
        group.spawn(async { Ok::<_, Failure>(()) });
        Ok(())
    });
    trace.assert("");
    drop(group);
    trace.assert("~captured");
}

// TG-1
#[test]
fn a_group_is_over_after_its_end() {
    let mut group = Task::new(local_group(async |_| Ok::<_, Failure>(1)));
    assert_eq!(group.ready().unwrap(), 1);
    assert!(crate::tests::panics(|| group.poll()));
}

// TG-3, TG-27: the body first, then the children as they were spawned.
#[test]
fn children_begin_in_order_and_may_spawn_others() {
    let trace = Trace::default();
    let ended = drive(single_thread::local_group(async |group| {
        let trace = &trace;
        for name in ["a", "b"] {
            let siblings = group.clone();
            group.spawn(async move {
                trace.push(name);
                siblings.spawn(async move {
                    trace.push(format_args!("{name}/child"));
                    yields(1).await;
                    trace.push(format_args!(".{name}/child"));
                    Ok(())
                });
                Ok::<_, Failure>(())
            });
        }
        trace.push("body");
        yields(1).await;
        trace.push(".body");
        Ok(group.len())
    }));
    // Both have ended when the body sees it again, and their children have not.
    assert_eq!(ended.unwrap(), 2);
    trace.assert("body a b a/child b/child .body .a/child .b/child");
}

// TG-27
#[test]
fn body_and_children_are_polled_only_when_they_are_woken() {
    let polls = [const { Cell::new(0) }; 3];
    let gates = [(); 3].map(|()| Latch::new());
    let waits = async |of: usize| {
        let mut gate = core::pin::pin!(gates[of].wait());
        poll_fn(|cx| {
            polls[of].set(polls[of].get() + 1);
            gate.as_mut().poll(cx)
        })
        .await;
    };
    let waits = &waits;
    let mut group = Task::waiting(single_thread::local_group(async |group| {
        for of in [1, 2] {
            group.spawn(async move {
                waits(of).await;
                Ok::<_, Failure>(())
            });
        }
        waits(0).await;
        Ok(())
    }));
    let counts = || polls.each_ref().map(Cell::get);
    assert_eq!(counts(), [1, 1, 1]);
    // For nothing.
    assert!(group.poll().is_pending());
    assert_eq!(counts(), [1, 1, 1]);
    gates[1].open();
    assert!(group.poll().is_pending());
    assert_eq!(counts(), [1, 2, 1]);
    gates[0].open();
    assert!(group.poll().is_pending());
    assert_eq!(counts(), [2, 2, 1]);
    gates[2].open();
    group.ready().unwrap();
    assert_eq!(counts(), [2, 2, 2]);
}

// TG-17
#[test]
fn values_are_read_from_handles_during_the_group_and_after_it() {
    let (sum, late) = drive(local_group(async |group| {
        let one = group.spawn(async {
            yields(2).await;
            Ok::<_, Failure>(1)
        });
        let text = group.spawn(async { Ok("text") });
        let late = group.spawn(async {
            yields(9).await;
            Ok(3)
        });
        assert!(!one.is_finished());
        let sum = one.await.unwrap() + text.await.unwrap().len();
        Ok((sum, late))
    }))
    .unwrap();
    assert_eq!(sum, 5);
    assert!(late.is_finished());
    assert_eq!(drive(late), Ok(3));
}

// TG-17: by reference, it may be given up and awaited again.
#[test]
fn a_wait_for_a_handle_can_be_given_up() {
    let gate = Latch::new();
    let ended = drive(local_group(async |group| {
        let mut child = group.spawn(async {
            gate.wait().await;
            Ok::<_, Failure>(1)
        });
        let given_up = poll_fn(|cx| {
            let polled = core::pin::Pin::new(&mut child).poll(cx);
            Poll::Ready(polled.is_pending())
        });
        assert!(given_up.await);
        gate.open();
        Ok((&mut child).await.unwrap())
    }));
    assert_eq!(ended.unwrap(), 1);
}

// TG-18
#[test]
fn names_and_places_are_listed() {
    let place = |text: &str| text.contains("tests.rs");
    let ended = drive(local_group(async |group| {
        assert!(group.is_empty());
        let first = group.spawn_named("first", pending());
        let second = group.spawn(async { Ok::<(), Failure>(()) });
        assert_eq!((first.name(), second.name()), (Some("first"), None));
        assert!(place(first.location().file()));
        let tasks = group.tasks();
        let states = tasks.iter().map(|task| (task.name.as_deref(), task.state));
        let states: Vec<_> = states.collect();
        assert_eq!(
            states,
            [
                (Some("first"), ChildState::Waiting),
                (None, ChildState::Waiting)
            ]
        );
        assert_eq!(tasks[1].location, second.location());
        second.await.unwrap();
        let [task] = &group.tasks()[..] else {
            panic!("{group:?}");
        };
        assert_eq!(task.state, ChildState::Running);
        let shown = task.to_string();
        assert!(shown.starts_with("`first` at "), "{shown}");
        assert!(place(&shown) && shown.ends_with(": running"), "{shown}");
        first.cancel();
        assert_eq!(group.tasks()[0].state, ChildState::Cancelling);
        assert_eq!(first.await, Err::<(), _>(JoinError::Cancelled));
        assert!(group.is_empty());
        Ok(())
    }));
    ended.unwrap();
}

// TG-2
#[test]
fn a_group_that_has_ended_takes_no_children() {
    let trace = Trace::default();
    let group = drive(single_thread::local_group(async |group| {
        Ok::<_, Failure>(group)
    }))
    .unwrap();
    let guard = Guard(&trace, "spawned");
    let mut handle = Task::new(group.spawn(async move {
        drop(guard);
        Ok(())
    }));
    trace.assert("~spawned");
    assert_eq!(handle.ready(), Err(JoinError::Closed));
    let guard = Guard(&trace, "tried");
    let refused = group.try_spawn(async move {
        drop(guard);
        Ok(())
    });
    trace.assert("");
    drop(refused.unwrap_err());
    trace.assert("~tried");
    assert!(!group.cancel(), "there is nothing to cancel");
    assert!(group.is_empty());
}

// TG-19
#[test]
fn nothing_is_kept_after_the_end() {
    let counted = Rc::new(());
    let (group, handle) = drive(single_thread::local_group(async |group| {
        for n in 0..100 {
            let (siblings, counted) = (group.clone(), counted.clone());
            group.spawn(async move {
                yields(n % 3).await;
                let counted = counted.clone();
                siblings.spawn(async move {
                    let _counted = counted;
                    Ok(())
                });
                Ok::<_, Failure>(())
            });
        }
        let value = group.spawn(async { Ok(counted.clone()) });
        Ok((group, value))
    }))
    .unwrap();
    // The value of the one handle that is left.
    assert_eq!(Rc::strong_count(&counted), 2);
    drop(handle);
    assert_eq!(Rc::strong_count(&counted), 1);
    assert!(group.is_empty());
}

// TG-19, TG-10: each way to drop it, at each poll.
#[test]
fn nothing_is_kept_of_a_group_that_is_dropped() {
    let counted = Rc::new(());
    for polls in 0..6 {
        let mut group = Task::new(single_thread::local_group(async |group| {
            for n in 0..4 {
                let (siblings, counted) = (group.clone(), counted.clone());
                group.spawn(async move {
                    yields(n).await;
                    siblings.spawn(async move {
                        let _counted = counted;
                        pending::<Result<(), Failure>>().await
                    });
                    Ok(())
                });
            }
            Ok(())
        }));
        for _ in 0..polls {
            assert!(group.poll().is_pending());
        }
        drop(group);
        assert_eq!(Rc::strong_count(&counted), 1, "after {polls} polls");
    }
}

// TG-27: whoever spawns need not be polled by the group.
#[test]
fn another_thread_spawns_and_awaits() {
    let (gate, handles) = (Latch::new(), Mutex::new(None));
    let mut group = Task::waiting(local_group(async |group| {
        *handles.lock().unwrap() = Some(group.clone());
        gate.wait().await;
        Ok::<_, Failure>(())
    }));
    let spawned = thread::scope(|scope| {
        let spawner = scope.spawn(|| {
            let group = handles.lock().unwrap().take().unwrap();
            group.spawn(async {
                gate.open();
                Ok(7)
            })
        });
        spawner.join().unwrap()
    });
    assert!(group.woken());
    group.ready().unwrap();
    assert_eq!(drive(spawned), Ok(7));
}

// TG-27: the executor's others get their turn.
#[test]
fn children_that_spawn_for_ever_give_way() {
    let gate = Cell::new(false);
    let mut group = Task::new(single_thread::local_group(async |group| {
        fn spawn_next<'env>(
            group: &super::LocalGroup<'env, Failure, withal_core::cleanup::ThreadBound>,
            gate: &'env Cell<bool>,
        ) {
            let siblings = group.clone();
            group.spawn(async move {
                if !gate.get() {
                    spawn_next(&siblings, gate);
                }
                Ok(())
            });
        }
        spawn_next(&group, &gate);
        Ok(())
    }));
    for _ in 0..3 {
        assert!(group.poll().is_pending());
        assert!(group.woken());
    }
    gate.set(true);
    group.ready().unwrap();
}

// TG-27
#[test]
fn a_leaked_group_runs_and_drops_nothing() {
    let trace = Trace::default();
    let handle = Rc::new(RefCell::new(None));
    let group = Task::waiting(single_thread::local_group(async |group| {
        let guard = Guard(&trace, "child");
        *handle.borrow_mut() = Some(group.spawn(async move {
            let _guard = guard;
            pending::<Result<(), Failure>>().await
        }));
        Ok(())
    }));
    group.leak();
    let handle = handle.take().unwrap();
    assert!(!handle.is_finished());
    let _waits = Task::waiting(handle);
    trace.assert("");
}

//! Stacks of a hundred thousand entries, on a thread with little stack.

#![cfg(feature = "std")]

mod common;

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use common::drive;
use withal_core::runtime::NoExecutor;
use withal_core::{ErrorGroup, ExitReason, ExitStack, HandOver, Scope, await_cleanup, exit_stack};

const MANY: usize = 100_000;

/// Counts the scopes that are open; each exit checks that it is the last one's turn.
struct Counted(Arc<AtomicUsize>);

impl Scope for Counted {
    type Resource = usize;
    type Error = Infallible;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<usize, Infallible> {
        Ok(self.0.fetch_add(1, Ordering::Relaxed))
    }

    async fn exit(self, number: usize, _: ExitReason<'_>) -> Result<(), Infallible> {
        assert_eq!(self.0.fetch_sub(1, Ordering::Relaxed), number + 1);
        Ok(())
    }
}

fn on_a_small_stack(test: impl FnOnce() + Send + 'static) {
    let thread = thread::Builder::new().stack_size(128 * 1024).spawn(test);
    thread.unwrap().join().unwrap();
}

fn filled(rt: &NoExecutor, open: &Arc<AtomicUsize>) -> ExitStack<NoExecutor> {
    let stack = ExitStack::new(rt);
    for _ in 0..MANY {
        drive(stack.enter(Counted(open.clone()))).unwrap();
    }
    assert_eq!((stack.len(), open.load(Ordering::Relaxed)), (MANY, MANY));
    stack
}

// ES-18
#[test]
fn many_entries_are_unwound_shown_and_taken() {
    on_a_small_stack(|| {
        let (rt, open) = (NoExecutor::new(), Arc::default());
        let mut stack = filled(&rt, &open);
        let taken = stack.take();
        assert_eq!((stack.len(), taken.len()), (0, MANY));
        let text = format!("{taken:?}");
        assert_eq!(text.matches("Counted at ").count(), MANY);
        drive(taken.exit(Ok::<_, Infallible>(()))).unwrap();
        assert_eq!(open.load(Ordering::Relaxed), 0);
    });
}

// ES-18, ES-22
#[test]
fn many_entries_are_dropped_and_handed_over() {
    on_a_small_stack(|| {
        let (rt, open) = (NoExecutor::new(), Arc::default());
        let stack = filled(&rt, &open);
        drive(await_cleanup(async { drop(stack) }));
        assert_eq!(open.load(Ordering::Relaxed), 0);
    });
}

// ES-18, ES-22
#[test]
fn many_entries_that_never_wait_run_in_the_drop() {
    on_a_small_stack(|| {
        let open = Arc::new(AtomicUsize::new(MANY));
        let stack = <ExitStack<_>>::new(&NoExecutor::new());
        for _ in 0..MANY {
            let open = open.clone();
            stack.defer_sync(move || _ = open.fetch_sub(1, Ordering::Relaxed));
        }
        drop(stack);
        assert_eq!(open.load(Ordering::Relaxed), 0);
    });
}

// ES-9, ES-11, ES-18
#[test]
fn many_errors_are_kept() {
    on_a_small_stack(|| {
        let rt = NoExecutor::new();
        let ended = exit_stack(&rt, async |stack| {
            for number in 0..MANY {
                stack.push_sync(move |reason| {
                    assert_eq!(reason.is_completed(), number + 1 == MANY);
                    Err(number.to_string().into())
                });
            }
            Ok::<_, Infallible>(())
        });
        let ended = drive(ended).unwrap_err();
        let Some(withal_core::scope::ExitError::Failed(errors)) = ended.exit() else {
            panic!("{ended}");
        };
        let group: &ErrorGroup<_> = errors;
        let numbers = group
            .leaves()
            .map(|(_, error)| error.to_string().parse::<usize>().unwrap());
        assert!(numbers.eq((0..MANY).rev()));
    });
}

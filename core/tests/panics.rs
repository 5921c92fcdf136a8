//! Panics in user code where one expects them least: none keeps an exit from running.

#![cfg(feature = "std")]

mod common;

use std::convert::Infallible;
use std::fmt::{self, Debug};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use common::{Numbered, Slow, Trace, drive, waits};
use withal_core::cleanup::CleanupTask;
use withal_core::exit_stack::SuppressingExitStack;
use withal_core::runtime::{Cleanup, NoExecutor, RuntimeId};
use withal_core::scope::{Failure, Suppress};
use withal_core::{ExitReason, ExitStack, HandOver, Scope, await_cleanup, with, with_suppressing};

/// What the future panics with, which ends within a hundred polls.
#[track_caller]
fn panics<F: Future<Output: Debug>>(future: F) -> String {
    let payload = catch_unwind(AssertUnwindSafe(|| drive(future))).unwrap_err();
    match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => match payload.downcast::<Bomb>() {
            Ok(bomb) => bomb.defuse(),
            Err(_) => panic!("a payload of no test"),
        },
    }
}

/// Panics when it is dropped, unless the thread does already.
struct Bomb(&'static str);

impl Bomb {
    fn defuse(self) -> String {
        let name = self.0;
        std::mem::forget(self);
        format!("bomb {name}")
    }
}

impl Drop for Bomb {
    fn drop(&mut self) {
        if !thread::panicking() {
            panic_any(format!("drop of {}", self.0));
        }
    }
}

/// The error of a stack, into which nothing else can be made.
struct Strict(Bomb);

impl Debug for Strict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.0)
    }
}

impl From<Infallible> for Strict {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

#[derive(Debug)]
struct Awkward(u32);

impl From<Awkward> for Strict {
    fn from(error: Awkward) -> Self {
        panic_any(format!("conversion of {}", error.0))
    }
}

/// Its exit fails.
struct Fails(u32);

impl Scope for Fails {
    type Resource = ();
    type Error = Awkward;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<(), Awkward> {
        Ok(())
    }

    async fn exit(self, (): (), _: ExitReason<'_>) -> Result<(), Awkward> {
        Err(Awkward(self.0))
    }
}

type Stack = ExitStack<NoExecutor, Strict>;

// ES-9, ES-20
#[test]
fn a_conversion_that_panics_keeps_no_exit_from_running() {
    let (rt, trace) = (NoExecutor::new(), Trace::default());
    let ended = Stack::run(&rt, async |stack| {
        stack.enter(Slow::new("a", &trace)).await.unwrap();
        stack.enter(Numbered::traced(5, &trace)).await.unwrap();
        for number in [1, 2] {
            stack.enter(Fails(number)).await.unwrap();
        }
        Ok::<_, Infallible>(())
    });
    // The first goes on; the second is for the hook.
    assert_eq!(panics(ended), "conversion of 2");
    assert_eq!(trace.take(), "+a +5 -5! -a");

    // Nothing else fails: it is made at the very end.
    let ended = Stack::run(&rt, async |stack| {
        stack.enter(Slow::new("a", &trace)).await.unwrap();
        stack.enter(Fails(1)).await.unwrap();
        Err::<(), _>("the body")
    });
    assert_eq!(panics(ended), "conversion of 1");
    assert_eq!(trace.take(), "+a -a");
}

// ES-19, ES-20
#[test]
fn a_conversion_that_panics_keeps_no_exit_of_a_cancelled_stack_from_running() {
    let (rt, trace) = (NoExecutor::new(), Trace::default());
    let cleaned_up = await_cleanup(async {
        let ended = Stack::run(&rt, async |stack| {
            stack.enter(Numbered::traced(5, &trace)).await.unwrap();
            stack.enter(Slow::new("a", &trace)).await.unwrap();
            stack.enter(Fails(1)).await.unwrap();
            Ok::<_, Infallible>(())
        });
        let mut ended = Box::pin(ended);
        waits(ended.as_mut());
        drop(ended);
        assert_eq!(trace.take(), "+5 +a");
    });
    drive(cleaned_up);
    assert_eq!(trace.take(), "-a -5!");
}

struct Forgives<'a>(&'a str, Trace);

impl Scope for Forgives<'static> {
    type Resource = ();
    type Error = Infallible;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<(), Infallible> {
        Ok(())
    }

    async fn exit(self, (): (), _: ExitReason<'_>) -> Result<(), Infallible> {
        self.1.push(format!("-{}", self.0));
        Ok(())
    }
}

impl Suppress for Forgives<'static> {
    fn suppresses(&self, _: Failure<'_>) -> bool {
        if self.0 == "asked" {
            panic_any(Bomb("asked"));
        }
        true
    }
}

// ES-10, ES-20
#[test]
fn a_swallowed_error_whose_drop_panics_keeps_no_exit_from_running() {
    let (rt, trace) = (NoExecutor::new(), Trace::default());
    let ended = SuppressingExitStack::<_, Strict>::run(&rt, async |stack| {
        stack.enter(Numbered::traced(5, &trace)).await.unwrap();
        let forgives = Forgives("forgives", trace.clone());
        stack.enter_suppressing(forgives).await.unwrap();
        for name in ["1", "2"] {
            stack.push_sync(move |_| Err(Strict(Bomb(name))));
        }
        Err::<(), _>(Strict(Bomb("body")))
    });
    // Below it, the reason is that panic; what else panics is for the hook.
    assert_eq!(panics(ended), "drop of 1");
    assert_eq!(trace.take(), "+5 -forgives -5!");
}

// CM-17, ES-9, ES-20
#[test]
fn a_payload_whose_drop_panics_keeps_no_exit_from_running() {
    let (rt, trace) = (NoExecutor::new(), Trace::default());
    let ended = SuppressingExitStack::<_, Strict>::run(&rt, async |stack| {
        stack.enter(Numbered::traced(5, &trace)).await.unwrap();
        stack.push_sync(|_| Err(Strict(Bomb("kept"))));
        for name in ["second", "first"] {
            stack.push_sync(move |_| panic_any(Bomb(name)));
        }
        let asked = Forgives("asked", trace.clone());
        stack.enter_suppressing(asked).await.unwrap();
        Err::<(), _>("body")
    });
    assert_eq!(panics(ended), "bomb first");
    assert_eq!(trace.take(), "+5 -asked -5!");

    let asked = Forgives("asked", trace.clone());
    let ended = with_suppressing(&rt, asked, async |()| Err::<(), _>("body"));
    assert_eq!(drive(ended).unwrap_err().into_body().unwrap(), "body");
    assert_eq!(trace.take(), "-asked");
}

/// A runtime that does not know its name once it is told so, and then does again.
#[derive(Clone)]
struct Forgetful(Arc<AtomicBool>);

impl Cleanup for Forgetful {
    fn id(&self) -> RuntimeId {
        if self.0.swap(false, Ordering::Relaxed) {
            panic_any(String::from("forgotten"));
        }
        RuntimeId::new("forgetful", 0)
    }

    fn spawn_cleanup(&self, task: CleanupTask) {
        NoExecutor::new().spawn_cleanup(task);
    }
}

// CM-17: a panic between the end of the body and the first poll of the exit.
#[test]
fn a_panic_while_the_exit_is_made_comes_out() {
    let forgets = Arc::<AtomicBool>::default();
    let (rt, trace) = (Forgetful(forgets.clone()), Trace::default());
    let two = || (Numbered::traced(1, &trace), Numbered::traced(2, &trace));
    let ended = with(&rt, two(), async |_| {
        forgets.store(true, Ordering::Relaxed);
        Ok::<_, Infallible>(7)
    });
    assert_eq!(panics(ended), "forgotten");
    trace.take();

    // The error is on its way to the exit.
    let ended = with(&rt, two(), async |_| {
        forgets.store(true, Ordering::Relaxed);
        Err::<(), _>("body")
    });
    assert_eq!(panics(ended), "forgotten");
    trace.take();

    // A stack still has its entries then.
    let ended = ExitStack::<_, Strict>::run(&rt, async |stack| {
        stack.enter(Slow::new("a", &trace)).await.unwrap();
        forgets.store(true, Ordering::Relaxed);
        Ok::<_, Infallible>(())
    });
    assert_eq!(panics(pin!(ended)), "forgotten");
    assert_eq!(trace.take(), "+a -a");
}

//! Several scopes whose errors panic when they are boxed or dropped.

#![cfg(feature = "std")]

mod common;

use std::convert::Infallible;
use std::error::Error;
use std::mem::take;
use std::pin::pin;
use std::sync::{Arc, Mutex};

use common::reports::{keep_reports, panic_of, reports};
use common::{Numbered, Trace, drive, waits, yield_now};
use withal_core::cleanup::CleanupTask;
use withal_core::runtime::{Cleanup, NoExecutor, RuntimeId};
use withal_core::scope::concurrently;
use withal_core::{ExitReason, HandOver, Scope, with};

/// Keeps the cleanups that it gets, to be run by hand.
#[derive(Clone, Default)]
struct Later(Arc<Mutex<Vec<CleanupTask>>>);

impl Cleanup for Later {
    fn id(&self) -> RuntimeId {
        RuntimeId::new("later", 0)
    }

    fn spawn_cleanup(&self, task: CleanupTask) {
        self.0.lock().unwrap().push(task);
    }
}

impl Later {
    fn run(&self) {
        for task in take(&mut *self.0.lock().unwrap()) {
            drive(task);
        }
    }
}

/// An error that cannot be boxed.
#[derive(Debug)]
struct Unboxable;

impl From<Unboxable> for Box<dyn Error + Send + Sync> {
    fn from(_: Unboxable) -> Self {
        std::panic::panic_any("not boxed")
    }
}

/// A scope that fails where it says so, with such an error.
struct Failing(Numbered, &'static str);

impl Scope for Failing {
    type Resource = u32;
    type Error = Unboxable;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<u32, Unboxable> {
        if self.1 == "enter" {
            return Err(Unboxable);
        }
        self.0.enter().await.map_err(|never| match never {})
    }

    async fn exit(self, number: u32, reason: ExitReason<'_>) -> Result<(), Unboxable> {
        match self.0.exit(number, reason).await {
            Ok(()) if self.1 == "exit" => Err(Unboxable),
            Ok(()) => Ok(()),
            Err(never) => match never {},
        }
    }
}

fn failing(trace: &Trace, number: u32, at: &'static str) -> Failing {
    Failing(Numbered::traced(number, trace), at)
}

// CC-4, CM-13
#[test]
fn an_error_that_panics_when_it_is_boxed_keeps_no_exit_from_running() {
    keep_reports();
    let (rt, trace) = (NoExecutor::new(), Trace::default());
    let scopes = || {
        let first = Numbered::traced(1, &trace);
        (
            first,
            failing(&trace, 2, "exit"),
            failing(&trace, 3, "exit"),
        )
    };
    let ended = with(&rt, scopes(), async |_| Ok::<_, Infallible>(()));
    assert_eq!(panic_of(ended), "not boxed");
    assert_eq!(trace.take(), "+1 +2 +3 -3 -2! -1!");
    // The second one's.
    let [second] = &reports()[..] else {
        panic!("one report")
    };
    assert!(second.ends_with(": not boxed"), "{second}");

    let ended = with(&rt, concurrently(scopes()), async |_| {
        Ok::<_, Infallible>(())
    });
    assert_eq!(panic_of(ended), "not boxed");
    assert_eq!(trace.take(), "+1 +2 +3 -3 -2 -1");
    assert_eq!(reports(), ["panicked Failing: not boxed"]);
}

// CC-4, CM-11
#[test]
fn nor_does_that_of_an_enter() {
    keep_reports();
    let (rt, trace) = (NoExecutor::new(), Trace::default());
    let first = Numbered::traced(1, &trace);
    let scopes = (
        first,
        failing(&trace, 2, "exit"),
        failing(&trace, 3, "enter"),
    );
    let ended = with(&rt, scopes, async |_| Ok::<_, Infallible>(()));
    assert_eq!(panic_of(ended), "not boxed");
    assert_eq!(trace.take(), "+1 +2 -2! -1!");
    assert_eq!(reports().len(), 1);
}

/// An error that panics when it is dropped.
#[derive(Debug)]
struct Explosive;

impl Drop for Explosive {
    fn drop(&mut self) {
        std::panic::panic_any("exploded");
    }
}

/// A scope that fails at once, or exits after a while.
struct Exploding(&'static str, Trace);

impl Scope for Exploding {
    type Resource = ();
    type Error = Explosive;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<(), Explosive> {
        Ok(())
    }

    async fn exit(self, (): (), _: ExitReason<'_>) -> Result<(), Explosive> {
        if self.0 == "fails" {
            return Err(Explosive);
        }
        yield_now().await;
        self.1.push(format!("-{}", self.0));
        Ok(())
    }
}

// CC-4, CC-5
#[test]
fn a_lost_error_that_panics_when_it_is_dropped_does_not_keep_the_others() {
    keep_reports();
    let (rt, trace) = (Later::default(), Trace::default());
    let scopes = ["a", "fails", "b", "fails"].map(|name| Exploding(name, trace.clone()));
    {
        let mut scopes = pin!(with(&rt, concurrently(scopes), async |_| {
            Ok::<_, Infallible>(())
        }));
        waits(scopes.as_mut());
    }
    let failed = "failed Exploding: Explosive".to_owned();
    let exploded = "panicked Exploding: exploded".to_owned();
    let lost = reports();
    let lost: Vec<_> = lost
        .iter()
        .filter(|line| line.contains(" Exploding: "))
        .collect();
    assert_eq!(lost, [&failed, &exploded, &failed, &exploded]);
    assert_eq!(trace.take(), "");
    rt.run();
    let mut exited: Vec<_> = trace.take().split(' ').map(str::to_owned).collect();
    exited.sort();
    assert_eq!(exited, ["-a", "-b"]);
}

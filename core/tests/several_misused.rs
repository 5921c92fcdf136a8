//! Several scopes whose body swaps resources.

#![cfg(feature = "std")]

mod common;

use std::convert::Infallible;
use std::future::pending;
use std::mem::swap;
use std::pin::pin;

use common::reports::{keep_reports, panic_of, reports};
use common::{Numbered, Trace, drive, now, send, waits, yield_now};
use withal_core::runtime::NoExecutor;
use withal_core::scope::{Resources, concurrently};
use withal_core::{ExitReason, HandOver, Scope, ScopeError, Synchronous, with};

fn numbered<const N: usize>(trace: &Trace, numbers: [u32; N]) -> Vec<Numbered> {
    Vec::from(numbers.map(|number| Numbered::traced(number, trace)))
}

// CC-6
#[test]
fn resources_change_places_and_values_in_a_vector() {
    let (rt, trace) = (NoExecutor::new(), Trace::default());
    let sum = with(&rt, numbered(&trace, [1, 2, 3]), async |numbers| {
        numbers.reverse();
        for number in &mut *numbers {
            *number *= 10;
        }
        yield_now().await;
        let texts: Vec<_> = (&*numbers).into_iter().map(u32::to_string).collect();
        assert_eq!(format!("{numbers:?}"), "[30, 20, 10]");
        Ok::<_, Infallible>(texts.join(" "))
    });
    assert_eq!(drive(send(sum)).unwrap(), "30 20 10");
    assert_eq!(trace.take(), "+1 +2 +3 -3 -2 -1");
}

/// Swaps the resources of three scopes with those of one, or of one with those of three.
async fn swapped(rt: &NoExecutor, trace: &Trace, outer: Vec<Numbered>, inner: Vec<Numbered>) {
    let ended = with(rt, outer, async |outer: &mut Resources<u32>| {
        let inner = with(rt, inner, async |inner: &mut Resources<u32>| {
            swap(outer, inner);
            Ok::<_, Infallible>(())
        });
        inner.await.unwrap();
        trace.push(".".to_owned());
        Err::<(), _>("body")
    });
    // Nor is the body's error lost on a scope that cannot look at it.
    assert!(matches!(ended.await, Err(ScopeError::Body("body"))));
}

// CC-6
#[test]
fn scopes_without_a_resource_are_reported_as_abandoned() {
    keep_reports();
    let (rt, trace) = (NoExecutor::new(), Trace::default());
    let (three, one) = ([1, 2, 3], [4]);
    let outer = numbered(&trace, three);
    now(swapped(&rt, &trace, outer, numbered(&trace, one)));
    assert_eq!(trace.take(), "+1 +2 +3 +4 -4 . -1!");
    assert_eq!(reports(), ["abandoned Numbered"; 2]);
    let outer = numbered(&trace, one);
    now(swapped(&rt, &trace, outer, numbered(&trace, three)));
    assert_eq!(trace.take(), "+4 +1 +2 +3 -1 . -4!");
    assert_eq!(reports(), ["abandoned Numbered"; 2]);
}

// CC-6
#[test]
fn so_are_those_of_concurrent_scopes() {
    keep_reports();
    let (rt, trace) = (NoExecutor::new(), Trace::default());
    let outer = concurrently(numbered(&trace, [1, 2, 3]));
    let ended = with(&rt, outer, async |outer| {
        let inner = concurrently(numbered(&trace, [4]));
        let inner = with(&rt, inner, async |inner| {
            swap(outer, inner);
            Ok::<_, Infallible>(())
        });
        inner.await
    });
    now(ended).unwrap();
    assert_eq!(trace.take(), "+1 +2 +3 +4 -4 -1");
    assert_eq!(reports(), ["abandoned Numbered"; 2]);
}

/// The same, exited where it is dropped.
struct OnTheSpot(Numbered);

impl Scope for OnTheSpot {
    type Resource = u32;
    type Error = Infallible;
    type OnDrop = Synchronous;

    async fn enter(&mut self) -> Result<u32, Infallible> {
        self.0.enter().await
    }

    async fn exit(self, number: u32, reason: ExitReason<'_>) -> Result<(), Infallible> {
        self.0.exit(number, reason).await
    }
}

// CC-6
#[test]
fn so_are_those_of_dropped_scopes() {
    keep_reports();
    let (rt, trace) = (NoExecutor::new(), Trace::default());
    let on_the_spot = |numbers: &[u32]| -> Vec<_> {
        let numbers = numbers.iter();
        let scopes = numbers.map(|&number| OnTheSpot(Numbered::traced(number, &trace)));
        scopes.collect()
    };
    let body = async |outer: &mut Resources<u32>| {
        let inner = with(&rt, on_the_spot(&[4]), async |inner| {
            swap(outer, inner);
            Ok::<_, Infallible>(())
        });
        inner.await.unwrap();
        pending::<Result<(), Infallible>>().await
    };
    {
        let mut scopes = pin!(with(&rt, on_the_spot(&[1, 2, 3]), body));
        waits(scopes.as_mut());
    }
    assert_eq!(trace.take(), "+1 +2 +3 +4 -4 -1!");
    assert_eq!(reports(), ["abandoned OnTheSpot"; 2]);
    {
        let mut scopes = pin!(with(&rt, concurrently(on_the_spot(&[1, 2, 3])), body));
        waits(scopes.as_mut());
    }
    assert_eq!(trace.take(), "+1 +2 +3 +4 -4 -1!");
    assert_eq!(reports(), ["abandoned OnTheSpot"; 2]);
}

/// A resource that panics when it is dropped, unless an exit has got it.
#[derive(Debug)]
struct Sharp(bool);

impl Drop for Sharp {
    fn drop(&mut self) {
        assert!(self.0, "dropped");
    }
}

struct Blunting(Numbered);

impl Scope for Blunting {
    type Resource = Sharp;
    type Error = Infallible;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<Sharp, Infallible> {
        Ok(Sharp(false))
    }

    async fn exit(self, mut sharp: Sharp, _: ExitReason<'_>) -> Result<(), Infallible> {
        sharp.0 = true;
        self.0.trace.push(format!("-{}", self.0.number));
        Ok(())
    }
}

// CC-6, CC-4
#[test]
fn a_surplus_resource_that_panics_keeps_no_exit_from_running() {
    keep_reports();
    let (rt, trace) = (NoExecutor::new(), Trace::default());
    let blunting = |numbers: &[u32]| -> Vec<_> {
        let numbers = numbers.iter();
        let scopes = numbers.map(|&number| Blunting(Numbered::traced(number, &trace)));
        scopes.collect()
    };
    let ended = with(&rt, blunting(&[1, 2]), async |outer| {
        let inner = with(&rt, blunting(&[3]), async |inner| {
            swap(outer, inner);
            Ok::<_, Infallible>(())
        });
        inner.await.map_err(|error| error.to_string())
    });
    assert_eq!(panic_of(ended), "dropped");
    assert_eq!(trace.take(), "-3 -1");
    assert_eq!(reports(), ["abandoned Blunting"]);
}

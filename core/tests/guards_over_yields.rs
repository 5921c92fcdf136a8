//! A scope held by a guard while a generator yields.

#![cfg(feature = "std")]

mod common;

use std::mem::forget;

use common::{Numbered, Trace, now};
use futures_util::{Stream, StreamExt};
use withal_core::runtime::NoExecutor;
use withal_core::{close, enter_in, generator};

/// Yields in the scope 1 and behind it; `leaks` says whether its guard is forgotten.
fn guarded(rt: &NoExecutor, trace: &Trace, leaks: bool) -> impl Stream<Item = u32> {
    generator(async move |y| {
        let guard = enter_in(rt, Numbered::traced(1, trace)).await.unwrap();
        y.yield_(1).await;
        y.yield_(2).await;
        if leaks {
            forget(guard);
        } else {
            guard.exit(Ok::<_, String>(())).await.unwrap();
        }
        y.yield_(3).await;
    })
}

// CM-28, A-3, AG-26
#[test]
fn it_is_exited_where_the_generator_is_closed() {
    for taken in 0..=3 {
        let (rt, trace) = (NoExecutor::new(), Trace::default());
        let mut items = Box::pin(guarded(&rt, &trace, false));
        for item in 1..=taken {
            assert_eq!(now(items.next()), Some(item));
        }
        now(close(items));
        assert_eq!(
            trace.take(),
            ["", "+1 -1!", "+1 -1!", "+1 -1"][taken as usize]
        );
    }
}

// CM-28, IT-10
#[test]
fn a_guard_that_is_leaked_is_not_exited_and_the_items_go_on() {
    let (rt, trace) = (NoExecutor::new(), Trace::default());
    let items = guarded(&rt, &trace, true);
    assert_eq!(now(items.collect::<Vec<_>>()), [1, 2, 3]);
    assert_eq!(trace.take(), "+1");
}

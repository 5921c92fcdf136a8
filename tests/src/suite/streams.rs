//! What every source and every adapter owes to who reads it, and to what it reads from, whoever
//! wrote it.
//!
//! [`stream_conformance!`](crate::stream_conformance) runs these cases on a
//! [`StreamUnderTest`] of your own.

mod ends;
mod steps;
mod together;

use std::future::Future;

use withal::runtime::Runtime;

pub use self::ends::{
    a_panic_of_its_source_reaches_its_consumer, an_error_is_an_item_and_no_end,
    cancelled_with_its_consumer_it_exits_its_source_first, closed_at_its_end_it_does_nothing_more,
    closed_half_way_it_exits_its_source, closed_while_it_waits_it_exits_its_source,
    dropped_by_foreign_code_it_exits_its_source, dropped_in_a_scope_it_exits_its_source_first,
    the_end_is_for_ever,
};
pub use self::steps::{
    a_step_that_is_dropped_anywhere_loses_no_item, a_step_that_is_dropped_loses_no_item,
    a_step_that_timed_out_may_be_asked_for_again, an_item_wakes_who_waits_for_it,
    each_item_comes_once_and_in_order, it_sleeps_while_it_waits, it_takes_what_it_is_asked_for,
    nothing_happens_before_the_first_step, the_latest_waker_counts,
};
pub use self::together::{
    cancelled_after_each_poll_in_every_way_nothing_is_lost,
    it_may_be_read_on_several_threads_in_turn, tasks_that_give_up_lose_nothing,
};
use crate::log::within_patience;
use crate::poll::ByHand;
use crate::streams::{Feeder, Item, feed};
use crate::{Log, StreamUnderTest};

/// The table of these cases, given to the macro `$make`. They take the stream, too.
#[doc(hidden)]
#[macro_export]
macro_rules! streams_cases {
    ($make:ident $with:tt $of:tt) => {
        $crate::$make! { $with $of streams:
            nothing_happens_before_the_first_step,
            each_item_comes_once_and_in_order,
            it_takes_what_it_is_asked_for,
            an_item_wakes_who_waits_for_it,
            the_latest_waker_counts,
            it_sleeps_while_it_waits,
            a_step_that_is_dropped_loses_no_item,
            a_step_that_is_dropped_anywhere_loses_no_item,
            a_step_that_timed_out_may_be_asked_for_again,
            an_error_is_an_item_and_no_end,
            a_panic_of_its_source_reaches_its_consumer,
            the_end_is_for_ever,
            closed_half_way_it_exits_its_source,
            closed_while_it_waits_it_exits_its_source,
            closed_at_its_end_it_does_nothing_more,
            dropped_by_foreign_code_it_exits_its_source,
            dropped_in_a_scope_it_exits_its_source_first,
            cancelled_with_its_consumer_it_exits_its_source_first,
            it_may_be_read_on_several_threads_in_turn,
            tasks_that_give_up_lose_nothing,
            cancelled_after_each_poll_in_every_way_nothing_is_lost,
        }
    };
}

/// A stream under test, and what it reads from.
struct Fed<S> {
    stream: S,
    feeder: Feeder,
    log: Log,
}

fn fed<S: StreamUnderTest>(rt: &impl Runtime) -> Fed<S> {
    let log = Log::new();
    let (feeder, feed) = feed(rt, &log, "feed");
    Fed {
        stream: S::over(rt, feed),
        feeder,
        log,
    }
}

/// One that has given the item 0, of three.
async fn half_read<S: StreamUnderTest>(rt: &impl Runtime) -> Fed<S> {
    let mut fed = fed::<S>(rt);
    fed.feeder.give(3);
    let first = fed.next(rt).await;
    assert_eq!(first, Some(Ok(0)));
    fed
}

impl<S: StreamUnderTest> Fed<S> {
    /// The next item. The step is polled only when it was woken.
    async fn next(&mut self, rt: &impl Runtime) -> Option<Item> {
        ended(rt, &mut ByHand::new(self.stream.next())).await
    }

    /// What is left, up to the end.
    async fn rest(&mut self, rt: &impl Runtime) -> Vec<Item> {
        let mut items = Vec::new();
        while let Some(item) = self.next(rt).await {
            items.push(item);
            assert!(items.len() < 100, "there is no end of it");
        }
        items
    }
}

/// What `step` gives, polled only when it was woken.
async fn ended<F: Future>(rt: &impl Runtime, step: &mut ByHand<F>) -> F::Output {
    within_patience(rt, step.when_ready(), || {
        "a step that nobody wakes".to_owned()
    })
    .await
}

fn items(items: impl IntoIterator<Item = u32>) -> Vec<Item> {
    items.into_iter().map(Ok).collect()
}

use std::cell::Cell;
use std::future::ready;
use std::hint::black_box;
use std::pin::pin;

use futures_util::{Stream, StreamExt};

use super::drivers::{await_each, drop_it, poll_each, poll_once};
use super::{GROUP, contenders};
use crate::allocations::count_here;
use crate::executor::Yield;
use crate::measure::{self, Effort};
use crate::now::now;

thread_local! {
    static COLLECTED: Cell<Vec<u64>> = const { Cell::new(Vec::new()) };
}

#[test]
fn every_contender_runs() {
    let rows = measure::group(&GROUP, Effort::QUICK, |_| ());
    assert!(rows.iter().all(|row| row.ns > 0.0));
}

#[test]
fn every_gate_runs() {
    GROUP.gates.iter().for_each(|gate| (gate.run)(2));
}

/// A driver.
fn collect(stream: impl Stream<Item = u64>) {
    COLLECTED.set(now(pin!(stream).collect()));
}

#[test]
fn the_streams_are_the_same() {
    macro_rules! gives {
        ($($form:ident)+) => {
            $(
                $form!(collect, 3);
                assert_eq!(COLLECTED.take(), [0, 1, 2], stringify!($form));
                $form!(collect, 3, ready(()));
                assert_eq!(COLLECTED.take(), [0, 1, 2], stringify!($form));
            )+
        };
    }
    gives!(withal by_hand unfold async_stream async_gen);
    gives!(genawaiter_stack genawaiter_rc genawaiter_sync fauxgen async_fn_stream);
}

// AG-20
#[test]
fn ours_does_not_allocate() {
    let allocations = count_here(|| {
        withal!(poll_each, 10);
        withal!(await_each, 10, black_box(ready(())));
        withal!(await_each, 10, Yield::default());
        withal!(poll_once, 10);
        withal!(drop_it, 10);
    })
    .1;
    assert_eq!(allocations, 0);
}

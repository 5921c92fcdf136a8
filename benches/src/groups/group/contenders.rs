//! What runs children in one task. Each makes a group of so many of them, and adds up what they give.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::pin::pin;

use futures_concurrency::future::{FutureGroup, Join};
use futures_util::future::{join_all, try_join_all};
use futures_util::stream::{FuturesUnordered, StreamExt};
use withal::cancel::Branch;
use withal::{as_completed, join, try_join};
use withal_sync::future_set::FutureSet;
use withal_sync::group::local_group;

use super::children::{self, finish, succeeds};
use crate::Bar;

/// Runs a group of so many children, and gives the sum.
pub(super) type Run = fn(u32) -> u32;

/// One way to run a group, by what its children do.
#[derive(Debug)]
pub(super) struct Subject {
    pub(super) name: &'static str,
    pub(super) bar: Option<Bar>,
    pub(super) ready: Run,
    pub(super) yields: Run,
    pub(super) kept: Run,
}

const JOIN_ALL: &str = "futures-util (join_all)";
const TRY_JOIN_ALL: &str = "futures-util (try_join_all)";
const UNORDERED: &str = "futures-util (FuturesUnordered)";
const MORO: &str = "moro";

macro_rules! subject {
    ($name:expr, $run:ident) => {
        subject!($name, None, $run)
    };
    ($name:expr, $bar:expr, $run:ident) => {
        Subject {
            name: $name,
            bar: $bar,
            ready: |children| $run(children, children::ready),
            yields: |children| $run(children, children::yields),
            kept: |children| $run(children, children::kept),
        }
    };
}

/// The first one is our fastest; those behind it do more, and each has a twin among the peers.
pub(super) const IN_ONE_TASK: &[Subject] = &[
    subject!("withal (FutureSet)", Some(Bar::Fastest(0.6)), future_set),
    subject!("withal (FutureSet of branches)", branches),
    subject!(
        "withal (join)",
        Some(Bar::Times(1.0, JOIN_ALL)),
        ours_joined
    ),
    subject!(
        "withal (try_join)",
        Some(Bar::Times(1.0, TRY_JOIN_ALL)),
        ours_tried
    ),
    subject!(
        "withal (as_completed)",
        Some(Bar::Times(1.0, UNORDERED)),
        ours_completed
    ),
    subject!(
        "withal (local_group)",
        Some(Bar::Times(1.0, MORO)),
        ours_grouped
    ),
    subject!(JOIN_ALL, joined),
    subject!(TRY_JOIN_ALL, tried),
    subject!(UNORDERED, unordered),
    subject!("futures-buffered (FuturesUnordered)", buffered),
    subject!("futures-buffered (bounded)", buffered_bounded),
    subject!("futures-buffered (join_all)", buffered_joined),
    subject!("futures-concurrency (join)", concurrency_joined),
    subject!("futures-concurrency (FutureGroup)", concurrency_group),
    subject!(MORO, moro),
    subject!("limit: one after the other", sequential),
];

fn future_set<F: Future<Output = u32>>(children: u32, child: impl Fn(u32) -> F) -> u32 {
    finish(async {
        let mut set: FutureSet<_> = (0..children).map(child).collect();
        let mut sum = 0_u32;
        while let Some((_, number)) = set.next().await {
            sum = sum.wrapping_add(number);
        }
        sum
    })
}

fn branches<F: Future<Output = u32>>(children: u32, child: impl Fn(u32) -> F) -> u32 {
    future_set(children, |number| {
        let child = child(number);
        async {
            let mut branch = pin!(Branch::new("group", child));
            let ended = poll_fn(|cx| branch.as_mut().poll_branch(cx, false)).await;
            ended.expect("no child panics")
        }
    })
}

fn ours_joined<F: Future<Output = u32>>(children: u32, child: impl Fn(u32) -> F) -> u32 {
    let all: Vec<_> = (0..children).map(child).collect();
    finish(async { sum(join(all).await) })
}

fn ours_tried<F: Future<Output = u32>>(children: u32, child: impl Fn(u32) -> F) -> u32 {
    let all = (0..children).map(|number| succeeds(child(number)));
    let all: Vec<_> = all.collect();
    finish(async {
        let Ok(numbers) = try_join(all).await;
        sum(numbers)
    })
}

fn ours_completed<F: Future<Output = u32>>(children: u32, child: impl Fn(u32) -> F) -> u32 {
    let all = as_completed((0..children).map(child));
    finish(all.fold(0, async |sum: u32, (_, number)| sum.wrapping_add(number)))
}

fn ours_grouped<F: Future<Output = u32> + Send>(
    children: u32,
    child: impl Fn(u32) -> F + Sync,
) -> u32 {
    let child = &child;
    finish(async {
        let sum = local_group(async |group| {
            let handles: Vec<_> = (0..children)
                .map(|number| group.spawn(succeeds(child(number))))
                .collect();
            let mut sum = 0_u32;
            for handle in handles {
                sum = sum.wrapping_add(handle.await.expect("no child panics"));
            }
            Ok::<_, Infallible>(sum)
        });
        sum.await.expect("no child fails")
    })
}

fn joined<F: Future<Output = u32>>(children: u32, child: impl Fn(u32) -> F) -> u32 {
    finish(async { sum(join_all((0..children).map(child)).await) })
}

fn tried<F: Future<Output = u32>>(children: u32, child: impl Fn(u32) -> F) -> u32 {
    finish(async {
        let all = (0..children).map(|number| succeeds(child(number)));
        let Ok(numbers) = try_join_all(all).await;
        sum(numbers)
    })
}

fn unordered<F: Future<Output = u32>>(children: u32, child: impl Fn(u32) -> F) -> u32 {
    let group: FuturesUnordered<_> = (0..children).map(child).collect();
    finish(group.fold(0, async |sum: u32, number| sum.wrapping_add(number)))
}

fn buffered<F: Future<Output = u32>>(children: u32, child: impl Fn(u32) -> F) -> u32 {
    let mut group = futures_buffered::FuturesUnordered::with_capacity(children as usize);
    (0..children).for_each(|number| group.push(child(number)));
    finish(group.fold(0, async |sum: u32, number| sum.wrapping_add(number)))
}

fn buffered_bounded<F: Future<Output = u32>>(children: u32, child: impl Fn(u32) -> F) -> u32 {
    let group: futures_buffered::FuturesUnorderedBounded<_> = (0..children).map(child).collect();
    finish(group.fold(0, async |sum: u32, number| sum.wrapping_add(number)))
}

fn buffered_joined<F: Future<Output = u32>>(children: u32, child: impl Fn(u32) -> F) -> u32 {
    finish(async { sum(futures_buffered::join_all((0..children).map(child)).await) })
}

fn concurrency_joined<F: Future<Output = u32>>(children: u32, child: impl Fn(u32) -> F) -> u32 {
    let all: Vec<_> = (0..children).map(child).collect();
    finish(async { sum(all.join().await) })
}

fn concurrency_group<F: Future<Output = u32>>(children: u32, child: impl Fn(u32) -> F) -> u32 {
    let mut group = FutureGroup::with_capacity(children as usize);
    for number in 0..children {
        group.insert(child(number));
    }
    finish(group.fold(0, async |sum: u32, number| sum.wrapping_add(number)))
}

fn moro<F: Future<Output = u32> + Send + 'static>(
    children: u32,
    child: impl Fn(u32) -> F + Sync,
) -> u32 {
    let child = &child;
    finish(moro::async_scope!(|scope| {
        let children: Vec<_> = (0..children)
            .map(|number| scope.spawn(child(number)))
            .collect();
        let mut sum = 0_u32;
        for child in children {
            sum = sum.wrapping_add(child.await);
        }
        sum
    }))
}

fn sequential<F: Future<Output = u32>>(children: u32, child: impl Fn(u32) -> F) -> u32 {
    finish(async {
        let mut sum = 0_u32;
        for number in 0..children {
            sum = sum.wrapping_add(child(number).await);
        }
        sum
    })
}

fn sum(numbers: Vec<u32>) -> u32 {
    numbers.into_iter().fold(0, u32::wrapping_add)
}

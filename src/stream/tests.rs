//! Python's comprehensions, by the adapters of `futures-util`, on a generator.

pub(super) mod by_hand;
pub(super) mod clock;
mod spawned;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::future::ready;

use futures_util::stream::{self, StreamExt};

use self::by_hand::{ByHand, Trace, held, yields};
use crate::{close, generator};

/// `n` numbers, the first of them one.
fn count(n: u32) -> impl futures_core::Stream<Item = u32> {
    generator(async move |y| {
        for number in 1..=n {
            yields(1).await;
            y.yield_(number).await;
        }
    })
}

// CO-1
#[test]
fn the_list_form_collects_all_in_order() {
    let mut all = ByHand::new(count(4).collect::<Vec<_>>());
    assert_eq!(all.ready(), [1, 2, 3, 4]);
    let mut plain = ByHand::new(stream::iter(1..3).chain(count(1)).collect::<Vec<_>>());
    assert_eq!(plain.ready(), [1, 2, 1]);
}

// CO-2
#[test]
fn what_is_awaited_for_one_element_ends_before_the_next_begins() {
    let trace = Trace::default();
    let fetch = async |n: u32| {
        trace.push(format!("<{n}"));
        yields(2).await;
        trace.push(format!("{n}>"));
        n * 10
    };
    let is_odd = async |n: u32| {
        trace.push(format!("?{n}"));
        yields(1).await;
        n % 2 == 1
    };
    let odd = count(3).filter(|n| is_odd(*n));
    let mut fetched = ByHand::new(odd.then(fetch).collect::<Vec<_>>());
    assert_eq!(fetched.ready(), [10, 30]);
    assert_eq!(trace.take(), "?1 <1 1> ?2 ?3 <3 3>");
}

// CO-8, IT-14
#[test]
fn no_element_can_be_taken_for_the_end() {
    let halves = count(4).map(|n| (n % 2 == 0).then_some(n / 2));
    let mut halves = ByHand::new(halves.collect::<Vec<_>>());
    assert_eq!(halves.ready(), [None, Some(1), None, Some(2)]);
}

// CO-3
#[test]
fn an_inner_source_is_made_anew_for_each_outer_item() {
    let made = RefCell::new(Vec::new());
    let pairs = count(3).flat_map(|outer| {
        made.borrow_mut().push(outer);
        count(outer).map(move |inner| (outer, inner))
    });
    let mut pairs = ByHand::new(pairs.collect::<Vec<_>>());
    let expected = [(1, 1), (2, 1), (2, 2), (3, 1), (3, 2), (3, 3)];
    assert_eq!(pairs.ready(), expected);
    drop(pairs);
    assert_eq!(made.into_inner(), [1, 2, 3]);
}

// CO-4
#[test]
fn the_set_form_removes_duplicates_and_the_later_key_wins() {
    let mut set = ByHand::new(count(5).map(|n| n % 2).collect::<BTreeSet<_>>());
    assert_eq!(set.ready(), BTreeSet::from([0, 1]));
    let keyed = count(5).map(|n| (n % 2, n));
    let mut map = ByHand::new(keyed.collect::<BTreeMap<_, _>>());
    assert_eq!(map.ready(), BTreeMap::from([(0, 4), (1, 5)]));
}

// CO-6
#[test]
fn the_generator_form_is_lazy() {
    let asked = Cell::new(0);
    let numbers = generator(async |y| {
        asked.set(asked.get() + 1);
        y.yield_(1).await;
        asked.set(asked.get() + 1);
        y.yield_(2).await;
    });
    let mut doubled = ByHand::new(numbers.map(|n| n * 2));
    assert_eq!(asked.get(), 0);
    assert_eq!(doubled.poll_next(), std::task::Poll::Ready(Some(2)));
    assert_eq!(asked.get(), 1);
}

// CO-7
#[test]
fn the_generator_form_can_be_closed() {
    let trace = Trace::default();
    let inner = || held(&trace, "inner", &[1, 2]);
    let nested = held(&trace, "outer", &[1, 2]).flat_map(|_| inner());
    let mut nested = Box::pin(nested.map(|n| n + 1).filter(|_| ready(true)));
    assert_eq!(ByHand::new(nested.next()).ready(), Some(2));
    ByHand::new(close(nested)).ready();
    let seen = trace.take();
    let mut events: Vec<_> = seen.split(' ').collect();
    events.sort_unstable();
    assert_eq!(events, ["+inner", "+outer", "-inner", "-outer"]);
}

// CO-10
#[test]
fn forms_nest_in_each_other() {
    let rows = count(3).then(async |row| count(row).collect::<Vec<_>>().await);
    let mut table = ByHand::new(rows.map(|row| row.len()).collect::<BTreeSet<_>>());
    assert_eq!(table.ready(), BTreeSet::from([1, 2, 3]));
}

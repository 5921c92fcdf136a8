//! Who is polled, and when.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::cell::Cell;
use core::future::{pending, poll_fn, ready};
use core::pin::Pin;
use core::task::{Context, Poll, Waker};

use futures_core::Stream;
use futures_core::stream::FusedStream;
use futures_util::StreamExt;

use super::{Family, FutureSet};
use crate::tests::{Die, Task, now};

//
#[test]
fn an_empty_set_ends_at_once_and_can_be_filled_again() {
    let mut set = FutureSet::new();
    assert!(set.is_terminated() && set.is_empty());
    assert_eq!(now(set.next()), None);
    let key = set.push(ready(1));
    assert!(!set.is_terminated() && set.contains(key));
    assert_eq!(now(set.next()), Some((key, 1)));
    assert!(set.is_terminated() && !set.contains(key));
    assert_eq!(now(set.next()), None);
}

//
#[test]
fn the_first_polls_come_in_the_order_of_the_pushes() {
    let mut family = Family::new(20);
    assert!(family.log.polls().is_empty(), "a push polls nothing");
    assert!(family.poll().is_pending());
    assert_eq!(family.log.polls(), (0..20).collect::<Vec<_>>());
}

//
#[test]
fn only_those_that_were_woken_are_polled_and_in_that_order() {
    let mut family = Family::waiting(10);
    assert!(family.poll().is_pending());
    assert_eq!(family.log.polls(), [], "nobody was woken");
    for woken in [7, 2, 2, 9, 7, 0] {
        family.children[woken].wake();
    }
    assert!(family.poll().is_pending());
    assert_eq!(family.log.polls(), [7, 2, 9, 0]);
}

//
#[test]
fn wakes_and_pushes_have_one_order() {
    let mut family = Family::waiting(4);
    family.children[3].wake();
    family.grow();
    family.children[1].wake();
    let key = family.keys[2];
    assert!(family.set.wake(key));
    family.grow();
    assert!(family.poll().is_pending());
    assert_eq!(family.log.polls(), [3, 4, 1, 2, 5]);
}

// what is left over after an output comes before what was woken later
#[test]
fn an_output_does_not_disturb_the_order() {
    let mut family = Family::waiting(5);
    for done in [4, 0, 3] {
        family.children[done].finish();
    }
    assert_eq!(family.ended(), 4);
    family.children[2].finish();
    assert_eq!([family.ended(), family.ended(), family.ended()], [0, 3, 2]);
    assert!(family.poll().is_pending());
    family.children[1].finish();
    assert_eq!(family.ended(), 1);
    assert_eq!(family.poll(), Poll::Ready(None));
}

//
#[test]
fn futures_that_wake_themselves_take_turns_and_the_task_gives_way() {
    let mut family = Family::new(3);
    for child in &family.children {
        child.wakes_itself.set(true);
    }
    family.children[1].keeps_no_waker.set(true);
    let log = family.log.clone();
    let mut task = family.task();
    for round in 1..5 {
        assert!(task.poll().is_pending());
        assert_eq!(log.polls(), [0, 1, 2], "each once, in round {round}");
        assert!(task.wakes() >= round);
    }
}

// it gives way to all others
#[test]
fn who_wakes_itself_is_polled_behind_those_it_woke() {
    let mut family = Family::new(2);
    family.children[1].keeps_no_waker.set(true);
    assert!(family.poll().is_pending());
    let first = family.children[0].waker();
    family.children[1].wakes_itself.set(true);
    family.children[1].wakes_another.replace(Some(first));
    let key = family.keys[1];
    assert!(family.set.wake(key));
    for _ in 0..3 {
        assert!(family.poll().is_pending());
    }
    assert_eq!(family.log.polls(), [0, 1, 1, 0, 1, 0, 1]);
}

//
#[test]
fn who_is_woken_during_a_poll_waits_for_the_next_one() {
    let mut family = Family::waiting(3);
    let all = [0, 1, 2].map(|name| family.children[name].waker());
    family.children[1]
        .wakes_another
        .replace(Some(all[0].clone()));
    all.into_iter().skip(1).for_each(Waker::wake);
    let log = family.log.clone();
    let mut task = family.task();
    assert!(task.poll().is_pending() && task.woken());
    assert_eq!(log.polls(), [1, 2]);
    assert!(task.poll().is_pending());
    assert_eq!(log.polls(), [0]);
}

//
#[test]
fn a_set_that_holds_sets_polls_only_what_was_woken() {
    let gates: Vec<_> = (0..9).map(|_| Cell::new(None::<Waker>)).collect();
    let polls = Cell::new(0);
    let child = |gate| {
        let polls = &polls;
        poll_fn(move |cx: &mut Context<'_>| {
            polls.set(polls.get() + 1);
            let gates: &Vec<Cell<Option<Waker>>> = gate;
            gates[(polls.get() - 1) % 9].set(Some(cx.waker().clone()));
            Poll::<()>::Pending
        })
    };
    let mut outer: FutureSet<_> = (0..3)
        .map(|_| {
            let mut inner: FutureSet<_> = (0..3).map(|_| child(&gates)).collect();
            poll_fn(move |cx| inner.poll_next(cx))
        })
        .collect();
    let mut task = Task::waiting(poll_fn(|cx| outer.poll_next(cx)));
    assert_eq!(polls.get(), 9);
    for waker in &gates {
        let before = polls.get();
        let woken = waker.take().unwrap();
        woken.wake_by_ref();
        assert!(task.poll().is_pending());
        assert_eq!(polls.get(), before + 1);
    }
}

//
#[test]
fn all_can_be_woken_at_once() {
    let mut family = Family::waiting(6);
    family.children[4].wake();
    let key = family.keys[2];
    assert!(family.set.remove(key));
    assert!(!family.set.wake(key));
    family.log.take();
    family.set.wake_all();
    assert!(family.poll().is_pending());
    assert_eq!(family.log.polls(), [4, 0, 1, 3, 5]);
}

//
#[test]
fn to_wake_by_key_wakes_the_task() {
    let mut family = Family::new(2);
    let (waker, wakes) = super::wakers::counting();
    assert!(family.poll_with(&waker).is_pending());
    let key = family.keys[0];
    assert!(family.set.wake(key) && wakes.count() == 1);
    assert!(family.poll_with(&waker).is_pending());
    family.set.wake_all();
    assert_eq!(wakes.count(), 2);
}

//
#[test]
fn a_hundred_thousand_futures_are_polled_when_they_are_woken() {
    const MANY: usize = 100_000;
    let wakers: Vec<_> = (0..MANY).map(|_| Cell::new(None::<Waker>)).collect();
    let polls = Cell::new(0);
    let mut set: FutureSet<_> = wakers
        .iter()
        .enumerate()
        .map(|(index, waker)| {
            let (polls, mut first) = (&polls, true);
            poll_fn(move |cx: &mut Context<'_>| {
                polls.set(polls.get() + 1);
                if core::mem::take(&mut first) {
                    waker.set(Some(cx.waker().clone()));
                    return Poll::Pending;
                }
                Poll::Ready(index)
            })
        })
        .collect();
    assert_eq!(set.size_hint(), (MANY, Some(MANY)));
    let mut cx = Context::from_waker(Waker::noop());
    assert!(set.poll_next(&mut cx).is_pending());
    let mut die = Die(7);
    let mut order: Vec<_> = (0..MANY).collect();
    for last in (1..MANY).rev() {
        order.swap(last, die.throw(u32::try_from(last).unwrap() + 1) as usize);
    }
    for &index in &order {
        // Some several times.
        let waker = wakers[index].take().unwrap();
        (0..die.throw(3)).for_each(|_| waker.wake_by_ref());
        waker.wake();
    }
    let mut ended = Vec::new();
    while let Poll::Ready(Some((_, index))) = set.poll_next(&mut cx) {
        ended.push(index);
    }
    assert!(ended == order, "in the order of their wakes");
    assert_eq!(polls.get(), 2 * MANY);
}

// a stream like any other
#[test]
fn it_is_a_stream_whatever_it_holds() {
    let text = String::from("borrowed");
    let set: FutureSet<_> = text.chars().map(async |char| char).collect();
    let chars: Vec<_> = now(set.map(|(key, char)| (key.index(), char)).collect());
    assert!(chars.into_iter().eq(text.chars().enumerate()));
    let mut never: FutureSet<_> = vec![pending::<()>()].into_iter().collect();
    let mut task = Task::waiting(poll_fn(|cx| {
        let pinned: Pin<&mut FutureSet<_>> = Pin::new(&mut never);
        Stream::poll_next(pinned, cx)
    }));
    assert!(task.poll().is_pending() && !task.woken());
}

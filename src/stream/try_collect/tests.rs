use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};

use futures_util::stream;

use super::{Partial, TryCollect, try_collect};
use crate::stream::tests::by_hand::{ByHand, Trace, held, holding, send};

type Collected<C> = Result<C, &'static str>;

// CO-1, CO-4
#[test]
fn all_of_a_stream_is_collected_into_what_is_asked_for() {
    let trace = Trace::default();
    let items = [Ok(2), Ok(1), Ok(2)];
    let source = || held(&trace, "source", &items);
    let list: Collected<Vec<_>> = ByHand::new(try_collect(source())).ready();
    assert_eq!(list, Ok(vec![2, 1, 2]));
    let set: Collected<BTreeSet<_>> = ByHand::new(try_collect(source())).ready();
    assert_eq!(set, Ok(BTreeSet::from([1, 2])));
    let pairs = stream::iter([Ok::<_, ()>((1, "a")), Ok((1, "b"))]);
    let map: Result<BTreeMap<_, _>, _> = ByHand::new(try_collect(pairs)).ready();
    assert_eq!(map, Ok(BTreeMap::from([(1, "b")])));
}

// CO-5, IT-5
#[test]
fn an_error_closes_the_source_before_it_arrives() {
    let trace = Trace::default();
    let items = [Ok(1), Err("broken"), Ok(2)];
    let collected: TryCollect<_, Vec<_>, _> = try_collect(held(&trace, "source", &items));
    let mut collected = ByHand::new(collected);
    assert_eq!(collected.ready(), Err("broken"));
    assert_eq!(trace.take(), "+source -source");
}

// CO-5
#[test]
fn the_partial_form_gives_what_was_collected() {
    let trace = Trace::default();
    let items = [Ok(1), Ok(2), Err("broken"), Ok(3)];
    let collected: TryCollect<_, Vec<_>, _> = try_collect(held(&trace, "source", &items));
    let ended = ByHand::new(collected.partial()).ready();
    let expected = Partial {
        items: vec![1, 2],
        error: "broken",
    };
    assert_eq!(ended, Err(expected));
    assert_eq!(trace.take(), "+source -source");

    let collected: TryCollect<_, Vec<_>, _> = try_collect(held(&trace, "source", &items[..2]));
    assert_eq!(ByHand::new(collected.partial()).ready(), Ok(vec![1, 2]));
}

// IT-13
#[test]
fn a_source_that_is_borrowed_by_hand_stays_open() {
    use futures_util::stream::TryStreamExt;

    let mut source = stream::iter([Ok(1), Err("broken"), Ok(2)]);
    let part: Collected<Vec<_>> = ByHand::new((&mut source).try_collect()).ready();
    assert_eq!(part, Err("broken"));
    let rest: Collected<Vec<_>> = ByHand::new((&mut source).try_collect()).ready();
    assert_eq!(rest, Ok(vec![2]));
}

// IT-15, K1
#[test]
fn cancelled_at_every_poll_it_leaves_nothing_open() {
    let trace = Trace::default();
    let items = [Ok(1), Ok(2), Err("broken")];
    for polls in 0..10 {
        let whole = async {
            holding(&trace, "around", async {
                let collected: TryCollect<_, Vec<_>, _> =
                    try_collect(held(&trace, "source", &items));
                let _ = collected.await;
            })
            .await;
        };
        let mut whole = Box::pin(whole);
        let mut by_hand = ByHand::new(&mut whole);
        for _ in 0..polls {
            if by_hand.poll().is_ready() {
                break;
            }
        }
        drop(by_hand);
        ByHand::new(crate::cancel(whole)).ready();
        let seen = trace.take();
        let expected = ["", "+around -around", "+around +source -source -around"];
        assert!(expected.contains(&&*seen), "after {polls} polls: {seen}");
    }
}

// K11
#[test]
fn a_panic_goes_on_when_the_source_is_closed() {
    struct Picky;

    impl Default for Picky {
        fn default() -> Self {
            Self
        }
    }

    impl Extend<u32> for Picky {
        fn extend<I: IntoIterator<Item = u32>>(&mut self, items: I) {
            assert!(items.into_iter().all(|item| item < 2), "too many");
        }
    }

    let trace = Trace::default();
    let items = [Ok::<_, ()>(1), Ok(2)];
    let collected: TryCollect<_, Picky, _> = try_collect(held(&trace, "source", &items));
    let mut collected = ByHand::new(collected);
    let ended = catch_unwind(AssertUnwindSafe(|| collected.ready().is_ok()));
    let payload = ended.unwrap_err();
    assert_eq!(payload.downcast_ref(), Some(&"too many"));
    assert_eq!(trace.take(), "+source -source");
}

#[test]
fn a_local_form_waits_for_what_stays_on_its_thread() {
    let collected: TryCollect<_, Vec<_>, _> = try_collect(stream::iter([Ok::<_, ()>(1)]));
    assert_eq!(ByHand::new(collected.local()).ready(), Ok(vec![1]));
    let collected: TryCollect<_, Vec<_>, _> = try_collect(stream::iter([Ok(1), Err(2)]));
    let ended = ByHand::new(collected.partial().local()).ready();
    assert_eq!(ended.map_err(|partial| partial.items), Err(vec![1]));
}

#[test]
fn it_may_move_between_threads() {
    let numbers = stream::iter([Ok::<_, String>(1)]);
    let mut collected = ByHand::new(send(try_collect::<_, HashSet<_>, _, _, _>(numbers)));
    assert_eq!(collected.ready(), Ok(HashSet::from([1])));
}

#[test]
fn the_error_of_the_partial_form_leads_to_the_source() {
    let error = Partial {
        items: [1],
        error: std::fmt::Error,
    };
    let source = error.source().unwrap();
    assert!(source.is::<std::fmt::Error>());
    assert!(!error.to_string().contains(&source.to_string()));
}

#[test]
#[should_panic(expected = "polled after completion")]
fn polled_after_completion_it_panics() {
    let numbers: TryCollect<_, Vec<_>, _> = try_collect(stream::iter([Ok::<_, ()>(1)]));
    let mut numbers = ByHand::new(numbers);
    assert!(numbers.ready().is_ok());
    let _ = numbers.poll();
}

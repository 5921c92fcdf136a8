//! However the loop ends, its source is closed.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::rc::Rc;

use futures_util::future::join;
use futures_util::stream::{self, StreamExt};

use super::super::prefetch;
use crate::cancel;
use crate::stream::tests::by_hand::{ByHand, Fed, Trace, held, holding, yields};

// IT-5, IT-4, K1
#[test]
fn the_source_is_closed_when_the_body_ends_early() {
    let trace = Trace::default();
    let source = held(&trace, "source", &[1, 2, 3]);
    let mut run = ByHand::new(prefetch(source, 1, async |mut items| {
        let first = items.next().await;
        trace.push("done");
        first
    }));
    assert_eq!(run.ready(), Some(1));
    assert_eq!(trace.take(), "+source done -source");
}

// IT-5
#[test]
fn the_source_is_closed_when_it_ends_first() {
    let trace = Trace::default();
    let source = held(&trace, "source", &[1]);
    let mut run = ByHand::new(prefetch(source, 4, async |items| {
        holding(&trace, "body", async {
            items.for_each(async |_| yields(5).await).await;
            trace.push("done");
        })
        .await;
    }));
    run.ready();
    assert_eq!(trace.take(), "+source +body -source done -body");
}

// K1, K4
#[test]
fn cancelled_at_every_poll_the_body_goes_before_the_source() {
    let trace = Trace::default();
    let mut seen = Vec::new();
    for polls in 0..12 {
        let run = prefetch(held(&trace, "source", &[1, 2]), 1, async |mut items| {
            holding(&trace, "body", async {
                while items.next().await.is_some() {
                    yields(2).await;
                }
            })
            .await;
        });
        let mut whole = Box::pin(holding(&trace, "around", run));
        let mut by_hand = ByHand::new(&mut whole);
        let ended = (0..polls).any(|_| by_hand.poll().is_ready());
        drop(by_hand);
        ByHand::new(cancel(whole)).ready();
        let expected = [
            "",
            "+around +source +body -body -source -around",
            // The source had come to its end by itself.
            "+around +source +body -source -body -around",
        ];
        let events = trace.take();
        let which = expected.iter().position(|it| *it == events);
        assert!(which.is_some(), "after {polls} polls: {events}");
        assert_eq!(which == Some(0), polls == 0);
        seen.push((which, ended));
    }
    for expected in [(Some(1), false), (Some(2), false), (Some(2), true)] {
        assert!(seen.contains(&expected), "{seen:?}");
    }
}

// K11
#[test]
fn a_panic_of_the_body_goes_on_when_the_source_is_closed() {
    let trace = Trace::default();
    let source = held(&trace, "source", &[1, 2]);
    let mut run = ByHand::new(prefetch(source, 1, async |mut items| {
        items.next().await;
        panic_any("enough");
    }));
    let ended = catch_unwind(AssertUnwindSafe(|| run.ready()));
    assert_eq!(ended.unwrap_err().downcast_ref(), Some(&"enough"));
    assert_eq!(trace.take(), "+source -source");
}

// K11
#[test]
fn a_panic_of_the_source_goes_on_when_the_body_is_closed() {
    let trace = Trace::default();
    let source = stream::iter(1..).then(async |n| {
        yields(1).await;
        assert!(n < 2, "no more");
        n
    });
    let mut run = ByHand::new(prefetch(source, 1, async |mut items| {
        holding(&trace, "body", async {
            while items.next().await.is_some() {
                yields(1).await;
            }
        })
        .await;
    }));
    let ended = catch_unwind(AssertUnwindSafe(|| run.ready()));
    assert_eq!(ended.unwrap_err().downcast_ref(), Some(&"no more"));
    assert_eq!(trace.take(), "+body -body");
}

#[test]
fn what_was_made_and_not_taken_is_dropped_with_the_items() {
    let item = Rc::new(());
    let source = stream::iter(vec![item.clone(); 5]);
    let mut run = ByHand::new(prefetch(source, 3, async |mut items| items.next().await));
    assert!(run.ready().is_some());
    assert_eq!(Rc::strong_count(&item), 1);
}

#[test]
fn what_was_made_and_not_taken_can_be_had() {
    let trace = Trace::default();
    let source = held(&trace, "source", &[1, 2, 3, 4]);
    let mut run = ByHand::new(prefetch(source, 2, async |mut items| {
        let first = items.next().await;
        yields(5).await;
        (first, items)
    }));
    let (first, items) = run.ready();
    assert_eq!(trace.take(), "+source -source");
    drop(run);
    assert_eq!(first, Some(1));
    assert_eq!(ByHand::new(items.collect::<Vec<_>>()).ready(), [2, 3]);
}

#[test]
fn whoever_waits_for_an_item_elsewhere_is_told_of_the_end() {
    let (fed, trace) = (Fed::<u8>::new(), Trace::default());
    let handed = RefCell::new(None);
    let run = prefetch(fed.clone(), 1, async |items| {
        handed.replace(Some(items));
        yields(3).await;
    });
    let elsewhere = async {
        yields(1).await;
        let items = handed.take().unwrap();
        assert_eq!(items.count().await, 0);
        trace.push("told");
    };
    ByHand::new(join(run, elsewhere)).ready();
    assert_eq!(trace.take(), "told");
}

#[test]
fn without_a_consumer_nothing_more_is_made() {
    let fed = Fed::new();
    let mut run = ByHand::new(prefetch(fed.clone(), 4, async |items| {
        yields(1).await;
        drop(items);
        std::future::pending::<()>().await;
    }));
    assert!(run.run().is_pending());
    fed.polls();
    fed.feed(1);
    assert!(run.run().is_pending());
    assert_eq!(fed.polls(), 0);
}

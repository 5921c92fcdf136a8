use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt};
use withal::runtime::{Runtime, Timer};
use withal::timeout;

use super::{Fed, ended, fed, items};
use crate::StreamUnderTest;
use crate::log::within_patience;
use crate::poll::{ByHand, yields};
use crate::streams::Feeder;

// AG-1, AG-9, CO-6
pub async fn nothing_happens_before_the_first_step<S: StreamUnderTest>(rt: &impl Runtime) {
    for closes in [false, true] {
        let Fed {
            mut stream,
            feeder,
            log,
        } = fed::<S>(rt);
        feeder.give(3);
        drop(stream.next());
        yields(5).await;
        assert_eq!((log.trace().as_str(), feeder.taken()), ("", 0), "it began");
        if closes {
            stream.close().await;
        } else {
            drop(stream);
        }
        yields(5).await;
        assert_eq!((log.trace().as_str(), feeder.taken()), ("", 0), "it began");
    }
}

// AG-28, IT-1, IT-14
pub async fn each_item_comes_once_and_in_order<S: StreamUnderTest>(rt: &impl Runtime) {
    for waits in [false, true] {
        let mut fed = fed::<S>(rt);
        for item in [5, 3, 3, 9] {
            fed.feeder.push(item);
            if waits {
                fed.feeder.wait();
            }
        }
        fed.feeder.end();
        assert_eq!(fed.rest(rt).await, items([5, 3, 3, 9]), "the items");
        fed.log.assert("+feed .feed -feed:completed");
    }
}

// IT-6
pub async fn it_takes_what_it_is_asked_for<S: StreamUnderTest>(rt: &impl Runtime) {
    let mut fed = fed::<S>(rt);
    let count = S::AHEAD + 3;
    for item in 0..u32::try_from(count).unwrap() {
        fed.feeder.push(item);
    }
    for asked in 1..=3 {
        let item = fed.next(rt).await;
        assert!(item.is_some());
        // For those that read ahead, in a task perhaps.
        yields(20).await;
        let taken = fed.feeder.taken();
        assert!(taken <= asked + S::AHEAD, "it runs ahead: {taken} items");
    }
}

// AG-20: also where one item follows another, before anybody has run.
pub async fn an_item_wakes_who_waits_for_it<S: StreamUnderTest>(rt: &impl Runtime) {
    let mut fed = fed::<S>(rt);
    for item in 0..3 {
        let Fed { stream, feeder, .. } = &mut fed;
        let mut step = ByHand::waiting(stream.next());
        feeder.push(2 * item);
        feeder.push(2 * item + 1);
        assert_eq!(ended(rt, &mut step).await, Some(Ok(2 * item)));
        drop(step);
        assert_eq!(fed.next(rt).await, Some(Ok(2 * item + 1)));
    }
    let Fed { stream, feeder, .. } = &mut fed;
    let mut step = ByHand::waiting(stream.next());
    feeder.end();
    assert_eq!(ended(rt, &mut step).await, None);
}

// AG-20, IT-15: a step moves to another task, or another task asks for the next one.
pub async fn the_latest_waker_counts<S: StreamUnderTest>(rt: &impl Runtime) {
    let Fed {
        mut stream, feeder, ..
    } = fed::<S>(rt);
    let mut step = ByHand::waiting(stream.next());
    step.change_waker();
    assert!(step.poll().is_pending());
    feeder.push(1);
    assert_eq!(ended(rt, &mut step).await, Some(Ok(1)));
    drop(step);
    drop(ByHand::waiting(stream.next()));
    let mut step = ByHand::waiting(stream.next());
    feeder.push(2);
    assert_eq!(ended(rt, &mut step).await, Some(Ok(2)));
}

// AG-20
pub async fn it_sleeps_while_it_waits<S: StreamUnderTest>(rt: &impl Runtime) {
    let mut fed = fed::<S>(rt);
    fed.feeder.push(0);
    assert_eq!(fed.next(rt).await, Some(Ok(0)));
    let mut step = ByHand::waiting(fed.stream.next());
    // It may have begun something that has to be polled again.
    for _ in 0..20 {
        if !step.is_due() {
            return;
        }
        assert!(step.poll().is_pending());
    }
    panic!("it wakes itself again and again");
}

// AG-18, IT-15
pub async fn a_step_that_is_dropped_loses_no_item<S: StreamUnderTest>(rt: &impl Runtime) {
    let mut fed = fed::<S>(rt);
    let lost = "an item is lost";
    // Before its first poll.
    fed.feeder.push(0);
    drop(fed.stream.next());
    assert_eq!(fed.next(rt).await, Some(Ok(0)), "{lost}");
    // While it waits.
    drop(ByHand::waiting(fed.stream.next()));
    fed.feeder.push(1);
    assert_eq!(fed.next(rt).await, Some(Ok(1)), "{lost}");
    // After it was woken.
    let step = ByHand::waiting(fed.stream.next());
    fed.feeder.push(2);
    within_patience(rt, step.when_woken(), || "nobody wakes it".to_owned()).await;
    drop(step);
    assert_eq!(fed.next(rt).await, Some(Ok(2)), "{lost}");
    // Several, one after the other.
    for _ in 0..3 {
        drop(ByHand::waiting(fed.stream.next()));
    }
    fed.feeder.push(3);
    fed.feeder.end();
    assert_eq!(fed.rest(rt).await, items([3]), "{lost}");
}

// AG-18, IT-15, IT-16
pub async fn a_step_that_is_dropped_anywhere_loses_no_item<S: StreamUnderTest>(rt: &impl Runtime) {
    // At the first poll of all, at the second, … and, the last time, at none.
    for at in 0..1000 {
        let mut fed = fed::<S>(rt);
        fed.feeder.give(3);
        let (mut polls, mut dropped, mut got) = (0, false, Vec::new());
        loop {
            let mut step = pin!(fed.stream.next());
            let ended = poll_fn(|cx| {
                if polls == at && !dropped {
                    dropped = true;
                    return Poll::Ready(None);
                }
                polls += 1;
                step.as_mut().poll(cx).map(Some)
            });
            let seen = || format!("stuck after {got:?}");
            match within_patience(rt, ended, seen).await {
                None => {}
                Some(Some(item)) => got.push(item),
                Some(None) => break,
            }
        }
        assert_eq!(
            got,
            items(0..3),
            "dropped after {at} polls: an item is lost"
        );
        if !dropped {
            assert!(at > 3, "it never waits");
            return;
        }
    }
    panic!("there is no end of it");
}

/// A timer whose time is up at once; an item comes in that very moment.
struct LastMoment(Feeder);

impl Timer for LastMoment {
    type Instant = Duration;
    type Sleep = BoxFuture<'static, ()>;

    fn now(&self) -> Duration {
        Duration::ZERO
    }

    fn deadline(&self, timeout: Duration) -> Duration {
        timeout
    }

    fn elapsed(&self, earlier: Duration, later: Duration) -> Duration {
        later.saturating_sub(earlier)
    }

    fn sleep_until(&self, _: Duration) -> BoxFuture<'static, ()> {
        let feeder = self.0.clone();
        async move { feeder.push(7) }.boxed()
    }
}

// IT-16
pub async fn a_step_that_timed_out_may_be_asked_for_again<S: StreamUnderTest>(rt: &impl Runtime) {
    let mut fed = fed::<S>(rt);
    let again = "the step after a timeout";
    for _ in 0..2 {
        let step = timeout(rt, Duration::from_micros(1), fed.stream.next()).await;
        assert!(step.is_err(), "{again}: {step:?} before there is an item");
    }
    let late = LastMoment(fed.feeder.clone());
    let step = timeout(&late, Duration::MAX, fed.stream.next()).await;
    assert!(step.is_err(), "{step:?}: the time was up");
    fed.feeder.push(8);
    fed.feeder.end();
    assert_eq!(fed.rest(rt).await, items([7, 8]), "{again}");
}

//! What every source and every adapter owes to who reads it, and to what it reads from, whoever
//! wrote it.
//!
//! [`stream_conformance!`](crate::stream_conformance) runs these cases on a
//! [`StreamUnderTest`] of your own.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::thread;
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt, select};
use withal::runtime::{Runtime, Timer};
use withal::{timeout, with};

use crate::foreign::gives_up_at_times;
use crate::log::within_patience;
use crate::poll::{ByHand, caught, yields};
use crate::probe::Failed;
use crate::streams::{Feeder, Item, Read, feed};
use crate::sweep::{Followed, Sweep};
use crate::{Log, Probe, StreamUnderTest, stress};

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
    let step = timeout(&late, Duration::ZERO, fed.stream.next()).await;
    assert!(step.is_err(), "{step:?}: the time was up");
    fed.feeder.push(8);
    fed.feeder.end();
    assert_eq!(fed.rest(rt).await, items([7, 8]), "{again}");
}

// AG-8, AG-28, IT-3
pub async fn an_error_is_an_item_and_no_end<S: StreamUnderTest>(rt: &impl Runtime) {
    let mut fed = fed::<S>(rt);
    fed.feeder.push(0);
    fed.feeder.fail();
    let expected = vec![Ok(0), Err(Failed("the feed"))];
    assert_eq!(fed.rest(rt).await, expected, "the error");
}

// AG-8, K11
pub async fn a_panic_of_its_source_reaches_its_consumer<S: StreamUnderTest>(rt: &impl Runtime) {
    let mut fed = fed::<S>(rt);
    fed.feeder.push(0);
    fed.feeder.panic();
    assert_eq!(fed.next(rt).await, Some(Ok(0)));
    let panicked = caught(fed.next(rt)).await;
    assert_eq!(panicked, Err("the feed".to_owned()), "the panic");
    drop(fed.stream);
    fed.log.assert("+feed -feed:panicked");
}

// IT-10
pub async fn the_end_is_for_ever<S: StreamUnderTest>(rt: &impl Runtime) {
    let mut fed = half_read::<S>(rt).await;
    assert_eq!(fed.rest(rt).await, items([1, 2]));
    fed.feeder.push(9);
    for _ in 0..3 {
        assert_eq!(fed.next(rt).await, None, "it goes on after its end");
    }
}

// AG-10, IT-5, K1
pub async fn closed_half_way_it_exits_its_source<S: StreamUnderTest>(rt: &impl Runtime) {
    let Fed { stream, log, .. } = half_read::<S>(rt).await;
    let closed = stream.close();
    within_patience(rt, closed, || "the close never ends".to_owned()).await;
    log.push("closed");
    log.assert("+feed -feed:cancelled closed");
}

// AG-10, AG-18, IT-5, K1
pub async fn closed_while_it_waits_it_exits_its_source<S: StreamUnderTest>(rt: &impl Runtime) {
    let Fed {
        mut stream, log, ..
    } = fed::<S>(rt);
    drop(ByHand::waiting(stream.next()));
    log.seen(rt, "+feed").await;
    let closed = stream.close();
    within_patience(rt, closed, || "the close never ends".to_owned()).await;
    log.push("closed");
    log.assert("+feed -feed:cancelled closed");
}

// AG-11
pub async fn closed_at_its_end_it_does_nothing_more<S: StreamUnderTest>(rt: &impl Runtime) {
    let mut fed = half_read::<S>(rt).await;
    assert_eq!(fed.rest(rt).await, items([1, 2]));
    let closed = fed.stream.close();
    within_patience(rt, closed, || "the close never ends".to_owned()).await;
    fed.log.assert("+feed .feed -feed:completed");
}

// CM-17, FH-5, K2
pub async fn dropped_by_foreign_code_it_exits_its_source<S: StreamUnderTest>(rt: &impl Runtime) {
    let Fed { stream, log, .. } = half_read::<S>(rt).await;
    drop(stream);
    log.seen(rt, "-feed:cancelled").await;
    log.assert("+feed -feed:cancelled");
}

// K3
pub async fn dropped_in_a_scope_it_exits_its_source_first<S: StreamUnderTest>(rt: &impl Runtime) {
    let log = Log::new();
    let outer = Probe::new(&log, "outer").exit_yields(0);
    let (feeder, feed) = feed(rt, &log, "feed");
    feeder.give(3);
    let mut stream = S::over(rt, feed);
    let scoped = with(rt, outer, async |_| {
        let first = stream.next().await;
        drop(stream);
        first.expect("there are items")
    });
    assert_eq!(scoped.await.unwrap(), 0);
    log.assert("+outer +feed -feed:cancelled -outer");
}

// CM-21, K1
pub async fn cancelled_with_its_consumer_it_exits_its_source_first<S: StreamUnderTest>(
    rt: &impl Runtime,
) {
    let Fed {
        mut stream,
        feeder,
        log,
    } = fed::<S>(rt);
    feeder.push(0);
    let reader = log.clone();
    let reads = async move {
        while stream.next().await.is_some() {
            reader.push("item");
        }
    };
    let mut reads = Box::pin(reads);
    let item = pin!(log.when(|events| events.iter().any(|event| event == "item")));
    let begun = select(reads.as_mut(), item);
    within_patience(rt, begun.map(drop), || log.trace()).await;
    let ended = timeout(rt, Duration::from_micros(1), reads).await;
    log.push("returned");
    assert!(ended.is_err(), "there is no end of it");
    log.assert("+feed item -feed:cancelled returned");
}

// AG-20
pub async fn it_may_be_read_on_several_threads_in_turn<S: StreamUnderTest>(rt: &impl Runtime) {
    let mut fed = fed::<S>(rt);
    for item in 0..3 {
        let Fed { stream, feeder, .. } = &mut fed;
        let mut step = ByHand::new(stream.next());
        assert!(elsewhere(|| step.poll()).is_pending());
        feeder.push(item);
        assert_eq!(ended(rt, &mut step).await, Some(Ok(item)), "moved");
    }
    let Fed { stream, log, .. } = fed;
    elsewhere(|| drop(stream));
    log.seen(rt, "-feed:cancelled").await;
}

/// Runs `f` on another thread, which knows no runtime.
fn elsewhere<T: Send>(f: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| scope.spawn(f).join().expect("a step that fails elsewhere"))
}

// IT-15: by the clock of the runtime.
pub async fn tasks_that_give_up_lose_nothing<S: StreamUnderTest>(rt: &impl Runtime) {
    let count = u32::try_from(stress(100)).unwrap();
    let Fed {
        mut stream, feeder, ..
    } = fed::<S>(rt);
    let fills = rt.spawn(async move {
        for item in 0..count {
            feeder.push(item);
            yields(item as usize % 3).await;
        }
        feeder.end();
    });
    let reads = rt.spawn(async move {
        let mut got = Vec::new();
        for turn in 0.. {
            match gives_up_at_times(turn, stream.next()).await {
                Some(Some(item)) => got.push(item),
                Some(None) => break,
                None => yields(1).await,
            }
        }
        got
    });
    let ended = async {
        fills.await.unwrap();
        reads.await.unwrap()
    };
    let got = within_patience(rt, ended, || "a step that nobody wakes".to_owned()).await;
    assert_eq!(got, items(0..count), "an item is lost");
}

// A-3, CM-17, K1, K2, K3
pub async fn cancelled_after_each_poll_in_every_way_nothing_is_lost<S: StreamUnderTest>(
    rt: &impl Runtime,
) {
    let scenario = async |rt: Followed<_>, read: Arc<Read>| {
        let scoped = with(&rt, read.probe("a"), async |_| {
            let mut stream = S::over(&rt, read.feed(&rt, "a/feed"));
            while let Some(item) = stream.next().await {
                read.took(item);
                yields(1).await;
            }
            drop(stream);
            read.log.push(".a");
            Ok::<_, Failed>(())
        });
        scoped.await.unwrap();
    };
    let sweep = Sweep::on(rt, Read::all).invariant_of(|read, ending| read.holds(ending));
    sweep.sweep(scenario).await.unwrap();
}

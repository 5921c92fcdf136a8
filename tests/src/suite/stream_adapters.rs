//! What `withal::stream` adds to streams, on clocks and executors as they are.

use std::cell::Cell;
use std::pin::pin;
use std::time::Duration;

use futures_util::future::{join, ready};
use futures_util::stream::{self, StreamExt};
use withal::runtime::Runtime;
use withal::stream::{
    MissedTicks, buffered, idle_timeout, interval, interval_at, prefetch, try_collect,
};
use withal::{timeout, with};
use withal_sync::{Channel, Mutex};

use crate::foreign;
use crate::log::within_patience;
use crate::poll::yields;
use crate::probe::Failed;
use crate::streams::feed;
use crate::{Log, Probe};

/// The table of these cases, given to the macro `$make`.
#[doc(hidden)]
#[macro_export]
macro_rules! stream_adapters_cases {
    ($make:ident $with:tt $of:tt) => {
        $crate::$make! { $with $of stream_adapters:
            items_that_stay_away_are_noticed_and_still_come,
            ticks_come_in_their_time_and_never_early,
            ticks_that_were_missed_are_left_out_if_that_is_asked,
            collecting_returns_when_its_source_is_closed,
            a_source_works_while_the_body_sleeps,
            jobs_go_on_while_the_body_waits_for_them,
            a_loop_that_times_out_has_closed_its_source,
            a_loop_that_foreign_code_drops_is_cleaned_up,
        }
    };
}

const SPAN: Duration = Duration::from_millis(5);

// IT-16, RT-1
pub async fn items_that_stay_away_are_noticed_and_still_come(rt: &impl Runtime) {
    let (sender, receiver) = Channel::bounded(1);
    let mut items = pin!(idle_timeout(rt, SPAN, receiver));
    for item in 0..2 {
        let asked = rt.now();
        let idle = items.next().await.expect("it is open");
        assert_eq!(idle.unwrap_err().timeout, SPAN);
        assert!(rt.elapsed(asked, rt.now()) >= SPAN, "idle too early");
        sender.send(item).await.expect("it is open");
        assert_eq!(items.next().await, Some(Ok(item)));
    }
    drop(sender);
    assert_eq!(items.next().await, None);
}

// RT-1, RT-2
pub async fn ticks_come_in_their_time_and_never_early(rt: &impl Runtime) {
    let first = rt.deadline(SPAN);
    let mut ticks = pin!(interval_at(rt, first, SPAN));
    let mut due = first;
    for _ in 0..4 {
        assert_eq!(ticks.next().await, Some(due), "they drift");
        assert!(rt.now() >= due, "a tick came early");
        due = rt.after(due, SPAN);
    }
    let mut ticks = pin!(interval(rt, SPAN));
    let now = rt.now();
    let at_once = ticks.next().await.expect("it never ends");
    assert!(now <= at_once && at_once <= rt.now());
}

// RT-1, RT-2
pub async fn ticks_that_were_missed_are_left_out_if_that_is_asked(rt: &impl Runtime) {
    let mut ticks = pin!(interval(rt, SPAN).missed_ticks(MissedTicks::Skip));
    let first = ticks.next().await.expect("it never ends");
    rt.sleep(4 * SPAN).await;
    let late = rt.now();
    assert_eq!(ticks.next().await, Some(rt.after(first, SPAN)));
    let next = ticks.next().await.expect("it never ends");
    assert!(next > late, "one that was missed came: {next:?}");
    let since = rt.elapsed(first, next).as_nanos();
    assert_eq!(since % SPAN.as_nanos(), 0, "they are no multiples");
}

// CO-5, IT-5
pub async fn collecting_returns_when_its_source_is_closed(rt: &impl Runtime) {
    let log = Log::new();
    let (feeder, source) = feed(rt, &log, "feed");
    feeder.push(1);
    feeder.wait();
    feeder.fail();
    let ended = try_collect::<_, Vec<_>, _, _, _>(source).partial().await;
    log.push("returned");
    let partial = ended.unwrap_err();
    assert_eq!(
        (partial.items, partial.error),
        (vec![1], Failed("the feed"))
    );
    log.assert("+feed -feed:cancelled returned");
}

// IT-6
pub async fn a_source_works_while_the_body_sleeps(rt: &impl Runtime) {
    let made = Cell::new(0);
    let source = stream::iter(0..10).inspect(|_| made.set(made.get() + 1));
    let source = source.then(async |item| {
        yields(2).await;
        item
    });
    let run = prefetch(source, 4, async |mut items| {
        while made.get() < 4 {
            rt.sleep(SPAN).await;
        }
        rt.sleep(SPAN).await;
        assert_eq!((items.ready(), made.get()), (4, 4), "it runs ahead");
        items.by_ref().take(3).collect::<Vec<_>>().await
    });
    let run = within_patience(rt, run, || format!("{} items made", made.get()));
    assert_eq!(run.await, [0, 1, 2]);
}

// CO-2
pub async fn jobs_go_on_while_the_body_waits_for_them(rt: &impl Runtime) {
    let lock = Mutex::new(());
    let jobs = stream::iter(0..6).map(async |n| {
        if n % 2 == 1 {
            let _held = lock.lock().await;
            rt.sleep(SPAN).await;
        }
        n
    });
    let run = buffered(jobs, 2, async |mut outputs| {
        let mut seen = Vec::new();
        while let Some(n) = outputs.next().await {
            let _held = lock.lock().await;
            seen.push(n);
        }
        seen
    });
    let seen = within_patience(rt, run, || "a deadlock".to_owned()).await;
    assert_eq!(seen, [0, 1, 2, 3, 4, 5]);
}

// K1, IT-5
pub async fn a_loop_that_times_out_has_closed_its_source(rt: &impl Runtime) {
    for in_a_scope in [false, true] {
        let log = Log::new();
        let (feeder, source) = feed(rt, &log, "feed");
        feeder.push(1);
        let run = prefetch(source, 2, async |items| {
            let scope = Probe::new(&log, "body").reasons();
            let body = with(rt, scope, async |_| {
                items.for_each(|_| ready(())).await;
                Ok::<_, Failed>(())
            });
            body.await.unwrap();
        });
        let consumer = async {
            assert!(timeout(rt, SPAN, run).await.is_err());
            log.push("returned");
        };
        if in_a_scope {
            let scope = Probe::new(&log, "around").reasons();
            let around = with(rt, scope, async |_| {
                consumer.await;
                Ok::<_, Failed>(())
            });
            around.await.unwrap();
            log.assert(
                "+around +feed +body -body:cancelled -feed:cancelled returned -around:completed",
            );
        } else {
            consumer.await;
            log.assert("+feed +body -body:cancelled -feed:cancelled returned");
        }
    }
}

// K3, K4
pub async fn a_loop_that_foreign_code_drops_is_cleaned_up(rt: &impl Runtime) {
    let log = Log::new();
    let (feeder, source) = feed(rt, &log, "feed");
    feeder.push(1);
    let run = prefetch(source, 2, async |items| {
        let body = with(rt, Probe::new(&log, "body").reasons(), async |_| {
            items.for_each(|_| ready(())).await;
            Ok::<_, Failed>(())
        });
        body.await.unwrap();
    });
    let around = with(rt, Probe::new(&log, "around").reasons(), async |_| {
        let (ended, ()) = join(foreign::gives_up(3, run), yields(5)).await;
        assert!(ended.is_none());
        log.push("dropped");
        Ok::<_, Failed>(())
    });
    around.await.unwrap();
    let of_loop = ["-body:cancelled", "-feed:cancelled"].map(|event| log.position(event));
    assert!(of_loop[0].is_some() && of_loop[0] < of_loop[1], "{log:?}");
    assert_eq!(log.events().last().unwrap(), "-around:completed");
}

//! Loops that come to an end of their own.

use std::ops::ControlFlow;
use std::panic::panic_any;
use std::pin::pin;

use futures_util::{StreamExt, stream};
use withal::cleanup::keep_live_list;
use withal::generator::Yielder;
use withal::runtime::Runtime;
use withal::{Local, closing, for_each, for_each_by_ref, generator, with};

use super::{counts, in_a_scope_or_not};
use crate::log::within_patience;
use crate::poll::{caught, poll_now, yields};
use crate::probe::{Failed, LocalProbe};
use crate::reports::Reports;
use crate::{Log, Probe};

// IT-1, IT-3, IT-4, IT-5, K1, K11
pub async fn each_end_of_a_loop_closes_its_stream(rt: &impl Runtime) {
    let exhausted = async |log: &Log| {
        let mut seen = Vec::new();
        for_each(counts(rt, log, "s"), async |n| {
            yields(1).await;
            seen.push(n);
        })
        .await;
        assert_eq!(seen, [1, 2, 3]);
        log.push("returned");
    };
    in_a_scope_or_not(rt, exhausted, "+s .s -s:completed returned").await;
    let broken = async |log: &Log| {
        let ended = for_each(counts(rt, log, "s"), async |n| {
            yields(1).await;
            if n == 2 {
                return ControlFlow::Break("two");
            }
            ControlFlow::Continue(())
        });
        assert_eq!(ended.await, ControlFlow::Break("two"));
        log.push("returned");
    };
    in_a_scope_or_not(rt, broken, "+s -s:cancelled returned").await;
    let failed = async |log: &Log| {
        let ended = for_each(counts(rt, log, "s"), async |_| {
            yields(1).await;
            Err::<(), _>(Failed("refused"))
        });
        assert_eq!(ended.await, Err(Failed("refused")));
        log.push("returned");
    };
    in_a_scope_or_not(rt, failed, "+s -s:cancelled returned").await;
    let panicked = async |log: &Log| {
        let ended = caught(for_each(counts(rt, log, "s"), async |_| {
            yields(1).await;
            panic_any("on purpose");
        }));
        assert_eq!(ended.await.unwrap_err(), "on purpose");
        log.push("returned");
    };
    in_a_scope_or_not(rt, panicked, "+s -s:cancelled returned").await;
}

// IT-5, K1, K11
pub async fn each_end_of_a_body_of_closing_closes_its_stream(rt: &impl Runtime) {
    let exhausted = async |log: &Log| {
        let count = closing(counts(rt, log, "s"), async |items| items.count().await);
        assert_eq!(count.await, 3);
        log.push("returned");
    };
    in_a_scope_or_not(rt, exhausted, "+s .s -s:completed returned").await;
    let left = async |log: &Log| {
        let first = closing(counts(rt, log, "s"), async |mut items| {
            let first = items.next().await;
            log.push("body");
            first
        });
        assert_eq!(first.await, Some(1));
        log.push("returned");
    };
    in_a_scope_or_not(rt, left, "+s body -s:cancelled returned").await;
    let failed = async |log: &Log| {
        let ended = closing(counts(rt, log, "s"), async |mut items| {
            let first = items.next().await;
            first.filter(|n| *n > 1).ok_or(Failed("refused"))
        });
        assert_eq!(ended.await, Err(Failed("refused")));
        log.push("returned");
    };
    in_a_scope_or_not(rt, failed, "+s -s:cancelled returned").await;
    let panicked = async |log: &Log| {
        let ended = caught(closing(counts(rt, log, "s"), async |mut items| {
            items.next().await;
            panic_any("on purpose");
        }));
        assert_eq!(ended.await.unwrap_err(), "on purpose");
        log.push("returned");
    };
    in_a_scope_or_not(rt, panicked, "+s -s:cancelled returned").await;
}

// IT-6
pub async fn items_come_one_at_a_time(_rt: &impl Runtime) {
    let log = Log::new();
    let made = log.clone();
    let items = generator(async |y| {
        for n in 1..=2 {
            made.push(format_args!("make{n}"));
            y.yield_(n).await;
        }
    });
    for_each(items, async |n| {
        yields(2).await;
        log.push(format_args!("done{n}"));
    })
    .await;
    log.assert("make1 done1 make2 done2");
}

// IT-3, IT-7, IT-13, IT-14
pub async fn an_error_that_is_an_item_ends_no_loop(_rt: &impl Runtime) {
    let torn = || stream::iter([Ok(1), Err(Failed("torn")), Ok(3)]);
    let mut seen = Vec::new();
    for_each(torn(), async |item| {
        yields(1).await;
        seen.push(item);
    })
    .await;
    assert_eq!(seen, [Ok(1), Err(Failed("torn")), Ok(3)]);
    let mut rest = torn();
    let mut sum = 0;
    let mut sums = async |item: Result<i32, Failed>| {
        sum += item?;
        Ok(())
    };
    let ended = for_each_by_ref(&mut rest, async |item| sums(item).await).await;
    assert_eq!(ended, Err(Failed("torn")));
    // The stream has not ended by that.
    let ended = for_each_by_ref(&mut rest, async |item| sums(item).await).await;
    assert_eq!((ended, sum), (Ok(()), 4));
}

// IT-4, IT-5, CM-15
pub async fn a_loop_is_spawned_with_what_it_changes<R: Runtime>(rt: &R) {
    let (own, log) = (rt.clone(), Log::new());
    let of_task = log.clone();
    let task = rt.spawn(async move {
        let (mut total, names) = (0, [String::from("a"), String::from("b")]);
        let ended = for_each(counts(&own, &of_task, "s"), async |n| {
            for_each(stream::iter(&names), async |name| {
                yields(1).await;
                total += name.len();
            })
            .await;
            if n == 2 {
                return ControlFlow::Break(n);
            }
            ControlFlow::Continue(())
        });
        let ended = ended.await;
        of_task.push("returned");
        (ended, total)
    });
    let ended = within_patience(rt, task, || log.trace()).await;
    let ended = ended.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(ended, (ControlFlow::Break(2), 4));
    log.assert("+s -s:cancelled returned");
}

// IT-5, K1, K4
pub async fn loops_close_from_the_inside_out(rt: &impl Runtime) {
    let nested = async |log: &Log| {
        let ended = for_each(counts(rt, log, "s"), async |n| {
            for_each(counts(rt, log, "t"), async |m| {
                if n == m {
                    log.push("left");
                    return ControlFlow::Break(n);
                }
                ControlFlow::Continue(())
            })
            .await
        });
        assert_eq!(ended.await, ControlFlow::Break(1));
        log.push("returned");
    };
    let expected = "+s +t left -t:cancelled -s:cancelled returned";
    in_a_scope_or_not(rt, nested, expected).await;
}

// IT-5, K1, K4: it was dropped before the stream.
pub async fn what_the_body_leaves_is_cleaned_up_before_its_stream(rt: &impl Runtime) {
    let left = async |log: &Log| {
        let mut kept = None;
        let ended = for_each(counts(rt, log, "s"), async move |_| {
            let probe = Probe::new(log, "kept").exit_yields(3).reasons();
            let endless = with(rt, probe, async |_| {
                std::future::pending::<Result<(), Failed>>().await
            });
            let mut endless = Box::pin(endless);
            assert!(poll_now(endless.as_mut()).is_pending());
            kept = Some(endless);
            ControlFlow::Break(kept.is_some())
        });
        assert_eq!(ended.await, ControlFlow::Break(true));
        log.push("returned");
    };
    let expected = "+s +kept -kept:cancelled -s:cancelled returned";
    in_a_scope_or_not(rt, left, expected).await;
}

// K11, IT-5
pub async fn a_panic_in_the_exit_of_a_stream_goes_on_once_it_is_closed(rt: &impl Runtime) {
    let (log, reports) = (Log::new(), Reports::begin());
    let torn = generator(async |y| {
        let outer = with(rt, Probe::new(&log, "a").reasons(), async |_| {
            let inner = Probe::new(&log, "b").exit_panics();
            let inner = with(rt, inner, async |_| {
                y.yield_(1).await;
                Ok::<_, Failed>(())
            });
            inner.await.unwrap();
            Ok::<_, Failed>(())
        });
        outer.await.unwrap();
    });
    // At its end it panics in a step, like any other code of the stream.
    let ended = caught(for_each(torn, async |_| yields(1).await)).await;
    assert_eq!(ended.unwrap_err(), "exit of b");
    log.assert("+a +b -b -a:panicked");
    // When it is closed, nobody is there to whom it could go on: it is reported.
    let torn = generator(async |y| {
        let inner = Probe::new(&log, "c").exit_panics();
        let inner = with(rt, inner, async |_| {
            y.yield_(1).await;
            Ok::<_, Failed>(())
        });
        inner.await.unwrap();
    });
    let ended = for_each(torn, async |n| ControlFlow::Break(n)).await;
    assert_eq!(ended, ControlFlow::Break(1));
    assert!(reports.count("exit of c") > 0, "nobody was told");
}

// IT-5, K8
pub async fn a_loop_over_a_scope_that_stays_on_its_thread(rt: &impl Runtime) {
    let log = Log::new();
    let items = || {
        generator(async |y| {
            let scope = Local(LocalProbe::new(
                Probe::new(&log, "l").exit_yields(2).reasons(),
            ));
            let scope = with(rt, scope, async |counter| {
                loop {
                    counter.count.set(counter.count.get() + 1);
                    y.yield_(counter.count.get()).await;
                    if counter.count.get() > 9 {
                        return Ok::<_, Failed>(());
                    }
                }
            });
            scope.await.unwrap();
        })
    };
    let ended = for_each(items(), async |n| match n {
        3 => ControlFlow::Break(n),
        _ => ControlFlow::Continue(()),
    });
    assert_eq!(ended.local().await, ControlFlow::Break(3));
    log.push("returned");
    let first = closing(items(), async |mut items| items.next().await);
    assert_eq!(first.local().await, Some(1));
    log.push("returned");
    log.assert("+l -l:cancelled returned +l -l:cancelled returned");
}

/// Yields for ever.
async fn ones(y: Yielder<'_, u32>) {
    loop {
        y.yield_(1).await;
    }
}

// FH-4, IT-5
pub async fn nobody_who_looped_is_told_of_a_generator_left_open(_rt: &impl Runtime) {
    keep_live_list(true);
    let (reports, line) = (Reports::begin(), line!() + 1);
    let make = || generator(ones);
    let told = || reports.count(&format!("(made at {}:{line}:", file!()));
    let broken = for_each(make(), async |n| ControlFlow::Break(n));
    assert_eq!(broken.await, ControlFlow::Break(1));
    let first = closing(make(), async |mut items| items.next().await);
    assert_eq!(first.await, Some(1));
    assert_eq!(told(), 0);
    // By reference it is left open, and whoever drops it then is told.
    {
        let mut left = pin!(make());
        let broken = for_each_by_ref(&mut left, async |n| ControlFlow::Break(n));
        assert_eq!(broken.await, ControlFlow::Break(1));
    }
    assert_eq!(told(), 1);
}

//! A stream that runs in a task for as long as a scope is open.
//!
//! Which side runs when is the executor's; what these cases wait for, they wait for in the log.

use std::convert::Infallible;
use std::future::pending;
use std::mem::swap;
use std::ops::Range;
use std::panic::panic_any;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use futures_util::future::select;
use futures_util::stream::{self, FusedStream as _, Stream, StreamExt as _};
use withal::runtime::Runtime;
use withal::scope::ExitError;
use withal::stream::{Items, channel_scope, try_channel_scope};
use withal::{Either, ScopeError, cancel, either, generator, timeout, with};

use crate::foreign::{OnDrop, gives_up, gives_up_at_times};
use crate::log::within_patience;
use crate::poll::{caught, yields};
use crate::probe::Failed;
use crate::{Act, Log, Probe, stress};

/// The table of these cases, given to the macro `$make`.
#[doc(hidden)]
#[macro_export]
macro_rules! channel_scope_cases {
    ($make:ident $with:tt $of:tt) => {
        $crate::$make! { $with $of channel_scope:
            the_body_receives_what_the_stream_gives,
            a_step_goes_on_in_the_task_while_nobody_waits_for_it,
            the_stream_is_never_ahead_of_the_body,
            a_stream_that_nobody_asks_is_never_polled,
            leaving_closes_the_stream_and_waits,
            leaving_closes_a_stream_that_is_stuck,
            leaving_lets_an_exit_in_progress_end,
            the_cleanup_of_a_stream_may_use_its_runtime,
            a_scope_that_is_cancelled_closes_its_stream,
            a_scope_that_foreign_code_drops_closes_its_stream,
            one_error_comes_out_as_it_is,
            two_errors_come_out_side_by_side,
            an_error_while_the_stream_is_closed_comes_out,
            a_panic_of_the_stream_reaches_the_body,
            a_panic_of_the_stream_that_nobody_asks_for_goes_on_in_the_exit,
            a_panic_of_the_body_closes_the_stream_first,
            a_timeout_in_the_stream_does_not_touch_the_body,
            two_streams_in_one_scope_keep_apart,
            streams_on_many_threads_keep_in_step,
        }
    };
}

async fn ends<F: Future>(rt: &impl Runtime, future: F) -> F::Output {
    within_patience(rt, future, || "it does not end".to_owned()).await
}

/// Gives other tasks the time that they need for a step which they must not take.
async fn turns(rt: &impl Runtime) {
    for _ in 0..3 {
        yields(2).await;
        rt.spawn(yields(2)).await.unwrap();
    }
}

/// A stream that holds the scope `name` while it makes `items`, and then gets stuck.
fn holding<R: Runtime>(
    rt: &R,
    log: &Log,
    name: &'static str,
    items: Range<u32>,
) -> impl Stream<Item = u32> + Send + 'static + use<R> {
    let (rt, log) = (rt.clone(), log.clone());
    generator(async move |y| {
        let probe = Probe::new(&log, name).exit_yields(2).reasons();
        let ended = with(&rt, probe, async |_| {
            for item in items {
                log.push(item);
                y.yield_(item).await;
            }
            log.push("stuck");
            pending::<Result<(), Infallible>>().await
        });
        ended.await.unwrap();
    })
}

// CS-14, IT-10
pub async fn the_body_receives_what_the_stream_gives(rt: &impl Runtime) {
    let scope = channel_scope(rt, stream::iter(1..=3));
    let received = with(rt, scope, async |items| {
        let received: Vec<u32> = items.by_ref().collect().await;
        assert!(items.is_terminated());
        assert_eq!(items.next().await, None);
        Ok::<_, Infallible>(received)
    });
    assert_eq!(ends(rt, received).await.unwrap(), [1, 2, 3]);
}

// CS-14, IT-15, IT-16
pub async fn a_step_goes_on_in_the_task_while_nobody_waits_for_it(rt: &impl Runtime) {
    let log = Log::new();
    let steps = log.clone();
    let stream = generator(async move |y| {
        steps.push("begun");
        steps.when(|events| events.contains(&"go".to_owned())).await;
        steps.push("made");
        y.yield_(1).await;
    });
    let scoped = with(rt, channel_scope(rt, stream), async |items| {
        assert_eq!(gives_up(1, items.next()).await, None);
        log.seen(rt, "begun").await;
        log.push("go");
        log.seen(rt, "made").await;
        assert_eq!(items.next().await, Some(1));
        Ok::<_, Infallible>(())
    });
    ends(rt, scoped).await.unwrap();
    log.assert("begun go made");
}

// CS-15
pub async fn the_stream_is_never_ahead_of_the_body(rt: &impl Runtime) {
    let log = Log::new();
    let scoped = with(
        rt,
        channel_scope(rt, holding(rt, &log, "s", 1..4)),
        async |items| {
            for _ in 1..4 {
                turns(rt).await;
                // Also where it has asked, and given up.
                assert_eq!(gives_up(1, items.next()).await, None);
                turns(rt).await;
                let item = items.next().await;
                log.push(format_args!("got-{}", item.unwrap()));
            }
            turns(rt).await;
            Ok::<_, Infallible>(())
        },
    );
    ends(rt, scoped).await.unwrap();
    log.assert("+s 1 got-1 2 got-2 3 got-3 -s:cancelled");
}

// CS-16, AG-1
pub async fn a_stream_that_nobody_asks_is_never_polled(rt: &impl Runtime) {
    let log = Log::new();
    let (polls, drops) = (log.clone(), log.clone());
    let dropped = OnDrop::new(move || drops.push("dropped"));
    let stream = stream::poll_fn(move |_| -> Poll<Option<u32>> {
        let _dropped = &dropped;
        polls.push("polled");
        Poll::Ready(None)
    });
    let scoped = with(rt, channel_scope(rt, stream), async |_| {
        turns(rt).await;
        log.push("body");
        Ok::<_, Infallible>(())
    });
    ends(rt, scoped).await.unwrap();
    log.push("returned");
    log.assert("body dropped returned");
}

// CS-16, CM-21
pub async fn leaving_closes_the_stream_and_waits(rt: &impl Runtime) {
    let log = Log::new();
    let scoped = with(
        rt,
        channel_scope(rt, holding(rt, &log, "s", 1..9)),
        async |items| {
            assert_eq!(items.next().await, Some(1));
            log.push("left");
            Ok::<_, Infallible>(())
        },
    );
    ends(rt, scoped).await.unwrap();
    log.push("returned");
    log.assert("+s 1 left -s:cancelled returned");
}

// CS-16
pub async fn leaving_closes_a_stream_that_is_stuck(rt: &impl Runtime) {
    let log = Log::new();
    let scoped = with(
        rt,
        channel_scope(rt, holding(rt, &log, "s", 0..0)),
        async |items| {
            assert_eq!(gives_up(1, items.next()).await, None);
            log.seen(rt, "stuck").await;
            log.push("left");
            Ok::<_, Infallible>(())
        },
    );
    ends(rt, scoped).await.unwrap();
    log.push("returned");
    log.assert("+s stuck left -s:cancelled returned");
}

/// A stream whose scope waits in its exit until it may `go`, and which then fails.
fn exiting<R: Runtime>(
    rt: &R,
    log: &Log,
) -> impl Stream<Item = Result<u32, Failed>> + Send + 'static + use<R> {
    let (rt, log) = (rt.clone(), log.clone());
    generator(async move |y| {
        let act = Act::new(&log, "s").exit_waits_for("go");
        let ended = with(&rt, act, async |_| {
            log.push("exits");
            Ok::<_, Failed>(())
        });
        ended.await.unwrap();
        log.push("behind");
        if log.has("fails") {
            return Err(Failed("late"));
        }
        y.yield_(1).await;
        Ok(())
    })
}

/// Leaves an [`exiting`] stream in the middle of its exit.
async fn left_exiting(rt: &impl Runtime, log: &Log) -> Result<(), ScopeError<Infallible, Failed>> {
    let goes = log.clone();
    let _go = rt.spawn(async move {
        let left = |events: &[String]| events.contains(&"left".to_owned());
        goes.when(left).await;
        yields(3).await;
        goes.push("go");
    });
    let scope = try_channel_scope(rt, exiting(rt, log));
    let scoped = with(rt, scope, async |items: &mut Items<u32>| {
        assert_eq!(gives_up(1, items.next()).await, None);
        log.seen(rt, "exits").await;
        log.push("left");
        Ok::<_, Infallible>(())
    });
    ends(rt, scoped).await
}

// CS-16, K10
pub async fn leaving_lets_an_exit_in_progress_end(rt: &impl Runtime) {
    let log = Log::new();
    left_exiting(rt, &log).await.unwrap();
    log.assert("+s exits left go -s behind");
}

// CS-16, K7
pub async fn the_cleanup_of_a_stream_may_use_its_runtime(rt: &impl Runtime) {
    let log = Log::new();
    let (own_rt, exits) = (rt.clone(), log.clone());
    let stream = generator(async move |y| {
        let in_exit = own_rt.clone();
        let act = Act::new(&exits, "s").exit(async move {
            in_exit.sleep(Duration::from_millis(1)).await;
            in_exit.spawn(yields(1)).await.unwrap();
        });
        let ended = with(&own_rt, act, async |_| {
            y.yield_(1).await;
            Ok::<_, Infallible>(())
        });
        ended.await.unwrap();
    });
    let scoped = with(rt, channel_scope(rt, stream), async |items| {
        assert_eq!(items.next().await, Some(1));
        Ok::<_, Infallible>(())
    });
    ends(rt, scoped).await.unwrap();
    log.push("returned");
    log.assert("+s -s:cancelled returned");
}

/// Asks for more items than there are.
async fn asks_on(items: &mut Items<u32>) -> Result<(), Infallible> {
    while items.next().await.is_some() {}
    Ok(())
}

// CS-16, CM-21, K1
pub async fn a_scope_that_is_cancelled_closes_its_stream(rt: &impl Runtime) {
    let log = Log::new();
    let scope = channel_scope(rt, holding(rt, &log, "s", 1..3));
    let raced = either(with(rt, scope, asks_on), log.seen(rt, "stuck"));
    assert!(matches!(ends(rt, raced).await, Either::Right(())));
    log.push("returned");
    log.assert("+s 1 2 stuck -s:cancelled returned");
}

// CS-16, K2, K3
pub async fn a_scope_that_foreign_code_drops_closes_its_stream(rt: &impl Runtime) {
    let log = Log::new();
    let scoped = with(rt, Act::new(&log, "a"), async |()| {
        let scope = channel_scope(rt, holding(rt, &log, "s", 1..3));
        let stuck = pin!(log.seen(rt, "stuck"));
        let raced = select(Box::pin(with(rt, scope, asks_on)), stuck).await;
        drop(raced);
        Ok::<_, Infallible>(())
    });
    ends(rt, scoped).await.unwrap();
    log.assert("+a +s 1 2 stuck -s:cancelled -a");
}

// CS-17, CM-7, CM-30
pub async fn one_error_comes_out_as_it_is(rt: &impl Runtime) {
    let fails = || stream::iter([Ok(1), Err(Failed("the stream"))]);
    let scoped = with(rt, try_channel_scope(rt, fails()), async |items| {
        Ok::<_, Infallible>(items.collect::<Vec<u32>>().await)
    });
    let expected = ScopeError::Exit {
        error: ExitError::Failed(Failed("the stream")),
        value: vec![1],
    };
    assert_eq!(ends(rt, scoped).await, Err(expected));
    let scoped = with(rt, try_channel_scope(rt, fails()), async |items| {
        // It does not come to the stream's error.
        assert_eq!(items.next().await, Some(1));
        Err::<(), _>(Failed("the body"))
    });
    let ended = ends(rt, scoped).await;
    assert_eq!(ended, Err(ScopeError::Body(Failed("the body"))));
}

// CS-17, CM-8
pub async fn two_errors_come_out_side_by_side(rt: &impl Runtime) {
    let fails = stream::iter([Ok(1), Err(Failed("the stream"))]);
    let scoped = with(rt, try_channel_scope(rt, fails), async |items| {
        while items.next().await.is_some() {}
        Err::<(), _>("the body")
    });
    let expected = ScopeError::Both {
        body: "the body",
        exit: ExitError::Failed(Failed("the stream")),
    };
    assert_eq!(ends(rt, scoped).await, Err(expected));
}

// CS-17, K10
pub async fn an_error_while_the_stream_is_closed_comes_out(rt: &impl Runtime) {
    let log = Log::new();
    log.push("fails");
    let expected = ScopeError::Exit {
        error: ExitError::Failed(Failed("late")),
        value: (),
    };
    assert_eq!(left_exiting(rt, &log).await, Err(expected));
    log.assert("fails +s exits left go -s behind");
}

/// A stream whose second step panics, inside of a scope.
fn panicking<R: Runtime>(rt: &R, log: &Log) -> impl Stream<Item = u32> + Send + 'static + use<R> {
    let (rt, log) = (rt.clone(), log.clone());
    generator(async move |y| {
        let probe = Probe::new(&log, "s").exit_yields(2).reasons();
        let ended = with(&rt, probe, async |_| -> Result<(), Infallible> {
            y.yield_(1).await;
            log.push("panics");
            panic_any("the stream")
        });
        ended.await.unwrap();
    })
}

// CS-16, K11, CM-25
pub async fn a_panic_of_the_stream_reaches_the_body(rt: &impl Runtime) {
    let log = Log::new();
    let scope = channel_scope(rt, panicking(rt, &log));
    let scoped = with(rt, scope, async |items| {
        let inner = with(rt, Act::new(&log, "b"), async |()| asks_on(items).await);
        inner.await.unwrap();
        Ok::<_, Infallible>(())
    });
    let ended = ends(rt, caught(scoped)).await;
    assert_eq!(ended.unwrap_err(), "the stream");
    log.assert("+b +s panics -s:panicked -b:panicked");
}

// CS-16, K11
pub async fn a_panic_of_the_stream_that_nobody_asks_for_goes_on_in_the_exit(rt: &impl Runtime) {
    let log = Log::new();
    let scope = channel_scope(rt, panicking(rt, &log));
    let scoped = with(rt, scope, async |items| {
        assert_eq!(items.next().await, Some(1));
        assert_eq!(gives_up(1, items.next()).await, None);
        log.seen(rt, "panics").await;
        log.push("left");
        Ok::<_, Infallible>(())
    });
    let ended = ends(rt, caught(scoped)).await;
    assert_eq!(ended.unwrap_err(), "the stream");
    assert!(log.has("-s:panicked"), "{}", log.trace());
    // And a destructor, when the stream is closed.
    let on_drop = OnDrop::new(|| panic_any("a destructor"));
    let stream = stream::poll_fn(move |_| -> Poll<Option<u32>> {
        let _on_drop = &on_drop;
        Poll::Pending
    });
    let scoped = with(rt, channel_scope(rt, stream), async |_| {
        Ok::<_, Infallible>(())
    });
    let ended = ends(rt, caught(scoped)).await;
    assert_eq!(ended.unwrap_err(), "a destructor");
}

// CS-16, CM-25
pub async fn a_panic_of_the_body_closes_the_stream_first(rt: &impl Runtime) {
    let log = Log::new();
    let scope = channel_scope(rt, holding(rt, &log, "s", 1..9));
    let scoped = with(rt, scope, async |items| -> Result<(), Infallible> {
        assert_eq!(items.next().await, Some(1));
        panic_any("the body")
    });
    let ended = ends(rt, caught(scoped)).await;
    assert_eq!(ended.unwrap_err(), "the body");
    log.assert("+s 1 -s:cancelled");
}

// CS-18
pub async fn a_timeout_in_the_stream_does_not_touch_the_body(rt: &impl Runtime) {
    let own_rt = rt.clone();
    let stream = generator(async move |y| {
        let open = async {
            y.yield_(1).await;
            pending::<()>().await;
        };
        let ended = timeout(&own_rt, Duration::from_millis(1), open).await;
        y.yield_(if ended.is_err() { 2 } else { 0 }).await;
        cancel(Box::pin(pending::<()>())).await;
        y.yield_(3).await;
    });
    let scoped = with(rt, channel_scope(rt, stream), async |items| {
        Ok::<_, Infallible>(items.collect::<Vec<u32>>().await)
    });
    assert_eq!(ends(rt, scoped).await.unwrap(), [1, 2, 3]);
}

// CS-14, CS-16, CM-17
pub async fn two_streams_in_one_scope_keep_apart(rt: &impl Runtime) {
    let log = Log::new();
    let outer = channel_scope(rt, holding(rt, &log, "a", 1..9));
    let scoped = with(rt, outer, async |a| {
        let inner = channel_scope(rt, holding(rt, &log, "b", 11..19));
        let scoped = with(rt, inner, async |b| {
            assert_eq!((a.next().await, b.next().await), (Some(1), Some(11)));
            assert_eq!((b.next().await, a.next().await), (Some(12), Some(2)));
            // Whatever becomes of the items, each exit closes its own stream.
            swap(a, b);
            assert_eq!(a.next().await, Some(13));
            Ok::<_, Infallible>(())
        });
        scoped.await.unwrap();
        assert_eq!(a.next().await, None);
        log.push("left");
        Ok::<_, Infallible>(())
    });
    ends(rt, scoped).await.unwrap();
    log.assert("+a 1 +b 11 12 2 13 -b:cancelled left -a:cancelled");
}

// CS-15, CS-16, IT-15: consumers that give up, and leave anywhere.
pub async fn streams_on_many_threads_keep_in_step<R: Runtime>(rt: &R) {
    let tasks = (0..stress(64)).map(|round| {
        let own_rt = rt.clone();
        rt.spawn(async move {
            let log = Log::new();
            let stream = holding(&own_rt, &log, "s", 0..8);
            let leaves = u32::try_from(round % 9).unwrap();
            let scoped = with(&own_rt, channel_scope(&own_rt, stream), async |items| {
                for item in 0..leaves {
                    let turn = round + item as usize;
                    let early = gives_up_at_times(turn, items.next()).await;
                    let made = match early {
                        Some(made) => made,
                        None => items.next().await,
                    };
                    assert_eq!(made, Some(item), "round {round}");
                    let made = log.events().len() - 1;
                    assert_eq!(made, item as usize + 1, "round {round}: {}", log.trace());
                }
                if leaves == 8 {
                    assert_eq!(gives_up(1, items.next()).await, None);
                }
                Ok::<_, Infallible>(())
            });
            scoped.await.unwrap();
            assert_eq!(
                log.count("+s"),
                log.count("-s:cancelled"),
                "{}",
                log.trace()
            );
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        ends(rt, task).await.unwrap();
    }
}

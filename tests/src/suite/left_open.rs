//! Generators that nobody closes, or that go from hand to hand: what becomes of the scopes in them.

use std::future::pending;
use std::mem::forget;
use std::pin::Pin;
use std::thread;
use std::time::Duration;

use futures_util::future::select;
use futures_util::{FutureExt, Stream, StreamExt};
use withal::cleanup::{drain, keep_live_list, live_list};
use withal::generator::{State, Yielder};
use withal::runtime::Runtime;
use withal::{Abandon, ExitReason, Scope, close, generator, timeout, with};

use crate::foreign::{block_on, gives_up};
use crate::poll::{caught, yields};
use crate::probe::Failed;
use crate::reports::{Reports, unique};
use crate::{Act, Deterministic, Log, Probe};

/// The table of these cases, given to the macro `$make`.
#[doc(hidden)]
#[macro_export]
macro_rules! left_open_cases {
    ($make:ident $with:tt $of:tt) => {
        $crate::$make! { $with $of left_open:
            one_that_nobody_closed_is_reported,
            one_that_is_dropped_is_cleaned_up_by_its_executor,
            one_that_is_dropped_on_a_thread_without_a_runtime,
            its_cleanups_know_nothing_of_the_consumer,
            a_cleanup_that_fails_is_reported,
            a_scope_of_the_consumer_waits_for_it,
            one_that_outlives_the_scope_in_which_it_began,
            one_that_is_dropped_in_the_exit_of_its_consumer,
            one_that_is_polled_on_two_executors_in_turn,
            one_that_moves_between_tasks,
            one_whose_runtime_is_gone,
            one_that_is_leaked_is_never_exited,
            a_panic_of_the_consumer,
            a_panic_of_the_body,
            a_cancelled_step_leaves_it_as_it_is,
            one_that_yields_in_an_exit,
            guards_in_nested_generators_are_exited_last_one_first,
        }
    };
}

/// Holds the scopes `a` and `a/b` open, and yields in the inner one for ever. The inner one is exited
/// when the log has `go`.
fn held<R: Runtime>(rt: &R, log: &Log) -> Pin<Box<impl Stream<Item = u32> + use<R>>> {
    held_until(rt, log, "go")
}

/// [`held`], with another event to wait for.
fn held_until<R: Runtime>(
    rt: &R,
    log: &Log,
    event: &'static str,
) -> Pin<Box<impl Stream<Item = u32> + use<R>>> {
    let (rt, log) = (rt.clone(), log.clone());
    Box::pin(generator(async move |y| {
        let a = with(&rt, Act::new(&log, "a"), async |_| {
            let b = Act::new(&log, "a/b").exit_waits_for(event);
            let b = with(&rt, b, async |_| {
                for n in 0.. {
                    y.yield_(n).await;
                }
                Ok::<_, String>(())
            });
            b.await.map_err(|error| error.to_string())
        });
        a.await.unwrap();
    }))
}

// FH-4, FH-9
pub async fn one_that_nobody_closed_is_reported(rt: &impl Runtime) {
    keep_live_list(true);
    let (reports, line) = (Reports::begin(), line!() + 1);
    let make = || generator(async |y: Yielder<'_, u8>| y.yield_(1).await);
    let told = || reports.count(&format!("(made at {}:{line}:", file!()));
    with(rt, Act::new(&Log::new(), "a"), async |_| {
        drop(make());
        assert_eq!(make().count().await, 1);
        let mut closed = Box::pin(make());
        closed.next().await;
        close(closed).await;
        assert_eq!(told(), 0);
        let mut dropped = Box::pin(make());
        dropped.next().await;
        drop(dropped);
        Ok::<_, String>(())
    })
    .await
    .unwrap();
    assert_eq!(told(), 1);
}

// FH-6, K2
pub async fn one_that_is_dropped_is_cleaned_up_by_its_executor(rt: &impl Runtime) {
    let log = Log::new();
    let mut items = held(rt, &log);
    assert_eq!(items.next().await, Some(0));
    drop(items);
    log.push("go");
    log.seen(rt, "-a:cancelled").await;
    log.assert("+a +a/b go -a/b:cancelled -a:cancelled");
}

// FH-6, K5
pub async fn one_that_is_dropped_on_a_thread_without_a_runtime(rt: &impl Runtime) {
    let log = Log::new();
    let mut items = held(rt, &log);
    assert_eq!(items.next().await, Some(0));
    let elsewhere = thread::spawn(move || drop(items));
    elsewhere.join().unwrap();
    log.push("go");
    log.seen(rt, "-a:cancelled").await;
    log.assert("+a +a/b go -a/b:cancelled -a:cancelled");
}

// FH-10: neither the timeout around the consumer nor its scope has anything to do with them.
pub async fn its_cleanups_know_nothing_of_the_consumer(rt: &impl Runtime) {
    let log = Log::new();
    let mut items = None;
    let limit = Duration::from_millis(5);
    let consumed = timeout(rt, limit, async {
        with(rt, Act::new(&log, "z"), async |_| {
            let mut opened = held(rt, &log);
            opened.next().await;
            items = Some(opened);
            Ok::<_, String>(())
        })
        .await
    });
    consumed.await.unwrap().unwrap();
    drop(items);
    rt.sleep(limit * 2).await;
    log.push("go");
    log.seen(rt, "-a:cancelled").await;
    log.assert("+z +a +a/b -z go -a/b:cancelled -a:cancelled");
}

// FH-6
pub async fn a_cleanup_that_fails_is_reported(rt: &impl Runtime) {
    let (log, reports, name) = (Log::new(), Reports::begin(), unique("a"));
    let mut items = {
        let (rt, log, name) = (rt.clone(), log.clone(), name.clone());
        Box::pin(generator(async move |y| {
            let a = Act::new(&log, name).fails();
            let a = with(&rt, a, async |_| {
                y.yield_(1).await;
                Ok::<_, String>(())
            });
            a.await.unwrap();
        }))
    };
    assert_eq!(items.next().await, Some(1));
    drop(items);
    let text = format!("exit failed: ActError({name:?})");
    reports.until(rt, &text).await;
    log.assert(&format!("+{name} -{name}:cancelled"));
}

// FH-10, K3
pub async fn a_scope_of_the_consumer_waits_for_it(rt: &impl Runtime) {
    let log = Log::new();
    let z = with(rt, Act::new(&log, "z"), async |_| {
        let mut items = held(rt, &log);
        assert_eq!(items.next().await, Some(0));
        drop(items);
        log.push("go");
        Ok::<_, String>(())
    });
    z.await.unwrap();
    log.push("returned");
    log.assert("+z +a +a/b go -a/b:cancelled -a:cancelled -z returned");
}

// AG-20, K2
pub async fn one_that_outlives_the_scope_in_which_it_began(rt: &impl Runtime) {
    let log = Log::new();
    let mut items = held(rt, &log);
    let y = with(rt, Act::new(&log, "y"), async |_| {
        Ok::<_, String>(items.next().await)
    });
    assert_eq!(y.await.unwrap(), Some(0));
    let z = with(rt, Act::new(&log, "z"), async |_| {
        assert_eq!(items.next().await, Some(1));
        log.push("go");
        close(items).await;
        Ok::<_, String>(())
    });
    z.await.unwrap();
    log.assert("+y +a +a/b -y +z go -a/b:cancelled -a:cancelled -z");
}

// CM-31, K3
pub async fn one_that_is_dropped_in_the_exit_of_its_consumer(rt: &impl Runtime) {
    let log = Log::new();
    let mut items = held_until(rt, &log, "-z");
    assert_eq!(items.next().await, Some(0));
    let z = Act::new(&log, "z").exit(async move {
        assert_eq!(items.next().await, Some(1));
        drop(items);
    });
    let z = with(rt, z, async |_| Ok::<_, String>(()));
    z.await.unwrap();
    log.push("returned");
    // After the last line of the exit, and before it counts as done.
    log.assert("+a +a/b +z -z -a/b:cancelled -a:cancelled returned");
}

// AG-20, A-15
pub async fn one_that_is_polled_on_two_executors_in_turn(rt: &impl Runtime) {
    let (log, other) = (Log::new(), Deterministic::new());
    let mut items = held(rt, &log);
    assert_eq!(items.next().await, Some(0));
    assert_eq!(other.block_on(items.next()), Some(1));
    assert_eq!(block_on(items.next()), Some(2));
    assert_eq!(items.next().await, Some(3));
    log.push("go");
    // Closed elsewhere, it is cleaned up there, in the context of its own runtime.
    other.block_on(close(items));
    log.assert("+a +a/b go -a/b:cancelled -a:cancelled");
}

// AG-20
pub async fn one_that_moves_between_tasks(rt: &impl Runtime) {
    let log = Log::new();
    let mut items = held(rt, &log);
    for expected in 0..10 {
        let step = rt.spawn(async move {
            let item = items.next().await;
            (item, items)
        });
        let (item, back) = step.await.unwrap();
        assert_eq!(item, Some(expected));
        items = back;
    }
    log.push("go");
    rt.spawn(close(items)).await.unwrap();
    log.assert("+a +a/b go -a/b:cancelled -a:cancelled");
}

// K6, K7
pub async fn one_whose_runtime_is_gone(rt: &impl Runtime) {
    let (log, dying) = (Log::new(), Deterministic::new());
    let z = with(rt, Act::new(&log, "z"), async |_| {
        let mut enclosed = held(&dying, &log);
        assert_eq!(enclosed.next().await, Some(0));
        dying.shut_down();
        // It needs no executor for its steps, nor a scope for its cleanup one.
        assert_eq!(enclosed.next().await, Some(1));
        drop(enclosed);
        log.push("go");
        Ok::<_, String>(())
    });
    z.await.unwrap();
    log.assert("+z +a +a/b go -a/b:cancelled -a:cancelled -z");
    let (log, reports) = (Log::new(), Reports::begin());
    let mut alone = held(&dying, &log);
    assert_eq!(alone.next().await, Some(0));
    drop(alone);
    // Both scopes are one cleanup, and it is an orphan.
    let here = reports.here().into_iter();
    let orphans = here.filter(|report| report.ends_with("orphaned until a drain"));
    assert_eq!(orphans.count(), 1);
    log.push("go");
    let drained = log.seen(rt, "-a:cancelled");
    select(Box::pin(drained), drain(rt, crate::log::patience())).await;
    log.assert("+a +a/b go -a/b:cancelled -a:cancelled");
}

// CM-17: as with any leak, there is nobody who could; the list shows it.
pub async fn one_that_is_leaked_is_never_exited(_rt: &impl Runtime) {
    let (log, own) = (Log::new(), Deterministic::new());
    keep_live_list(true);
    let mut items = held(&own, &log);
    assert_eq!(items.next().now_or_never(), Some(Some(0)));
    forget(items);
    log.push("go");
    own.run();
    log.assert("+a +a/b go");
    let id = withal::runtime::Cleanup::id(&own);
    let live = live_list().into_iter();
    assert_eq!(live.filter(|live| live.about.runtime == id).count(), 2);
}

// K11
pub async fn a_panic_of_the_consumer(rt: &impl Runtime) {
    let log = Log::new();
    log.push("go");
    let z = with(rt, Act::new(&log, "z"), async |_| {
        let mut items = held(rt, &log);
        assert_eq!(items.next().await, Some(0));
        if log.has("+a") {
            panic!("consumer");
        }
        Ok::<_, String>(())
    });
    assert_eq!(caught(z).await.unwrap_err(), "consumer");
    // The body of the generator has not panicked: it was dropped.
    log.assert("go +z +a +a/b -a/b:cancelled -a:cancelled -z:panicked");
}

// AG-8, K11
pub async fn a_panic_of_the_body(rt: &impl Runtime) {
    let log = Log::new();
    let scope = |name| Act::new(&log, name).exit(yields(1));
    let mut items = Box::pin(generator(async |y| {
        let a = with(rt, scope("a"), async |_| {
            let b = with(rt, scope("a/b"), async |_| {
                y.yield_(1).await;
                panic!("body");
                #[expect(unreachable_code, reason = "says what the body would return")]
                Ok::<_, String>(())
            });
            b.await.map_err(|error| error.to_string())
        });
        a.await.unwrap();
    }));
    assert_eq!(items.next().await, Some(1));
    assert_eq!(caught(items.next()).await.unwrap_err(), "body");
    log.push("returned");
    assert_eq!(items.state(), State::Closed);
    assert_eq!(items.next().await, None);
    log.assert("+a +a/b -a/b:panicked -a:panicked returned");
}

// AG-18, IT-16
pub async fn a_cancelled_step_leaves_it_as_it_is(rt: &impl Runtime) {
    let log = Log::new();
    let mut items = Box::pin(generator(async |y| {
        let a = with(rt, Act::new(&log, "a"), async |_| {
            for n in 0..3 {
                log.when(|events| events.iter().any(|seen| seen == "go"))
                    .await;
                y.yield_(n).await;
            }
            Ok::<_, String>(())
        });
        a.await.unwrap();
    }));
    // By foreign code, and by ours.
    assert_eq!(gives_up(2, items.next()).await, None);
    let late = timeout(rt, Duration::from_millis(1), items.next()).await;
    late.unwrap_err();
    log.assert("+a");
    log.push("go");
    assert_eq!(items.collect::<Vec<_>>().await, [0, 1, 2]);
    log.assert("+a go -a");
}

/// Says goodbye by an item.
struct Farewell<'y, 'g> {
    yielder: &'y Yielder<'g, &'static str>,
    log: &'y Log,
}

impl Scope for Farewell<'_, '_> {
    type Resource = ();
    type Error = Failed;
    type OnDrop = Abandon;

    async fn enter(&mut self) -> Result<(), Failed> {
        Ok(())
    }

    async fn exit(self, (): (), reason: ExitReason<'_>) -> Result<(), Failed> {
        let kind = reason.kind();
        self.yielder.yield_("goodbye").await;
        self.log.push(format_args!("-{kind}"));
        Ok(())
    }
}

// AG-21
pub async fn one_that_yields_in_an_exit(rt: &impl Runtime) {
    let (log, reports) = (Log::new(), Reports::begin());
    let mut items = Box::pin(generator(async |yielder| {
        let farewell = Farewell {
            yielder: &yielder,
            log: &log,
        };
        let ended = with(rt, farewell, async |_| {
            yielder.yield_("hello").await;
            Err::<(), _>(Failed("refused"))
        });
        assert_eq!(
            ended.await.unwrap_err().into_body(),
            Ok(Failed("refused")),
            "the error goes on"
        );
        let farewell = Farewell {
            yielder: &yielder,
            log: &log,
        };
        let endless = with(rt, farewell, async |_| {
            yielder.yield_("again").await;
            pending::<Result<(), Failed>>().await
        });
        endless.await.unwrap();
    }));
    assert_eq!(items.next().await, Some("hello"));
    assert_eq!(items.next().await, Some("goodbye"));
    log.assert("");
    assert_eq!(items.next().await, Some("again"));
    log.assert("-failed");
    // Closed, there is nobody to yield to: it cannot be handed over, and says so.
    close(items).await;
    log.assert("-failed");
    assert!(reports.count("left_open::Farewell") > 0);
}

// AG-26, K4
pub async fn guards_in_nested_generators_are_exited_last_one_first(rt: &impl Runtime) {
    let log = Log::new();
    let guarded = async |name: &'static str| {
        let scope = Probe::new(&log, name).exit_yields(3);
        withal::enter_in(rt, scope).await.unwrap()
    };
    let make = || {
        Box::pin(generator(async |y| {
            let _x = guarded("x").await;
            let _y = guarded("y").await;
            let mut inner = Box::pin(generator(async |y| {
                let _v = guarded("v").await;
                let _w = guarded("w").await;
                y.yield_(1).await;
            }));
            while let Some(item) = inner.next().await {
                y.yield_(item).await;
            }
        }))
    };
    let z = with(rt, Probe::new(&log, "z"), async |_| {
        let mut items = make();
        assert_eq!(items.next().await, Some(1));
        drop(items);
        Ok::<_, String>(())
    });
    z.await.unwrap();
    log.assert("+z +x +y +v +w -w -v -y -x -z");
    let mut items = make();
    assert_eq!(items.next().await, Some(1));
    close(items).await;
    log.push("closed");
    log.assert("+z +x +y +v +w -w -v -y -x -z +x +y +v +w -w -v -y -x closed");
}

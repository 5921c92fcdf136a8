//! Generators that hold scopes open across their yields, ended at every yield, in every way.

use std::ops::ControlFlow;
use std::pin::Pin;

use futures_util::{Stream, StreamExt};
use withal::runtime::Runtime;
use withal::scope::Manager;
use withal::{close, closing, for_each, generator, with};

use crate::poll::{caught, yields};
use crate::probe::{Abandoning, Failed, ProbeError, SyncProbe};
use crate::sweep::{Followed, Real, Sweep, Way};
use crate::{Log, Probe, laws};

/// The table of these cases, given to the macro `$make`.
#[doc(hidden)]
#[macro_export]
macro_rules! generators_cases {
    ($make:ident $with:tt $of:tt) => {
        $crate::$make! { $with $of generators:
            scopes_across_yields,
            scopes_across_yields_in_a_scope_of_the_consumer,
            scopes_that_exit_at_once_across_yields,
            scopes_that_are_abandoned_across_yields,
            one_that_is_closed_at_each_yield,
            one_whose_loop_is_left_at_each_yield,
            one_that_is_lent_up_to_each_yield,
            a_loop_whose_body_panics_at_each_item,
            one_that_is_dropped_at_each_yield,
            one_that_loops_over_another,
            one_that_delegates_to_another,
        }
    };
}

/// How many items [`nested`] yields.
const ITEMS: u32 = 7;

/// Yields numbers: before, in and behind each of three scopes in one another. They are named below
/// `path`.
fn nested<R: Runtime, S>(
    rt: &Followed<R>,
    log: &Log,
    path: &'static str,
    form: fn(Probe) -> S,
) -> impl Stream<Item = u32> + use<R, S>
where
    S: Manager<Resource = String, Error = ProbeError>,
{
    let (rt, log) = (rt.clone(), log.clone());
    generator(async move |y| {
        let name = |below: &str| format!("{path}{below}");
        let scope = |below| form(Probe::new(&log, name(below)).reasons());
        let completes = |below| {
            log.push(format_args!(".{}", name(below)));
            Ok::<_, Failed>(())
        };
        y.yield_(0).await;
        let a = with(&rt, scope(""), async |_| {
            y.yield_(1).await;
            let b = with(&rt, scope("/b"), async |_| {
                y.yield_(2).await;
                let c = with(&rt, scope("/b/c"), async |_| {
                    y.yield_(3).await;
                    yields(1).await;
                    completes("/b/c")
                });
                c.await.unwrap();
                y.yield_(4).await;
                completes("/b")
            });
            b.await.unwrap();
            y.yield_(5).await;
            completes("")
        });
        a.await.unwrap();
        y.yield_(6).await;
    })
}

/// Its exit waits, wherever it runs.
fn waits(probe: Probe) -> Probe {
    probe
}

fn at_once(probe: Probe) -> SyncProbe {
    SyncProbe(probe.exit_yields(0))
}

/// Its exit does not wait either: one under way would be cut short.
fn abandons(probe: Probe) -> Abandoning {
    Abandoning(probe.exit_yields(0))
}

/// Takes up to `count` items, and waits a little after each.
async fn takes(mut items: Pin<&mut impl Stream<Item = u32>>, count: u32) {
    for expected in 0..count {
        match items.as_mut().next().await {
            Some(item) => assert_eq!(item, expected, "an item is lost"),
            None => assert!(expected >= ITEMS, "it ended before {expected}"),
        }
        yields(1).await;
    }
}

#[track_caller]
fn assert_settled(log: &Log) {
    assert!(laws::is_settled(&log.events()), "{}", log.trace());
}

/// A sweep on `rt`, held against the laws of the log.
fn swept<R: Runtime>(rt: &R) -> Sweep<Log, Real<R>> {
    Sweep::on(rt, Log::new).invariant_of(laws::hold)
}

/// Runs the generator to its end; the sweep cancels it between all steps and in each of them.
async fn exhausts<R: Runtime, S>(rt: &R, form: fn(Probe) -> S)
where
    S: Manager<Resource = String, Error = ProbeError>,
{
    let scenario = async |rt: Followed<R>, log: Log| {
        let items = Box::pin(nested(&rt, &log, "a", form));
        takes({ items }.as_mut(), ITEMS + 2).await;
        assert_settled(&log);
    };
    swept(rt).sweep(scenario).await.unwrap();
}

// AG-18, AG-19, AG-20, AG-28, FH-5, CM-17, K1, K2
pub async fn scopes_across_yields<R: Runtime>(rt: &R) {
    exhausts(rt, waits).await;
}

// AG-19, FH-5, CM-17, K3
pub async fn scopes_across_yields_in_a_scope_of_the_consumer<R: Runtime>(rt: &R) {
    let scenario = async |rt: Followed<R>, log: Log| {
        let z = with(&rt, Probe::new(&log, "z").reasons(), async |_| {
            let items = Box::pin(nested(&rt, &log, "z/a", waits));
            takes({ items }.as_mut(), ITEMS + 2).await;
            log.push(".z");
            Ok::<_, Failed>(())
        });
        z.await.unwrap();
    };
    swept(rt).sweep(scenario).await.unwrap();
}

// A-4, FH-5, CM-17
pub async fn scopes_that_exit_at_once_across_yields<R: Runtime>(rt: &R) {
    exhausts(rt, at_once).await;
}

// A-4, FH-5, CM-17
pub async fn scopes_that_are_abandoned_across_yields<R: Runtime>(rt: &R) {
    exhausts(rt, abandons).await;
}

// CM-17, K1
pub async fn one_that_is_closed_at_each_yield<R: Runtime>(rt: &R) {
    for count in 0..=ITEMS + 1 {
        let scenario = async |rt: Followed<R>, log: Log| {
            let mut items = Box::pin(nested(&rt, &log, "a", waits));
            takes(items.as_mut(), count).await;
            close(items).await;
            assert_settled(&log);
        };
        let sweep = swept(rt).without_panics();
        sweep.sweep(scenario).await.unwrap();
    }
}

// IT-5, IT-6, CM-17, K1
pub async fn one_whose_loop_is_left_at_each_yield<R: Runtime>(rt: &R) {
    for count in 0..=ITEMS {
        let scenario = async |rt: Followed<R>, log: Log| {
            let looped = for_each(nested(&rt, &log, "a", waits), async |item| {
                yields(1).await;
                if item == count {
                    return ControlFlow::Break(item);
                }
                ControlFlow::Continue(())
            });
            let expected = if count < ITEMS {
                ControlFlow::Break(count)
            } else {
                ControlFlow::Continue(())
            };
            assert_eq!(looped.await, expected);
            assert_settled(&log);
        };
        let sweep = swept(rt).without_panics();
        sweep.sweep(scenario).await.unwrap();
    }
}

// IT-5, CM-17, K1
pub async fn one_that_is_lent_up_to_each_yield<R: Runtime>(rt: &R) {
    for count in 0..=ITEMS + 1 {
        let scenario = async |rt: Followed<R>, log: Log| {
            closing(nested(&rt, &log, "a", waits), async |items| {
                takes(items, count).await;
            })
            .await;
            assert_settled(&log);
        };
        let sweep = swept(rt).without_panics();
        sweep.sweep(scenario).await.unwrap();
    }
}

// IT-5, K1, K11: the panic goes on when all is cleaned up.
pub async fn a_loop_whose_body_panics_at_each_item<R: Runtime>(rt: &R) {
    for count in 0..ITEMS {
        let scenario = async |rt: Followed<R>, log: Log| {
            let looped = for_each(nested(&rt, &log, "a", waits), async |item| {
                yields(1).await;
                assert!(item < count, "the item that is too much");
            });
            let panic = caught(looped).await.unwrap_err();
            assert!(panic.contains("too much"), "{panic}");
            assert_settled(&log);
        };
        let sweep = swept(rt).without_panics();
        sweep.sweep(scenario).await.unwrap();
    }
}

// FH-5, FH-6, AG-19, CM-17, K2, K3
pub async fn one_that_is_dropped_at_each_yield<R: Runtime>(rt: &R) {
    for count in 0..=ITEMS + 1 {
        let alone = async |rt: Followed<R>, log: Log| {
            let mut items = Box::pin(nested(&rt, &log, "a", waits));
            takes(items.as_mut(), count).await;
            drop(items);
            yields(1).await;
        };
        // Where nobody waits for anything.
        let sweep = swept(rt).without_panics().ways(Way::alone(rt));
        sweep.sweep(alone).await.unwrap();
        let in_a_scope = async |rt: Followed<R>, log: Log| {
            let z = with(&rt, Probe::new(&log, "z").reasons(), async |_| {
                let mut items = Box::pin(nested(&rt, &log, "z/a", waits));
                takes(items.as_mut(), count).await;
                drop(items);
                yields(1).await;
                log.push(".z");
                Ok::<_, Failed>(())
            });
            z.await.unwrap();
            assert_settled(&log);
        };
        let sweep = swept(rt).without_panics();
        sweep.sweep(in_a_scope).await.unwrap();
    }
}

/// Holds a scope open around another generator, whose items it passes on.
fn around<R: Runtime>(
    rt: &Followed<R>,
    log: &Log,
    delegates: bool,
) -> impl Stream<Item = u32> + use<R> {
    let (rt, log) = (rt.clone(), log.clone());
    generator(async move |y| {
        let outer = with(&rt, Probe::new(&log, "o").reasons(), async |_| {
            let inner = nested(&rt, &log, "o/a", waits);
            if delegates {
                y.delegate(inner).await;
            } else {
                let mut inner = Box::pin(inner);
                while let Some(item) = inner.next().await {
                    y.yield_(item).await;
                }
            }
            log.push(".o");
            Ok::<_, Failed>(())
        });
        outer.await.unwrap();
    })
}

async fn one_around_another<R: Runtime>(rt: &R, delegates: bool) {
    let exhausted = async |rt: Followed<R>, log: Log| {
        let items = Box::pin(around(&rt, &log, delegates));
        takes({ items }.as_mut(), ITEMS + 1).await;
        assert_settled(&log);
    };
    swept(rt).sweep(exhausted).await.unwrap();
    for count in 0..=ITEMS {
        let closed = async |rt: Followed<R>, log: Log| {
            let mut items = Box::pin(around(&rt, &log, delegates));
            takes(items.as_mut(), count).await;
            close(items).await;
            assert_settled(&log);
        };
        let sweep = swept(rt).without_panics();
        sweep.sweep(closed).await.unwrap();
    }
}

// AG-26, CM-17, K1
pub async fn one_that_loops_over_another<R: Runtime>(rt: &R) {
    one_around_another(rt, false).await;
}

// AG-26, CM-17, K1
pub async fn one_that_delegates_to_another<R: Runtime>(rt: &R) {
    one_around_another(rt, true).await;
}

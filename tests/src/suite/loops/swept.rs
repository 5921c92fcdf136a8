//! Loops cancelled after every number of polls, in every way.

use std::ops::ControlFlow;
use std::pin::pin;

use futures_util::future::LocalBoxFuture;
use futures_util::{FutureExt, StreamExt};
use withal::runtime::Runtime;
use withal::{closing, for_each, for_each_by_ref, with};

use super::counts;
use crate::poll::yields;
use crate::probe::Failed;
use crate::sweep::{Followed, Real, Sweep};
use crate::{Log, Probe, laws};

/// A scenario: its name, and what it does.
type Scenario<R> = (
    &'static str,
    fn(Followed<R>, Log) -> LocalBoxFuture<'static, ()>,
);

async fn sweep<R: Runtime>(rt: &R, scenarios: &[Scenario<R>]) {
    for (name, scenario) in scenarios {
        let sweep: Sweep<Log, Real<R>> = Sweep::on(rt, Log::new).invariant_of(laws::hold);
        let swept = sweep.sweep(scenario).await;
        let swept = swept.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(swept.polls > 3, "{name} did not wait: {swept}");
    }
}

/// A loop has returned: what it opened has ended.
fn returned(log: &Log, name: &str) {
    let ended = log.count(&format!("-{name}"));
    assert_eq!(log.count(&format!("+{name}")), ended, "{}", log.trace());
}

// IT-5, K1, K2, A-3
pub async fn loops_cancelled_at_every_poll<R: Runtime>(rt: &R) {
    sweep(
        rt,
        &[
            ("to the end", |rt, log| {
                async move {
                    for_each(counts(&rt, &log, "s"), async |_| yields(1).await).await;
                    returned(&log, "s");
                    yields(1).await;
                }
                .boxed_local()
            }),
            ("broken", |rt, log| {
                async move {
                    let broken = for_each(counts(&rt, &log, "s"), async |n| {
                        yields(1).await;
                        ControlFlow::Break(n)
                    });
                    assert_eq!(broken.await, ControlFlow::Break(1));
                    returned(&log, "s");
                    yields(1).await;
                }
                .boxed_local()
            }),
            ("an error in a scope", |rt, log| {
                async move {
                    let own = Probe::new(&log, "own").exit_yields(2).reasons();
                    let own = with(&rt, own, async |_| {
                        let failed = for_each(counts(&rt, &log, "own/s"), async |n| {
                            yields(1).await;
                            if n == 2 {
                                return Err(Failed("refused"));
                            }
                            Ok(())
                        });
                        let failed = failed.await;
                        returned(&log, "own/s");
                        yields(1).await;
                        log.push("!own");
                        failed
                    });
                    own.await.unwrap_err();
                }
                .boxed_local()
            }),
            ("closing", |rt, log| {
                async move {
                    let first = closing(counts(&rt, &log, "s"), async |mut items| {
                        let first = items.next().await;
                        yields(1).await;
                        first
                    });
                    assert_eq!(first.await, Some(1));
                    returned(&log, "s");
                    yields(1).await;
                }
                .boxed_local()
            }),
            ("by reference, twice", |rt, log| {
                async move {
                    let lent = closing(counts(&rt, &log, "s"), async |mut items| {
                        let broken = for_each_by_ref(&mut items, async |n| ControlFlow::Break(n));
                        assert_eq!(broken.await, ControlFlow::Break(1));
                        let mut rest = Vec::new();
                        for_each_by_ref(&mut items, async |n| {
                            yields(1).await;
                            rest.push(n);
                        })
                        .await;
                        rest
                    });
                    assert_eq!(lent.await, [2, 3]);
                    returned(&log, "s");
                }
                .boxed_local()
            }),
        ],
    )
    .await;
}

// IT-5, K1, K2, K4
pub async fn loops_in_loops_cancelled_at_every_poll<R: Runtime>(rt: &R) {
    sweep(
        rt,
        &[
            ("each over its own", |rt, log| {
                async move {
                    let own = Probe::new(&log, "s").exit_yields(1).reasons();
                    let own = with(&rt, own, async |_| {
                        let mut times = 0;
                        let outer = for_each(counts(&rt, &log, "s/a"), async |n| {
                            times += 1;
                            if times > 1 {
                                return ControlFlow::Break(());
                            }
                            let inner = for_each(counts(&rt, &log, "s/b"), async |m| {
                                yields(1).await;
                                if n < m {
                                    return ControlFlow::Break(());
                                }
                                ControlFlow::Continue(())
                            });
                            assert!(inner.await.is_break());
                            returned(&log, "s/b");
                            ControlFlow::Continue(())
                        });
                        assert!(outer.await.is_break());
                        returned(&log, "s/a");
                        log.push(".s");
                        Ok::<_, Failed>(())
                    });
                    own.await.unwrap();
                }
                .boxed_local()
            }),
            ("over what a generator loops over", |rt, log| {
                async move {
                    let (own_rt, own_log) = (rt.clone(), log.clone());
                    let doubled = withal::generator(async move |y| {
                        let own = Probe::new(&own_log, "a").exit_yields(1).reasons();
                        let own = with(&own_rt, own, async |_| {
                            let inner = counts(&own_rt, &own_log, "a/b");
                            for_each(inner, async |n| y.yield_(n * 2).await).await;
                            own_log.push(".a");
                            Ok::<_, Failed>(())
                        });
                        own.await.unwrap();
                    });
                    let broken = for_each(doubled, async |n| {
                        yields(1).await;
                        if n == 4 {
                            return ControlFlow::Break(n);
                        }
                        ControlFlow::Continue(())
                    });
                    assert_eq!(broken.await, ControlFlow::Break(4));
                    returned(&log, "a");
                    yields(1).await;
                }
                .boxed_local()
            }),
        ],
    )
    .await;
}

// IT-5, CO-7, K1
pub async fn loops_over_chains_cancelled_at_every_poll<R: Runtime>(rt: &R) {
    sweep(
        rt,
        &[
            ("a chain", |rt, log| {
                async move {
                    let chain = counts(&rt, &log, "s")
                        .map(|n| n + 1)
                        .filter(|n| std::future::ready(n % 2 == 0))
                        .then(async |n| {
                            yields(1).await;
                            n
                        })
                        .take_while(|n| std::future::ready(*n < 4))
                        .fuse()
                        .peekable()
                        .boxed();
                    let mut seen = Vec::new();
                    for_each(chain, async |n| {
                        yields(1).await;
                        seen.push(n);
                    })
                    .await;
                    assert_eq!(seen, [2]);
                    returned(&log, "s");
                    yields(1).await;
                }
                .boxed_local()
            }),
            ("two sources in one", |rt, log| {
                async move {
                    let inner = (rt.clone(), log.clone());
                    let both = counts(&rt, &log, "s").flat_map(move |n| {
                        let name = ["a", "b", "c"][n as usize - 1];
                        counts(&inner.0, &inner.1, name).boxed()
                    });
                    let mut times = 0;
                    let broken = for_each(both, async |n| {
                        times += 1;
                        if times == 5 {
                            return ControlFlow::Break(n);
                        }
                        ControlFlow::Continue(())
                    });
                    assert_eq!(broken.await, ControlFlow::Break(2));
                    for name in ["s", "a", "b"] {
                        returned(&log, name);
                    }
                    yields(1).await;
                }
                .boxed_local()
            }),
            ("what is in flight", |rt, log| {
                async move {
                    let fetches = counts(&rt, &log, "s").map(|n| {
                        let (rt, log) = (rt.clone(), log.clone());
                        async move {
                            let name = format!("fetch{n}");
                            let probe = Probe::new(&log, &*name).exit_yields(1).reasons();
                            let fetch = with(&rt, probe, async |_| {
                                yields(n as usize).await;
                                log.push(format_args!(".{name}"));
                                Ok::<_, Failed>(n)
                            });
                            fetch.await.unwrap()
                        }
                    });
                    let mut fetches = pin!(closing(fetches.buffered(2), async |items| {
                        items.take(2).collect::<Vec<_>>().await
                    }));
                    assert_eq!(fetches.as_mut().await, [1, 2]);
                    returned(&log, "s");
                    returned(&log, "fetch");
                }
                .boxed_local()
            }),
        ],
    )
    .await;
}

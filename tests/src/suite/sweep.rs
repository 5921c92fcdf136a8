//! Cancelled after every number of polls, in every way, nothing is lost.

use std::time::Duration;

use withal::runtime::Runtime;
use withal::scope::{Lend, scope_fn};
use withal::{either, enter_in, shielded, timeout, with};

use crate::poll::yields;
use crate::probe::{Failed, SyncProbe};
use crate::sweep::{Followed, PollTimer, Real, Sweep, Way};
use crate::{Log, Probe, laws};

/// The table of these cases, given to the macro `$make`.
#[doc(hidden)]
#[macro_export]
macro_rules! sweep_cases {
    ($make:ident $with:tt $of:tt) => {
        $crate::$make! { $with $of sweep:
            one_scope,
            three_scopes_in_one_another,
            a_scope_whose_inner_one_fails,
            a_closure_scope,
            two_guards_of_one_frame,
            a_timeout_in_a_scope_in_a_timeout,
            a_race_of_two_scopes,
            a_shield_in_a_scope,
            scopes_that_exit_at_once_among_others,
        }
    };
}

/// A sweep on `rt`, held against the laws of the log.
fn swept<R: Runtime>(rt: &R) -> Sweep<Log, Real<R>> {
    Sweep::on(rt, Log::new).invariant_of(laws::hold)
}

/// Waits a little, and says that it completes.
async fn body(log: &Log, name: &str) -> Result<(), Failed> {
    yields(2).await;
    log.push(format_args!(".{name}"));
    Ok(())
}

/// A probe that waits everywhere.
fn probe(log: &Log, name: &str) -> Probe {
    Probe::new(log, name)
        .enter_yields(1)
        .exit_yields(2)
        .reasons()
}

// CM-17, CM-18, CM-19, CM-20, CM-21, CM-22, A-3, A-4
pub async fn one_scope<R: Runtime>(rt: &R) {
    let scenario = async |rt: Followed<R>, log: Log| {
        with(&rt, probe(&log, "a"), async |_| body(&log, "a").await)
            .await
            .unwrap();
    };
    swept(rt).sweep(scenario).await.unwrap();
}

// CM-17, K1, K2, K3
pub async fn three_scopes_in_one_another<R: Runtime>(rt: &R) {
    let scenario = async |rt: Followed<R>, log: Log| {
        with(&rt, probe(&log, "a"), async |_| {
            with(&rt, probe(&log, "a/b"), async |_| {
                with(&rt, probe(&log, "a/b/c"), async |_| {
                    body(&log, "a/b/c").await
                })
                .await
                .unwrap();
                body(&log, "a/b").await
            })
            .await
            .unwrap();
            body(&log, "a").await
        })
        .await
        .unwrap();
    };
    swept(rt).sweep(scenario).await.unwrap();
}

// CM-6, CM-17, A-2
pub async fn a_scope_whose_inner_one_fails<R: Runtime>(rt: &R) {
    let scenario = async |rt: Followed<R>, log: Log| {
        let ended = with(&rt, probe(&log, "a"), async |_| {
            let inner = with(&rt, probe(&log, "a/b"), async |_| {
                yields(1).await;
                log.push("!a/b");
                Err::<(), _>(Failed("refused"))
            })
            .await;
            if inner.is_err() {
                log.push("!a");
            }
            inner.map_err(|error| error.into_body().unwrap())?;
            Ok::<_, Failed>(())
        })
        .await;
        assert_eq!(ended.unwrap_err().into_body(), Ok(Failed("refused")));
    };
    swept(rt).sweep(scenario).await.unwrap();
}

// GM-2, GM-5, GM-12, GM-19
pub async fn a_closure_scope<R: Runtime>(rt: &R) {
    let scenario = async |rt: Followed<R>, log: Log| {
        let of_scope = log.clone();
        let own_rt = rt.clone();
        let scope = scope_fn(async move |lend: Lend<u32>| {
            yields(1).await;
            let log = of_scope;
            let ended = with(&own_rt, probe(&log, "a"), async |_| {
                yields(1).await;
                log.push("+a/b");
                let (_, ended) = lend.lend(1).await;
                log.push(".a");
                yields(2).await;
                log.push(format_args!("-a/b:{}", ended.kind()));
                Ok::<_, Failed>(ended)
            })
            .await
            .unwrap();
            Ok::<_, Failed>(ended)
        });
        with(&rt, scope, async |_| body(&log, "a/b").await)
            .await
            .unwrap();
    };
    swept(rt).sweep(scenario).await.unwrap();
}

// CM-28, K4
pub async fn two_guards_of_one_frame<R: Runtime>(rt: &R) {
    let scenario = async |rt: Followed<R>, log: Log| {
        let outer = enter_in(&rt, probe(&log, "a")).await.unwrap();
        let inner = enter_in(&rt, probe(&log, "a/b")).await.unwrap();
        let ended = body(&log, "a/b").await;
        inner.exit(ended).await.unwrap();
        let ended = body(&log, "a").await;
        outer.exit(ended).await.unwrap();
    };
    let sweep = swept(rt).ways(Way::waiting(rt));
    sweep.sweep(scenario).await.unwrap();
}

// K1, K10
pub async fn a_timeout_in_a_scope_in_a_timeout<R: Runtime>(rt: &R) {
    let scenario = async |rt: Followed<R>, log: Log| {
        let inner = async {
            let _expires = timeout(&PollTimer, Duration::from_nanos(3), async {
                with(&rt, probe(&log, "a/b"), async |_| body(&log, "a/b").await).await
            })
            .await;
            body(&log, "a").await
        };
        let outer = with(&rt, probe(&log, "a"), async |_| inner.await);
        let _expires = timeout(&PollTimer, Duration::from_nanos(9), outer).await;
    };
    swept(rt).sweep(scenario).await.unwrap();
}

// K1, K4
pub async fn a_race_of_two_scopes<R: Runtime>(rt: &R) {
    let scenario = async |rt: Followed<R>, log: Log| {
        with(&rt, probe(&log, "a"), async |_| {
            let left = with(&rt, probe(&log, "a/l"), async |_| {
                yields(3).await;
                body(&log, "a/l").await
            });
            let right = with(&rt, probe(&log, "a/r"), async |_| body(&log, "a/r").await);
            either(left, right).await.into_inner().unwrap();
            body(&log, "a").await
        })
        .await
        .unwrap();
    };
    swept(rt).sweep(scenario).await.unwrap();
}

// K10, CM-22
pub async fn a_shield_in_a_scope<R: Runtime>(rt: &R) {
    let scenario = async |rt: Followed<R>, log: Log| {
        with(&rt, probe(&log, "a"), async |_| {
            let (own_rt, own_log) = (rt.clone(), log.clone());
            let shield = shielded(&rt, async move {
                // Once begun it is never cancelled, so its body always completes.
                with(&own_rt, probe(&own_log, "a/s"), async |_| {
                    body(&own_log, "a/s").await
                })
                .await
                .unwrap();
            });
            shield.await;
            body(&log, "a").await
        })
        .await
        .unwrap();
        assert!(log.has("-a/s:completed"));
    };
    swept(rt).sweep(scenario).await.unwrap();
}

// A-4, CM-17
pub async fn scopes_that_exit_at_once_among_others<R: Runtime>(rt: &R) {
    let scenario = async |rt: Followed<R>, log: Log| {
        let at_once = |name| SyncProbe(Probe::new(&log, name).exit_yields(0).reasons());
        with(&rt, at_once("a"), async |_| {
            with(&rt, probe(&log, "a/b"), async |_| {
                with(&rt, at_once("a/b/c"), async |_| body(&log, "a/b/c").await)
                    .await
                    .unwrap();
                body(&log, "a/b").await
            })
            .await
            .unwrap();
            body(&log, "a").await
        })
        .await
        .unwrap();
    };
    swept(rt).sweep(scenario).await.unwrap();
}

//! Closure scopes that wait several times in each phase: cancelled, softly and hard, or made to panic,
//! at every poll of set-up, body and tear-down; with what may be open across the lending.

use std::future::{Future, pending};
use std::sync::Mutex;
use std::time::Duration;

use futures_util::future::{join, select};
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use withal::scope::{Lend, LendMut, Owned, scope_fn, scope_fn_borrowing, wrapped};
use withal::{task_group, timeout, with, with_borrowing};
use withal_tests::poll::yields;
use withal_tests::probe::Failed;
use withal_tests::sweep::{Followed, Sweep, Swept};
use withal_tests::{Deterministic, Log, Probe, laws};

type Rt = Followed<Deterministic>;

fn probe(log: &Log, name: &str) -> Probe {
    Probe::new(log, name)
        .enter_yields(1)
        .exit_yields(2)
        .reasons()
}

/// Scope `name` for so many polls.
async fn held(rt: &Rt, log: &Log, name: &str, polls: usize) {
    let scoped = with(rt, probe(log, name), async |_| {
        yields(polls).await;
        log.push(format_args!(".{name}"));
        Ok::<_, Failed>(())
    });
    scoped.await.unwrap();
}

fn sweep<F: Future<Output = ()>>(scenario: impl Fn(Rt, Log) -> F + 'static) -> Swept {
    let swept = Sweep::new(Log::new).invariant_of(laws::hold).run(scenario);
    assert!(swept.polls > 8, "{swept}");
    assert!(swept.scopes > swept.runs, "{swept}");
    swept
}

// GM-1, GM-2, GM-5, GM-12, GM-19, CM-17, A-3, K1, K2
#[test]
fn a_closure_scope_is_exited_whenever_it_is_cancelled() {
    sweep(async |rt: Rt, log| {
        let (own_rt, own) = (rt.clone(), log.clone());
        let scope = scope_fn(async move |lend: Lend<u32>| {
            held(&own_rt, &own, "sets-up", 1).await;
            let around = with(&own_rt, probe(&own, "a"), async |_| {
                let (_, ended) = lend.lend(1).await;
                held(&own_rt, &own, "a/tears-down", 1).await;
                own.push(".a");
                Ok::<_, Failed>(ended)
            });
            Ok::<_, Failed>(around.await.unwrap())
        });
        let scoped = with(&rt, scope, async |_| {
            held(&rt, &log, "a/body", 2).await;
            yields(1).await;
            Ok::<_, Failed>(())
        });
        scoped.await.unwrap();
    });
}

// GM-23, GM-12, GM-19, GM-24, CM-17, A-3, K1, K2
#[test]
fn a_borrowing_frame_is_exited_whenever_it_is_cancelled() {
    sweep(async |rt: Rt, log| {
        let (own_rt, own) = (rt.clone(), log.clone());
        let scope = scope_fn_borrowing(async move |lend: LendMut<'_, Owned<String>>| {
            held(&own_rt, &own, "sets-up", 1).await;
            let around = with(&own_rt, probe(&own, "a"), async |_| {
                let mut frame = String::from("frame");
                let ended = lend.lend(&mut frame).await;
                held(&own_rt, &own, "a/tears-down", 1).await;
                // What the body has written last is there, however it ended.
                assert!(!frame.ends_with('?'), "{frame}");
                own.push(".a");
                Ok::<_, Failed>(ended)
            });
            Ok::<_, Failed>(around.await.unwrap())
        });
        let scoped = with_borrowing(&rt, scope, async |text| {
            let _settles = Settles(text);
            _settles.0.push('?');
            held(&rt, &log, "a/body", 2).await;
            yields(1).await;
            Ok::<_, Failed>(())
        });
        scoped.await.unwrap();
    });
}

/// Uses what it has been lent when it is dropped.
struct Settles<'a>(&'a mut String);

impl Drop for Settles<'_> {
    fn drop(&mut self) {
        self.0.push('!');
    }
}

// GM-22, GM-23, CM-17, A-3, K1, K2, K3: beside others, in a set, in a race of foreign code.
#[test]
fn a_lending_that_foreign_code_polls_is_swept() {
    sweep(async |rt: Rt, log| {
        let (own_rt, own) = (rt.clone(), log.clone());
        let scope = scope_fn_borrowing(async move |lend: LendMut<'_, Owned<String>>| {
            let mut frame = String::new();
            let mut set = FuturesUnordered::new();
            set.push(lend.lend(&mut frame));
            let (ended, ()) = join(set.next(), held(&own_rt, &own, "beside", 2)).await;
            held(&own_rt, &own, "tears-down", 1).await;
            Ok::<_, Failed>(ended.unwrap())
        });
        let scoped = with_borrowing(&rt, scope, async |text| {
            let settles = Settles(text);
            held(&rt, &log, "body", 3).await;
            settles.0.push('?');
            Ok::<_, Failed>(())
        });
        scoped.await.unwrap();
    });
    // The frame leaves while the body runs.
    sweep(async |rt: Rt, log| {
        let own_rt = rt.clone();
        let own = log.clone();
        let scope = scope_fn_borrowing(async move |lend: LendMut<'_, Owned<String>>| {
            let mut frame = String::new();
            let alarm = Box::pin(held(&own_rt, &own, "beside", 4));
            drop(select(lend.lend(&mut frame), alarm).await);
            held(&own_rt, &own, "tears-down", 1).await;
            Err(Failed("left"))
        });
        let scoped = with_borrowing(&rt, scope, async |text| {
            let _settles = Settles(text);
            held(&rt, &log, "body", 9).await;
            pending::<Result<(), Failed>>().await
        });
        scoped.await.unwrap_err();
    });
}

// GM-22, GM-23, CM-17, A-3, K1, K2
#[test]
fn a_group_and_a_timeout_around_a_lending_are_swept() {
    sweep(async |rt: Rt, log| {
        let (own_rt, own) = (rt.clone(), log.clone());
        let scope = scope_fn_borrowing(async move |lend: LendMut<'_, Owned<String>>| {
            let mut frame = String::new();
            let ended = task_group(&own_rt, async |group| {
                let (rt, log) = (own_rt.clone(), own.clone());
                group.spawn(async move {
                    held(&rt, &log, "child", 2).await;
                    Err::<(), _>(Failed("the link"))
                });
                Ok(lend.lend(&mut frame).await)
            });
            let ended = ended.await;
            held(&own_rt, &own, "tears-down", 1).await;
            ended.map_err(|errors| errors.into_leaves().next().unwrap())
        });
        let scoped = with_borrowing(&rt, scope, async |text| {
            let _settles = Settles(text);
            held(&rt, &log, "body", 1).await;
            pending::<Result<(), Failed>>().await
        });
        scoped.await.unwrap_err();
    });
    sweep(async |rt: Rt, log| {
        let (own_rt, own) = (rt.clone(), log.clone());
        let scope = scope_fn_borrowing(async move |lend: LendMut<'_, Owned<String>>| {
            let mut frame = String::new();
            let limit = Duration::from_secs(3600);
            let ended = timeout(&own_rt, limit, lend.lend(&mut frame)).await;
            held(&own_rt, &own, "tears-down", 1).await;
            ended.map_err(|_| Failed("too long"))
        });
        let scoped = with_borrowing(&rt, scope, async |text| {
            let _settles = Settles(text);
            held(&rt, &log, "body", 3).await;
            Ok::<_, Failed>(())
        });
        scoped.await.unwrap();
    });
}

// SM-10, SM-11, CM-17, A-3
#[test]
fn a_wrapped_function_is_swept() {
    sweep(async |rt: Rt, log| {
        let names = Mutex::new(["a", "b"].into_iter());
        let scopes = || probe(&log, names.lock().unwrap().next().unwrap());
        let waits = wrapped(&rt, scopes, async |(name, polls): (&str, usize)| {
            yields(polls).await;
            log.push(format_args!(".{name}"));
            Ok::<_, Failed>(())
        });
        waits.call(("a", 2)).await.unwrap();
        waits.call(("b", 3)).await.unwrap();
    });
}

//! Joins and races: cancelled, or made to panic, at every poll.

use std::future::{Future, pending};
use std::time::Duration;

use futures_util::StreamExt as _;
use withal::cleanup::drain;
use withal::scope::ScopeError;
use withal::{
    Either, Outcome, Until, WaitSet, as_completed, close, either, join, join_settled, race,
    race_ok, race_staggered, shielded, try_join, wait, with,
};
use withal_tests::foreign::{begun, block_on};
use withal_tests::poll::yields;
use withal_tests::probe::{Failed, ProbeError};
use withal_tests::sweep::{Followed, Sweep, Swept};
use withal_tests::{Act, Deterministic, LeakCheck, Log, Probe, laws};

type Rt = Followed<Deterministic>;
type Ended = Result<u32, ScopeError<Failed, ProbeError, u32>>;

fn probe(log: &Log, name: &str) -> Probe {
    Probe::new(log, name)
        .enter_yields(1)
        .exit_yields(2)
        .reasons()
}

/// A branch in a scope: its body takes so many polls.
async fn branch(rt: &Rt, log: &Log, name: &str, polls: usize) -> Ended {
    let scoped = with(rt, probe(log, name), async |_| {
        yields(polls).await;
        log.push(format_args!(".{name}"));
        Ok::<_, Failed>(1)
    });
    scoped.await
}

/// One whose body fails.
async fn failing(rt: &Rt, log: &Log, name: &str, polls: usize) -> Ended {
    let scoped = with(rt, probe(log, name), async |_| {
        yields(polls).await;
        log.push(format_args!("!{name}"));
        Err::<u32, _>(Failed("on purpose"))
    });
    scoped.await
}

/// Sweeps over what `combined` makes, inside of a scope.
fn sweep<F: Future<Output = ()>>(combined: impl Fn(Rt, Log) -> F) -> Swept {
    let swept = Sweep::new(Log::new)
        .invariant_of(laws::hold)
        .run(|rt, log| {
            let combined = combined(rt.clone(), log.clone());
            async move {
                let scoped = with(&rt, probe(&log, "a"), async |_| {
                    combined.await;
                    log.push(".a");
                    Ok::<_, Failed>(())
                });
                scoped.await.unwrap();
            }
        });
    assert!(swept.polls > 6, "{swept}");
    assert!(swept.scopes > swept.runs, "{swept}");
    swept
}

// CB-1, CB-4, CB-6, CM-17, A-3, K1, K4, K10, K11
#[test]
fn a_join_that_is_cancelled_at_any_poll_leaves_nothing_behind() {
    sweep(async |rt, log| {
        let (one, two) = (branch(&rt, &log, "a/x", 3), branch(&rt, &log, "a/y", 1));
        let (one, two, three) = join((one, two, async { 3 })).await;
        assert_eq!((one.unwrap(), two.unwrap(), three), (1, 1, 3));
    });
    sweep(async |rt, log| {
        let branches = [("a/x", 3), ("a/y", 0), ("a/z", 1)];
        let branches = branches.map(|(name, polls)| branch(&rt, &log, name, polls));
        assert!(join(branches).await.iter().all(Result::is_ok));
    });
    sweep(async |rt, log| {
        let branches = [("a/x", 3), ("a/y", 0), ("a/z", 1)];
        let branches = branches.map(|(name, polls)| branch(&rt, &log, name, polls));
        assert!(join(Vec::from(branches)).await.iter().all(Result::is_ok));
    });
}

// CB-2, CB-4, CM-17, A-3, K1, K4, K10, K11: some scopes are entering by the first error, some are
// in their bodies, and some are being exited.
#[test]
fn a_join_that_fails_leaves_nothing_behind() {
    sweep(async |rt, log| {
        let failed = try_join((
            branch(&rt, &log, "a/x", 9),
            branch(&rt, &log, "a/y", 3),
            failing(&rt, &log, "a/f", 1),
            failing(&rt, &log, "a/g", 2),
        ));
        assert_eq!(
            failed.await.unwrap_err().body(),
            Some(&Failed("on purpose"))
        );
    });
    sweep(async |rt, log| {
        let branches = [("a/x", 9), ("a/y", 3)].map(|(name, polls)| branch(&rt, &log, name, polls));
        try_join(branches).await.unwrap();
        let branches =
            [("a/f", 2), ("a/g", 1)].map(|(name, polls)| failing(&rt, &log, name, polls));
        try_join(Vec::from(branches)).await.unwrap_err();
    });
}

// CB-3, CB-4, CM-17, A-3, K1, K4, K10, K11
#[test]
fn a_settled_join_leaves_nothing_behind() {
    sweep(async |rt, log| {
        let (one, two) = (branch(&rt, &log, "a/x", 3), failing(&rt, &log, "a/f", 1));
        let (one, two) = join_settled((one, two)).await;
        // A panic of the sweep's own is an outcome, too: its scope's exit has not ended well.
        assert!(
            matches!(one, Outcome::Ok(1) | Outcome::Panicked(_)),
            "{one:?}"
        );
        assert!(
            matches!(two, Outcome::Err(_) | Outcome::Panicked(_)),
            "{two:?}"
        );
    });
    sweep(async |rt, log| {
        let branches =
            [("a/f", 2), ("a/g", 1)].map(|(name, polls)| failing(&rt, &log, name, polls));
        let ended = join_settled(Vec::from(branches)).await;
        assert!(ended.iter().all(|outcome| !outcome.is_ok()));
    });
}

// CB-2, CM-17, A-3, K1, K4, K10, K11
#[test]
fn a_race_that_is_cancelled_at_any_poll_leaves_nothing_behind() {
    sweep(async |rt, log| {
        let racers = (
            branch(&rt, &log, "a/x", 9),
            branch(&rt, &log, "a/y", 3),
            branch(&rt, &log, "a/z", 2),
        );
        assert_eq!(race(racers).await.unwrap(), 1);
    });
    sweep(async |rt, log| {
        let racers = [("a/x", 9), ("a/y", 2), ("a/z", 1)];
        let racers = racers.map(|(name, polls)| branch(&rt, &log, name, polls));
        assert_eq!(race(Vec::from(racers)).await.unwrap(), 1);
    });
    sweep(async |rt, log| {
        let racers = either(branch(&rt, &log, "a/x", 9), branch(&rt, &log, "a/y", 2));
        assert!(matches!(racers.await, Either::Right(Ok(1))));
    });
}

// CB-2, CM-17, A-3, K1, K4, K10, K11
#[test]
fn a_race_for_success_leaves_nothing_behind() {
    sweep(async |rt, log| {
        let racers = (
            failing(&rt, &log, "a/f", 1),
            branch(&rt, &log, "a/x", 2),
            branch(&rt, &log, "a/y", 9),
        );
        assert_eq!(race_ok(racers).await.unwrap(), 1);
    });
    sweep(async |rt, log| {
        let racers = [("a/f", 2), ("a/g", 1)].map(|(name, polls)| failing(&rt, &log, name, polls));
        assert_eq!(race_ok(racers).await.unwrap_err().errors().len(), 2);
    });
}

// CB-1, CB-2, CB-4, CM-17, A-3, K1, K4, K10, K11: so many that each is polled when it was woken.
#[test]
fn a_long_vector_leaves_nothing_behind() {
    const MANY: usize = 33;
    let few = |rt: &Rt, log: &Log, n: usize| {
        let (rt, log) = (rt.clone(), log.clone());
        async move {
            match n {
                0..30 => Ok(1),
                30 => branch(&rt, &log, "a/x", 3).await,
                31 => branch(&rt, &log, "a/y", 1).await,
                _ => failing(&rt, &log, "a/f", 2).await,
            }
        }
    };
    sweep(async |rt, log| {
        let ended = join((0..MANY).map(|n| few(&rt, &log, n)).collect::<Vec<_>>()).await;
        assert_eq!(ended.iter().filter(|ended| ended.is_ok()).count(), MANY - 1);
    });
    sweep(async |rt, log| {
        let failed = try_join((0..MANY).map(|n| few(&rt, &log, n)).collect::<Vec<_>>());
        failed.grouped().await.unwrap_err().single().unwrap();
    });
    sweep(async |rt, log| {
        let racers = (30..30 + MANY).map(|n| few(&rt, &log, if n == 30 { n } else { 32 }));
        let racers = racers.enumerate().map(|(n, racer)| async move {
            match n {
                0 | 1 => racer.await,
                _ => pending().await,
            }
        });
        race(racers.collect::<Vec<_>>()).await.unwrap_err();
    });
}

// CB-8, CM-17, A-3, K1, K4, K10, K11
#[test]
fn outputs_as_they_come_leave_nothing_behind() {
    sweep(async |rt, log| {
        let branches = [("a/x", 3), ("a/y", 0), ("a/z", 1)];
        let branches = branches.map(|(name, polls)| branch(&rt, &log, name, polls));
        let mut completed = as_completed(branches);
        assert_eq!(completed.next().await.unwrap().0, 1);
        assert_eq!(completed.next().await.unwrap().0, 2);
        close(completed).await;
    });
}

// CB-7, CM-17, A-3, K1, K4, K10, K11
#[test]
fn a_set_that_is_waited_for_leaves_nothing_behind() {
    sweep(async |rt, log| {
        let branches = [("a/x", 9), ("a/y", 0), ("a/z", 1)];
        let mut set: WaitSet<_, _, _> = branches
            .map(|(name, polls)| branch(&rt, &log, name, polls))
            .into_iter()
            .collect();
        wait(&mut set, Until::FirstCompleted).await.unwrap();
        assert!(set.take_next().is_some());
        wait(&mut set, Until::FirstCompleted).await.unwrap();
        close(set).await;
    });
}

// CB-14, CB-4, CM-17, A-3, K1, K4, K10, K11
#[test]
fn a_staggered_race_leaves_nothing_behind() {
    sweep(async |rt, log| {
        let candidates = [("a/f", 1), ("a/x", 60), ("a/y", 2)].map(|(name, polls)| {
            let (rt, log) = (&rt, &log);
            async move || match name {
                "a/f" => failing(rt, log, name, polls).await,
                _ => branch(rt, log, name, polls).await,
            }
        });
        let won = race_staggered(&rt, Duration::from_millis(1), candidates).await;
        assert!(won.is_ok_and(|won| won.index > 0 && won.failed.len() == 1));
    });
}

// CB-2, CB-4, K1, K4, K10, K11
#[test]
fn one_inside_of_the_other_they_leave_nothing_behind() {
    sweep(async |rt, log| {
        let fails = try_join((branch(&rt, &log, "a/x", 9), failing(&rt, &log, "a/f", 2)));
        let settles = join_settled([branch(&rt, &log, "a/y", 5)]);
        let racers = async {
            let both = join(vec![
                branch(&rt, &log, "a/z", 4),
                branch(&rt, &log, "a/g", 1),
            ]);
            race((async { both.await.len() }, async {
                let _failed = fails.await;
                0
            }))
            .await
        };
        let (_, raced) = join((settles, racers)).await;
        assert_eq!(raced, 2);
    });
}

// K4, K9: what is left goes on by itself, side by side.
#[test]
fn branches_that_exceed_the_budget_go_on() {
    const BUDGET: Duration = Duration::from_secs(1);
    let (rt, log) = (Deterministic::new(), Log::new());
    let leaks = LeakCheck::new(&rt);
    let holds = async |name: &str, event: &'static str| {
        let act = Act::new(&log, name).exit_waits_for(event);
        let ended = with(&rt, act, async |()| pending::<Result<(), Failed>>().await);
        ended.await.unwrap();
    };
    let scoped = with(&rt, Act::new(&log, "s"), async |()| {
        join((holds("a", "-b:cancelled"), holds("b", "go"))).await;
        Ok::<_, Failed>(())
    });
    let stopped = either(scoped.budget(BUDGET), log.when(|events| events.len() == 3));
    assert!(matches!(rt.block_on(stopped), Either::Right(())));
    log.assert("+s +a +b -s:cancelled");
    log.push("go");
    rt.run_until_stalled();
    log.assert("+s +a +b -s:cancelled go -b:cancelled -a:cancelled");
    leaks.finish();
}

// K2, K6, CB-12: the runtime goes while the branches clean up, and a drain runs what is left.
#[test]
fn branches_outlive_their_runtime() {
    let (rt, log) = (Deterministic::new(), Log::new());
    let holds = async |name: &str| {
        let act = Act::new(&log, name).exit(yields(2));
        let ended = with(&rt, act, async |()| pending::<Result<(), Failed>>().await);
        ended.await.unwrap();
    };
    drop(begun(join([holds("a"), holds("b")])));
    rt.shut_down();
    let shield = shielded(&rt, {
        let log = log.clone();
        async move {
            yields(2).await;
            log.push("shielded");
        }
    });
    drop(begun(shield));
    let report = block_on(drain(&rt, Duration::from_secs(1)));
    assert_eq!(log.count("-"), 2, "{report:?}: {}", log.trace());
    assert!(log.has("shielded"), "{report:?}: {}", log.trace());
}

// CB-4: leaked, a join stands still, and harms nobody.
#[test]
fn a_join_that_is_leaked_stands_still() {
    let (rt, log) = (Deterministic::new(), Log::new());
    let holds = async |name: &str| {
        let ended = with(&rt, Act::new(&log, name), async |()| {
            pending::<Result<(), Failed>>().await
        });
        ended.await.unwrap();
    };
    std::mem::forget(begun(join(vec![holds("a"), holds("b")])));
    rt.run_until_stalled();
    log.assert("+a +b");
}

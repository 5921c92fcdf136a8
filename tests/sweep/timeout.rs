//! Timeouts: cancelled, and run out, at every poll.

use std::convert::Infallible;
use std::future::poll_fn;
use std::mem::forget;
use std::pin::pin;
use std::time::Duration;

use withal::runtime::{Runtime, Timer as _};
use withal::{cancel, either, move_on_after, timeout, timeout_at, wait_for, with};
use withal_tests::foreign::begun;
use withal_tests::poll::{ByHand, drive, poll_now, yields};
use withal_tests::probe::Failed;
use withal_tests::sweep::{Followed, PollTimer, Sweep};
use withal_tests::{Deterministic, Log, Probe, laws};

const LONG: Duration = Duration::from_secs(60);

fn probe(log: &Log, name: &str) -> Probe {
    Probe::new(log, name)
        .enter_yields(1)
        .exit_yields(2)
        .reasons()
}

/// A scope `a` that waits in its body, and has another one in it.
async fn nested(rt: &impl Runtime, log: &Log, name: &str) {
    let scoped = with(rt, probe(log, name), async |_| {
        yields(1).await;
        let inner = format!("{name}/b");
        let scoped = with(rt, probe(log, &inner), async |_| {
            yields(2).await;
            log.push(format_args!(".{inner}"));
            Ok::<_, Failed>(())
        });
        scoped.await.unwrap();
        log.push(format_args!(".{name}"));
        Ok::<_, Infallible>(())
    });
    scoped.await.unwrap();
}

// TO-8, TO-3, WF-3, WF-6, CM-17, A-3, K1, K2: whoever cancels it, at whichever poll, waits.
#[test]
fn a_timeout_that_is_cancelled_at_any_poll_leaves_nothing_behind() {
    let swept = Sweep::new(Log::new).invariant_of(laws::hold).run(
        async |rt: Followed<Deterministic>, log| {
            let ended = timeout(&rt, LONG, nested(&rt, &log, "a")).await;
            assert_eq!(ended, Ok(()));
        },
    );
    assert!(swept.polls > 8, "{swept}");
    assert!(swept.scopes > swept.runs, "{swept}");
}

// TO-3, TO-4, TO-10, K9, K10, A-3: its time is up at whichever poll, and then it is cancelled.
#[test]
fn a_timeout_that_runs_out_at_any_poll_leaves_nothing_behind() {
    let mut ended = 0;
    for ticks in 0..16 {
        let swept = Sweep::new(Log::new).invariant_of(laws::hold).run(
            async |rt: Followed<Deterministic>, log| {
                let limit = Duration::from_nanos(ticks);
                let timed = timeout(&PollTimer, limit, nested(&rt, &log, "a"));
                let elapsed = timed.budget(LONG).await.is_err();
                let whole = log.has("-a:completed") || !log.has("+a");
                assert!(elapsed || whole, "{}", log.trace());
            },
        );
        ended += usize::from(swept.scopes > 0);
    }
    assert!(ended > 10, "{ended}");
}

// TO-10, TO-11, TO-12, K1, A-3
#[test]
fn timeouts_in_one_another_that_run_out_at_any_poll() {
    for outer in (0..12).step_by(2) {
        for inner in (0..12).step_by(3) {
            let scenario = async |rt: Followed<Deterministic>, log: Log| {
                let (outer, inner) = (Duration::from_nanos(outer), Duration::from_nanos(inner));
                let work = async {
                    let timed = timeout(&PollTimer, inner, nested(&rt, &log, "a"));
                    let _elapsed = timed.await;
                    nested(&rt, &log, "b").await;
                };
                let work = either(work, nested(&rt, &log, "c"));
                let _late = move_on_after(&PollTimer, outer, work).await;
            };
            Sweep::new(Log::new)
                .invariant_of(laws::hold)
                .without_panics()
                .run(scenario);
        }
    }
}

// WF-6, WF-7, WF-8, A-3: what is waited for by reference goes with its owner.
#[test]
fn a_wait_by_reference_that_is_cancelled_at_any_poll() {
    let swept = Sweep::new(Log::new).invariant_of(laws::hold).run(
        async |rt: Followed<Deterministic>, log: Log| {
            let mut work = Box::pin(nested(&rt, &log, "a"));
            for _ in 0..3 {
                let waited = wait_for(&PollTimer, Duration::from_nanos(1), work.as_mut());
                if waited.await.is_ok() {
                    return;
                }
            }
            cancel(work).await;
        },
    );
    assert!(swept.polls > 3, "{swept}");
}

// TO-8, CM-18: dropped, it takes its timer along; not polled, it has done nothing.
#[test]
fn a_timeout_that_is_dropped_leaves_no_timer() {
    let (rt, log) = (Deterministic::new(), Log::new());
    drop(timeout(&rt, LONG, nested(&rt, &log, "a")));
    assert_eq!(rt.timers(), 0);
    log.assert("");
    drop(begun(timeout(&rt, LONG, nested(&rt, &log, "a"))));
    assert_eq!((rt.timers(), rt.run_until_stalled()), (0, 0));
    log.assert("");
}

// leaked, its future is never dropped, and its timer wakes nobody that minds.
#[test]
fn a_timeout_that_is_leaked_stands_still() {
    let (rt, log) = (Deterministic::new(), Log::new());
    let mut leaked = begun(timeout(&rt, LONG, async {
        let scoped = with(&rt, Probe::new(&log, "a"), async |_| {
            yields(1_000).await;
            Ok::<_, Failed>(())
        });
        scoped.await
    }));
    assert!(poll_now(leaked.as_mut()).is_pending());
    forget(leaked);
    rt.advance(LONG * 2);
    rt.run_until_stalled();
    log.assert("+a");
}

// K5, K6: the runtime is gone, and its clock stands still; whoever cancels drives the cleanup.
#[test]
fn a_timeout_whose_runtime_is_gone_is_cancelled_like_all_else() {
    let (rt, log) = (Deterministic::new(), Log::new());
    let deadline = rt.deadline(LONG);
    let mut timed = begun(timeout_at(&rt, deadline, nested(&rt, &log, "a")));
    assert!(poll_now(timed.as_mut()).is_pending());
    rt.shut_down();
    assert!(drive(pin!(cancel(timed)), 20).is_some());
    log.assert("+a -a:cancelled");
}

// A-15, K7: the time of one runtime, the work of another.
#[test]
fn a_timeout_on_the_clock_of_another_runtime() {
    let (clock, rt, log) = (Deterministic::new(), Deterministic::new(), Log::new());
    let scoped = with(&rt, probe(&log, "a"), async |_| {
        rt.sleep(LONG * 2).await;
        Ok::<_, Failed>(())
    });
    let mut timed = ByHand::waiting(timeout(&clock, LONG, scoped));
    assert!(timed.poll().is_pending());
    clock.advance(LONG);
    assert!(timed.woken());
    assert!(drive(pin!(poll_fn(|_| timed.poll())), 9).unwrap().is_err());
    log.assert("+a -a:cancelled");
    assert_eq!((rt.timers(), clock.timers()), (0, 0));
}

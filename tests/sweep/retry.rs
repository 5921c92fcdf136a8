//! Small scopes, retries and limited scopes: cancelled, and out of time, at every poll.

use std::cell::Cell;
use std::iter::repeat;
use std::mem::forget;
use std::time::Duration;

use withal::cleanup::{CleanupTask, drain};
use withal::runtime::{Alarm, Cleanup, RuntimeId, Timer};
use withal::scope::{
    ExitError, ExitKind, Lend, LimitedError, defer_told, from_guard, limited, null_scope, retry,
    scope_fn,
};
use withal::{Scope, ScopeError, with};
use withal_tests::foreign::{OnDrop, begun};
use withal_tests::poll::{ByHand, yields};
use withal_tests::probe::Failed;
use withal_tests::sweep::{Followed, PollTimer, Sweep, Ticks};
use withal_tests::{Deterministic, LeakCheck, Log, Probe, laws};

const LONG: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);

/// A runtime whose timers count polls.
#[derive(Clone, Debug)]
struct Ticking<R>(R);

impl<R: Cleanup> Timer for Ticking<R> {
    type Instant = Duration;
    type Sleep = Ticks;

    fn now(&self) -> Duration {
        PollTimer.now()
    }

    fn deadline(&self, timeout: Duration) -> Duration {
        PollTimer.deadline(timeout)
    }

    fn elapsed(&self, earlier: Duration, later: Duration) -> Duration {
        PollTimer.elapsed(earlier, later)
    }

    fn sleep_until(&self, deadline: Duration) -> Ticks {
        PollTimer.sleep_until(deadline)
    }
}

impl<R: Cleanup> Cleanup for Ticking<R> {
    fn id(&self) -> RuntimeId {
        self.0.id()
    }

    fn spawn_cleanup(&self, task: CleanupTask) {
        self.0.spawn_cleanup(task);
    }

    fn in_context<T>(&self, f: impl FnOnce() -> T) -> T {
        self.0.in_context(f)
    }

    fn alarm(&self, timeout: Duration) -> Option<Alarm> {
        self.0.alarm(timeout)
    }
}

fn probe(log: &Log, name: &str) -> Probe {
    Probe::new(log, name)
        .enter_yields(1)
        .exit_yields(2)
        .reasons()
}

/// A scope `name` whose enter holds the scope `name0` meanwhile.
fn prepared<R: Cleanup>(
    rt: &R,
    log: &Log,
    name: &'static str,
    fails: bool,
) -> impl Scope<Resource = &'static str, Error = Failed> + use<R> {
    let (rt, log) = (rt.clone(), log.clone());
    scope_fn(async move |lend: Lend<&'static str>| {
        let preparing = with(&rt, probe(&log, &format!("{name}0")), async |inner| {
            yields(1).await;
            log.push(format_args!(".{inner}"));
            Ok::<_, Failed>(())
        });
        preparing.await.unwrap();
        if fails {
            return Err(Failed("refused"));
        }
        log.push(format_args!("+{name}"));
        let (name, ended) = lend.lend(name).await;
        yields(1).await;
        log.push(format_args!("-{name}:{}", ended.kind()));
        Ok(ended)
    })
}

// SM-20, SM-22, CM-17, CM-19, A-3, K1, K2
#[test]
fn a_retry_that_is_cancelled_at_any_poll_leaves_nothing_behind() {
    let scenario = async |rt: Followed<Deterministic>, log: Log| {
        let attempts = Cell::new(0);
        let names = ["a", "b", "c"];
        let scope = retry(&rt, [SECOND, Duration::ZERO], || {
            let attempt = attempts.replace(attempts.get() + 1);
            prepared(&rt, &log, names[attempt], attempt < 2)
        });
        let scoped = with(&rt, scope, async |name| {
            yields(1).await;
            let inner = with(&rt, probe(&log, &format!("{name}/i")), async |inner| {
                yields(1).await;
                log.push(format_args!(".{inner}"));
                Ok::<_, Failed>(())
            });
            inner.await.unwrap();
            log.push(format_args!(".{name}"));
            Ok::<_, Failed>(())
        });
        scoped.await.unwrap();
        assert_eq!(attempts.get(), 3);
    };
    let swept = Sweep::new(Log::new).invariant_of(laws::hold).run(scenario);
    assert!(swept.polls > 12, "{swept}");
    assert!(swept.scopes > swept.runs, "{swept}");
}

// SM-18, SM-20, K10, CM-19, A-3: the time of the first attempt is up at whichever poll.
#[test]
fn an_enter_that_runs_out_of_time_at_any_poll_leaves_nothing_behind() {
    let mut first = 0;
    for ticks in 0..12 {
        let scenario = async |rt: Followed<Deterministic>, log: Log| {
            let rt = Ticking(rt);
            let is_first = Cell::new(true);
            let scope = retry(&rt, repeat(Duration::ZERO), || {
                let (name, ticks) = if is_first.replace(false) {
                    ("a", ticks)
                } else {
                    ("b", 1_000)
                };
                let scope = prepared(&rt, &log, name, false);
                limited(&rt, scope).enter_timeout(Duration::from_nanos(ticks))
            });
            let scoped = with(&rt, scope, async |name| {
                log.push(format_args!(".{name}"));
                Ok::<_, Failed>(*name)
            });
            let name = scoped.await.unwrap();
            assert!(name == "a" || ticks < 11, "{ticks} {}", log.trace());
            log.push(format_args!("by {name}"));
        };
        let swept = Sweep::new(Log::new)
            .invariant_of(move |log, ending| {
                laws::hold(log, ending);
                assert!(!(log.has("+a") && log.has("+b")), "{}", log.trace());
            })
            .run(scenario);
        first += usize::from(swept.polls < 9);
    }
    assert!(first > 0 && first < 12, "{first}");
}

// SM-19, CM-17, CM-8: the time of the exit is up at whichever poll; it runs once, and hides nothing.
#[test]
fn an_exit_that_runs_out_of_time_at_any_poll_runs_once() {
    let (mut late, mut in_time) = (0, 0);
    for ticks in 0..8 {
        for fails in [false, true] {
            let (rt, log) = (Deterministic::new(), Log::new());
            let leaks = LeakCheck::new(&rt);
            let limit = Duration::from_nanos(ticks);
            let scope = limited(&Ticking(rt.clone()), probe(&log, "a")).exit_timeout(limit);
            let ended = rt.block_on(async {
                let scoped = with(&rt, scope, async |_| {
                    if fails { Err(Failed("refused")) } else { Ok(7) }
                });
                let ended = scoped.await;
                drain(&rt, LONG).await;
                ended
            });
            let exit = ExitError::Failed(LimitedError::ExitElapsed(limit));
            match ended {
                Ok(7) | Err(ScopeError::Body(Failed("refused"))) => in_time += 1,
                Err(ScopeError::Exit { error, value: 7 }) => {
                    assert_eq!(error, exit);
                    late += 1;
                }
                Err(ScopeError::Both { body, exit: error }) => {
                    assert_eq!((body, error), (Failed("refused"), exit));
                    late += 1;
                }
                ended => panic!("{ended:?}"),
            }
            let kind = if fails { "failed" } else { "completed" };
            log.assert(&format!("+a -a:{kind}"));
            leaks.finish();
        }
    }
    assert!(late >= 4 && in_time >= 4, "{late} {in_time}");
}

// SM-19, A-3, K1, K2: cancelled at any poll, with all the time there is.
#[test]
fn a_limited_scope_that_is_cancelled_at_any_poll_is_exited_once() {
    let scenario = async |rt: Followed<Deterministic>, log: Log| {
        let scope = limited(&rt, probe(&log, "a"))
            .enter_timeout(LONG)
            .exit_timeout(LONG);
        let scoped = with(&rt, Some(scope), async |_| {
            let inner = with(&rt, probe(&log, "a/b"), async |_| {
                yields(1).await;
                log.push(".a/b");
                Ok::<_, Failed>(())
            });
            inner.await.unwrap();
            log.push(".a");
            Ok::<_, Failed>(())
        });
        scoped.await.unwrap();
    };
    let swept = Sweep::new(Log::new).invariant_of(laws::hold).run(scenario);
    assert!(swept.polls > 5, "{swept}");
}

// SM-6, SM-13, SM-17, CM-17, A-3
#[test]
fn small_scopes_that_are_cancelled_at_any_poll_do_what_they_have_to() {
    let scenario = async |rt: Followed<Deterministic>, log: Log| {
        let (told, released) = (log.clone(), log.clone());
        let deferred = defer_told(async move |how: ExitKind| {
            yields(2).await;
            told.push(format_args!("-a:{how}"));
            Ok::<_, Failed>(())
        });
        let entered = log.clone();
        let guard = from_guard(async move {
            yields(1).await;
            entered.push("+a/b");
            Ok::<_, Failed>(OnDrop::new(move || released.push("-a/b")))
        });
        let scoped = with(&rt, deferred, async |()| {
            log.push("+a");
            let inner = with(&rt, guard, async |_| {
                let probe = Some(probe(&log, "a/b/c"));
                let scoped = with(&rt, probe, async |_| {
                    let lent = with(&rt, null_scope(1), async |times| {
                        yields(*times).await;
                        Ok::<_, Failed>(())
                    });
                    lent.await.unwrap();
                    log.push(".a/b/c");
                    Ok::<_, Failed>(())
                });
                scoped.await.map_err(|error| error.into_body().unwrap())
            });
            inner.await.unwrap();
            log.push(".a");
            Ok::<_, Failed>(())
        });
        scoped.await.unwrap();
    };
    let swept = Sweep::new(Log::new).invariant_of(laws::hold).run(scenario);
    assert!(swept.polls > 6, "{swept}");
}

// SM-20, K5, K6: the runtime is gone while it waits for the next attempt.
#[test]
fn a_retry_whose_runtime_is_gone_is_cancelled_like_all_else() {
    let (rt, log) = (Deterministic::new(), Log::new());
    let scope = retry(&rt, repeat(SECOND), || Probe::new(&log, "a").enter_fails());
    let scoped = with(&rt, scope, async |_| Ok::<_, Failed>(()));
    let scoped = begun(scoped);
    rt.shut_down();
    assert!(ByHand::new(withal::cancel(scoped)).poll().is_ready());
    assert_eq!(rt.timers(), 0);
    log.assert("");
}

// SM-19, A-15, K7: the time of one runtime, the cleanup of another.
#[test]
fn a_late_exit_goes_on_where_its_limit_comes_from() {
    let (clock, rt, log) = (Deterministic::new(), Deterministic::new(), Log::new());
    let held = Probe::new(&log, "a").exit_waits_for("go").reasons();
    let scope = limited(&clock, held).exit_timeout(SECOND);
    let mut scoped = ByHand::waiting(with(&rt, scope, async |_| Ok::<_, Failed>(7)));
    clock.advance(SECOND);
    scoped.ready().unwrap_err();
    log.push("go");
    rt.run_until_stalled();
    log.assert("+a …a go");
    clock.run_until_stalled();
    log.assert("+a …a go -a:completed");
}

// leaked, nothing more happens, and nobody is harmed.
#[test]
fn a_leaked_retry_stands_still() {
    let (rt, log) = (Deterministic::new(), Log::new());
    let scope = retry(&rt, repeat(SECOND), || {
        log.push("try");
        Probe::new(&log, "a").enter_fails()
    });
    forget(begun(with(&rt, scope, async |_| Ok::<_, Failed>(()))));
    rt.advance(LONG);
    rt.run_until_stalled();
    log.assert("try");
}

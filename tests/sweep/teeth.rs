//! The sweep notices what is broken: each case breaks one thing on purpose, and says at which poll
//! and in which way it is to be found.

use std::convert::Infallible;
use std::future::{Future, pending, poll_fn};
use std::mem::forget;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::thread;

use futures_util::future::LocalBoxFuture;
use withal::cancel::Cancellable;
use withal::runtime::Runtime;
use withal::{ExitReason, HandOver, Scope, enter_in, with};
use withal_tests::sweep::{
    At, Cancel, Followed, Scenario, Sweep, SweepError, Violation, checkpoint,
};
use withal_tests::{Deterministic, Log, Probe, laws};

/// What a case expects to be found: in which way, and after how many polls.
#[track_caller]
fn assert_at(error: &SweepError, mode: &str, polls: usize) {
    assert_eq!(error.mode, mode, "{error}");
    assert_eq!(error.at, At::Polls(polls), "{error}");
}

#[track_caller]
fn assert_alive(error: &SweepError, scope: &str) {
    match &error.violation {
        Violation::StillAlive(about) => assert!(about.name.ends_with(scope), "{error}"),
        _ => panic!("{error}"),
    }
}

/// A database, as far as its transactions go: how many are open.
#[derive(Clone, Debug, Default)]
struct Database(Arc<Mutex<i32>>);

impl Database {
    fn open(&self, change: i32) {
        *self.0.lock().unwrap() += change;
    }

    fn assert_all_ended(&self) {
        assert_eq!(*self.0.lock().unwrap(), 0, "a transaction is open");
    }
}

/// A transaction whose exit forgets that there is more than success and failure.
struct Transaction(Database);

impl Scope for Transaction {
    type Resource = ();
    type Error = Infallible;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<(), Infallible> {
        checkpoint().await;
        self.0.open(1);
        Ok(())
    }

    async fn exit(self, (): (), reason: ExitReason<'_>) -> Result<(), Infallible> {
        checkpoint().await;
        if reason.is_completed() || reason.failure().is_some() {
            self.0.open(-1);
        }
        Ok(())
    }
}

// A-3, CM-17
#[test]
fn an_exit_that_forgets_cancelled_is_noticed() {
    let error = Sweep::new(Database::default)
        .invariant(Database::assert_all_ended)
        .try_run(async |rt, database| {
            let used = with(&rt, Transaction(database), async |()| {
                checkpoint().await;
                Ok::<_, Infallible>(())
            });
            used.await.unwrap();
        })
        .unwrap_err();
    // The first poll waits in the enter; the second enters and begins the body.
    assert_at(&error, "cancelled by cancel", 2);
    assert!(
        matches!(&error.violation, Violation::Invariant(message) if message.contains("is open")),
        "{error}"
    );
    let report = error.to_string();
    for part in [
        "cancelled by cancel after 2 polls: the invariant does not hold",
        "+1 sweep::teeth::Transaction at tests/sweep/teeth.rs:",
        "~1 dropped: cancelled",
        ".1 has ended",
    ] {
        assert!(report.contains(part), "no «{part}» in: {report}");
    }
}

// The sweep is for any future, not only for scopes.
#[test]
fn a_future_without_scopes_that_gives_back_too_late_is_noticed() {
    let error = Sweep::new(Database::default)
        .invariant(Database::assert_all_ended)
        .try_run(async |_, database| {
            checkpoint().await;
            database.open(1);
            checkpoint().await;
            database.open(-1);
        })
        .unwrap_err();
    assert_at(&error, "cancelled by cancel", 2);
}

// K11
#[test]
fn a_guard_that_gives_nothing_back_while_unwinding_is_noticed() {
    struct Guard(Database);

    impl Drop for Guard {
        fn drop(&mut self) {
            if !thread::panicking() {
                self.0.open(-1);
            }
        }
    }

    let error = Sweep::new(Database::default)
        .invariant(Database::assert_all_ended)
        .try_run(async |_, database| {
            checkpoint().await;
            database.open(1);
            let _guard = Guard(database);
            checkpoint().await;
        })
        .unwrap_err();
    // In place of a poll, the future is dropped when the panic has been caught; inside of one, the
    // second checkpoint unwinds through the guard.
    assert_at(&error, "panicked inside, under cancel", 2);
}

// K6
#[test]
fn giving_back_by_a_spawned_task_is_noticed_at_the_shutdown() {
    struct Guard<R: Runtime>(R, Database);

    impl<R: Runtime> Drop for Guard<R> {
        fn drop(&mut self) {
            let database = self.1.clone();
            let _detached = self.0.spawn(async move { database.open(-1) });
        }
    }

    let error = Sweep::new(Database::default)
        .invariant(Database::assert_all_ended)
        .try_run(async |rt: Followed<Deterministic>, database| {
            database.open(1);
            let _guard = Guard(rt, database);
            checkpoint().await;
        })
        .unwrap_err();
    assert_at(&error, "cancelled by a shutdown of the runtime", 1);
}

#[test]
fn a_waker_that_is_kept_is_noticed() {
    let error = Sweep::new(|| ())
        .try_run(async |_, ()| {
            checkpoint().await;
            poll_fn(|cx| {
                forget(cx.waker().clone());
                Poll::Ready(())
            })
            .await;
            checkpoint().await;
        })
        .unwrap_err();
    assert_at(&error, "cancelled by cancel", 2);
    assert_eq!(error.violation, Violation::WakerLeaked(1), "{error}");
}

#[test]
fn a_waker_that_stays_in_the_state_is_noticed_unless_it_may() {
    type State = Arc<Mutex<Vec<std::task::Waker>>>;
    let scenario = async |_, state: State| {
        poll_fn(|cx| {
            state.lock().unwrap().push(cx.waker().clone());
            Poll::Ready(())
        })
        .await;
        checkpoint().await;
    };
    let error = Sweep::new(State::default).try_run(scenario).unwrap_err();
    assert_at(&error, "cancelled by cancel", 1);
    assert_eq!(error.violation, Violation::WakerLeaked(1), "{error}");
    Sweep::new(State::default).wakers_may_stay().run(scenario);
}

//
#[test]
fn a_scope_that_is_forgotten_is_noticed() {
    let error = Sweep::new(Log::new)
        .try_run(async |rt, log| {
            let probe = Probe::new(&log, "a");
            let mut forgotten = Box::pin(with(&rt, probe, async |_| pending().await));
            let ended: Poll<Result<(), withal::ScopeError<Infallible, _>>> =
                futures_util::poll!(forgotten.as_mut());
            assert!(ended.is_pending());
            forget(forgotten);
            checkpoint().await;
        })
        .unwrap_err();
    assert_at(&error, "cancelled by cancel", 1);
    // It is the scenario's own, so whoever cancels should have waited for it.
    assert!(
        matches!(&error.violation, Violation::NotAwaited(about) if about.name.ends_with("Probe")),
        "{error}"
    );
}

/// Two scopes in one another. Their exits take some polls, so that no executor can have run them
/// by the time a broken combinator has returned.
async fn scopes(rt: Followed<Deterministic>, log: Log) {
    let probe = |name| Probe::new(&log, name).exit_yields(2).reasons();
    let outer = with(&rt, probe("a"), async |_| {
        let inner = with(&rt, probe("a/b"), async |_| {
            checkpoint().await;
            log.push(".a/b");
            Ok::<_, Infallible>(())
        });
        inner.await.unwrap();
        log.push(".a");
        Ok::<_, Infallible>(())
    });
    outer.await.unwrap();
}

/// Breaks a combinator, and says what it calls itself.
macro_rules! combinator {
    ($Name:ident, $name:literal, waits: $waits:literal, $run:expr) => {
        struct $Name;

        impl<R> Cancel<R> for $Name {
            fn run<'a>(
                &'a self,
                _: &'a Followed<R>,
                scenario: Scenario<'a>,
            ) -> LocalBoxFuture<'a, ()> {
                Box::pin($run(scenario))
            }

            fn waits(&self) -> bool {
                $waits
            }

            fn name(&self) -> String {
                $name.to_owned()
            }
        }
    };
}

/// Polls `scenario` until it is to be cancelled; `true` if it has completed before.
async fn polled(scenario: &mut Scenario<'_>) -> bool {
    let mut reached = scenario.reached();
    poll_fn(|cx| {
        if Pin::new(&mut reached).poll(cx).is_ready() {
            return Poll::Ready(false);
        }
        Pin::new(&mut *scenario).poll(cx).map(|()| true)
    })
    .await
}

combinator!(Careless, "careless", waits: true, async |mut scenario: Scenario<'a>| {
    polled(&mut scenario).await;
});

//
#[test]
fn a_combinator_that_does_not_collect_is_noticed() {
    let sweep = Sweep::new(Log::new).way(Careless);
    let error = sweep.try_run(scopes).unwrap_err();
    assert_at(&error, "cancelled by careless", 1);
    assert!(
        matches!(error.violation, Violation::NotAwaited(_)),
        "{error}"
    );
}

combinator!(Hasty, "hasty", waits: true, async |scenario: Scenario<'a>| {
    let mut reached = scenario.reached();
    let mut cancellable = pin!(Cancellable::new("hasty", scenario));
    let completed = poll_fn(|cx| {
        if Pin::new(&mut reached).poll(cx).is_ready() {
            return Poll::Ready(false);
        }
        cancellable.as_mut().poll(cx).map(|()| true)
    });
    if !completed.await {
        poll_fn(|cx| {
            let _too_soon = cancellable.as_mut().poll_cancel(cx);
            Poll::Ready(())
        })
        .await;
    }
});

//
#[test]
fn a_combinator_that_does_not_wait_is_noticed() {
    let sweep = Sweep::new(Log::new).way(Hasty);
    let error = sweep.try_run(scopes).unwrap_err();
    assert_at(&error, "cancelled by hasty", 1);
    assert!(
        matches!(error.violation, Violation::NotAwaited(_)),
        "{error}"
    );
}

combinator!(Forgetful, "forgetful", waits: false, async |mut scenario: Scenario<'a>| {
    if !polled(&mut scenario).await {
        forget(scenario);
    }
});

// A-3, CM-17
#[test]
fn a_combinator_that_forgets_is_noticed() {
    let sweep = Sweep::new(Log::new).way(Forgetful);
    let error = sweep.try_run(scopes).unwrap_err();
    assert_at(&error, "cancelled by forgetful", 1);
    assert_alive(&error, "Probe");
}

/// Logs its exit once more than it should.
struct Twice(Probe);

impl Scope for Twice {
    type Resource = String;
    type Error = withal_tests::probe::ProbeError;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<String, Self::Error> {
        self.0.enter().await
    }

    async fn exit(self, name: String, reason: ExitReason<'_>) -> Result<(), Self::Error> {
        self.0.clone().exit(name.clone(), reason).await?;
        self.0.exit(name, reason).await
    }
}

// A-3, CM-17
#[test]
fn a_scope_that_exits_twice_is_noticed() {
    let error = Sweep::new(Log::new)
        .invariant_of(laws::hold)
        .try_run(async |rt, log| {
            let scope = with(&rt, Twice(Probe::new(&log, "a")), async |_| {
                checkpoint().await;
                Ok::<_, Infallible>(())
            });
            scope.await.unwrap();
        })
        .unwrap_err();
    assert_at(&error, "cancelled by cancel", 1);
    assert!(
        matches!(&error.violation, Violation::Invariant(what) if what.contains("a exited 2 times")),
        "{error}"
    );
}

// A-3, K4
#[test]
fn guards_that_are_exited_in_the_wrong_order_are_noticed() {
    let error = Sweep::new(Log::new)
        .invariant_of(laws::hold)
        .try_run(async |rt, log| {
            // Their frame is taken apart from the wrong end.
            let outer = enter_in(&rt, Probe::new(&log, "a")).await.unwrap();
            let inner = enter_in(&rt, Probe::new(&log, "a/b")).await.unwrap();
            checkpoint().await;
            outer.exit(Ok::<_, Infallible>(())).await.unwrap();
            inner.exit(Ok::<_, Infallible>(())).await.unwrap();
        })
        .unwrap_err();
    // Dropped earlier, they are in order; now the wrong one has begun to exit.
    assert_at(&error, "cancelled by cancel", 2);
    assert!(error.to_string().contains("a exited before a/b"), "{error}");
}

// K3
#[test]
fn a_scope_that_outlives_the_one_around_it_is_noticed() {
    let error = Sweep::new(Log::new)
        .try_run(async |rt, log| {
            let mut moved = None;
            let outer = with(&rt, Probe::new(&log, "a"), async |_| {
                let inner = enter_in(&rt, Probe::new(&log, "b"));
                moved = Some(inner.await.unwrap());
                Ok::<_, Infallible>(())
            });
            outer.await.unwrap();
            let inner = moved.unwrap();
            inner.exit(Ok::<_, Infallible>(())).await.unwrap();
        })
        .unwrap_err();
    assert_at(&error, "cancelled by cancel", 1);
    assert!(
        matches!(error.violation, Violation::WrongOrder { .. }),
        "{error}"
    );
}

#[test]
fn a_scenario_that_panics_is_noticed() {
    let error = Sweep::new(|| ())
        .try_run(async |_, ()| {
            checkpoint().await;
            panic!("by itself");
        })
        .unwrap_err();
    assert_at(&error, "cancelled by cancel", 2);
    assert_eq!(error.violation, Violation::Panicked("by itself".to_owned()));
}

#[test]
fn a_scenario_that_waits_for_ever_is_noticed() {
    let error = Sweep::new(|| ())
        .try_run(async |_, ()| {
            checkpoint().await;
            pending().await
        })
        .unwrap_err();
    assert_at(&error, "cancelled by cancel", 2);
    assert_eq!(error.violation, Violation::Stalled);
}

#[test]
fn a_scenario_that_goes_on_for_ever_is_noticed() {
    let error = Sweep::new(|| ())
        .limit(5)
        .try_run(async |_, ()| {
            loop {
                checkpoint().await;
            }
        })
        .unwrap_err();
    assert_at(&error, "cancelled by cancel", 6);
    assert_eq!(error.violation, Violation::NeverCompletes(5));
}

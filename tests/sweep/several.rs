//! Several scopes at once: cancelled at every poll, and beside scopes nested by hand.

use std::future::Future;
use std::panic::panic_any;
use std::pin::Pin;
use std::time::Duration;

use withal::cleanup::drain;
use withal::error_group::Phase;
use withal::scope::{ExitError, Lend, concurrently, scope_fn};
use withal::{ErrorGroup, ExitReason, HandOver, Scope, ScopeError, cancel, with};
use withal_tests::foreign::gives_up;
use withal_tests::poll::{caught, drive, yields};
use withal_tests::probe::{Failed, ProbeError};
use withal_tests::sweep::{Followed, Interleave, Sweep, checkpoint};
use withal_tests::{Deterministic, LeakCheck, Log, Probe, laws};

type Rt = Followed<Deterministic>;

fn probe(log: &Log, name: &str) -> Probe {
    Probe::new(log, name)
        .enter_yields(1)
        .exit_yields(2)
        .reasons()
}

async fn body(log: &Log, names: &[&str]) -> Result<(), Failed> {
    yields(2).await;
    // From here on the body waits no more: all of them complete, or none.
    for name in names {
        log.push(format_args!(".{name}"));
    }
    Ok(())
}

fn sweep<F: Future<Output = ()>>(scenario: impl Fn(Rt, Log) -> F + 'static) {
    let swept = Sweep::new(Log::new).invariant_of(laws::hold).run(scenario);
    assert!(swept.polls > 4, "{swept}");
    assert!(swept.scopes > swept.runs / 2, "{swept}");
}

/// Each scope that was entered was exited, once.
fn balanced(log: &Log) {
    for name in log
        .events()
        .iter()
        .filter_map(|event| event.strip_prefix('+'))
    {
        let exits = log.count(&format!("-{name}:"));
        assert_eq!(exits, 1, "exits of {name} in {}", log.trace());
    }
}

/// A tuple whose scopes are told like nested ones: only the innermost hears of its body's end if the
/// rest is dropped.
fn order_holds(log: &Log) {
    let events = log.events();
    let at = |event: &str| events.iter().position(|seen| seen.starts_with(event));
    for (outer, inner) in [("a", "b"), ("b", "c")] {
        let (entered, exited) = (format!("+{inner}"), format!("-{inner}"));
        if at(&entered).is_some() {
            assert!(at(&format!("+{outer}")) < at(&entered), "{events:?}");
            assert!(at(&exited).is_some(), "{events:?}");
            assert!(at(&exited) < at(&format!("-{outer}")), "{events:?}");
        }
    }
    balanced(log);
}

// CM-10, CM-17, CM-20, A-3, A-4, K1, K2
#[test]
fn a_tuple_cancelled_at_any_poll_leaves_nothing_behind() {
    let swept = Sweep::new(Log::new)
        .invariant(order_holds)
        .run(async |rt: Rt, log: Log| {
            let scopes = (probe(&log, "a"), probe(&log, "b"), probe(&log, "c"));
            let ended = with(&rt, scopes, async |_| body(&log, &[]).await);
            ended.await.unwrap();
        });
    assert!(swept.polls > 10, "{swept}");
}

// CM-10, CM-11, CM-13, CM-17, A-3, A-4, K1, K2
#[test]
fn a_tuple_that_fails_and_is_cancelled_at_any_poll_leaves_nothing_behind() {
    for (enter, exit) in [(Some("c"), None), (None, Some("c")), (Some("c"), Some("b"))] {
        let swept =
            Sweep::new(Log::new)
                .invariant(order_holds)
                .run(move |rt: Rt, log: Log| async move {
                    let scopes = ["a", "b", "c"].map(|name| {
                        let mut scope = probe(&log, name);
                        if enter == Some(name) {
                            scope = scope.enter_fails();
                        }
                        if exit == Some(name) {
                            scope = scope.exit_fails();
                        }
                        scope
                    });
                    let ended = with(&rt, scopes, async |_| body(&log, &[]).await);
                    ended.await.unwrap_err();
                });
        assert!(swept.polls > 5, "{swept}");
    }
}

// CM-17, CM-20, CC-1, CC-4, A-3, A-4, K1, K2, K4
#[test]
fn concurrent_scopes_cancelled_at_any_poll_leave_nothing_behind() {
    sweep(async |rt: Rt, log: Log| {
        let scopes = (
            probe(&log, "a").enter_yields(3),
            probe(&log, "b").exit_yields(4),
            probe(&log, "c"),
        );
        let ended = with(&rt, concurrently(scopes), async |_| {
            body(&log, &["a", "b", "c"]).await
        });
        ended.await.unwrap();
    });
}

// CM-17, CC-1, CC-4, A-3, A-4, K2: in a body with a scope of its own, which must end before theirs.
#[test]
fn what_the_body_left_ends_before_their_exits() {
    sweep(async |rt: Rt, log: Log| {
        // The laws want a scope that was entered inside of two others to be named after one.
        let scopes = concurrently([probe(&log, "a"), probe(&log, "b")]);
        let ended = with(&rt, scopes, async |_| {
            let inner = with(&rt, probe(&log, "a/i"), async |_| {
                body(&log, &["a/i"]).await
            });
            inner.await.unwrap();
            log.push(".a");
            log.push(".b");
            Ok::<_, Failed>(())
        });
        ended.await.unwrap();
    });
}

// CM-17, CC-2, A-3, A-4, K1, K2
#[test]
fn a_failed_concurrent_enter_that_is_cancelled_at_any_poll_leaves_nothing_behind() {
    let swept = Sweep::new(Log::new)
        .invariant(balanced)
        .run(async |rt: Rt, log: Log| {
            let inner = |name: &'static str| {
                let (rt, log) = (rt.clone(), log.clone());
                // An enter that is in a scope of its own when it is dropped.
                scope_fn(async move |lend: Lend<()>| {
                    let held = with(&rt, probe(&log, name), async |_| {
                        yields(9).await;
                        Ok::<_, Failed>(())
                    });
                    held.await.unwrap();
                    let ((), ended) = lend.lend(()).await;
                    Ok::<_, ProbeError>(ended)
                })
            };
            let scopes = (
                probe(&log, "a"),
                inner("b"),
                probe(&log, "c").enter_yields(4).enter_fails(),
                probe(&log, "d"),
            );
            let ended = with(&rt, concurrently(scopes), async |_| body(&log, &[]).await);
            ended.await.unwrap_err();
        });
    assert!(swept.polls > 5, "{swept}");
}

// CM-17, CC-1, CC-4, A-3: two of them share a thread with another task, in every order of polls.
#[test]
fn concurrent_scopes_beside_another_task_in_every_order() {
    let swept = Interleave::new(Log::new)
        .invariant(|log| laws::check(&log.events()).unwrap())
        .task(async |rt: Rt, log: Log| {
            let scopes = concurrently((
                Probe::new(&log, "a").enter_yields(1).reasons(),
                Probe::new(&log, "b").enter_yields(1).reasons(),
            ));
            let ended = with(&rt, scopes, async |_| {
                checkpoint().await;
                log.push(".a");
                log.push(".b");
                Ok::<_, Failed>(())
            });
            ended.await.unwrap();
        })
        .task(async |rt: Rt, log: Log| {
            let ended = with(&rt, Probe::new(&log, "z").reasons(), async |_| {
                checkpoint().await;
                log.push(".z");
                Ok::<_, Failed>(())
            });
            ended.await.unwrap();
        })
        .run();
    assert!(swept.schedules > 10, "{swept}");
}

// CM-10, CM-17, CC-4, K2, K6, K7
#[test]
fn several_scopes_are_exited_without_their_executor() {
    let mut exited = 0;
    for polls in 1..12 {
        for at_once in [false, true] {
            let rt = Deterministic::builder().refuse_cleanups().build();
            let (leaks, log) = (LeakCheck::new(&rt), Log::new());
            let mut scopes = concurrently([probe(&log, "a"), probe(&log, "b")]);
            if !at_once {
                scopes = scopes.enters_in_order().exits_in_order();
            }
            rt.block_on(async {
                let ended = with(&rt, scopes, async |_| body(&log, &[]).await);
                if gives_up(polls, ended).await.is_none() {
                    drain(&rt, Duration::from_secs(1)).await;
                }
            });
            leaks.finish();
            balanced(&log);
            exited += log.count("-a:cancelled") + log.count("-b:cancelled");
        }
    }
    assert!(exited > 6, "{exited}");
}

/// How a hook or a body ends, after one wait.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Well,
    Fails,
    Panics,
}

const ENDS: [End; 3] = [End::Well, End::Fails, End::Panics];

/// What is to happen: how each enter ends, the body, and each exit.
#[derive(Clone, Copy, Debug)]
struct Script {
    enters: [End; 3],
    body: End,
    exits: [End; 3],
}

/// A scope that does what a script says, and says what it is told.
struct Scripted {
    log: Log,
    name: &'static str,
    enter: End,
    exit: End,
}

/// The error of a script: who failed.
#[derive(Clone, Debug, PartialEq)]
struct By(&'static str);

impl std::fmt::Display for By {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for By {}

async fn end(end: End, name: &'static str) -> Result<(), By> {
    yields(1).await;
    match end {
        End::Well => Ok(()),
        End::Fails => Err(By(name)),
        End::Panics => panic_any(name.to_owned()),
    }
}

impl Scope for Scripted {
    type Resource = ();
    type Error = By;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<(), By> {
        end(self.enter, self.name).await?;
        self.log.push(format_args!("+{}", self.name));
        Ok(())
    }

    async fn exit(self, (): (), reason: ExitReason<'_>) -> Result<(), By> {
        let by = reason.failure().map(|failure| {
            let by = failure.downcast_ref::<By>().cloned();
            by.expect("an error of the script").0
        });
        let (name, kind) = (self.name, reason.kind());
        self.log.push(format_args!("…{name}:{kind}{by:?}"));
        end(self.exit, self.name).await?;
        self.log.push(format_args!("-{name}"));
        Ok(())
    }
}

impl Script {
    fn all() -> impl Iterator<Item = Self> {
        (0..3_usize.pow(7)).map(|mut number| {
            let mut next = || {
                let digit = number % 3;
                number /= 3;
                ENDS[digit]
            };
            Self {
                enters: [next(), next(), next()],
                body: next(),
                exits: [next(), next(), next()],
            }
        })
    }

    fn scopes(&self, log: &Log) -> [Scripted; 3] {
        let mut index = 0;
        ["a", "b", "c"].map(|name| {
            index += 1;
            Scripted {
                log: log.clone(),
                name,
                enter: self.enters[index - 1],
                exit: self.exits[index - 1],
            }
        })
    }

    async fn body(&self, log: &Log) -> Result<(), By> {
        log.push("body");
        end(self.body, "body").await
    }
}

/// What comes out, or the message of a panic.
type Ended = Result<Result<(), By>, String>;

type Played = Pin<Box<dyn Future<Output = Ended>>>;

/// What `with` makes of the scopes one by one: the error of the exit is what goes on (CM-13).
fn replaced(error: ScopeError<By, By>) -> By {
    match error {
        ScopeError::Enter(by) | ScopeError::Body(by) => by,
        ScopeError::Exit { error, .. } | ScopeError::Both { exit: error, .. } => match error {
            ExitError::Failed(by) => by,
            other => panic!("{other}"),
        },
        other => panic!("{other}"),
    }
}

fn by_hand(rt: &Deterministic, log: &Log, script: Script) -> Played {
    let (rt, log) = (rt.clone(), log.clone());
    Box::pin(caught(async move {
        let [a, b, c] = script.scopes(&log);
        let a = with(&rt, a, async |()| {
            let b = with(&rt, b, async |()| {
                let c = with(&rt, c, async |()| script.body(&log).await);
                c.await.map_err(replaced)
            });
            b.await.map_err(replaced)
        });
        a.await.map_err(replaced)
    }))
}

/// Which of the errors nested scopes would give: the last exit that failed, else the enter, else the body.
fn last<E>(errors: &ErrorGroup<E>, by: impl Fn(&E) -> By) -> By {
    let leaves = errors.leaves();
    let mut leaves: Vec<_> = leaves
        .map(|(path, error)| (path.origin().phase() == Phase::Enter, by(error)))
        .collect();
    leaves.sort_by_key(|(is_enter, _)| *is_enter);
    leaves.swap_remove(0).1
}

fn group<E>(error: ScopeError<By, ErrorGroup<E>>, by: impl Fn(&E) -> By) -> By {
    match error {
        ScopeError::Body(by) => by,
        ScopeError::Enter(errors) => last(&errors, by),
        ScopeError::Exit { error, .. } | ScopeError::Both { exit: error, .. } => match error {
            ExitError::Failed(errors) => last(&errors, by),
            other => panic!("{other}"),
        },
        other => panic!("{other}"),
    }
}

fn as_tuple(rt: &Deterministic, log: &Log, script: Script) -> Played {
    let (rt, log) = (rt.clone(), log.clone());
    Box::pin(caught(async move {
        let [a, b, c] = script.scopes(&log);
        let ended = with(&rt, (a, b, c), async |_| script.body(&log).await);
        ended.await.map_err(|error| {
            group(error, |error| {
                error.downcast_ref::<By>().expect("of the script").clone()
            })
        })
    }))
}

fn as_vector(rt: &Deterministic, log: &Log, script: Script) -> Played {
    let (rt, log) = (rt.clone(), log.clone());
    Box::pin(caught(async move {
        let scopes = Vec::from(script.scopes(&log));
        let ended = with(&rt, scopes, async |_| script.body(&log).await);
        ended.await.map_err(|error| group(error, By::clone))
    }))
}

/// What is seen of a script that is cancelled after so many polls.
fn seen(
    play: fn(&Deterministic, &Log, Script) -> Played,
    script: Script,
    polls: usize,
    softly: bool,
) -> (Option<Ended>, Vec<String>) {
    let (rt, log) = (Deterministic::new(), Log::new());
    let mut played = play(&rt, &log, script);
    let ended = drive(Pin::new(&mut played), polls);
    log.push("|");
    if ended.is_none() {
        if softly {
            rt.block_on(cancel(played));
        } else {
            drop(played);
            rt.run();
        }
    }
    (ended, log.events())
}

// CM-10, CM-11, CM-13, CM-14, CM-17, CM-19, CM-22, CM-25, A-3, A-4: whatever is played, and wherever it
// is cancelled.
#[test]
fn several_in_order_equal_nested_scopes_in_everything() {
    let mut most = 0;
    for script in Script::all() {
        for softly in [false, true] {
            for polls in 1.. {
                let expected = seen(by_hand, script, polls, softly);
                let tuple = seen(as_tuple, script, polls, softly);
                assert_eq!(tuple, expected, "{script:?}, {polls}, {softly}");
                let vector = seen(as_vector, script, polls, softly);
                assert_eq!(vector, expected, "{script:?}, {polls}, {softly}");
                most = most.max(polls);
                if expected.0.is_some() {
                    break;
                }
            }
        }
    }
    assert!(most > 7, "{most}");
}

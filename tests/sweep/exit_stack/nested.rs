//! A stack does what scopes do that are nested by hand.

use std::cell::Cell;
use std::future::Future;
use std::mem::replace;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Mutex;
use std::task::Poll;
use std::time::Duration;

use fastrand::Rng;
use withal::cleanup::drain;
use withal::exit_stack::{ExitErrors, ExitStack, SuppressingExitStack};
use withal::scope::ExitError;
use withal::{ScopeError, cancel, with, with_suppressing};
use withal_tests::poll::poll_now;
use withal_tests::{Deterministic, Log};

use super::script::{Entry, Left, Script, Tag};

type Plain = ExitStack<Deterministic, Tag>;
type Swallowing = SuppressingExitStack<Deterministic, Tag>;

fn texts(errors: &ExitErrors<Tag>) -> Vec<Tag> {
    errors.leaves().map(|(_, tag)| tag.clone()).collect()
}

fn left<V>(ended: ScopeError<Tag, ExitErrors<Tag>, V>, value: impl Fn(V) -> Option<u32>) -> Left {
    let exits = match ended.exit() {
        Some(ExitError::Failed(errors)) => texts(errors),
        _ => Vec::new(),
    };
    let body = ended.body().cloned();
    let value = ended.into_value().ok().and_then(value);
    Left { value, body, exits }
}

/// The script on a stack that does not swallow.
async fn on_a_stack(rt: &Deterministic, log: &Log, script: &Script) -> Left {
    let ended = Plain::run(rt, async |stack| {
        let (last, closed) = script.parts.split_last().unwrap();
        for part in closed {
            for entry in &part.entries {
                stack.enter(entry.scope(log)).await?;
                if part.takes_behind == Some(entry.name) {
                    let taken = stack.take();
                    assert!(replace(stack, taken).is_empty());
                }
            }
            if let Err(errors) = stack.close().await {
                log.push(format_args!("closed {:?}", texts(&errors)));
            }
        }
        for entry in &last.entries {
            let lent = stack.enter(entry.scope(log)).await?;
            assert_eq!(*lent, entry.name);
        }
        script.body(log).await
    });
    match ended.await {
        Ok(value) => Left {
            value: Some(value),
            ..Left::default()
        },
        Err(ended) => left(ended, Some),
    }
}

/// The script on a stack whose entries may swallow.
async fn on_a_swallowing_stack(rt: &Deterministic, log: &Log, script: &Script) -> Left {
    let ended = Swallowing::run(rt, async |stack| {
        let (last, closed) = script.parts.split_last().unwrap();
        for part in closed {
            for entry in &part.entries {
                stack.enter_suppressing(entry.scope(log)).await?;
                if part.takes_behind == Some(entry.name) {
                    let taken = stack.take();
                    assert!(replace(stack, taken).is_empty());
                }
            }
            if let Err(errors) = stack.close().await {
                log.push(format_args!("closed {:?}", texts(&errors)));
            }
        }
        for entry in &last.entries {
            stack.enter_suppressing(entry.scope(log)).await?;
        }
        script.body(log).await
    });
    match ended.await {
        Ok(value) => Left {
            value,
            ..Left::default()
        },
        Err(ended) => left(ended, |value| value),
    }
}

type Nested<'a> = Pin<Box<dyn Future<Output = Result<Option<u32>, Tag>> + 'a>>;

/// Scopes in each other, around `body`. What fails on the way is noted in `left`.
fn nest<'a>(
    rt: &'a Deterministic,
    log: &'a Log,
    entries: &'a [Entry],
    swallows: bool,
    left: &'a Mutex<Left>,
    body: &'a dyn Fn() -> Nested<'a>,
) -> Nested<'a> {
    let Some((entry, rest)) = entries.split_first() else {
        return body();
    };
    Box::pin(async move {
        let inner = async |_: &mut u32| nest(rt, log, rest, swallows, left, body).await;
        let ended = if swallows {
            let ended = with_suppressing(rt, entry.scope(log), inner).await;
            // A value that is there is one of the body's, or of a swallowed error below.
            ended.map(|value| {
                value.unwrap_or_else(|| {
                    let mut left = left.lock().unwrap();
                    *left = Left {
                        value: left.value.filter(|_| left.body.is_none()),
                        ..Left::default()
                    };
                    left.value.take()
                })
            })
        } else {
            with(rt, entry.scope(log), inner).await
        };
        let mut left = left.lock().unwrap();
        match ended {
            Ok(value) => Ok(value),
            Err(ScopeError::Enter(tag)) => {
                left.body = Some(tag.clone());
                Err(tag)
            }
            Err(ScopeError::Body(tag)) => Err(tag),
            Err(ScopeError::Exit {
                error: ExitError::Failed(tag),
                value,
            }) => {
                left.value = value;
                left.exits.push(tag.clone());
                Err(tag)
            }
            Err(ScopeError::Both {
                exit: ExitError::Failed(tag),
                ..
            }) => {
                left.exits.push(tag.clone());
                Err(tag)
            }
            Err(other) => unreachable!("{other:?}"),
        }
    })
}

/// The script by hand.
async fn by_hand(rt: &Deterministic, log: &Log, script: &Script) -> Left {
    let (last, closed) = script.parts.split_last().unwrap();
    let left = Mutex::new(Left::default());
    for part in closed {
        let reached = Cell::new(false);
        let completes = || -> Nested<'_> {
            reached.set(true);
            Box::pin(async { Ok(None) })
        };
        let ended = nest(rt, log, &part.entries, script.swallows, &left, &completes).await;
        let left = std::mem::take(&mut *left.lock().unwrap());
        if !reached.get() {
            // An enter has failed: that is the end of the body.
            return left;
        }
        if ended.is_err() {
            log.push(format_args!("closed {:?}", left.exits));
        }
    }
    let body = || -> Nested<'_> {
        Box::pin(async {
            let ended = script.body(log).await;
            ended.map(Some).inspect_err(|tag| {
                left.lock().unwrap().body = Some(tag.clone());
            })
        })
    };
    let ended = nest(rt, log, &last.entries, script.swallows, &left, &body).await;
    match ended {
        Ok(value) => Left {
            value,
            ..Left::default()
        },
        Err(_) => left.lock().unwrap().clone(),
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Cancels {
    Never,
    Softly(usize),
    Hard(usize),
}

/// What came of a script: its course, its end or its panic, and the number of its polls.
#[derive(Debug, PartialEq)]
struct Outcome {
    trace: String,
    left: Option<Result<Left, String>>,
    polls: usize,
}

fn run<'a, F: Future<Output = Left> + 'a>(
    cancels: Cancels,
    make: impl FnOnce(&'a Deterministic, &'a Log) -> F,
    rt: &'a Deterministic,
    log: &'a Log,
) -> Outcome {
    let mut future = Box::pin(make(rt, log));
    let limit = match cancels {
        Cancels::Never => 1000,
        Cancels::Softly(polls) | Cancels::Hard(polls) => polls,
    };
    let mut polls = 0;
    let mut left = None;
    while left.is_none() && polls < limit {
        polls += 1;
        left = match catch_unwind(AssertUnwindSafe(|| poll_now(future.as_mut()))) {
            Ok(Poll::Ready(left)) => Some(Ok(left)),
            Ok(Poll::Pending) => None,
            Err(payload) => Some(Err(*payload.downcast::<String>().unwrap())),
        };
    }
    assert!(polls < 1000, "it hangs");
    if left.is_none() {
        log.push("cancel");
        if let Cancels::Softly(_) = cancels {
            rt.block_on(cancel(future));
        } else {
            drop(future);
        }
    }
    rt.run_until_stalled();
    withal_tests::foreign::block_on(drain(rt, Duration::from_secs(1)));
    Outcome {
        trace: log.trace(),
        left,
        polls,
    }
}

fn compare(seed: u64, script: &Script, cancels: Cancels) -> usize {
    let (rt, log) = (Deterministic::new(), Log::new());
    let stacked = if script.swallows {
        run(
            cancels,
            |rt, log| on_a_swallowing_stack(rt, log, script),
            &rt,
            &log,
        )
    } else {
        run(cancels, |rt, log| on_a_stack(rt, log, script), &rt, &log)
    };
    let (rt, log) = (Deterministic::new(), Log::new());
    let nested = run(cancels, |rt, log| by_hand(rt, log, script), &rt, &log);
    assert_eq!(stacked, nested, "seed {seed}, {cancels:?}, {script:#?}");
    stacked.polls
}

// ES-13, ES-7, ES-8, ES-9, ES-10, ES-11, ES-12, ES-14, ES-15, ES-19, ES-20, CM-17, A-3
#[test]
fn a_stack_does_what_nested_scopes_do() {
    let mut runs = 0;
    for seed in 0..400 {
        let script = Script::random(&mut Rng::with_seed(seed));
        let polls = compare(seed, &script, Cancels::Never);
        for poll in 0..polls {
            compare(seed, &script, Cancels::Softly(poll));
            compare(seed, &script, Cancels::Hard(poll));
            runs += 2;
        }
    }
    assert!(runs > 2000, "{runs}");
}

//! What a closure scope does with errors, in generators, around functions, and by the name of a type.

use std::error::Error;
use std::fmt;
use std::future::{Future, pending};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use withal::runtime::Runtime;
use withal::scope::{
    Compose, Ended, ExitError, Lend, LendMut, Owned, Scope, scope_fn, scope_fn_borrowing, wrapped,
    wrapped_lending,
};
use withal::sync::Event;
use withal::{
    ScopeError, cancel, close, either, generator, task_group, timeout, with, with_borrowing,
    with_detailed,
};

use crate::foreign::gives_up;
use crate::log::within_patience;
use crate::poll::yields;
use crate::probe::Failed;
use crate::{Log, Probe};

/// The table of these cases, given to the macro `$make`.
#[doc(hidden)]
#[macro_export]
macro_rules! closure_rules_cases {
    ($make:ident $with:tt $of:tt) => {
        $crate::$make! { $with $of closure_rules:
            ending_well_behind_a_failed_body_swallows_nothing,
            a_closure_that_fails_behind_a_failed_body_keeps_both_errors,
            errors_are_neither_unwrapped_nor_mistaken,
            a_generator_that_is_closed_tells_its_closure_scope_once,
            lent_by_value_a_group_around_the_lending_tells_behind_it,
            scopes_around_the_lending_are_exited_behind_it,
            a_wrapped_function_runs_each_call_in_a_scope,
            a_wrapped_function_may_call_itself,
            a_wrapped_function_that_is_cancelled_is_exited,
            a_type_composes_its_scope_of_others,
        }
    };
}

/// A closure scope that logs its way, and fails where it is told to.
fn logs(
    log: &Log,
    fails: Option<&'static str>,
) -> impl Scope<Resource = u32, Error = Failed> + use<> {
    let log = log.clone();
    scope_fn(async move |lend: Lend<u32>| {
        yields(1).await;
        log.push("+");
        let (_, ended) = lend.lend(1).await;
        yields(1).await;
        log.push(format_args!("-{}", ended.kind()));
        match fails {
            Some(text) => Err(Failed(text)),
            None => Ok(ended),
        }
    })
}

// GM-8, GM-9
pub async fn ending_well_behind_a_failed_body_swallows_nothing(rt: &impl Runtime) {
    let log = Log::new();
    let failed = with(rt, logs(&log, None), async |_| Err::<(), _>("no"));
    assert_eq!(failed.await, Err(ScopeError::Body("no")));
    let sides = with_detailed(rt, logs(&log, None), async |_| Err::<(), _>("no"));
    let sides = sides.await.unwrap();
    assert_eq!((sides.body, sides.exit), (Some(Err("no")), Ok(())));
    // Nor does it by reference.
    let scope = scope_fn_borrowing(async |lend: LendMut<'_, Owned<u32>>| {
        let ended = lend.lend(&mut 1).await;
        Ok::<_, Failed>(ended)
    });
    let failed = with_borrowing(rt, scope, async |_| Err::<(), _>("no"));
    assert_eq!(failed.await, Err(ScopeError::Body("no")));
}

// GM-10, CM-8, A-7
pub async fn a_closure_that_fails_behind_a_failed_body_keeps_both_errors(rt: &impl Runtime) {
    let log = Log::new();
    let both = with(rt, logs(&log, Some("torn")), async |_| {
        Err::<(), _>(Failed("no"))
    });
    let error = both.await.unwrap_err();
    let exit = ExitError::Failed(Failed("torn"));
    assert_eq!(error.body(), Some(&Failed("no")));
    assert_eq!(error.exit(), Some(&exit));
    // The body's first, and the other as the source.
    assert!(error.to_string().starts_with("no"), "{error}");
    assert!(error.source().is_some());
    log.assert("+ -failed");
}

/// An error that holds the one of a body.
#[derive(Debug, PartialEq)]
struct Around(Option<Failed>);

impl fmt::Display for Around {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("around")
    }
}

impl Error for Around {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.as_ref().map(|inner| inner as _)
    }
}

/// An error that stands for the end of something.
#[derive(Debug, PartialEq)]
struct Stop;

// GM-13, GM-14
pub async fn errors_are_neither_unwrapped_nor_mistaken(rt: &impl Runtime) {
    let wraps = || {
        scope_fn(async move |lend: Lend<()>| {
            let look = |reason: withal::ExitReason<'_>| {
                let failure = reason.failure();
                failure.and_then(|failure| failure.downcast_ref::<Failed>().copied())
            };
            let ((), ended, error) = lend.lend_with_look((), look).await;
            if ended.is_completed() {
                return Ok(ended);
            }
            Err(Around(error))
        })
    };
    // It holds what the body failed with, and is kept beside it.
    let ended = with(rt, wraps(), async |()| Err::<(), _>(Failed("no"))).await;
    let exit = ExitError::Failed(Around(Some(Failed("no"))));
    assert_eq!(
        ended,
        Err(ScopeError::Both {
            body: Failed("no"),
            exit
        })
    );
    // What stands for an end elsewhere ends nothing here.
    let ended = with(rt, wraps(), async |()| Err::<(), _>(Stop)).await;
    let exit = ExitError::Failed(Around(None));
    assert_eq!(ended, Err(ScopeError::Both { body: Stop, exit }));
    let ended = with(rt, wraps(), async |()| Err::<(), _>(None::<u32>)).await;
    assert_eq!(ended.unwrap_err().into_body(), Ok(None));
}

// GM-20, AG-20: by `close`, by the end of a loop, and by a drop.
pub async fn a_generator_that_is_closed_tells_its_closure_scope_once<R: Runtime>(rt: &R) {
    let log = Log::new();
    let counted = || {
        let (rt, log) = (rt.clone(), log.clone());
        generator(async move |y| {
            let held = with(&rt, logs(&log, None), async |number| {
                for _ in 0..3 {
                    y.yield_(*number).await;
                    *number += 1;
                }
                Ok::<_, Failed>(())
            });
            held.await.unwrap();
        })
    };
    let mut numbers = Box::pin(counted());
    assert_eq!(numbers.next().await, Some(1));
    close(numbers).await;
    log.assert("+ -cancelled");
    // The same, lent by reference.
    let log = Log::new();
    let borrowed = {
        let (rt, log) = (rt.clone(), log.clone());
        generator(async move |y| {
            let own = log.clone();
            let scope = scope_fn_borrowing(async move |lend: LendMut<'_, Owned<u32>>| {
                let mut number = 1;
                own.push("+");
                let ended = lend.lend(&mut number).await;
                yields(1).await;
                own.push(format_args!("-{number}:{}", ended.kind()));
                Ok::<_, Failed>(ended)
            });
            let held = with_borrowing(&rt, scope, async |number| {
                loop {
                    y.yield_(*number).await;
                    *number += 1;
                }
                #[expect(unreachable_code, reason = "it says which error there is")]
                Ok::<(), Failed>(())
            });
            held.await.unwrap();
        })
    };
    let mut numbers = Box::pin(borrowed);
    assert_eq!(numbers.next().await, Some(1));
    assert_eq!(numbers.next().await, Some(2));
    close(numbers).await;
    log.assert("+ -2:cancelled");
    // Dropped by foreign code inside of a scope, which waits.
    let around = with(rt, Probe::new(&log, "around"), async |_| {
        let mut numbers = Box::pin(counted());
        assert_eq!(numbers.next().await, Some(1));
        drop(numbers);
        Ok::<_, Failed>(())
    });
    around.await.unwrap();
}

// GM-22: the frame sleeps, and learns of the failure behind its lending.
pub async fn lent_by_value_a_group_around_the_lending_tells_behind_it<R: Runtime>(rt: &R) {
    let log = Log::new();
    let begun = Arc::new(Event::new());
    let (own_rt, own, body_begun) = (rt.clone(), log.clone(), begun.clone());
    let scope = scope_fn(async move |lend: Lend<()>| {
        let ended = task_group(&own_rt, async |group| {
            group.spawn(async move {
                // Earlier, it would be the error of enter.
                body_begun.wait().await;
                Err::<(), _>(Failed("the link"))
            });
            let ((), ended) = lend.lend(()).await;
            own.push(ended.kind());
            Ok(ended)
        });
        let ended = ended.await;
        ended.map_err(|errors| errors.into_leaves().next().unwrap())
    });
    let ended = with(rt, scope, async |()| {
        begun.set();
        yields(3).await;
        log.push("body");
        Ok::<_, Failed>(7)
    });
    let ended = within_patience(rt, ended, || log.trace()).await;
    let error = ExitError::Failed(Failed("the link"));
    assert_eq!(ended, Err(ScopeError::Exit { error, value: 7 }));
    assert!(log.has("body"));
    // A timeout that is over by then does not take the value: the lending has ended, too.
    let own_rt = rt.clone();
    let scope = scope_fn(async move |lend: Lend<()>| {
        let lending = timeout(&own_rt, Duration::from_millis(5), lend.lend(()));
        match lending.await {
            Ok(((), ended)) => Ok(ended),
            Err(_) => Err(Failed("too late")),
        }
    });
    let ended = with(rt, scope, async |()| {
        rt.sleep(Duration::from_millis(10)).await;
        Ok::<_, Failed>(7)
    });
    let ended = ended.await;
    // On a slow machine it may be over before the body begins.
    let is_slow = ended == Err(ScopeError::Enter(Failed("too late")));
    assert!(ended == Ok(7) || is_slow, "{ended:?}");
}

// GM-24, GM-12
pub async fn scopes_around_the_lending_are_exited_behind_it<R: Runtime>(rt: &R) {
    let log = Log::new();
    let layered = || {
        let (rt, log) = (rt.clone(), log.clone());
        scope_fn(async move |lend: Lend<()>| {
            let outer = with(&rt, Probe::new(&log, "outer"), async |_| {
                let inner = with(&rt, Probe::new(&log, "inner"), async |_| {
                    let ((), ended) = lend.lend(()).await;
                    log.push(format_args!("behind:{}", ended.kind()));
                    Ok::<_, Failed>(ended)
                });
                Ok::<_, Failed>(inner.await.unwrap())
            });
            Ok::<_, Failed>(outer.await.unwrap())
        })
    };
    let failed = with(rt, layered(), async |()| Err::<(), _>(Failed("no")));
    assert_eq!(failed.await, Err(ScopeError::Body(Failed("no"))));
    let endless = with(rt, layered(), async |()| {
        pending::<Result<(), Failed>>().await
    });
    either(endless, yields(2)).await;
    log.assert(
        "+outer +inner behind:failed -inner -outer +outer +inner behind:cancelled -inner -outer",
    );
}

async fn half(number: u32) -> Result<u32, Failed> {
    yields(1).await;
    if number % 2 == 1 {
        return Err(Failed("odd"));
    }
    Ok(number / 2)
}

// SM-10, SM-11, SM-12, GM-21
pub async fn a_wrapped_function_runs_each_call_in_a_scope(rt: &impl Runtime) {
    let log = Log::new();
    let half = wrapped(rt, || logs(&log, None), half);
    let first = half.call(8);
    log.assert("");
    assert_eq!(first.await, Ok(4));
    assert_eq!(half.call(3).await, Err(ScopeError::Body(Failed("odd"))));
    log.assert("+ -completed + -failed");
    let adds = wrapped_lending(
        rt,
        || logs(&log, None),
        async |number: &mut u32, (a, b): (u32, u32)| {
            yields(1).await;
            *number += a + b;
            Ok::<_, Failed>(*number)
        },
    );
    assert_eq!(adds.call((2, 3)).await, Ok(6));
    // Of a new scope.
    assert_eq!(adds.call((1, 1)).await, Ok(3));
}

// SM-11, GM-21
pub async fn a_wrapped_function_may_call_itself<R: Runtime>(rt: &R) {
    fn below<'a, R: Runtime>(
        rt: &'a R,
        log: &'a Log,
        n: u32,
    ) -> Pin<Box<dyn Future<Output = u32> + 'a>> {
        Box::pin(async move {
            let step = wrapped(
                rt,
                || logs(log, None),
                async |n: u32| {
                    let sum = if n == 0 {
                        0
                    } else {
                        n + below(rt, log, n - 1).await
                    };
                    Ok::<_, Failed>(sum)
                },
            );
            step.call(n).await.unwrap()
        })
    }
    let log = Log::new();
    assert_eq!(below(rt, &log, 3).await, 6);
    log.assert("+ + + + -completed -completed -completed -completed");
}

// SM-10, GM-19, A-3
pub async fn a_wrapped_function_that_is_cancelled_is_exited(rt: &impl Runtime) {
    let log = Log::new();
    let endless = wrapped(
        rt,
        || logs(&log, None),
        async |(): ()| pending::<Result<(), Failed>>().await,
    );
    either(endless.call(()), yields(3)).await;
    log.assert("+ -cancelled");
    assert!(gives_up(3, pin!(endless.call(()))).await.is_none());
    let trace = log.trace();
    assert!(trace.starts_with("+ -cancelled +"), "{trace}");
    let around = with(rt, Probe::new(&log, "around"), async |_| {
        cancel(Box::pin(endless.call(()))).await;
        Ok::<_, Failed>(())
    });
    around.await.unwrap();
}

/// A service that is composed of two scopes.
struct Service<R> {
    rt: R,
    log: Log,
}

impl<R: Runtime> Compose for Service<R> {
    type Resource = String;
    type Error = Failed;

    async fn hold(self, lend: Lend<String>) -> Result<Ended, Failed> {
        let Self { rt, log } = &self;
        let listens = with(rt, Probe::new(log, "listens"), async |listener| {
            let pooled = with(rt, Probe::new(log, "pool"), async |pool| {
                let (_, ended) = lend.lend(format!("{listener}+{pool}")).await;
                log.push(ended.kind());
                Ok::<_, Failed>(ended)
            });
            pooled.await.map_err(|_| Failed("pool"))
        });
        listens.await.map_err(|_| Failed("listener"))
    }
}

// SM-14, GM-24
pub async fn a_type_composes_its_scope_of_others<R: Runtime>(rt: &R) {
    let log = Log::new();
    let service = || {
        let (rt, log) = (rt.clone(), log.clone());
        Service { rt, log }.into_scope()
    };
    let used = with(rt, service(), async |name| Ok::<_, Failed>(name.clone()));
    assert_eq!(used.await.as_deref(), Ok("listens+pool"));
    let failed = with(rt, service(), async |_| Err::<(), _>(Failed("no")));
    assert_eq!(failed.await, Err(ScopeError::Body(Failed("no"))));
    let endless = with(rt, service(), async |_| {
        pending::<Result<(), Failed>>().await
    });
    either(endless, yields(2)).await;
    let all = ["completed", "failed", "cancelled"]
        .map(|kind| format!("+listens +pool {kind} -pool -listens"));
    log.assert(&all.join(" "));
}

//! Closure scopes whose frame lends what borrows from it.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use withal::runtime::Runtime;
use withal::scope::{BorrowingScopeFn, ExitError, ForLt, LendMut, scope_fn_borrowing};
use withal::{ScopeError, cancel, either, task_group, timeout, with, with_borrowing};

use crate::foreign::begun;
use crate::log::within_patience;
use crate::poll::{caught, poll_now, yields};
use crate::probe::Failed;
use crate::reports::Reports;
use crate::{Log, Probe, stress};

/// The table of these cases, given to the macro `$make`.
#[doc(hidden)]
#[macro_export]
macro_rules! closure_borrowed_cases {
    ($make:ident $with:tt $of:tt) => {
        $crate::$make! { $with $of closure_borrowed:
            it_lends_what_borrows_from_its_frame,
            the_lending_by_reference_tells_the_four_ends_apart,
            an_error_on_either_side_of_the_lending_by_reference,
            dropped_hard_the_borrowing_frame_goes_on_elsewhere,
            a_timeout_around_the_lending_ends_the_body,
            a_child_that_fails_beside_the_body_cancels_it,
            what_the_body_leaves_comes_before_the_tear_down,
            scopes_around_a_lending_by_reference_are_exited_behind_it,
            a_budget_bounds_the_tear_down_of_a_borrowing_frame,
            a_body_that_cannot_be_reached_is_reported,
            borrowing_frames_on_many_threads_keep_apart,
        }
    };
}

/// What it borrows is in the frame.
#[derive(Debug)]
pub struct Transaction<'c> {
    connection: &'c mut Vec<String>,
}

impl Transaction<'_> {
    async fn execute(&mut self, text: &str) {
        yields(1).await;
        self.connection.push(text.to_owned());
    }

    async fn end(self, how: &str) {
        yields(1).await;
        self.connection.push(how.to_owned());
    }
}

/// The transaction of the frame.
#[derive(Debug)]
#[non_exhaustive]
pub enum Lent {}

impl ForLt for Lent {
    type Of<'c> = Transaction<'c>;
}

/// Owns the connection, lends a transaction, and logs what became of it.
fn transaction(log: &Log) -> BorrowingScopeFn<Lent, Failed> {
    let log = log.clone();
    scope_fn_borrowing(async move |lend: LendMut<'_, Lent>| {
        let mut connection = Vec::new();
        yields(1).await;
        let mut transaction = Transaction {
            connection: &mut connection,
        };
        let ended = lend.lend(&mut transaction).await;
        let how = if ended.is_completed() {
            "commit"
        } else {
            "back"
        };
        transaction.end(how).await;
        log.push(format_args!("{}:{}", connection.join(","), ended.kind()));
        Ok::<_, Failed>(ended)
    })
}

// GM-23, GM-2, GM-5
pub async fn it_lends_what_borrows_from_its_frame(rt: &impl Runtime) {
    let (log, text) = (Log::new(), String::from("insert"));
    let value = with_borrowing(rt, transaction(&log), async |transaction| {
        transaction.execute(&text).await;
        log.push("body");
        transaction.execute("update").await;
        Ok::<_, Failed>(text.len())
    });
    assert_eq!(value.await, Ok(6));
    log.assert("body insert,update,commit:completed");
}

// GM-7, GM-12, GM-19, GM-23, A-1
pub async fn the_lending_by_reference_tells_the_four_ends_apart(rt: &impl Runtime) {
    let log = Log::new();
    let completed = with_borrowing(rt, transaction(&log), async |transaction| {
        transaction.execute("a").await;
        Ok::<_, Failed>(())
    });
    completed.await.unwrap();
    let failed = with_borrowing(rt, transaction(&log), async |transaction| {
        transaction.execute("b").await;
        Err::<(), _>(Failed("refused"))
    });
    let ended = failed.await;
    assert_eq!(ended, Err(ScopeError::Body(Failed("refused"))));
    let endless = with_borrowing(rt, transaction(&log), async |transaction| {
        transaction.execute("c").await;
        pending::<Result<(), Failed>>().await
    });
    either(endless, yields(4)).await;
    let panics = with_borrowing(rt, transaction(&log), async |transaction| {
        transaction.execute("d").await;
        if transaction.connection.len() == 1 {
            panic!("on purpose");
        }
        Ok::<_, Failed>(())
    });
    assert_eq!(caught(panics).await, Err("on purpose".to_owned()));
    log.assert("a,commit:completed b,back:failed c,back:cancelled d,back:panicked");
}

// GM-4, GM-10, CM-7, CM-8, GM-23
pub async fn an_error_on_either_side_of_the_lending_by_reference(rt: &impl Runtime) {
    let scope = |before: Result<(), Failed>, behind: Result<(), Failed>| {
        scope_fn_borrowing(async move |lend: LendMut<'_, Lent>| {
            yields(1).await;
            before?;
            let mut connection = Vec::new();
            let ended = lend
                .lend(&mut Transaction {
                    connection: &mut connection,
                })
                .await;
            behind?;
            Ok::<_, Failed>(ended)
        })
    };
    let (a, b) = (Failed("a"), Failed("b"));
    let body = async |_: &mut Transaction<'_>| Ok::<_, Failed>(7);
    let ended = with_borrowing(rt, scope(Err(a), Ok(())), body).await;
    assert_eq!(ended, Err(ScopeError::Enter(a)));
    let ended = with_borrowing(rt, scope(Ok(()), Err(b)), body).await;
    let error = ExitError::Failed(b);
    assert_eq!(
        ended,
        Err(ScopeError::Exit {
            error: error.clone(),
            value: 7
        })
    );
    let fails = with_borrowing(rt, scope(Ok(()), Err(b)), async |_| Err::<(), _>("no"));
    assert_eq!(
        fails.await,
        Err(ScopeError::Both {
            body: "no",
            exit: error
        })
    );
}

// GM-19, GM-23, K2, A-4
pub async fn dropped_hard_the_borrowing_frame_goes_on_elsewhere(rt: &impl Runtime) {
    let log = Log::new();
    let mut scoped = Box::pin(with_borrowing(rt, transaction(&log), async |transaction| {
        transaction.execute("insert").await;
        pending::<Result<(), Failed>>().await
    }));
    for _ in 0..4 {
        assert!(poll_now(scoped.as_mut()).is_pending());
    }
    drop(scoped);
    log.seen(rt, "insert,back:cancelled").await;
}

// GM-22, GM-23, K1: what the body leaves has ended when the timeout says so.
pub async fn a_timeout_around_the_lending_ends_the_body<R: Runtime>(rt: &R) {
    let log = Log::new();
    let (own_rt, own) = (rt.clone(), log.clone());
    let scope = scope_fn_borrowing(async move |lend: LendMut<'_, Lent>| {
        let mut connection = Vec::new();
        let mut transaction = Transaction {
            connection: &mut connection,
        };
        let lending = lend.lend(&mut transaction);
        let ended = timeout(&own_rt, Duration::from_millis(5), lending).await;
        own.push(if ended.is_ok() { "in time" } else { "elapsed" });
        transaction.end("back").await;
        own.push(connection.join(","));
        ended.map_err(|_| Failed("too long"))
    });
    let ended = with_borrowing(rt, scope, async |transaction| {
        transaction.execute("insert").await;
        let inner = with(rt, Probe::new(&log, "inner").reasons(), async |_| {
            pending::<Result<(), Failed>>().await
        });
        inner.await.unwrap();
        Ok::<_, Failed>(())
    });
    let ended = within_patience(rt, ended, || log.trace()).await;
    let trace = log.trace();
    if !log.has("+inner") {
        // This machine is slow: it elapsed before the body came so far, or had begun.
        assert!(trace.starts_with("elapsed"), "{trace}");
        return;
    }
    let error = ExitError::Failed(Failed("too long"));
    assert_eq!(ended, Err(ScopeError::Withdrawn(Some(error))));
    log.assert("+inner -inner:cancelled elapsed insert,back");
}

// GM-22, GM-23
pub async fn a_child_that_fails_beside_the_body_cancels_it<R: Runtime>(rt: &R) {
    let log = Log::new();
    let (own_rt, own) = (rt.clone(), log.clone());
    let scope = scope_fn_borrowing(async move |lend: LendMut<'_, Lent>| {
        let mut connection = Vec::new();
        let mut transaction = Transaction {
            connection: &mut connection,
        };
        let beside = own.clone();
        let ended = task_group(&own_rt, async |group| {
            group.spawn(async move {
                beside
                    .when(|events| events.contains(&"+inner".to_owned()))
                    .await;
                Err::<(), _>(Failed("the link"))
            });
            Ok(lend.lend(&mut transaction).await)
        });
        let ended = ended.await;
        transaction.end("back").await;
        own.push(connection.join(","));
        ended.map_err(|errors| errors.into_leaves().next().unwrap())
    });
    let ended = with_borrowing(rt, scope, async |transaction| {
        transaction.execute("insert").await;
        let inner = with(rt, Probe::new(&log, "inner").reasons(), async |_| {
            pending::<Result<(), Failed>>().await
        });
        inner.await.unwrap();
        Ok::<_, Failed>(())
    });
    let ended = within_patience(rt, ended, || log.trace()).await;
    let error = ExitError::Failed(Failed("the link"));
    assert_eq!(ended, Err(ScopeError::Withdrawn(Some(error))));
    log.assert("+inner -inner:cancelled insert,back");
}

// GM-23, K2, K3: cleanups that foreign code left in the body, and that of the body itself.
pub async fn what_the_body_leaves_comes_before_the_tear_down(rt: &impl Runtime) {
    let log = Log::new();
    let leave = async |name: &str| {
        let left = with(rt, Probe::new(&log, name).exit_yields(3), async |_| {
            pending::<Result<(), Failed>>().await
        });
        drop(begun(left));
    };
    let completed = with_borrowing(rt, transaction(&log), async |_| {
        leave("a").await;
        Ok::<_, Failed>(())
    });
    completed.await.unwrap();
    log.assert("+a -a commit:completed");
    let log = Log::new();
    let cancelled = with_borrowing(rt, transaction(&log), async |_| {
        let left = with(rt, Probe::new(&log, "b").exit_yields(3), async |_| {
            pending::<Result<(), Failed>>().await
        });
        left.await.unwrap();
        Ok::<_, Failed>(())
    });
    either(cancelled, yields(3)).await;
    log.assert("+b -b back:cancelled");
}

// GM-24, GM-23
pub async fn scopes_around_a_lending_by_reference_are_exited_behind_it<R: Runtime>(rt: &R) {
    let log = Log::new();
    let layered = || {
        let (rt, log) = (rt.clone(), log.clone());
        scope_fn_borrowing(async move |lend: LendMut<'_, Lent>| {
            let outer = with(&rt, Probe::new(&log, "outer").reasons(), async |_| {
                let inner = with(&rt, Probe::new(&log, "inner").reasons(), async |_| {
                    let mut connection = Vec::new();
                    let mut transaction = Transaction {
                        connection: &mut connection,
                    };
                    let ended = lend.lend(&mut transaction).await;
                    transaction.end("behind").await;
                    log.push(format_args!("{}:{}", connection.join(","), ended.kind()));
                    Ok::<_, Failed>(ended)
                });
                Ok::<_, Failed>(inner.await.unwrap())
            });
            Ok::<_, Failed>(outer.await.unwrap())
        })
    };
    let ended = with_borrowing(rt, layered(), async |transaction| {
        transaction.execute("a").await;
        Err::<(), _>(Failed("refused"))
    });
    assert_eq!(ended.await, Err(ScopeError::Body(Failed("refused"))));
    log.assert("+outer +inner a,behind:failed -inner:completed -outer:completed");
    let endless = with_borrowing(rt, layered(), async |transaction| {
        transaction.execute("b").await;
        pending::<Result<(), Failed>>().await
    });
    either(endless, yields(3)).await;
    let trace = log.trace();
    assert!(
        trace.ends_with("+outer +inner b,behind:cancelled -inner:completed -outer:completed"),
        "{trace}"
    );
}

// K9, CM-23, GM-23
pub async fn a_budget_bounds_the_tear_down_of_a_borrowing_frame(rt: &impl Runtime) {
    const BUDGET: Duration = Duration::from_millis(2);
    let log = Log::new();
    let own = log.clone();
    let scope = scope_fn_borrowing(async move |lend: LendMut<'_, Lent>| {
        let mut connection = Vec::new();
        let mut transaction = Transaction {
            connection: &mut connection,
        };
        let ended = lend.lend(&mut transaction).await;
        own.when(|events| events.contains(&"go".to_owned())).await;
        transaction.end("late").await;
        own.push(connection.join(","));
        Ok::<_, Failed>(ended)
    });
    let body = async |_: &mut Transaction<'_>| Ok::<_, Failed>(());
    let ended = with_borrowing(rt, scope, body).budget(BUDGET);
    let ended = within_patience(rt, ended, || log.trace()).await;
    let error = ExitError::OverBudget(BUDGET);
    assert_eq!(ended, Err(ScopeError::Exit { error, value: () }));
    log.push("go");
    log.seen(rt, "late").await;
}

// GM-23: the lending is leaked, and its body with it.
pub async fn a_body_that_cannot_be_reached_is_reported(rt: &impl Runtime) {
    let (reports, held) = (Reports::begin(), Arc::new(()));
    let scope = scope_fn_borrowing(async |lend: LendMut<'_, Lent>| {
        let mut connection = Vec::new();
        let mut transaction = Transaction {
            connection: &mut connection,
        };
        let mut lending = Box::pin(lend.lend(&mut transaction));
        for _ in 0..2 {
            assert!(lending.as_mut().now_or_never().is_none());
            yields(1).await;
        }
        std::mem::forget(lending);
        transaction.end("alone").await;
        Err(Failed("leaked"))
    });
    let ended = with_borrowing(rt, scope, async |_| {
        let _held = held.clone();
        pending::<Result<(), Failed>>().await
    });
    let location = format!("{}:{}", file!(), line!() - 4);
    let ended = within_patience(rt, ended, || "it hangs".to_owned()).await;
    let error = ExitError::Failed(Failed("leaked"));
    assert_eq!(ended, Err(ScopeError::Withdrawn(Some(error))));
    assert_eq!(Arc::strong_count(&held), 2);
    let here = reports.here();
    let told = here.iter().filter(|told| told.contains(&location));
    assert_eq!(told.count(), 1, "{here:?}");
}

// GM-23, CM-15, GM-19: they move between the threads of the runtime, some of them in sets of futures,
// and some are cancelled.
pub async fn borrowing_frames_on_many_threads_keep_apart<R: Runtime>(rt: &R) {
    let log = Log::new();
    let count = stress(64);
    let mut tasks = FuturesUnordered::new();
    for n in 0..count {
        let (own_rt, own) = (rt.clone(), log.clone());
        tasks.push(rt.spawn(async move {
            let scope = scope_fn_borrowing(async move |lend: LendMut<'_, Lent>| {
                let mut connection = vec![n.to_string()];
                let mut transaction = Transaction {
                    connection: &mut connection,
                };
                let mut set = FuturesUnordered::new();
                set.push(lend.lend(&mut transaction));
                yields(n % 3).await;
                let ended = set.next().await.unwrap();
                drop(set);
                transaction.end("end").await;
                own.push(connection.join(","));
                Ok::<_, Failed>(ended)
            });
            let scoped = with_borrowing(&own_rt, scope, async |transaction| {
                for _ in 0..n % 5 {
                    transaction.execute("x").await;
                }
                if n % 2 == 0 {
                    pending::<()>().await;
                }
                Ok::<_, Failed>(())
            });
            if n % 2 == 0 {
                let mut scoped = Box::pin(scoped);
                for _ in 0..12 {
                    assert!(poll_now(scoped.as_mut()).is_pending());
                    yields(1).await;
                }
                cancel(scoped).await;
            } else {
                scoped.await.unwrap();
            }
        }));
    }
    while let Some(ended) = tasks.next().await {
        ended.unwrap();
    }
    for n in 0..count {
        let steps = ",x".repeat(n % 5);
        assert!(log.has(&format!("{n}{steps},end")), "{n}");
    }
}

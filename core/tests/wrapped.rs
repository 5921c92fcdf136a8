//! Functions that run in a scope, each call in one of its own; and types that are scopes by one method.

#![cfg(feature = "std")]

mod common;

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::thread;

use common::{Numbered, Slow, Trace, drive, now, send, waits, yield_now};
use withal_core::runtime::NoExecutor;
use withal_core::scope::{
    Compose, Ended, ExitError, Lend, LocalCompose, ScopeError, scope_fn, wrapped, wrapped_lending,
};
use withal_core::{Scope, cancel, with};

/// As a runtime with several threads does: the future moves to another one.
fn spawn<F: Future<Output: Send> + Send + 'static>(future: F) -> F::Output {
    thread::spawn(|| drive(future)).join().unwrap()
}

/// A closure scope that logs its way.
fn logged(log: &Trace) -> impl Scope<Resource = u32, Error = &'static str> + use<> {
    let log = log.clone();
    scope_fn(async move |lend: Lend<u32>| {
        log.push("+".to_owned());
        let (number, ended) = lend.lend(1).await;
        yield_now().await;
        log.push(format!("-{number}:{}", ended.kind()));
        Ok::<_, &str>(ended)
    })
}

async fn length(text: &str) -> Result<usize, String> {
    yield_now().await;
    if text.is_empty() {
        return Err(String::from("empty"));
    }
    Ok(text.len())
}

// SM-10, SM-11, SM-12, GM-21
#[test]
fn each_call_runs_in_a_scope_of_its_own() {
    let log = spawn(async {
        let log = Trace::default();
        let length = wrapped(&NoExecutor::new(), || logged(&log), length);
        let text = String::from("abc");
        assert_eq!(length.call(text.as_str()).await, Ok(3));
        let failed = length.call("").await;
        assert_eq!(failed, Err(ScopeError::Body(String::from("empty"))));
        log.take()
    });
    assert_eq!(log, "+ -1:completed + -1:failed");
}

// SM-10
#[test]
fn it_enters_when_it_is_first_polled() {
    let log = Trace::default();
    let length = wrapped(&NoExecutor::new(), || logged(&log), length);
    let call = length.call("abc");
    assert_eq!(log.take(), "");
    drop(call);
    assert_eq!(log.take(), "");
    let mut call = Box::pin(length.call("abc"));
    waits(call.as_mut());
    assert_eq!(log.take(), "+");
    drive(cancel(call));
    assert_eq!(log.take(), "-1:cancelled");
}

// SM-12
#[test]
fn the_function_may_get_what_the_scope_lends() {
    let (log, factor) = (Trace::default(), String::from("3"));
    let times = wrapped_lending(
        &NoExecutor::new(),
        || logged(&log),
        async |number: &mut u32, (a, b): (u32, &str)| {
            yield_now().await;
            *number = a * b.parse::<u32>()? * factor.parse::<u32>()?;
            Ok::<_, std::num::ParseIntError>(*number)
        },
    );
    assert_eq!(drive(send(times.call((2, "7")))), Ok(42));
    drive(times.call((2, "x"))).unwrap_err();
    assert_eq!(log.take(), "+ -42:completed + -1:failed");
}

// SM-12, CM-15: in a task that must be `Send`, with what the function borrows from it or owns.
#[test]
fn the_function_may_borrow_from_the_task() {
    let sums = spawn(async {
        let (log, text, owned) = (Trace::default(), String::from("abc"), String::from("d"));
        let plain = wrapped(
            &NoExecutor::new(),
            || logged(&log),
            async |more: usize| {
                yield_now().await;
                Ok::<_, Infallible>(text.len() + more)
            },
        );
        let lending = wrapped_lending(
            &NoExecutor::new(),
            || logged(&log),
            async move |number: &mut u32, more: &str| {
                yield_now().await;
                *number += 1;
                Ok::<_, Infallible>(format!("{owned}{more}{number}"))
            },
        );
        let sum = plain.call(4).await.unwrap();
        let twice = plain.call(sum).await.unwrap();
        let text = lending.call(text.as_str()).await.unwrap();
        (twice, text + &lending.call("x").await.unwrap())
    });
    assert_eq!(sums, (10, String::from("dabc2dx2")));
}

// SM-12: the error of the scope itself.
#[test]
fn errors_of_the_scope_arrive_through_the_call() {
    let strict = || {
        scope_fn(async |lend: Lend<()>| {
            let ((), ended) = lend.lend(()).await;
            if ended.is_completed() {
                return Ok(ended);
            }
            Err("torn")
        })
    };
    let length = wrapped(&NoExecutor::new(), strict, length);
    assert_eq!(drive(length.call("a")), Ok(1));
    let both = ScopeError::Both {
        body: String::from("empty"),
        exit: ExitError::Failed("torn"),
    };
    assert_eq!(drive(length.call("")), Err(both));
}

// SM-11, GM-21: calls that are open at once, of one function.
#[test]
fn it_may_call_itself_and_be_called_side_by_side() {
    fn countdown(log: &Trace, n: u32) -> Pin<Box<dyn Future<Output = u32> + Send + '_>> {
        let step = wrapped_lending(
            &NoExecutor::new(),
            || logged(log),
            async |number: &mut u32, n: u32| {
                *number = n;
                let below = if n == 0 {
                    0
                } else {
                    countdown(log, n - 1).await
                };
                Ok::<_, Infallible>(below + n)
            },
        );
        Box::pin(async move { step.call(n).await.unwrap() })
    }
    let log = Trace::default();
    assert_eq!(drive(countdown(&log, 3)), 6);
    assert_eq!(
        log.take(),
        "+ + + + -0:completed -1:completed -2:completed -3:completed"
    );

    let length = wrapped(&NoExecutor::new(), || logged(&log), length);
    let (a, b) = (length.call("a"), length.call("bc"));
    let both = drive(futures_util::future::join(a, b));
    assert_eq!(both, (Ok(1), Ok(2)));
    assert_eq!(log.take(), "+ + -1:completed -1:completed");
}

// SM-10: leaked, a call stands still; dropped hard, it is exited by whoever is around.
#[test]
fn a_call_that_is_leaked_or_dropped() {
    let (rt, log) = (NoExecutor::new(), Trace::default());
    let length = wrapped(&rt, || logged(&log), length);
    let around = with(&rt, Slow::new("around", &log), async |()| {
        let mut call = Box::pin(length.call("abc"));
        waits(call.as_mut());
        drop(call);
        Ok::<_, Infallible>(())
    });
    drive(around).unwrap();
    assert_eq!(log.take(), "+around + -1:cancelled -around");
    let mut call = Box::pin(length.call("abc"));
    waits(call.as_mut());
    std::mem::forget(call);
    assert_eq!(log.take(), "+");
}

// SM-10, CM-15: on one thread, with what cannot be sent.
#[test]
fn it_may_stay_on_its_thread() {
    let shared = Rc::new(2);
    let function = async |mine: Rc<u32>| {
        yield_now().await;
        Ok::<_, Infallible>(Rc::new(*mine + *shared))
    };
    let sum = wrapped(&NoExecutor::new(), || Numbered::new(1), function);
    assert_eq!(drive(sum.call(shared.clone())), Ok(Rc::new(4)));
}

/// A service of two parts.
struct Service {
    rt: NoExecutor,
    log: Trace,
}

impl Compose for Service {
    type Resource = u32;
    type Error = Infallible;

    async fn hold(self, lend: Lend<u32>) -> Result<Ended, Infallible> {
        let ended = with(&self.rt, Numbered::traced(1, &self.log), async |_| {
            let inner = with(&self.rt, Slow::new("inner", &self.log), async |()| {
                let (_, ended) = lend.lend(7).await;
                self.log.push(ended.kind().to_string());
                Ok::<_, Infallible>(ended)
            });
            Ok::<_, Infallible>(inner.await.unwrap())
        });
        Ok(ended.await.unwrap())
    }
}

// SM-14, GM-24
#[test]
fn a_type_composes_its_scope_of_others() {
    let log = spawn(async {
        let (rt, log) = (NoExecutor::new(), Trace::default());
        let service = || {
            let log = log.clone();
            Service { rt, log }.into_scope()
        };
        let used = with(&rt, service(), async |number| {
            yield_now().await;
            Ok::<_, String>(*number)
        });
        assert_eq!(used.await, Ok(7));
        let failed = with(&rt, service(), async |_| Err::<(), _>("no"));
        assert_eq!(failed.await, Err(ScopeError::Body("no")));
        let mut endless = Box::pin(with(&rt, service(), async |_| {
            std::future::pending::<Result<(), Infallible>>().await
        }));
        assert!(futures_util::poll!(endless.as_mut()).is_pending());
        cancel(endless).await;
        log.take()
    });
    let all = ["completed", "failed", "cancelled"];
    let all = all.map(|kind| format!("+1 +inner {kind} -inner -1"));
    assert_eq!(log, all.join(" "));
}

// SM-14: by its own name in what is told of it.
#[test]
fn a_composed_scope_is_told_by_its_name() {
    let (rt, log) = (NoExecutor::new(), Trace::default());
    let scoped = with(&rt, Service { rt, log }.into_scope(), async |_| {
        Ok::<_, Infallible>(())
    });
    let told = format!("{scoped:?}");
    assert!(told.contains("wrapped::Service"), "{told}");
}

// SM-14, A-8
#[test]
#[should_panic(expected = "a composed scope was entered twice")]
fn hooks_that_are_called_by_hand_twice() {
    let (rt, log) = (NoExecutor::new(), Trace::default());
    let mut scope = Service { rt, log }.into_scope();
    for _ in 0..2 {
        now(scope.enter()).unwrap();
    }
}

struct Shared(Rc<u32>);

impl LocalCompose for Shared {
    type Resource = Rc<u32>;
    type Error = Infallible;

    async fn hold(self, lend: Lend<Rc<u32>>) -> Result<Ended, Infallible> {
        yield_now().await;
        let (_, ended) = lend.lend(self.0.clone()).await;
        yield_now().await;
        Ok(ended)
    }
}

// SM-14, K8
#[test]
fn a_type_of_one_thread_composes_its_scope() {
    let (rt, shared) = (NoExecutor::new(), Rc::new(3));
    let users = with(
        &rt,
        Shared(shared.clone()).into_local_scope(),
        async |mine| {
            yield_now().await;
            Ok::<_, Infallible>(Rc::strong_count(mine))
        },
    );
    assert_eq!(drive(users).unwrap(), 3);
    assert_eq!(Rc::strong_count(&shared), 1);
}

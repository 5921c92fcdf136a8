//! What can be a closure scope.

#![cfg(feature = "std")]

mod common;

use std::convert::Infallible;
use std::future::{Future as _, poll_fn};
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};

use common::{Numbered, now, send};
use futures_util::FutureExt;
use withal_core::runtime::{Cleanup, NoExecutor};
use withal_core::scope::{Ended, ExitError, ExitKind, ExitReason, Lend, ScopeError, scope_fn};
use withal_core::{Scope, with};

// GM-2, GM-5
#[test]
fn a_closure_whose_token_is_inferred() {
    let rt = NoExecutor::new();
    let scope = scope_fn(async |lend| {
        let (_, ended) = lend.lend(3_u32).await;
        Ok::<_, Infallible>(ended)
    });
    let value = now(send(with(&rt, scope, async |number| {
        Ok::<_, String>(*number)
    })));
    assert_eq!(value, Ok(3));
}

async fn numbers(lend: Lend<u32>) -> Result<Ended, Infallible> {
    let (_, ended) = lend.lend(4).await;
    Ok(ended)
}

// GM-2
#[test]
fn an_async_function() {
    let rt = NoExecutor::new();
    let scope = scope_fn(numbers);
    let value = now(send(with(&rt, scope, async |number| {
        Ok::<_, String>(*number)
    })));
    assert_eq!(value, Ok(4));
}

/// A function that makes a closure scope serves as often as it is called.
fn logged(name: &'static str, log: &Arc<Mutex<Vec<String>>>) -> impl Scope<Resource = String> {
    let log = log.clone();
    scope_fn(async move |lend: Lend<String>| {
        let (said, ended) = lend.lend(name.to_owned()).await;
        log.lock()
            .unwrap()
            .push(format!("{said}: {}", ended.kind()));
        Ok::<_, Infallible>(ended)
    })
}

// GM-15, GM-7, CM-26
#[test]
fn a_function_that_returns_one() {
    let rt = NoExecutor::new();
    let log = Arc::default();
    now(send(async {
        let first = with(&rt, logged("a", &log), async |said| {
            said.push('!');
            Ok::<_, String>(())
        });
        first.await.unwrap();
        let second = with(&rt, logged("b", &log), async |_| {
            Err::<(), _>(String::from("no"))
        });
        second.await.unwrap_err();
    }));
    assert_eq!(*log.lock().unwrap(), ["a!: completed", "b: failed"]);
}

/// A closure scope that uses a scope.
fn layered<R: Cleanup>(rt: &R) -> impl Scope<Resource = u32> {
    let rt = rt.clone();
    scope_fn(async move |lend: Lend<u32>| {
        let ended = with(&rt, Numbered::new(5), async |number| {
            let (_, ended) = lend.lend(*number).await;
            Ok::<_, Infallible>(ended)
        });
        ended.await.map_err(|error| error.without_value())
    })
}

// GM-2, CM-31
#[test]
fn a_closure_that_lends_inside_of_a_scope() {
    let rt = NoExecutor::new();
    let value = now(send(with(&rt, layered(&rt), async |number| {
        Ok::<_, String>(*number)
    })));
    assert_eq!(value.ok(), Some(5));
}

// GM-7: the closure looks at the error of a failed body.
#[test]
fn a_closure_that_looks_at_the_error() {
    let rt = NoExecutor::new();
    let seen = Arc::new(Mutex::new(None));
    let mine = seen.clone();
    let scope = scope_fn(async move |lend: Lend<()>| {
        let look = |reason: withal_core::ExitReason<'_>| {
            reason
                .failure()
                .and_then(|failure| failure.downcast_ref::<String>().cloned())
        };
        let ((), ended, error) = lend.lend_with_look((), look).await;
        assert_eq!(ended.kind(), ExitKind::Failed);
        *mine.lock().unwrap() = error;
        Ok::<_, Infallible>(ended)
    });
    let result = now(send(with(&rt, scope, async |()| {
        Err::<(), _>(String::from("no"))
    })));
    assert!(result.is_err());
    assert_eq!(seen.lock().unwrap().as_deref(), Some("no"));
}

// GM-7, K11: a look that panics does so in the closure, which may go on.
#[test]
fn a_look_that_panics() {
    let (rt, log) = (NoExecutor::new(), Arc::new(Mutex::new(String::new())));
    let own = log.clone();
    let scope = scope_fn(async move |lend: Lend<u32>| {
        let look = |_: ExitReason<'_>| resume_unwind(Box::new("look"));
        let lending = lend.lend_with_look(3, look);
        let ended: Result<(u32, Ended, ()), _> = AssertUnwindSafe(lending).catch_unwind().await;
        let panic = ended.unwrap_err().downcast::<&str>().unwrap();
        own.lock().unwrap().push_str(&panic);
        Err::<Ended, _>("torn")
    });
    let ended = now(with(&rt, scope, async |number| Ok::<_, String>(*number)));
    let exit = ScopeError::Exit {
        error: ExitError::Failed("torn"),
        value: 3,
    };
    assert_eq!(ended, Err(exit));
    assert_eq!(*log.lock().unwrap(), "look");
}

struct Boom;

impl Wake for Boom {
    fn wake(self: Arc<Self>) {
        resume_unwind(Box::new("woken"))
    }
}

// GM-12: whatever the waker is that the closure polls its lending with.
#[test]
fn a_waker_that_panics_keeps_no_tear_down_from_running() {
    let (rt, torn) = (NoExecutor::new(), Arc::new(Mutex::new(None)));
    let own = torn.clone();
    let scope = scope_fn(async move |lend: Lend<u32>| {
        let boom = Waker::from(Arc::new(Boom));
        let mut lending = pin!(lend.lend(3));
        let lent = poll_fn(|_| lending.as_mut().poll(&mut Context::from_waker(&boom)));
        let (number, ended) = lent.await;
        *own.lock().unwrap() = Some(number);
        Ok::<_, Infallible>(ended)
    });
    let ended = now(with(&rt, scope, async |number| {
        *number += 1;
        Ok::<_, String>(*number)
    }));
    assert_eq!(ended, Ok(4));
    assert_eq!(*torn.lock().unwrap(), Some(4));
}

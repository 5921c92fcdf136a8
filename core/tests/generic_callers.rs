//! Scopes in code that is generic over the runtime, the scope or the body.

#![cfg(feature = "std")]

mod common;

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;

use common::{Numbered, now, send};
use withal_core::runtime::{Cleanup, NoExecutor, Runtime};
use withal_core::scope::Manager;
use withal_core::{Body, Scope, enter_in, with};

async fn over_runtime_and_scope<R, S>(rt: &R, scope: S) -> Option<u32>
where
    R: Cleanup,
    S: Scope<Resource = u32>,
{
    with(rt, scope, async |number| {
        *number += 1;
        Ok::<_, String>(*number)
    })
    .await
    .ok()
}

// CM-15
#[test]
fn over_the_runtime_and_the_scope() {
    let rt = NoExecutor::new();
    let value = now(send(over_runtime_and_scope(&rt, Numbered::new(1))));
    assert_eq!(value, Some(2));
}

async fn over_anonymous_types(rt: &impl Cleanup, scope: impl Scope<Resource = u32>) -> Option<u32> {
    let guard = enter_in(rt, scope).await.ok()?;
    let number = *guard;
    guard.exit(Ok::<_, String>(number)).await.ok()
}

// CM-15, CM-28
#[test]
fn over_anonymous_types_in_guard_style() {
    let rt = NoExecutor::new();
    let value = now(send(over_anonymous_types(&rt, Numbered::new(1))));
    assert_eq!(value, Some(1));
}

async fn over_bodies<S, F, T, E>(rt: &impl Cleanup, scope: S, body: F) -> Result<T, String>
where
    S: Scope,
    F: for<'a> Body<&'a mut S::Resource, Out = Result<T, E>>
        + for<'a> AsyncFnOnce(&'a mut S::Resource) -> Result<T, E>,
    E: Debug + Send + Sync + 'static,
{
    with(rt, scope, body)
        .await
        .map_err(|error| format!("{error:?}"))
}

// CM-15, A-14
#[test]
fn over_bodies_that_are_passed_on() {
    let rt = NoExecutor::new();
    let mut seen = 0;
    let value = now(send(over_bodies(&rt, Numbered::new(5), async |number| {
        seen = *number;
        Ok::<_, String>(seen + 1)
    })));
    assert_eq!((value, seen), (Ok(6), 5));
}

/// Code that spawns can ask for what it needs, which a plain `AsyncFnOnce` cannot express.
fn over_send_bodies<'r, R, S, F>(
    rt: &'r R,
    scope: S,
    body: F,
) -> Pin<Box<dyn Future<Output = Option<u32>> + Send + 'r>>
where
    R: Cleanup,
    S: Scope<Resource = u32> + 'r,
    F: for<'a> Body<&'a mut u32, Out = Result<u32, String>, Fut: Send>
        + for<'a> AsyncFnOnce(&'a mut u32) -> Result<u32, String>
        + Send
        + 'r,
{
    Box::pin(async move {
        // The bound on `Fut` is the caller's promise; a scope needs none.
        with(rt, scope, body).await.ok()
    })
}

// CM-15
#[test]
fn over_bodies_whose_future_is_send() {
    async fn body(number: &mut u32) -> Result<u32, String> {
        Ok(*number)
    }
    let rt = NoExecutor::new();
    let value = now(send(over_send_bodies(&rt, Numbered::new(5), body)));
    assert_eq!(value, Some(5));
}

async fn over_managers<M: Manager>(rt: &impl Cleanup, scope: M) -> bool {
    with(rt, scope, async |_| Ok::<_, String>(())).await.is_ok()
}

// CM-15, K8
#[test]
fn over_scopes_of_either_kind() {
    let rt = NoExecutor::new();
    assert!(now(over_managers(&rt, Numbered::new(1))));
}

// CM-15
#[test]
fn in_an_erased_future() {
    let rt = NoExecutor::new();
    let scopes: Vec<Pin<Box<dyn Future<Output = u32> + Send + '_>>> = vec![
        Box::pin(async {
            with(&rt, Numbered::new(1), async |number| {
                Ok::<_, String>(*number)
            })
            .await
            .unwrap_or(0)
        }),
        Box::pin(async {
            over_runtime_and_scope(&rt, Numbered::new(1))
                .await
                .unwrap_or(0)
        }),
    ];
    let sum: u32 = scopes.into_iter().map(now).sum();
    assert_eq!(sum, 3);
}

// CM-15: a scope itself is the future, without a block around it.
#[test]
fn as_an_erased_future() {
    let rt = NoExecutor::new();
    let scope: Pin<Box<dyn Future<Output = bool> + Send + '_>> = {
        use futures_util::FutureExt;
        Box::pin(with(&rt, Numbered::new(1), async |_| Ok::<_, String>(())).map(|end| end.is_ok()))
    };
    assert!(now(scope));
}

/// Compiles: code over a whole runtime.
async fn _over_whole_runtimes(rt: &impl Runtime) -> u32 {
    with(rt, Numbered::new(1), async |number| {
        rt.sleep(std::time::Duration::ZERO).await;
        let more = rt.spawn(async { 1 }).await.unwrap_or_default();
        Ok::<_, String>(*number + more)
    })
    .await
    .unwrap_or(0)
}

/// Compiles: code over a runtime, in a task of that runtime, and so `Send`.
///
/// `Timer::Sleep` and `Spawn::Task` are `Send`, and a runtime is `Sync`.
fn _a_task_over_whole_runtimes(rt: &impl Runtime) {
    let inner = rt.clone();
    drop(rt.spawn(async move { _over_whole_runtimes(&inner).await }));
}

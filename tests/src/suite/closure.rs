//! Scopes written as one closure.

use std::pin::pin;
use std::sync::Arc;

use futures_util::future::pending;
use withal::runtime::Runtime;
use withal::scope::{Ended, ExitError, Lend, scope_fn};
use withal::{ExitReason, ScopeError, either, scope::Failure, with};

use crate::Log;
use crate::poll::{caught, poll_now, yields};
use crate::probe::Failed;

/// The table of these cases, given to the macro `$make`.
#[doc(hidden)]
#[macro_export]
macro_rules! closure_cases {
    ($make:ident $with:tt $of:tt) => {
        $crate::$make! { $with $of closure:
            making_it_runs_nothing,
            it_sets_up_lends_and_tears_down,
            an_error_before_lending_is_that_of_enter,
            an_error_behind_lending_is_that_of_the_exit,
            the_lending_tells_the_four_ends_apart,
            a_body_error_passes_a_closure_that_ends_well,
            a_look_sees_the_error,
            a_function_that_returns_the_scope_serves_for_more,
            the_proof_of_another_scope_is_refused,
        }
    };
}

/// A closure scope that logs its way.
async fn lends(log: Log, lend: Lend<u32>) -> Result<Ended, Failed> {
    log.push("set-up");
    yields(1).await;
    let (resource, ended) = lend.lend(1).await;
    yields(1).await;
    log.push(format_args!("tear-down:{}:{resource}", ended.kind()));
    Ok(ended)
}

// GM-1
pub async fn making_it_runs_nothing(rt: &impl Runtime) {
    let log = Log::new();
    let own = log.clone();
    let scope = scope_fn(async move |lend: Lend<u32>| lends(own, lend).await);
    log.assert("");
    let scoped = with(rt, scope, async |_| Ok::<_, Failed>(()));
    log.assert("");
    drop(scoped);
    log.assert("");
}

// GM-2, GM-5, GM-7, GM-23
pub async fn it_sets_up_lends_and_tears_down(rt: &impl Runtime) {
    let log = Log::new();
    let own = log.clone();
    let scope = scope_fn(async move |lend: Lend<u32>| lends(own, lend).await);
    let value = with(rt, scope, async |resource| {
        log.push("body");
        *resource += 41;
        yields(1).await;
        Ok::<_, Failed>("value")
    })
    .await;
    assert_eq!(value, Ok("value"));
    log.assert("set-up body tear-down:completed:42");
}

// GM-4, CM-3
pub async fn an_error_before_lending_is_that_of_enter(rt: &impl Runtime) {
    let log = Log::new();
    let scope = scope_fn(async move |lend: Lend<u32>| {
        yields(1).await;
        let set_up: Result<u32, Failed> = Err(Failed("no luck"));
        let (_, ended) = lend.lend(set_up?).await;
        Ok(ended)
    });
    let ended = with(rt, scope, async |_| {
        log.push("body");
        Ok::<_, Failed>(())
    });
    assert_eq!(ended.await, Err(ScopeError::Enter(Failed("no luck"))));
    log.assert("");
}

// GM-5, CM-7
pub async fn an_error_behind_lending_is_that_of_the_exit(rt: &impl Runtime) {
    let scope = scope_fn(async move |lend: Lend<u32>| {
        let (resource, ended) = lend.lend(1).await;
        if resource == 2 {
            return Err(Failed("torn"));
        }
        Ok(ended)
    });
    let ended = with(rt, scope, async |resource| {
        *resource = 2;
        Ok::<_, Failed>(7)
    });
    let error = ExitError::Failed(Failed("torn"));
    assert_eq!(ended.await, Err(ScopeError::Exit { error, value: 7 }));
}

// GM-7, GM-12, GM-19, A-1
pub async fn the_lending_tells_the_four_ends_apart(rt: &impl Runtime) {
    let log = Log::new();
    let scope = || {
        let log = log.clone();
        scope_fn(async move |lend: Lend<u32>| lends(log, lend).await)
    };
    with(rt, scope(), async |_| Ok::<_, Failed>(()))
        .await
        .unwrap();
    let failed = with(rt, scope(), async |_| Err::<(), _>(Failed("refused")));
    failed.await.unwrap_err();
    let endless = with(rt, scope(), async |_| pending::<Result<(), Failed>>().await);
    // It lends at its second poll.
    either(endless, yields(3)).await;
    let panics = async |_: &mut u32| -> Result<(), Failed> { panic!("on purpose") };
    caught(with(rt, scope(), panics)).await.unwrap_err();
    log.assert(
        "set-up tear-down:completed:1 set-up tear-down:failed:1 \
         set-up tear-down:cancelled:1 set-up tear-down:panicked:1",
    );
}

// GM-9, CM-6
pub async fn a_body_error_passes_a_closure_that_ends_well(rt: &impl Runtime) {
    let log = Log::new();
    let own = log.clone();
    let scope = scope_fn(async move |lend: Lend<u32>| lends(own, lend).await);
    let ended = with(rt, scope, async |_| Err::<(), _>(Failed("refused"))).await;
    assert_eq!(ended, Err(ScopeError::Body(Failed("refused"))));
    log.assert("set-up tear-down:failed:1");
}

// GM-7, A-1
pub async fn a_look_sees_the_error(rt: &impl Runtime) {
    let log = Log::new();
    let own = log.clone();
    let scope = scope_fn(async move |lend: Lend<u32>| {
        let look = |reason: ExitReason<'_>| reason.failure().map(text);
        let (_, ended, text) = lend.lend_with_look(1, look).await;
        own.push(text.unwrap());
        Ok::<_, Failed>(ended)
    });
    let ended = with(rt, scope, async |_| Err::<(), _>(Failed("refused"))).await;
    assert_eq!(ended, Err(ScopeError::Body(Failed("refused"))));
    log.assert("refused");
}

fn text(failure: Failure<'_>) -> &'static str {
    failure.downcast_ref::<Failed>().unwrap().0
}

// GM-15, CM-26
pub async fn a_function_that_returns_the_scope_serves_for_more(rt: &impl Runtime) {
    let log = Log::new();
    let scope = |name: &'static str| {
        let log = log.clone();
        scope_fn(async move |lend: Lend<&'static str>| {
            let (name, ended) = lend.lend(name).await;
            log.push(name);
            Ok::<_, Failed>(ended)
        })
    };
    with(rt, scope("a"), async |_| {
        with(rt, scope("b"), async |_| Ok::<_, Failed>(()))
            .await
            .unwrap();
        Ok::<_, Failed>(())
    })
    .await
    .unwrap();
    with(rt, scope("c"), async |_| Ok::<_, Failed>(()))
        .await
        .unwrap();
    log.assert("b a c");
}

// GM-3, A-8
pub async fn the_proof_of_another_scope_is_refused(rt: &impl Runtime) {
    let proof = Arc::new(std::sync::Mutex::new(None));
    let own = proof.clone();
    let first = scope_fn(async move |lend: Lend<u32>| {
        let (_, ended) = lend.lend(1).await;
        *own.lock().unwrap() = Some(ended);
        // Never comes back: its exit is not waited for here.
        pending::<Result<Ended, Failed>>().await
    });
    let mut first = Box::pin(with(rt, first, async |_| Ok::<_, Failed>(())));
    assert!(poll_now(first.as_mut()).is_pending());
    let stolen = proof.lock().unwrap().take().unwrap();
    let second = scope_fn(async move |_lend: Lend<u32>| Ok::<_, Failed>(stolen));
    let second = with(rt, second, async |_| Ok::<_, Failed>(()));
    let text = caught(pin!(second)).await.unwrap_err();
    assert!(text.contains("the proof of another scope"), "{text}");
    // An exit that never ends would occupy the executor for as long as it lives.
    std::mem::forget(first);
}

//! Scopes that are dropped or leaked, and handles that are used at any time.

use std::future::pending;
use std::mem::forget;
use std::pin::pin;

use withal::cancel_scope::ScopeState;
use withal::runtime::Runtime;
use withal::{CancelKind, CancelScope, await_cleanup, cancel, cancel_scope};

use super::{HOUR, holds};
use crate::foreign::{begun, gives_up};
use crate::log::within_patience;
use crate::poll::{ByHand, poll_now, yields};
use crate::{Deterministic, Log, laws, stress};

// CS-3, A-4, K2
pub async fn a_dropped_scope_asks_who_watches_it(rt: &impl Runtime) {
    let log = Log::new();
    let mut scoped = cancel_scope(rt, async |_| holds(rt, &log, "a").await).timeout(HOUR);
    let handle = scoped.handle();
    let (child, mut waits) = (
        handle.token().child(),
        ByHand::waiting(handle.token().cancelled_owned()),
    );
    assert_eq!(await_cleanup(gives_up(2, scoped)).await, None);
    log.push("returned");
    log.assert("+a in-a -a:cancelled returned");
    waits.ready();
    assert_eq!(child.reason().unwrap().kind(), CancelKind::Dropped);
    assert_eq!(handle.state(), ScopeState::Finished);
    assert!(!handle.cancelled_caught() && !handle.elapsed());
    // Dropped before it began, it has done nothing.
    let mut scoped = cancel_scope(rt, async |_| ());
    let handle = scoped.handle();
    drop(scoped);
    assert!(!handle.cancel_called());
    // Dropped while it cleans up: whoever drops it waits for the rest.
    let log = Log::new();
    let scoped = cancel_scope(rt, async |scope| {
        scope.cancel();
        holds(rt, &log, "a").await;
    });
    cancel(begun(scoped)).await;
    log.push("returned");
    log.assert("+a in-a -a:cancelled returned");
}

// CS-3
pub async fn a_leaked_scope_hinders_nobody(rt: &impl Runtime) {
    let log = Log::new();
    let token = withal::CancelToken::new();
    let mut scoped = cancel_scope(rt, async |_| pending::<()>().await)
        .parent(&token)
        .timeout(HOUR);
    let handle = scoped.handle();
    let mut leaked = Box::pin(scoped);
    assert!(poll_now(leaked.as_mut()).is_pending());
    forget(leaked);
    // Its handles work; nobody comes.
    handle.reschedule(Some(rt.now())).unwrap();
    assert!(token.cancel() && handle.cancel_called());
    assert_eq!(handle.state(), ScopeState::Asked);
    let other = cancel_scope(rt, async |_| holds(rt, &log, "a").await);
    assert!(other.parent(&token).await.cancelled_caught());
}

// TC-1, TO-14, K5
pub async fn handles_outlive_their_scope_and_its_runtime(_: &impl Runtime) {
    let rt = Deterministic::new();
    let mut scoped = cancel_scope(&rt, async |_| pending::<()>().await).timeout(HOUR);
    let handle = scoped.handle();
    let mut scoped = ByHand::waiting(scoped);
    rt.shut_down();
    // Nobody's clock is needed to be asked.
    assert!(handle.cancel());
    assert!(scoped.ready().cancelled_caught());
    drop(scoped);
    drop(rt);
    assert!(!handle.cancel() && handle.reschedule(None).is_err());
    assert!(handle.deadline().is_some());
}

// CS-2, CS-3, A-9
pub async fn cancelled_by_tasks_on_many_threads<R: Runtime>(rt: &R) {
    for round in 0..stress(32) {
        let log = Log::new();
        let root = withal::CancelToken::new();
        let tasks = (0..8_usize).map(|n| {
            let (own_rt, log, root) = (rt.clone(), log.clone(), root.clone());
            rt.spawn(async move {
                let name = format!("s{n}");
                let scoped = cancel_scope(&own_rt, async |outer: CancelScope<R>| {
                    let handle = outer.clone();
                    let task = own_rt.spawn(async move {
                        yields((round + n) % 5).await;
                        _ = handle.reschedule(None);
                        handle.cancel_with("by its task")
                    });
                    let inner = cancel_scope(&own_rt, async |_| holds(&own_rt, &log, &name).await);
                    let end = inner.parent(&outer).await;
                    assert!(end.cancelled_caught());
                    task.await.unwrap()
                });
                let scoped = scoped.parent(&root).timeout(HOUR).grace(HOUR);
                let mut scoped = pin!(scoped);
                let end = scoped.as_mut().await;
                // Somebody was the first.
                let by_task = end.reason() == Some(&"by its task".into());
                assert_eq!(end.ok(), Some(by_task));
            })
        });
        let tasks: Vec<_> = tasks.collect();
        yields(round % 7).await;
        root.cancel_with("by the root");
        for task in tasks {
            within_patience(rt, task, || log.trace()).await.unwrap();
        }
        assert_eq!(log.count("+s"), 8, "{}", log.trace());
        laws::check(&log.events()).unwrap();
    }
}

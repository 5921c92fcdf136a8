//! Who is cancelled, by whom, and where that ends.

use std::time::Duration;

use withal::runtime::Runtime;
use withal::sync::Queue;
use withal::{CancelKind, CancelScope, CancelToken, cancel, cancel_scope, either};

use super::holds;
use crate::Log;
use crate::foreign::begun;
use crate::log::within_patience;
use crate::poll::{ByHand, yields};
use crate::sweep::PollTimer;

// TC-1, TO-2
pub async fn the_body_is_polled_first(_: &impl Runtime) {
    let timed = cancel_scope(&PollTimer, async |_| 7).timeout(Duration::ZERO);
    let end = ByHand::new(timed).ready();
    assert!(!end.elapsed() && end.ok() == Some(7));
    // One that waits is polled once.
    let mut polls = 0;
    let timed = cancel_scope(&PollTimer, async |_| {
        polls += 1;
        yields(1).await;
        polls += 1;
    });
    let end = ByHand::new(timed.timeout(Duration::ZERO)).ready();
    assert!(end.elapsed() && polls == 1);
}

// CS-2, CS-3, CM-21, K1
pub async fn cancelling_drops_the_body_at_its_next_wait_and_waits(rt: &impl Runtime) {
    let log = Log::new();
    let end = cancel_scope(rt, async |scope| {
        assert!(scope.cancel_with("enough"));
        assert!(scope.token().is_cancelled() && scope.cancel_called());
        log.push("goes-on");
        holds(rt, &log, "a").await;
    })
    .await;
    log.push("returned");
    assert_eq!(end.reason().unwrap().text(), Some("enough"));
    assert!(end.cancel_called() && end.cancelled_caught() && !end.elapsed());
    assert_eq!(end.or_elapsed(), Ok(None), "that is no error");
    log.assert("goes-on +a in-a -a:cancelled returned");
}

// TC-1, TC-3, CS-9
pub async fn a_scope_is_cancelled_once<R: Runtime>(rt: &R) {
    let mut scoped = cancel_scope(rt, async |scope: CancelScope<R>| {
        scope.token().cancelled().await;
        assert!(!scope.cancel_with("again"));
        // Looked at as often as you like.
        scope.token().cancelled().await;
        scope.token().check().unwrap_err()
    })
    .grace(super::HOUR);
    let handle = scoped.handle();
    let mut scoped = ByHand::waiting(scoped);
    assert!(handle.cancel_with("once") && !handle.cancel());
    assert!(scoped.woken());
    let end = within_patience(rt, scoped.when_ready(), || "it does not end".into()).await;
    assert_eq!(end.reason(), Some(&"once".into()));
    assert_eq!(end.into_result().unwrap().reason, "once".into());
    // After its end it is too late, and harmless.
    assert!(!handle.cancel());
}

// CS-2, CS-3
pub async fn a_scope_is_cancelled_from_another_task(rt: &impl Runtime) {
    let log = Log::new();
    let mut scoped = cancel_scope(rt, async |_| holds(rt, &log, "a").await);
    let (handle, begun) = (scoped.handle(), log.clone());
    let own_rt = rt.clone();
    let task = rt.spawn(async move {
        begun.seen(&own_rt, "in-a").await;
        begun.push("cancels");
        handle.cancel()
    });
    let end = within_patience(rt, scoped, || log.trace()).await;
    log.push("returned");
    assert!(end.cancelled_caught());
    assert!(within_patience(rt, task, || log.trace()).await.unwrap());
    log.assert("+a in-a cancels -a:cancelled returned");
}

// CS-3, TO-10, TO-11
pub async fn a_scope_absorbs_its_own_cancellation_and_no_other(rt: &impl Runtime) {
    let log = Log::new();
    // The inner one: the outer goes on.
    let outer = cancel_scope(rt, async |outer| {
        let inner = cancel_scope(rt, async |inner| {
            inner.cancel();
            holds(rt, &log, "a").await;
        });
        let inner = inner.parent(&outer).await;
        assert!(inner.cancelled_caught() && !outer.cancel_called());
        log.push("behind");
    });
    assert!(!outer.await.cancel_called());
    log.assert("+a in-a -a:cancelled behind");
    // The outer one: it drops the inner, which absorbs nothing, with a parent or without.
    for follows in [false, true] {
        let log = Log::new();
        let outer = cancel_scope(rt, async |outer| {
            outer.cancel_with("outer");
            let inner = cancel_scope(rt, async |_| holds(rt, &log, "a").await);
            let inner = match follows {
                true => inner.parent(&outer),
                false => inner,
            };
            let _end = inner.await;
            log.push("absorbed");
        });
        let end = outer.await;
        assert_eq!(end.reason(), Some(&"outer".into()));
        log.push("returned");
        log.assert("+a in-a -a:cancelled returned");
    }
}

// CS-3, K1, K2
pub async fn a_cancellation_from_around_is_not_absorbed(rt: &impl Runtime) {
    let log = Log::new();
    let scoped = async {
        let _end = cancel_scope(rt, async |_| holds(rt, &log, "a").await).await;
        log.push("absorbed");
    };
    cancel(begun(scoped)).await;
    log.push("returned");
    log.assert("+a in-a -a:cancelled returned");
    let scoped = async {
        let _end = cancel_scope(rt, async |_| holds(rt, &log, "b").await).await;
        log.push("absorbed");
    };
    let _raced = either(scoped, log.seen(rt, "in-b")).await;
    log.push("returned");
    log.assert("+a in-a -a:cancelled returned +b in-b -b:cancelled returned");
}

// CS-2, CS-3, TO-10
pub async fn nested_scopes_are_asked_from_the_outside(rt: &impl Runtime) {
    let (log, token) = (Log::new(), CancelToken::new());
    let outer = cancel_scope(rt, async |outer| {
        let middle = cancel_scope(rt, async |middle| {
            let inner = cancel_scope(rt, async |inner| {
                inner.token().cancelled().await;
                log.push(inner.token().reason().unwrap());
                yields(2).await;
                log.push("inner");
            });
            let end = inner.parent(&middle).grace(super::HOUR).await;
            assert!(end.cancel_called() && !end.cancelled_caught());
            yields(2).await;
            log.push("middle");
        });
        let _end = middle.parent(&outer).grace(super::HOUR).await;
        log.push("outer");
        7
    });
    let mut outer = ByHand::waiting(outer.parent(&token).grace(super::HOUR));
    token.cancel_with("all");
    let end = within_patience(rt, outer.when_ready(), || log.trace()).await;
    assert_eq!(end.reason(), Some(&"all".into()));
    assert_eq!(end.ok(), Some(7));
    log.assert("cancelled: all inner middle outer");
}

// CS-6, CS-10, TO-2
pub async fn one_cancelled_before_it_is_entered_polls_its_body_once<R: Runtime>(rt: &R) {
    let token = CancelToken::new();
    token.cancel_with(CancelKind::Shutdown);
    for by_parent in [true, false] {
        let log = Log::new();
        let mut scoped = cancel_scope(rt, async |scope: CancelScope<R>| {
            assert!(scope.cancel_called());
            // What need not wait is done, and nobody is made to wait.
            async { log.push("begun") }.await;
            yields(1).await;
            log.push("behind");
        });
        if by_parent {
            scoped = scoped.parent(&token);
        } else {
            assert!(scoped.handle().cancel_with(CancelKind::Shutdown));
        }
        let end = ByHand::new(scoped).ready();
        assert_eq!(end.reason().unwrap().kind(), CancelKind::Shutdown);
        assert!(end.cancelled_caught());
        log.assert("begun");
    }
    // And one that does not wait comes to its end.
    let ready = cancel_scope(rt, async |_| 7).parent(&token);
    let end = ByHand::new(ready).ready();
    assert!(end.cancel_called() && end.ok() == Some(7));
}

// CS-7, A-10
pub async fn what_was_cancelled_did_not_happen(rt: &impl Runtime) {
    let queue = Queue::bounded(1);
    let token = CancelToken::new();
    // An item that is on its way when the scope is dropped comes back.
    let scoped = ByHand::waiting(cancel_scope(rt, async |_| queue.pop().await));
    queue.try_push(1).unwrap();
    assert!(scoped.is_due());
    drop(scoped);
    assert_eq!(queue.try_pop(), Ok(1));
    // One that comes after the cancellation is for others.
    let scoped = cancel_scope(rt, async |_| queue.pop().await).parent(&token);
    let mut scoped = ByHand::waiting(scoped);
    let mut pops = ByHand::waiting(token.run_until_cancelled(queue.pop()));
    token.cancel();
    assert!(scoped.ready().cancelled_caught() && pops.ready().is_err());
    queue.try_push(2).unwrap();
    assert_eq!(queue.pop().await, Some(2));
}

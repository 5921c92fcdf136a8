//! What a shield keeps off, and what it does not.

use std::future::pending;
use std::time::Duration;

use withal::runtime::Runtime;
use withal::{CancelKind, CancelScope, CancelToken, cancel_scope, with};

use super::HOUR;
use crate::log::within_patience;
use crate::poll::{ByHand, yields};
use crate::probe::Failed;
use crate::{Act, Log};

// CS-4
pub async fn a_shielded_scope_is_not_asked_from_above<R: Runtime>(rt: &R) {
    let token = CancelToken::new();
    token.cancel();
    let scoped = cancel_scope(rt, async |scope: CancelScope<R>| {
        assert!(scope.is_shielded() && !scope.cancel_called());
        yields(3).await;
        7
    });
    let end = scoped.parent(&token).shield(true).await;
    assert!(!end.cancel_called() && end.ok() == Some(7));
    // Its own deadline works, and so does its own cancellation.
    let scoped = cancel_scope(rt, async |_| pending::<()>().await)
        .parent(&token)
        .shield(true)
        .timeout(Duration::from_millis(1));
    let end = within_patience(rt, scoped, || "it does not end".into()).await;
    assert!(end.elapsed());
    let scoped = cancel_scope(rt, async |scope: CancelScope<R>| {
        scope.cancel_with("its own");
        pending::<()>().await;
    });
    let end = scoped.parent(&token).shield(true).await;
    assert_eq!(end.reason(), Some(&"its own".into()));
}

// CS-4
pub async fn a_shield_is_lifted_in_time(rt: &impl Runtime) {
    let (token, log) = (CancelToken::new(), Log::new());
    let mut scoped = cancel_scope(rt, async |scope| {
        log.push("open");
        yields(1).await;
        // A part that must not be asked in between.
        scope.set_shielded(true);
        log.when(|events| events.len() > 1).await;
        log.push(format_args!("called-{}", scope.cancel_called()));
        scope.set_shielded(false);
        log.push(format_args!("called-{}", scope.cancel_called()));
        yields(1).await;
        log.push("behind");
    })
    .parent(&token);
    let handle = scoped.handle();
    let mut scoped = ByHand::waiting(scoped);
    assert!(scoped.poll().is_pending() && handle.is_shielded());
    token.cancel_with("from above");
    assert!(scoped.poll().is_pending() && !handle.cancel_called());
    log.push("go");
    let end = scoped.ready();
    assert_eq!(end.reason(), Some(&"from above".into()));
    log.assert("open go called-false called-true");
}

// CS-4, P26: cleanup of a body that was asked, which may take its time, and not too much of it.
pub async fn bounded_cleanup_in_a_cancelled_scope<R: Runtime>(rt: &R) {
    let log = Log::new();
    for hangs in [false, true] {
        let log = log.clone();
        let outer = cancel_scope(rt, async |outer: CancelScope<R>| {
            outer.cancel_with(CancelKind::Shutdown);
            let goodbye = cancel_scope(rt, async |_| {
                let act = Act::new(&log, "goodbye");
                let said = with(rt, act, async |()| match hangs {
                    true => pending::<Result<(), Failed>>().await,
                    false => {
                        yields(3).await;
                        Ok(())
                    }
                });
                said.await.unwrap();
            });
            let goodbye = goodbye
                .parent(&outer)
                .shield(true)
                .timeout(Duration::from_millis(if hangs { 1 } else { 60_000 }));
            goodbye.await.ok()
        });
        let end = within_patience(rt, outer.grace(HOUR), || log.trace()).await;
        assert_eq!(end.reason().unwrap().kind(), CancelKind::Shutdown);
        assert_eq!(end.ok(), Some(if hangs { None } else { Some(()) }));
    }
    log.assert("+goodbye -goodbye +goodbye -goodbye:cancelled");
}

//! A scope around nothing, one that there may be or not, cleanups, guards.

use std::convert::Infallible;
use std::future::pending;
use std::mem::swap;
use std::time::Duration;

use withal::runtime::Runtime;
use withal::scope::{ExitError, ExitKind, Maybe, defer, defer_told, from_guard, null_scope};
use withal::{ScopeError, enter_in, timeout, with, with_suppressing};

use super::{drop_entered, endless};
use crate::foreign::{OnDrop, begun};
use crate::poll::{caught, yields};
use crate::probe::{Borrowing, Failed, ProbeError, Swallowing, SyncProbe};
use crate::reports::Reports;
use crate::{Log, Probe};

// SM-6, CM-26
pub async fn a_null_scope_lends_and_does_nothing(rt: &impl Runtime) {
    let reports = Reports::begin();
    let text = String::from("borrowed");
    let scope = null_scope(text.as_str());
    let lent = with(rt, scope, async |text| {
        yields(1).await;
        // The same once more, inside of itself.
        let inner = with(rt, scope, async |text| Ok::<_, Failed>(text.len()));
        Ok::<_, Failed>((*text, inner.await.unwrap()))
    });
    assert_eq!(lent.await, Ok(("borrowed", 8)));
    let failed = with(rt, scope, async |_| Err::<(), _>(Failed("refused")));
    assert_eq!(failed.await, Err(ScopeError::Body(Failed("refused"))));
    drop_entered(with(rt, scope, endless));
    drop(enter_in(rt, scope).await.unwrap());
    assert_eq!(reports.here(), Vec::<String>::new());
}

// SM-6
pub async fn an_optional_scope_is_entered_if_there_is_one(rt: &impl Runtime) {
    for (there, trace) in [(true, "+a (a) -a:completed"), (false, "()")] {
        let log = Log::new();
        let scope = there.then(|| Probe::new(&log, "a").enter_yields(1).reasons());
        let ended = with(rt, scope, async |name| {
            yields(1).await;
            assert_eq!(name.is_some(), there);
            log.push(format_args!(
                "({})",
                name.as_ref().map_or("", String::as_str)
            ));
            if let Some(name) = name.as_mut() {
                name.push('!');
            }
            Ok::<_, Failed>(name.as_ref().cloned())
        });
        assert_eq!(ended.await.unwrap(), there.then(|| "a!".to_owned()));
        log.assert(trace);
    }
}

// SM-6, A-4, CM-17
pub async fn an_optional_scope_keeps_what_its_scope_does_when_dropped(rt: &impl Runtime) {
    let (log, reports) = (Log::new(), Reports::begin());
    let borrowing = Borrowing {
        log: &log,
        name: "borrows",
        releases: true,
    };
    drop_entered(with(rt, Some(borrowing), endless));
    log.assert("+borrows ~borrows");
    let at_once = SyncProbe(Probe::new(&log, "a").exit_yields(0).reasons());
    drop(enter_in(rt, Some(at_once)).await.unwrap());
    log.assert("+borrows ~borrows +a -a:cancelled");
    let slow = Probe::new(&log, "b").exit_yields(3).reasons();
    drop_entered(with(rt, Some(slow), endless));
    log.seen(rt, "-b:cancelled").await;

    // None, with a scope inside: it waits for that, and that is all.
    let log = Log::new();
    drop_entered(with(rt, None::<Probe>, async |_| {
        let inner = Probe::new(&log, "c").exit_yields(3).reasons();
        with(rt, inner, endless).await.unwrap();
        Ok::<_, Failed>(())
    }));
    log.seen(rt, "-c:cancelled").await;
    let mut here = reports.here().into_iter();
    let told = here.find(|report| !report.contains("orphaned"));
    assert_eq!(told, None);
}

// SM-6, CM-3, CM-8, CM-24
pub async fn an_optional_scope_passes_every_error_on(rt: &impl Runtime) {
    let log = Log::new();
    let error = || ProbeError("a".to_owned());
    let unable = Some(Probe::new(&log, "a").enter_fails());
    let ended = with(rt, unable, async |_| Ok::<_, Failed>(())).await;
    assert_eq!(ended, Err(ScopeError::Enter(error())));
    let failing = Some(Probe::new(&log, "a").exit_fails().shows_errors());
    let ended = with(rt, failing, async |_| Err::<(), _>(Failed("refused"))).await;
    let (body, exit) = (Failed("refused"), ExitError::Failed(error()));
    assert_eq!(ended, Err(ScopeError::Both { body, exit }));
    log.assert("+a -a:failed(refused)");

    for there in [true, false] {
        let swallowing = there.then(|| Swallowing {
            probe: Probe::new(&log, "b"),
            prefix: "re",
        });
        let ended = with_suppressing(rt, swallowing, async |_| Err::<(), _>(Failed("refused")));
        let suppressed = ended.await;
        assert_eq!(suppressed == Ok(None), there, "{suppressed:?}");
    }
    let none = with(rt, None::<Probe>, async |_| Err::<(), _>(Failed("refused")));
    assert_eq!(none.await, Err(ScopeError::Body(Failed("refused"))));
}

// SM-6, A-8: it is found out, and nothing hangs.
pub async fn what_optional_scopes_lend_must_not_be_swapped(rt: &impl Runtime) {
    let (log, reports) = (Log::new(), Reports::begin());
    let swapped = with(rt, Some(Probe::new(&log, "a")), async |outer| {
        let inner = with(rt, None::<Probe>, async |inner: &mut Maybe<String>| {
            swap(outer, inner);
            Ok::<_, Failed>(())
        });
        inner.await.unwrap();
        Ok::<_, Failed>(())
    });
    let panic = caught(swapped).await.unwrap_err();
    assert!(panic.contains("was swapped"), "{panic}");
    let here = reports.here();
    assert!(here.len() == 1 && here[0].contains("swapped"), "{here:?}");
    // The same in a drop.
    let reports = Reports::begin();
    drop_entered(with(rt, Some(Probe::new(&log, "b")), async |outer| {
        let mut inner = enter_in(rt, None::<Probe>).await.unwrap();
        swap(outer, &mut *inner);
        pending::<Result<(), Failed>>().await
    }));
    let here = reports.here();
    assert!(here.len() == 2 && here[0].contains("swapped"), "{here:?}");
}

fn released(log: &Log) -> OnDrop<impl FnOnce() + Send + 'static> {
    let log = log.clone();
    OnDrop::new(move || log.push("released"))
}

// SM-13, CM-29
pub async fn a_guard_is_dropped_by_its_exit(rt: &impl Runtime) {
    let log = Log::new();
    let guard = || {
        let (made, guard) = (log.clone(), released(&log));
        from_guard(async move {
            yields(1).await;
            made.push("made");
            Ok::<_, Infallible>(guard)
        })
    };
    let scoped = with(rt, guard(), async |_| {
        yields(1).await;
        log.push("body");
        Err::<(), _>(Failed("refused"))
    });
    assert_eq!(scoped.await, Err(ScopeError::Body(Failed("refused"))));
    log.assert("made body released");
    let limit = Duration::from_millis(5);
    timeout(rt, limit, with(rt, guard(), endless))
        .await
        .unwrap_err();
    log.push("returned");
    log.assert("made body released made released returned");
    drop(enter_in(rt, guard()).await.unwrap());
    log.assert("made body released made released returned made released");
}

// SM-13, CM-17, K2
pub async fn a_guard_follows_what_its_body_left(rt: &impl Runtime) {
    let (log, reports) = (Log::new(), Reports::begin());
    let guard = released(&log);
    let guard = from_guard(async { Ok::<_, Infallible>(guard) });
    drop_entered(with(rt, guard, async |_| {
        let inner = Probe::new(&log, "a").exit_waits_for("go").reasons();
        with(rt, inner, endless).await.unwrap();
        Ok::<_, Failed>(())
    }));
    assert!(!log.has("released"));
    log.push("go");
    log.seen(rt, "released").await;
    assert!(log.position("-a:cancelled") < log.position("released"));
    let panics = OnDrop::new(|| panic!("on purpose"));
    drop_entered(with(
        rt,
        from_guard(async { Ok::<_, Infallible>(panics) }),
        endless,
    ));
    let told = reports.here().into_iter();
    assert_eq!(
        told.filter(|told| told.contains("exit panicked: on purpose"))
            .count(),
        1
    );
}

// SM-13, CM-3, CM-18, CM-19
pub async fn a_guard_that_cannot_be_made_is_no_scope(rt: &impl Runtime) {
    let log = Log::new();
    let unable = from_guard(async { Err::<(), _>(Failed("no more of them")) });
    let ended = with(rt, unable, async |()| Ok::<_, Failed>(())).await;
    assert_eq!(ended, Err(ScopeError::Enter(Failed("no more of them"))));
    let (made, half) = (log.clone(), released(&log));
    let slow = from_guard(async move {
        made.push("begun");
        let _half = half;
        pending::<Result<(), Failed>>().await
    });
    let scoped = with(rt, slow, async |()| Ok::<_, Failed>(()));
    log.assert("");
    drop_entered(scoped);
    log.assert("begun released");
}

// SM-17, CM-17, CM-21
pub async fn a_deferred_cleanup_runs_whatever_happened(rt: &impl Runtime) {
    let log = Log::new();
    let cleanup = |name: &'static str| {
        let log = log.clone();
        defer(async move || {
            yields(2).await;
            log.push(name);
        })
    };
    with(rt, cleanup("1"), async |()| Ok::<_, Failed>(()))
        .await
        .unwrap();
    let failed = with(rt, cleanup("2"), async |()| Err::<(), _>(Failed("refused")));
    assert_eq!(failed.await, Err(ScopeError::Body(Failed("refused"))));
    let panics = with(rt, cleanup("3"), async |()| -> Result<(), Failed> {
        panic!("on purpose")
    });
    assert_eq!(caught(panics).await.unwrap_err(), "on purpose");
    let limit = Duration::from_millis(5);
    timeout(rt, limit, with(rt, cleanup("4"), endless))
        .await
        .unwrap_err();
    log.assert("1 2 3 4");
    drop_entered(with(rt, cleanup("5"), endless));
    log.seen(rt, "5").await;
    drop(enter_in(rt, cleanup("6")).await.unwrap());
    log.seen(rt, "6").await;
    // Half-run, by foreign code.
    drop(begun(with(
        rt,
        cleanup("7"),
        async |()| Ok::<_, Failed>(()),
    )));
    log.seen(rt, "7").await;
    assert_eq!(log.events().len(), 7);
}

// SM-17, A-1, CM-8
pub async fn a_deferred_cleanup_is_told_and_may_fail(rt: &impl Runtime) {
    let log = Log::new();
    let cleanup = || {
        let log = log.clone();
        defer_told(async move |how: ExitKind| {
            log.push(how);
            if how == ExitKind::Failed {
                Err("not undone")
            } else {
                Ok(())
            }
        })
    };
    with(rt, cleanup(), async |()| Ok::<_, Failed>(()))
        .await
        .unwrap();
    let ended = with(rt, cleanup(), async |()| Err::<(), _>(Failed("refused"))).await;
    let (body, exit) = (Failed("refused"), ExitError::Failed("not undone"));
    assert_eq!(ended, Err(ScopeError::Both { body, exit }));
    drop_entered(with(rt, cleanup(), endless));
    log.seen(rt, "cancelled").await;
    log.assert("completed failed cancelled");
}

// SM-17, CM-18
pub async fn a_cleanup_that_was_not_entered_never_runs(rt: &impl Runtime) {
    let log = Log::new();
    let (ran, kept) = (log.clone(), released(&log));
    let cleanup = defer(async move || {
        let _kept = kept;
        ran.push("ran");
    });
    drop(with(rt, cleanup, async |()| Ok::<_, Failed>(())));
    log.assert("released");
}

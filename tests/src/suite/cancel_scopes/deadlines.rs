//! Deadlines: whose, until when, and how they are changed.

use std::future::pending;
use std::pin::pin;
use std::time::Duration;

use futures_util::StreamExt as _;
use withal::cancel_scope::{EffectiveDeadline, ScopeState};
use withal::runtime::{Runtime, Timer as _};
use withal::{CancelKind, CancelScope, cancel_scope, generator, with};

use crate::log::within_patience;
use crate::poll::{ByHand, yields};
use crate::probe::Failed;
use crate::{Act, Deterministic, Log};

const SECOND: Duration = Duration::from_secs(1);

// TO-2, TO-6
pub async fn the_deadline_counts_from_the_first_poll(_: &impl Runtime) {
    let rt = Deterministic::new();
    let mut scoped = cancel_scope(&rt, async |_| pending::<()>().await).timeout(SECOND);
    let handle = scoped.handle();
    rt.advance(SECOND * 5);
    assert_eq!(handle.deadline(), None);
    let mut scoped = ByHand::waiting(scoped);
    assert_eq!(handle.deadline(), Some(rt.deadline(SECOND)));
    rt.advance(SECOND);
    assert!(scoped.is_due() && scoped.ready().elapsed());
    // A moment that is given is that moment; of two, the nearer one.
    for (at, nearer) in [(3, 2), (1, 1)] {
        let mut scoped = cancel_scope(&rt, async |_| pending::<()>().await)
            .timeout(SECOND * 2)
            .deadline(rt.deadline(SECOND * at));
        let handle = scoped.handle();
        drop(ByHand::waiting(scoped));
        assert_eq!(handle.deadline(), Some(rt.deadline(SECOND * nearer)));
    }
    // It passes while the body is busy, and the body ends: nothing has elapsed.
    let busy = cancel_scope(&rt, async |_| rt.advance(SECOND * 2));
    let end = ByHand::new(busy.timeout(SECOND)).ready();
    assert!(!end.elapsed() && end.ok().is_some());
    // One that has passed leaves the body its first poll.
    let late = cancel_scope(&rt, async |_| pending::<()>().await).deadline(rt.now());
    assert!(ByHand::new(late).ready().elapsed());
}

// CS-11, CS-3, TO-8
pub async fn only_its_own_deadline_is_elapsed<R: Runtime>(rt: &R) {
    let second = rt.deadline(SECOND);
    // Somebody cancels it, before and after.
    let scoped = cancel_scope(rt, async |scope: CancelScope<R>| {
        scope.cancel();
        pending::<()>().await;
    });
    assert_eq!(scoped.deadline(second).await.or_elapsed(), Ok(None));
    // The deadline of a parent is a cancellation, though of that kind.
    let outer = cancel_scope(rt, async |outer: CancelScope<R>| {
        let inner = cancel_scope(rt, async |_| pending::<()>().await);
        let end = inner.parent(&outer).await;
        assert!(end.cancelled_caught() && !end.elapsed());
        assert_eq!(end.reason().unwrap().kind(), CancelKind::Deadline);
        assert_eq!(end.or_elapsed(), Ok(None));
    });
    let outer = outer.timeout(Duration::from_millis(1)).grace(super::HOUR);
    let end = within_patience(rt, outer, || "it does not end".into()).await;
    assert!(end.elapsed() && !end.cancelled_caught());
    let place = end.reason().unwrap().location();
    assert!(place.file().ends_with("deadlines.rs"), "{place}");
    // Asked by somebody else, in the very poll in which its time is up: that comes first.
    let virtual_rt = Deterministic::new();
    let mut scoped = cancel_scope(&virtual_rt, async |_| pending::<()>().await).timeout(SECOND);
    let handle = scoped.handle();
    let mut scoped = ByHand::waiting(scoped);
    virtual_rt.advance(SECOND);
    handle.cancel();
    let end = scoped.ready();
    assert!(!end.elapsed() && !handle.elapsed());
    assert_eq!(end.reason().unwrap().kind(), CancelKind::Requested);
}

// TO-14, TO-15, CS-5
pub async fn a_deadline_is_changed_from_anywhere(rt: &impl Runtime) {
    // From inside: put off twice, and then taken away.
    let virtual_rt = Deterministic::new();
    let scoped = cancel_scope(&virtual_rt, async |scope| {
        for _ in 0..3 {
            scope
                .reschedule(Some(virtual_rt.deadline(SECOND * 2)))
                .unwrap();
            virtual_rt.sleep(SECOND).await;
        }
        scope.reschedule(None).unwrap();
        virtual_rt.sleep(SECOND * 9).await;
        7
    });
    let mut scoped = ByHand::waiting(scoped.timeout(SECOND));
    for _ in 0..12 {
        virtual_rt.advance(SECOND);
        if let std::task::Poll::Ready(end) = scoped.poll() {
            assert!(!end.elapsed() && end.ok() == Some(7));
            break;
        }
    }
    assert!(virtual_rt.timers() == 0);
    // From outside: it wakes the scope, and a moment that has passed cancels it.
    let mut scoped = cancel_scope(&virtual_rt, async |_| pending::<()>().await);
    let handle = scoped.handle();
    let mut scoped = ByHand::waiting(scoped);
    handle
        .reschedule(Some(virtual_rt.deadline(SECOND)))
        .unwrap();
    assert!(scoped.is_due() && scoped.poll().is_pending());
    virtual_rt.advance(SECOND / 2);
    handle.reschedule(Some(virtual_rt.now())).unwrap();
    assert!(scoped.is_due());
    let elapsed = scoped.ready().or_elapsed().unwrap_err();
    assert_eq!(elapsed.timeout, SECOND / 2);
    // By another task, of any runtime.
    let mut scoped = cancel_scope(rt, async |_| pending::<()>().await).timeout(super::HOUR);
    let (handle, own_rt) = (scoped.handle(), rt.clone());
    let task = rt.spawn(async move {
        while handle.reschedule(Some(own_rt.now())).is_err() {
            yields(1).await;
        }
    });
    let end = within_patience(rt, scoped, || "it does not end".into()).await;
    assert!(end.elapsed());
    within_patience(rt, task, || "it does not end".into())
        .await
        .unwrap();
}

// TO-14, TO-16, TO-17
pub async fn only_an_active_scope_can_be_rescheduled(_: &impl Runtime) {
    let rt = Deterministic::new();
    let refused = |handle: &CancelScope<Deterministic>| {
        let error = handle.reschedule(Some(rt.now())).unwrap_err();
        (error.state, error.to_string())
    };
    let mut scoped = cancel_scope(&rt, async |scope: CancelScope<Deterministic>| {
        scope.token().cancelled().await;
        yields(2).await;
    })
    .grace(SECOND);
    let handle = scoped.handle();
    let (state, said) = refused(&handle);
    assert_eq!(state, ScopeState::Created);
    assert!(said.contains("not entered yet"), "{said}");
    let mut scoped = ByHand::waiting(scoped);
    handle.reschedule(None).unwrap();
    handle.cancel();
    // It does not know of it yet.
    assert_eq!(refused(&handle).0, ScopeState::Asked);
    assert!(scoped.poll().is_pending());
    let (state, said) = refused(&handle);
    assert_eq!(state, ScopeState::Asked);
    assert!(said.contains("asked to stop"), "{said}");
    assert_eq!(scoped.ready().ok(), Some(()));
    assert_eq!(refused(&handle).0, ScopeState::Finished);
}

// TO-15
pub async fn a_deadline_stays_what_it_was(_: &impl Runtime) {
    let rt = Deterministic::new();
    let at = rt.deadline(SECOND);
    for expires in [false, true] {
        let mut scoped = cancel_scope(&rt, async |_| {
            if expires {
                pending().await
            }
        });
        let handle = scoped.handle();
        let mut scoped = ByHand::new(scoped.deadline(at));
        if expires {
            assert!(scoped.poll().is_pending());
            rt.advance(SECOND);
        }
        let end = scoped.ready();
        assert_eq!((end.elapsed(), handle.elapsed()), (expires, expires));
        assert_eq!(handle.deadline(), Some(at));
    }
}

// TO-21, CS-5, CS-4
pub async fn the_nearest_deadline_up_to_a_shield_counts(_: &impl Runtime) {
    let rt = Deterministic::new();
    let at = |seconds| rt.deadline(SECOND * seconds);
    let scoped = cancel_scope(&rt, async |outer: CancelScope<Deterministic>| {
        assert_eq!(outer.effective_deadline(), EffectiveDeadline::At(at(5)));
        let middle = cancel_scope(&rt, async |middle: CancelScope<Deterministic>| {
            assert_eq!(middle.deadline(), None);
            assert_eq!(middle.effective_deadline(), EffectiveDeadline::At(at(5)));
            let inner = cancel_scope(&rt, async |inner: CancelScope<Deterministic>| {
                assert_eq!(inner.effective_deadline(), EffectiveDeadline::At(at(5)));
                inner.reschedule(Some(at(3))).unwrap();
                assert_eq!(inner.effective_deadline(), EffectiveDeadline::At(at(3)));
                middle.set_shielded(true);
                inner.reschedule(None).unwrap();
                assert_eq!(inner.effective_deadline(), EffectiveDeadline::Never);
                middle.set_shielded(false);
                outer.reschedule(None).unwrap();
                assert_eq!(inner.effective_deadline(), EffectiveDeadline::Never);
                outer.cancel();
                assert_eq!(inner.effective_deadline(), EffectiveDeadline::Past);
                inner
            });
            inner.timeout(SECOND * 9).parent(&middle).await
        });
        middle.parent(&outer).await
    });
    let end = ByHand::new(scoped.timeout(SECOND * 5)).ready();
    let inner = end.ok().and_then(|end| end.ok()).and_then(|end| end.ok());
    // It has ended: none is in force.
    let inner = inner.unwrap();
    assert_eq!(inner.effective_deadline(), EffectiveDeadline::Never);
}

// TO-16
pub async fn the_states_can_be_seen(_: &impl Runtime) {
    let (rt, log) = (Deterministic::new(), Log::new());
    let mut scoped = cancel_scope(&rt, async |scope: CancelScope<Deterministic>| {
        log.push(scope.state());
        scope.token().cancelled().await;
        log.push(scope.state());
        let act = Act::new(&log, "a").exit_waits_for("go");
        let held = with(&rt, act, async |()| pending::<Result<(), Failed>>().await);
        held.await.unwrap();
    })
    .grace(SECOND);
    let handle = scoped.handle();
    log.push(handle.state());
    let mut scoped = ByHand::waiting(scoped);
    handle.cancel();
    assert!(scoped.poll().is_pending());
    rt.advance(SECOND);
    assert!(scoped.is_due() && scoped.poll().is_pending());
    log.push(handle.state());
    log.push("go");
    assert!(scoped.ready().cancelled_caught() && handle.cancelled_caught());
    log.push(handle.state());
    log.assert("created active asked to stop +a cleaning up go -a:cancelled finished");
    // One that is never polled.
    let mut scoped = cancel_scope(&rt, async |_| ());
    let handle = scoped.handle();
    drop(scoped);
    assert_eq!(handle.state(), ScopeState::Finished);
    assert!(!handle.cancel() && !handle.cancel_called());
}

// CS-8, AG-25
pub async fn an_open_scope_in_a_generator_stays_in_there(_: &impl Runtime) {
    let rt = Deterministic::new();
    let items = generator(async |y| {
        let end = cancel_scope(&rt, async |_| {
            for item in 1..=3 {
                y.yield_(item).await;
            }
        });
        let end = end.timeout(SECOND).await;
        y.yield_(if end.elapsed() { 10 } else { 0 }).await;
    });
    let mut items = pin!(items);
    assert_eq!(items.next().await, Some(1));
    // The consumer takes too long. It is not what is cancelled, and no item is lost.
    let consumer = async {
        rt.advance(SECOND * 2);
        yields(2).await;
        7
    };
    assert_eq!(consumer.await, 7);
    let rest: Vec<_> = items.collect().await;
    assert!(rest == [2, 10] || rest == [10], "{rest:?}");
}

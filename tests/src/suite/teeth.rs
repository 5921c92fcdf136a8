//! The sweep notices what is broken: each case breaks one thing on purpose.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::mem::forget;
use std::pin::{Pin, pin};
use std::task::Poll;

use withal::cancel::Cancellable;
use withal::runtime::Runtime;
use withal::{HandOver, Scope, with};

use crate::poll::yields;
use crate::probe::{Failed, ProbeError};
use crate::sweep::{Cancel, Foreign, How, PollTimes, Ticks, Way, sweep};
use crate::{Log, Probe, laws};

/// Expands to the cases of this module.
#[macro_export]
macro_rules! teeth_cases {
    ($harness:ty) => {
        $crate::cases!($harness, teeth:
            a_combinator_that_does_not_collect_is_noticed,
            a_combinator_that_does_not_wait_is_noticed,
            a_combinator_that_cleans_up_in_the_wrong_order_is_noticed,
            a_combinator_that_forgets_is_noticed,
            a_scope_that_is_exited_twice_is_noticed,
        );
    };
}

/// Two scopes in one another. Their exits wait for the word, so that no executor can have run them
/// by the time a broken combinator has returned.
async fn held_scopes<R: Runtime>(rt: R, log: Log) {
    let held = |name| {
        Probe::new(&log, name)
            .exit_waits_for("go")
            .exit_yields(0)
            .reasons()
    };
    let log = &log;
    with(&rt, held("a"), async |_| {
        with(&rt, held("a/b"), async |_| {
            yields(2).await;
            log.push(".a/b");
            log.push("go");
            Ok::<_, Failed>(())
        })
        .await
        .unwrap();
        log.push(".a");
        Ok::<_, Failed>(())
    })
    .await
    .unwrap();
}

/// Claims to wait, and only drops.
struct Careless;

impl<R: Runtime> Cancel<R> for Careless {
    async fn run<F>(&self, _rt: &R, _log: &Log, future: F, n: usize) -> bool
    where
        F: Future<Output = ()>,
    {
        Foreign::Drop.run(future, n).await
    }

    fn waits(&self) -> bool {
        true
    }

    fn name(&self) -> String {
        "careless".to_owned()
    }
}

//
pub async fn a_combinator_that_does_not_collect_is_noticed<R: Runtime>(rt: &R) {
    let last = RefCell::new(Log::new());
    let scenario = |rt, log: Log| {
        last.replace(log.clone());
        held_scopes(rt, log)
    };
    let error = sweep(rt, &[Careless], scenario).await.unwrap_err();
    assert!(error.contains("exited 0 times"), "{error}");
    // Nothing is left behind for other cases.
    let log = last.into_inner();
    log.push("go");
    log.until(rt, laws::is_settled).await;
}

/// Collects, but returns before the cleanup has ended.
struct Hasty;

impl<R: Runtime> Cancel<R> for Hasty {
    async fn run<F>(&self, _rt: &R, _log: &Log, future: F, n: usize) -> bool
    where
        F: Future<Output = ()>,
    {
        let mut cancellable = pin!(Cancellable::new("hasty", future));
        let mut polled = PollTimes::new(poll_fn(|cx| cancellable.as_mut().poll(cx)), n);
        if Pin::new(&mut polled).await.is_some() {
            return true;
        }
        drop(polled);
        poll_fn(|cx| {
            let _too_soon = cancellable.as_mut().poll_cancel(cx);
            Poll::Ready(false)
        })
        .await
    }

    fn waits(&self) -> bool {
        true
    }

    fn name(&self) -> String {
        "hasty".to_owned()
    }
}

//
pub async fn a_combinator_that_does_not_wait_is_noticed<R: Runtime>(rt: &R) {
    let last = RefCell::new(Log::new());
    let scenario = |rt, log: Log| {
        last.replace(log.clone());
        held_scopes(rt, log)
    };
    let error = sweep(rt, &[Hasty], scenario).await.unwrap_err();
    assert!(error.contains("exited 0 times"), "{error}");
    // Nothing is left behind for other cases.
    let log = last.into_inner();
    log.push("go");
    log.until(rt, laws::is_settled).await;
}

//
pub async fn a_combinator_that_cleans_up_in_the_wrong_order_is_noticed<R: Runtime>(rt: &R) {
    let scenario = async |rt: R, log: Log| {
        // Two guards, whose frame is taken apart from the wrong end.
        let outer = withal::enter_in(&rt, Probe::new(&log, "a")).await.unwrap();
        let inner = withal::enter_in(&rt, Probe::new(&log, "a/b"))
            .await
            .unwrap();
        yields(1).await;
        outer.exit(Ok::<_, Failed>(())).await.unwrap();
        inner.exit(Ok::<_, Failed>(())).await.unwrap();
    };
    let error = sweep(rt, &[Way::from(How::Cancel)], scenario)
        .await
        .unwrap_err();
    assert!(error.contains("a exited before a/b"), "{error}");
}

/// Forgets what it should drop.
struct Forgetful;

impl<R: Runtime> Cancel<R> for Forgetful {
    async fn run<F>(&self, _rt: &R, _log: &Log, future: F, n: usize) -> bool
    where
        F: Future<Output = ()>,
    {
        let mut polls = PollTimes::new(future, n);
        let completed = Pin::new(&mut polls).await.is_some();
        forget(polls);
        completed
    }

    fn waits(&self) -> bool {
        true
    }

    fn name(&self) -> String {
        "forgetful".to_owned()
    }
}

// A-3, CM-17
pub async fn a_combinator_that_forgets_is_noticed<R: Runtime>(rt: &R) {
    let error = sweep(rt, &[Forgetful], held_scopes).await.unwrap_err();
    assert!(error.contains("exited 0 times"), "{error}");
}

/// Logs its exit once more than it should.
struct Twice(Probe);

impl Scope for Twice {
    type Resource = String;
    type Error = ProbeError;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<String, ProbeError> {
        self.0.enter().await
    }

    async fn exit(self, name: String, reason: withal::ExitReason<'_>) -> Result<(), ProbeError> {
        self.0.clone().exit(name.clone(), reason).await?;
        self.0.exit(name, reason).await
    }
}

// A-3, CM-17
pub async fn a_scope_that_is_exited_twice_is_noticed<R: Runtime>(rt: &R) {
    let scenario = async |rt: R, log: Log| {
        with(&rt, Twice(Probe::new(&log, "a")), async |_| {
            yields(1).await;
            log.push(".a");
            Ok::<_, Failed>(())
        })
        .await
        .unwrap();
        Ticks(0).await;
    };
    for way in Way::waiting(rt) {
        let error = sweep(rt, &[way], &scenario).await.unwrap_err();
        assert!(error.contains("a exited 2 times"), "{error}");
    }
}

//! What drives a scope: the polls of its caller, and nothing else.

use std::future::{pending, poll_fn};
use std::pin::pin;
use std::time::Duration;

use withal::cancel::Cancellable;
use withal::runtime::Runtime;
use withal::{await_cleanup, cancel, timeout, with};

use crate::Deterministic;
use crate::poll::{caught, poll_now, poll_once, yields};
use crate::probe::Failed;
use crate::reports::Reports;
use crate::{Log, Probe};

/// The table of these cases, given to the macro `$make`.
#[doc(hidden)]
#[macro_export]
macro_rules! driving_cases {
    ($make:ident $with:tt $of:tt) => {
        $crate::$make! { $with $of driving:
            hooks_and_bodies_that_never_wait_take_one_poll,
            each_poll_takes_the_scope_one_step_further,
            a_scope_that_was_never_polled_has_done_nothing,
            the_ordinary_path_spawns_and_clones_nothing,
            a_hand_over_happens_in_the_drop,
            a_scope_moves_between_threads_when_its_parts_do,
            the_surroundings_never_change_a_result,
            polled_after_its_end_it_panics,
        }
    };
}

// CM-16
pub async fn hooks_and_bodies_that_never_wait_take_one_poll(rt: &impl Runtime) {
    let log = Log::new();
    let scope = || Probe::new(&log, "a").exit_yields(0);
    let nested = with(rt, scope(), async |_| {
        with(rt, scope(), async |_| Ok::<_, Failed>(7)).await
    });
    assert!(poll_now(pin!(nested)).is_ready());
    log.assert("+a +a -a -a");
}

// A-12, CM-15, CM-20
pub async fn each_poll_takes_the_scope_one_step_further(rt: &impl Runtime) {
    let log = Log::new();
    let scope = Probe::new(&log, "a").enter_yields(1).exit_yields(1);
    let mut scoped = pin!(with(rt, scope, async |_| {
        log.push("body");
        yields(1).await;
        Ok::<_, Failed>(())
    }));
    let wakes = std::sync::Arc::default();
    for trace in ["", "+a body", "+a body"] {
        assert!(poll_once(scoped.as_mut(), &wakes).is_pending());
        log.assert(trace);
    }
    assert!(poll_once(scoped.as_mut(), &wakes).is_ready());
    log.assert("+a body -a");
    // What waits asks to be polled again, once.
    assert_eq!(wakes.count(), 3);
}

// CM-18
pub async fn a_scope_that_was_never_polled_has_done_nothing(rt: &impl Runtime) {
    let log = Log::new();
    let reports = Reports::begin();
    let scoped = || {
        with(rt, Probe::new(&log, "a"), async |_| {
            log.push("body");
            Ok::<_, Failed>(())
        })
    };
    drop(scoped());
    cancel(scoped()).await;
    drop(cancel(scoped()));
    log.assert("");
    assert_eq!(reports.here(), Vec::<String>::new());
}

// CM-15, K5, K7
pub async fn the_ordinary_path_spawns_and_clones_nothing(_: &impl Runtime) {
    let log = Log::new();
    let rt = Deterministic::new();
    let scope = |name| Probe::new(&log, name).exit_yields(2);
    with(&rt, scope("a"), async |_| {
        let inner = with(&rt, scope("b"), async |_| Err::<(), _>(Failed("refused")));
        inner.await.unwrap_err();
        Ok::<_, Failed>(())
    })
    .await
    .unwrap();
    log.assert("+a +b -b -a");
    assert_eq!((rt.spawned(), rt.clones(), rt.contexts()), (0, 0, 0));
}

// A-13, K2, K5
pub async fn a_hand_over_happens_in_the_drop(_: &impl Runtime) {
    let log = Log::new();
    let rt = Deterministic::new();
    let mut scoped = Box::pin(with(&rt, Probe::new(&log, "a"), async |_| {
        pending::<Result<(), Failed>>().await
    }));
    assert!(poll_now(scoped.as_mut()).is_pending());
    assert_eq!((rt.spawned(), rt.clones()), (0, 0));
    drop(scoped);
    assert_eq!((rt.spawned(), rt.clones()), (1, 1));
    // Only what waits comes later.
    log.assert("+a");
    rt.run_until_stalled();
    rt.run_until_stalled();
    log.assert("+a -a");
}

fn is_send<T: Send>(value: T) -> T {
    value
}

// CM-15
pub async fn a_scope_moves_between_threads_when_its_parts_do<R: Runtime>(rt: &R) {
    let log = Log::new();
    let (own_rt, own_log) = (rt.clone(), log.clone());
    let task = rt.spawn(is_send(async move {
        let (rt, log) = (&own_rt, &own_log);
        with(rt, Probe::new(log, "a"), async |_| {
            let inner = with(rt, Probe::new(log, "b"), async |name| {
                yields(1).await;
                Ok::<_, Failed>(name.clone())
            });
            Ok::<_, Failed>(inner.await.unwrap())
        })
        .await
        .unwrap()
    }));
    assert_eq!(task.await.unwrap(), "b");
    log.assert("+a +b -b -a");
}

// A-11, K13
pub async fn the_surroundings_never_change_a_result(rt: &impl Runtime) {
    let scoped = async || {
        let log = Log::new();
        let value = with(
            rt,
            Probe::new(&log, "a").enter_yields(1).reasons(),
            async |_| {
                yields(1).await;
                Ok::<_, Failed>(7)
            },
        )
        .await;
        (value, log.trace())
    };
    let alone = scoped().await;
    assert_eq!(alone, (Ok(7), "+a -a:completed".to_owned()));
    assert_eq!(await_cleanup(scoped()).await, alone);
    assert_eq!(
        timeout(rt, Duration::from_secs(60), scoped()).await,
        Ok(alone.clone())
    );
    let log = Log::new();
    let within = with(rt, Probe::new(&log, "b"), async |_| {
        Ok::<_, Failed>(scoped().await)
    });
    assert_eq!(within.await.unwrap(), alone);
    let mut held = pin!(Cancellable::new("held", scoped()));
    assert_eq!(poll_fn(|cx| held.as_mut().poll(cx)).await, alone);
    poll_fn(|cx| held.as_mut().poll_cancel(cx)).await;
}

//
pub async fn polled_after_its_end_it_panics(rt: &impl Runtime) {
    let log = Log::new();
    let mut scoped = pin!(with(rt, Probe::new(&log, "a"), async |_| Ok::<_, Failed>(
        ()
    )));
    scoped.as_mut().await.unwrap();
    let text = caught(scoped.as_mut()).await.unwrap_err();
    assert!(text.contains("polled after completion"), "{text}");
    log.assert("+a -a");
}

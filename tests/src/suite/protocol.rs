//! The scope protocol, whoever runs it: [`with`](withal::with()) or a helper around it.
//!
//! [`scope_conformance!`](crate::scope_conformance) runs these cases by [`Scopes`] of your own.

use std::future::{Future, pending, ready};
use std::thread;
use std::time::Duration;

use withal::runtime::Runtime;
use withal::{cancel, timeout};

use crate::foreign::{begun, gives_up};
use crate::poll::{caught, yields};
use crate::probe::{Abandoning, SyncProbe};
use crate::reports::Reports;
use crate::sweep::{Followed, PollTimer, Sweep, settle};
use crate::wrapped::{Gone, Wrapped};
use crate::{Log, Probe, Scopes, laws};

/// The table of these cases, given to the macro `$make`. They take the scopes, too.
#[doc(hidden)]
#[macro_export]
macro_rules! protocol_cases {
    ($make:ident $with:tt $of:tt) => {
        $crate::$make! { $with $of protocol:
            nothing_happens_before_the_first_poll,
            an_enter_that_fails_runs_nothing,
            it_is_exited_once_behind_its_body,
            the_exit_hears_how_the_body_ended,
            a_panic_goes_on_behind_the_exit,
            cancelled_by_us_it_is_exited_before_we_go_on,
            cancelled_by_foreign_code_it_is_exited,
            cancelled_together_the_inner_is_exited_first,
            what_foreign_code_drops_in_the_body_is_exited_first,
            an_exit_that_we_would_cancel_goes_on,
            an_exit_that_foreign_code_cancels_goes_on,
            dropped_on_a_thread_without_runtime_it_is_exited,
            dropped_without_an_executor_it_is_reported_and_drained,
            a_synchronous_one_is_exited_within_the_drop,
            an_abandoned_one_says_so,
            cancelled_after_each_poll_in_every_way_nothing_is_lost,
        }
    };
}

type Body = Result<u32, String>;

fn endless() -> impl Future<Output = Body> {
    pending()
}

// CM-18
pub async fn nothing_happens_before_the_first_poll<S: Scopes>(rt: &impl Runtime) {
    let log = Log::new();
    let body = || async {
        log.push("body");
        Ok(7)
    };
    let scoped = || S::with(rt, Probe::new(&log, "a"), body());
    drop(scoped());
    cancel(scoped()).await;
    log.assert("");
}

// CM-3
pub async fn an_enter_that_fails_runs_nothing<S: Scopes>(rt: &impl Runtime) {
    let log = Log::new();
    let body = async {
        log.push("body");
        Ok(7)
    };
    let ended = S::with(rt, Probe::new(&log, "a").enter_fails(), body).await;
    assert!(ended.is_err(), "{ended:?}");
    log.assert("");
}

// CM-5, CM-16, CM-17
pub async fn it_is_exited_once_behind_its_body<S: Scopes>(rt: &impl Runtime) {
    let log = Log::new();
    let body = async {
        yields(1).await;
        log.push("body");
        Ok(7)
    };
    let ended = S::with(rt, Probe::new(&log, "a").enter_yields(1), body).await;
    log.push("returned");
    assert_eq!(ended, Ok(7));
    log.assert("+a body -a returned");
}

// A-1, CM-5, CM-6
pub async fn the_exit_hears_how_the_body_ended<S: Scopes>(rt: &impl Runtime) {
    let log = Log::new();
    let probe = |name| Probe::new(&log, name).reasons();
    S::with(rt, probe("a"), ready(Ok(7))).await.unwrap();
    let refused = ready(Err("refused".to_owned()));
    let error = S::with(rt, probe("b"), refused).await.unwrap_err();
    assert!(error.contains("refused"), "{error}");
    cancel(begun(S::with(rt, probe("c"), endless()))).await;
    log.assert("+a -a:completed +b -b:failed +c -c:cancelled");
}

// A-5, CM-25, K11
pub async fn a_panic_goes_on_behind_the_exit<S: Scopes>(rt: &impl Runtime) {
    let log = Log::new();
    let body = async {
        yields(1).await;
        panic!("on purpose");
    };
    let panicked = caught(S::with(rt, Probe::new(&log, "a").reasons(), body)).await;
    log.push("caught");
    assert_eq!(panicked.unwrap_err(), "on purpose");
    log.assert("+a -a:panicked caught");
}

// CM-21, K1
pub async fn cancelled_by_us_it_is_exited_before_we_go_on<S: Scopes>(rt: &impl Runtime) {
    let log = Log::new();
    let probe = |name| Probe::new(&log, name).exit_yields(3);
    cancel(begun(S::with(rt, probe("a"), endless()))).await;
    log.push("returned");
    let expired = timeout(rt, Duration::ZERO, S::with(rt, probe("b"), endless())).await;
    assert!(expired.is_err());
    log.push("returned");
    log.assert("+a -a returned +b -b returned");
}

// CM-17
pub async fn cancelled_by_foreign_code_it_is_exited<S: Scopes>(rt: &impl Runtime) {
    let log = Log::new();
    let a = S::with(rt, Probe::new(&log, "a").reasons(), endless());
    assert!(gives_up(1, a).await.is_none());
    log.seen(rt, "-a:cancelled").await;
    log.assert("+a -a:cancelled");
}

/// A scope, and one inside of it whose exit takes longer.
async fn nested<S: Scopes>(rt: &impl Runtime, log: &Log) {
    let inner = Probe::new(log, "a/b").exit_yields(3);
    let body = S::with(rt, inner, endless());
    let ended = S::with(rt, Probe::new(log, "a").exit_yields(0), body).await;
    unreachable!("the body never ends: {ended:?}");
}

// K1, K2, K4
pub async fn cancelled_together_the_inner_is_exited_first<S: Scopes>(rt: &impl Runtime) {
    let log = Log::new();
    cancel(begun(nested::<S>(rt, &log))).await;
    log.assert("+a +a/b -a/b -a");
    // The same by foreign code, inside of a scope.
    let log = Log::new();
    let body = async {
        gives_up(1, nested::<S>(rt, &log)).await;
        Ok(7)
    };
    S::with(rt, Probe::new(&log, "outer"), body).await.unwrap();
    log.assert("+outer +a +a/b -a/b -a -outer");
}

// K3
pub async fn what_foreign_code_drops_in_the_body_is_exited_first<S: Scopes>(rt: &impl Runtime) {
    let log = Log::new();
    let body = async {
        let b = Probe::new(&log, "b").exit_waits_for("go").exit_yields(3);
        assert!(gives_up(1, S::with(rt, b, endless())).await.is_none());
        log.push("go");
        Ok(7)
    };
    let a = Probe::new(&log, "a").exit_yields(0);
    S::with(rt, a, body).await.unwrap();
    let (inner, outer) = (log.position("-b"), log.position("-a"));
    assert!(
        inner.is_some() && inner < outer,
        "a was exited before b: {}",
        log.trace()
    );
}

// CM-22, K10
pub async fn an_exit_that_we_would_cancel_goes_on<S: Scopes>(rt: &impl Runtime) {
    let log = Log::new();
    let probe = Probe::new(&log, "a").exit_yields(5).reasons();
    let scoped = S::with(rt, probe, ready(Ok(7)));
    let ended = timeout(&PollTimer, Duration::from_nanos(2), scoped).await;
    assert_eq!(ended, Ok(Ok(7)));
    log.assert("+a -a:completed");
}

// CM-22
pub async fn an_exit_that_foreign_code_cancels_goes_on<S: Scopes>(rt: &impl Runtime) {
    let log = Log::new();
    let probe = Probe::new(&log, "a").exit_waits_for("go").reasons();
    let ended = gives_up(2, S::with(rt, probe, ready(Ok(7)))).await;
    assert!(ended.is_none(), "{ended:?}");
    log.push("go");
    log.seen(rt, "-a:completed").await;
    log.assert("+a …a go -a:completed");
}

// K5
pub async fn dropped_on_a_thread_without_runtime_it_is_exited<S: Scopes>(rt: &impl Runtime) {
    let log = Log::new();
    let (thread_rt, probe) = (rt.clone(), Probe::new(&log, "a"));
    let dropped = thread::spawn(move || {
        drop(begun(S::with(&thread_rt, probe, endless())));
    });
    dropped.join().expect("a drop panics nowhere");
    log.seen(rt, "-a").await;
    log.assert("+a -a");
}

// K6
pub async fn dropped_without_an_executor_it_is_reported_and_drained<S: Scopes>(rt: &impl Runtime) {
    let (log, reports) = (Log::new(), Reports::begin());
    let gone = Wrapped::<_, Gone>::new(rt.clone());
    drop(begun(S::with(&gone, Probe::new(&log, "a"), endless())));
    let here = reports.here();
    assert!(
        here.len() == 1 && here[0].contains("is orphaned until a drain"),
        "an orphan in silence: {here:?}"
    );
    settle(rt, &log).await;
    log.assert("+a -a");
}

//
pub async fn a_synchronous_one_is_exited_within_the_drop<S: Scopes>(rt: &impl Runtime) {
    let log = Log::new();
    let probe = SyncProbe(Probe::new(&log, "a").exit_yields(0).reasons());
    drop(begun(S::with(rt, probe, endless())));
    log.assert("+a -a:cancelled");
}

//
pub async fn an_abandoned_one_says_so<S: Scopes>(rt: &impl Runtime) {
    let (log, reports) = (Log::new(), Reports::begin());
    let probe = Abandoning(Probe::new(&log, "a"));
    drop(begun(S::with(rt, probe, endless())));
    log.assert("+a ~a");
    let here = reports.here();
    assert!(
        here.len() == 1 && here[0].contains("dropped without its exit"),
        "abandoned in silence: {here:?}"
    );
}

// A-3, CM-17, K1, K2, K3
pub async fn cancelled_after_each_poll_in_every_way_nothing_is_lost<S: Scopes>(rt: &impl Runtime) {
    let scenario = async |rt: Followed<_>, log: Log| {
        let (rt, log) = (&rt, &log);
        let probe = |name| {
            Probe::new(log, name)
                .enter_yields(1)
                .exit_yields(2)
                .reasons()
        };
        let inner = async {
            yields(2).await;
            log.push(".a/b");
            Ok(1)
        };
        let outer = async {
            let value = S::with(rt, probe("a/b"), inner).await?;
            yields(1).await;
            log.push(".a");
            Ok(value + 1)
        };
        assert_eq!(S::with(rt, probe("a"), outer).await, Ok(2));
    };
    let sweep = Sweep::on(rt, Log::new).invariant_of(laws::hold);
    sweep.sweep(scenario).await.unwrap();
}

//! What a runtime promises of cleanups that it is given.

use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::thread;
use std::time::Duration;

use withal::runtime::Runtime;
use withal::{cancel, with};

use crate::foreign::{begun, block_on};
use crate::poll::{poll_now, yields};
use crate::{Act, Log};

/// The table of these cases, given to the macro `$make`.
#[doc(hidden)]
#[macro_export]
macro_rules! runtime_cases {
    ($make:ident $with:tt $of:tt) => {
        $crate::$make! { $with $of runtime:
            clones_name_the_same_runtime,
            a_cleanup_needs_nobody_who_waits,
            a_cleanup_that_waits_is_polled_again,
            a_cleanup_of_a_thread_without_runtime_runs_where_its_scope_was_entered,
            a_cleanup_may_be_given_while_a_panic_unwinds,
            a_cleanup_that_another_executor_polls_finds_its_timers,
        }
    };
}

type Never = Result<(), String>;

const LONG: Duration = Duration::from_secs(60);

// RT-8, K6
pub async fn clones_name_the_same_runtime<R: Runtime>(rt: &R) {
    assert_eq!(rt.clone().id(), rt.id());
    assert_eq!(rt.clone().clone().id(), rt.id());
}

// RT-7, K2
pub async fn a_cleanup_needs_nobody_who_waits(rt: &impl Runtime) {
    let log = Log::new();
    let a = with(rt, Act::new(&log, "a"), async |_| pending::<Never>().await);
    drop(begun(a));
    log.seen(rt, "-a:cancelled").await;
    log.assert("+a -a:cancelled");
}

// RT-7
pub async fn a_cleanup_that_waits_is_polled_again(rt: &impl Runtime) {
    let log = Log::new();
    let a = Act::new(&log, "a")
        .exit(yields(3))
        .exit(rt.sleep(Duration::from_millis(1)))
        .exit_waits_for("go");
    drop(begun(with(rt, a, async |_| pending::<Never>().await)));
    log.push("go");
    log.seen(rt, "-a:cancelled").await;
    log.assert("+a go -a:cancelled");
}

// RT-7, K5
pub async fn a_cleanup_of_a_thread_without_runtime_runs_where_its_scope_was_entered<R: Runtime>(
    rt: &R,
) {
    let log = Log::new();
    let (scope_rt, scope_log) = (rt.clone(), log.clone());
    let a = begun(async move {
        let a = Act::new(&scope_log, "a").exit(scope_rt.sleep(Duration::from_millis(1)));
        with(&scope_rt, a, async |_| pending::<Never>().await).await
    });
    let dropped = thread::spawn(move || drop(a)).join();
    dropped.expect("a drop panics nowhere");
    log.seen(rt, "-a:cancelled").await;
    log.assert("+a -a:cancelled");
}

// RT-7, K11
pub async fn a_cleanup_may_be_given_while_a_panic_unwinds(rt: &impl Runtime) {
    let log = Log::new();
    let a = with(rt, Act::new(&log, "a"), async |_| pending::<Never>().await);
    let a = begun(a);
    let unwound = catch_unwind(AssertUnwindSafe(|| {
        let _a = a;
        panic!("on purpose");
    }));
    assert!(unwound.is_err());
    log.seen(rt, "-a:cancelled").await;
    log.assert("+a -a:cancelled");
}

// K7: on a thread of nobody's, where the timers are looked at and not waited for.
pub async fn a_cleanup_that_another_executor_polls_finds_its_timers<R: Runtime>(rt: &R) {
    let log = Log::new();
    let (scope_rt, scope_log) = (rt.clone(), log.clone());
    let elsewhere = thread::spawn(move || {
        let (rt, log) = (scope_rt.clone(), scope_log.clone());
        let a = Act::new(&scope_log, "a").exit(async move {
            let sleep = pin!(rt.sleep(LONG));
            assert!(poll_now(sleep).is_pending());
            #[cfg(feature = "tokio")]
            if rt.id().name == "tokio" {
                // Tokio's own, which know their runtime by the context alone.
                let sleep = pin!(tokio::time::sleep(LONG));
                assert!(poll_now(sleep).is_pending());
            }
            log.push("timed");
        });
        let a = begun(async move { with(&scope_rt, a, async |_| pending::<Never>().await).await });
        block_on(cancel(a));
    });
    elsewhere.join().unwrap();
    log.assert("+a timed -a:cancelled");
}

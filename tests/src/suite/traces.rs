//! The traces that the design promises, event by event.

use std::future::pending;
use std::time::Duration;

use withal::runtime::Runtime;
use withal::{timeout, with};

use crate::foreign::gives_up;
use crate::poll::yields;
use crate::sweep::PollTimer;
use crate::{Act, Log};

/// The table of these cases, given to the macro `$make`.
#[doc(hidden)]
#[macro_export]
macro_rules! traces_cases {
    ($make:ident $with:tt $of:tt) => {
        $crate::$make! { $with $of traces:
            a_foreign_timeout_in_a_body,
            our_timeout_in_a_body,
            our_timeout_fires_during_the_exit,
            an_outer_timeout_fires_while_an_inner_one_awaits_its_cleanup,
            a_dropped_task_exits_inner_before_outer,
        }
    };
}

type Never = Result<(), String>;

// K2, K3. The exits wait for the return of the timeout, so that the executor, which may have
// threads of its own, cannot be earlier.
pub async fn a_foreign_timeout_in_a_body(rt: &impl Runtime) {
    let log = Log::new();
    let a = with(rt, Act::new(&log, "a"), async |_| {
        let b = Act::new(&log, "b").exit_waits_for("timeout-returned");
        let foreign = with(rt, b, async |_| {
            let c = Act::new(&log, "c").exit_waits_for("timeout-returned");
            let _ = with(rt, c, async |_| pending::<Never>().await).await;
            Ok::<_, String>(())
        });
        assert!(gives_up(2, foreign).await.is_none());
        log.push("timeout-returned");
        Ok::<_, String>(())
    });
    a.await.unwrap();
    log.push("returned");
    log.assert("+a +b +c timeout-returned -c:cancelled -b:cancelled -a returned");
}

// K1
pub async fn our_timeout_in_a_body(rt: &impl Runtime) {
    let log = Log::new();
    let a = with(rt, Act::new(&log, "a"), async |_| {
        let b = Act::new(&log, "b").exit(rt.sleep(Duration::from_millis(1)));
        let b = with(rt, b, async |_| pending::<Never>().await);
        let elapsed = timeout(rt, Duration::from_millis(2), b).await;
        assert!(elapsed.is_err());
        Ok::<_, String>(())
    });
    a.await.unwrap();
    log.push("returned");
    log.assert("+a +b -b:cancelled -a returned");
}

// K10
pub async fn our_timeout_fires_during_the_exit(rt: &impl Runtime) {
    let log = Log::new();
    let a = Act::new(&log, "a").exit(yields(10));
    let a = with(rt, a, async |_| Ok::<_, String>(42));
    let value = timeout(&PollTimer, Duration::from_nanos(3), a).await;
    log.push("returned");
    assert!(matches!(value, Ok(Ok(42))), "{value:?}");
    log.assert("+a -a returned");
}

// K1
pub async fn an_outer_timeout_fires_while_an_inner_one_awaits_its_cleanup(rt: &impl Runtime) {
    let log = Log::new();
    let a = with(rt, Act::new(&log, "a"), async |_| {
        // Counted in polls, so that no machine is too slow for it.
        let b = Act::new(&log, "b").exit(yields(10));
        let b = with(rt, b, async |_| {
            yields(10).await;
            pending::<Never>().await
        });
        let inner = timeout(&PollTimer, Duration::from_nanos(1), b);
        let outer = timeout(&PollTimer, Duration::from_nanos(3), inner).await;
        assert!(outer.is_err(), "{outer:?}");
        Ok::<_, String>(())
    });
    a.await.unwrap();
    log.push("returned");
    log.assert("+a +b -b:cancelled -a returned");
}

// K2, K6
pub async fn a_dropped_task_exits_inner_before_outer(rt: &impl Runtime) {
    let log = Log::new();
    let (tasks_rt, tasks_log) = (rt.clone(), log.clone());
    let dropped = rt.spawn(async move {
        let (rt, log) = (&tasks_rt, &tasks_log);
        let a = with(rt, Act::new(log, "a"), async |_| {
            let b = with(rt, Act::new(log, "b"), async |_| {
                let c = with(rt, Act::new(log, "c"), async |_| pending::<Never>().await);
                c.await.map_err(|error| error.to_string())
            });
            b.await.map_err(|error| error.to_string())
        });
        assert!(gives_up(1, a).await.is_none());
    });
    dropped.await.unwrap();
    log.seen(rt, "-a:cancelled").await;
    log.assert("+a +b +c -c:cancelled -b:cancelled -a:cancelled");
}

//! Scopes that stay on their thread.

use std::cell::RefCell;
use std::future::pending;
use std::rc::Rc;
use std::time::Duration;

use withal::runtime::Runtime;
use withal::scope::{Lend, scope_fn_local};
use withal::{Abandon, Local, Synchronous, await_cleanup, cancel, either, enter_in, timeout, with};

use crate::foreign::gives_up;
use crate::poll::{caught, poll_now, yields};
use crate::probe::{Counter, Failed, LocalProbe};
use crate::reports::Reports;
use crate::sweep::{Followed, PollTimer, Sweep, Way, settle};
use crate::{Log, Probe, laws};

/// The table of these cases, given to the macro `$make`.
#[doc(hidden)]
#[macro_export]
macro_rules! local_cases {
    ($make:ident $with:tt $of:tt) => {
        $crate::$make! { $with $of local:
            a_body_may_hold_what_stays_on_its_thread,
            a_local_scope_lends_what_stays_on_its_thread,
            local_combinators_wait_for_local_exits,
            an_enclosing_local_scope_waits_for_a_foreign_drop,
            an_enclosing_scope_that_may_move_leaves_it_to_the_thread,
            left_to_the_thread_it_waits_for_a_drain,
            a_thread_that_ends_reports_what_it_leaves,
            a_synchronous_local_scope_is_exited_within_the_drop,
            a_local_scope_may_be_abandoned,
            a_local_guard_is_exited_on_its_thread,
            a_local_closure_scope_holds_what_stays_on_its_thread,
            a_panic_passes_through_a_local_scope,
            cancelled_at_every_poll_nothing_moves,
        }
    };
}

fn local(log: &Log, name: &str) -> Local<LocalProbe> {
    Local(LocalProbe::new(Probe::new(log, name).reasons()))
}

async fn endless(_: &mut Counter) -> Result<(), Failed> {
    pending().await
}

// CM-15, K8
pub async fn a_body_may_hold_what_stays_on_its_thread(rt: &impl Runtime) {
    let log = Log::new();
    let shared = Rc::new(RefCell::new(Vec::new()));
    with(rt, Probe::new(&log, "a"), async |_| {
        let own = shared.clone();
        yields(1).await;
        own.borrow_mut().push(1);
        Ok::<_, Failed>(())
    })
    .await
    .unwrap();
    assert_eq!(*shared.borrow(), [1]);
}

// K8, CM-2
pub async fn a_local_scope_lends_what_stays_on_its_thread(rt: &impl Runtime) {
    let log = Log::new();
    let count = with(rt, local(&log, "a"), async |counter| {
        counter.count.set(counter.count.get() + 1);
        Ok::<_, Failed>(counter.count.clone())
    })
    .await
    .unwrap();
    assert_eq!(count.get(), 1);
    log.assert("+a -a:completed");
}

// K1, K8
pub async fn local_combinators_wait_for_local_exits(rt: &impl Runtime) {
    let log = Log::new();
    let scoped = || with(rt, local(&log, "a"), endless);
    timeout(&PollTimer, Duration::ZERO, scoped())
        .local()
        .await
        .unwrap_err();
    log.assert("+a -a:cancelled");
    either(scoped(), yields(2)).local().await;
    log.assert("+a -a:cancelled +a -a:cancelled");
    await_cleanup(gives_up(1, scoped())).local().await;
    log.assert("+a -a:cancelled +a -a:cancelled +a -a:cancelled");
    let mut entered = Box::pin(scoped());
    assert!(poll_now(entered.as_mut()).is_pending());
    cancel(entered).local().await;
    assert_eq!(log.count("-a:cancelled"), 4);
}

// K3, K8
pub async fn an_enclosing_local_scope_waits_for_a_foreign_drop(rt: &impl Runtime) {
    let log = Log::new();
    let outer = with(rt, local(&log, "a"), async |_| {
        gives_up(1, with(rt, local(&log, "b"), endless)).await;
        log.push("dropped");
        Ok::<_, Failed>(())
    });
    outer.await.unwrap();
    // Nothing else runs it, so it waits for the exit of the scope around it.
    log.assert("+a +b dropped -b:cancelled -a:completed");
}

// K8, K3
pub async fn an_enclosing_scope_that_may_move_leaves_it_to_the_thread(rt: &impl Runtime) {
    let log = Log::new();
    let outer = with(rt, Probe::new(&log, "a"), async |_| {
        gives_up(1, with(rt, local(&log, "b"), endless)).await;
        Ok::<_, Failed>(())
    });
    outer.await.unwrap();
    log.assert("+a +b -a");
    settle(rt, &log).await;
    log.assert("+a +b -a -b:cancelled");
}

// K6, K8
pub async fn left_to_the_thread_it_waits_for_a_drain(rt: &impl Runtime) {
    let (log, reports) = (Log::new(), Reports::begin());
    gives_up(1, with(rt, local(&log, "a"), endless)).await;
    log.assert("+a");
    let here = reports.here();
    assert!(here.len() == 1 && here[0].contains("orphaned"), "{here:?}");
    settle(rt, &log).await;
    log.assert("+a -a:cancelled");
}

// K8, A-4
pub async fn a_thread_that_ends_reports_what_it_leaves<R: Runtime>(rt: &R) {
    let (log, reports) = (Log::new(), Reports::begin());
    let (own_rt, own_log) = (rt.clone(), log.clone());
    let thread = std::thread::spawn(move || {
        let mut scoped = Box::pin(with(&own_rt, local(&own_log, "a"), endless));
        assert!(poll_now(scoped.as_mut()).is_pending());
        drop(scoped);
        std::thread::current().id()
    });
    let thread = thread.join().unwrap();
    let reported = reports.on(thread);
    assert_eq!(reported.len(), 2, "{reported:?}");
    assert!(reported[0].contains("orphaned"), "{reported:?}");
    assert!(
        reported[1].contains("dropped without its exit"),
        "{reported:?}"
    );
    log.assert("+a");
}

// A-4, K8
pub async fn a_synchronous_local_scope_is_exited_within_the_drop(rt: &impl Runtime) {
    let log = Log::new();
    let probe = Probe::new(&log, "a").exit_yields(0).reasons();
    let scope = Local(LocalProbe::<Synchronous>::with_strategy(probe));
    gives_up(1, with(rt, scope, endless)).await;
    log.assert("+a -a:cancelled");
}

// A-4, K8
pub async fn a_local_scope_may_be_abandoned(rt: &impl Runtime) {
    let log = Log::new();
    let scope = || Local(LocalProbe::<Abandon>::with_strategy(Probe::new(&log, "a")));
    gives_up(1, with(rt, scope(), endless)).await;
    log.assert("+a ~a");
    with(rt, scope(), async |_| Ok::<_, Failed>(()))
        .await
        .unwrap();
    log.assert("+a ~a +a -a");
}

// CM-28, K8
pub async fn a_local_guard_is_exited_on_its_thread(rt: &impl Runtime) {
    let log = Log::new();
    let guard = enter_in(rt, local(&log, "a")).await.unwrap();
    guard.count.set(1);
    guard.exit(Ok::<_, Failed>(())).await.unwrap();
    drop(enter_in(rt, local(&log, "b")).await.unwrap());
    settle(rt, &log).await;
    log.assert("+a -a:completed +b -b:cancelled");
}

// GM-19, K8
pub async fn a_local_closure_scope_holds_what_stays_on_its_thread(rt: &impl Runtime) {
    let log = Log::new();
    let scope = || {
        let log = log.clone();
        Local(scope_fn_local(async move |lend: Lend<Rc<u32>>| {
            let frame = Rc::new(1);
            log.push("+a");
            let (lent, ended) = lend.lend(frame.clone()).await;
            yields(1).await;
            log.push(format_args!("-a:{}", ended.kind()));
            assert!(Rc::ptr_eq(&frame, &lent));
            Ok::<_, Failed>(ended)
        }))
    };
    let value = with(rt, scope(), async |lent| Ok::<_, Failed>(**lent)).await;
    assert_eq!(value, Ok(1));
    let endless = with(rt, scope(), async |_| pending::<Result<(), Failed>>().await);
    timeout(&PollTimer, Duration::ZERO, endless)
        .local()
        .await
        .unwrap_err();
    log.assert("+a -a:completed +a -a:cancelled");
}

// A-5, CM-25, K8
pub async fn a_panic_passes_through_a_local_scope(rt: &impl Runtime) {
    let log = Log::new();
    let outer = with(rt, local(&log, "a"), async |_| {
        let inner = with(rt, local(&log, "b"), async |_| -> Result<(), Failed> {
            panic!("on purpose")
        });
        inner.await.unwrap();
        Ok::<_, Failed>(())
    });
    assert_eq!(caught(outer).await.unwrap_err(), "on purpose");
    log.assert("+a +b -b:panicked -a:panicked");
}

// K8, CM-17, A-3
pub async fn cancelled_at_every_poll_nothing_moves<R: Runtime>(rt: &R) {
    let scenario = async |rt: Followed<R>, log: Log| {
        let probe = |name| {
            let probe = Probe::new(&log, name).enter_yields(1).exit_yields(2);
            Local(LocalProbe::new(probe.reasons()))
        };
        with(&rt, probe("a"), async |_| {
            let inner = with(&rt, probe("a/b"), async |counter| {
                counter.count.set(1);
                yields(2).await;
                log.push(".a/b");
                Ok::<_, Failed>(())
            });
            inner.await.unwrap();
            log.push(".a");
            Ok::<_, Failed>(())
        })
        .await
        .unwrap();
    };
    let sweep = || {
        Sweep::on(rt, Log::new).invariant_of(|log, ending| {
            laws::hold(log, ending);
            assert_eq!(log.count("moved"), 0, "{}", log.trace());
        })
    };
    let waiting = sweep().ways(Way::waiting(rt).into_iter().map(Way::local));
    waiting.sweep(scenario).await.unwrap();
    // With nothing around, they are left to the thread, and drained there.
    sweep().ways(Way::alone(rt)).sweep(scenario).await.unwrap();
}

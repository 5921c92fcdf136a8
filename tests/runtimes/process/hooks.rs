//! Report hooks that misbehave.

use std::cell::Cell;
use std::future::pending;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};

use withal::cleanup::{Report, drain, live_list, set_report_hook};
use withal::runtime::NoExecutor;
use withal::with;
use withal_tests::foreign::{begun, block_on, gives_up};
use withal_tests::log::PATIENCE;
use withal_tests::poll::drive;
use withal_tests::reports::Reports;
use withal_tests::{Act, Deterministic, Log};

use crate::turn;

type Never = Result<(), String>;

static CALLS: AtomicUsize = AtomicUsize::new(0);

/// Calls `f` with `hook` installed; gives how often the hook was called.
fn hooked(hook: fn(&Report<'_>), f: impl FnOnce()) -> usize {
    let _ = Reports::begin();
    let before = set_report_hook(Some(hook));
    CALLS.store(0, Ordering::SeqCst);
    f();
    set_report_hook(before);
    CALLS.load(Ordering::SeqCst)
}

// K6, K11
#[test]
fn a_hook_that_panics_takes_nothing_with_it() {
    let _turn = turn();
    let (log, rt, none) = (Log::new(), Deterministic::new(), NoExecutor::new());
    let calls = hooked(
        |_| {
            CALLS.fetch_add(1, Ordering::SeqCst);
            panic!("hook");
        },
        || {
            drop(begun(with(&none, Act::new(&log, "a"), async |_| {
                pending::<Never>().await
            })));
            block_on(async {
                let b = with(&rt, Act::new(&log, "b"), async |_| {
                    let c = Act::new(&log, "c").fails();
                    gives_up(1, with(&rt, c, async |_| pending::<Never>().await)).await;
                    Ok::<_, String>(())
                });
                b.await.unwrap();
            });
            drive(pin!(drain(&rt, PATIENCE)), 5).unwrap();
        },
    );
    assert_eq!(calls, 2);
    log.assert("+a +b +c -c:cancelled -b -a:cancelled");
}

// K6: no lock is held while a hook runs, so it may enter, drop, drain and look.
#[test]
fn a_hook_may_use_the_library() {
    thread_local! {
        static INSIDE: Cell<bool> = const { Cell::new(false) };
    }

    fn hook(_: &Report<'_>) {
        CALLS.fetch_add(1, Ordering::SeqCst);
        if INSIDE.replace(true) {
            return;
        }
        let (log, rt, none) = (Log::new(), Deterministic::new(), NoExecutor::new());
        let _ = live_list();
        set_report_hook(Some(hook));
        // Its own report is the second call, from within the first.
        drop(begun(with(&none, Act::new(&log, "inner"), async |_| {
            pending::<Never>().await
        })));
        drive(pin!(drain(&rt, PATIENCE)), 5).unwrap();
        log.assert("+inner -inner:cancelled");
        INSIDE.set(false);
    }

    let _turn = turn();
    let (log, rt, none) = (Log::new(), Deterministic::new(), NoExecutor::new());
    let calls = hooked(hook, || {
        block_on(async {
            let a = with(&rt, Act::new(&log, "a"), async |_| {
                let b = Act::new(&log, "b").fails();
                gives_up(1, with(&rt, b, async |_| pending::<Never>().await)).await;
                Ok::<_, String>(())
            });
            a.await.unwrap();
        });
        drop(begun(with(&none, Act::new(&log, "c"), async |_| {
            pending::<Never>().await
        })));
        drive(pin!(drain(&rt, PATIENCE)), 5);
    });
    assert_eq!(calls, 4);
    log.assert("+a +b -b:cancelled -a +c -c:cancelled");
}

// K6: a waker that drains, and a cleanup whose drop leaves another one behind.
#[test]
fn cleanups_and_wakers_may_use_the_library() {
    use std::sync::Arc;
    use std::task::{Context, Wake, Waker};

    struct Drains(Deterministic);

    impl Wake for Drains {
        fn wake(self: Arc<Self>) {
            drive(pin!(drain(&self.0, PATIENCE)), 5);
        }
    }

    let _turn = turn();
    let (log, rt, none) = (Log::new(), Deterministic::new(), NoExecutor::new());
    let (held_log, held) = (
        log.clone(),
        begun({
            let (log, none) = (log.clone(), none);
            async move {
                with(&none, Act::new(&log, "held"), async |_| {
                    pending::<Never>().await
                })
                .await
            }
        }),
    );
    // Dropped with the frame of the exit, in a drain.
    let a = Act::new(&log, "a").exit_waits_for("go").exit(async move {
        let _held = held;
        held_log.push("exit-ends");
    });
    drop(begun(with(&none, a, async |_| pending::<Never>().await)));
    let mut draining = Box::pin(drain(&rt, PATIENCE));
    let waker = Waker::from(Arc::new(Drains(rt.clone())));
    assert!(
        draining
            .as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
    );
    log.push("go");
    let report = drive(draining.as_mut(), 5).unwrap();
    assert_eq!(log.events().len(), 6, "{} {report}", log.trace());
    log.assert("+held +a go exit-ends -a:cancelled -held:cancelled");
}

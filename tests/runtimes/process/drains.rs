//! What a drain finds, and what becomes of it.

use std::any::type_name;
use std::cell::Cell;
use std::future::{pending, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use withal::cleanup::drain;
use withal::runtime::{NoExecutor, Runtime};
use withal::with;
use withal_tests::foreign::begun;
use withal_tests::log::PATIENCE;
use withal_tests::poll::{Wakes, drive, poll_once};
use withal_tests::reports::{Reports, unique};
use withal_tests::{Act, Deterministic, Log};

use crate::{names, on_each_flavour, turn};

type Never = Result<(), String>;

on_each_flavour!(
    each_end_is_listed_by_name,
    what_does_not_end_in_time_is_listed_and_left,
    an_arrival_during_the_drain_is_drained,
    orphans_of_any_runtime_are_drained,
    a_dropped_drain_leaves_everything,
);

/// Foreign code drops `act`, entered with `rt`.
fn dropped<M: 'static>(rt: &impl withal::runtime::Cleanup, act: Act<M>) -> u32 {
    let line = line!() + 1;
    let scope = with(rt, act, async |_| pending::<Never>().await);
    drop(begun(scope));
    line
}

// K6
async fn each_end_is_listed_by_name(rt: &impl Runtime) {
    struct Good;
    struct Failing;
    struct Panicking;
    let (log, reports, text) = (Log::new(), Reports::begin(), unique("drained"));
    // Held until the drain looks, so that no executor can be earlier.
    let go = "drain-began";
    let line = dropped(rt, Act::<Good>::of(&log, "good").exit_waits_for(go));
    dropped(
        rt,
        Act::<Failing>::of(&log, "failing")
            .exit_waits_for(go)
            .fails(),
    );
    let panics = text.clone();
    dropped(
        rt,
        Act::<Panicking>::of(&log, "panicking")
            .exit_waits_for(go)
            .exit(async move {
                std::panic::panic_any(panics);
            }),
    );
    let mut draining = pin!(drain(rt, PATIENCE));
    assert!(poll_once(draining.as_mut(), &Arc::default()).is_pending());
    log.push(go);
    let report = draining.await;
    assert_eq!(names(&report.finished), [type_name::<Act<Good>>()]);
    assert_eq!(names(&report.failed), [type_name::<Act<Failing>>()]);
    assert_eq!(names(&report.panicked), [type_name::<Act<Panicking>>()]);
    assert!(
        report.pending.is_empty() && report.abandoned.is_empty(),
        "{report}"
    );
    assert!(!report.is_clean());
    let about = report.finished[0];
    assert!(
        about.location.file().ends_with("process/drains.rs"),
        "{about}"
    );
    assert_eq!((about.location.line(), about.runtime), (line, rt.id()));
    assert_eq!(reports.count(&text), 1);
    assert_eq!(reports.count("Failing> (entered at"), 1);
    assert_eq!(
        report.to_string(),
        "1 finished, 1 failed, 1 panicked, 0 pending, 0 abandoned"
    );
}

// K6: what an executor has is pending; what only a drain would run is abandoned. Neither is lost.
async fn what_does_not_end_in_time_is_listed_and_left(rt: &impl Runtime) {
    struct OnExecutor;
    struct Orphan;
    let log = Log::new();
    dropped(rt, Act::<OnExecutor>::of(&log, "p").exit_waits_for("go"));
    dropped(
        &NoExecutor::new(),
        Act::<Orphan>::of(&log, "o").exit_waits_for("go"),
    );
    let report = drain(rt, Duration::from_millis(5)).await;
    assert_eq!(names(&report.pending), [type_name::<Act<OnExecutor>>()]);
    assert_eq!(names(&report.abandoned), [type_name::<Act<Orphan>>()]);
    assert!(report.finished.is_empty() && !report.is_clean(), "{report}");
    log.assert("+p +o");
    log.push("go");
    let report = drain(rt, PATIENCE).await;
    // The executor may have been earlier than the drain.
    log.seen(rt, "-p:cancelled").await;
    assert!(
        names(&report.finished).contains(&type_name::<Act<Orphan>>()),
        "{report:?}"
    );
    assert!(report.is_clean());
    assert_eq!((log.count("-p"), log.count("-o")), (1, 1));
}

// K6
async fn an_arrival_during_the_drain_is_drained(rt: &impl Runtime) {
    struct First;
    struct Second;
    let log = Log::new();
    dropped(
        &NoExecutor::new(),
        Act::<First>::of(&log, "first").exit_waits_for("go"),
    );
    let mut draining = pin!(drain(rt, PATIENCE));
    let wakes = Arc::<Wakes>::default();
    assert!(poll_once(draining.as_mut(), &wakes).is_pending());
    let before = wakes.count();
    dropped(
        &NoExecutor::new(),
        Act::<Second>::of(&log, "second").exit_waits_for("go"),
    );
    assert!(wakes.count() > before, "an arrival wakes the drain");
    assert!(poll_once(draining.as_mut(), &wakes).is_pending());
    log.push("go");
    let report = draining.await;
    assert_eq!(report.finished.len(), 2, "{report:?}");
    assert_eq!((log.count("-first"), log.count("-second")), (1, 1));
}

// K6, ATTACK B3: one list for the process, tagged with the runtimes.
async fn orphans_of_any_runtime_are_drained(rt: &impl Runtime) {
    let (log, gone, reports) = (Log::new(), Deterministic::new(), Reports::begin());
    let b = Act::new(&log, "b").exit_waits_for("go");
    dropped(&gone, b);
    assert_eq!(gone.run_until_stalled(), 1);
    assert_eq!(reports.here().len(), 0);
    gone.shut_down();
    assert_eq!(reports.count("is orphaned until a drain"), 1);
    // A runtime that is gone refuses, and the arrival is reported at once: nobody may ever drain.
    dropped(&gone, Act::new(&log, "c"));
    assert_eq!(reports.count("is orphaned until a drain"), 2);
    assert!(reports.here()[0].contains("deterministic#"));
    log.push("go");
    let report = drain(rt, PATIENCE).await;
    assert_eq!(report.finished.len(), 2, "{report:?}");
    assert!(
        report
            .finished
            .iter()
            .all(|about| about.runtime.name == "deterministic")
    );
    assert_eq!((log.count("-b"), log.count("-c")), (1, 1));
}

// K6
async fn a_dropped_drain_leaves_everything(rt: &impl Runtime) {
    let log = Log::new();
    dropped(&NoExecutor::new(), Act::new(&log, "b").exit_waits_for("go"));
    let mut draining = Box::pin(drain(rt, PATIENCE));
    assert!(poll_once(draining.as_mut(), &Arc::default()).is_pending());
    drop(draining);
    log.push("go");
    log.assert("+b go");
    let report = drain(rt, PATIENCE).await;
    assert_eq!(report.finished.len(), 1, "{report:?}");
    log.assert("+b go -b:cancelled");
}

// K6: the clock is the runtime's own, so an executor and a clock that stand still drain nothing,
// and hang nobody who moves them.
#[test]
fn grace_is_counted_on_the_clock_of_the_runtime() {
    let _turn = turn();
    let (log, rt) = (Log::new(), Deterministic::new());
    dropped(&rt, Act::new(&log, "b").exit_waits_for("go"));
    let mut draining = pin!(drain(&rt, Duration::from_secs(3)));
    assert!(drive(draining.as_mut(), 3).is_none());
    rt.advance(Duration::from_secs(2));
    assert!(drive(draining.as_mut(), 3).is_none());
    rt.advance(Duration::from_secs(1));
    let report = drive(draining.as_mut(), 3).unwrap();
    assert_eq!(report.pending.len(), 1, "{report:?}");
    log.push("go");
    assert_eq!(rt.run_until_stalled(), 0);
    log.assert("+b go -b:cancelled");
}

// K6, K11, ATTACK B2: a cleanup that panics in a drain is reported, listed, and gone.
#[test]
fn an_orphan_that_panics_is_tried_once() {
    let _turn = turn();
    let (log, reports, text) = (Log::new(), Reports::begin(), unique("orphan"));
    let panics = text.clone();
    let b = Act::new(&log, "b").exit(async move { std::panic::panic_any(panics) });
    dropped(&NoExecutor::new(), b);
    let rt = Deterministic::new();
    let report = drive(pin!(drain(&rt, PATIENCE)), 3).unwrap();
    assert_eq!(report.panicked.len(), 1, "{report:?}");
    let report = drive(pin!(drain(&rt, PATIENCE)), 3).unwrap();
    assert_eq!(report.panicked.len(), 0, "{report:?}");
    assert_eq!(reports.count(&text), 1);
}

// K6: two drains at once; each cleanup runs once and is listed by one of them.
#[test]
fn two_drains_share_the_work() {
    let _turn = turn();
    let (log, rt) = (Log::new(), Deterministic::new());
    for number in 0..20 {
        let exit = withal_tests::poll::yields(number % 4);
        dropped(
            &NoExecutor::new(),
            Act::new(&log, format!("s{number}")).exit(exit),
        );
    }
    let listed: usize = std::thread::scope(|threads| {
        let drains: Vec<_> = (0..2)
            .map(|_| threads.spawn(|| drive(pin!(drain(&rt, PATIENCE)), usize::MAX).unwrap()))
            .collect();
        let reports = drains.into_iter().map(|drain| drain.join().unwrap());
        reports.map(|report| report.finished.len()).sum()
    });
    assert_eq!(log.count("-"), 20);
    assert_eq!(listed, 20);
}

// K6, ATTACK E: many that can go on at once are polled a few times each, though the executor allows
// each poll only so many operations.
#[test]
fn a_drain_of_many_polls_those_that_were_woken() {
    const BUDGET: usize = 128;

    thread_local! {
        static LEFT: Cell<usize> = const { Cell::new(0) };
    }

    async fn operation() {
        poll_fn(|cx| {
            if LEFT.get() == 0 {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            LEFT.set(LEFT.get() - 1);
            Poll::Ready(())
        })
        .await;
    }

    let _turn = turn();
    let (log, rt, many) = (Log::new(), Deterministic::new(), 2_000);
    for number in 0..many {
        let act = Act::new(&log, number.to_string());
        dropped(&rt, act.exit_waits_for("go").exit(operation()));
    }
    let mut draining = pin!(drain(&rt, PATIENCE));
    assert!(drive(draining.as_mut(), many).is_none());
    assert!(rt.contexts() >= many);
    log.push("go");
    let (before, wakes) = (rt.contexts(), Arc::<Wakes>::default());
    let report = loop {
        LEFT.set(BUDGET);
        let woken = wakes.count();
        if let Poll::Ready(report) = poll_once(draining.as_mut(), &wakes) {
            break report;
        }
        assert!(wakes.count() > woken, "asleep for ever");
    };
    let again = rt.contexts() - before;
    assert!(again <= 3 * many, "{again} polls for {many} cleanups");
    assert_eq!((report.finished.len(), log.count("-")), (many, many));
}

// K6: without grace, what is ready is still drained, however much there is.
#[test]
fn a_drain_without_grace_tries_everything_once() {
    let _turn = turn();
    let (log, rt) = (Log::new(), Deterministic::new());
    for number in 0..500 {
        dropped(&NoExecutor::new(), Act::new(&log, number.to_string()));
    }
    dropped(
        &NoExecutor::new(),
        Act::new(&log, "late").exit_waits_for("go"),
    );
    let report = drive(pin!(drain(&rt, Duration::ZERO)), 1).unwrap();
    assert_eq!(
        (report.finished.len(), report.abandoned.len()),
        (500, 1),
        "{report}"
    );
    log.push("go");
    let report = drive(pin!(drain(&rt, Duration::ZERO)), 1).unwrap();
    assert_eq!((report.finished.len(), log.count("-")), (1, 501));
}

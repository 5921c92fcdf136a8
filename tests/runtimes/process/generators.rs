//! Generators in the live list, and what is told of them.

use std::any::type_name_of_val;
use std::cell::Cell;
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::pin::{Pin, pin};
use std::sync::Mutex;
use std::time::Duration;

use futures_util::{FutureExt, Stream, StreamExt};
use withal::cleanup::{
    LiveEvent, LiveStep, Report, Subject, drain, keep_live_list, live_hook_guard, live_list,
    report_hook_guard,
};
use withal::generator::Yielder;
use withal::runtime::{Cleanup, NoExecutor, RuntimeId};
use withal::scope::ExitKind;
use withal::{await_cleanup, cancel, close, either, generator, timeout, with};
use withal_tests::foreign::{begun, block_on};
use withal_tests::poll::yields;
use withal_tests::reports::Reports;
use withal_tests::{Act, Deterministic, Log};

use crate::turn;

/// Yields numbers for ever.
fn endless() -> impl Stream<Item = u32> {
    generator(async |y| {
        for n in 0.. {
            y.yield_(n).await;
        }
    })
}

/// One that waits at its second yield.
fn suspended() -> Pin<Box<impl Stream<Item = u32>>> {
    let mut items = Box::pin(endless());
    assert_eq!(items.next().now_or_never(), Some(Some(0)));
    items
}

pub(super) type Steps = Vec<(Subject, LiveStep)>;

static STEPS: Mutex<Steps> = Mutex::new(Vec::new());
static REPORTS: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn note(event: &LiveEvent) {
    STEPS
        .lock()
        .unwrap()
        .push((event.about.subject, event.step));
}

fn keep(report: &Report<'_>) {
    REPORTS.lock().unwrap().push(report.to_string());
}

/// Runs `case` alone with the hooks installed; the steps and the reports that it led to.
pub(super) fn told(case: impl FnOnce()) -> (Steps, Vec<String>) {
    let _turn = turn();
    keep_live_list(false);
    let _guards = (live_hook_guard(Some(note)), report_hook_guard(Some(keep)));
    case();
    assert!(live_list().is_empty());
    let steps = STEPS.lock().unwrap().drain(..).collect();
    let reports = REPORTS.lock().unwrap().drain(..).collect();
    (steps, reports)
}

const BEGUN: (Subject, LiveStep) = (Subject::Generator, LiveStep::Entered);
const CLOSED: (Subject, LiveStep) = (Subject::Generator, LiveStep::Dropped(ExitKind::Cancelled));
const NOT_CLOSED: (Subject, LiveStep) = (Subject::Generator, LiveStep::NotClosed);
const ENDED: (Subject, LiveStep) = (Subject::Generator, LiveStep::Ended);

// FH-2
#[test]
fn a_generator_is_listed_from_its_first_poll_to_its_end() {
    let _turn = turn();
    keep_live_list(true);
    let body = async |y: Yielder<'_, u8>| {
        y.yield_(1).await;
        y.yield_(2).await;
    };
    let name = type_name_of_val(&body);
    let line = line!() + 1;
    let mut items = pin!(generator(body));
    assert!(live_list().is_empty(), "it was only made");
    // A step that is dropped is a beginning as well.
    assert_eq!(items.next().now_or_never(), Some(Some(1)));
    let [live] = live_list()[..] else {
        panic!("{:?}", live_list());
    };
    assert_eq!(live.about.subject, Subject::Generator);
    assert_eq!(
        (live.about.name, live.about.runtime),
        (name, RuntimeId::ANY)
    );
    assert_eq!(live.about.location.file(), file!());
    assert_eq!(live.about.location.line(), line);
    let text = live.to_string();
    let expected = format!("{name} (made at {}:{line}:", file!());
    assert!(
        text.starts_with(&expected) && text.ends_with(" ago"),
        "{text}"
    );
    let older = live.age;
    assert_eq!(items.next().now_or_never(), Some(Some(2)));
    assert!(live_list()[0].age >= older);
    // Its body is over with the step that finds this out; polled again, it does not begin again.
    assert_eq!(items.next().now_or_never(), Some(None));
    assert!(live_list().is_empty());
    assert_eq!(items.next().now_or_never(), Some(None));
    assert!(live_list().is_empty());
    keep_live_list(false);
}

// FH-2, FH-4
#[test]
fn one_that_never_began_or_that_ended_is_dropped_in_silence() {
    let (steps, reports) = told(|| {
        drop(endless());
        let items = generator(async |y| y.yield_(1).await);
        assert_eq!(items.count().now_or_never(), Some(1));
        let items = generator(async |y| {
            y.yield_(1).await;
            Err::<(), _>("enough")
        });
        assert_eq!(items.count().now_or_never(), Some(2));
    });
    assert_eq!(steps, [BEGUN, ENDED, BEGUN, ENDED]);
    assert!(reports.is_empty(), "{reports:?}");
}

// FH-4, AG-8
#[test]
fn one_whose_body_panics_has_ended() {
    let (steps, reports) = told(|| {
        let mut items = Box::pin(generator(async |y| {
            y.yield_(1).await;
            panic_any("oh");
        }));
        assert_eq!(items.next().now_or_never(), Some(Some(1)));
        catch_unwind(AssertUnwindSafe(|| items.next().now_or_never())).unwrap_err();
        assert!(live_list().is_empty());
        // The making of the body runs code as well.
        let never = |_: Yielder<'_, u8>| -> std::future::Ready<()> { panic_any("oh") };
        let mut items = Box::pin(generator(never));
        catch_unwind(AssertUnwindSafe(|| items.next().now_or_never())).unwrap_err();
    });
    assert_eq!(steps, [BEGUN, ENDED]);
    assert!(reports.is_empty(), "{reports:?}");
}

// FH-4, FH-9, AG-19: between two steps, whoever iterated is gone, and it with them.
#[test]
fn one_that_is_dropped_where_it_is_suspended_is_reported() {
    let mut line = 0;
    let (steps, reports) = told(|| {
        let rt = NoExecutor::new();
        drop(suspended());
        line = line!() + 1;
        let mut waits = Box::pin(generator(async |_: Yielder<'_, u8>| pending::<()>().await));
        assert_eq!(waits.next().now_or_never(), None);
        drop(waits);
        // The scope waits for what its body leaves; its body did not.
        let a = with(&rt, Act::new(&Log::new(), "a"), async |_| {
            drop(suspended());
            Ok::<_, String>(())
        });
        a.now_or_never().unwrap().unwrap();
        // Unwinding is a drop like any other.
        let unwinds = catch_unwind(|| {
            let _items = suspended();
            panic_any("oh");
        });
        unwinds.unwrap_err();
    });
    let scope = |step| (Subject::Scope, step);
    assert_eq!(
        steps,
        [
            BEGUN,
            NOT_CLOSED,
            ENDED,
            BEGUN,
            NOT_CLOSED,
            ENDED,
            scope(LiveStep::Entered),
            BEGUN,
            NOT_CLOSED,
            ENDED,
            scope(LiveStep::Exiting(ExitKind::Completed)),
            scope(LiveStep::Ended),
            BEGUN,
            NOT_CLOSED,
            ENDED,
        ]
    );
    assert_eq!(reports.len(), 4);
    let name = "::endless::{{closure}} (made at tests/runtimes/process/generators.rs:";
    assert!(reports[0].contains(name), "{reports:?}");
    let text = format!("/generators.rs:{}:", line);
    assert!(reports[1].contains(&text), "{reports:?}");
    assert!(reports[2].contains(", no-executor#0): "), "{reports:?}");
    for report in reports {
        assert!(
            report.ends_with(": dropped before its end, not closed"),
            "{report}"
        );
    }
}

// FH-4, K1
#[test]
fn one_that_is_dropped_by_who_waits_is_closed() {
    let (steps, reports) = told(|| {
        let rt = Deterministic::new();
        keep_live_list(false);
        block_on(async {
            close(suspended()).await;
            close(suspended().map(|n| n + 1).take(9)).await;
            cancel(begun(suspended().for_each(async |_| pending().await))).await;
            await_cleanup(async { yields(1).await }).await;
            let endlessly = async || suspended().for_each(async |_| yields(1).await).await;
            either(yields(3), endlessly()).await;
            timeout(&rt, Duration::ZERO, endlessly()).await.unwrap_err();
            // In the body of a scope that is dropped: that becomes a cleanup which awaits it.
            let a = with(&rt, Act::new(&Log::new(), "a"), async |_| {
                endlessly().await;
                Ok::<_, String>(())
            });
            drop(begun(a));
        });
        while rt.run_until_stalled() > 0 {}
    });
    let generators = steps
        .iter()
        .filter(|(subject, _)| *subject != Subject::Scope);
    assert!(
        generators.eq([BEGUN, CLOSED, ENDED].iter().cycle().take(18)),
        "{steps:?}"
    );
    assert!(reports.is_empty(), "{reports:?}");
}

// FH-4, K2: a block_on in a drop that is collected is not what is collected for.
#[test]
fn a_collector_that_waits_for_something_else_closes_nothing() {
    let (steps, reports) = told(|| {
        let blocks = async {
            let _drop = withal_tests::foreign::OnDrop::new(|| drop(suspended()));
            pending::<()>().await;
        };
        cancel(begun(blocks)).now_or_never().unwrap();
    });
    assert_eq!(steps, [BEGUN, NOT_CLOSED, ENDED]);
    assert_eq!(reports.len(), 1);
}

// FH-1
#[test]
fn guards_put_the_earlier_hooks_back() {
    let (steps, reports) = told(|| {
        let other_hooks = (
            live_hook_guard(Some(|_| ())),
            report_hook_guard(Some(|_| ())),
        );
        let none = live_hook_guard(None);
        drop(suspended());
        drop(none);
        drop(suspended());
        drop(other_hooks);
        drop(suspended());
    });
    assert_eq!(steps, [BEGUN, NOT_CLOSED, ENDED]);
    assert_eq!(reports.len(), 1);
}

// FH-3
#[test]
fn the_hook_at_its_beginning_counts() {
    let (steps, reports) = told(|| {
        let followed = suspended();
        let none = live_hook_guard(None);
        let unheard = suspended();
        drop(none);
        // Told of to its end by the hook that was there; the others by none, not even reported.
        let _other = live_hook_guard(Some(|_| panic_any("the wrong hook")));
        drop(followed);
        drop(unheard);
    });
    assert_eq!(steps, [BEGUN, NOT_CLOSED, ENDED]);
    assert_eq!(reports.len(), 1);
}

// FH-7, K6
#[test]
fn a_drain_runs_what_several_left_side_by_side() {
    let _turn = turn();
    let (log, reports) = (Log::new(), Reports::begin());
    let (rt, gone) = (Deterministic::new(), Deterministic::new());
    let open = |name: &'static str, waits_for: &'static str| {
        let (gone, log) = (gone.clone(), log.clone());
        let mut items = Box::pin(generator(async move |y| {
            let told = log.clone();
            let scope = Act::new(&log, name).exit(async move {
                told.push(format_args!("exits-{name}"));
                told.when(|events| events.iter().any(|seen| seen == waits_for))
                    .await;
            });
            let scope = if name == "b" { scope.fails() } else { scope };
            let scope = with(&gone, scope, async |_| {
                y.yield_(1).await;
                Ok::<_, String>(())
            });
            scope.await.unwrap();
        }));
        assert_eq!(items.next().now_or_never(), Some(Some(1)));
        items
    };
    // Each waits for the other.
    let (a, b, alive) = (
        open("a", "exits-b"),
        open("b", "exits-a"),
        open("c", "never"),
    );
    gone.shut_down();
    drop((a, b));
    let drained = rt.block_on(drain(&rt, Duration::from_secs(1)));
    assert_eq!(
        (drained.finished.len(), drained.failed.len()),
        (1, 1),
        "{drained}"
    );
    assert!(
        drained.pending.is_empty() && drained.abandoned.is_empty(),
        "{drained}"
    );
    assert_eq!(reports.count("exit failed: ActError(\"b\")"), 1);
    log.push("never");
    block_on(close(alive));
    assert!(log.has("-c:cancelled"));
}

// FH-4: where nobody follows, nobody hears.
#[test]
fn switched_off_nothing_is_reported() {
    let _turn = turn();
    keep_live_list(false);
    let _guard = report_hook_guard(Some(keep));
    let before = suspended();
    assert!(live_list().is_empty());
    keep_live_list(true);
    drop(before);
    keep_live_list(false);
    assert!(REPORTS.lock().unwrap().is_empty());
}

// FH-2, FH-10: the parent is the scope in which it begins, whoever polls it later.
#[test]
fn it_belongs_to_the_scope_in_which_it_began() {
    static EVENTS: Mutex<Vec<LiveEvent>> = Mutex::new(Vec::new());
    let _turn = turn();
    let _guard = live_hook_guard(Some(|event| EVENTS.lock().unwrap().push(*event)));
    let (log, rt, other) = (Log::new(), NoExecutor::new(), Deterministic::new());
    let mut items = pin!(endless());
    let began = Cell::new(false);
    let a = with(&rt, Act::new(&log, "a"), async |_| {
        items.next().await;
        began.set(true);
        Ok::<_, String>(())
    });
    a.now_or_never().unwrap().unwrap();
    let b = with(&other, Act::new(&log, "b"), async |_| {
        items.next().await;
        Ok::<_, String>(())
    });
    b.now_or_never().unwrap().unwrap();
    assert!(began.get());
    let events = EVENTS.lock().unwrap();
    let a = events[0];
    let begun = events
        .iter()
        .find(|event| event.about.subject == Subject::Generator);
    let begun = begun.unwrap();
    assert_eq!(begun.parent, Some(a.id));
    assert_eq!(begun.about.runtime, Cleanup::id(&rt));
}

//! The list of live scopes, and the span after which a wait is reported.

use std::any::type_name;
use std::future::pending;
use std::mem;
use std::panic::panic_any;
use std::pin::pin;
use std::sync::Mutex;
use std::time::Duration;

use futures_util::future::join;
use withal::cleanup::{
    LiveEvent, LiveStep, drain, keep_live_list, live_list, report_waits_after, set_live_hook,
};
use withal::runtime::{NoExecutor, Runtime};
use withal::scope::ExitKind;
use withal::{enter_in, timeout, with};
use withal_tests::foreign::{begun, gives_up};
use withal_tests::log::PATIENCE;
use withal_tests::poll::drive;
use withal_tests::reports::Reports;
use withal_tests::{Act, Deterministic, Log};

use crate::{on_each_flavour, turn};

type Never = Result<(), String>;

on_each_flavour!(entered_scopes_are_listed_until_their_exit_has_ended);

struct Listed;

fn listed() -> Vec<withal::cleanup::Live> {
    let scopes = live_list().into_iter();
    scopes
        .filter(|scope| scope.about.name == type_name::<Act<Listed>>())
        .collect()
}

// K9, CM-17, TC-14
async fn entered_scopes_are_listed_until_their_exit_has_ended(rt: &impl Runtime) {
    let log = Log::new();
    keep_live_list(true);
    let a = with(rt, Act::<Listed>::of(&log, "a"), async |_| {
        assert_eq!(listed().len(), 1);
        let guard = enter_in(rt, Act::<Listed>::of(&log, "b")).await.unwrap();
        let live = listed();
        assert_eq!(live.len(), 2);
        assert!(live[0].age >= live[1].age, "oldest first");
        let line = live[1].about.location.line();
        assert!(live[0].about.location.line() < line);
        let text = live[1].to_string();
        assert!(
            text.contains(&format!("process/lists.rs:{line}")) && text.contains("ago"),
            "{text}"
        );
        guard.exit(Ok::<_, String>(())).await.unwrap();
        assert_eq!(listed().len(), 1);
        Ok::<_, String>(())
    });
    a.await.unwrap();
    assert_eq!(listed().len(), 0);
    // Handed over, it is live until its cleanup has ended.
    let c = Act::<Listed>::of(&log, "c").exit_waits_for("go");
    drop(begun(with(rt, c, async |_| pending::<Never>().await)));
    assert_eq!(listed().len(), 1);
    log.push("go");
    drain(rt, PATIENCE).await;
    assert_eq!(listed().len(), 0);
    keep_live_list(false);
}

// TC-11
#[test]
fn switched_off_nothing_is_listed() {
    let _turn = turn();
    let (log, rt) = (Log::new(), NoExecutor::new());
    keep_live_list(false);
    let mut a = pin!(with(&rt, Act::<Listed>::of(&log, "a"), async |_| {
        withal_tests::poll::yields(1).await;
        Ok::<_, String>(())
    }));
    assert!(drive(a.as_mut(), 1).is_none());
    assert_eq!(listed().len(), 0);
    // Switched on in its life, it is not listed either; and switched off, one that is listed leaves.
    keep_live_list(true);
    assert!(drive(a.as_mut(), 2).is_some());
    let mut b = pin!(with(&rt, Act::<Listed>::of(&log, "b"), async |_| {
        withal_tests::poll::yields(1).await;
        Ok::<_, String>(())
    }));
    assert!(drive(b.as_mut(), 1).is_none());
    assert_eq!(listed().len(), 1);
    keep_live_list(false);
    assert!(drive(b.as_mut(), 2).is_some());
    assert_eq!(listed().len(), 0);
}

// K9
#[test]
fn the_span_of_the_stuck_report_can_be_set() {
    let _turn = turn();
    let (log, rt, reports) = (Log::new(), Deterministic::new(), Reports::begin());
    report_waits_after(Duration::from_millis(250));
    let mut a = pin!(with(&rt, Act::new(&log, "a"), async |_| {
        let b = Act::new(&log, "b").exit_waits_for("go");
        gives_up(1, with(&rt, b, async |_| pending::<Never>().await)).await;
        Ok::<_, String>(())
    }));
    assert!(drive(a.as_mut(), 3).is_none());
    rt.advance(Duration::from_millis(249));
    assert!(drive(a.as_mut(), 1).is_none());
    assert_eq!(reports.here().len(), 0);
    rt.advance(Duration::from_millis(1));
    assert!(drive(a.as_mut(), 1).is_none());
    assert_eq!(reports.count("has waited 250ms for the cleanup of"), 1);
    report_waits_after(Duration::from_secs(10));
    log.push("go");
    assert!(drive(a.as_mut(), 1).is_some());
    log.assert("+a +b go -b:cancelled -a");
}

/// What the hook was told of scopes of this kind.
struct Followed;

static STEPS: Mutex<Vec<LiveEvent>> = Mutex::new(Vec::new());

fn note(event: &LiveEvent) {
    if event.about.name == type_name::<Act<Followed>>() {
        STEPS.lock().unwrap().push(*event);
    }
    // Swallowed: the scopes of this case must not notice.
    panic_any("a hook that panics");
}

fn steps() -> Vec<(usize, Option<usize>, LiveStep)> {
    let events = mem::take(&mut *STEPS.lock().unwrap());
    let first = events[0].id;
    events
        .iter()
        .map(|event| {
            let parent = event.parent.map(|parent| parent - first);
            (event.id - first, parent, event.step)
        })
        .collect()
}

// K9, CM-1, CM-17, TC-14
#[test]
fn the_hook_is_told_of_each_step() {
    let _turn = turn();
    let (log, rt) = (Log::new(), Deterministic::new());
    assert!(set_live_hook(Some(note)).is_none());
    let scope = |name: &'static str| Act::<Followed>::of(&log, name);
    let two = with(&rt, scope("a"), async |_| {
        let lost = timeout(&rt, Duration::from_secs(1), async {
            with(&rt, scope("b"), async |_| pending::<Never>().await).await
        });
        let (lost, ()) = join(lost, async { rt.advance(Duration::from_secs(1)) }).await;
        assert!(lost.is_err());
        Err::<(), _>("failed".to_owned())
    });
    assert!(drive(pin!(two), 10).unwrap().is_err());
    assert_eq!(
        steps(),
        [
            (0, None, LiveStep::Entered),
            (1, Some(0), LiveStep::Entered),
            (1, Some(0), LiveStep::Dropped(ExitKind::Cancelled)),
            (1, Some(0), LiveStep::Ended),
            (0, None, LiveStep::Exiting(ExitKind::Failed)),
            (0, None, LiveStep::Ended),
        ]
    );
    let guard = drive(pin!(enter_in(&rt, scope("c"))), 10).unwrap().unwrap();
    // Followed until its end, even if nobody listens for a while.
    let hook = set_live_hook(None);
    set_live_hook(hook);
    drop(guard);
    while rt.run_until_stalled() > 0 {}
    let by_steps: Vec<_> = steps().into_iter().map(|(_, _, step)| step).collect();
    assert_eq!(
        by_steps,
        [
            LiveStep::Entered,
            LiveStep::Dropped(ExitKind::Cancelled),
            LiveStep::Ended
        ]
    );
    set_live_hook(None);
    drop(drive(pin!(enter_in(&rt, scope("d"))), 10).unwrap().unwrap());
    while rt.run_until_stalled() > 0 {}
    assert!(STEPS.lock().unwrap().is_empty());
}

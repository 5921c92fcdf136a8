//! One cleanup, several that drive it: its executor, the scope that waits, a drain.

use std::cell::Cell;
use std::future::{pending, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use withal::cleanup::drain;
use withal::{await_cleanup, with};
use withal_tests::foreign::{begun, gives_up};
use withal_tests::poll::{Wakes, drive, poll_once, yields};
use withal_tests::reports::Reports;
use withal_tests::{Act, Deterministic, Log, stress};

type Never = Result<(), String>;

// K3: the exact trace, with an executor that comes too late.
#[test]
fn the_enclosing_scope_is_first_where_the_executor_is_slow() {
    let (log, rt) = (Log::new(), Deterministic::new());
    let mut a = pin!(with(&rt, Act::new(&log, "a"), async |_| {
        let b = with(&rt, Act::new(&log, "b"), async |_| {
            let c = with(&rt, Act::new(&log, "c"), async |_| pending::<Never>().await);
            c.await.map_err(|error| error.to_string())
        });
        gives_up(2, b).await;
        log.push("timeout-returned");
        Ok::<_, String>(())
    }));
    drive(a.as_mut(), 10).unwrap().unwrap();
    log.push("returned");
    log.assert("+a +b +c timeout-returned -c:cancelled -b:cancelled -a returned");
    assert_eq!(rt.run_until_stalled(), 0);
}

// K3: and with one that is at once there.
#[test]
fn the_executor_is_first_where_the_body_goes_on() {
    let (log, rt) = (Log::new(), Deterministic::new());
    let mut a = pin!(with(&rt, Act::new(&log, "a"), async |_| {
        let b = with(&rt, Act::new(&log, "b"), async |_| pending::<Never>().await);
        gives_up(1, b).await;
        assert_eq!(rt.run_until_stalled(), 0);
        log.push("body");
        Ok::<_, String>(())
    }));
    drive(a.as_mut(), 10).unwrap().unwrap();
    log.assert("+a +b -b:cancelled body -a");
}

// K3: half-run on the executor, finished by the scope, and each is woken when it can go on.
#[test]
fn a_wake_reaches_executor_and_scope() {
    let (log, rt) = (Log::new(), Deterministic::new());
    let mut a = pin!(with(&rt, Act::new(&log, "a"), async |_| {
        let b = Act::new(&log, "b").exit_waits_for("go");
        gives_up(1, with(&rt, b, async |_| pending::<Never>().await)).await;
        Ok::<_, String>(())
    }));
    let (scope, executor) = (Arc::<Wakes>::default(), Arc::<Wakes>::default());
    assert!(drive(a.as_mut(), 2).is_none());
    let mut task = rt.take_cleanup().unwrap();
    assert!(poll_once(Pin::new(&mut task), &executor).is_pending());
    assert!(poll_once(a.as_mut(), &scope).is_pending());
    let before = scope.count();
    log.push("go");
    assert!(scope.count() > before);
    assert!(executor.count() > 0);
    // Whoever comes first ends it, for both.
    assert!(poll_once(Pin::new(&mut task), &executor).is_ready());
    assert!(poll_once(a.as_mut(), &scope).is_ready());
    log.assert("+a +b go -b:cancelled -a");
}

// K3, K6: the executor dies while the scope waits already; what it waited for there is polled anew.
#[test]
fn a_waiting_scope_is_woken_when_the_executor_discards_its_task() {
    let (log, rt) = (Log::new(), Deterministic::new());
    let mut a = pin!(with(&rt, Act::new(&log, "a"), async |_| {
        let b = Act::new(&log, "b").exit_waits_for("go");
        gives_up(1, with(&rt, b, async |_| pending::<Never>().await)).await;
        Ok::<_, String>(())
    }));
    let wakes = Arc::<Wakes>::default();
    assert!(drive(a.as_mut(), 2).is_none());
    assert_eq!(rt.run_until_stalled(), 1);
    assert!(poll_once(a.as_mut(), &wakes).is_pending());
    let before = wakes.count();
    rt.shut_down();
    assert!(wakes.count() > before);
    log.push("go");
    assert!(poll_once(a.as_mut(), &wakes).is_ready());
    log.assert("+a +b go -b:cancelled -a");
}

// K3: a scope that is polled under ever new wakers (as in a set of futures) keeps the last one only.
#[test]
fn a_waiting_scope_keeps_one_waker() {
    let (log, rt) = (Log::new(), Deterministic::new());
    let mut a = pin!(with(&rt, Act::new(&log, "a"), async |_| {
        let b = Act::new(&log, "b").exit_waits_for("go");
        gives_up(1, with(&rt, b, async |_| pending::<Never>().await)).await;
        Ok::<_, String>(())
    }));
    assert!(drive(a.as_mut(), 2).is_none());
    let stale: Vec<Arc<Wakes>> = (0..100).map(|_| Arc::default()).collect();
    for wakes in &stale {
        assert!(poll_once(a.as_mut(), wakes).is_pending());
    }
    let last = Arc::<Wakes>::default();
    assert!(poll_once(a.as_mut(), &last).is_pending());
    let kept = stale
        .iter()
        .filter(|wakes| Arc::strong_count(wakes) > 1)
        .count();
    assert_eq!(kept, 0, "stale wakers kept");
    log.push("go");
    assert_eq!(stale.iter().map(|wakes| wakes.count()).sum::<usize>(), 0);
    assert!(last.count() > 0);
    assert!(poll_once(a.as_mut(), &last).is_ready());
}

// K6: the same for a drain, which is also forgotten when it is dropped.
#[test]
fn a_drain_keeps_one_waker_while_it_lives() {
    let (log, rt) = (Log::new(), Deterministic::new());
    let b = Act::new(&log, "b").exit_waits_for("go");
    drop(begun(with(&rt, b, async |_| pending::<Never>().await)));
    let stale: Vec<Arc<Wakes>> = (0..100).map(|_| Arc::default()).collect();
    let mut draining = Box::pin(drain(&rt, Duration::from_secs(1)));
    for wakes in &stale {
        assert!(poll_once(draining.as_mut(), wakes).is_pending());
    }
    let (kept, last) = (stale.len() - 1, &stale[stale.len() - 1]);
    assert!(
        stale[..kept]
            .iter()
            .all(|wakes| Arc::strong_count(wakes) == 1)
    );
    let before = last.count();
    log.push("go");
    assert!(last.count() > before);
    drop(draining);
    assert_eq!(rt.run_until_stalled(), 0);
    assert_eq!(
        Arc::strong_count(last),
        1,
        "a dropped drain keeps its waker"
    );
    log.assert("+b go -b:cancelled");
}

// K6: nobody waits any more, but the executor is still at it: no orphan.
#[test]
fn a_dropped_combinator_makes_no_orphan_of_what_an_executor_runs() {
    struct NoOrphan;
    let (log, rt, reports) = (Log::new(), Deterministic::new(), Reports::begin());
    let b = Act::<NoOrphan>::of(&log, "b").exit_waits_for("go");
    let foreign = async {
        gives_up(1, with(&rt, b, async |_| pending::<Never>().await)).await;
        pending::<()>().await;
    };
    let mut waiting = Box::pin(await_cleanup(foreign));
    assert!(poll_once(waiting.as_mut(), &Arc::default()).is_pending());
    assert!(poll_once(waiting.as_mut(), &Arc::default()).is_pending());
    assert_eq!(rt.spawned(), 1);
    drop(waiting);
    assert_eq!(reports.here(), Vec::<String>::new());
    log.push("go");
    assert_eq!(rt.run_until_stalled(), 0);
    log.assert("+b go -b:cancelled");
}

// K3, K6: two threads poll one cleanup at once; it runs once.
#[test]
fn two_executors_at_once_run_it_once() {
    for _ in 0..stress(200) {
        let (log, rt) = (Log::new(), Deterministic::new());
        let mut a = Box::pin(with(&rt, Act::new(&log, "a"), async |_| {
            for name in ["b", "c", "d"] {
                let scope = Act::new(&log, name).exit(withal_tests::poll::yields(3));
                gives_up(1, with(&rt, scope, async |_| pending::<Never>().await)).await;
            }
            Ok::<_, String>(())
        }));
        let mut polls = Context::from_waker(Waker::noop());
        while rt.spawned() < 3 {
            assert!(a.as_mut().poll(&mut polls).is_pending());
        }
        std::thread::scope(|threads| {
            threads.spawn(|| while rt.run_until_stalled() > 0 {});
            while a.as_mut().poll(&mut polls) == Poll::Pending {}
        });
        assert_eq!((log.count("+"), log.count("-")), (4, 4), "{}", log.trace());
        assert_eq!(log.events().last().map(String::as_str), Some("-a"));
    }
}

struct Panics;

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        panic!("waker");
    }
}

// K6, K11: the executor's waker panics, and the enclosing scope hears all the same.
#[test]
fn a_panicking_waker_keeps_nobody_asleep() {
    let (log, rt) = (Log::new(), Deterministic::new());
    let mut a = pin!(with(&rt, Act::new(&log, "a"), async |_| {
        let b = Act::new(&log, "b").exit_waits_for("go");
        gives_up(1, with(&rt, b, async |_| pending::<Never>().await)).await;
        // The executor is there first, so that it is woken first.
        let mut task = rt.take_cleanup().unwrap();
        let panics = Waker::from(Arc::new(Panics));
        let poll = Pin::new(&mut task).poll(&mut Context::from_waker(&panics));
        assert!(poll.is_pending());
        Ok::<_, String>(task)
    }));
    assert!(drive(a.as_mut(), 2).is_none());
    let wakes = Arc::<Wakes>::default();
    assert!(poll_once(a.as_mut(), &wakes).is_pending());
    log.push("go");
    assert!(wakes.count() > 0);
    assert!(poll_once(a.as_mut(), &wakes).is_ready());
    log.assert("+a +b go -b:cancelled -a");
}

// K3, ATTACK E: woken by the first that can go on and by the end of the last, however many there are.
#[test]
fn many_children_make_no_storm_of_wakes() {
    let (log, rt, many) = (Log::new(), Deterministic::new(), 100);
    let mut a = pin!(with(&rt, Act::new(&log, "a"), async |_| {
        for number in 0..many {
            let child_log = log.clone();
            let child = Act::new(&log, format!("c{number}")).exit(async move {
                let go = format!("go{number}");
                child_log.when(|events| events.contains(&go)).await;
            });
            gives_up(1, with(&rt, child, async |_| pending::<Never>().await)).await;
        }
        Ok::<_, String>(())
    }));
    assert!(drive(a.as_mut(), 2 * many).is_none());
    assert_eq!(rt.run_until_stalled(), many);
    let wakes = Arc::<Wakes>::default();
    assert!(poll_once(a.as_mut(), &wakes).is_pending());
    let before = wakes.count();
    for number in 0..many {
        log.push(format_args!("go{number}"));
        assert_eq!(rt.run_until_stalled(), many - number - 1);
    }
    // The last one ends with a wake of its own only if the scope has looked since the first.
    assert!(
        (1..=2).contains(&(wakes.count() - before)),
        "{}",
        wakes.count() - before
    );
    assert!(poll_once(a.as_mut(), &wakes).is_ready());
    assert_eq!(log.count("-"), many + 1);
}

/// Operations that the executor allows a poll, as Tokio does.
const BUDGET: usize = 128;

thread_local! {
    static LEFT: Cell<usize> = const { Cell::new(0) };
}

/// Ready if the poll has operations left.
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

// K3, ATTACK E: many that can go on at once, on an executor with a budget for each poll: every poll
// ends some, and none polls all of them again.
#[test]
fn many_children_that_end_at_once_are_polled_a_few_times_each() {
    let (log, rt, many) = (Log::new(), Deterministic::new(), 3_000);
    let mut a = pin!(with(&rt, Act::new(&log, "a"), async |_| {
        for number in 0..many {
            let child = Act::new(&log, number.to_string())
                .exit_waits_for("go")
                .exit(operation());
            gives_up(1, with(&rt, child, async |_| pending::<Never>().await)).await;
        }
        Ok::<_, String>(())
    }));
    let wakes = Arc::<Wakes>::default();
    let mut polls = 0;
    while rt.contexts() < many {
        assert!(poll_once(a.as_mut(), &wakes).is_pending());
        polls += 1;
        assert!(polls < 4 * many, "{} of {many} begun", rt.contexts());
    }
    log.push("go");
    let before = rt.contexts();
    let mut woken = 0;
    loop {
        assert!(wakes.count() > woken, "asleep for ever");
        woken = wakes.count();
        LEFT.set(BUDGET);
        if poll_once(a.as_mut(), &wakes).is_ready() {
            break;
        }
    }
    let again = rt.contexts() - before;
    assert!(again <= 3 * many, "{again} polls for {many} children");
    assert_eq!(log.count("-"), many + 1);
}

/// A waker whose drop uses the library.
struct DropsAScope(Deterministic, Log);

impl Wake for DropsAScope {
    fn wake(self: Arc<Self>) {}
}

impl Drop for DropsAScope {
    fn drop(&mut self) {
        let scope = with(&self.0, Act::new(&self.1, "late"), async |_| {
            pending::<Never>().await
        });
        drop(begun(scope));
    }
}

// K6, K13: a chain that has ended keeps no waker, whose drop could run anything at any moment.
#[test]
fn an_ended_cleanup_keeps_no_waker() {
    let (log, rt) = (Log::new(), Deterministic::new());
    let mut a = pin!(with(&rt, Act::new(&log, "a"), async |_| {
        let b = with(&rt, Act::new(&log, "b"), async |_| pending::<Never>().await);
        drop(begun(b));
        // A drain is earlier than the executor, which looks at what has ended.
        // It may have orphans of other tests to wait for, besides.
        let _drained = drive(pin!(drain(&rt, Duration::from_secs(1))), 2);
        assert!(log.has("-b:cancelled"), "it ran in the drain");
        let mut task = rt.take_cleanup().unwrap();
        let waker = Waker::from(Arc::new(DropsAScope(rt.clone(), log.clone())));
        let poll = Pin::new(&mut task).poll(&mut Context::from_waker(&waker));
        assert!(poll.is_ready());
        drop((task, waker));
        assert!(log.has("+late"), "the waker lives on");
        yields(1).await;
        Ok::<_, String>(())
    }));
    assert!(drive(a.as_mut(), 5).is_some());
    log.assert("+a +b -b:cancelled +late -late:cancelled -a");
}

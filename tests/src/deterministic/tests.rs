//! What the runtime promises to its users.

use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use withal::cleanup::drain;
use withal::runtime::{Blocking, Cleanup, Spawn, SpawnLocal, TaskError, Timer};
use withal::{timeout, with};

use super::{Deterministic, Order};
use crate::foreign::{OnDrop, begun};
use crate::poll::{drive, poll_now, yields};
use crate::reports::Reports;
use crate::{Act, Log, laws};

type Never = Result<(), String>;

const SECOND: Duration = Duration::from_secs(1);

/// The message that `f` panics with.
fn panic_of<T>(f: impl FnOnce() -> T) -> String {
    let Err(payload) = catch_unwind(AssertUnwindSafe(f)) else {
        panic!("no panic came out");
    };
    TaskError::panicked(payload).to_string()
}

/// Tasks that say their number twice, with a wait in between.
fn numbers(rt: &Deterministic) -> String {
    let log = Log::new();
    for number in 0..5 {
        let log = log.clone();
        let _task = rt.spawn(async move {
            log.push(number);
            yields(1).await;
            log.push(number);
        });
    }
    rt.run();
    log.trace()
}

//
#[test]
fn time_stands_still_while_a_task_is_ready() {
    let rt = Deterministic::new();
    let timer = rt.clone();
    let _sleeper = rt.spawn(async move { timer.sleep(SECOND).await });
    rt.block_on(async {
        yields(1_000).await;
        assert_eq!(rt.now().since_start(), Duration::ZERO);
        rt.sleep(SECOND / 2).await;
        assert_eq!(rt.now().since_start(), SECOND / 2);
    });
    assert_eq!(rt.run_until_stalled(), 1);
    assert_eq!(rt.now().since_start(), SECOND / 2);
    rt.run();
    assert_eq!(rt.now().since_start(), SECOND);
}

#[test]
fn time_is_moved_by_hand_as_well() {
    let (rt, log) = (Deterministic::new(), Log::new());
    for seconds in [1, 3] {
        let (timer, log) = (rt.clone(), log.clone());
        let _task = rt.spawn(async move {
            timer.sleep(seconds * SECOND).await;
            log.push(seconds);
            timer.sleep(SECOND).await;
            log.push("later");
        });
    }
    assert_eq!(rt.run_until_stalled(), 2);
    rt.advance(SECOND);
    log.assert("");
    assert_eq!(rt.run_until_stalled(), 2);
    log.assert("1");
    // The second sleep of a task begins when its first one ends, not when the span does.
    assert_eq!(rt.run_for(2 * SECOND), 1);
    log.assert("1 later 3");
    assert_eq!(rt.now().since_start(), 3 * SECOND);
}

#[test]
fn timers_fire_in_the_order_of_their_deadlines() {
    let (rt, log) = (Deterministic::new(), Log::new());
    for millis in [30, 10, 20, 10] {
        let (timer, log) = (rt.clone(), log.clone());
        let _task = rt.spawn(async move {
            timer.sleep(Duration::from_millis(millis)).await;
            log.push(format_args!("{millis}@{:?}", timer.now()));
        });
    }
    rt.run();
    log.assert("10@+10ms 10@+10ms 20@+20ms 30@+30ms");
    // All at once, they are woken in that order, too.
    for millis in [30, 10, 20] {
        let (timer, log) = (rt.clone(), log.clone());
        let _task = rt.spawn(async move {
            timer.sleep(Duration::from_millis(millis)).await;
            log.push(millis);
        });
    }
    rt.run_until_stalled();
    rt.advance(SECOND);
    rt.run_until_stalled();
    log.assert("10@+10ms 10@+10ms 20@+20ms 30@+30ms 10 20 30");
}

#[test]
fn a_cancelled_sleep_leaves_nothing_behind() {
    let rt = Deterministic::new();
    let mut sleep = Box::pin(rt.sleep(SECOND));
    assert!(poll_now(sleep.as_mut()).is_pending());
    assert!(poll_now(sleep.as_mut()).is_pending());
    assert_eq!(rt.timers(), 1);
    drop(sleep);
    assert_eq!(rt.timers(), 0);
    // Nor does one that has ended.
    rt.block_on(rt.sleep(SECOND));
    assert_eq!(rt.timers(), 0);
}

#[test]
fn a_sleep_without_end_is_no_timer() {
    let rt = Deterministic::new();
    let text = panic_of(|| rt.block_on(rt.sleep(Duration::MAX)));
    assert!(text.contains("deadlock"), "{text}");
    assert_eq!(rt.now().since_start(), Duration::ZERO);
}

#[test]
fn orders_differ() {
    let ordered = |order| numbers(&Deterministic::builder().order(order).build());
    assert_eq!(ordered(Order::Fifo), "0 1 2 3 4 0 1 2 3 4");
    assert_eq!(ordered(Order::Lifo), "4 4 3 3 2 2 1 1 0 0");
    let random: std::collections::BTreeSet<_> =
        (0..50).map(|seed| ordered(Order::Random(seed))).collect();
    assert!(random.len() > 40, "{random:?}");
}

#[test]
fn a_seed_gives_its_order_again() {
    for seed in 0..50 {
        let ordered = || numbers(&Deterministic::builder().order(Order::Random(seed)).build());
        assert_eq!(ordered(), ordered());
    }
}

#[test]
fn a_deadlock_names_who_waits() {
    struct Stuck;
    let (rt, log) = (Deterministic::new(), Log::new());
    let _task = rt.spawn(async { pending::<()>().await });
    let task_line = line!() - 1;
    let _local = rt.spawn_local(pending::<()>());
    let b = Act::<Stuck>::of(&log, "b").exit_waits_for("never");
    let scope_line = line!() + 1;
    drop(begun(with(&rt, b, async |_| pending::<Never>().await)));
    let text = panic_of(|| {
        rt.block_on(async {
            rt.sleep(SECOND).await;
            yields(1).await;
            pending::<()>().await;
        });
    });
    let file = file!();
    for part in [
        format!(
            "deadlock: nothing can move any more on {}, 1s after its start",
            rt.id()
        ),
        "  main ".to_owned(),
        "  task withal_tests::deterministic::tests::a_deadlock_names_who_waits::{{closure}}"
            .to_owned(),
        format!(" at {file}:{task_line}:"),
        ": 1s old, polled 1 time\n".to_owned(),
        "  local task core::future::pending::Pending<()>".to_owned(),
        "  cleanup withal_tests::act::Act<".to_owned(),
        format!("Stuck> at {file}:{scope_line}:"),
        format!("Stuck> (entered at {file}:{scope_line}:"),
    ] {
        assert!(text.contains(&part), "no {part:?} in: {text}");
    }
    log.push("never");
    assert_eq!(rt.run_until_stalled(), 2);
    assert!(rt.stall().scopes.is_empty());
}

#[test]
fn a_deadlock_names_the_seed() {
    let rt = Deterministic::builder().order(Order::Random(4711)).build();
    let text = panic_of(|| rt.block_on(pending::<()>()));
    assert!(text.contains("WITHAL_SEED=4711 replays it"), "{text}");
}

#[test]
fn run_ends_with_the_last_task_and_panics_where_one_cannot_end() {
    let rt = Deterministic::new();
    rt.run();
    let _task = rt.spawn(pending::<()>());
    let text = panic_of(|| rt.run());
    assert!(
        text.contains("deadlock") && text.contains("  task "),
        "{text}"
    );
}

#[test]
fn blocking_work_waits_for_its_turn() {
    let rt = Deterministic::new();
    let job = rt.unblock(|| thread::current().id());
    let mut job = pin!(job);
    assert!(poll_now(job.as_mut()).is_pending());
    assert_eq!(rt.block_on(job).unwrap(), thread::current().id());
}

// K2, K13: as on a thread of its own, nothing is current in it.
#[test]
fn blocking_work_is_nobodys_body() {
    let (rt, log) = (Deterministic::new(), Log::new());
    rt.block_on(async {
        let a = with(&rt, Act::new(&log, "a"), async |_| {
            let (own_rt, own_log) = (rt.clone(), log.clone());
            let b = begun(async move {
                let b = Act::new(&own_log, "b").exit_waits_for("-a");
                with(&own_rt, b, async |_| pending::<Never>().await).await
            });
            let dropped = rt.unblock(move || drop(b)).await;
            dropped.map_err(|error| error.to_string())
        });
        a.await.unwrap();
    });
    rt.run();
    log.assert("+a +b -a -b:cancelled");
}

#[test]
fn held_blocking_work_runs_when_it_is_told() {
    let (rt, log) = (Deterministic::builder().hold_blocking().build(), Log::new());
    let of_job = log.clone();
    let job = rt.unblock(move || of_job.push("ran"));
    // Dropping the handle changes nothing.
    let of_detached = log.clone();
    drop(rt.unblock(move || of_detached.push("detached")));
    assert_eq!(rt.run_until_stalled(), 0);
    log.assert("");
    let text = panic_of(|| rt.block_on(pending::<()>()));
    assert!(
        text.contains("blocking work held until `run_blocking`: 2"),
        "{text}"
    );
    rt.block_on(async {
        assert_eq!(rt.run_blocking(), 2);
        job.await.unwrap();
    });
    log.assert("ran detached");
}

#[test]
fn panics_of_tasks_and_of_blocking_work_are_errors() {
    let rt = Deterministic::new();
    rt.block_on(async {
        assert!(
            rt.spawn(async { panic!("task") })
                .await
                .unwrap_err()
                .is_panic()
        );
        assert!(
            rt.spawn_local(async { panic!("local") })
                .await
                .unwrap_err()
                .is_panic()
        );
        assert!(
            rt.unblock(|| panic!("blocking"))
                .await
                .unwrap_err()
                .is_panic()
        );
    });
    // Nobody heard of this one, and the others go on.
    let _panics = rt.spawn(async { panic!("unheard") });
    assert_eq!(rt.block_on(rt.spawn(async { 7 })).unwrap(), 7);
    // That of the main future comes out, and leaves the runtime as it was.
    assert!(panic_of(|| rt.block_on(async { panic!("main") })).contains("main"));
    assert_eq!(rt.block_on(async { 7 }), 7);
    assert_eq!(rt.stall().tasks.len(), 0);
}

// K2, K6
#[test]
fn refused_cleanups_are_orphans() {
    struct Refused;
    let (log, reports) = (Log::new(), Reports::begin());
    let rt = Deterministic::builder().refuse_spawns_after(1).build();
    assert_eq!(rt.block_on(rt.spawn(async { 7 })).unwrap(), 7);
    let error = rt.block_on(rt.spawn(async { 7 })).unwrap_err();
    assert!(!error.is_panic());
    let a = Act::<Refused>::of(&log, "a");
    drop(begun(with(&rt, a, async |_| pending::<Never>().await)));
    assert_eq!((rt.spawned(), rt.run_until_stalled()), (3, 0));
    let here = reports.here();
    assert!(
        here.len() == 1 && here[0].contains("is orphaned until a drain"),
        "{here:?}"
    );
    rt.block_on(drain(&rt, SECOND));
    log.assert("+a -a:cancelled");
}

// K2, K6: at each step of a task that drops two scopes, one while the other is cleaned up.
#[test]
fn a_shutdown_at_any_step_hands_the_cleanups_to_the_orphans() {
    struct ShutDown;
    let mut is_over = false;
    let mut polls = 0;
    while !is_over {
        let (log, reports) = (Log::new(), Reports::begin());
        let rt = Deterministic::builder().shut_down_after(polls).build();
        let (own_rt, own_log) = (rt.clone(), log.clone());
        let _task = rt.spawn(async move {
            for name in ["a", "b"] {
                let exit = Act::<ShutDown>::of(&own_log, name).exit(yields(2));
                drop(begun(with(&own_rt, exit, async |_| {
                    pending::<Never>().await
                })));
                yields(1).await;
            }
        });
        assert_eq!(rt.run_until_stalled(), 0, "dropped, or ended");
        let left = log.count("+") - log.count("-");
        assert_eq!(reports.count("ShutDown> "), left, "{:?}", reports.here());
        is_over = log.count("-b") == 1;
        rt.block_on(drain(&rt, SECOND));
        laws::check(&log.events()).unwrap();
        polls += 1;
    }
    assert!(polls > 5, "there were few steps: {polls}");
}

#[test]
fn a_shutdown_drops_tasks_and_refuses_what_comes() {
    let (rt, dropped) = (
        Deterministic::builder().hold_blocking().build(),
        Arc::new(AtomicUsize::new(0)),
    );
    let counts = || {
        let dropped = dropped.clone();
        OnDrop::new(move || _ = dropped.fetch_add(1, Ordering::Relaxed))
    };
    let (in_task, in_local, in_job) = (counts(), counts(), counts());
    let task = rt.spawn(async move {
        let _held = in_task;
        pending::<()>().await;
    });
    let local = rt.spawn_local(async move {
        let _held = in_local;
        pending::<()>().await;
    });
    let job = rt.unblock(move || drop(in_job));
    rt.run_until_stalled();
    rt.shut_down();
    assert_eq!(dropped.load(Ordering::Relaxed), 3);
    let later = (
        rt.spawn(async {}),
        rt.spawn_local(async {}),
        rt.unblock(|| {}),
    );
    // What blocks goes on, and so does the clock.
    rt.block_on(async {
        for ended in [
            task.await,
            local.await,
            job.await,
            later.0.await,
            later.1.await,
            later.2.await,
        ] {
            assert!(!ended.unwrap_err().is_panic());
        }
        rt.sleep(SECOND).await;
    });
}

#[test]
fn dropping_the_runtime_drops_the_tasks_that_hold_it() {
    let rt = Deterministic::new();
    let (handle, witness) = (rt.clone(), Arc::new(()));
    let (own, held) = (rt.clone(), witness.clone());
    let task = rt.spawn(async move {
        let _held = held;
        own.sleep(SECOND).await;
    });
    let (own, held) = (rt.clone(), witness.clone());
    let _local = rt.spawn_local(async move {
        let _held = (held, Rc::new(own));
        pending::<()>().await;
    });
    assert_eq!(rt.run_until_stalled(), 2);
    drop(rt);
    assert_eq!(Arc::strong_count(&witness), 1);
    assert_eq!(handle.timers(), 0);
    // A handle is still a value: it refuses, and drives whatever blocks on it.
    assert!(handle.block_on(task).is_err());
    assert!(handle.block_on(handle.spawn(async {})).is_err());
}

#[test]
fn a_task_may_shut_its_own_runtime_down() {
    let (rt, log) = (Deterministic::new(), Log::new());
    for local in [false, true] {
        let rt = Deterministic::new();
        let (own, of_task) = (rt.clone(), log.clone());
        let task = async move {
            let _dropped = OnDrop::new({
                let log = of_task.clone();
                move || log.push("dropped")
            });
            own.shut_down();
            of_task.push("shut-down");
            pending::<()>().await;
        };
        let task = if local {
            rt.spawn_local(task)
        } else {
            rt.spawn(task)
        };
        assert!(rt.block_on(task).is_err());
    }
    log.assert("shut-down dropped shut-down dropped");
    drop(rt);
}

#[test]
fn local_tasks_stay_on_their_thread() {
    let rt = Deterministic::new();
    let shared = Rc::new(7);
    let task = rt.spawn_local(async move { *shared });
    let on_its_thread = rt.block_on(async {
        let elsewhere = rt.clone();
        let spawned = thread::spawn(move || elsewhere.block_on(elsewhere.spawn_local(async {})));
        // Where they do not run they are refused; this runtime is being driven here, though.
        assert!(spawned.join().is_err());
        task.await.unwrap()
    });
    assert_eq!(on_its_thread, 7);
    let elsewhere = rt.clone();
    let refused = thread::spawn(move || elsewhere.block_on(elsewhere.spawn_local(async {})));
    assert!(!refused.join().unwrap().unwrap_err().is_panic());
    let _waits = rt.spawn_local(async {});
    let elsewhere = rt.clone();
    let driven = thread::spawn(move || panic_of(|| elsewhere.run()));
    assert!(driven.join().unwrap().contains("drive it there"));
}

// K1: a block_on inside of a task, as in a `Drop`; each ends with its own future.
#[test]
fn a_task_may_block_on_its_own_runtime() {
    let (rt, log) = (Deterministic::new(), Log::new());
    let (own, of_task) = (rt.clone(), log.clone());
    let task = rt.spawn(async move {
        let inner = own.spawn(async { 7 });
        of_task.push(own.block_on(inner).unwrap());
        of_task.push(own.block_on(async {
            own.sleep(SECOND).await;
            8
        }));
    });
    rt.block_on(async {
        task.await.unwrap();
        log.push(rt.block_on(async { 9 }));
    });
    log.assert("7 8 9");
    // What is ready outside of it stays ready.
    let own = rt.clone();
    let task = rt.spawn(async move { own.run_until_stalled() });
    rt.block_on(async {
        yields(3).await;
        task.await.unwrap();
    });
}

#[test]
fn it_waits_for_other_threads_where_it_was_told_to() {
    let rt = Deterministic::builder()
        .wait_for_outside(20 * SECOND)
        .build();
    let (log, (sender, receiver)) = (Log::new(), mpsc::channel());
    let of_thread = log.clone();
    let thread = thread::spawn(move || {
        receiver.recv().unwrap();
        of_thread.push("woken");
    });
    let waits = async {
        sender.send(()).unwrap();
        log.when(|events| !events.is_empty()).await;
    };
    // The clock may only move as fast as that of the thread.
    let ended = rt.block_on(timeout(&rt, 20 * SECOND, waits));
    assert!(ended.is_ok());
    assert_eq!(rt.now().since_start(), Duration::ZERO);
    thread.join().unwrap();
    // And nothing lasts for ever.
    let impatient = Deterministic::builder()
        .wait_for_outside(Duration::from_millis(1))
        .build();
    let text = panic_of(|| impatient.block_on(pending::<()>()));
    assert!(text.contains("deadlock"), "{text}");
}

// K5: a refusal is no panic, wherever the drop is.
#[test]
fn one_that_refuses_cleanups_leaves_them_to_whoever_drains() {
    let (log, rt) = (
        Log::new(),
        Deterministic::builder().refuse_cleanups().build(),
    );
    assert!(crate::log::spawns_nothing(&rt));
    assert_eq!(rt.block_on(rt.spawn(async { 7 })).unwrap(), 7);
    let mut a = pin!(with(&rt, Act::new(&log, "a"), async |_| {
        drop(begun(with(&rt, Act::new(&log, "b"), async |_| {
            pending::<Never>().await
        })));
        Ok::<_, String>(())
    }));
    drive(a.as_mut(), 5).unwrap().unwrap();
    log.assert("+a +b -b:cancelled -a");
}

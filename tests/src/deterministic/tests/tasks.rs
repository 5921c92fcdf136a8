//! Tasks, what drives them, and what is said when nothing does.

use std::future::pending;
use std::rc::Rc;
use std::thread;

use withal::runtime::{Blocking, Cleanup, Spawn, SpawnLocal, Timer};
use withal::with;

use super::{Never, SECOND, panic_of};
use crate::foreign::begun;
use crate::poll::yields;
use crate::{Act, Deterministic, Log};

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
        "  task withal_tests::deterministic::tests::tasks::a_deadlock_names_who_waits::{{closure}}"
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

// RT-5
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

// RT-5
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

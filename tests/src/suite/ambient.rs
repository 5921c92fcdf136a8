//! What a thread knows of the scope around it, and when it knows nothing.

use std::future::pending;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use futures_util::future::join;
use withal::runtime::Runtime;
use withal::{await_cleanup, with};

use crate::foreign::{begun, block_on, gives_up};
use crate::poll::yields;
use crate::{Act, Log};

/// The table of these cases, given to the macro `$make`.
#[doc(hidden)]
#[macro_export]
macro_rules! ambient_cases {
    ($make:ident $with:tt $of:tt) => {
        $crate::$make! { $with $of ambient:
            a_future_may_move_between_threads_between_its_polls,
            a_half_run_exit_may_move_to_another_task,
            a_spawned_task_inside_of_a_collector_is_nobodys_body,
            another_thread_is_nobodys_body,
            a_panic_leaves_no_scope_behind_on_the_thread,
            side_by_side_bodies_on_one_thread_keep_their_own_children,
            await_cleanup_is_an_enclosing_scope,
        }
    };
}

type Never = Result<(), String>;

// K13: each poll on a thread of its own; the children of all of them are waited for.
pub async fn a_future_may_move_between_threads_between_its_polls(rt: &impl Runtime) {
    let log = Log::new();
    let (scope_rt, scope_log) = (rt.clone(), log.clone());
    let mut a = Box::pin(async move {
        let (rt, log) = (&scope_rt, &scope_log);
        with(rt, Act::new(log, "a"), async |_| {
            for number in 0..4 {
                let b = Act::new(log, format!("b{number}")).exit_waits_for("all-dropped");
                gives_up(1, with(rt, b, async |_| pending::<Never>().await)).await;
                yields(1).await;
            }
            log.push("all-dropped");
            Ok::<_, String>(())
        })
        .await
        .unwrap();
    });
    let mut ended = false;
    while !ended && !log.has("all-dropped") {
        (a, ended) = thread::spawn(move || {
            let poll = crate::poll::poll_once(a.as_mut(), &std::sync::Arc::default());
            (a, poll.is_ready())
        })
        .join()
        .unwrap();
    }
    if !ended {
        a.await;
    }
    assert_eq!((log.count("+"), log.count("-")), (5, 5), "{}", log.trace());
    assert_eq!(log.events().last().map(String::as_str), Some("-a"));
}

// K1, K13: begun in one task, given up there, and finished by another that polls it with new wakers.
pub async fn a_half_run_exit_may_move_to_another_task(rt: &impl Runtime) {
    let log = Log::new();
    let (in_exit, sleep) = (log.clone(), rt.sleep(Duration::from_millis(5)));
    let a = Act::new(&log, "a").exit(async move {
        in_exit.push("exiting");
        // The timer is begun in the first task as well, however slow that is.
        let moved = in_exit.when(|events| events.iter().any(|event| event == "moved"));
        join(moved, sleep).await;
    });
    assert!(
        gives_up(2, with(rt, a, async |_| Ok::<_, String>(())))
            .await
            .is_none()
    );
    log.push("moved");
    log.seen(rt, "-a").await;
    log.assert("+a exiting moved -a");
}

// K13
pub async fn a_spawned_task_inside_of_a_collector_is_nobodys_body(rt: &impl Runtime) {
    let log = Log::new();
    let (task_rt, task_log) = (rt.clone(), log.clone());
    await_cleanup(async {
        let task = rt.spawn(async move {
            let b = Act::new(&task_log, "b").exit_waits_for("returned");
            gives_up(1, with(&task_rt, b, async |_| pending::<Never>().await)).await;
        });
        task.await.unwrap();
    })
    .await;
    log.push("returned");
    log.seen(rt, "-b:cancelled").await;
    log.assert("+b returned -b:cancelled");
}

// K13: the slots are those of the thread.
pub async fn another_thread_is_nobodys_body(rt: &impl Runtime) {
    let log = Log::new();
    let a = with(rt, Act::new(&log, "a"), async |_| {
        let (thread_rt, thread_log) = (rt.clone(), log.clone());
        let (sent, received) = mpsc::channel();
        let scope = begun(async move {
            let b = Act::new(&thread_log, "b").exit_waits_for("returned");
            with(&thread_rt, b, async |_| pending::<Never>().await).await
        });
        thread::spawn(move || {
            drop(scope);
            sent.send(()).unwrap();
        });
        received.recv().unwrap();
        Ok::<_, String>(())
    });
    a.await.unwrap();
    log.push("returned");
    log.seen(rt, "-b:cancelled").await;
    log.assert("+a +b -a returned -b:cancelled");
}

// K11, K13
pub async fn a_panic_leaves_no_scope_behind_on_the_thread(rt: &impl Runtime) {
    let log = Log::new();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        block_on(async {
            let a = with(rt, Act::new(&log, "a"), async |_| {
                yields(1).await;
                panic!("body");
                #[expect(unreachable_code, reason = "gives the body its type")]
                Ok::<_, String>(())
            });
            let _ = a.await;
        });
    }));
    assert!(panicked.is_err());
    // Were a still the enclosing scope, this would have nobody who drives it.
    let b = with(rt, Act::new(&log, "b"), async |_| pending::<Never>().await);
    drop(begun(b));
    log.seen(rt, "-b:cancelled").await;
    log.assert("+a -a:panicked +b -b:cancelled");
}

// K3, K13: polled in turns, each has its own children, and waits for no others.
pub async fn side_by_side_bodies_on_one_thread_keep_their_own_children(rt: &impl Runtime) {
    let log = Log::new();
    let body = |name: &'static str, until: &'static str| {
        let log = log.clone();
        async move {
            with(rt, Act::new(&log, name), async |_| {
                for number in 0..3 {
                    let child = Act::new(&log, format!("{name}{number}")).exit_waits_for(until);
                    gives_up(1, with(rt, child, async |_| pending::<Never>().await)).await;
                    yields(1).await;
                }
                Ok::<_, String>(())
            })
            .await
            .unwrap();
            log.push(format_args!("{name}-returned"));
        }
    };
    let go = async {
        log.until(rt, |events| {
            events.iter().filter(|event| event.starts_with('+')).count() == 8
        })
        .await;
        log.push("go");
    };
    futures_util::join!(body("x", "go"), body("y", "x-returned"), go);
    assert_eq!((log.count("+"), log.count("-")), (8, 8));
    assert!(
        log.position("x-returned") < log.position("y-returned"),
        "{}",
        log.trace()
    );
    for number in 0..3 {
        let (x, y) = (
            format!("-x{number}:cancelled"),
            format!("-y{number}:cancelled"),
        );
        assert!(log.position(&x) < log.position("-x"), "{}", log.trace());
        assert!(
            log.position("x-returned") < log.position(&y),
            "{}",
            log.trace()
        );
        assert!(log.position(&y) < log.position("-y"), "{}", log.trace());
    }
}

// K1, K3: it makes foreign code wait.
pub async fn await_cleanup_is_an_enclosing_scope(rt: &impl Runtime) {
    let log = Log::new();
    await_cleanup(async {
        let a = Act::new(&log, "a").exit_waits_for("given-up");
        gives_up(1, with(rt, a, async |_| pending::<Never>().await)).await;
        log.push("given-up");
    })
    .await;
    log.push("returned");
    log.assert("+a given-up -a:cancelled returned");
}

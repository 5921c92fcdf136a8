//! One test for each flavour.

use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

#[cfg(feature = "async-std")]
use withal::async_std::AsyncStdRuntime;
use withal::runtime::Runtime;
#[cfg(any(feature = "tokio", feature = "async-std", feature = "smol"))]
use withal_sync::flavour::Bound;
use withal_sync::flavour::{Spin, Std};
use withal_tests::deterministic::Order;
use withal_tests::foreign::block_on;
use withal_tests::log::PATIENCE;
use withal_tests::{Deterministic, Harness};

use crate::loads::{self, Load, Task};
use crate::{operations, turn};

/// Runs each of `loads` by `run`, and fails where one stands still.
fn conserve(flavour: &str, loads: [fn(u64) -> Load; 9], run: fn(Vec<Task>)) {
    let _turn = turn();
    for load in loads.map(|load| load(operations())) {
        let (name, progress, began) = (load.name, load.progress, Instant::now());
        let (ended, end) = mpsc::channel();
        let tasks = load.tasks;
        let running = thread::spawn(move || {
            run(tasks);
            let _ = ended.send(());
        });
        let mut seen = u64::MAX;
        while end.recv_timeout(PATIENCE) == Err(mpsc::RecvTimeoutError::Timeout) {
            let now = progress.load(Ordering::Relaxed);
            assert_ne!(now, seen, "{flavour}, {name}: everybody sleeps");
            seen = now;
        }
        // A task's panic is this test's.
        running
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        (load.holds)();
        println!(
            "{flavour}, {name}: {} operations, {:.1} s",
            progress.load(Ordering::Relaxed),
            began.elapsed().as_secs_f64()
        );
    }
}

/// Runs tasks on a fresh runtime.
fn on<H: Harness>(tasks: Vec<Task>) {
    async fn spawned(rt: &impl Runtime, tasks: Vec<Task>) {
        let tasks: Vec<_> = tasks.into_iter().map(|task| rt.spawn(task)).collect();
        for task in tasks {
            task.await.unwrap();
        }
    }
    H::run(async |rt| spawned(rt, tasks).await);
}

//
#[test]
fn plain_threads() {
    conserve("threads", loads::all::<Std>(), |tasks| {
        thread::scope(|threads| {
            for task in tasks {
                threads.spawn(|| block_on(task));
            }
        });
    });
}

/// Names a harness, and makes its test. The primitives are those that one takes there.
macro_rules! flavour {
    ($test:ident, $runtime:ty, $flavour:ty, |$case:ident| $run:block) => {
        #[test]
        fn $test() {
            struct Fresh;

            impl Harness for Fresh {
                type Runtime = $runtime;

                fn run<T>($case: impl AsyncFnOnce(&Self::Runtime) -> T) -> T {
                    $run
                }
            }

            conserve(stringify!($test), loads::all::<$flavour>(), on::<Fresh>);
        }
    };
}

flavour!(deterministic_fifo, Deterministic, Spin, |case| {
    let rt = Deterministic::builder().order(Order::Fifo).build();
    rt.block_on(case(&rt))
});

flavour!(deterministic_lifo, Deterministic, Spin, |case| {
    let rt = Deterministic::builder().order(Order::Lifo).build();
    rt.block_on(case(&rt))
});

flavour!(deterministic_random, Deterministic, Spin, |case| {
    let rt = Deterministic::builder().order(Order::random()).build();
    rt.block_on(case(&rt))
});

#[cfg(feature = "tokio")]
mod on_tokio {
    use tokio::task::LocalSet;
    use withal::tokio::{TokioMain, TokioRuntime};

    use super::*;

    type OnTokio = Bound<Spin, TokioRuntime>;

    flavour!(tokio_multi_thread, TokioRuntime, OnTokio, |case| {
        let main = TokioMain::multi_thread().unwrap();
        let rt = main.runtime();
        main.block_on(case(&rt))
    });

    flavour!(tokio_current_thread, TokioRuntime, OnTokio, |case| {
        let main = TokioMain::current_thread().unwrap();
        let rt = main.runtime();
        main.block_on(case(&rt))
    });

    /// Its tasks are the set's own.
    #[test]
    fn tokio_local_set() {
        conserve("tokio_local_set", loads::all::<OnTokio>(), |tasks| {
            let main = TokioMain::current_thread().unwrap();
            main.block_on(async {
                let local = LocalSet::new();
                for task in tasks {
                    local.spawn_local(task);
                }
                local.await;
            });
        });
    }
}

#[cfg(feature = "async-std")]
flavour!(async_std, AsyncStdRuntime, Bound<Spin, AsyncStdRuntime>, |case| {
    let rt = AsyncStdRuntime::new();
    rt.block_on(case(&rt))
});

#[cfg(feature = "smol")]
mod on_smol {
    use std::sync::Arc;

    use async_executor::{Executor, LocalExecutor};
    use withal::smol::SmolRuntime;

    use super::*;

    type OnSmol = Bound<Spin, SmolRuntime>;

    flavour!(smol_global, SmolRuntime, OnSmol, |case| {
        let rt = SmolRuntime::global();
        rt.block_on(case(&rt))
    });

    flavour!(smol_own, SmolRuntime, OnSmol, |case| {
        let executor = Arc::new(Executor::new());
        let rt = SmolRuntime::new(&executor);
        rt.block_on(case(&rt))
    });

    /// Its tasks are the executor's own.
    #[test]
    fn smol_local() {
        conserve("smol_local", loads::all::<OnSmol>(), |tasks| {
            let local = LocalExecutor::new();
            let tasks: Vec<_> = tasks.into_iter().map(|task| local.spawn(task)).collect();
            block_on(local.run(async {
                for task in tasks {
                    task.await;
                }
            }));
        });
    }
}

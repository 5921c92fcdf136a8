//! One test for each flavour.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::abortable;
use withal::runtime::{NoExecutor, Spawn, Timer};
use withal_tests::deterministic::{Builder, Deterministic, Order};
use withal_tests::log::PATIENCE;
use withal_tests::soak::{Abort, Soak, Start, Task};

use crate::{soak, soak_and_rest, turn};

#[test]
fn on_no_executor() {
    let _turn = turn();
    let soaked = Soak {
        rt: NoExecutor::new(),
        start: None,
        executor: false,
        broken: None,
        patience: PATIENCE,
    };
    withal_tests::foreign::block_on(soak("no executor", soaked));
}

/// Soaks a deterministic runtime, whose executor may refuse cleanups.
fn on_deterministic(name: &str, builder: Builder, executor: bool) {
    let _turn = turn();
    let rt = builder.build();
    let on_it = rt.clone();
    let start: Start = Arc::new(move |task: Task| -> Abort {
        let (task, handle) = abortable(task);
        let _detached = on_it.spawn(task);
        Box::new(move || handle.abort())
    });
    let soaked = Soak {
        rt: rt.clone(),
        start: Some(start),
        executor,
        broken: None,
        patience: PATIENCE,
    };
    // Its clock moves when no task is ready: until then, those that were woken first may have to wait.
    let rest = async || rt.sleep(Duration::from_secs(1)).await;
    rt.block_on(soak_and_rest(name, soaked, rest));
}

#[test]
fn on_deterministic_fifo() {
    let fifo = Deterministic::builder().order(Order::Fifo);
    on_deterministic("deterministic, FIFO", fifo, true);
}

#[test]
fn on_deterministic_lifo() {
    let lifo = Deterministic::builder().order(Order::Lifo);
    on_deterministic("deterministic, LIFO", lifo, true);
}

#[test]
fn on_deterministic_random() {
    let random = Deterministic::builder().order(Order::random());
    on_deterministic("deterministic, random", random, true);
}

#[test]
fn on_spawns_nothing() {
    let refuses = Deterministic::builder().refuse_cleanups();
    on_deterministic("spawns nothing", refuses, false);
}

#[cfg(feature = "tokio")]
mod on_tokio {
    use tokio::task::LocalSet;
    use withal::tokio::{TokioMain, TokioRuntime};

    use super::*;

    fn soaked(rt: &TokioRuntime) -> Soak<TokioRuntime> {
        let handle = tokio::runtime::Handle::current();
        let start: Start = Arc::new(move |task: Task| -> Abort {
            let task = handle.spawn(task);
            Box::new(move || task.abort())
        });
        Soak {
            rt: rt.clone(),
            start: Some(start),
            executor: true,
            broken: None,
            patience: PATIENCE,
        }
    }

    #[test]
    fn multi_thread() {
        let _turn = turn();
        let main = TokioMain::multi_thread().unwrap();
        let rt = main.runtime();
        main.block_on(async { soak("tokio, multi-thread", soaked(&rt)).await });
    }

    #[test]
    fn current_thread() {
        let _turn = turn();
        let main = TokioMain::current_thread().unwrap();
        let rt = main.runtime();
        main.block_on(async { soak("tokio, current-thread", soaked(&rt)).await });
    }

    #[test]
    fn local_set() {
        let _turn = turn();
        let main = TokioMain::current_thread().unwrap();
        let rt = main.runtime();
        main.block_on(async {
            let soak = async { soak("tokio, LocalSet", soaked(&rt)).await };
            LocalSet::new().run_until(soak).await;
        });
    }
}

#[cfg(feature = "async-std")]
#[test]
fn on_async_std() {
    use futures_util::FutureExt;
    use withal::async_std::AsyncStdRuntime;

    let _turn = turn();
    let rt = AsyncStdRuntime::new();
    let start: Start = Arc::new(|task: Task| -> Abort {
        let task = async_std::task::spawn(task);
        // What it waits for is nothing to us.
        Box::new(move || {
            let _ = task.cancel().now_or_never();
        })
    });
    let soaked = Soak {
        rt,
        start: Some(start),
        executor: true,
        broken: None,
        patience: PATIENCE,
    };
    rt.block_on(soak("async-std", soaked));
}

#[cfg(feature = "smol")]
mod on_smol {
    use async_executor::{Executor, LocalExecutor};
    use withal::smol::SmolRuntime;

    use super::*;

    fn soaked(rt: &SmolRuntime, start: Start) -> Soak<SmolRuntime> {
        Soak {
            rt: rt.clone(),
            start: Some(start),
            executor: true,
            broken: None,
            patience: PATIENCE,
        }
    }

    fn on_global() -> Start {
        Arc::new(|task: Task| -> Abort {
            let task = smol::spawn(task);
            Box::new(move || drop(task))
        })
    }

    #[test]
    fn global() {
        let _turn = turn();
        let rt = SmolRuntime::global();
        rt.block_on(soak("smol, global", soaked(&rt, on_global())));
    }

    #[test]
    fn own() {
        let _turn = turn();
        let executor = Arc::new(Executor::new());
        let rt = SmolRuntime::new(&executor);
        let start: Start = Arc::new(move |task: Task| -> Abort {
            let task = executor.spawn(task);
            Box::new(move || drop(task))
        });
        rt.block_on(soak("smol, own", soaked(&rt, start)));
    }

    #[test]
    fn local() {
        let _turn = turn();
        let rt = SmolRuntime::global();
        rt.block_on(async {
            let soak = soak("smol, local", soaked(&rt, on_global()));
            LocalExecutor::new().run(soak).await;
        });
    }
}

//! One test for each flavour.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use withal::runtime::Timer;
use withal_tests::deterministic::{Builder, Deterministic, Order};

use crate::storm::storms;

/// Waits until no other test of this process runs: they count the heap.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    // A test that failed has said so.
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn on_deterministic(name: &str, builder: Builder) {
    let _turn = turn();
    let rt = builder.build();
    let rest = async || rt.sleep(Duration::from_secs(1)).await;
    rt.block_on(storms(name, &rt, rest));
}

// TG-3, TG-4, TG-19, K1, K2
#[test]
fn on_deterministic_fifo() {
    on_deterministic("deterministic, FIFO", Deterministic::builder());
}

// TG-3, TG-4, TG-19, K1, K2
#[test]
fn on_deterministic_lifo() {
    let lifo = Deterministic::builder().order(Order::Lifo);
    on_deterministic("deterministic, LIFO", lifo);
}

// TG-3, TG-4, TG-19, K1, K2
#[test]
fn on_deterministic_random() {
    let random = Deterministic::builder().order(Order::random());
    on_deterministic("deterministic, random", random);
}

#[cfg(feature = "tokio")]
mod on_tokio {
    use tokio::task::LocalSet;
    use withal::tokio::TokioMain;

    use super::*;

    // TG-3, TG-4, TG-19, K1, K2
    #[test]
    fn multi_thread() {
        let _turn = turn();
        let main = TokioMain::multi_thread().unwrap();
        let rt = main.runtime();
        let rest = async || rt.sleep(Duration::from_millis(20)).await;
        main.block_on(storms("tokio, multi-thread", &rt, rest));
    }

    // TG-3, TG-4, TG-19, K1, K2
    #[test]
    fn current_thread() {
        let _turn = turn();
        let main = TokioMain::current_thread().unwrap();
        let rt = main.runtime();
        main.block_on(storms("tokio, current-thread", &rt, async || {}));
    }

    // TG-3, TG-4, TG-19, K1, K2
    #[test]
    fn local_set() {
        let _turn = turn();
        let main = TokioMain::current_thread().unwrap();
        let rt = main.runtime();
        main.block_on(LocalSet::new().run_until(storms("tokio, LocalSet", &rt, async || {})));
    }
}

// TG-3, TG-4, TG-19, K1, K2
#[cfg(feature = "async-std")]
#[test]
fn on_async_std() {
    use withal::async_std::AsyncStdRuntime;

    let _turn = turn();
    let rt = AsyncStdRuntime::new();
    let rest = async || rt.sleep(Duration::from_millis(20)).await;
    rt.block_on(storms("async-std", &rt, rest));
}

#[cfg(feature = "smol")]
mod on_smol {
    use std::sync::Arc;

    use async_executor::{Executor, LocalExecutor};
    use withal::smol::SmolRuntime;

    use super::*;

    // TG-3, TG-4, TG-19, K1, K2
    #[test]
    fn global() {
        let _turn = turn();
        let rt = SmolRuntime::global();
        let rest = async || rt.sleep(Duration::from_millis(20)).await;
        rt.block_on(storms("smol, global", &rt, rest));
    }

    // TG-3, TG-4, TG-19, K1, K2
    #[test]
    fn own() {
        let _turn = turn();
        let executor = Arc::new(Executor::new());
        let rt = SmolRuntime::new(&executor);
        rt.block_on(storms("smol, own", &rt, async || {}));
    }

    // TG-3, TG-4, TG-19, K1, K2
    #[test]
    fn local() {
        let _turn = turn();
        let rt = SmolRuntime::global();
        let rest = async || rt.sleep(Duration::from_millis(20)).await;
        rt.block_on(async {
            LocalExecutor::new()
                .run(storms("smol, local", &rt, rest))
                .await;
        });
    }
}

//! One test for each flavour: programs of savepoints in savepoints.

use fastrand::Rng;
use withal::runtime::Runtime;
use withal_tests::deterministic::{Builder, Deterministic, Order};
use withal_tests::stress;
use withal_tests::transactions::Program;

use crate::database::Database;

/// Every program of two savepoints in one another, and some by chance.
async fn programs(rt: &impl Runtime) {
    let database = Database::new();
    let mut before = database.content();
    let mut random = Rng::with_seed(11);
    let by_chance = (0..stress(60)).map(|_| Program::random(&mut random, 4));
    for program in Program::all(2).into_iter().chain(by_chance) {
        let after = program.outcome(&before);
        program.play(rt, database.client(rt)).await;
        assert_eq!(database.content(), after, "{program:?}");
        database.assert_at_rest();
        assert_eq!(database.broken(), 0, "{program:?}");
        before = after;
    }
}

fn on_deterministic(builder: Builder) {
    let rt = builder.build();
    rt.block_on(programs(&rt));
}

// TX-1, TX-3, TX-5, TX-6, TX-8, TX-11
#[test]
fn on_deterministic_fifo() {
    on_deterministic(Deterministic::builder());
}

// TX-1, TX-3, TX-5, TX-6, TX-8, TX-11
#[test]
fn on_deterministic_lifo() {
    on_deterministic(Deterministic::builder().order(Order::Lifo));
}

// TX-1, TX-3, TX-5, TX-6, TX-8, TX-11
#[test]
fn on_deterministic_random() {
    on_deterministic(Deterministic::builder().order(Order::random()));
}

#[cfg(feature = "tokio")]
mod on_tokio {
    use tokio::task::LocalSet;
    use withal::tokio::TokioMain;

    use super::programs;

    // TX-1, TX-3, TX-5, TX-6, TX-8, TX-11
    #[test]
    fn multi_thread() {
        let main = TokioMain::multi_thread().unwrap();
        let rt = main.runtime();
        main.block_on(programs(&rt));
    }

    // TX-1, TX-3, TX-5, TX-6, TX-8, TX-11
    #[test]
    fn current_thread() {
        let main = TokioMain::current_thread().unwrap();
        let rt = main.runtime();
        main.block_on(programs(&rt));
    }

    // TX-1, TX-3, TX-5, TX-6, TX-8, TX-11
    #[test]
    fn local_set() {
        let main = TokioMain::current_thread().unwrap();
        let rt = main.runtime();
        main.block_on(LocalSet::new().run_until(programs(&rt)));
    }
}

// TX-1, TX-3, TX-5, TX-6, TX-8, TX-11
#[cfg(feature = "async-std")]
#[test]
fn on_async_std() {
    let rt = withal::async_std::AsyncStdRuntime::new();
    rt.block_on(programs(&rt));
}

#[cfg(feature = "smol")]
mod on_smol {
    use std::sync::Arc;

    use async_executor::{Executor, LocalExecutor};
    use withal::smol::SmolRuntime;

    use super::programs;

    // TX-1, TX-3, TX-5, TX-6, TX-8, TX-11
    #[test]
    fn global() {
        let rt = SmolRuntime::global();
        rt.block_on(programs(&rt));
    }

    // TX-1, TX-3, TX-5, TX-6, TX-8, TX-11
    #[test]
    fn own() {
        let executor = Arc::new(Executor::new());
        let rt = SmolRuntime::new(&executor);
        rt.block_on(programs(&rt));
    }

    // TX-1, TX-3, TX-5, TX-6, TX-8, TX-11
    #[test]
    fn local() {
        let rt = SmolRuntime::global();
        rt.block_on(LocalExecutor::new().run(programs(&rt)));
    }
}

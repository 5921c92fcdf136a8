use tokio::task::LocalSet;
use withal::tokio::{TokioMain, TokioRuntime};
use withal_tests::{Harness, conformance};

struct TokioLocalSet;

impl Harness for TokioLocalSet {
    type Runtime = TokioRuntime;

    fn run<T>(case: impl AsyncFnOnce(&TokioRuntime) -> T) -> T {
        let main = TokioMain::current_thread().unwrap();
        let rt = main.runtime();
        main.block_on(async { LocalSet::new().run_until(case(&rt)).await })
    }
}

conformance!(TokioLocalSet);

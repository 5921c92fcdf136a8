use withal::tokio::{TokioMain, TokioRuntime};
use withal_tests::{Harness, conformance};

struct TokioCurrentThread;

impl Harness for TokioCurrentThread {
    type Runtime = TokioRuntime;

    fn run<T>(case: impl AsyncFnOnce(&TokioRuntime) -> T) -> T {
        let main = TokioMain::current_thread().unwrap();
        let rt = main.runtime();
        main.block_on(case(&rt))
    }
}

conformance!(TokioCurrentThread);

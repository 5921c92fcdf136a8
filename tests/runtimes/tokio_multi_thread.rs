use withal::tokio::{TokioMain, TokioRuntime};
use withal_tests::{Harness, conformance};

struct TokioMultiThread;

impl Harness for TokioMultiThread {
    type Runtime = TokioRuntime;

    fn run<T>(case: impl AsyncFnOnce(&TokioRuntime) -> T) -> T {
        let main = TokioMain::multi_thread().unwrap();
        let rt = main.runtime();
        main.block_on(case(&rt))
    }
}

conformance!(TokioMultiThread);

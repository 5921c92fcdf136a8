use withal::async_std::AsyncStdRuntime;
use withal_tests::{Harness, conformance};

struct AsyncStd;

impl Harness for AsyncStd {
    type Runtime = AsyncStdRuntime;

    fn run<T>(case: impl AsyncFnOnce(&AsyncStdRuntime) -> T) -> T {
        let rt = AsyncStdRuntime::default();
        rt.block_on(case(&rt))
    }
}

conformance!(AsyncStd);

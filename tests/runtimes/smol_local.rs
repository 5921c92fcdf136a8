use async_executor::LocalExecutor;
use withal::smol::SmolRuntime;
use withal_tests::{Harness, conformance};

struct SmolLocal;

impl Harness for SmolLocal {
    type Runtime = SmolRuntime;

    fn run<T>(case: impl AsyncFnOnce(&SmolRuntime) -> T) -> T {
        let rt = SmolRuntime::global();
        rt.block_on(async { LocalExecutor::new().run(case(&rt)).await })
    }
}

conformance!(SmolLocal);

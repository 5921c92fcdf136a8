use std::sync::Arc;

use async_executor::Executor;
use withal::smol::SmolRuntime;
use withal_tests::{Harness, conformance};

struct SmolOwn;

impl Harness for SmolOwn {
    type Runtime = SmolRuntime;

    fn run<T>(case: impl AsyncFnOnce(&SmolRuntime) -> T) -> T {
        let executor = Arc::new(Executor::new());
        let rt = SmolRuntime::new(&executor);
        rt.block_on(case(&rt))
    }
}

conformance!(SmolOwn);

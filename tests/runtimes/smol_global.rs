use withal::smol::SmolRuntime;
use withal_tests::{Harness, conformance};

struct SmolGlobal;

impl Harness for SmolGlobal {
    type Runtime = SmolRuntime;

    fn run<T>(case: impl AsyncFnOnce(&SmolRuntime) -> T) -> T {
        let rt = SmolRuntime::global();
        rt.block_on(case(&rt))
    }
}

conformance!(SmolGlobal);

use withal_tests::deterministic::{Deterministic, Order};
use withal_tests::{Harness, conformance};

struct DeterministicLifo;

impl Harness for DeterministicLifo {
    type Runtime = Deterministic;

    fn run<T>(case: impl AsyncFnOnce(&Deterministic) -> T) -> T {
        let rt = Deterministic::builder().order(Order::Lifo).build();
        rt.block_on(case(&rt))
    }
}

conformance!(DeterministicLifo);

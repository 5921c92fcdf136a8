use withal_tests::deterministic::{Deterministic, Order};
use withal_tests::{Harness, conformance};

struct DeterministicRandom;

impl Harness for DeterministicRandom {
    type Runtime = Deterministic;

    fn run<T>(case: impl AsyncFnOnce(&Deterministic) -> T) -> T {
        let rt = Deterministic::builder().order(Order::random()).build();
        rt.block_on(case(&rt))
    }
}

conformance!(DeterministicRandom);

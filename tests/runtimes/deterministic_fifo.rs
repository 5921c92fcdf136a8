use withal_tests::deterministic::{Deterministic, Order};
use withal_tests::{Harness, conformance};

struct DeterministicFifo;

impl Harness for DeterministicFifo {
    type Runtime = Deterministic;

    fn run<T>(case: impl AsyncFnOnce(&Deterministic) -> T) -> T {
        let rt = Deterministic::builder().order(Order::Fifo).build();
        rt.block_on(case(&rt))
    }
}

conformance!(DeterministicFifo);

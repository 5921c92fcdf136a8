use withal_tests::log::PATIENCE;
use withal_tests::{Deterministic, Harness, conformance};

struct SpawnsNothing;

impl Harness for SpawnsNothing {
    type Runtime = Deterministic;

    fn run<T>(case: impl AsyncFnOnce(&Deterministic) -> T) -> T {
        // Its cleanups are orphans, which a drain of another case may be running.
        let rt = Deterministic::builder()
            .refuse_cleanups()
            .wait_for_outside(PATIENCE)
            .build();
        rt.block_on(case(&rt))
    }
}

conformance!(SpawnsNothing);

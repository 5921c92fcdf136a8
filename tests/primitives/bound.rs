//! The primitives that the adapters bind keep the rules of all queues and semaphores. A fair pool is
//! a semaphore, whose permits are its objects.

use withal_sync::flavour::{Bound, Flavour, Spin};
use withal_sync::pool::{Lease, Pool};
use withal_tests::{Harness, SemaphoreUnderTest, queue_conformance, semaphore_conformance};

/// The objects are numbered.
struct Fair<F: Flavour>(Pool<usize, F>);

impl<F: Flavour + Sync> SemaphoreUnderTest for Fair<F> {
    type Permit<'a> = Lease<&'a Pool<usize, F>, usize, F>;

    fn new(permits: usize) -> Self {
        Self(Pool::fair(0..permits))
    }

    fn try_acquire(&self) -> Option<Self::Permit<'_>> {
        self.0.try_take().ok()
    }

    async fn acquire(&self) -> Self::Permit<'_> {
        self.0.take().await.expect("it is not closed")
    }
}

#[cfg(feature = "tokio")]
mod to_tokio {
    use withal::tokio::{TokioMain, TokioRuntime};

    use super::*;

    struct Tokio;

    impl Harness for Tokio {
        type Runtime = TokioRuntime;

        fn run<T>(case: impl AsyncFnOnce(&TokioRuntime) -> T) -> T {
            let main = TokioMain::multi_thread().unwrap();
            let rt = main.runtime();
            main.block_on(case(&rt))
        }
    }

    queue_conformance!(Tokio, withal::tokio::Queue<u32>);
    semaphore_conformance!(Tokio, withal::tokio::Semaphore);

    mod fair_pool {
        use super::*;

        semaphore_conformance!(Tokio, Fair<Bound<Spin, TokioRuntime>>);
    }
}

#[cfg(feature = "async-std")]
mod to_async_std {
    use withal::async_std::AsyncStdRuntime;

    use super::*;

    struct AsyncStd;

    impl Harness for AsyncStd {
        type Runtime = AsyncStdRuntime;

        fn run<T>(case: impl AsyncFnOnce(&AsyncStdRuntime) -> T) -> T {
            let rt = AsyncStdRuntime::new();
            rt.block_on(case(&rt))
        }
    }

    queue_conformance!(AsyncStd, withal::async_std::Queue<u32>);
    semaphore_conformance!(AsyncStd, withal::async_std::Semaphore);

    mod fair_pool {
        use super::*;

        semaphore_conformance!(AsyncStd, Fair<Bound<Spin, AsyncStdRuntime>>);
    }
}

#[cfg(feature = "smol")]
mod to_smol {
    use withal::smol::SmolRuntime;

    use super::*;

    struct Smol;

    impl Harness for Smol {
        type Runtime = SmolRuntime;

        fn run<T>(case: impl AsyncFnOnce(&SmolRuntime) -> T) -> T {
            let rt = SmolRuntime::global();
            rt.block_on(case(&rt))
        }
    }

    queue_conformance!(Smol, withal::smol::Queue<u32>);
    semaphore_conformance!(Smol, withal::smol::Semaphore);

    mod fair_pool {
        use super::*;

        semaphore_conformance!(Smol, Fair<Bound<Spin, SmolRuntime>>);
    }
}

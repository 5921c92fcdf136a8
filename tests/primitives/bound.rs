//! The primitives that the adapters bind keep the rules of all queues and semaphores.

use withal_tests::{Harness, queue_conformance, semaphore_conformance};

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
}

//! The flavours whose executors differ in what they do with tasks.

#[cfg(feature = "smol")]
use std::sync::Arc;

use withal_tests::Harness;

#[cfg(feature = "async-std")]
pub(crate) struct AsyncStd;

#[cfg(feature = "async-std")]
impl Harness for AsyncStd {
    type Runtime = withal::async_std::AsyncStdRuntime;

    fn run<T>(case: impl AsyncFnOnce(&Self::Runtime) -> T) -> T {
        let rt = Self::Runtime::new();
        rt.block_on(case(&rt))
    }
}

#[cfg(feature = "smol")]
pub(crate) struct SmolGlobal;

#[cfg(feature = "smol")]
impl Harness for SmolGlobal {
    type Runtime = withal::smol::SmolRuntime;

    fn run<T>(case: impl AsyncFnOnce(&Self::Runtime) -> T) -> T {
        let rt = Self::Runtime::global();
        rt.block_on(case(&rt))
    }
}

#[cfg(feature = "smol")]
pub(crate) struct SmolOwn;

#[cfg(feature = "smol")]
impl Harness for SmolOwn {
    type Runtime = withal::smol::SmolRuntime;

    fn run<T>(case: impl AsyncFnOnce(&Self::Runtime) -> T) -> T {
        let executor = Arc::new(async_executor::Executor::new());
        let rt = Self::Runtime::new(&executor);
        rt.block_on(case(&rt))
    }
}

#[cfg(feature = "tokio")]
pub(crate) struct TokioCurrentThread;

#[cfg(feature = "tokio")]
impl Harness for TokioCurrentThread {
    type Runtime = withal::tokio::TokioRuntime;

    fn run<T>(case: impl AsyncFnOnce(&Self::Runtime) -> T) -> T {
        let main = withal::tokio::TokioMain::current_thread().unwrap();
        let rt = main.runtime();
        main.block_on(case(&rt))
    }
}

#[cfg(feature = "tokio")]
pub(crate) struct TokioMultiThread;

#[cfg(feature = "tokio")]
impl Harness for TokioMultiThread {
    type Runtime = withal::tokio::TokioRuntime;

    fn run<T>(case: impl AsyncFnOnce(&Self::Runtime) -> T) -> T {
        let main = withal::tokio::TokioMain::multi_thread().unwrap();
        let rt = main.runtime();
        main.block_on(case(&rt))
    }
}

use std::fmt;
use std::future::Future;
use std::io;

use tokio::runtime::{Builder, Runtime};
use withal_core::runtime::Cleared;

use crate::TokioRuntime;

/// A Tokio runtime that a binary owns and blocks on, whatever its flavour.
///
/// Unlike [`TokioRuntime::block_on`], it drives a current-thread runtime, too. Dropping it shuts
/// the runtime down.
pub struct TokioMain {
    runtime: Runtime,
}

impl TokioMain {
    /// A multi-threaded runtime with all drivers that Tokio was compiled with.
    ///
    /// # Errors
    ///
    /// That of the operating system, if threads or drivers cannot be made.
    pub fn multi_thread() -> io::Result<Self> {
        Builder::new_multi_thread()
            .enable_all()
            .build()
            .map(Self::from)
    }

    /// A runtime of this one thread, with all drivers that Tokio was compiled with.
    ///
    /// # Errors
    ///
    /// That of the operating system, if the drivers cannot be made.
    pub fn current_thread() -> io::Result<Self> {
        Builder::new_current_thread()
            .enable_all()
            .build()
            .map(Self::from)
    }

    /// The runtime as the value that libraries take.
    pub fn runtime(&self) -> TokioRuntime {
        TokioRuntime::new(self.runtime.handle().clone())
    }

    /// Runs `future` on this thread until it ends, and drives the runtime beside it. No scope is
    /// current inside.
    ///
    /// # Panics
    ///
    /// If `future` panics, or if the caller is already inside an async context.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(Cleared::new(future))
    }

    /// Gives Tokio's own runtime back.
    pub fn into_inner(self) -> Runtime {
        self.runtime
    }
}

impl From<Runtime> for TokioMain {
    fn from(runtime: Runtime) -> Self {
        Self { runtime }
    }
}

impl fmt::Debug for TokioMain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokioMain")
            .field("runtime", &self.runtime())
            .finish_non_exhaustive()
    }
}

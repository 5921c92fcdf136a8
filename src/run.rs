//! The entry point of binaries: drive `main`, then see every cleanup to its end.

use std::future::Future;
use std::time::Duration;

use crate::CurrentRuntime;
use crate::cleanup::{DrainReport, drain};
use crate::runtime::{Cleanup, Runtime, TaskFuture, Timer};

/// How long [`run`] waits for what is still being cleaned up when `main` has ended: ten seconds,
/// which is what service managers commonly leave between asking a process to stop and killing it,
/// less a margin.
pub const DEFAULT_GRACE: Duration = Duration::from_secs(10);

/// Blocks this thread on a runtime.
///
/// Apart from the capabilities, since a library must not block.
///
/// # For implementers
///
/// `block_on` drives the runtime itself where it has no threads of its own.
pub trait Entry {
    /// The value that libraries get.
    type Runtime: Runtime;

    /// The value of this runtime.
    fn runtime(&self) -> Self::Runtime;

    /// Runs `future` on this thread until it ends.
    fn block_on<F: Future>(&self, future: F) -> F::Output;

    /// What [`current`](crate::current()) answers on this thread meanwhile, for runtimes it knows.
    fn current(&self) -> Option<CurrentRuntime> {
        None
    }
}

/// Runs `main` on `entry`, then everything that is still being cleaned up, within
/// [`DEFAULT_GRACE`].
///
/// # Panics
///
/// A panic of `main` goes on after the cleanup.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "smol")] {
/// use withal::smol::SmolRuntime;
///
/// let ended = withal::run(&SmolRuntime::global(), async |_rt| 42);
/// assert_eq!(ended.output, 42);
/// assert!(ended.cleanup.is_clean());
/// # }
/// ```
///
/// Source: `asyncio.run`.
pub fn run<E, F, T>(entry: &E, main: F) -> Ran<T>
where
    E: Entry,
    F: AsyncFnOnce(&E::Runtime) -> T,
{
    run_with_grace(entry, DEFAULT_GRACE, main)
}

/// [`run`], with a grace of your own.
///
/// # Panics
///
/// A panic of `main` goes on after the cleanup.
pub fn run_with_grace<E, F, T>(entry: &E, grace: Duration, main: F) -> Ran<T>
where
    E: Entry,
    F: AsyncFnOnce(&E::Runtime) -> T,
{
    let rt = entry.runtime();
    let block = || entry.block_on(drained(&rt, grace, main(&rt)));
    match entry.current() {
        Some(current) => crate::current::driving(current, block),
        None => block(),
    }
}

/// Runs `main`, then everything that is still being cleaned up: what [`run`] does, for programs
/// that block on their runtime themselves.
///
/// # Cancel safety
///
/// Dropped, it drops `main`, and leaves the cleanups where they are.
///
/// # Panics
///
/// A panic of `main` goes on after the cleanup.
pub async fn drained<R, M>(rt: &R, grace: Duration, main: M) -> Ran<M::Output>
where
    R: Cleanup + Timer,
    M: Future,
{
    // `main` is nobody's body, and its panic must not get past the drain.
    let output = TaskFuture::new(main).await;
    let cleanup = drain(rt, grace).await;
    match output {
        Ok(output) => Ran { output, cleanup },
        Err(error) => error.resume(),
    }
}

/// What [`run`] gives.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "the report says what was not cleaned up"]
#[non_exhaustive]
pub struct Ran<T> {
    /// What `main` returned.
    pub output: T,
    /// What was still to be cleaned up when `main` had ended, and what became of it.
    pub cleanup: DrainReport,
}

#[cfg(feature = "tokio")]
impl Entry for crate::tokio::TokioMain {
    type Runtime = crate::tokio::TokioRuntime;

    fn runtime(&self) -> Self::Runtime {
        Self::runtime(self)
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        Self::block_on(self, future)
    }

    fn current(&self) -> Option<CurrentRuntime> {
        Some(self.runtime().into())
    }
}

#[cfg(feature = "async-std")]
impl Entry for crate::async_std::AsyncStdRuntime {
    type Runtime = Self;

    fn runtime(&self) -> Self {
        *self
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        Self::block_on(self, future)
    }

    fn current(&self) -> Option<CurrentRuntime> {
        Some((*self).into())
    }
}

#[cfg(feature = "smol")]
impl Entry for crate::smol::SmolRuntime {
    type Runtime = Self;

    fn runtime(&self) -> Self {
        self.clone()
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        Self::block_on(self, future)
    }

    fn current(&self) -> Option<CurrentRuntime> {
        Some(self.clone().into())
    }
}

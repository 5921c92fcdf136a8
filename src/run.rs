//! The entry point of binaries: drive `main`, then see everything that it left to its end.

mod active;
mod end;
mod options;
mod stop;

use std::future::Future;
use std::time::Duration;

pub use self::end::{Left, Ran};
pub use self::options::RunOptions;
use crate::CurrentRuntime;
use crate::runtime::{Cleanup, Runtime, TaskFuture, Timer};

/// How long [`run`] waits for what is left when `main` has ended: ten seconds, which is what service
/// managers commonly leave between asking a process to stop and killing it, less a margin.
pub const DEFAULT_BUDGET: Duration = Duration::from_secs(10);

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

/// Runs `main` on `entry`, and then ends what is left of its runtime, within [`DEFAULT_BUDGET`].
///
/// The order is this; each step begins when the one before has ended, and has the time that is left:
///
/// 1. `main` ends, and is dropped. Its value, or its panic, is kept.
/// 2. [Detached tasks](crate::Task::detach) are cancelled, and their cleanup awaited.
/// 3. What is being cleaned up elsewhere, such as the scopes of generators that were left open, is
///    [drained](crate::cleanup::drain).
/// 4. [Blocking work](crate::unblock()) that no thread has taken is withdrawn; the rest is asked to stop,
///    and waited for. Not earlier, since a cleanup may need it.
/// 5. What that left is drained.
/// 6. `run` returns, and tells what became of all that. Errors and panics on the way went to the
///    report hook, and never change what `main` returned.
///
/// Of several that run on one runtime at once, which is possible where it belongs to the process, the
/// last to end takes the steps 2 and 4: tasks and work may be another's.
///
/// Blocking work that does not end in time goes on. A Tokio runtime that is dropped waits for it;
/// one that `TokioMain::into_inner` gives can be shut down without.
///
/// # Panics
///
/// A panic of `main` goes on after all of that.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "smol")] {
/// use withal::smol::SmolRuntime;
///
/// let ended = withal::run(&SmolRuntime::global(), async |_rt| 42);
/// assert_eq!(ended.output, 42);
/// assert!(ended.is_clean());
/// # }
/// ```
///
/// Source: `asyncio.run`; differs in that the time is bounded, and in that cleanups are drained before
/// blocking work is stopped.
pub fn run<E, F, T>(entry: &E, main: F) -> Ran<T>
where
    E: Entry,
    F: AsyncFnOnce(&E::Runtime) -> T,
{
    blocked(entry, async |rt| {
        drained(rt, DEFAULT_BUDGET, main(rt)).await
    })
}

/// [`run`], with [options](RunOptions) of your own: another budget, and ways to ask `main` to end, and
/// to drop it.
///
/// The output is `None` if `main` was dropped. It is then cancelled where it waits; its scopes are
/// exited by the drain, in the time that everything has.
///
/// # Panics
///
/// A panic of `main` goes on after the cleanup.
///
/// # Examples
///
/// See [`RunOptions`].
pub fn run_with<E, F, T>(entry: &E, options: RunOptions, main: F) -> Ran<Option<T>>
where
    E: Entry,
    F: AsyncFnOnce(&E::Runtime) -> T,
{
    blocked(entry, async |rt| drained_with(rt, options, main(rt)).await)
}

fn blocked<E, F, T>(entry: &E, main: F) -> T
where
    E: Entry,
    F: AsyncFnOnce(&E::Runtime) -> T,
{
    let rt = entry.runtime();
    let block = || entry.block_on(main(&rt));
    match entry.current() {
        Some(current) => crate::current::driving(current, block),
        None => block(),
    }
}

/// Runs `main`, then ends what is left within `budget`: what [`run`] does, for programs that block on
/// their runtime themselves.
///
/// # Cancel safety
///
/// Dropped, it drops `main`, and leaves what is left where it is.
///
/// # Panics
///
/// A panic of `main` goes on after the cleanup.
pub async fn drained<R, M>(rt: &R, budget: Duration, main: M) -> Ran<M::Output>
where
    R: Cleanup + Timer,
    M: Future,
{
    let active = active::begin(rt.id());
    // `main` is nobody's body, and its panic must not get past the end.
    let output = TaskFuture::new(main).await;
    end::end(rt, budget, active).await.with(output, None)
}

/// Runs `main`, then ends what is left: what [`run_with`] does, for programs that block on their
/// runtime themselves.
///
/// Cancel safety and panics are those of [`drained`].
pub async fn drained_with<R, M>(rt: &R, options: RunOptions, main: M) -> Ran<Option<M::Output>>
where
    R: Cleanup + Timer,
    M: Future,
{
    let active = active::begin(rt.id());
    let output = stop::until_forced(rt, &options, main).await;
    let reason = options.reason();
    let left = end::end(rt, options.budget, active).await;
    left.with(output, reason)
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

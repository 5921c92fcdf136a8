#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod blocking;
mod cleanup;
mod coop;
mod lines;
mod spawn;
mod timer;

#[cfg(test)]
mod tests;

use std::future::Future;

use withal_core::runtime::TaskFuture;

pub use self::blocking::Job;
pub use self::lines::{Lines, lines};
pub use self::spawn::{LocalTask, Task};
pub use self::timer::Sleep;

/// async-std as a value: its one global executor.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct AsyncStdRuntime;

impl AsyncStdRuntime {
    /// The value.
    pub const fn new() -> Self {
        Self
    }

    /// Runs `future` on this thread until it ends, and the thread's local executor beside it.
    ///
    /// This is for `main` and tests: a library must not block. No scope is current inside, even if
    /// the caller is in one.
    ///
    /// The global executor drives itself.
    ///
    /// # Panics
    ///
    /// If `future` panics.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        // Its `block_on` does not survive a panic: the thread's next one would hang.
        async_std::task::block_on(TaskFuture::new(future)).unwrap_or_else(|error| error.resume())
    }
}

/// The executor of local tasks that async-std keeps for each thread, beside its global one.
///
/// It spawns `!Send` tasks; everything else is asked of [`runtime`](Self::runtime).
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct AsyncStdLocal {
    runtime: AsyncStdRuntime,
}

impl AsyncStdLocal {
    /// Stands for the local executor of the thread that spawns.
    ///
    /// Its tasks run while that thread is in `block_on`, or if it is one of async-std's own.
    /// Elsewhere they wait, and are cancelled when the thread ends.
    pub const fn new() -> Self {
        Self {
            runtime: AsyncStdRuntime::new(),
        }
    }

    /// The runtime beside it: timers, blocking work, `Send` tasks and cleanup.
    pub fn runtime(&self) -> &AsyncStdRuntime {
        &self.runtime
    }
}

withal_sync::aliases!(withal_sync::flavour::Bound<withal_sync::flavour::Spin, AsyncStdRuntime>);

const _: () = {
    const fn runtime<R: withal_core::runtime::Runtime + Unpin>() {}
    const fn send_sync_unpin<T: Send + Sync + Unpin>() {}
    const fn send<T: Send>() {}
    runtime::<AsyncStdRuntime>();
    send_sync_unpin::<Task<u8>>();
    send_sync_unpin::<Job<u8>>();
    send::<Sleep>();
};

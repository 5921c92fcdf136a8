#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod blocking;
mod cleanup;
mod coop;
mod entry;
mod lines;
mod spawn;
mod timer;

#[cfg(test)]
mod tests;

use std::fmt;
use std::future::Future;
use std::hash::{Hash, Hasher};
use std::rc::{Rc, Weak};
use std::sync::{Arc, OnceLock};

use tokio::runtime::Handle;
use tokio::task::LocalSet;
use withal_core::runtime::{Cleared, RuntimeId};

pub use self::blocking::Job;
pub use self::entry::TokioMain;
pub use self::lines::{Lines, lines};
pub use self::spawn::{LocalTask, Task};
pub use self::timer::Sleep;
use self::timer::Wheel;

/// A Tokio runtime as a value: a captured [`Handle`], cheap to clone.
///
/// It does not keep the runtime alive. Once the runtime is gone, tasks and jobs resolve to a
/// cancelled [`TaskError`](withal_core::runtime::TaskError), and sleeps panic when polled.
#[derive(Clone)]
pub struct TokioRuntime {
    handle: Handle,
    id: RuntimeId,
    // Once it has made a sleep.
    wheel: OnceLock<Arc<Wheel>>,
}

impl TokioRuntime {
    /// Captures `handle`.
    pub fn new(handle: Handle) -> Self {
        let mut number = IdNumber(0);
        handle.id().hash(&mut number);
        Self {
            handle,
            id: RuntimeId::new("tokio", number.finish()),
            wheel: OnceLock::new(),
        }
    }

    /// Captures the runtime that the caller runs in.
    ///
    /// # Errors
    ///
    /// [`NoTokio`] outside of every Tokio runtime.
    pub fn current() -> Result<Self, NoTokio> {
        match Handle::try_current() {
            Ok(handle) => Ok(Self::new(handle)),
            Err(_) => Err(NoTokio { _private: () }),
        }
    }

    /// The captured handle.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Runs `future` on this thread until it ends, inside the runtime's context.
    ///
    /// This is for `main` and tests: a library must not block. No scope is current inside, even if
    /// the caller is in one.
    ///
    /// A multi-threaded runtime drives its own timers and sockets. A current-thread runtime does so
    /// only while some thread is in `Runtime::block_on`: with nothing but this method its timers
    /// stand still and its tasks do not run.
    ///
    /// # Panics
    ///
    /// If `future` panics, if the caller is already inside an async context, or if the runtime's
    /// timers or sockets are used after its shutdown.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.handle.block_on(Cleared::new(future))
    }
}

impl From<Handle> for TokioRuntime {
    fn from(handle: Handle) -> Self {
        Self::new(handle)
    }
}

impl fmt::Debug for TokioRuntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokioRuntime")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// This thread's executor of local tasks: a [`LocalSet`], beside the runtime it runs on.
///
/// It spawns `!Send` tasks; everything else is asked of [`runtime`](Self::runtime).
#[derive(Clone)]
pub struct TokioLocal {
    runtime: TokioRuntime,
    // `None`: whichever set (or `LocalRuntime`) is current at the moment of the spawn.
    // Weak, since a task that holds this value would keep the set that holds the task.
    set: Option<Weak<LocalSet>>,
}

impl TokioLocal {
    /// Names `set`, which some `run_until` or `block_on` drives on `runtime`.
    ///
    /// The value does not keep the set alive. Spawning works from inside and outside of the set.
    pub fn new(runtime: TokioRuntime, set: &Rc<LocalSet>) -> Self {
        Self {
            runtime,
            set: Some(Rc::downgrade(set)),
        }
    }

    /// Stands for whichever `LocalSet` or `LocalRuntime` the caller is in at each spawn.
    ///
    /// For code whose set belongs to somebody else. Tokio cannot be asked whether there is one;
    /// it panics in the spawn. That panic is caught and the task's handle resolves as cancelled,
    /// but the panic hook runs, and under `panic = "abort"` the process ends. [`new`](Self::new)
    /// has neither flaw.
    ///
    /// # Errors
    ///
    /// [`NoTokio`] outside of every Tokio runtime.
    pub fn current() -> Result<Self, NoTokio> {
        Ok(Self {
            runtime: TokioRuntime::current()?,
            set: None,
        })
    }

    /// The runtime beneath: timers, blocking work, `Send` tasks and cleanup.
    pub fn runtime(&self) -> &TokioRuntime {
        &self.runtime
    }
}

impl fmt::Debug for TokioLocal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokioLocal")
            .field("runtime", &self.runtime)
            .finish_non_exhaustive()
    }
}

/// The caller runs in no Tokio runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoTokio {
    _private: (),
}

impl fmt::Display for NoTokio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "no Tokio runtime is current: call this inside one, \
             or capture its handle with `TokioRuntime::new(runtime.handle().clone())`",
        )
    }
}

impl std::error::Error for NoTokio {}

/// Reads the number in an opaque runtime id, which is all that the id hashes.
///
/// Printing the id and parsing the text gives the same number, at the price of an allocation for
/// each capture of a handle.
struct IdNumber(u64);

impl Hasher for IdNumber {
    fn write(&mut self, bytes: &[u8]) {
        // Should Tokio ever hash its ids in another way: less pretty, as distinct.
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

withal_sync::aliases!(withal_sync::flavour::Bound<withal_sync::flavour::Spin, TokioRuntime>);

const _: () = {
    const fn runtime<R: withal_core::runtime::Runtime + Unpin>() {}
    const fn send_sync_unpin<T: Send + Sync + Unpin>() {}
    const fn send<T: Send>() {}
    runtime::<TokioRuntime>();
    send_sync_unpin::<Task<u8>>();
    send_sync_unpin::<Job<u8>>();
    send::<Sleep>();
};

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

use std::fmt;
use std::future::Future;
use std::rc::{Rc, Weak as LocalWeak};
use std::sync::{Arc, Weak};

use async_executor::{Executor, LocalExecutor};
use withal_core::runtime::{Cleanup, Cleared};

pub use self::blocking::Job;
pub use self::lines::{Lines, lines};
pub use self::spawn::{LocalTask, Task};
pub use self::timer::Sleep;

/// smol as a value: its global executor, or an executor of your own; cheap to clone.
///
/// It does not keep an executor of your own alive. Once that executor is gone, tasks resolve to a
/// cancelled [`TaskError`](withal_core::runtime::TaskError); timers and jobs go on, since they
/// belong to the process.
#[derive(Clone)]
pub struct SmolRuntime {
    executor: Choice,
}

#[derive(Clone)]
enum Choice {
    /// The executor behind `smol::spawn`, with threads of its own.
    Global,
    /// Weak, since a task that holds this value would keep the executor that holds the task.
    Own(Weak<Executor<'static>>),
    Static(&'static Executor<'static>),
}

impl SmolRuntime {
    /// Names `executor`, which threads of yours drive.
    pub fn new(executor: &Arc<Executor<'static>>) -> Self {
        Self {
            executor: Choice::Own(Arc::downgrade(executor)),
        }
    }

    /// Names the executor behind `smol::spawn`, whose threads start at its first use.
    pub const fn global() -> Self {
        Self {
            executor: Choice::Global,
        }
    }

    /// Names an executor that lives in a `static`, or was leaked.
    pub const fn from_static(executor: &'static Executor<'static>) -> Self {
        Self {
            executor: Choice::Static(executor),
        }
    }

    /// Runs `future` on this thread until it ends, and the runtime's own executor beside it.
    ///
    /// This is for `main` and tests: a library must not block. No scope is current inside, even if
    /// the caller is in one.
    ///
    /// An executor of your own is driven by this thread meanwhile; the global one drives itself.
    ///
    /// # Panics
    ///
    /// If `future` panics.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        let future = Cleared::new(future);
        match &self.executor {
            Choice::Global => smol::block_on(future),
            Choice::Static(executor) => smol::block_on(executor.run(future)),
            Choice::Own(executor) => match executor.upgrade() {
                Some(executor) => smol::block_on(executor.run(future)),
                None => smol::block_on(future),
            },
        }
    }
}

impl From<&Arc<Executor<'static>>> for SmolRuntime {
    fn from(executor: &Arc<Executor<'static>>) -> Self {
        Self::new(executor)
    }
}

impl fmt::Debug for SmolRuntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmolRuntime")
            .field("id", &self.id())
            .finish_non_exhaustive()
    }
}

/// A thread's executor of local tasks: a [`LocalExecutor`], beside the runtime it works with.
///
/// It spawns `!Send` tasks; everything else is asked of [`runtime`](Self::runtime).
#[derive(Clone)]
pub struct SmolLocal {
    runtime: SmolRuntime,
    // Weak, since a task that holds this value would keep the executor that holds the task.
    executor: LocalWeak<LocalExecutor<'static>>,
}

impl SmolLocal {
    /// Names `executor`, which its thread drives.
    ///
    /// The value does not keep the executor alive. Spawning works whether or not it runs just now.
    pub fn new(runtime: SmolRuntime, executor: &Rc<LocalExecutor<'static>>) -> Self {
        Self {
            runtime,
            executor: Rc::downgrade(executor),
        }
    }

    /// The runtime beside it: timers, blocking work, `Send` tasks and cleanup.
    pub fn runtime(&self) -> &SmolRuntime {
        &self.runtime
    }
}

impl fmt::Debug for SmolLocal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmolLocal")
            .field("runtime", &self.runtime)
            .finish_non_exhaustive()
    }
}

withal_sync::aliases!(withal_sync::flavour::Bound<withal_sync::flavour::Spin, SmolRuntime>);

const _: () = {
    const fn runtime<R: withal_core::runtime::Runtime + Unpin>() {}
    const fn send_sync_unpin<T: Send + Sync + Unpin>() {}
    const fn send<T: Send>() {}
    runtime::<SmolRuntime>();
    send_sync_unpin::<Task<u8>>();
    send_sync_unpin::<Job<u8>>();
    send::<Sleep>();
};

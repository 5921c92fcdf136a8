use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;

use crate::cleanup::CleanupTask;

#[cfg(feature = "alloc")]
use alloc::boxed::Box;

/// Takes over the cleanup of scopes that were dropped where nobody could wait for it.
///
/// # For callers
///
/// This is what [`with`](crate::with) asks of a runtime. A scope borrows the runtime value and
/// clones it only when something must be handed over; nothing is ever looked up in a `Drop`.
///
/// # For implementers
///
/// - `spawn_cleanup` never panics and never blocks: it is called from `Drop`, from any thread,
///   during unwinding and during the runtime's own shutdown. Where the executor refuses, dropping
///   the task is right: the task notices, and its cleanup goes back to where it can still run.
/// - `in_context` makes the runtime current for one poll, so that its timers and sockets work when
///   a cleanup is polled by another executor. The default is right for runtimes that need none.
/// - `alarm` is the kernel's clock for cleanup budgets and reports of cleanups that hang.
///
/// # Examples
///
/// A runtime that gives cleanups to a thread of their own:
///
/// ```
/// use std::sync::mpsc;
/// use withal_core::cleanup::CleanupTask;
/// use withal_core::runtime::{Cleanup, RuntimeId};
///
/// #[derive(Clone)]
/// struct CleanupThread(mpsc::Sender<CleanupTask>);
///
/// impl Cleanup for CleanupThread {
///     fn id(&self) -> RuntimeId {
///         RuntimeId::new("cleanup-thread", 0)
///     }
///
///     fn spawn_cleanup(&self, task: CleanupTask) {
///         // If the thread has ended, the task is dropped with the error: nothing is lost.
///         let _ = self.0.send(task);
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no runtime that can take over cleanups",
    label = "expected a runtime value, such as `&TokioRuntime::current()?`",
    note = "enable a runtime feature of `withal` in the application and pass its value, \
            or pass `&NoExecutor` where no executor is at hand"
)]
pub trait Cleanup: Clone + Send + Sync + 'static {
    /// Tells one runtime from another, in reports and in the orphan list.
    fn id(&self) -> RuntimeId;

    /// Starts `task` on the executor, or drops it where that is impossible.
    fn spawn_cleanup(&self, task: CleanupTask);

    /// Calls `f` with this runtime as the current one.
    fn in_context<T>(&self, f: impl FnOnce() -> T) -> T {
        f()
    }

    /// An alarm that goes off after `timeout`, or `None` where the runtime has no clock: budgets
    /// are then unlimited, and cleanups that hang are not reported.
    fn alarm(&self, timeout: Duration) -> Option<Alarm> {
        let _ = timeout;
        None
    }
}

/// Names a runtime: the adapter's name, and a number that tells its instances apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct RuntimeId {
    /// The adapter's name, for example `tokio`.
    pub name: &'static str,
    /// Tells apart the runtimes of one adapter; 0 where there is only one.
    pub instance: u64,
}

impl RuntimeId {
    /// No runtime in particular: what is not bound to one is about this.
    pub const ANY: Self = Self::new("any", 0);

    /// Names instance `instance` of the adapter `name`.
    pub const fn new(name: &'static str, instance: u64) -> Self {
        Self { name, instance }
    }
}

impl fmt::Display for RuntimeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.name, self.instance)
    }
}

/// A boxed timer of a runtime, for the kernel's own use.
#[must_use = "an alarm does nothing unless polled"]
pub struct Alarm {
    #[cfg(feature = "alloc")]
    sleep: Pin<Box<dyn Future<Output = ()> + Send>>,
    // Without an allocator there is no alarm: the type has no values.
    #[cfg(not(feature = "alloc"))]
    never: core::convert::Infallible,
}

impl Alarm {
    /// Boxes a runtime's timer.
    #[cfg(feature = "alloc")]
    pub fn new(sleep: impl Future<Output = ()> + Send + 'static) -> Self {
        Self {
            sleep: Box::pin(sleep),
        }
    }
}

impl Future for Alarm {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        #[cfg(feature = "alloc")]
        return self.sleep.as_mut().poll(cx);
        #[cfg(not(feature = "alloc"))]
        {
            let _ = cx;
            match self.as_mut().never {}
        }
    }
}

impl fmt::Debug for Alarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Alarm").finish_non_exhaustive()
    }
}

//! Finding the runtime that the caller is in.

#![cfg_attr(
    not(any(feature = "tokio", feature = "async-std", feature = "smol")),
    expect(
        unreachable_code,
        unused_variables,
        reason = "without a runtime there is no value whose methods could be called"
    )
)]

#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::OnceLock;
#[cfg(any(feature = "tokio", feature = "async-std", feature = "smol"))]
use std::task::ready;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use crate::cleanup::CleanupTask;
use crate::runtime::{Alarm, Blocking, Cleanup, Coop, RuntimeId, Spawn, TaskError, Timer};

/// Finds the runtime that the caller is in.
///
/// The answer is the first of these:
///
/// 1. Tokio, if a Tokio handle was entered since the runtime of 2 began;
/// 2. the runtime whose [`run`](crate::run()) drives this thread;
/// 3. the default that the application installed with [`install_default`];
/// 4. an error that names the fix.
///
/// Enabling the feature of a runtime makes that runtime known, and never makes it the answer: with
/// all features on, code that runs nowhere still gets the error.
///
/// This is for applications. Libraries take `&impl Runtime`, so that their callers choose.
///
/// # Errors
///
/// [`NoRuntime`], if the caller is in no runtime and no default was installed.
///
/// # Examples
///
/// ```
/// use withal::runtime::Cleanup;
///
/// match withal::current() {
///     Ok(rt) => println!("running on {}", rt.id()),
///     Err(error) => println!("{error}"),
/// }
/// ```
pub fn current() -> Result<CurrentRuntime, NoRuntime> {
    let driven = driven();
    entered(driven.as_ref())
        .or_else(|| driven.map(|driving| driving.rt))
        .or_else(|| DEFAULT.get().cloned())
        .ok_or(NoRuntime { _private: () })
}

/// Installs the runtime that [`current`] answers where the caller is in none. Once a process.
///
/// This is for `main`; a library that installs a default chooses for everybody.
///
/// # Errors
///
/// [`AlreadyInstalled`], if there is a default; it stays.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "smol")] {
/// use withal::runtime::Cleanup;
/// use withal::smol::SmolRuntime;
///
/// withal::install_default(SmolRuntime::global())?;
/// assert_eq!(withal::current()?.id().name, "smol");
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn install_default(rt: impl Into<CurrentRuntime>) -> Result<(), AlreadyInstalled> {
    let rt = rt.into();
    let mut fresh = false;
    let installed = DEFAULT.get_or_init(|| {
        fresh = true;
        rt
    });
    if fresh {
        Ok(())
    } else {
        Err(AlreadyInstalled {
            installed: installed.id(),
        })
    }
}

/// Calls `f` with `rt` as the runtime that drives this thread.
///
/// It is for what blocks the thread on a future. Nested calls shadow and restore each other.
pub(crate) fn driving<T>(rt: impl Into<CurrentRuntime>, f: impl FnOnce() -> T) -> T {
    struct Restore(Option<Driving>);

    impl Drop for Restore {
        fn drop(&mut self) {
            DRIVING.with(|driving| driving.replace(self.0.take()));
        }
    }

    let driving = Driving {
        rt: rt.into(),
        #[cfg(feature = "tokio")]
        inside: crate::tokio::TokioRuntime::current().ok().map(|rt| rt.id()),
    };
    let _restore = Restore(DRIVING.with(|slot| slot.replace(Some(driving))));
    f()
}

/// Whichever of the enabled runtimes [`current`] found.
///
/// It has every capability of the runtime it holds, and without any enabled runtime it has no
/// values. Its futures are boxed, since their types depend on what was found; code that counts
/// allocations takes the adapter's own value.
///
/// # The clock
///
/// Instants are those of the standard library, whatever the runtime. Tokio's are converted there
/// and back without loss, so a paused Tokio clock is respected for moments that came from this
/// timer. Comparing them to `std::time::Instant::now()` compares two clocks.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum CurrentRuntime {
    /// A Tokio runtime.
    #[cfg(feature = "tokio")]
    Tokio(crate::tokio::TokioRuntime),
    /// async-std.
    #[cfg(feature = "async-std")]
    AsyncStd(crate::async_std::AsyncStdRuntime),
    /// smol's global executor, or one of the application's own.
    #[cfg(feature = "smol")]
    Smol(crate::smol::SmolRuntime),
}

#[cfg(feature = "tokio")]
impl From<crate::tokio::TokioRuntime> for CurrentRuntime {
    fn from(rt: crate::tokio::TokioRuntime) -> Self {
        Self::Tokio(rt)
    }
}

#[cfg(feature = "async-std")]
impl From<crate::async_std::AsyncStdRuntime> for CurrentRuntime {
    fn from(rt: crate::async_std::AsyncStdRuntime) -> Self {
        Self::AsyncStd(rt)
    }
}

#[cfg(feature = "smol")]
impl From<crate::smol::SmolRuntime> for CurrentRuntime {
    fn from(rt: crate::smol::SmolRuntime) -> Self {
        Self::Smol(rt)
    }
}

/// Evaluates `$body` with the runtime inside as `$rt`. Matching the place, not the reference, is
/// what lets the match be empty where no runtime is enabled.
macro_rules! with_runtime {
    ($current:expr, $rt:ident => $body:expr) => {
        match *$current {
            #[cfg(feature = "tokio")]
            CurrentRuntime::Tokio(ref $rt) => $body,
            #[cfg(feature = "async-std")]
            CurrentRuntime::AsyncStd(ref $rt) => $body,
            #[cfg(feature = "smol")]
            CurrentRuntime::Smol(ref $rt) => $body,
        }
    };
}

impl Spawn for CurrentRuntime {
    type Task<T: Send + 'static> = BoxFuture<Result<T, TaskError>>;

    fn spawn<F>(&self, future: F) -> Self::Task<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        with_runtime!(self, rt => Box::pin(rt.spawn(future)))
    }
}

#[allow(
    clippy::useless_conversion,
    reason = "whether a conversion does something depends on the runtime"
)]
impl Timer for CurrentRuntime {
    type Instant = Instant;
    type Sleep = BoxFuture<()>;

    fn now(&self) -> Instant {
        with_runtime!(self, rt => rt.now().into())
    }

    fn deadline(&self, timeout: Duration) -> Instant {
        with_runtime!(self, rt => rt.deadline(timeout).into())
    }

    fn elapsed(&self, earlier: Instant, later: Instant) -> Duration {
        with_runtime!(self, rt => rt.elapsed(earlier.into(), later.into()))
    }

    fn after(&self, moment: Instant, span: Duration) -> Instant {
        with_runtime!(self, rt => rt.after(moment.into(), span).into())
    }

    fn sleep_until(&self, deadline: Instant) -> Self::Sleep {
        with_runtime!(self, rt => Box::pin(rt.sleep_until(deadline.into())))
    }

    fn sleep(&self, timeout: Duration) -> Self::Sleep {
        with_runtime!(self, rt => Box::pin(rt.sleep(timeout)))
    }
}

impl Blocking for CurrentRuntime {
    type Job<T: Send + 'static> = BoxFuture<Result<T, TaskError>>;

    fn unblock<F, T>(&self, work: F) -> Self::Job<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        with_runtime!(self, rt => Box::pin(rt.unblock(work)))
    }
}

/// Keeps to the budget of every runtime that is enabled: one that is not around has none to spend.
impl Coop for CurrentRuntime {
    #[cfg(feature = "tokio")]
    type Unit = <crate::tokio::TokioRuntime as Coop>::Unit;
    #[cfg(not(feature = "tokio"))]
    type Unit = ();

    fn poll_unit(cx: &mut Context<'_>) -> Poll<Self::Unit> {
        let _where_nothing_is_enabled = &cx;
        #[cfg(feature = "async-std")]
        ready!(crate::async_std::AsyncStdRuntime::poll_unit(cx));
        #[cfg(feature = "smol")]
        ready!(crate::smol::SmolRuntime::poll_unit(cx));
        #[cfg(feature = "tokio")]
        let unit = ready!(crate::tokio::TokioRuntime::poll_unit(cx));
        #[cfg(not(feature = "tokio"))]
        let unit = ();
        Poll::Ready(unit)
    }

    fn spend(unit: Self::Unit) {
        #[cfg(feature = "async-std")]
        crate::async_std::AsyncStdRuntime::spend(());
        #[cfg(feature = "smol")]
        crate::smol::SmolRuntime::spend(());
        #[cfg(feature = "tokio")]
        crate::tokio::TokioRuntime::spend(unit);
        #[cfg(not(feature = "tokio"))]
        let () = unit;
    }
}

impl Cleanup for CurrentRuntime {
    fn id(&self) -> RuntimeId {
        with_runtime!(self, rt => rt.id())
    }

    fn spawn_cleanup(&self, task: CleanupTask) {
        with_runtime!(self, rt => rt.spawn_cleanup(task))
    }

    fn in_context<T>(&self, f: impl FnOnce() -> T) -> T {
        with_runtime!(self, rt => rt.in_context(f))
    }

    fn alarm(&self, timeout: Duration) -> Option<Alarm> {
        with_runtime!(self, rt => rt.alarm(timeout))
    }
}

/// The caller is in no runtime, and the application installed no default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoRuntime {
    _private: (),
}

impl fmt::Display for NoRuntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "no runtime found: call this inside `withal::run` or inside Tokio, \
             or install a default with `withal::install_default` in `main`; \
             the application must enable its runtime's feature of `withal`",
        )
    }
}

impl std::error::Error for NoRuntime {}

/// There is a default runtime already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AlreadyInstalled {
    /// The default, which stays.
    pub installed: RuntimeId,
}

impl fmt::Display for AlreadyInstalled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} is the default runtime already: install one only, in `main`",
            self.installed
        )
    }
}

impl std::error::Error for AlreadyInstalled {}

/// The Tokio runtime that the caller is in.
fn entered(driving: Option<&Driving>) -> Option<CurrentRuntime> {
    #[cfg(feature = "tokio")]
    if let Ok(rt) = crate::tokio::TokioRuntime::current() {
        // A handle that was current before does not count: were the `tokio` feature off, it would
        // not be seen either.
        if driving.and_then(|driving| driving.inside) != Some(rt.id()) {
            return Some(rt.into());
        }
    }
    let _ = driving;
    None
}

/// The runtime that drives this thread; none while the thread's locals are being destroyed.
fn driven() -> Option<Driving> {
    DRIVING
        .try_with(|driving| driving.borrow().clone())
        .unwrap_or_default()
}

/// A runtime that drives this thread.
#[derive(Clone)]
struct Driving {
    rt: CurrentRuntime,
    /// The Tokio runtime that the thread was in already when it began.
    #[cfg(feature = "tokio")]
    inside: Option<RuntimeId>,
}

thread_local! {
    static DRIVING: RefCell<Option<Driving>> = const { RefCell::new(None) };
}

static DEFAULT: OnceLock<CurrentRuntime> = OnceLock::new();

type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

const _: () = {
    const fn runtime<R: crate::runtime::Runtime + Unpin>() {}
    runtime::<CurrentRuntime>();
};

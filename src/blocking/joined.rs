use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use super::context::Signals;
use super::{BlockingContext, Unblock};
use crate::runtime::{Blocking, Cleanup, TaskError};
use crate::{ExitReason, HandOver, Scope, ScopeError, with};

impl<'r, R, F, T> Unblock<'r, R, F, T>
where
    R: Blocking + Cleanup,
    F: FnOnce(&BlockingContext<R>) -> T + Send + 'static,
    T: Send + 'static,
{
    /// Has whoever cancels wait until the thread has ended: for work that borrows from the world
    /// outside (a file, a lock, a device) what nobody else may touch meanwhile.
    ///
    /// The work is asked to stop, and the wait for it is handed over like the exit of a scope. Work
    /// that does not look at [`is_cancelled`](BlockingContext::is_cancelled) is waited for to its end;
    /// [`wait_on_cancel_for`](Self::wait_on_cancel_for) bounds that.
    ///
    /// # Complexity
    ///
    /// Two allocations more.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use withal::runtime::Runtime;
    /// use withal::{timeout, unblock};
    ///
    /// async fn index(rt: &impl Runtime) -> bool {
    ///     let indexed = unblock(rt, |cx| while !cx.is_cancelled() { /* index a file */ });
    ///     // When this returns, the thread has ended.
    ///     timeout(rt, Duration::from_millis(5), indexed.wait_on_cancel()).await.is_ok()
    /// }
    /// # #[cfg(feature = "smol")] {
    /// # let rt = withal::smol::SmolRuntime::global();
    /// # assert!(!rt.block_on(index(&rt)));
    /// # }
    /// ```
    ///
    /// Source: `trio.to_thread.run_sync`, which waits by default.
    #[track_caller]
    pub fn wait_on_cancel(self) -> Joined<'r, T>
    where
        F: 'r,
    {
        self.joined(None)
    }

    /// [`wait_on_cancel`](Self::wait_on_cancel), for at most `budget`: then the work is abandoned, and
    /// reported.
    #[track_caller]
    pub fn wait_on_cancel_for(self, budget: Duration) -> Joined<'r, T>
    where
        F: 'r,
    {
        self.joined(Some(budget))
    }

    #[track_caller]
    fn joined(self, budget: Option<Duration>) -> Joined<'r, T>
    where
        F: 'r,
    {
        let scope = Thread(self.signals.clone());
        let mut joined = with(self.rt, scope, async move |_| {
            Ok::<_, Infallible>(self.await)
        });
        if let Some(budget) = budget {
            joined = joined.budget(budget);
        }
        let future = Box::pin(async move {
            match joined.await {
                Ok(result) | Err(ScopeError::Exit { value: result, .. }) => result,
                // Neither the body nor enter can fail.
                Err(_) => Err(TaskError::cancelled()),
            }
        });
        Joined { future }
    }
}

/// The future that [`Unblock::wait_on_cancel`] returns.
#[must_use = "futures do nothing unless polled"]
pub struct Joined<'r, T> {
    future: Pin<Box<dyn Future<Output = Result<T, TaskError>> + Send + 'r>>,
}

impl<T> Future for Joined<'_, T> {
    type Output = Result<T, TaskError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.future.as_mut().poll(cx)
    }
}

impl<T> fmt::Debug for Joined<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Joined").finish_non_exhaustive()
    }
}

/// The scope whose body is the wait for the work: its exit, if that is cancelled, waits for the
/// thread, which was asked to stop when the body was dropped.
struct Thread(Signals);

impl Scope for Thread {
    type Resource = ();
    type Error = Infallible;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<(), Infallible> {
        Ok(())
    }

    async fn exit(self, (): (), reason: ExitReason<'_>) -> Result<(), Infallible> {
        if matches!(reason, ExitReason::Cancelled) {
            self.0.over().await;
        }
        Ok(())
    }
}

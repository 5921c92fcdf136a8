use std::future::Future;
use std::time::Duration;

use super::context::Signals;
use super::job::Held;
use super::{BlockingContext, Step, Unblock, Wait};
use crate::runtime::{Blocking, Cleanup};
use crate::sync::CancelToken;

impl<R, F, T> Unblock<'_, R, F, T>
where
    R: Blocking + Cleanup,
    F: FnOnce(&BlockingContext<R>) -> T + Send + 'static,
    T: Send + 'static,
{
    /// Waits for `permit` first, and holds it until the thread has really ended, also when the work was
    /// abandoned meanwhile: a limit on threads, not on those who wait for them.
    ///
    /// Any acquire that owns what it gives will do: of a [`Semaphore`](crate::sync::Semaphore), which
    /// serves first in, first out, of a [`Limiter`](crate::sync::Limiter), of a mutex. If it fails, as
    /// that of a closed semaphore does, the work is withdrawn.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    /// use withal::runtime::{Runtime, TaskError};
    /// use withal::sync::Semaphore;
    ///
    /// async fn hash(rt: &impl Runtime, threads: &Arc<Semaphore>) -> Result<u64, TaskError> {
    ///     withal::unblock(rt, |_| 7).limit(threads.acquire_owned()).await
    /// }
    /// ```
    ///
    /// Source: `anyio.CapacityLimiter`.
    pub fn limit<P, E>(
        mut self,
        permit: impl Future<Output = Result<P, E>> + Send + 'static,
    ) -> Self
    where
        P: Send + 'static,
    {
        if let Step::New { limit, .. } = &mut self.step {
            *limit = Some(Box::pin(async move {
                let permit = permit.await.ok()?;
                Some(Box::new(permit) as Held)
            }));
        }
        self
    }

    /// Has `token` ask the work to stop as well: its closure sees that by
    /// [`is_cancelled`](BlockingContext::is_cancelled), and what it returns is still awaited. Work that no
    /// thread has taken is withdrawn.
    ///
    /// # Examples
    ///
    /// ```
    /// use withal::runtime::{Runtime, TaskError};
    /// use withal::sync::CancelToken;
    ///
    /// async fn index(rt: &impl Runtime, stop: &CancelToken) -> Result<usize, TaskError> {
    ///     // How far it came.
    ///     withal::unblock(rt, |cx| (0..1_000).take_while(|_| !cx.is_cancelled()).count())
    ///         .token(stop)
    ///         .await
    /// }
    /// ```
    pub fn token(mut self, token: &CancelToken) -> Self {
        self.signals = Signals::new(token.child());
        self.token = Some(Box::pin(token.cancelled_owned()));
        self
    }

    /// Has whoever cancels wait until the thread has ended: for work that uses something (a file, a
    /// device) that nobody else may touch meanwhile.
    ///
    /// The work is asked to stop, and the wait for it is handed over like the exit of a scope. Work that
    /// does not look at [`is_cancelled`](BlockingContext::is_cancelled) is waited for to its end;
    /// [`wait_on_cancel_for`](Self::wait_on_cancel_for) bounds that.
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
    pub fn wait_on_cancel(mut self) -> Self {
        self.wait = Wait::Thread;
        self
    }

    /// [`wait_on_cancel`](Self::wait_on_cancel), for at most `budget`: then the thread is abandoned, and
    /// that is reported.
    pub fn wait_on_cancel_for(mut self, budget: Duration) -> Self {
        self.wait = Wait::ThreadFor(budget);
        self
    }
}

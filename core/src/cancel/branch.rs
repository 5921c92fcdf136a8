use core::fmt;
use core::future::Future;
use core::panic::Location;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use core::time::Duration;

use super::{Cancellable, KeptError};
#[cfg(feature = "std")]
use crate::cleanup::kind::ThreadBound;
use crate::cleanup::kind::{Kind, Sendable};
use crate::cleanup::leftovers::Leftovers;
use crate::cleanup::{About, CollectorId};
use crate::panic::{Payload, catch};
use crate::runtime::TaskError;

/// One of several futures that a combinator runs side by side: it ends with its value, by being
/// cancelled, or with a panic, and in each case its cleanup has ended before.
///
/// It is the building block of joins, races and groups, as [`Cancellable`] is of what holds one
/// future: each branch cleans up apart from the others.
///
/// `T` is the output of the future. It stands apart, so that a struct with a branch in it is `Send`
/// when its parts are.
///
/// # Cancel safety
///
/// Dropped, it hands its cleanup to whoever drops it. Leaked, it leaks the future, whose scopes are
/// then never exited.
///
/// # Complexity
///
/// No allocation, unless there is something to wait for, or a panic.
///
/// # Examples
///
/// ```
/// use core::future::{pending, poll_fn};
/// use core::pin::pin;
/// use withal_core::cancel::Branch;
///
/// # futures_util::FutureExt::now_or_never(async {
/// let mut branch = pin!(Branch::new("example", pending::<u32>()));
/// let cancelled = poll_fn(|cx| branch.as_mut().poll_branch(cx, true)).await;
/// assert!(!cancelled.unwrap_err().is_panic());
/// # }).unwrap();
/// ```
#[must_use = "it does nothing unless polled"]
pub struct Branch<F, T, K: Kind = Sendable> {
    inner: Cancellable<F, K>,
    stage: Stage<T>,
}

enum Stage<T> {
    Running,
    /// What it comes to is known; its cleanup goes on.
    CleaningUp(Result<T, TaskError>),
    Ended,
}

impl<F: Future<Output = T>, T> Branch<F, T> {
    /// Holds `future`; `name` is the combinator's, for reports.
    #[track_caller]
    pub fn new(name: &'static str, future: F) -> Self {
        Self {
            inner: Cancellable::new(name, future),
            stage: Stage::Running,
        }
    }

    /// Names `location` as the place of the combinator's call, for reports, where it makes its branches
    /// later than in that call.
    pub fn called_at(mut self, location: &'static Location<'static>) -> Self {
        self.inner.set_location(location);
        self
    }

    /// Waits for `!Send` cleanups too, and becomes `!Send` itself. Those inside of a `Send` scope are
    /// out of its sight.
    #[cfg(feature = "std")]
    pub fn local(self) -> Branch<F, T, ThreadBound> {
        Branch {
            inner: self.inner.local(),
            stage: self.stage,
        }
    }
}

impl<F: Future<Output = T>, T, K: Kind> Branch<F, T, K> {
    /// A branch of either kind, of a combinator that was called at `location`.
    pub fn of_kind(name: &'static str, location: &'static Location<'static>, future: F) -> Self {
        Self {
            inner: Cancellable::of_kind(name, location, future),
            stage: Stage::Running,
        }
    }

    /// Polls the branch; with `cancel`, towards its cancellation. Once said, `cancel` is to be said
    /// in each poll.
    ///
    /// A scope in it whose exit was in progress when `cancel` was first said is let end, and if the
    /// future ends by that, its value counts (K10). Otherwise it is dropped where it lies, and its
    /// cleanup awaited.
    ///
    /// # Errors
    ///
    /// [`TaskError`], if it was cancelled, or has panicked (std only), after its cleanup.
    ///
    /// # Panics
    ///
    /// If polled again after its end.
    #[inline]
    pub fn poll_branch(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        cancel: bool,
    ) -> Poll<Result<T, TaskError>> {
        // SAFETY: `inner` alone is pinned, structurally; `stage` is moved freely.
        let this = unsafe { self.get_unchecked_mut() };
        // SAFETY: as above.
        let mut inner = unsafe { Pin::new_unchecked(&mut this.inner) };
        if let Stage::Running = this.stage {
            if cancel {
                inner.as_mut().stop();
            }
            if cancel && !inner.is_exiting() {
                this.stage = Stage::CleaningUp(Err(TaskError::cancelled()));
            } else {
                match inner.as_mut().advance(cx) {
                    Some(Poll::Ready(value)) => {
                        if inner.as_mut().leaves_nothing() {
                            this.stage = Stage::Ended;
                            return Poll::Ready(Ok(value));
                        }
                        this.stage = Stage::CleaningUp(Ok(value));
                    }
                    Some(Poll::Pending) if !cancel || inner.is_exiting() => return Poll::Pending,
                    // A panic comes out below, after the cleanup.
                    Some(Poll::Pending) | None => {
                        this.stage = Stage::CleaningUp(Err(TaskError::cancelled()));
                    }
                }
            }
        }
        this.poll_cleanup(cx)
    }

    #[inline(never)]
    fn poll_cleanup(&mut self, cx: &mut Context<'_>) -> Poll<Result<T, TaskError>> {
        // SAFETY: `inner` is pinned structurally.
        let inner = unsafe { Pin::new_unchecked(&mut self.inner) };
        let ended = match catch(|| inner.poll_cancel(cx)) {
            Ok(polled) => {
                ready!(polled);
                Ok(())
            }
            Err(payload) => Err(TaskError::from_payload(payload)),
        };
        match core::mem::replace(&mut self.stage, Stage::Ended) {
            Stage::CleaningUp(result) => Poll::Ready(ended.and(result)),
            Stage::Running | Stage::Ended => panic!("a branch was polled after its end"),
        }
    }

    /// Stops waiting, for a combinator whose cleanup budget has run out (K9).
    ///
    /// What is left goes on by itself, and is reported as over `budget`. The next
    /// [`poll_branch`](Self::poll_branch) is ready: with what the branch had come to, else as
    /// cancelled.
    pub fn give_up(self: Pin<&mut Self>, budget: Duration) {
        // SAFETY: `inner` alone is pinned, structurally; `stage` is moved freely.
        let this = unsafe { self.get_unchecked_mut() };
        // SAFETY: as above.
        unsafe { Pin::new_unchecked(&mut this.inner) }.give_up(budget);
        if let Stage::Running = this.stage {
            this.stage = Stage::CleaningUp(Err(TaskError::cancelled()));
        }
    }
}

impl<F, T, K: Kind> Branch<F, T, K> {
    /// The value that the future has ended with, while its cleanup goes on: enough to decide for the
    /// other branches.
    pub fn value(&self) -> Option<&T> {
        match &self.stage {
            Stage::CleaningUp(Ok(value)) => Some(value),
            _ => None,
        }
    }

    /// Whether the future has panicked, while its cleanup goes on.
    pub fn is_panicking(&self) -> bool {
        self.inner.has_panicked()
    }

    /// Keeps the error that the branch has ended with, until all have.
    pub fn keep(&self, error: TaskError) -> KeptError {
        KeptError::new(self.inner.about(), error)
    }

    /// Takes the value that the future has ended with, while its cleanup goes on, from a branch that
    /// is about to be dropped.
    pub(crate) fn take_value(self: Pin<&mut Self>) -> Option<T> {
        // SAFETY: `inner` alone is pinned, structurally; `stage` is moved freely.
        let stage = unsafe { &mut self.get_unchecked_mut().stage };
        match core::mem::replace(stage, Stage::Ended) {
            Stage::CleaningUp(Ok(value)) => Some(value),
            other => {
                *stage = other;
                None
            }
        }
    }

    pub(super) fn about(&self) -> About {
        self.inner.about()
    }

    pub(super) fn under(&self) -> Option<CollectorId> {
        self.inner.under()
    }

    /// Drops the future in place; gives what is left to clean up, and the panic of a destructor.
    pub(crate) fn leave(self: Pin<&mut Self>) -> (Leftovers<K>, Option<Payload>) {
        // SAFETY: `inner` is pinned structurally.
        unsafe { self.map_unchecked_mut(|this| &mut this.inner) }.leave()
    }
}

impl<F, T, K: Kind> fmt::Debug for Branch<F, T, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Branch")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}

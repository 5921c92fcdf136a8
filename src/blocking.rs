//! Work that blocks its thread, awaited by a task that does not.

mod context;
mod job;
mod options;
pub(crate) mod registry;

use std::any::type_name;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use self::context::Signals;
pub use self::context::{BlockingContext, on_the_thread_of_tasks};
use self::job::{Held, Job, Work};
use crate::cleanup::{About, CleanupOrigin, Subject};
use crate::runtime::{Blocking, Cleanup, TaskError};
use crate::sync::CancelToken;
use crate::sync::cancel_token::WaitOwned;

/// Runs `work` on a thread of the runtime that may block.
///
/// It runs once, or not at all. It is lent a [`BlockingContext`], by which it can see that nobody
/// waits any more, and run futures on the runtime. It is nobody's body: what it drops is not waited
/// for by the scopes around the caller.
///
/// Nothing begins before the first poll. A runtime has a bounded number of such threads, and work
/// beyond waits for one; to have fewer at once, add a [`limit`](Unblock::limit).
///
/// # Cancel safety
///
/// Dropped before a thread has taken it, the work is withdrawn, and dropped with all that it holds.
/// Dropped later, it is *asked* to stop, and abandoned: the thread goes on, and what it returns is
/// dropped there. [`wait_on_cancel`](Unblock::wait_on_cancel) has whoever cancels wait for the thread
/// instead. [`run`](crate::run()) waits for what was abandoned.
/// Leaked, the work runs to its end.
///
/// # Errors
///
/// [`TaskError`], if the work panicked, was withdrawn, or its runtime is gone.
///
/// # Panics
///
/// A panic of the work is an error here; reported, if nobody waits any more. If polled again after
/// completion.
///
/// # Complexity
///
/// One allocation besides those of the runtime, and a lock that is hardly ever contended; one entry
/// in a list of the process, under a lock.
///
/// # Examples
///
/// ```
/// use withal::runtime::{Runtime, TaskError};
/// use withal::unblock;
///
/// async fn count_primes(rt: &impl Runtime, below: u32) -> Result<usize, TaskError> {
///     unblock(rt, move |cx| {
///         let is_prime = |n: &u32| (2..*n).take_while(|d| d * d <= *n).all(|d| n % d != 0);
///         // It ends early once nobody wants to know.
///         (2..below).take_while(|_| !cx.is_cancelled()).filter(is_prime).count()
///     })
///     .await
/// }
/// # #[cfg(feature = "smol")] {
/// # let rt = withal::smol::SmolRuntime::global();
/// # assert_eq!(rt.block_on(count_primes(&rt, 100)).unwrap(), 25);
/// # }
/// ```
///
/// Source: `asyncio.to_thread`; differs in that the work can see that it was abandoned.
#[track_caller]
pub fn unblock<R, F, T>(rt: &R, work: F) -> Unblock<'_, R, F, T>
where
    R: Blocking + Cleanup,
    F: FnOnce(&BlockingContext<R>) -> T + Send + 'static,
    T: Send + 'static,
{
    Unblock {
        rt,
        location: Location::caller(),
        signals: Signals::new(CancelToken::new()),
        token: None,
        wait: Wait::Not,
        step: Step::New {
            work: Some(work),
            limit: None,
        },
    }
}

/// The future that [`unblock`] returns.
#[must_use = "futures do nothing unless polled"]
pub struct Unblock<'r, R: Cleanup, F, T> {
    rt: &'r R,
    location: &'static Location<'static>,
    signals: Signals,
    /// One of the caller's.
    token: Option<Pin<Box<WaitOwned>>>,
    wait: Wait,
    step: Step<R, F, T>,
}

/// What whoever cancels waits for.
#[derive(Clone, Copy)]
enum Wait {
    Not,
    Thread,
    ThreadFor(Duration),
}

enum Step<R, F, T> {
    /// Not handed in.
    New {
        /// `None` only while it is being handed in.
        work: Option<F>,
        limit: Option<Limit>,
    },
    HandedIn {
        job: Arc<Job<R, F, T>>,
        origin: CleanupOrigin,
    },
    Ended,
}

/// Gives what the thread holds, or `None` if there is no more to be had.
type Limit = Pin<Box<dyn Future<Output = Option<Held>> + Send>>;

impl<R, F, T> Unblock<'_, R, F, T>
where
    R: Blocking + Cleanup,
    F: FnOnce(&BlockingContext<R>) -> T + Send + 'static,
    T: Send + 'static,
{
    /// Gives the work to the runtime.
    fn hand_in(&mut self, work: F, held: Option<Held>) -> Arc<Job<R, F, T>> {
        let about = About::new(Subject::Work, type_name::<F>(), self.location, self.rt.id());
        let work = Work {
            work,
            context: BlockingContext::new(self.rt.clone(), self.signals.clone()),
            held,
        };
        let job = Job::new(about, self.signals.clone(), work);
        let on_thread = job.on_thread();
        // Dropping the handle lets it run; what becomes of it, the job tells.
        drop(self.rt.unblock(move || on_thread.run()));
        job
    }
}

// Nothing in it is pinned but what is boxed.
impl<R: Cleanup, F, T> Unpin for Unblock<'_, R, F, T> {}

impl<R, F, T> Future for Unblock<'_, R, F, T>
where
    R: Blocking + Cleanup,
    F: FnOnce(&BlockingContext<R>) -> T + Send + 'static,
    T: Send + 'static,
{
    type Output = Result<T, TaskError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let asked = match &mut this.token {
            Some(token) => token.as_mut().poll(cx).is_ready(),
            None => false,
        };
        if asked {
            // It is not to be polled again.
            this.token = None;
            match &this.step {
                Step::New { .. } => {
                    // With the work, and all that it holds.
                    this.step = Step::Ended;
                    return Poll::Ready(Err(TaskError::cancelled()));
                }
                Step::HandedIn { job, .. } => job.withdraw(),
                Step::Ended => {}
            }
        }
        if let Step::New { work, limit } = &mut this.step {
            let held = match limit {
                None => Some(None),
                Some(limit) => ready!(limit.as_mut().poll(cx)).map(Some),
            };
            let work = work.take();
            this.step = Step::Ended;
            let (Some(work), Some(held)) = (work, held) else {
                return Poll::Ready(Err(TaskError::cancelled()));
            };
            this.step = Step::HandedIn {
                job: this.hand_in(work, held),
                origin: CleanupOrigin::here(),
            };
        }
        let Step::HandedIn { job, .. } = &this.step else {
            panic!("blocking work was polled after its end");
        };
        let ended = ready!(job.poll_end(cx));
        this.step = Step::Ended;
        Poll::Ready(ended)
    }
}

impl<R: Cleanup, F, T> Drop for Unblock<'_, R, F, T> {
    fn drop(&mut self) {
        let Step::HandedIn { job, origin } = &self.step else {
            return;
        };
        job.abandon();
        let signals = self.signals.clone();
        let over = async move { signals.over().await };
        match self.wait {
            _ if job.is_over() => {}
            Wait::Not => {}
            Wait::Thread => origin.hand_over(self.rt, job.about(), over),
            Wait::ThreadFor(budget) => {
                origin.hand_over_within(self.rt, job.about(), budget, over);
            }
        }
    }
}

impl<R: Cleanup, F, T> fmt::Debug for Unblock<'_, R, F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let step = match &self.step {
            Step::New { .. } => "new",
            Step::HandedIn { .. } => "handed in",
            Step::Ended => "ended",
        };
        f.debug_struct("Unblock")
            .field("location", &self.location)
            .field("step", &step)
            .finish_non_exhaustive()
    }
}

use std::cell::Cell;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;

use crate::cancel::Branch;
use crate::runtime::{Spawn, TaskError};
use crate::sync::cancel_token::{CancelReason, Cancelled};
use crate::sync::{CancelToken, Channel, Latch};

/// What blocking work is lent: whether anybody still waits for it, and a way back to the runtime.
pub struct BlockingContext<R> {
    rt: R,
    signals: Signals,
}

impl<R> BlockingContext<R> {
    pub(super) fn new(rt: R, signals: Signals) -> Self {
        Self { rt, signals }
    }

    /// The runtime whose thread this is.
    pub fn runtime(&self) -> &R {
        &self.rt
    }

    /// Whether the work is asked to stop: whoever waited was cancelled, its [token](super::Unblock::token)
    /// was, or the program ends. It stays so.
    pub fn is_cancelled(&self) -> bool {
        self.token().is_cancelled()
    }

    /// The token of this work, to be watched by what is built of tokens.
    pub fn token(&self) -> &CancelToken {
        &self.signals.0.token
    }

    /// [`is_cancelled`](Self::is_cancelled), to be left by `?`.
    ///
    /// # Errors
    ///
    /// [`Cancelled`], with the reason, if it is.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::{Error, Read, Write};
    /// use withal::BlockingContext;
    ///
    /// fn copy<R>(
    ///     cx: &BlockingContext<R>,
    ///     mut from: impl Read,
    ///     mut to: impl Write,
    /// ) -> Result<(), Error> {
    ///     let mut block = [0; 4096];
    ///     loop {
    ///         cx.check().map_err(Error::other)?;
    ///         match from.read(&mut block)? {
    ///             0 => return Ok(()),
    ///             bytes => to.write_all(&block[..bytes])?,
    ///         }
    ///     }
    /// }
    /// ```
    pub fn check(&self) -> Result<(), Cancelled> {
        self.token().check()
    }

    /// Runs `future` as a task of the runtime, and blocks this thread until it has ended, and its
    /// cleanup with it.
    ///
    /// Once the work is asked to stop, the future is cancelled where it waits; it is polled once in
    /// any case, and what is shielded in it runs to its end.
    ///
    /// # Errors
    ///
    /// [`TaskError`], if the future was cancelled or panicked, or if the runtime is gone.
    ///
    /// # Panics
    ///
    /// If the runtime runs blocking work on the thread of its tasks, which would wait for itself: see
    /// [`on_the_thread_of_tasks`].
    ///
    /// # Complexity
    ///
    /// A task, and a channel.
    ///
    /// # Examples
    ///
    /// ```
    /// use withal::runtime::{Runtime, TaskError};
    /// use withal::sync::Sender;
    /// use withal::unblock;
    ///
    /// async fn read_all(rt: &impl Runtime, lines: Sender<String>) -> Result<usize, TaskError> {
    ///     unblock(rt, move |cx| {
    ///         let mut sent = 0;
    ///         for line in std::io::stdin().lines().map_while(Result::ok) {
    ///             let lines = lines.clone();
    ///             match cx.block_on(async move { lines.send(line).await }) {
    ///                 Ok(Ok(())) => sent += 1,
    ///                 _ => break,
    ///             }
    ///         }
    ///         sent
    ///     })
    ///     .await
    /// }
    /// ```
    ///
    /// Source: `anyio.from_thread.run`.
    #[track_caller]
    pub fn block_on<F>(&self, future: F) -> Result<F::Output, TaskError>
    where
        R: Spawn,
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        assert!(
            !ON_THE_THREAD_OF_TASKS.get(),
            "this runtime runs blocking work on the thread of its tasks: \
             none would run while the work waits for one"
        );
        let (ended, end) = Channel::bounded(1);
        let token = self.token().clone();
        let branch = Branch::new("block_on", future);
        drop(self.rt.spawn(async move {
            let (mut branch, mut asked) = (pin!(branch), pin!(token.cancelled()));
            let (mut begun, mut cancel) = (false, false);
            let result = poll_fn(|cx| {
                if !begun {
                    begun = true;
                    let polled = branch.as_mut().poll_branch(cx, false);
                    if polled.is_ready() || asked.as_mut().poll(cx).is_pending() {
                        return polled;
                    }
                    cancel = true;
                }
                cancel = cancel || asked.as_mut().poll(cx).is_ready();
                branch.as_mut().poll_branch(cx, cancel)
            });
            // It has room, and the thread waits.
            let _ = ended.try_send(result.await);
        }));
        // A runtime that is gone, or goes, drops the task, and with it the sender.
        end.recv_blocking()
            .unwrap_or_else(|| Err(TaskError::cancelled()))
    }
}

impl<R> fmt::Debug for BlockingContext<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockingContext")
            .field("is_cancelled", &self.is_cancelled())
            .finish_non_exhaustive()
    }
}

thread_local! {
    static ON_THE_THREAD_OF_TASKS: Cell<bool> = const { Cell::new(false) };
}

/// Calls blocking work on a thread that also runs the tasks: for runtimes that have no other, such
/// as those of tests.
///
/// There, [`BlockingContext::block_on`] panics, and names the reason, where it would hang.
pub fn on_the_thread_of_tasks<T>(work: impl FnOnce() -> T) -> T {
    struct Restore(bool);

    impl Drop for Restore {
        fn drop(&mut self) {
            ON_THE_THREAD_OF_TASKS.set(self.0);
        }
    }

    let _restore = Restore(ON_THE_THREAD_OF_TASKS.replace(true));
    work()
}

/// What is known of the work besides its result.
#[derive(Clone)]
pub(super) struct Signals(Arc<Shared>);

struct Shared {
    /// Asks it to stop.
    token: CancelToken,
    /// Opened when no thread has anything to do with it any more.
    over: Latch,
}

impl Signals {
    pub(super) fn new(token: CancelToken) -> Self {
        let over = Latch::new();
        Self(Arc::new(Shared { token, over }))
    }

    pub(super) fn ask(&self, reason: impl Into<CancelReason>) {
        self.0.token.cancel_with(reason);
    }

    pub(super) fn be_over(&self) {
        self.0.over.open();
    }

    pub(super) fn is_over(&self) -> bool {
        self.0.over.is_open()
    }

    pub(super) async fn over(&self) {
        self.0.over.wait().await;
    }
}

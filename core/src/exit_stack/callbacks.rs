//! Entries that are no scopes.

use alloc::boxed::Box;
use core::any::type_name;
use core::fmt::Debug;
use core::future::Future;
use core::panic::Location;

use super::ExitStack;
use super::kind::{StackKind, Takes};
use super::node::{Node, Start, Tag};
use crate::body::Body;
use crate::runtime::Cleanup;
use crate::scope::{ExitReason, Told};

impl<R, X, K, P> ExitStack<R, X, K, P>
where
    R: Cleanup,
    X: Debug + Send + Sync + 'static,
    K: StackKind,
{
    /// Puts an exit on top of the stack: an async closure that is told the reason of the moment, and
    /// may fail. The exits below it see that error as the `X` that it is.
    ///
    /// # Complexity
    ///
    /// One allocation.
    ///
    /// # Examples
    ///
    /// ```
    /// use withal_core::{ExitReason, exit_stack, runtime::NoExecutor};
    ///
    /// # futures_util::FutureExt::now_or_never(async {
    /// let rt = NoExecutor::new();
    /// let ended = exit_stack(&rt, async |stack| {
    ///     stack.push(async |reason: ExitReason<'_>| {
    ///         println!("{}", reason.kind()); // prints «failed»
    ///         Ok(())
    ///     });
    ///     Err::<(), _>(std::fmt::Error)
    /// });
    /// assert_eq!(ended.await.unwrap_err().into_body().unwrap(), std::fmt::Error);
    /// # }).unwrap();
    /// ```
    ///
    /// Source: `AsyncExitStack.push_async_exit`.
    #[track_caller]
    pub fn push<F>(&self, exit: F)
    where
        F: for<'e> Body<ExitReason<'e>, Out = Result<(), X>>
            + for<'e> AsyncFnOnce(ExitReason<'e>) -> Result<(), X>
            + 'static,
        K: Takes<F> + for<'e> Takes<<F as Body<ExitReason<'e>>>::Fut>,
    {
        let tag = Tag::new(type_name::<F>(), Location::caller());
        // SAFETY: `K` takes the closure and its future, and the exit is made of them, of a reason, and
        // of an `X`.
        unsafe {
            self.record(tag, exit, |exit, (), why| async move {
                let result = exit(why.reason()).await;
                (result, why.into_told())
            });
        }
    }

    /// [`push`](Self::push) for an exit that never waits. If the stack is dropped, it runs at once
    /// where nothing above it has to wait.
    ///
    /// # Complexity
    ///
    /// One allocation.
    ///
    /// Source: `ExitStack.push`.
    #[track_caller]
    pub fn push_sync<F>(&self, exit: F)
    where
        F: FnOnce(ExitReason<'_>) -> Result<(), X> + 'static,
        K: Takes<F>,
    {
        let tag = Tag::new(type_name::<F>(), Location::caller()).at_once();
        // SAFETY: `K` takes the closure, and the exit is made of it, of a reason, and of an `X`.
        unsafe {
            self.record(tag, exit, |exit, (), why| async move {
                let result = exit(why.reason());
                (result, why.into_told())
            });
        }
    }

    /// Puts a future on top of the stack, which runs when its turn has come, whatever the reason.
    ///
    /// # Complexity
    ///
    /// One allocation.
    ///
    /// # Examples
    ///
    /// ```
    /// use withal_core::{exit_stack, runtime::NoExecutor};
    ///
    /// # futures_util::FutureExt::now_or_never(async {
    /// let rt = NoExecutor::new();
    /// let ended = exit_stack(&rt, async |stack| {
    ///     stack.defer(async { println!("second") });
    ///     stack.defer_sync(|| println!("first"));
    ///     Ok::<_, std::fmt::Error>(())
    /// });
    /// ended.await.unwrap();
    /// # }).unwrap();
    /// ```
    ///
    /// Source: `AsyncExitStack.push_async_callback`.
    #[track_caller]
    pub fn defer<F>(&self, cleanup: F)
    where
        F: Future<Output = ()> + 'static,
        K: Takes<F>,
    {
        let tag = Tag::new(type_name::<F>(), Location::caller());
        // SAFETY: `K` takes the future, and the exit is made of it and of a reason.
        unsafe {
            self.record(tag, cleanup, |cleanup, (), why| async move {
                cleanup.await;
                (Ok(()), why.into_told())
            });
        }
    }

    /// [`defer`](Self::defer) for what never waits. If the stack is dropped, it runs at once where
    /// nothing above it has to wait.
    ///
    /// # Complexity
    ///
    /// One allocation.
    ///
    /// Source: `ExitStack.callback`.
    #[track_caller]
    pub fn defer_sync<F>(&self, cleanup: F)
    where
        F: FnOnce() + 'static,
        K: Takes<F>,
    {
        let tag = Tag::new(type_name::<F>(), Location::caller()).at_once();
        // SAFETY: `K` takes the closure, and the exit is made of it and of a reason.
        unsafe {
            self.record(tag, cleanup, |cleanup, (), why| async move {
                cleanup();
                (Ok(()), why.into_told())
            });
        }
    }

    /// # Safety
    ///
    /// - If `K` is `Sendable`, `callback` and the exit that `start` makes of it are `Send`.
    unsafe fn record<F, G>(&self, tag: Tag<X>, callback: F, start: Start<F, (), G>)
    where
        F: 'static,
        G: Future<Output = (Result<(), X>, Option<Told>)> + 'static,
    {
        let node: Box<Node<X, F, (), G>> = Node::entered(tag, start, callback, ());
        // SAFETY: as the caller promises.
        unsafe { self.entries.push(node) };
    }
}

//! Stacks that are run: around a body, or to their end.

use core::fmt::Debug;
use core::future::{Future, Ready};

use super::ending::{Ending, Packed, Unwound};
use super::error::ExitErrors;
use super::kind::StackKind;
use super::manager::{Swallowing, Unwinder};
use super::{BoxError, ExitStack, MaySuppress, Plain};
use crate::body::Body;
use crate::cleanup::kind::Sendable;
#[cfg(feature = "std")]
use crate::cleanup::kind::ThreadBound;
use crate::cleanup::live::LiveEntry;
use crate::runtime::Cleanup;
use crate::scope::{
    EnteredParts, ExitError, ExitSlot, Managed, NoBody, Plain as PlainPolicy, Policy, ScopeError,
    Told, Why, With, slot, with, with_swallowing,
};

type Entered<M> = Result<(M, <M as Managed>::Resource), <M as Managed>::Error>;
/// The way of a scope whose body is over.
type Exit<'r, R, X, K, P, S> = With<
    'r,
    R,
    Unwinder<R, X, K, P>,
    NoBody<Unwinder<R, X, K, P>, (), Told>,
    Ready<Result<(), Told>>,
    (),
    Told,
    Packed<X>,
    Ready<Entered<Unwinder<R, X, K, P>>>,
    S,
>;
type Outcome<T, E, X> = Result<T, ScopeError<E, ExitErrors<X>, T>>;

macro_rules! run {
    ($(
        $(#[$doc:meta])*
        fn $exit_stack:ident, $Kind:ident, $Mode:ident, $Policy:ident
    )+) => {$(
        $(#[$doc])*
        #[track_caller]
        pub fn $exit_stack<'r, R, F, T, E>(
            rt: &'r R,
            body: F,
        ) -> With<
            'r,
            R,
            Unwinder<R, BoxError, $Kind, $Mode>,
            F,
            <F as Body<&'r mut ExitStack<R, BoxError, $Kind, $Mode>>>::Fut,
            T,
            E,
            $Policy,
            impl Future<Output = Entered<Unwinder<R, BoxError, $Kind, $Mode>>>,
            impl ExitSlot<Unwinder<R, BoxError, $Kind, $Mode>>,
        >
        where
            R: Cleanup,
            F: for<'a> Body<&'a mut ExitStack<R, BoxError, $Kind, $Mode>, Out = Result<T, E>>
                + for<'a> AsyncFnOnce(&'a mut ExitStack<R, BoxError, $Kind, $Mode>) -> Result<T, E>,
            E: Debug + Send + Sync + 'static,
        {
            ExitStack::<R, BoxError, $Kind, $Mode>::run(rt, body)
        }
    )+};
}

run! {
    /// Runs `body` with an empty [`ExitStack`], and exits what it has put there, whatever happened.
    ///
    /// The errors of exits become [`BoxError`]; for another type, and for a stack of another sort, call
    /// [`ExitStack::run`]: `<ExitStack<_, DbError>>::run(rt, async |stack| …)`.
    ///
    /// # Cancel safety
    ///
    /// That of [`with`]: dropped before its first poll, it does nothing. Dropped later, the entries are
    /// exited, told *cancelled*; an exit that had begun goes on as it was told. See [`ExitStack`].
    ///
    /// # Errors
    ///
    /// [`ScopeError`]: of the body, which stays what it was; of the exits, as [`ExitErrors`]; or both.
    ///
    /// # Panics
    ///
    /// A panic of the body goes on after the exits, and the first one of the exits after the others
    /// (std only); further panics are reported, and so are errors that then reach no caller. If polled
    /// again after completion.
    ///
    /// # Complexity
    ///
    /// One allocation for each entry; the error of a failed body or exit is boxed while exits look at
    /// it.
    ///
    /// # Examples
    ///
    /// ```
    /// use withal_core::{exit_stack, runtime::NoExecutor};
    /// # use withal_core::{ExitReason, HandOver, Scope, exit_stack::BoxError};
    /// # struct File(&'static str);
    /// # impl Scope for File {
    /// #     type Resource = String;
    /// #     type Error = std::io::Error;
    /// #     type OnDrop = HandOver;
    /// #     async fn enter(&mut self) -> Result<String, Self::Error> { Ok(self.0.to_owned()) }
    /// #     async fn exit(self, _: String, _: ExitReason<'_>) -> Result<(), Self::Error> { Ok(()) }
    /// # }
    ///
    /// # futures_util::FutureExt::now_or_never(async {
    /// let rt = NoExecutor::new();
    /// let length = exit_stack(&rt, async |stack| {
    ///     let mut length = 0;
    ///     for name in ["names", "numbers"] {
    ///         let file = stack.enter(File(name)).await?;
    ///         stack.defer_sync(move || println!("{name} is about to be closed"));
    ///         length += file.len();
    ///     }
    ///     Ok::<_, BoxError>(length)
    /// });
    /// assert_eq!(length.await?, 12);
    /// # Ok::<(), BoxError>(())
    /// # }).unwrap().unwrap();
    /// ```
    ///
    /// Source: `contextlib.AsyncExitStack`.
    fn exit_stack, Sendable, Plain, PlainPolicy

    /// [`exit_stack`] whose entries may swallow errors: the value is an `Option`, `None` for a body
    /// whose error was swallowed.
    ///
    /// An entry that swallows ends all that had failed so far; what fails after it stands alone. A body
    /// that gave a value keeps it, whatever is swallowed behind it. Only errors can be swallowed.
    ///
    /// Errors, cancel safety, panics and complexity are those of [`exit_stack`].
    ///
    /// # Examples
    ///
    /// ```
    /// use withal_core::exit_stack::{BoxError, exit_stack_suppressing};
    /// use withal_core::runtime::NoExecutor;
    /// # use withal_core::{ExitReason, HandOver, Scope, scope::{Failure, Suppress}};
    /// # use std::convert::Infallible;
    /// # struct Optional;
    /// # impl Scope for Optional {
    /// #     type Resource = ();
    /// #     type Error = Infallible;
    /// #     type OnDrop = HandOver;
    /// #     async fn enter(&mut self) -> Result<(), Infallible> { Ok(()) }
    /// #     async fn exit(self, (): (), _: ExitReason<'_>) -> Result<(), Infallible> { Ok(()) }
    /// # }
    /// # impl Suppress for Optional {
    /// #     fn suppresses(&self, failure: Failure<'_>) -> bool { failure.is::<std::fmt::Error>() }
    /// # }
    ///
    /// # futures_util::FutureExt::now_or_never(async {
    /// let rt = NoExecutor::new();
    /// let ended = exit_stack_suppressing(&rt, async |stack| {
    ///     stack.enter_suppressing(Optional).await.unwrap();
    ///     Err::<(), _>(std::fmt::Error)
    /// });
    /// assert_eq!(ended.await.unwrap(), None);
    /// # }).unwrap();
    /// ```
    ///
    /// Source: `contextlib.AsyncExitStack`, whose hooks swallow by returning something true.
    fn exit_stack_suppressing, Sendable, MaySuppress, Swallowing
}

#[cfg(feature = "std")]
run! {
    /// [`exit_stack`] for what stays on its thread: its entries are any scopes, `Local` ones too, and
    /// callbacks that are not `Send`.
    ///
    /// Errors, cancel safety, panics and complexity are those of [`exit_stack`]; dropped by foreign
    /// code, the stack goes where a [`LocalScope`](crate::LocalScope) goes.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::cell::Cell;
    /// use std::rc::Rc;
    /// use withal_core::{exit_stack::exit_stack_local, runtime::NoExecutor};
    ///
    /// # futures_util::FutureExt::now_or_never(async {
    /// let rt = NoExecutor::new();
    /// let open = Rc::new(Cell::new(1));
    /// let ended = exit_stack_local(&rt, async |stack| {
    ///     let open = open.clone();
    ///     stack.defer(async move { open.set(0) });
    ///     Ok::<_, std::fmt::Error>(())
    /// });
    /// ended.await.unwrap();
    /// assert_eq!(open.get(), 0);
    /// # }).unwrap();
    /// ```
    fn exit_stack_local, ThreadBound, Plain, PlainPolicy
}

macro_rules! mode {
    ($Mode:ident, $Policy:ident, $with:ident, $($Value:tt)+) => {
        impl<R, X, K> ExitStack<R, X, K, $Mode>
        where
            R: Cleanup,
            X: Debug + Send + Sync + 'static,
            K: StackKind,
        {
            /// Runs `body` with an empty stack of this type, and exits what it has put there: see
            /// [`exit_stack`] and [`exit_stack_suppressing`].
            #[track_caller]
            pub fn run<'r, F, T, E>(
                rt: &'r R,
                body: F,
            ) -> With<
                'r,
                R,
                Unwinder<R, X, K, $Mode>,
                F,
                <F as Body<&'r mut Self>>::Fut,
                T,
                E,
                $Policy,
                impl Future<Output = Entered<Unwinder<R, X, K, $Mode>>>,
                impl ExitSlot<Unwinder<R, X, K, $Mode>>,
            >
            where
                F: for<'a> Body<&'a mut Self, Out = Result<T, E>>
                    + for<'a> AsyncFnOnce(&'a mut Self) -> Result<T, E>,
                E: Debug + Send + Sync + 'static,
            {
                $with(rt, Unwinder(Some(Self::new(rt))), body)
            }

            /// Exits the entries with the reason that `result` stands for, and gives `result` on.
            ///
            /// # Cancel safety
            ///
            /// Dropped at any moment, also before the first poll, the exits are handed over.
            ///
            /// # Errors
            ///
            /// [`ScopeError`], as [`exit_stack`] and [`exit_stack_suppressing`].
            pub fn exit<T, E>(
                mut self,
                result: Result<T, E>,
            ) -> Ending<
                T,
                E,
                X,
                Outcome<mode!(@ $($Value)+, T), E, X>,
                impl Future<Output = Unwound<X>>,
            >
            where
                E: Debug + Send + Sync + 'static,
            {
                let about = self.about();
                let value = self.end(result);
                let output = <$Policy as Policy<Unwinder<R, X, K, $Mode>, T, E>>::output;
                Ending::new(self.finish(), value, about, output)
            }
        }
    };
    (@ same, $T:ident) => { $T };
    (@ option, $T:ident) => { Option<$T> };
}

mode!(Plain, PlainPolicy, with, same);
mode!(MaySuppress, Swallowing, with_swallowing, option);

impl<R, X, K, P> ExitStack<R, X, K, P>
where
    R: Cleanup,
    X: Debug + Send + Sync + 'static,
    K: StackKind,
{
    /// Exits the entries now, with *completed*; the stack is empty then, and can be used on. An empty
    /// stack does nothing.
    ///
    /// # Cancel safety
    ///
    /// Dropped before its first poll, it leaves the stack as it was; dropped later, the exits are handed
    /// over, and the stack is empty.
    ///
    /// # Errors
    ///
    /// What the exits failed with.
    ///
    /// Source: `AsyncExitStack.aclose`.
    pub async fn close(&mut self) -> Result<(), ExitErrors<X>> {
        match self.unwind(Ok(())).await {
            (Err(ExitError::Failed(errors)), _) => errors.split().0.map_or(Ok(()), Err),
            (Ok(()), _) => Ok(()),
            (Err(ExitError::OverBudget(_)), _) => unreachable!("there is no budget"),
        }
    }

    async fn finish(mut self) -> Unwound<X> {
        let result = match self.ended.take() {
            Some(Why::Failed(told)) => Err(told),
            _ => Ok(()),
        };
        self.unwind(result).await
    }

    /// Exits the entries, in the way of all scopes.
    async fn unwind(&mut self, result: Result<(), Told>) -> Unwound<X> {
        let entered = self.take();
        let parts = EnteredParts {
            rt: &self.rt,
            location: self.location,
            entered_under: self.entered_under,
            live: LiveEntry::default(),
            manager: Unwinder(None),
            resource: entered,
        };
        let exiting: Exit<'_, R, X, K, P, _> = With::exiting(parts, result, slot(Unwinder::exit));
        exiting.await
    }

    /// Notes how the body has ended, for the case that the stack is dropped before it unwinds.
    fn end<T, E: Debug + Send + Sync + 'static>(&mut self, result: Result<T, E>) -> Option<T> {
        let about = self.about();
        let (value, why) = match result {
            Ok(value) => (Some(value), Why::Completed),
            Err(error) => (None, Why::Failed(Told::shown(error, about))),
        };
        self.ended = Some(why);
        value
    }
}

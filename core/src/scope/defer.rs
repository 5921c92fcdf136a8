use alloc::boxed::Box;
use core::any::type_name;
use core::convert::Infallible;
use core::fmt::{self, Debug};
use core::future::{Future, ready};
use core::pin::Pin;

use super::exit::{Boxed, ExitFuture, Told, Why};
#[cfg(feature = "std")]
use super::manager::Local;
use super::manager::Managed;
use super::reason::ExitKind;
use crate::cleanup::kind::Sendable;
#[cfg(feature = "std")]
use crate::cleanup::kind::ThreadBound;
use crate::cleanup::scope_link::Bequest;
use crate::runtime::Cleanup;

/// A scope around nothing, whose exit runs `cleanup`, whatever happened.
///
/// Enter it before that is done which is to be undone: then there is no moment at which it could be
/// forgotten. For a cleanup that may fail, or that depends on how the body ended, there is
/// [`defer_told`].
///
/// # Cancel safety
///
/// Once entered, `cleanup` runs also if the scope is dropped: it is [handed over](super::HandOver), so that
/// it must own what it uses. A scope that was never entered drops it without a call.
///
/// # Complexity
///
/// An allocation for the exit.
///
/// # Examples
///
/// ```
/// use core::convert::Infallible;
/// use std::sync::{Arc, Mutex};
/// use withal_core::scope::defer;
/// use withal_core::{runtime::NoExecutor, with};
///
/// # futures_util::FutureExt::now_or_never(async {
/// let rt = NoExecutor::new();
/// let names = Arc::new(Mutex::new(Vec::new()));
/// let registry = names.clone();
/// let unregister = defer(async move || registry.lock().unwrap().clear());
/// with(&rt, unregister, async |()| {
///     names.lock().unwrap().push("worker"); // what can fail, or be cancelled, comes afterwards
///     Ok::<_, Infallible>(())
/// })
/// .await
/// .unwrap();
/// assert!(names.lock().unwrap().is_empty());
/// # }).unwrap();
/// ```
///
/// Source: Go's `defer`, Swift's `defer`; `AsyncExitStack.push_async_callback`.
pub fn defer<F, Fut>(cleanup: F) -> Defer<F>
where
    F: FnOnce() -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    Defer {
        cleanup,
        run: |cleanup, why| {
            Box::pin(async move {
                cleanup().await;
                (Ok(()), why.into_told())
            })
        },
    }
}

/// [`defer`] with a cleanup that is told how the body ended, and may fail.
///
/// Cancel safety and complexity are those of [`defer`].
///
/// # Errors
///
/// That of `cleanup` is the exit's.
///
/// # Examples
///
/// ```
/// use withal_core::scope::{ExitKind, defer_told};
/// use withal_core::{runtime::NoExecutor, with};
///
/// # futures_util::FutureExt::now_or_never(async {
/// let rt = NoExecutor::new();
/// let audit = defer_told(async |how: ExitKind| match how {
///     ExitKind::Completed => Ok(()),
///     _ => Err("the upload is not whole"),
/// });
/// let ended = with(&rt, audit, async |()| Err::<(), _>("refused")).await.unwrap_err();
/// assert_eq!(ended.body(), Some(&"refused"));
/// assert!(ended.exit().is_some());
/// # }).unwrap();
/// ```
pub fn defer_told<F, Fut, X>(cleanup: F) -> Defer<F, X>
where
    F: FnOnce(ExitKind) -> Fut + Send + 'static,
    Fut: Future<Output = Result<(), X>> + Send + 'static,
    X: Send + 'static,
{
    Defer {
        cleanup,
        run: |cleanup, why| {
            Box::pin(async move {
                let result = cleanup(why.reason().kind()).await;
                (result, why.into_told())
            })
        },
    }
}

/// [`defer`] for a cleanup that stays on its thread.
///
/// # Examples
///
/// ```
/// use core::convert::Infallible;
/// use std::{cell::Cell, rc::Rc};
/// use withal_core::scope::defer_local;
/// use withal_core::{runtime::NoExecutor, with};
///
/// # futures_util::FutureExt::now_or_never(async {
/// let rt = NoExecutor::new();
/// let open = Rc::new(Cell::new(true));
/// let shared = open.clone();
/// let closed = defer_local(async move || shared.set(false));
/// with(&rt, closed, async |()| Ok::<_, Infallible>(())).await.unwrap();
/// assert!(!open.get());
/// # }).unwrap();
/// ```
#[cfg(feature = "std")]
pub fn defer_local<F, Fut>(cleanup: F) -> Local<LocalDefer<F>>
where
    F: FnOnce() -> Fut + 'static,
    Fut: Future<Output = ()> + 'static,
{
    Local(LocalDefer {
        cleanup,
        run: |cleanup, why| {
            Box::pin(async move {
                cleanup().await;
                (Ok(()), why.into_told())
            })
        },
    })
}

/// [`defer_told`] for a cleanup that stays on its thread; see [`defer_local`].
#[cfg(feature = "std")]
pub fn defer_told_local<F, Fut, X>(cleanup: F) -> Local<LocalDefer<F, X>>
where
    F: FnOnce(ExitKind) -> Fut + 'static,
    Fut: Future<Output = Result<(), X>> + 'static,
    X: 'static,
{
    Local(LocalDefer {
        cleanup,
        run: |cleanup, why| {
            Box::pin(async move {
                let result = cleanup(why.reason().kind()).await;
                (result, why.into_told())
            })
        },
    })
}

macro_rules! deferred {
    (
        $(#[$doc:meta])*
        struct $Defer:ident, $Run:ident, $Boxed:ident, $Kind:ident, $Manager:ty, $unwrap:expr
        $(, $Send:ident)?
    ) => {
        $(#[$doc])*
        #[must_use = "a scope does nothing unless it is entered"]
        pub struct $Defer<F, X = Infallible> {
            cleanup: F,
            // A bound that says that it can be called so would relate it to what it gives: the
            // compiler forgets lifetimes where it looks whether a task is `Send`, and could not
            // prove it.
            run: $Run<F, X>,
        }

        type $Run<F, X> = fn(F, Why) -> $Boxed<X>;
        type $Boxed<X> =
            Pin<Box<dyn Future<Output = (Result<(), X>, Option<Told>)> $(+ $Send)?>>;

        #[diagnostic::do_not_recommend]
        impl<F, X: Debug + 'static> Managed for $Manager {
            type Kind = $Kind;
            type Resource = ();
            type Error = X;

            fn name() -> &'static str {
                type_name::<F>()
            }

            fn enter<R: Cleanup>(self, _: &R) -> impl Future<Output = Result<(Self, ()), X>> {
                ready(Ok((self, ())))
            }

            fn exit(
                self,
                (): (),
                why: Why,
            ) -> impl ExitFuture<$Kind, Output = (Result<(), X>, Option<Told>)> {
                let $Defer { cleanup, run } = $unwrap(self);
                Boxed {
                    exit: Some(run(cleanup, why)),
                }
            }

            fn dropped<R: Cleanup>(self, (): (), why: Why, bequest: Bequest<'_, R, $Kind>) {
                let $Defer { cleanup, run } = $unwrap(self);
                bequest.hand_over(run(cleanup, why));
            }
        }

        impl<F, X> Debug for $Defer<F, X> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($Defer)).finish_non_exhaustive()
            }
        }
    };
}

deferred! {
    /// The scope that [`defer`] and [`defer_told`] make.
    struct Defer, Run, BoxedExit, Sendable, Defer<F, X>, |scope| scope, Send
}

#[cfg(feature = "std")]
deferred! {
    /// The scope that [`defer_local`] and [`defer_told_local`] make.
    struct LocalDefer, LocalRun, LocalBoxedExit, ThreadBound, Local<LocalDefer<F, X>>,
    |scope: Self| scope.0
}

//! The future of an exit, and why it runs.

#![expect(
    unnameable_types,
    missing_debug_implementations,
    reason = "public only in sealed traits, which nobody can call"
)]

#[cfg(feature = "alloc")]
use core::any::Any;
use core::any::type_name;
#[cfg(feature = "alloc")]
use core::fmt::Debug;
use core::future::Future;
use core::marker::PhantomData;
use core::pin::Pin;
use core::ptr::NonNull;
use core::task::{Context, Poll};

use super::manager::{Managed, Manager};
#[cfg(feature = "alloc")]
use super::reason;
#[cfg(feature = "alloc")]
use super::reason::ExitKind;
use super::reason::{ExitReason, Failure};
use crate::cleanup::About;
use crate::cleanup::kind::Kind;
#[cfg(feature = "std")]
use crate::cleanup::kind::ThreadBound;
use crate::cleanup::scope_link::Bequest;
#[cfg(feature = "alloc")]
use crate::cleanup::{Report, kind::Sendable, report, scope_link::Ended};
use crate::mutants::mutant;
use crate::pin;
use crate::runtime::Cleanup;
#[cfg(feature = "alloc")]
use alloc::{boxed::Box, sync::Arc};

/// Why an exit runs, owned by the exit's future.
///
/// It does not mention the type of a failed body's error: so the scope's struct does not either
/// but for a plain field, and stays `Send` in the compiler's eyes whatever lifetimes the error has.
pub enum Why {
    Completed,
    Failed(Told),
    Cancelled,
    Panicked,
}

impl Why {
    /// What the exit was told of an error, and gives back.
    #[inline]
    pub(crate) fn into_told(self) -> Option<Told> {
        match self {
            Self::Failed(told) => Some(told),
            Self::Completed | Self::Cancelled | Self::Panicked => None,
        }
    }

    #[inline]
    pub(crate) fn reason(&self) -> ExitReason<'_> {
        match self {
            _ if mutant("always_completed") => ExitReason::Completed,
            Self::Completed => ExitReason::Completed,
            Self::Failed(told) => ExitReason::Failed(told.failure()),
            Self::Cancelled => ExitReason::Cancelled,
            Self::Panicked => ExitReason::Panicked,
        }
    }
}

/// One reason for several exits that run at once.
#[cfg(feature = "alloc")]
pub(super) enum SharedWhy {
    /// It has no error.
    Plain(ExitKind),
    Failed(Arc<Told>),
}

#[cfg(feature = "alloc")]
impl SharedWhy {
    pub(super) fn new(why: Why) -> Self {
        match why {
            Why::Failed(told) => Self::Failed(Arc::new(told)),
            other => Self::Plain(other.reason().kind()),
        }
    }

    /// The reason, for one of them.
    pub(super) fn get(&self) -> Why {
        match self {
            Self::Failed(told) => Why::Failed(Told(Error::Shared(told.clone()))),
            Self::Plain(ExitKind::Completed) => Why::Completed,
            Self::Plain(ExitKind::Panicked) => Why::Panicked,
            Self::Plain(_) => Why::Cancelled,
        }
    }

    /// What they were told, once all have given it back.
    pub(super) fn into_told(self) -> Option<Told> {
        match self {
            Self::Failed(told) => Arc::try_unwrap(told).ok(),
            Self::Plain(_) => None,
        }
    }
}

/// What an exit is told of a failed body's error: the error itself, which then travels inside the
/// exit's future (K12), or the name of its type.
pub struct Told(Error);

enum Error {
    #[cfg(feature = "alloc")]
    Shown(Box<dyn Shown>),
    /// Several exits at once look at it.
    #[cfg(feature = "alloc")]
    Shared(Arc<Told>),
    Unseen(fn() -> &'static str),
    #[cfg(feature = "alloc")]
    Named(&'static str),
}

impl Told {
    /// The exit learns the name of the error's type.
    pub(crate) fn unseen<E>() -> Self {
        Self(Error::Unseen(type_name::<E>))
    }

    /// The same of the error's type, without the error: for an exit that may not come back with it.
    #[cfg(feature = "alloc")]
    pub(crate) fn unseen_twin(&self) -> Self {
        match &self.0 {
            Error::Shown(shown) => Self(Error::Named(shown.type_name())),
            Error::Shared(told) => told.unseen_twin(),
            Error::Unseen(name) => Self(Error::Unseen(*name)),
            Error::Named(name) => Self(Error::Named(name)),
        }
    }

    /// The exit looks at the error. Lost with the exit's future, the error reports itself.
    #[cfg(feature = "alloc")]
    pub(crate) fn shown<E: Debug + Send + Sync + 'static>(error: E, about: About) -> Self {
        let of_exit = false;
        Self(Error::Shown(Box::new(Carried {
            error,
            about,
            of_exit,
        })))
    }

    /// The error of an exit, for the exits of scopes around it. Lost, it reports itself as such.
    #[cfg(feature = "alloc")]
    pub(crate) fn of_exit<E: Debug + Send + Sync + 'static>(error: E, about: About) -> Self {
        let of_exit = true;
        Self(Error::Shown(Box::new(Carried {
            error,
            about,
            of_exit,
        })))
    }

    /// Nobody is to hear of the error.
    #[cfg(feature = "alloc")]
    pub(crate) fn swallow(mut self) {
        self.0 = Error::Unseen(|| "");
    }

    /// The error, if it is in here.
    #[cfg(feature = "alloc")]
    pub(crate) fn into_error<E: Debug + Send + Sync + 'static>(mut self) -> Option<E> {
        let error = core::mem::replace(&mut self.0, Error::Unseen(type_name::<E>));
        let shown = match error {
            Error::Shown(shown) => shown,
            Error::Shared(told) => return Arc::try_unwrap(told).ok()?.into_error(),
            Error::Unseen(_) | Error::Named(_) => return None,
        };
        let carried = shown.into_any().downcast::<Carried<E>>();
        carried.ok().map(|carried| carried.error)
    }

    #[inline]
    fn failure(&self) -> Failure<'_> {
        match &self.0 {
            #[cfg(feature = "alloc")]
            Error::Shown(shown) => Failure::of(Some(shown.error()), shown.type_name()),
            #[cfg(feature = "alloc")]
            Error::Shared(told) => told.failure(),
            Error::Unseen(type_name) => Failure::of(None, type_name()),
            #[cfg(feature = "alloc")]
            Error::Named(type_name) => Failure::of(None, type_name),
        }
    }
}

#[cfg(feature = "alloc")]
impl Drop for Told {
    #[inline]
    fn drop(&mut self) {
        if let Error::Shown(shown) = &self.0 {
            shown.report_lost();
        }
    }
}

/// An error of any type on its way through an exit.
#[cfg(feature = "alloc")]
trait Shown: Send + Sync {
    fn error(&self) -> &dyn reason::Error;
    fn type_name(&self) -> &'static str;
    fn report_lost(&self);
    fn into_any(self: Box<Self>) -> Box<dyn Any>;
}

#[cfg(feature = "alloc")]
struct Carried<E> {
    error: E,
    about: About,
    of_exit: bool,
}

#[cfg(feature = "alloc")]
impl<E: Debug + Send + Sync + 'static> Shown for Carried<E> {
    fn error(&self) -> &dyn reason::Error {
        &self.error
    }

    fn type_name(&self) -> &'static str {
        type_name::<E>()
    }

    fn report_lost(&self) {
        report(&if self.of_exit {
            Report::ExitFailed(self.about, &self.error)
        } else {
            Report::ErrorLost(self.about, &self.error)
        });
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

/// An exit that may be moved out of a dropped frame, half-run.
pub trait ExitFuture<K: Kind>: Future {
    /// Learns what reports of it are about, before its first poll: for the exits of several scopes,
    /// whose reports are their own.
    #[inline]
    fn place(&mut self, about: impl FnOnce() -> About) {
        let _ = about;
    }

    /// Moves the exit out of its frame and hands it over.
    ///
    /// # Errors
    ///
    /// What was to go with it, if it can only be dropped in place.
    fn hand_over<'r, R: Cleanup>(
        self: Pin<&mut Self>,
        bequest: Bequest<'r, R, K>,
    ) -> Result<(), Bequest<'r, R, K>>;
}

/// An exit that was boxed before its first poll.
#[cfg(feature = "alloc")]
pub(crate) struct Boxed<B> {
    pub(crate) exit: Option<B>,
}

#[cfg(feature = "alloc")]
impl<B: Future + Unpin> Future for Boxed<B> {
    type Output = B::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<B::Output> {
        match &mut self.exit {
            Some(exit) => Pin::new(exit).poll(cx),
            // Moved out; its frame is being dropped and polls no more.
            None => Poll::Pending,
        }
    }
}

#[cfg(feature = "alloc")]
macro_rules! boxed_exit {
    ($Kind:ident, $Boxed:ty) => {
        impl<O: Ended + 'static> ExitFuture<$Kind> for Boxed<$Boxed> {
            fn hand_over<'r, R: Cleanup>(
                mut self: Pin<&mut Self>,
                bequest: Bequest<'r, R, $Kind>,
            ) -> Result<(), Bequest<'r, R, $Kind>> {
                match self.exit.take() {
                    Some(_) if mutant("exit_dropped_half_run") => bequest.hand_on(),
                    Some(exit) => bequest.hand_over(exit),
                    None => bequest.hand_on(),
                }
                Ok(())
            }
        }
    };
}

#[cfg(feature = "alloc")]
boxed_exit!(Sendable, Pin<Box<dyn Future<Output = O> + Send>>);
#[cfg(feature = "std")]
boxed_exit!(ThreadBound, Pin<Box<dyn Future<Output = O>>>);

/// An exit that runs in its frame.
pub(crate) struct InPlace<F> {
    pub(crate) exit: F,
}

impl<F: Future> Future for InPlace<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        pin::in_place(self).poll(cx)
    }
}

impl<K: Kind, F: Future> ExitFuture<K> for InPlace<F> {
    fn hand_over<'r, R: Cleanup>(
        self: Pin<&mut Self>,
        bequest: Bequest<'r, R, K>,
    ) -> Result<(), Bequest<'r, R, K>> {
        Err(bequest)
    }
}

/// What an exit gives: its own result, and what it was told.
pub(super) type Exited<M> = (Result<(), <M as Managed>::Error>, Option<Told>);

/// The exit of a scope: what [`slot`] makes a type for. The scope's struct needs such a type of its
/// own, to hold the exit's future, which has no name, as a field.
pub trait ExitSlot<M: Manager>: ExitFuture<M::Kind, Output = Exited<M>> {
    fn start(manager: M, resource: M::Resource, why: Why) -> Self;
}

/// Names the type of the exits that `make` makes, by a value that says nothing else.
#[inline]
pub(crate) fn slot<M, C, F>(make: C) -> PhantomData<impl ExitSlot<M>>
where
    M: Manager,
    C: Fn(M, M::Resource, Why) -> F + Copy,
    F: ExitFuture<M::Kind, Output = Exited<M>>,
{
    let _ = make;
    PhantomData::<Slot<C, F>>
}

/// # Invariants
///
/// 1. The type is named by [`slot`] alone, which was given a `C`.
pub(crate) struct Slot<C, F> {
    pub(crate) exit: F,
    _make: PhantomData<fn() -> C>,
}

impl<M, C, F> ExitSlot<M> for Slot<C, F>
where
    M: Manager,
    C: Fn(M, M::Resource, Why) -> F + Copy,
    F: ExitFuture<M::Kind, Output = Exited<M>>,
{
    #[inline]
    fn start(manager: M, resource: M::Resource, why: Why) -> Self {
        const { assert!(size_of::<C>() == 0, "a function's own type has no size") };
        // SAFETY: there was a `C` (1), and there may be any number of them, as it is `Copy`. It has
        // no bytes, so that any aligned pointer will do.
        let make = unsafe { NonNull::<C>::dangling().read() };
        Self {
            exit: make(manager, resource, why),
            _make: PhantomData,
        }
    }
}

impl<C, F: Future> Future for Slot<C, F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        pin::slot(self).poll(cx)
    }
}

impl<C, K: Kind, F: ExitFuture<K>> ExitFuture<K> for Slot<C, F> {
    #[inline]
    fn place(&mut self, about: impl FnOnce() -> About) {
        self.exit.place(about);
    }

    fn hand_over<'r, R: Cleanup>(
        self: Pin<&mut Self>,
        bequest: Bequest<'r, R, K>,
    ) -> Result<(), Bequest<'r, R, K>> {
        pin::slot(self).hand_over(bequest)
    }
}

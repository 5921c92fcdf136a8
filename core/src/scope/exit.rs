//! The future of an exit, and why it runs.

#![expect(
    unnameable_types,
    missing_debug_implementations,
    reason = "public only in sealed traits, which nobody can call"
)]

#[cfg(feature = "alloc")]
use core::any::Any;
#[cfg(feature = "alloc")]
use core::fmt::Debug;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use super::manager::{Managed, Manager};
use super::reason::{ExitKind, ExitReason, Failure};
use crate::cleanup::kind::Kind;
#[cfg(feature = "std")]
use crate::cleanup::kind::ThreadBound;
use crate::cleanup::scope_link::Bequest;
#[cfg(feature = "alloc")]
use crate::cleanup::{About, Report, kind::Sendable, report, scope_link::Ended};
use crate::mutants::mutant;
use crate::pin;
use crate::runtime::Cleanup;
#[cfg(feature = "alloc")]
use alloc::boxed::Box;

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
    pub(crate) fn kind(&self) -> ExitKind {
        self.reason().kind()
    }

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

/// What an exit is told of a failed body's error: the error itself, which then travels inside the
/// exit's future (K12), or the name of its type.
pub struct Told {
    #[cfg(feature = "alloc")]
    shown: Option<Box<dyn Shown>>,
    unseen: Failure<'static>,
}

impl Told {
    /// The exit learns the name of the error's type.
    pub(crate) fn unseen<E>() -> Self {
        Self {
            #[cfg(feature = "alloc")]
            shown: None,
            unseen: Failure::unseen::<E>(),
        }
    }

    /// The exit looks at the error. Lost with the exit's future, the error reports itself.
    #[cfg(feature = "alloc")]
    pub(crate) fn shown<E: Debug + Send + Sync + 'static>(error: E, about: About) -> Self {
        Self {
            shown: Some(Box::new(Carried { error, about })),
            unseen: Failure::unseen::<E>(),
        }
    }

    /// The error, if it is in here.
    #[cfg(feature = "alloc")]
    pub(crate) fn into_error<E: Debug + Send + Sync + 'static>(mut self) -> Option<E> {
        let carried = self.shown.take()?.into_any().downcast::<Carried<E>>();
        carried.ok().map(|carried| carried.error)
    }

    fn failure(&self) -> Failure<'_> {
        #[cfg(feature = "alloc")]
        if let Some(shown) = &self.shown {
            return shown.failure();
        }
        self.unseen
    }
}

#[cfg(feature = "alloc")]
impl Drop for Told {
    fn drop(&mut self) {
        if let Some(shown) = &self.shown {
            shown.report_lost();
        }
    }
}

/// An error of any type on its way through an exit.
#[cfg(feature = "alloc")]
trait Shown: Send + Sync {
    fn failure(&self) -> Failure<'_>;
    fn report_lost(&self);
    fn into_any(self: Box<Self>) -> Box<dyn Any>;
}

#[cfg(feature = "alloc")]
struct Carried<E> {
    error: E,
    about: About,
}

#[cfg(feature = "alloc")]
impl<E: Debug + Send + Sync + 'static> Shown for Carried<E> {
    fn failure(&self) -> Failure<'_> {
        Failure::new(&self.error)
    }

    fn report_lost(&self) {
        report(&Report::ErrorLost(self.about, &self.error));
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

/// An exit that may be moved out of a dropped frame, half-run.
pub trait ExitFuture<K: Kind>: Future {
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
pub(super) type Exited<M> = (Result<(), <M as Managed>::Error>, Why);

/// Where the exit of a scope runs. It is a type of its own so that the scope's struct can hold the
/// exit's future, which has no name, as a field.
pub trait ExitSlot<M: Manager> {
    /// Makes the exit's future.
    fn start(self: Pin<&mut Self>, manager: M, resource: M::Resource, why: Why);

    /// Polls the exit.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Exited<M>>;

    /// As [`ExitFuture::hand_over`].
    fn hand_over<'r, R: Cleanup>(
        self: Pin<&mut Self>,
        bequest: Bequest<'r, R, M::Kind>,
    ) -> Result<(), Bequest<'r, R, M::Kind>>;

    /// Drops the exit's future in place.
    fn clear(self: Pin<&mut Self>);

    /// Whether the exit was started and not cleared.
    fn is_running(&self) -> bool;
}

/// A slot for the exit that `make` makes.
pub(crate) fn slot<M, C, F>(make: C) -> impl ExitSlot<M>
where
    M: Manager,
    C: Fn(M, M::Resource, Why) -> F,
    F: ExitFuture<M::Kind, Output = Exited<M>>,
{
    Slot { make, exit: None }
}

struct Slot<C, F> {
    make: C,
    exit: Option<F>,
}

impl<C, F> Slot<C, F> {
    fn exit(self: Pin<&mut Self>) -> Pin<&mut Option<F>> {
        // SAFETY: `exit` is pinned structurally: dropped in place, and moved by nobody.
        unsafe { self.map_unchecked_mut(|this| &mut this.exit) }
    }
}

impl<M, C, F> ExitSlot<M> for Slot<C, F>
where
    M: Manager,
    C: Fn(M, M::Resource, Why) -> F,
    F: ExitFuture<M::Kind, Output = Exited<M>>,
{
    fn start(self: Pin<&mut Self>, manager: M, resource: M::Resource, why: Why) {
        let exit = (self.make)(manager, resource, why);
        self.exit().set(Some(exit));
    }

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Exited<M>> {
        match self.exit().as_pin_mut() {
            Some(exit) => exit.poll(cx),
            None => Poll::Pending,
        }
    }

    fn hand_over<'r, R: Cleanup>(
        self: Pin<&mut Self>,
        bequest: Bequest<'r, R, M::Kind>,
    ) -> Result<(), Bequest<'r, R, M::Kind>> {
        match self.exit().as_pin_mut() {
            Some(exit) => exit.hand_over(bequest),
            None => Err(bequest),
        }
    }

    fn clear(self: Pin<&mut Self>) {
        self.exit().set(None);
    }

    fn is_running(&self) -> bool {
        self.exit.is_some()
    }
}

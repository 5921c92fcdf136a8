//! The future of an exit, and why it runs.

#![expect(
    unnameable_types,
    missing_debug_implementations,
    reason = "public only in sealed traits, which nobody can call"
)]

use core::fmt::Debug;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use super::manager::{Managed, Manager};
use super::reason::{ExitReason, Failure};
use crate::cleanup::kind::Kind;
#[cfg(feature = "std")]
use crate::cleanup::kind::ThreadBound;
use crate::cleanup::scope_link::Bequest;
use crate::cleanup::{About, Report, report};
#[cfg(feature = "alloc")]
use crate::cleanup::{kind::Sendable, scope_link::Ended};
use crate::pin;
use crate::runtime::Cleanup;
#[cfg(feature = "alloc")]
use alloc::boxed::Box;

/// Why an exit runs, owned by the exit's future. `I` is the error of a failed body.
pub enum Why<I> {
    Completed,
    Failed(I),
    Cancelled,
    Panicked,
}

impl<I: Look> Why<I> {
    pub(crate) fn reason(&self) -> ExitReason<'_> {
        match self {
            Self::Completed => ExitReason::Completed,
            Self::Failed(error) => ExitReason::Failed(error.look()),
            Self::Cancelled => ExitReason::Cancelled,
            Self::Panicked => ExitReason::Panicked,
        }
    }
}

/// What an exit sees of a failed body's error.
pub trait Look: Send + Sync + 'static {
    fn look(&self) -> Failure<'_>;
}

/// An error that exits may look at. It travels inside the exit's future (K12), so it is lost to
/// its caller if that future is: dropped before it was taken back, it reports itself.
pub struct Seen<E: Debug + Send + Sync + 'static> {
    error: Option<E>,
    about: About,
}

impl<E: Debug + Send + Sync + 'static> Seen<E> {
    pub(crate) fn new(error: E, about: About) -> Self {
        Self {
            error: Some(error),
            about,
        }
    }

    pub(crate) fn into_inner(mut self) -> Option<E> {
        self.error.take()
    }
}

impl<E: Debug + Send + Sync + 'static> Look for Seen<E> {
    fn look(&self) -> Failure<'_> {
        self.error
            .as_ref()
            .map_or(Failure::unseen::<E>(), Failure::new)
    }
}

impl<E: Debug + Send + Sync + 'static> Drop for Seen<E> {
    fn drop(&mut self) {
        if let Some(error) = &self.error {
            report(&Report::ErrorLost(self.about, error));
        }
    }
}

/// An error that stays in the scope's frame: exits learn only the name of its type.
pub struct Unseen {
    pub(crate) failure: Failure<'static>,
}

impl Look for Unseen {
    fn look(&self) -> Failure<'_> {
        self.failure
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
pub(super) type Exited<M, I> = (Result<(), <M as Managed>::Error>, Why<I>);

/// Where the exit of a scope runs. It is a type of its own so that the scope's struct can hold the
/// exit's future, which has no name, as a field.
pub trait ExitSlot<M: Manager, I> {
    /// Makes the exit's future.
    fn start(self: Pin<&mut Self>, manager: M, resource: M::Resource, why: Why<I>);

    /// Polls the exit.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Exited<M, I>>;

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
pub(crate) fn slot<M, I, C, F>(make: C) -> impl ExitSlot<M, I>
where
    M: Manager,
    C: Fn(M, M::Resource, Why<I>) -> F,
    F: ExitFuture<M::Kind, Output = Exited<M, I>>,
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

impl<M, I, C, F> ExitSlot<M, I> for Slot<C, F>
where
    M: Manager,
    C: Fn(M, M::Resource, Why<I>) -> F,
    F: ExitFuture<M::Kind, Output = Exited<M, I>>,
{
    fn start(self: Pin<&mut Self>, manager: M, resource: M::Resource, why: Why<I>) {
        let exit = (self.make)(manager, resource, why);
        self.exit().set(Some(exit));
    }

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Exited<M, I>> {
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

//! The end of a stack that is like a guard.

use core::fmt::{self, Debug};
use core::future::Future;
use core::marker::PhantomData;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use super::error::ExitErrors;
use crate::cleanup::{About, Report, report};
use crate::pin;
use crate::scope::{BodyEnd, Carry, ExitError, Manager, Policy, Told};

/// What comes out of a stack, where the body's error is out of sight: no type of a future may name it,
/// as the compiler forgets the lifetimes in it where it looks whether a task is `Send`.
pub(super) type Unwound<X> = (Result<(), ExitError<ExitErrors<X>>>, Option<Told>);

/// What the caller of [`ExitStack::exit`](super::ExitStack::exit) gets, `O`, made of what there is.
type Output<T, E, X, O> = fn(BodyEnd<T, E>, Result<(), ExitError<ExitErrors<X>>>) -> O;

/// The future that [`ExitStack::exit`](super::ExitStack::exit) returns.
#[must_use = "futures do nothing unless polled: a stack is ended by `.await`"]
pub struct Ending<T, E, X, O, F> {
    unwinding: F,
    rest: Rest<T, E, X, O>,
}

/// What is not pinned of an [`Ending`].
pub(crate) struct Rest<T, E, X, O> {
    value: Kept<T>,
    output: Output<T, E, X, O>,
}

impl<T, E, X, O, F> Ending<T, E, X, O, F> {
    pub(super) fn new(
        unwinding: F,
        value: Option<T>,
        about: About,
        output: Output<T, E, X, O>,
    ) -> Self {
        Self {
            unwinding,
            rest: Rest {
                value: Kept(value, about),
                output,
            },
        }
    }

    /// The future, and what is not pinned.
    pub(crate) fn parts(&mut self) -> (&mut F, &mut Rest<T, E, X, O>) {
        (&mut self.unwinding, &mut self.rest)
    }
}

impl<T, E, X, O, F> Future for Ending<T, E, X, O, F>
where
    E: Debug + Send + Sync + 'static,
    F: Future<Output = Unwound<X>>,
{
    type Output = O;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<O> {
        let (unwinding, rest) = pin::ending(self);
        let (exit, told) = ready!(unwinding.poll(cx));
        let error = told.and_then(Told::into_error);
        let ended = match (rest.value.0.take(), error) {
            (Some(value), _) => BodyEnd::Value(value),
            (None, Some(error)) => BodyEnd::Error {
                error,
                suppressed: false,
            },
            // An entry has swallowed it.
            (None, None) => BodyEnd::Overdue,
        };
        Poll::Ready((rest.output)(ended, exit))
    }
}

impl<T, E, X, O, F> Debug for Ending<T, E, X, O, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ending").finish_non_exhaustive()
    }
}

/// The value of a body until its stack is unwound. Dropped before that, it is reported.
struct Kept<T>(Option<T>, About);

impl<T> Drop for Kept<T> {
    fn drop(&mut self) {
        // A value without content is no loss.
        if self.0.is_some() && size_of::<T>() > 0 {
            report(&Report::ValueLost(self.1));
        }
    }
}

/// The policy of a stack whose body's error is told already.
pub(super) struct Packed<X>(PhantomData<fn() -> X>);

impl<M, X> Policy<M, (), Told> for Packed<X>
where
    M: Manager<Error = ExitErrors<X>>,
    X: Debug,
{
    type Carry = Self;
    type Output = Unwound<X>;

    fn output(ended: BodyEnd<(), Told>, exit: Result<(), ExitError<M::Error>>) -> Unwound<X> {
        match ended {
            BodyEnd::Error { error, .. } => (exit, Some(error)),
            BodyEnd::Value(()) | BodyEnd::Overdue => (exit, None),
        }
    }

    fn not_entered(error: ExitErrors<X>) -> Unwound<X> {
        (Err(ExitError::Failed(error)), None)
    }
}

impl<X> Carry<Told> for Packed<X> {
    fn pack(error: Told, _: About) -> (Option<Told>, Told) {
        (None, error)
    }

    fn unpack(_: Option<Told>, told: Option<Told>) -> Option<Told> {
        told
    }

    // It reports itself.
    fn report_lost(_: &Told, _: About) {}
}

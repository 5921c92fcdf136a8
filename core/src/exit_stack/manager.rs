//! The stack as a scope: what `with` enters and exits.

#![expect(
    unnameable_types,
    missing_debug_implementations,
    reason = "public only in the types of futures, which nobody writes"
)]

use core::fmt::Debug;
use core::future::Future;

use super::error::ExitErrors;
use super::unwinding::Exiting;
use super::{ExitStack, NAME};
use crate::cleanup::kind::Kind;
use crate::cleanup::scope_link::Bequest;
use crate::runtime::Cleanup;
use crate::scope::{
    BodyEnd, ExitError, ExitFuture, Managed, Policy, ScopeError, Showing, Told, Why,
};

/// Gives its stack to the body, and unwinds it.
pub struct Unwinder<R: Cleanup, X, K: Kind, P>(pub(super) Option<ExitStack<R, X, K, P>>);

impl<R, X, K, P> Managed for Unwinder<R, X, K, P>
where
    R: Cleanup,
    X: Debug,
    K: Kind,
{
    type Kind = K;
    type Resource = ExitStack<R, X, K, P>;
    type Error = ExitErrors<X>;

    fn name() -> &'static str {
        NAME
    }

    fn exits_others_first() -> bool {
        true
    }

    fn enter<S: Cleanup>(
        mut self,
        _rt: &S,
    ) -> impl Future<Output = Result<(Self, Self::Resource), ExitErrors<X>>> {
        let stack = self.0.take();
        core::future::ready(match stack {
            Some(stack) => Ok((self, stack)),
            None => unreachable!("the stack is taken here, and here alone"),
        })
    }

    fn exit(
        self,
        stack: Self::Resource,
        why: Why,
    ) -> impl ExitFuture<K, Output = (Result<(), ExitErrors<X>>, Option<Told>)> {
        Exiting::new(stack, why)
    }

    fn dropped<S: Cleanup>(self, stack: Self::Resource, why: Why, bequest: Bequest<'_, S, K>) {
        Exiting::new(stack, why).leave(bequest);
    }
}

/// A scope whose exit says which errors it had, and whether it swallowed the body's.
pub trait Unwinds: Managed<Error = ExitErrors<Self::Errors>> {
    type Errors: Debug;
}

impl<R, X, K, P> Unwinds for Unwinder<R, X, K, P>
where
    R: Cleanup,
    X: Debug,
    K: Kind,
{
    type Errors = X;
}

/// How a stack whose entries may suppress treats its body's error.
pub enum Swallowing {}

impl<M, T, E> Policy<M, T, E> for Swallowing
where
    M: Unwinds,
    E: Debug + Send + Sync + 'static,
{
    type Carry = Showing;
    type Output = Result<Option<T>, ScopeError<E, ExitErrors<M::Errors>, Option<T>>>;

    fn output(
        ended: BodyEnd<T, E>,
        exit: Result<(), ExitError<ExitErrors<M::Errors>>>,
    ) -> Self::Output {
        let (exit, suppressed) = match exit {
            Ok(()) => (None, false),
            Err(ExitError::Failed(errors)) => {
                let (errors, suppressed) = errors.split();
                (errors.map(ExitError::Failed), suppressed)
            }
            Err(over_budget) => (Some(over_budget), false),
        };
        match (ended, exit) {
            (BodyEnd::Value(value), None) => Ok(Some(value)),
            (BodyEnd::Value(value), Some(error)) => Err(ScopeError::Exit {
                error,
                value: Some(value),
            }),
            (_, None) if suppressed => Ok(None),
            (_, Some(error)) if suppressed => Err(ScopeError::Exit { error, value: None }),
            (BodyEnd::Error { error, .. }, None) => Err(ScopeError::Body(error)),
            (BodyEnd::Error { error, .. }, Some(exit)) => {
                Err(ScopeError::Both { body: error, exit })
            }
            (BodyEnd::Overdue, Some(ExitError::OverBudget(budget))) => {
                Err(ScopeError::Overdue(budget))
            }
            (BodyEnd::Overdue, _) => Err(ScopeError::Overdue(core::time::Duration::ZERO)),
        }
    }

    fn not_entered(error: ExitErrors<M::Errors>) -> Self::Output {
        Err(ScopeError::Enter(error))
    }
}

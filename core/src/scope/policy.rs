//! How a scope treats its body's error, and what it gives its caller.

#![expect(
    unnameable_types,
    missing_debug_implementations,
    reason = "public only in sealed traits, which nobody can call"
)]

use core::fmt::Debug;

use super::error::{Detailed, ExitError, ScopeError};
use super::exit::{Look, Seen, Unseen};
use super::manager::Manager;
use super::reason::Failure;
use crate::cleanup::{About, Report, report};

/// The ability to swallow a body's error, for types that declare it.
///
/// Only an error can be suppressed, never a cancellation or a panic, and only through
/// [`with_suppressing`](super::with_suppressing), whose value is an `Option`: `None` stands for the
/// value that a failed body never gave.
pub trait Suppress {
    /// Whether the body's `failure` is to be swallowed if the exit is clean. Called before the
    /// exit, which still sees the failure.
    fn suppresses(&self, failure: Failure<'_>) -> bool;
}

#[cfg(feature = "std")]
impl<S: Suppress> Suppress for super::Local<S> {
    fn suppresses(&self, failure: Failure<'_>) -> bool {
        self.0.suppresses(failure)
    }
}

/// How one of the `with` functions treats its body's error, and what it gives. Sealed.
pub trait Policy<M: Manager, T, E> {
    /// What stays in the frame while the exit runs.
    type Kept;
    /// What travels inside the exit.
    type Inside: Look;
    /// What the caller gets.
    type Output;

    fn pack(error: E, manager: &M, about: About) -> (Self::Kept, Self::Inside);

    /// The error, if the exit gave back what it was told, and whether it is suppressed.
    fn unpack(kept: Self::Kept, inside: Option<Self::Inside>) -> (Option<E>, bool);

    /// The scope is dropped while it exits.
    fn lost(kept: &Self::Kept, about: About);

    /// The scope is dropped after its exit has given the error back.
    fn lost_error(error: &E, about: About);

    fn output(ended: BodyEnd<T, E>, exit: Result<(), ExitError<M::Error>>) -> Self::Output;

    fn not_entered(error: M::Error) -> Self::Output;
}

/// How a body ended, as far as its caller can be told.
pub enum BodyEnd<T, E> {
    Value(T),
    Error {
        error: E,
        suppressed: bool,
    },
    /// The exit went over its budget, and still looks at the error.
    Overdue,
}

fn plain<T, E, X>(
    ended: BodyEnd<T, E>,
    exit: Result<(), ExitError<X>>,
) -> Result<T, ScopeError<E, X, T>> {
    match (ended, exit) {
        (BodyEnd::Value(value), Ok(())) => Ok(value),
        (BodyEnd::Value(value), Err(error)) => Err(ScopeError::Exit { error, value }),
        (BodyEnd::Error { error, .. }, Ok(())) => Err(ScopeError::Body(error)),
        (BodyEnd::Error { error, .. }, Err(exit)) => Err(ScopeError::Both { body: error, exit }),
        (BodyEnd::Overdue, Err(ExitError::OverBudget(budget))) => Err(ScopeError::Overdue(budget)),
        (BodyEnd::Overdue, _) => Err(ScopeError::Overdue(core::time::Duration::ZERO)),
    }
}

/// [`with`](super::with()).
#[derive(Debug)]
pub enum Plain {}

impl<M, T, E> Policy<M, T, E> for Plain
where
    M: Manager,
    E: Debug + Send + Sync + 'static,
{
    type Kept = ();
    type Inside = Seen<E>;
    type Output = Result<T, ScopeError<E, M::Error, T>>;

    fn pack(error: E, _manager: &M, about: About) -> ((), Seen<E>) {
        ((), Seen::new(error, about))
    }

    fn unpack((): (), inside: Option<Seen<E>>) -> (Option<E>, bool) {
        (inside.and_then(Seen::into_inner), false)
    }

    fn lost((): &(), _about: About) {}

    fn lost_error(error: &E, about: About) {
        report(&Report::ErrorLost(about, error));
    }

    fn output(ended: BodyEnd<T, E>, exit: Result<(), ExitError<M::Error>>) -> Self::Output {
        plain(ended, exit)
    }

    fn not_entered(error: M::Error) -> Self::Output {
        Err(ScopeError::Enter(error))
    }
}

/// [`with_unseen_error`](super::with_unseen_error).
#[derive(Debug)]
pub enum Borrowed {}

impl<M: Manager, T, E: Debug> Policy<M, T, E> for Borrowed {
    type Kept = E;
    type Inside = Unseen;
    type Output = Result<T, ScopeError<E, M::Error, T>>;

    fn pack(error: E, _manager: &M, _about: About) -> (E, Unseen) {
        let failure = Failure::unseen::<E>();
        (error, Unseen { failure })
    }

    fn unpack(kept: E, _inside: Option<Unseen>) -> (Option<E>, bool) {
        (Some(kept), false)
    }

    fn lost(kept: &E, about: About) {
        report(&Report::ErrorLost(about, kept));
    }

    fn lost_error(error: &E, about: About) {
        report(&Report::ErrorLost(about, error));
    }

    fn output(ended: BodyEnd<T, E>, exit: Result<(), ExitError<M::Error>>) -> Self::Output {
        plain(ended, exit)
    }

    fn not_entered(error: M::Error) -> Self::Output {
        Err(ScopeError::Enter(error))
    }
}

/// [`with_suppressing`](super::with_suppressing).
#[derive(Debug)]
pub enum Suppressing {}

impl<M, T, E> Policy<M, T, E> for Suppressing
where
    M: Manager + Suppress,
    E: Debug + Send + Sync + 'static,
{
    type Kept = bool;
    type Inside = Seen<E>;
    type Output = Result<Option<T>, ScopeError<E, M::Error, T>>;

    fn pack(error: E, manager: &M, about: About) -> (bool, Seen<E>) {
        let suppress = manager.suppresses(Failure::new(&error));
        (suppress, Seen::new(error, about))
    }

    fn unpack(kept: bool, inside: Option<Seen<E>>) -> (Option<E>, bool) {
        (inside.and_then(Seen::into_inner), kept)
    }

    fn lost(_kept: &bool, _about: About) {}

    fn lost_error(error: &E, about: About) {
        report(&Report::ErrorLost(about, error));
    }

    fn output(ended: BodyEnd<T, E>, exit: Result<(), ExitError<M::Error>>) -> Self::Output {
        match (ended, exit) {
            (
                BodyEnd::Error {
                    suppressed: true, ..
                },
                Ok(()),
            ) => Ok(None),
            (ended, exit) => plain(ended, exit).map(Some),
        }
    }

    fn not_entered(error: M::Error) -> Self::Output {
        Err(ScopeError::Enter(error))
    }
}

/// [`with_detailed`](super::with_detailed).
#[derive(Debug)]
pub enum Both {}

impl<M, T, E> Policy<M, T, E> for Both
where
    M: Manager,
    E: Debug + Send + Sync + 'static,
{
    type Kept = ();
    type Inside = Seen<E>;
    type Output = Result<Detailed<T, E, M::Error>, M::Error>;

    fn pack(error: E, _manager: &M, about: About) -> ((), Seen<E>) {
        ((), Seen::new(error, about))
    }

    fn unpack((): (), inside: Option<Seen<E>>) -> (Option<E>, bool) {
        (inside.and_then(Seen::into_inner), false)
    }

    fn lost((): &(), _about: About) {}

    fn lost_error(error: &E, about: About) {
        report(&Report::ErrorLost(about, error));
    }

    fn output(ended: BodyEnd<T, E>, exit: Result<(), ExitError<M::Error>>) -> Self::Output {
        let body = match ended {
            BodyEnd::Value(value) => Some(Ok(value)),
            BodyEnd::Error { error, .. } => Some(Err(error)),
            BodyEnd::Overdue => None,
        };
        Ok(Detailed { body, exit })
    }

    fn not_entered(error: M::Error) -> Self::Output {
        Err(error)
    }
}

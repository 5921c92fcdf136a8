//! How a scope treats its body's error, and what it gives its caller.

#![expect(
    unnameable_types,
    missing_debug_implementations,
    reason = "public only in sealed traits, which nobody can call"
)]

use core::fmt::Debug;
use core::time::Duration;

use super::error::{Detailed, ExitError, ScopeError};
use super::exit::Told;
use super::manager::Manager;
use super::reason::Failure;
use crate::cleanup::{About, Report, report};
use crate::mutants::mutant;

/// The ability to swallow a body's error, for types that declare it.
///
/// Only an error can be suppressed, never a cancellation or a panic, and only through
/// [`with_suppressing`](super::with_suppressing), whose value is an `Option`: `None` stands for the
/// value that a failed body never gave.
///
/// # Examples
///
/// ```
/// use core::convert::Infallible;
/// use std::io::{Error, ErrorKind};
/// use withal_core::scope::{ExitReason, Failure, HandOver, Scope, Suppress};
/// use withal_core::{runtime::NoExecutor, with_suppressing};
///
/// /// A directory that may be gone already.
/// struct Optional;
///
/// impl Scope for Optional {
///     type Resource = ();
///     type Error = Infallible;
///     type OnDrop = HandOver;
///
///     async fn enter(&mut self) -> Result<(), Infallible> {
///         Ok(())
///     }
///
///     async fn exit(self, (): (), _: ExitReason<'_>) -> Result<(), Infallible> {
///         Ok(())
///     }
/// }
///
/// impl Suppress for Optional {
///     fn suppresses(&self, failure: Failure<'_>) -> bool {
///         let error = failure.downcast_ref::<Error>();
///         error.is_some_and(|error| error.kind() == ErrorKind::NotFound)
///     }
/// }
///
/// # futures_util::FutureExt::now_or_never(async {
/// let rt = NoExecutor::new();
/// let found = with_suppressing(&rt, Optional, async |()| {
///     Err::<u64, _>(Error::from(ErrorKind::NotFound))
/// });
/// assert_eq!(found.await.unwrap(), None);
/// # }).unwrap();
/// ```
pub trait Suppress {
    /// Whether the body's `failure` is to be swallowed if the exit is clean. Called before the
    /// exit, which still sees the failure. A panic counts as no, and is reported.
    fn suppresses(&self, failure: Failure<'_>) -> bool;
}

#[cfg(feature = "std")]
impl<S: Suppress> Suppress for super::Local<S> {
    fn suppresses(&self, failure: Failure<'_>) -> bool {
        self.0.suppresses(failure)
    }
}

/// What tells the `with` functions apart. Sealed.
pub trait Policy<M: Manager, T, E> {
    /// How the error gets to the exit and back.
    type Carry: Carry<E>;
    /// What the caller gets.
    type Output;

    /// Whether `manager` swallows `error`.
    fn suppresses(manager: &M, error: &E) -> bool {
        let _ = (manager, error);
        false
    }

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

/// [`with`](super::with()).
#[derive(Debug)]
pub enum Plain {}

impl<M, T, E> Policy<M, T, E> for Plain
where
    M: Manager,
    E: Debug + Send + Sync + 'static,
{
    type Carry = Showing;
    type Output = Result<T, ScopeError<E, M::Error, T>>;

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
    type Carry = Hiding;
    type Output = Result<T, ScopeError<E, M::Error, T>>;

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
    type Carry = Showing;
    type Output = Result<Option<T>, ScopeError<E, M::Error, T>>;

    fn suppresses(manager: &M, error: &E) -> bool {
        manager.suppresses(Failure::new(error)) || mutant("suppresses_all")
    }

    fn output(ended: BodyEnd<T, E>, exit: Result<(), ExitError<M::Error>>) -> Self::Output {
        match (ended, exit) {
            (
                BodyEnd::Error {
                    suppressed: true, ..
                },
                Ok(()),
            ) => Ok(None),
            (BodyEnd::Error { .. }, _) if mutant("hides_failed_exit") => Ok(None),
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
    type Carry = Showing;
    type Output = Result<Detailed<T, E, M::Error>, M::Error>;

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

fn plain<T, E, X>(
    ended: BodyEnd<T, E>,
    exit: Result<(), ExitError<X>>,
) -> Result<T, ScopeError<E, X, T>> {
    match (ended, exit) {
        (BodyEnd::Value(value), Ok(())) => Ok(value),
        (BodyEnd::Value(value), Err(error)) => Err(ScopeError::Exit { error, value }),
        (BodyEnd::Error { error, .. }, Ok(())) => Err(ScopeError::Body(error)),
        (BodyEnd::Error { error, .. }, Err(_)) if mutant("exit_error_lost") => {
            Err(ScopeError::Body(error))
        }
        (BodyEnd::Error { error, .. }, Err(exit)) => Err(ScopeError::Both { body: error, exit }),
        (BodyEnd::Overdue, Err(ExitError::OverBudget(budget))) => Err(ScopeError::Overdue(budget)),
        (BodyEnd::Overdue, _) => Err(ScopeError::Overdue(Duration::ZERO)),
    }
}

/// How a body's error gets to the exit and back.
pub trait Carry<E> {
    /// What stays in the frame while the exit runs, and what the exit is told.
    fn pack(error: E, about: About) -> (Option<E>, Told);

    /// The error, if what it needs has come back.
    fn unpack(kept: Option<E>, told: Option<Told>) -> Option<E>;

    /// No caller will hear of the error.
    fn report_lost(error: &E, about: About);
}

/// The exit looks at the error, which travels inside it. Without an allocator it cannot.
pub enum Showing {}

impl<E: Debug + Send + Sync + 'static> Carry<E> for Showing {
    #[cfg(feature = "alloc")]
    fn pack(error: E, about: About) -> (Option<E>, Told) {
        (None, Told::shown(error, about))
    }

    #[cfg(feature = "alloc")]
    fn unpack(_kept: Option<E>, told: Option<Told>) -> Option<E> {
        told?.into_error()
    }

    #[cfg(not(feature = "alloc"))]
    fn pack(error: E, about: About) -> (Option<E>, Told) {
        Hiding::pack(error, about)
    }

    #[cfg(not(feature = "alloc"))]
    fn unpack(kept: Option<E>, told: Option<Told>) -> Option<E> {
        Hiding::unpack(kept, told)
    }

    fn report_lost(error: &E, about: About) {
        Hiding::report_lost(error, about);
    }
}

/// The exit learns the name of the error's type; the error stays in the frame.
pub enum Hiding {}

impl<E: Debug> Carry<E> for Hiding {
    fn pack(error: E, _about: About) -> (Option<E>, Told) {
        (Some(error), Told::unseen::<E>())
    }

    fn unpack(kept: Option<E>, _told: Option<Told>) -> Option<E> {
        kept
    }

    fn report_lost(error: &E, about: About) {
        report(&Report::ErrorLost(about, error));
    }
}

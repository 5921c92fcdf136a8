//! How a scope treats a body that its frame may take the resource from.

#![expect(
    unnameable_types,
    reason = "public only in the type of a future that nobody writes"
)]

use core::fmt::Debug;

use crate::cleanup::About;
use crate::scope::error::{ExitError, ScopeError};
use crate::scope::exit::Told;
use crate::scope::manager::Manager;
use crate::scope::policy::{BodyEnd, Carry, Plain, Policy, Showing};

/// How a hosted body ended without a value.
#[derive(Debug)]
pub enum BodyFailure<E> {
    Failed(E),
    /// The frame has taken back what it had lent, or has ended.
    Withdrawn,
}

/// [`with_borrowing`](crate::with_borrowing).
#[derive(Debug)]
pub enum Hosting {}

impl<M, T, E> Policy<M, T, BodyFailure<E>> for Hosting
where
    M: Manager,
    E: Debug + Send + Sync + 'static,
{
    type Carry = ShowingFailed;
    type Output = Result<T, ScopeError<E, M::Error, T>>;

    fn output(
        ended: BodyEnd<T, BodyFailure<E>>,
        exit: Result<(), ExitError<M::Error>>,
    ) -> Self::Output {
        let ended = match ended {
            BodyEnd::Value(value) => BodyEnd::Value(value),
            BodyEnd::Error {
                error: BodyFailure::Failed(error),
                suppressed,
            } => BodyEnd::Error { error, suppressed },
            BodyEnd::Error {
                error: BodyFailure::Withdrawn,
                ..
            } => return Err(ScopeError::Withdrawn(exit.err())),
            BodyEnd::Overdue => BodyEnd::Overdue,
        };
        <Plain as Policy<M, T, E>>::output(ended, exit)
    }

    fn not_entered(error: M::Error) -> Self::Output {
        Err(ScopeError::Enter(error))
    }
}

/// The name of the error that an exit is told of where there is none.
struct ByItsOwnFrame;

/// The exit looks at the error of a body that failed.
#[derive(Debug)]
pub enum ShowingFailed {}

impl<E: Debug + Send + Sync + 'static> Carry<BodyFailure<E>> for ShowingFailed {
    fn pack(error: BodyFailure<E>, about: About) -> (Option<BodyFailure<E>>, Told) {
        match error {
            BodyFailure::Failed(error) => {
                let (kept, told) = Showing::pack(error, about);
                (kept.map(BodyFailure::Failed), told)
            }
            BodyFailure::Withdrawn => (
                Some(BodyFailure::Withdrawn),
                Told::unseen::<ByItsOwnFrame>(),
            ),
        }
    }

    fn unpack(kept: Option<BodyFailure<E>>, told: Option<Told>) -> Option<BodyFailure<E>> {
        kept.or_else(|| Showing::unpack(None, told).map(BodyFailure::Failed))
    }

    fn report_lost(error: &BodyFailure<E>, about: About) {
        if let BodyFailure::Failed(error) = error {
            Showing::report_lost(error, about);
        }
    }
}

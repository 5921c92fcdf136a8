use std::future::Future;

use crate::together::{BranchesOf, Together, policy};

/// Runs both futures until one ends, then cancels the other and waits for its cleanup.
///
/// In each poll `left` comes first, and wins a tie. A scope in the loser whose body has ended is
/// exited first; the loser's output is dropped, if it comes to one by that. It is the
/// [`race`](crate::race()) of two futures with different outputs.
///
/// # Cancel safety
///
/// Dropped, it hands the cleanup of both to whoever drops it.
///
/// # Panics
///
/// A panic of either future goes on, after the other was cancelled and the cleanup of both has ended.
/// If polled again after completion.
///
/// # Complexity
///
/// No allocation, unless there is something to wait for.
///
/// # Examples
///
/// ```
/// use withal::{Either, either};
///
/// # futures_util::FutureExt::now_or_never(async {
/// let winner = either(async { "here" }, std::future::pending::<()>()).await;
/// assert_eq!(winner, Either::Left("here"));
/// # }).unwrap();
/// ```
#[track_caller]
pub fn either<A: Future, B: Future>(
    left: A,
    right: B,
) -> Together<BranchesOf<(A, B)>, policy::Either> {
    Together::new("either", (left, right), policy::Either)
}

/// The output of one of two futures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "two futures, one winner")]
pub enum Either<A, B> {
    /// The first one's.
    Left(A),
    /// The second one's.
    Right(B),
}

impl<T> Either<T, T> {
    /// The output, whichever it is.
    pub fn into_inner(self) -> T {
        match self {
            Self::Left(output) | Self::Right(output) => output,
        }
    }
}

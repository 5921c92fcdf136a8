//! The first of several futures.

mod all_failed;
mod staggered;

pub use self::all_failed::AllFailed;
pub use self::staggered::{RaceStaggered, Won, race_staggered};
use crate::together::policy::{Race, RaceOk};
use crate::together::{Branches, BranchesOf, Futures, Together};

/// Runs `futures` side by side until one ends, then cancels the others and waits for their cleanup.
///
/// `futures` is a tuple of up to twelve, an array, a `Vec` or a boxed slice; all outputs are of one
/// type. For two futures with different ones there is [`either`](crate::either()). They run in the
/// caller's task, may borrow, and need not be `Send`. In each poll they take their turns in the order of
/// the arguments, and the first one wins a tie; in a vector of more than 30, the one that was woken first.
///
/// A scope that is being exited when there is a winner is let finish; a loser that ends by this has its
/// output dropped.
///
/// # Cancel safety
///
/// Dropped, it drops all `futures` and hands their cleanup to whoever drops it. Leaked, it leaks them,
/// whose scopes are then never exited.
///
/// # Panics
///
/// If there are no futures: nobody could win. The first panic of a future goes on, after the others were
/// cancelled and their cleanup has ended; later ones are reported. If polled again after completion.
///
/// # Complexity
///
/// As [`join`](crate::join()).
///
/// # Examples
///
/// ```
/// use std::future::pending;
/// use withal::race;
///
/// # futures_util::FutureExt::now_or_never(async {
/// let winner = race((pending(), async { "here" })).await;
/// assert_eq!(winner, "here");
/// # }).unwrap();
/// ```
///
/// Source: `Promise.race`; differs in that the losers are cancelled, and waited for.
#[track_caller]
pub fn race<S: Futures>(futures: S) -> Together<BranchesOf<S>, Race>
where
    BranchesOf<S>: Branches<Race>,
{
    let race = Together::new("race", futures, Race);
    assert!(!race.is_empty(), "a race of no futures has no winner");
    race
}

/// Runs `futures` side by side until one succeeds, then cancels the others and waits for their cleanup.
///
/// A failure before that cancels nothing; its error is dropped once another future succeeds. If all
/// fail, all errors come out, in the order of the arguments.
///
/// What is said of [`race`](race()) holds besides: containers, order, cancel safety, panics, complexity,
/// but that without any future, nothing has succeeded: the errors come out, and there are none.
///
/// # Errors
///
/// [`AllFailed`].
///
/// # Examples
///
/// ```
/// use withal::race_ok;
///
/// # futures_util::FutureExt::now_or_never(async {
/// let parse = async |word: &'static str| word.parse::<u32>();
/// assert_eq!(race_ok([parse("one"), parse("2")]).await.unwrap(), 2);
///
/// let failed = race_ok([parse("one"), parse("")]).await.unwrap_err();
/// assert_eq!(failed.errors()[1].to_string(), "cannot parse integer from empty string");
/// # }).unwrap();
/// ```
///
/// Source: `Promise.any`; differs as [`race`](race()) does.
#[track_caller]
pub fn race_ok<S: Futures>(futures: S) -> Together<BranchesOf<S>, RaceOk>
where
    BranchesOf<S>: Branches<RaceOk>,
{
    Together::new("race_ok", futures, RaceOk)
}

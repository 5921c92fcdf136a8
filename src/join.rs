//! Waiting for several futures.

mod outcome;

pub use self::outcome::Outcome;
use crate::together::policy::{Join, JoinSettled, TryJoin};
use crate::together::{Branches, BranchesOf, Futures, Together};

/// Runs all `futures` side by side, and gives their outputs in the order of the arguments.
///
/// `futures` is a tuple of up to twelve, whose outputs may differ, an array, a `Vec` or a boxed slice;
/// the outputs come in a container of the same sort. Without any future it is ready at once. They run
/// in the caller's task, may borrow, and need not be `Send`. In each poll they take their turns in the
/// order of the arguments. It takes them by value, so that none can be given twice.
///
/// A branch counts as ended when the cleanup of what it dropped has ended.
///
/// # Cancel safety
///
/// Dropped, it drops all `futures` and hands their cleanup to whoever drops it; outputs that were
/// there are dropped. Leaked, it leaks them, whose scopes are then never exited.
///
/// # Panics
///
/// The first panic of a future goes on, after the others were cancelled and their cleanup has ended;
/// a scope in them that is being exited by then is let finish. Later panics are reported. If polled
/// again after completion.
///
/// # Complexity
///
/// Tuples and arrays cost no allocation. A vector of up to 30 futures costs two, and of them all are
/// polled when one is woken; of a longer one, which costs four, those that were woken, in the order of
/// their wakes.
///
/// # Examples
///
/// ```
/// use withal::join;
///
/// # futures_util::FutureExt::now_or_never(async {
/// let (name, age) = join((async { "Ada" }, async { 36 })).await;
/// assert_eq!((name, age), ("Ada", 36));
///
/// let squares = (1..4).map(async |n: u32| n * n);
/// assert_eq!(join(squares.collect::<Vec<_>>()).await, [1, 4, 9]);
/// # }).unwrap();
/// ```
///
/// Source: `asyncio.gather`; differs in that nothing runs on detached.
#[track_caller]
pub fn join<S: Futures>(futures: S) -> Together<BranchesOf<S>, Join>
where
    BranchesOf<S>: Branches<Join>,
{
    Together::new("join", futures, Join)
}

/// Runs all `futures` side by side until one fails, and then cancels the others and waits for their
/// cleanup.
///
/// If all succeed, it gives their values in the order of the arguments. Otherwise it gives the first
/// error. A scope that is being exited when that comes is let finish; a future that succeeds or fails
/// by this has its value dropped, or its error reported, as
/// [`Report::LaterError`](crate::cleanup::Report::LaterError). Who wants all errors asks for
/// [`grouped`](Together::grouped): then an [`ErrorGroup`](crate::ErrorGroup) has the first one, and behind
/// it the others in the order of the arguments, named by their index.
///
/// What is said of [`join`](join()) holds besides: containers, order, cancel safety, panics, complexity.
///
/// # Errors
///
/// The first error, after the cleanup of all.
///
/// # Examples
///
/// ```
/// use withal::try_join;
///
/// # futures_util::FutureExt::now_or_never(async {
/// let parsed = try_join(["1", "2", "three"].map(async |word: &str| word.parse::<u32>())).await;
/// assert_eq!(parsed.unwrap_err().to_string(), "invalid digit found in string");
///
/// let parsed = try_join(vec![async { "four".parse::<u32>() }]).grouped().await;
/// assert_eq!(parsed.unwrap_err().len(), 1);
/// # }).unwrap();
/// ```
///
/// Source: `asyncio.gather`; differs in that it waits for the futures it gives up, which there run on
/// unseen.
#[track_caller]
pub fn try_join<S: Futures>(futures: S) -> Together<BranchesOf<S>, TryJoin>
where
    BranchesOf<S>: Branches<TryJoin>,
{
    Together::new("try_join", futures, TryJoin)
}

/// Runs all `futures` side by side to their ends, and tells for each how it ended.
///
/// Nothing that happens in one of them touches another: an error or a panic is the [`Outcome`] in its
/// place.
///
/// What is said of [`join`](join()) holds besides: containers, order, cancel safety, complexity.
///
/// # Panics
///
/// If polled again after completion. A panic of a future is its outcome; if this is dropped with it,
/// it is reported.
///
/// # Examples
///
/// ```
/// use std::fmt::Error;
/// use withal::{Outcome, join_settled};
///
/// # futures_util::FutureExt::now_or_never(async {
/// let futures = (async { Ok::<_, Error>(1) }, async { Err::<u32, _>(Error) });
/// let (first, second) = join_settled(futures).await;
/// assert!(matches!(first, Outcome::Ok(1)));
/// assert!(matches!(second, Outcome::Err(Error)));
/// # }).unwrap();
/// ```
///
/// Source: `asyncio.gather(return_exceptions=True)`, `Promise.allSettled`.
#[track_caller]
pub fn join_settled<S: Futures>(futures: S) -> Together<BranchesOf<S>, JoinSettled>
where
    BranchesOf<S>: Branches<JoinSettled>,
{
    Together::new("join_settled", futures, JoinSettled)
}

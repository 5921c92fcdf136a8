//! Children that run side by side in one task, and have all ended when their group has.

mod child;
mod control;
mod handle;
mod join;
mod kind;
mod listing;
mod run;
mod start;
#[cfg(all(test, feature = "std", not(loom)))]
mod tests;

use core::fmt;
use core::panic::Location;

use withal_core::Body;
#[cfg(feature = "std")]
use withal_core::cleanup::ThreadBound;

pub use self::handle::LocalGroup;
pub use self::join::LocalHandle;
pub use self::kind::GroupKind;
pub use self::listing::{ChildInfo, ChildState};
pub use self::run::RunGroup;
pub use self::start::{Start, Started};

/// Runs `body` with a [`LocalGroup`] to which it adds children, and waits until all of them have ended.
///
/// Body and children run side by side in the task of the caller; nothing is spawned on an executor, so
/// children may borrow what outlives the group, and need not be `'static`. Each is polled only when it
/// was woken. In each turn the body comes first, then the children in the order in which they were woken,
/// those that are new in the order in which they were spawned.
///
/// When the body has ended, its value is kept until the last child has ended, and what that left to clean
/// up. Children may be added meanwhile, by others.
///
/// When a child or the body fails, all others are cancelled: a scope in them that is being exited ends
/// first, they are dropped where they stand, and their cleanup runs side by side. A child that is
/// cancelled, by its handle or with the group, has not failed. Errors that come out while things are
/// cancelled belong to the failure.
///
/// Children are to be `Send`; those of [`single_thread::local_group`](crate::single_thread::local_group)
/// need not be.
///
/// # Cancel safety
///
/// Dropped before its first poll, it does nothing. Dropped later, it drops the body, then the children in
/// the order in which they were spawned; scopes in them hand their cleanup to whoever drops. Handles then
/// say that the child was cancelled; errors that were there already are reported to the hook. Leaked, it
/// leaks all of them, and handles wait for ever.
///
/// # Errors
///
/// An [`ErrorGroup`](withal_core::ErrorGroup), also if there is one error: of the children in the order in
/// which they ended, then of the body. Each with its origin: name, place, and whether the child or body
/// failed by itself, or while it was cancelled. Where the group was [cancelled](LocalGroup::cancel),
/// nothing has failed, and the body has come to no value, the error group is empty, and a note tells why.
///
/// # Panics
///
/// A panic of a child or of the body goes on when the others were cancelled and have ended (std only),
/// whatever errors there are; those, and later panics, are reported to the hook. If polled again after
/// completion.
///
/// # Complexity
///
/// Five allocations for a group, two for a child, and blocks that grow with the number of children. To
/// spawn, to wake, to end takes constant time.
///
/// # Examples
///
/// ```
/// use withal_sync::group::local_group;
///
/// # futures_util::FutureExt::now_or_never(async {
/// let pages = ["one", "two", "three"];
/// let lengths = local_group(async |group| {
///     let handles: Vec<_> = pages
///         .iter()
///         .map(|page| group.spawn_named(*page, async move { Ok(page.len()) }))
///         .collect();
///     let mut lengths = Vec::new();
///     for handle in handles {
///         lengths.extend(handle.await);
///     }
///     Ok::<_, std::io::Error>(lengths)
/// });
/// assert_eq!(lengths.await.unwrap(), [3, 3, 5]);
/// # }).unwrap();
/// ```
///
/// Source: `asyncio.TaskGroup`, Trio's nursery, and `std::thread::scope` for what may be borrowed.
#[track_caller]
pub fn local_group<'env, F, T, E>(
    body: F,
) -> RunGroup<'env, F, <F as Body<LocalGroup<'env, E>>>::Fut, T, E>
where
    F: Body<LocalGroup<'env, E>, Out = Result<T, E>>
        + AsyncFnOnce(LocalGroup<'env, E>) -> Result<T, E>,
    E: fmt::Debug,
{
    RunGroup::new(Location::caller(), body, |body, group| body(group))
}

/// [`local_group`] with children that stay on this thread: they need not be `Send`.
///
/// It waits for `!Send` cleanups too, and is `!Send` itself.
///
/// # Examples
///
/// ```
/// use std::cell::Cell;
/// use withal_sync::single_thread::local_group;
///
/// # futures_util::FutureExt::now_or_never(async {
/// let sum = Cell::new(0);
/// let added = local_group(async |group| {
///     for n in 1..=3 {
///         let sum = &sum;
///         group.spawn(async move { Ok(sum.set(sum.get() + n)) });
///     }
///     Ok::<_, std::io::Error>(())
/// });
/// added.await.unwrap();
/// assert_eq!(sum.get(), 6);
/// # }).unwrap();
/// ```
#[cfg(feature = "std")]
#[track_caller]
pub fn thread_bound_group<'env, F, T, E>(
    body: F,
) -> RunGroup<'env, F, <F as Body<LocalGroup<'env, E, ThreadBound>>>::Fut, T, E, ThreadBound>
where
    F: Body<LocalGroup<'env, E, ThreadBound>, Out = Result<T, E>>
        + AsyncFnOnce(LocalGroup<'env, E, ThreadBound>) -> Result<T, E>,
    E: fmt::Debug,
{
    RunGroup::new(Location::caller(), body, |body, group| body(group))
}

use core::task::{Context, Poll};

/// How an executor's tasks take turns: a budget of operations that end without waiting.
///
/// A task that never has to wait never lets others run. Whatever may end at once asks here first,
/// so that a task which has had its share gives way: to its own timeout, and to its neighbours.
///
/// It is asked of the *type*, not of a value: a primitive belongs to no runtime, and asks on
/// whichever thread it is polled.
///
/// # For callers
///
/// ```
/// use core::task::{Context, Poll, ready};
/// use withal_core::runtime::Coop;
///
/// fn poll_take<C: Coop>(stock: &mut u32, cx: &mut Context<'_>) -> Poll<()> {
///     let unit = ready!(C::poll_unit(cx));
///     if *stock == 0 {
///         return Poll::Pending; // The unit goes back: this task waits anyway.
///     }
///     *stock -= 1;
///     C::spend(unit);
///     Poll::Ready(())
/// }
/// # let waker = core::task::Waker::noop();
/// # let mut cx = Context::from_waker(waker);
/// # use withal_core::runtime::NoExecutor;
/// # assert!(poll_take::<NoExecutor>(&mut 1, &mut cx).is_ready());
/// ```
///
/// # For implementers
///
/// An answer of `Pending` has seen to it that the task is woken, behind those that are ready. On a
/// thread that belongs to another executor, or to none, it never keeps anybody from going on for
/// good.
pub trait Coop {
    /// One operation's share of the budget. Dropped unspent, it goes back.
    type Unit;

    /// Takes a unit of the current task's budget; pending, with a wake, if there is none left.
    fn poll_unit(cx: &mut Context<'_>) -> Poll<Self::Unit>;

    /// Reports that the operation has ended without waiting.
    fn spend(unit: Self::Unit);
}

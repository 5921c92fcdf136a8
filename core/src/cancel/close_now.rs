use core::pin::pin;
use core::task::{Context, Waker};
use core::time::Duration;

use super::Cancellable;
use super::owned::OwnsWhatItPolls;

/// Ends `value`, a future, a stream or a scope that is entered, and waits for nothing. Whether that
/// was all: `false` if some of its cleanup goes on by itself.
///
/// `value` is dropped. The cleanup of each scope that was entered in it is polled once, from the inside
/// out, as far as it gets without a wait; the rest is moved to the pending cleanups of its runtime,
/// where a [`drain`](crate::cleanup::drain) or the end of [`run`] finds it, and is reported as over a
/// budget of zero. Nobody around waits for it, the enclosing scope included.
///
/// It is the way out where no time is left, as in a second interrupt. Elsewhere, use
/// [`cancel`](super::cancel()) or [`close`](super::close()), which wait.
///
/// `value` owns what it polls: a reference is refused, as by [`cancel`](super::cancel()).
///
/// # Panics
///
/// A panic in a destructor of `value` goes on after this (std only).
///
/// # Complexity
///
/// No allocation, unless there is something to clean up.
///
/// # Examples
///
/// ```
/// # use core::convert::Infallible;
/// use withal_core::cancel::close_now;
/// use withal_core::scope::defer;
/// use withal_core::{runtime::NoExecutor, with};
///
/// # futures_util::FutureExt::now_or_never(async {
/// let rt = NoExecutor::new();
/// let goodbye = defer(async || println!("goodbye")); // needs no wait
/// let mut work = Box::pin(with(&rt, goodbye, async |()| {
///     core::future::pending::<Result<(), Infallible>>().await
/// }));
/// assert!(futures_util::poll!(work.as_mut()).is_pending());
/// assert!(close_now(work)); // prints «goodbye»
/// # }).unwrap();
/// ```
///
/// [`run`]: https://docs.rs/withal/latest/withal/fn.run.html
///
/// Source: Trio's `aclose_forcefully`; differs in that what would wait is not cut off, but goes on.
#[track_caller]
pub fn close_now<T, NotAReference>(value: T) -> bool
where
    T: OwnsWhatItPolls<NotAReference>,
{
    let value = Cancellable::new("close_now", value);
    // This frame stays on its thread, so that it may take what does.
    #[cfg(feature = "std")]
    let value = value.local();
    let mut value = pin!(value);
    let mut cx = Context::from_waker(Waker::noop());
    if value.as_mut().poll_cancel(&mut cx).is_ready() {
        return true;
    }
    value.as_mut().give_up(Duration::ZERO);
    // A panic goes on from here.
    let _ready = value.poll_cancel(&mut cx);
    false
}

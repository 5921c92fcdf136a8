use std::future::Future;
use std::time::Duration;

use crate::runtime::{Cleanup, Timer};
use crate::{Elapsed, Shielded, shielded, timeout};

/// Runs `future` to its end once it has begun, whoever cancels, but for at most `deadline`.
///
/// Our combinators wait for it before they cancel what it is in; foreign code that drops it gets
/// rid of it at once, and it runs on like the cleanup of a scope; that its output then reaches nobody is
/// reported. When `deadline` has passed since
/// its first poll, it is itself cancelled, and its cleanup awaited.
///
/// It keeps `future` from being dropped. To keep a part of a body from being *asked* while what it
/// follows is, use a cancel scope with a [shield](crate::cancel_scope::CancelScoped::shield), which
/// may borrow.
///
/// # Cancel safety
///
/// Dropped before the first poll, `future` is dropped; later, it is handed over and runs on, and
/// its output is dropped.
///
/// # Errors
///
/// [`Elapsed`], if it took longer than `deadline`.
///
/// # Complexity
///
/// One allocation.
///
/// Source: `asyncio.shield`, Trio's shielded cancel scope with a deadline; differs from the former
/// in that whoever cancels waits.
#[track_caller]
pub fn shield<R, F>(
    rt: &R,
    deadline: Duration,
    future: F,
) -> Shielded<'_, R, Result<F::Output, Elapsed>>
where
    R: Cleanup + Timer,
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let timer = rt.clone();
    let ran = shielded(rt, async move { timeout(&timer, deadline, future).await });
    ran.report_lost_if(|output| output.is_err() || size_of::<F::Output>() > 0)
}

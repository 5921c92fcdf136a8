//! Blocking work, seen from async code.

use std::panic::resume_unwind;

use withal::BlockingContext;
use withal::runtime::{Runtime, TaskError};

/// The runtime is shutting down and threw the work away.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the runtime was shut down while work was waiting for one of its threads")]
#[non_exhaustive]
pub struct Discarded;

/// Runs `work` where blocking is allowed. A panic of `work` goes on in the caller, so that the
/// scope around the call ends as panicked.
///
/// # Errors
///
/// [`Discarded`], if the runtime shut down before `work` ran.
///
/// # Cancel safety
///
/// Dropping the future asks `work` to stop, by its [`BlockingContext`], and does not wait for it. Give
/// it nothing that must be had back: see [`Lease`](crate::lease::Lease).
pub async fn unblock<R: Runtime, T: Send + 'static>(
    rt: &R,
    work: impl FnOnce(&BlockingContext<R>) -> T + Send + 'static,
) -> Result<T, Discarded> {
    withal::unblock(rt, work)
        .await
        .map_err(|error| match TaskError::into_panic(error) {
            Ok(payload) => resume_unwind(payload),
            Err(_) => Discarded,
        })
}

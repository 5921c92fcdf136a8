//! Blocking work, seen from async code.

use std::panic::resume_unwind;

use withal::runtime::{Blocking, TaskError};

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
/// Dropping the future does not stop `work`. Give it nothing that must be had back: see
/// [`Lease`](crate::lease::Lease).
pub async fn unblock<T: Send + 'static>(
    rt: &impl Blocking,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Discarded> {
    rt.unblock(work)
        .await
        .map_err(|error| match TaskError::into_panic(error) {
            Ok(payload) => resume_unwind(payload),
            Err(_) => Discarded,
        })
}

//! What the library asks of an executor: small capability traits, and [`Runtime`] over all of them.
//!
//! A runtime is a *value*, cheap to clone: a captured handle, never a global and never a feature
//! choice inside a library. Libraries take `&impl Runtime`, or just the capabilities they use;
//! applications choose the adapter. The entry point (`block_on`) is not a capability, since a
//! library must not block.

mod blocking;
mod cleanup;
mod coop;
mod no_executor;
mod spawn;
mod task;
mod timer;

pub use self::blocking::Blocking;
pub use self::cleanup::{Alarm, Cleanup, RuntimeId};
pub use self::coop::Coop;
pub use self::no_executor::NoExecutor;
pub use self::spawn::{Spawn, SpawnLocal};
pub use self::task::TaskError;
#[cfg(feature = "std")]
pub use self::task::{Cleared, TaskFuture};
pub use self::timer::Timer;

/// Every capability at once: the bound of code that uses a whole runtime.
///
/// Implemented for whatever has the parts; there is nothing to implement by hand.
///
/// # Examples
///
/// ```
/// use core::time::Duration;
/// use withal_core::runtime::Runtime;
///
/// async fn fetch_later(rt: &impl Runtime) {
///     rt.sleep(Duration::from_millis(5)).await;
/// }
/// ```
pub trait Runtime: Spawn + Timer + Blocking + Coop + Cleanup {}

impl<R: Spawn + Timer + Blocking + Coop + Cleanup> Runtime for R {}

#![doc = include_str!("../README.md")]
#![no_std]
#![warn(
    clippy::alloc_instead_of_core,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core
)]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

#[macro_use]
mod aliases;
pub mod barrier;
#[cfg(feature = "std")]
mod blocking;
#[cfg(feature = "alloc")]
pub mod cancel_token;
#[cfg(feature = "alloc")]
pub mod channel;
pub mod condition;
pub mod event;
pub mod flavour;
#[cfg(feature = "alloc")]
pub mod future_set;
#[cfg(feature = "alloc")]
pub mod group;
pub mod handle;
pub mod latch;
#[cfg(feature = "alloc")]
pub mod limiter;
pub mod mutex;
#[cfg(feature = "alloc")]
pub mod pool;
mod primitives;
#[cfg(feature = "alloc")]
pub mod queue;
pub mod rw_lock;
mod scopes;
pub mod semaphore;
mod short_lock;
#[cfg(test)]
mod tests;
#[cfg(feature = "alloc")]
pub mod timer_wheel;
pub mod turn;
mod wait_queue;
mod word;

pub use self::turn::Turn;

aliases!(flavour::Spin);
#[cfg(feature = "alloc")]
pub use self::cancel_token::CancelToken;
#[cfg(feature = "alloc")]
pub use self::group::{LocalGroup, local_group};

/// The primitives of one thread, without locks and atomics inside.
pub mod single_thread {
    aliases!(crate::flavour::SingleThread);

    #[cfg(feature = "std")]
    pub use crate::group::thread_bound_group as local_group;
}

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

pub mod condition;
pub mod event;
pub mod handle;
pub mod mutex;
mod primitives;
#[cfg(feature = "alloc")]
pub mod queue;
pub mod semaphore;
pub mod short_lock;
mod wait_queue;

pub use self::condition::Condition;
pub use self::event::Event;
pub use self::mutex::Mutex;
#[cfg(feature = "alloc")]
pub use self::queue::{LifoQueue, PriorityQueue, Queue};
pub use self::semaphore::Semaphore;

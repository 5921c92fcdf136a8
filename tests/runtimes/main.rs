//! The suite on every flavour of the enabled runtimes.

#[cfg(feature = "async-std")]
mod async_std;
mod by_hand;
mod deterministic_fifo;
mod deterministic_lifo;
mod deterministic_random;
#[cfg(feature = "smol")]
mod smol_global;
#[cfg(feature = "smol")]
mod smol_local;
#[cfg(feature = "smol")]
mod smol_own;
mod spawns_nothing;
#[cfg(feature = "tokio")]
mod tokio_current_thread;
#[cfg(feature = "tokio")]
mod tokio_local_set;
#[cfg(feature = "tokio")]
mod tokio_multi_thread;

//! The suite on the runtimes that need no feature. Those that need one have a test program each
//! (`on_tokio.rs`, …): all in one would take the compiler more memory than many machines have.

mod by_hand;
mod deterministic_fifo;
mod deterministic_lifo;
mod deterministic_random;
mod spawns_nothing;

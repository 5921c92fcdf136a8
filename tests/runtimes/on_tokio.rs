//! The suite on Tokio.

mod tokio_current_thread;
mod tokio_local_set;
mod tokio_multi_thread;

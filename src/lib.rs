#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod current;
mod either;
mod run;
mod shield;
pub mod stream;
mod timeout;

pub use self::current::{AlreadyInstalled, CurrentRuntime, NoRuntime, current, install_default};
pub use self::either::{Either, EitherOf, either};
pub use self::run::{DEFAULT_GRACE, Entry, Ran, drained, run, run_with_grace};
pub use self::shield::shield;
pub use self::timeout::{
    Elapsed, MoveOn, Timeout, WaitFor, move_on_after, move_on_at, timeout, timeout_at, wait_for,
};

#[cfg(feature = "async-std")]
pub use withal_async_std as async_std;
pub use withal_core::*;
#[cfg(feature = "smol")]
pub use withal_smol as smol;
pub use withal_sync as sync;
#[cfg(feature = "tokio")]
pub use withal_tokio as tokio;

#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod cancel_scope;
mod current;
mod either;
mod join;
mod race;
mod run;
mod shield;
pub mod stream;
mod timeout;
pub mod together;

pub use self::cancel_scope::{CancelScope, ScopeEnd, cancel_scope};
pub use self::current::{AlreadyInstalled, CurrentRuntime, NoRuntime, current, install_default};
pub use self::either::{Either, either};
pub use self::join::{Outcome, join, join_settled, try_join};
pub use self::race::{AllFailed, race, race_ok};
pub use self::run::{DEFAULT_GRACE, Entry, Ran, drained, run, run_with_grace};
pub use self::shield::shield;
pub use self::timeout::{Elapsed, Timeout, timeout};

#[cfg(feature = "async-std")]
pub use withal_async_std as async_std;
pub use withal_core::*;
#[cfg(feature = "smol")]
pub use withal_smol as smol;
pub use withal_sync as sync;
pub use withal_sync::cancel_token::{CancelKind, CancelReason, CancelToken, Cancelled};
#[cfg(feature = "tokio")]
pub use withal_tokio as tokio;

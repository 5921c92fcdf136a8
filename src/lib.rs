#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod as_completed;
mod blocking;
pub mod cancel_scope;
mod current;
mod either;
mod join;
pub mod pool;
mod race;
mod run;
mod shield;
pub mod stream;
mod task;
pub mod task_group;
mod timeout;
pub mod together;
pub mod transaction;
pub mod wait;

pub use self::as_completed::{AsCompleted, as_completed};
pub use self::blocking::{BlockingContext, Unblock, on_the_thread_of_tasks, unblock};
pub use self::cancel_scope::{CancelScope, ScopeEnd, cancel_scope};
pub use self::current::{AlreadyInstalled, CurrentRuntime, NoRuntime, current, install_default};
pub use self::either::{Either, either};
pub use self::join::{Outcome, join, join_settled, try_join};
pub use self::pool::{Pool, PoolManager};
pub use self::race::{AllFailed, RaceStaggered, Won, race, race_ok, race_staggered};
pub use self::run::{
    DEFAULT_BUDGET, Entry, Left, Ran, RunOptions, drained, drained_with, run, run_with,
};
pub use self::shield::shield;
pub use self::task::{CancelTask, Task, spawn};
pub use self::task_group::{TaskGroup, TaskHandle, task_group};
pub use self::timeout::{
    Elapsed, MoveOn, Timeout, WaitFor, move_on_after, move_on_at, timeout, timeout_at, wait_for,
};
pub use self::transaction::{Transact, Transaction, TransactionError, transaction};
pub use self::wait::{Until, WaitSet, wait};

#[cfg(feature = "async-std")]
pub use withal_async_std as async_std;
pub use withal_core::*;
#[cfg(feature = "smol")]
pub use withal_smol as smol;
pub use withal_sync as sync;
pub use withal_sync::cancel_token::{CancelKind, CancelReason, CancelToken, Cancelled};
#[cfg(feature = "tokio")]
pub use withal_tokio as tokio;

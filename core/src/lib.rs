#![doc = include_str!("../README.md")]
#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(
    clippy::alloc_instead_of_core,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core
)]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

pub mod cleanup;
pub mod coroutine;
pub mod generator;
pub mod iter;
pub mod runtime;
pub mod scope;

mod body;
#[cfg(feature = "alloc")]
pub mod cancel;
#[cfg(feature = "alloc")]
pub mod error_group;
#[cfg(feature = "alloc")]
pub mod exit_stack;
mod join_error;
#[cfg(feature = "alloc")]
mod lock;
mod mutants;
mod never;
mod panic;
mod pin;
#[cfg(feature = "alloc")]
mod primitives;
#[cfg(feature = "alloc")]
mod shield;

pub use self::body::Body;
#[cfg(feature = "alloc")]
pub use self::cancel::{await_cleanup, cancel, close};
pub use self::coroutine::coroutine;
#[cfg(feature = "alloc")]
pub use self::error_group::ErrorGroup;
#[cfg(feature = "alloc")]
pub use self::exit_stack::{ExitStack, exit_stack};
pub use self::generator::generator;
pub use self::iter::for_each_by_ref;
#[cfg(feature = "alloc")]
pub use self::iter::{closing, for_each};
pub use self::join_error::{JoinError, SpawnError, StartError};
pub use self::scope::{
    Abandon, ExitReason, Scope, ScopeError, Synchronous, enter_in, with, with_detailed,
    with_suppressing, with_unseen_error,
};
#[cfg(feature = "alloc")]
pub use self::scope::{HandOver, concurrently, scope_fn};
#[cfg(feature = "std")]
pub use self::scope::{Local, LocalScope, scope_fn_borrowing, with_borrowing};
#[cfg(feature = "alloc")]
pub use self::shield::{Shielded, shielded};

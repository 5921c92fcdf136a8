#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod current;

pub use self::current::{AlreadyInstalled, CurrentRuntime, NoRuntime, current, install_default};
#[cfg(feature = "async-std")]
pub use withal_async_std as async_std;
pub use withal_core::*;
#[cfg(feature = "smol")]
pub use withal_smol as smol;
#[cfg(feature = "tokio")]
pub use withal_tokio as tokio;

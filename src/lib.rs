#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
pub use withal_core::*;
#[cfg(feature = "tokio")]
pub use withal_tokio as tokio;
#[cfg(feature = "async-std")]
pub use withal_async_std as async_std;
#[cfg(feature = "smol")]
pub use withal_smol as smol;

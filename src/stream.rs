//! What streams need beside [`StreamExt`] of `futures_util`.
//!
//! [`StreamExt`]: https://docs.rs/futures-util/latest/futures_util/stream/trait.StreamExt.html

mod channel_scope;

pub use self::channel_scope::{ChannelScope, Items, channel_scope, try_channel_scope};

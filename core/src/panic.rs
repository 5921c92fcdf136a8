//! Panics: catching them (std only) and carrying what they were raised with.

use alloc::boxed::Box;
use alloc::string::String;
use core::any::Any;

/// What a panic was raised with. Unlike the bare box it is `Sync`, since it gives no shared access
/// but to text.
pub(crate) struct Payload(Box<dyn Any + Send>);

// SAFETY: `&Payload` gives access to nothing but a `&str` inside the payload (see `message`), and
// only if the payload is a `String` or `&'static str`, which are `Sync`. Everything else needs the
// payload by value, and the box is `Send`.
unsafe impl Sync for Payload {}

impl Payload {
    pub(crate) fn new(payload: Box<dyn Any + Send>) -> Self {
        Self(payload)
    }

    pub(crate) fn into_inner(self) -> Box<dyn Any + Send> {
        self.0
    }

    /// The panic's text, where it has one.
    pub(crate) fn message(&self) -> &str {
        if let Some(text) = self.0.downcast_ref::<&'static str>() {
            text
        } else if let Some(text) = self.0.downcast_ref::<String>() {
            text
        } else {
            "a value that is no text"
        }
    }
}

/// Calls `f` and catches its panic.
#[cfg(feature = "std")]
pub(crate) fn catch<T>(f: impl FnOnce() -> T) -> Result<T, Payload> {
    // What a panic leaves half-changed is dropped by every caller here, never used again.
    std::panic::catch_unwind(core::panic::AssertUnwindSafe(f)).map_err(Payload)
}

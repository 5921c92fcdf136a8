//! Panics: catching them (std only) and carrying what they were raised with.

#[cfg(feature = "alloc")]
use alloc::{boxed::Box, string::String};
#[cfg(feature = "alloc")]
use core::any::Any;

/// What a panic was raised with. Without an allocator no panic is ever caught: no values.
pub(crate) struct Payload {
    #[cfg(feature = "alloc")]
    payload: Box<dyn Any + Send>,
    #[cfg(not(feature = "alloc"))]
    never: core::convert::Infallible,
}

// SAFETY: `&Payload` gives access to nothing but a `&str` inside the payload (see `message`), and
// only if the payload is a `String` or `&'static str`, which are `Sync`. Everything else needs the
// payload by value, and the box is `Send`.
#[cfg(feature = "alloc")]
unsafe impl Sync for Payload {}

#[cfg(feature = "alloc")]
impl Payload {
    #[inline]
    pub(crate) fn new(payload: Box<dyn Any + Send>) -> Self {
        Self { payload }
    }

    pub(crate) fn into_inner(self) -> Box<dyn Any + Send> {
        self.payload
    }
}

impl Payload {
    /// The panic's text, where it has one.
    pub(crate) fn message(&self) -> &str {
        #[cfg(feature = "alloc")]
        if let Some(text) = self.payload.downcast_ref::<&'static str>() {
            text
        } else if let Some(text) = self.payload.downcast_ref::<String>() {
            text
        } else {
            "a value that is no text"
        }
        #[cfg(not(feature = "alloc"))]
        match self.never {}
    }

    /// Drops it, whatever that does. What it panics with might do the same, and is leaked.
    #[cold]
    pub(crate) fn discard(self) {
        #[cfg(feature = "alloc")]
        if let Err(second) = catch(|| drop(self)) {
            core::mem::forget(second);
        }
        #[cfg(not(feature = "alloc"))]
        match self.never {}
    }

    /// Lets the panic go on.
    pub(crate) fn resume(self) -> ! {
        #[cfg(feature = "std")]
        std::panic::resume_unwind(self.payload);
        // Without std nothing is caught, so there is nothing to resume.
        #[cfg(all(feature = "alloc", not(feature = "std")))]
        panic!("{}", self.message());
        #[cfg(not(feature = "alloc"))]
        match self.never {}
    }
}

/// Calls `f`, whose panic ends here: the panic hook has told of it.
#[cfg(feature = "alloc")]
#[inline]
pub(crate) fn catch_all(f: impl FnOnce()) {
    if let Err(payload) = catch(f) {
        payload.discard();
    }
}

/// Calls `f` and catches its panic; without std the panic goes its way.
#[inline]
pub(crate) fn catch<T>(f: impl FnOnce() -> T) -> Result<T, Payload> {
    // What a panic leaves half-changed is dropped by every caller here, never used again.
    #[cfg(feature = "std")]
    return std::panic::catch_unwind(core::panic::AssertUnwindSafe(f)).map_err(Payload::new);
    #[cfg(not(feature = "std"))]
    Ok(f())
}

/// [`catch`], and then calls `after`; without std also while a panic goes its way.
#[inline]
pub(crate) fn catch_and_then<S, T>(
    state: &mut S,
    f: impl FnOnce(&mut S) -> T,
    after: impl FnOnce(&mut S),
) -> Result<T, Payload> {
    #[cfg(not(feature = "std"))]
    return {
        struct After<'a, S, A: FnOnce(&mut S)>(&'a mut S, Option<A>);

        impl<S, A: FnOnce(&mut S)> Drop for After<'_, S, A> {
            fn drop(&mut self) {
                if let Some(after) = self.1.take() {
                    after(self.0);
                }
            }
        }

        let after = After(state, Some(after));
        Ok(f(after.0))
    };
    #[cfg(feature = "std")]
    {
        let result = catch(|| f(state));
        after(state);
        result
    }
}

/// Wakes, whatever the waker does: its panic must not keep the others asleep. The panic hook has
/// told of it.
#[cfg(feature = "alloc")]
pub(crate) fn wake(waker: core::task::Waker) {
    catch_all(|| waker.wake());
}

/// [`wake`], where there is a waker.
#[cfg(feature = "alloc")]
pub(crate) fn wake_if_any(waker: Option<core::task::Waker>) {
    if let Some(waker) = waker {
        wake(waker);
    }
}

/// Whether this thread is unwinding.
#[inline]
pub(crate) fn unwinding() -> bool {
    #[cfg(feature = "std")]
    return std::thread::panicking();
    #[cfg(not(feature = "std"))]
    false
}

//! Whose turn it is at a desk.

#[cfg(not(feature = "std"))]
pub(super) use self::by_flag::Turn;
#[cfg(feature = "std")]
pub(super) use self::by_thread::Turn;

/// With std: the thread that polls the body, told by where its thread-local storage lies.
#[cfg(feature = "std")]
mod by_thread {
    use core::cell::Cell;
    use core::ptr;

    std::thread_local! {
        static HERE: u8 = const { 0 };
    }

    pub(in crate::coroutine) struct Turn {
        thread: Cell<*const u8>,
    }

    impl Turn {
        pub(in crate::coroutine) const fn new() -> Self {
            Self {
                thread: Cell::new(ptr::null()),
            }
        }

        /// The body is polled on this thread from now on.
        #[inline]
        pub(in crate::coroutine) fn begin(&self) {
            self.thread.set(here());
        }

        #[inline]
        pub(in crate::coroutine) fn end(&self) {
            self.thread.set(ptr::null());
        }

        /// Calls `f` if this is the thread that polls the body, which is in a poll.
        #[inline]
        pub(in crate::coroutine) fn take<T>(&self, f: impl FnOnce() -> T) -> Option<T> {
            ptr::eq(self.thread.get(), here()).then(f)
        }
    }

    #[inline]
    fn here() -> *const u8 {
        HERE.with(ptr::from_ref)
    }
}

/// Without std: whoever comes first, within a poll.
#[cfg(not(feature = "std"))]
mod by_flag {
    use core::sync::atomic::{AtomicBool, Ordering};

    pub(in crate::coroutine) struct Turn {
        /// Somebody is at it, or the body is not polled.
        busy: AtomicBool,
    }

    impl Turn {
        pub(in crate::coroutine) const fn new() -> Self {
            Self {
                busy: AtomicBool::new(true),
            }
        }

        #[inline]
        pub(in crate::coroutine) fn begin(&self) {
            self.busy.store(false, Ordering::Release);
        }

        #[inline]
        pub(in crate::coroutine) fn end(&self) {
            self.busy.store(true, Ordering::Relaxed);
        }

        #[inline]
        pub(in crate::coroutine) fn take<T>(&self, f: impl FnOnce() -> T) -> Option<T> {
            if self.busy.swap(true, Ordering::Acquire) {
                return None;
            }
            let value = f();
            self.busy.store(false, Ordering::Release);
            Some(value)
        }
    }
}

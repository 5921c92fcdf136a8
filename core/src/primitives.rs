//! What threads share is made of these: the primitives of core and std or, in a model, those of
//! loom, which runs the model in every order in which its threads can meet.
//!
//! `Arc` is alloc's in both: a `Waker` is made of no other one.

#[cfg(not(all(test, loom)))]
mod imp {
    #[cfg(not(feature = "std"))]
    pub(crate) use core::hint::spin_loop;
    pub(crate) use core::sync::atomic::{AtomicBool, AtomicUsize};
    #[cfg(feature = "std")]
    pub(crate) use std::sync::Mutex;

    /// Core's, with the face of loom's, which watches each access.
    #[cfg(not(feature = "std"))]
    pub(crate) struct UnsafeCell<T>(core::cell::UnsafeCell<T>);

    #[cfg(not(feature = "std"))]
    impl<T> UnsafeCell<T> {
        pub(crate) const fn new(value: T) -> Self {
            Self(core::cell::UnsafeCell::new(value))
        }

        pub(crate) fn with_mut<R>(&self, access: impl FnOnce(*mut T) -> R) -> R {
            access(self.0.get())
        }
    }

    /// A static of the process. In a model each run has its own.
    macro_rules! process_wide {
        ($(static $NAME:ident: $T:ty = $value:expr;)+) => {
            $(static $NAME: $T = $value;)+
        };
    }

    /// A static of each thread.
    #[cfg(feature = "std")]
    macro_rules! per_thread {
        (static $NAME:ident: $T:ty = $value:expr;) => {
            std::thread_local! { static $NAME: $T = const { $value }; }
        };
    }

    /// A function that is const, except in a model: loom's primitives belong to a run.
    macro_rules! const_fn {
        ($vis:vis fn $($rest:tt)+) => {
            $vis const fn $($rest)+
        };
    }

    #[cfg(feature = "std")]
    pub(crate) use per_thread;
    pub(crate) use {const_fn, process_wide};
}

#[cfg(all(test, loom))]
mod imp {
    pub(crate) use loom::cell::UnsafeCell;
    pub(crate) use loom::hint::spin_loop;
    pub(crate) use loom::sync::Mutex;
    pub(crate) use loom::sync::atomic::{AtomicBool, AtomicUsize};

    macro_rules! process_wide {
        ($(static $NAME:ident: $T:ty = $value:expr;)+) => {
            loom::lazy_static! { $(static ref $NAME: $T = $value;)+ }
        };
    }

    macro_rules! per_thread {
        (static $NAME:ident: $T:ty = $value:expr;) => {
            loom::thread_local! { static $NAME: $T = $value; }
        };
    }

    macro_rules! const_fn {
        ($vis:vis fn $($rest:tt)+) => {
            $vis fn $($rest)+
        };
    }

    pub(crate) use {const_fn, per_thread, process_wide};
}

pub(crate) use self::imp::*;

//! What the tests of all primitives share: tasks that are polled by hand, and a die to throw.

#![cfg_attr(
    loom,
    expect(
        dead_code,
        unused_imports,
        unused_macros,
        reason = "models need less of it"
    )
)]

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::task::Wake;
use core::future::Future;
use core::mem;
use core::pin::Pin;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::task::{Context, Poll, Waker};

/// Makes a `#[test]` for each flavour of functions that take it: `each_flavour!(it_is_so, that_is_so);`
macro_rules! each_flavour {
    ($($test:ident),* $(,)?) => {
        $(
            mod $test {
                #[test]
                fn spin() {
                    super::$test::<crate::flavour::Spin>();
                }

                #[test]
                fn std() {
                    super::$test::<crate::flavour::Std>();
                }

                #[test]
                fn single_thread() {
                    super::$test::<crate::flavour::SingleThread>();
                }
            }
        )*
    };
}
pub(crate) use each_flavour;

/// A future, and how often it was woken.
pub(crate) struct Task<F> {
    future: Pin<Box<F>>,
    wakes: Arc<Wakes>,
}

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl<F: Future> Task<F> {
    pub(crate) fn new(future: F) -> Self {
        Self {
            future: Box::pin(future),
            wakes: Arc::default(),
        }
    }

    /// Polled once, and waiting.
    #[track_caller]
    pub(crate) fn waiting(future: F) -> Self {
        let mut task = Self::new(future);
        assert!(task.poll().is_pending(), "it does not wait");
        task
    }

    pub(crate) fn poll(&mut self) -> Poll<F::Output> {
        let waker = self.waker();
        self.poll_with(&waker)
    }

    /// Its own waker, to be counted, whatever is polled with it.
    pub(crate) fn waker(&self) -> Waker {
        Waker::from(self.wakes.clone())
    }

    /// Polls it with a waker that is not its own.
    pub(crate) fn poll_with(&mut self, waker: &Waker) -> Poll<F::Output> {
        self.future.as_mut().poll(&mut Context::from_waker(waker))
    }

    /// What it is ready with.
    #[track_caller]
    pub(crate) fn ready(&mut self) -> F::Output {
        match self.poll() {
            Poll::Ready(output) => output,
            Poll::Pending => panic!("it waits"),
        }
    }

    pub(crate) fn woken(&self) -> bool {
        self.wakes() > 0
    }

    pub(crate) fn wakes(&self) -> usize {
        self.wakes.0.load(Ordering::SeqCst)
    }

    /// Drops the future, and tells whether anybody still has its waker.
    pub(crate) fn drop_and_look(self) -> bool {
        drop(self.future);
        Arc::strong_count(&self.wakes) > 1
    }

    /// Never drops it, as safe code may.
    pub(crate) fn leak(self) {
        mem::forget(self.future);
    }
}

/// The output of a future that need not wait.
#[track_caller]
pub(crate) fn now<F: Future>(future: F) -> F::Output {
    Task::new(future).ready()
}

/// A waker that panics when it is woken.
pub(crate) fn panicking_waker() -> Waker {
    struct Panics;

    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            std::panic::panic_any("the waker");
        }
    }

    Waker::from(Arc::new(Panics))
}

/// Whether `f` panics.
pub(crate) fn panics<T>(f: impl FnOnce() -> T) -> bool {
    std::panic::catch_unwind(core::panic::AssertUnwindSafe(f)).is_err()
}

/// Throws the same numbers each time: xorshift.
pub(crate) struct Die(pub(crate) u32);

impl Die {
    /// A number below `sides`.
    pub(crate) fn throw(&mut self, sides: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 % sides
    }
}

/// Runs `model` in every interleaving with at most three preemptions.
#[cfg(loom)]
pub(crate) fn model(model: impl Fn() + Send + Sync + 'static) {
    model_within(3, model);
}

/// Runs `model` in every interleaving with at most so many preemptions.
#[cfg(loom)]
pub(crate) fn model_within(preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(model);
}

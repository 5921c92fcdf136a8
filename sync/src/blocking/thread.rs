//! A thread that waits for a future.

use alloc::sync::Arc;
use alloc::task::Wake;
use core::cell::Cell;
use core::future::Future;
use core::pin::pin;
use core::sync::atomic::{AtomicBool, Ordering};
use core::task::{Context, Poll, Waker};
use std::thread::{self, Thread};

/// Polls `future` to its end, and parks this thread between the polls.
///
/// Waiting allocates once for each thread; and where a wait happens inside of another, in a waker
/// that is called while that one is polled.
pub(super) fn block_on_thread<F: Future>(future: F) -> F::Output {
    let signal = Lent::new();
    let waker = Waker::from(signal.0.clone());
    let mut cx = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return output;
        }
        signal.0.wait();
    }
}

/// Wakes a thread. A wake that came late, from an earlier wait, costs a poll.
struct Signal {
    /// Apart from the thread's own token, which other code on this thread may take.
    woken: AtomicBool,
    thread: Thread,
}

impl Signal {
    fn wait(&self) {
        while !self.woken.swap(false, Ordering::Acquire) {
            thread::park();
        }
    }
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.woken.swap(true, Ordering::Release) {
            self.thread.unpark();
        }
    }
}

std::thread_local! {
    /// This thread's signal, unless it is lent to a wait.
    static SIGNAL: Cell<Option<Arc<Signal>>> = const { Cell::new(None) };
}

/// This thread's signal, for one wait at a time: of two, neither takes the other's wakes.
struct Lent(Arc<Signal>);

impl Lent {
    fn new() -> Self {
        // A thread that is ending has no place for it any more.
        let kept = SIGNAL.try_with(Cell::take).ok().flatten();
        Self(kept.unwrap_or_else(|| {
            Arc::new(Signal {
                woken: AtomicBool::new(false),
                thread: thread::current(),
            })
        }))
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let signal = self.0.clone();
        let _ = SIGNAL.try_with(|kept| kept.set(Some(signal)));
    }
}

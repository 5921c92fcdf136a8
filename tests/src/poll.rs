//! Polling by hand: no test waits for time to pass.

use std::future::{Future, poll_fn};
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::FutureExt;
use futures_util::task::AtomicWaker;

use crate::Log;
use crate::sweep::point;

/// Counts how often a task was woken.
#[derive(Debug, Default)]
pub struct Wakes {
    count: AtomicUsize,
    /// Who waits for one.
    waiting: AtomicWaker,
}

impl Wakes {
    /// The number of wakes so far.
    pub fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }
}

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.count.fetch_add(1, Ordering::SeqCst);
        self.waiting.wake();
    }
}

/// A future that is polled by hand, and how often it was woken.
#[derive(Debug)]
pub struct ByHand<F> {
    future: Pin<Box<F>>,
    wakes: Arc<Wakes>,
    /// The wakes before its last poll.
    seen: Option<usize>,
}

impl<F: Future> ByHand<F> {
    /// It is not polled yet.
    pub fn new(future: F) -> Self {
        Self {
            future: Box::pin(future),
            wakes: Arc::default(),
            seen: None,
        }
    }

    /// Polled once, and waiting.
    #[track_caller]
    pub fn waiting(future: F) -> Self {
        let mut by_hand = Self::new(future);
        assert!(by_hand.poll().is_pending(), "it does not wait");
        by_hand
    }

    /// Polls it once.
    pub fn poll(&mut self) -> Poll<F::Output> {
        self.seen = Some(self.wakes.count());
        poll_once(self.future.as_mut(), &self.wakes)
    }

    /// What it is ready with.
    #[track_caller]
    pub fn ready(&mut self) -> F::Output {
        match self.poll() {
            Poll::Ready(output) => output,
            Poll::Pending => panic!("it waits"),
        }
    }

    /// Whether it was woken so far.
    pub fn woken(&self) -> bool {
        self.wakes.count() > 0
    }

    /// Whether it was not polled yet, or was woken since.
    pub fn is_due(&self) -> bool {
        self.seen != Some(self.wakes.count())
    }

    /// Its wakes, also when it is gone; until its waker changes.
    pub fn wakes(&self) -> Arc<Wakes> {
        self.wakes.clone()
    }

    /// Polls it with a waker of its own from now on, which has not been woken.
    pub fn change_waker(&mut self) {
        self.wakes = Arc::default();
        self.seen = None;
    }

    /// Waits until it is ready. It is polled only when it was woken since its last poll.
    pub async fn when_ready(&mut self) -> F::Output {
        poll_fn(|cx| {
            // Before the look, so that no wake slips in between.
            self.wakes.waiting.register(cx.waker());
            if self.is_due() {
                self.poll()
            } else {
                Poll::Pending
            }
        })
        .await
    }

    /// Waits until it is woken, and does not poll it.
    pub async fn when_woken(&self) {
        poll_fn(|cx| {
            self.wakes.waiting.register(cx.waker());
            if self.woken() {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }

    /// Drops the future, and tells whether anybody still has its waker.
    pub fn drop_and_look(self) -> bool {
        drop(self.future);
        Arc::strong_count(&self.wakes) > 1
    }
}

/// Polls `future` once, with a waker that counts.
pub fn poll_once<F: Future>(future: Pin<&mut F>, wakes: &Arc<Wakes>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(&Waker::from(wakes.clone())))
}

/// A future that is pending `times` times, waking itself, and then ready. Each of its polls is a
/// [`checkpoint`](crate::sweep::checkpoint) of a sweep.
pub async fn yields(times: usize) {
    let mut left = times;
    poll_fn(|cx| {
        point();
        if left == 0 {
            return Poll::Ready(());
        }
        left -= 1;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Polls `future` until it is ready, at most `limit` times.
pub fn drive<F: Future>(mut future: Pin<&mut F>, limit: usize) -> Option<F::Output> {
    let wakes = Arc::default();
    for _ in 0..limit {
        if let Poll::Ready(output) = poll_once(future.as_mut(), &wakes) {
            return Some(output);
        }
    }
    None
}

/// Polls `future` once, where the number of wakes does not matter.
pub fn poll_now<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    poll_once(future, &Arc::default())
}

/// Runs `future`, and catches its panic.
///
/// # Errors
///
/// The text that it panicked with.
pub async fn caught<F: Future>(future: F) -> Result<F::Output, String> {
    let ended = AssertUnwindSafe(future).catch_unwind().await;
    ended.map_err(|payload| match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => payload
            .downcast::<&'static str>()
            .map_or_else(|_| "no text".to_owned(), |text| (*text).to_owned()),
    })
}

/// Polls `future`, which must not end yet, until `log` has `event`.
pub fn poll_until<F: Future>(mut future: Pin<&mut F>, log: &Log, event: &str) {
    // More polls than any case needs.
    for _ in 0..100 {
        if log.has(event) {
            return;
        }
        assert!(poll_now(future.as_mut()).is_pending(), "{}", log.trace());
    }
    panic!("no {event} in: {}", log.trace());
}

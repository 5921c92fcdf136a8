//! A scope that tells what happens to it.

#![allow(dead_code, reason = "each test file uses a part of it")]

pub(crate) mod reports;

use std::convert::Infallible;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use futures_util::FutureExt;
use withal_core::{ExitReason, HandOver, Scope};

/// What happened, in order: `+1` for the enter of scope 1, `-1` for its exit.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trace(Arc<Mutex<Vec<String>>>);

impl Trace {
    pub(crate) fn push(&self, event: String) {
        self.0.lock().unwrap().push(event);
    }

    pub(crate) fn take(&self) -> String {
        std::mem::take(&mut *self.0.lock().unwrap()).join(" ")
    }
}

/// A scope that never waits, and whose resource is its number.
#[derive(Clone, Debug, Default)]
pub(crate) struct Numbered {
    pub(crate) number: u32,
    pub(crate) trace: Trace,
}

impl Numbered {
    pub(crate) fn new(number: u32) -> Self {
        Self {
            number,
            trace: Trace::default(),
        }
    }

    pub(crate) fn traced(number: u32, trace: &Trace) -> Self {
        Self {
            number,
            trace: trace.clone(),
        }
    }
}

impl Scope for Numbered {
    type Resource = u32;
    type Error = Infallible;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<u32, Infallible> {
        self.trace.push(format!("+{}", self.number));
        Ok(self.number)
    }

    async fn exit(self, _: u32, reason: ExitReason<'_>) -> Result<(), Infallible> {
        let mark = if reason.is_completed() { "" } else { "!" };
        self.trace.push(format!("-{}{mark}", self.number));
        Ok(())
    }
}

/// The output of a future that never waits.
#[track_caller]
pub(crate) fn now<F: Future>(future: F) -> F::Output {
    future.now_or_never().expect("it never waits")
}

/// Compiles for `Send` values only.
pub(crate) fn send<T: Send>(value: T) -> T {
    value
}

/// A scope that waits `waits` polls in its exit, and logs `+name` and `-name`.
#[derive(Clone, Debug)]
pub(crate) struct Slow {
    pub(crate) name: &'static str,
    pub(crate) waits: usize,
    pub(crate) trace: Trace,
}

impl Slow {
    pub(crate) fn new(name: &'static str, trace: &Trace) -> Self {
        Self {
            name,
            waits: 2,
            trace: trace.clone(),
        }
    }
}

impl Scope for Slow {
    type Resource = ();
    type Error = Infallible;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<(), Infallible> {
        self.trace.push(format!("+{}", self.name));
        Ok(())
    }

    async fn exit(self, (): (), _: ExitReason<'_>) -> Result<(), Infallible> {
        for _ in 0..self.waits {
            yield_now().await;
        }
        self.trace.push(format!("-{}", self.name));
        Ok(())
    }
}

/// Waits for one poll, and wakes itself.
pub(crate) async fn yield_now() {
    let mut waited = false;
    std::future::poll_fn(|cx| {
        if waited {
            return Poll::Ready(());
        }
        waited = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Polls a future to its end, which comes within a hundred polls.
#[track_caller]
pub(crate) fn drive<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..100 {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return output;
        }
    }
    panic!("it hangs")
}

/// Polls a future once, which waits then.
#[track_caller]
pub(crate) fn waits<F: Future>(future: Pin<&mut F>) {
    let mut cx = Context::from_waker(Waker::noop());
    assert!(future.poll(&mut cx).is_pending(), "it ended");
}

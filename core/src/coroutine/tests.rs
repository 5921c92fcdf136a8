#![expect(
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    reason = "tests have std"
)]
extern crate std;

mod close;
mod delegate;
mod errors;
mod panics;
mod scopes;
mod steps;
mod yields;

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::string::String;
use std::task::{Context, Poll, Waker};
use std::vec::Vec;

use futures_util::FutureExt;

use super::Interrupt;

/// What bodies fail with, and what is thrown at them.
#[derive(Debug, PartialEq, Eq)]
struct Bad(u32);

impl fmt::Display for Bad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bad {}", self.0)
    }
}

type End<T> = Result<T, Interrupt<Bad>>;

/// What a future gives that waits for nothing.
#[track_caller]
fn now<F: Future>(future: F) -> F::Output {
    future.now_or_never().expect("it waits")
}

/// Polls a future once, and leaves it there.
async fn poll_once<F: Future>(mut future: Pin<&mut F>) {
    poll_fn(|cx| {
        let _ = future.as_mut().poll(cx);
        Poll::Ready(())
    })
    .await;
}

/// Polls a future once, from outside.
fn is_pending<F: Future>(future: Pin<&mut F>) -> bool {
    let mut cx = Context::from_waker(Waker::noop());
    future.poll(&mut cx).is_pending()
}

/// What somebody can wait for.
#[derive(Default)]
struct Gate {
    open: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl Gate {
    fn open(&self) {
        self.open.set(true);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    async fn wait(&self) {
        poll_fn(|cx| {
            if self.open.get() {
                return Poll::Ready(());
            }
            self.waker.replace(Some(cx.waker().clone()));
            Poll::Pending
        })
        .await;
    }
}

/// What happened, in order.
#[derive(Default)]
struct Log(RefCell<Vec<&'static str>>);

impl Log {
    fn push(&self, event: &'static str) {
        self.0.borrow_mut().push(event);
    }

    fn take(&self) -> String {
        self.0.take().join(" ")
    }

    /// Says so when it is dropped.
    fn on_drop(&self, event: &'static str) -> impl Drop {
        struct Says<'l>(&'l Log, &'static str);

        impl Drop for Says<'_> {
            fn drop(&mut self) {
                self.0.push(self.1);
            }
        }

        Says(self, event)
    }
}

/// A future that is dropped after `polls` polls, all of which are pending.
fn drop_after<F: Future>(future: F, polls: usize) {
    let mut future = pin!(future);
    for _ in 0..polls {
        assert!(is_pending(future.as_mut()));
    }
}

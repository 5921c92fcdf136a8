//! One of several futures that run side by side: what it ends with, and that its cleanup has ended
//! before.

mod common;

use std::cell::Cell;
use std::convert::Infallible;
use std::future::{Future, pending};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use common::{Slow, Trace, send, yield_now};
use withal_core::cancel::Branch;
use withal_core::runtime::{NoExecutor, TaskError};
use withal_core::with;

/// Polls `branch` until it ends: how, and in which poll.
fn end<F: Future<Output = T>, T>(
    mut branch: Pin<&mut Branch<F, T>>,
    cancel: impl Fn(usize) -> bool,
) -> (Result<T, TaskError>, usize) {
    let mut cx = Context::from_waker(Waker::noop());
    for poll in 0..100 {
        if let Poll::Ready(ended) = branch.as_mut().poll_branch(&mut cx, cancel(poll)) {
            return (ended, poll);
        }
    }
    panic!("it hangs")
}

async fn scoped(trace: &Trace, body: impl Future<Output = u32>) -> u32 {
    let rt = NoExecutor::new();
    let ended = with(&rt, Slow::new("a", trace), async |()| {
        Ok::<_, Infallible>(body.await)
    });
    ended.await.unwrap()
}

// K1: the value comes when what was dropped in the future has been exited.
#[test]
fn a_value_comes_after_the_cleanup() {
    let trace = Trace::default();
    let work = async {
        let mut left = Box::pin(scoped(&trace, pending()));
        assert!(futures_util::poll!(left.as_mut()).is_pending());
        7
    };
    let (ended, poll) = end(pin!(Branch::new("test", work)), |_| false);
    assert_eq!(ended.unwrap(), 7);
    assert_eq!(trace.take(), "+a -a");
    assert!(poll > 0, "the exit waits");
}

// K1: cancelled before the first poll, it never runs; later, its scopes are exited first.
#[test]
fn cancelled_at_each_poll_it_ends_after_the_cleanup() {
    for at in 0..3 {
        let trace = Trace::default();
        let work = scoped(&trace, pending());
        let (ended, _) = end(pin!(Branch::new("test", work)), |poll| poll >= at);
        assert!(!ended.unwrap_err().is_panic());
        assert_eq!(trace.take(), if at == 0 { "" } else { "+a -a" });
    }
}

// K10: an exit in progress is let end, and the value counts.
#[test]
fn an_exit_in_progress_ends_and_the_value_counts() {
    let trace = Trace::default();
    let (ended, _) = end(
        pin!(Branch::new("test", scoped(&trace, async { 3 }))),
        |poll| poll >= 1,
    );
    assert_eq!(ended.unwrap(), 3);
    assert_eq!(trace.take(), "+a -a");
}

// K10: what goes on after that exit is cancelled.
#[test]
fn what_goes_on_after_the_exit_is_cancelled() {
    let trace = Trace::default();
    let work = async {
        scoped(&trace, async { 3 }).await;
        pending::<()>().await;
    };
    let (ended, _) = end(pin!(Branch::new("test", work)), |poll| poll >= 1);
    assert!(!ended.unwrap_err().is_panic());
    assert_eq!(trace.take(), "+a -a");
}

// K11: a panic comes out after the cleanup; one of a destructor as well.
#[test]
fn a_panic_comes_out_after_the_cleanup() {
    let trace = Trace::default();
    let work = async {
        scoped(&trace, async { panic!("body") }).await;
    };
    let (ended, _) = end(pin!(Branch::new("test", work)), |_| false);
    assert_eq!(ended.unwrap_err().to_string(), "task panicked: body");
    assert_eq!(trace.take(), "+a -a");

    struct Panics;
    impl Drop for Panics {
        fn drop(&mut self) {
            panic!("drop");
        }
    }
    let trace = Trace::default();
    let work = async {
        let _panics = Panics;
        scoped(&trace, pending()).await;
    };
    let (ended, _) = end(pin!(Branch::new("test", work)), |poll| poll >= 1);
    assert_eq!(ended.unwrap_err().to_string(), "task panicked: drop");
    assert_eq!(trace.take(), "+a -a");
}

#[test]
#[should_panic(expected = "a branch was polled after its end")]
fn polled_after_its_end_it_panics() {
    let mut branch = pin!(Branch::new("test", async {}));
    assert!(end(branch.as_mut(), |_| false).0.is_ok());
    let _ = end(branch, |_| false);
}

#[test]
fn it_is_send_if_its_parts_are() {
    drop(send(Branch::new("test", yield_now())));
    let shared = Rc::new(Cell::new(0));
    let branch = Branch::new("test", async { shared.set(1) }).local();
    drop(branch);
}

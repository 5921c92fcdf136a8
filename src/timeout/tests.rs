use std::cell::Cell;
use std::future::{Future, Pending, pending, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_util::FutureExt;

use super::{Timeout, move_on_after, move_on_at, timeout, timeout_at, wait_for};
use crate::runtime::Timer;

const SECOND: Duration = Duration::from_secs(1);

/// Stands still, and counts who asks.
#[derive(Clone, Debug, Default)]
struct Still(Arc<AtomicUsize>);

impl Still {
    fn asked(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    fn count<T>(&self, answer: T) -> T {
        self.0.fetch_add(1, Ordering::Relaxed);
        answer
    }
}

impl Timer for Still {
    type Instant = Duration;
    type Sleep = Pending<()>;

    fn now(&self) -> Duration {
        self.count(SECOND)
    }

    fn deadline(&self, timeout: Duration) -> Duration {
        self.count(SECOND + timeout)
    }

    fn elapsed(&self, earlier: Duration, later: Duration) -> Duration {
        later.saturating_sub(earlier)
    }

    fn sleep_until(&self, _: Duration) -> Pending<()> {
        self.count(pending())
    }
}

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

// TO-6: neither clock nor timer.
#[test]
fn what_is_ready_does_not_look_at_the_clock() {
    let rt = Still::default();
    assert_eq!(timeout(&rt, SECOND, ready(1)).now_or_never(), Some(Ok(1)));
    let at = timeout_at(&rt, SECOND, ready(2));
    assert_eq!(at.now_or_never(), Some(Ok(2)));
    let moved_on = move_on_after(&rt, SECOND, ready(3)).budget(SECOND);
    assert_eq!(moved_on.now_or_never(), Some(Some(3)));
    let at = move_on_at(&rt, SECOND, ready(4));
    assert_eq!(at.now_or_never(), Some(Some(4)));
    let waited = wait_for(&rt, SECOND, pin!(ready(5))).now_or_never();
    assert_eq!(waited, Some(Ok(5)));
    assert_eq!(rt.asked(), 0);
}

// TO-2
#[test]
fn no_time_asks_for_no_timer() {
    let rt = Still::default();
    let elapsed = timeout(&rt, Duration::ZERO, pending::<()>()).now_or_never();
    assert_eq!(elapsed.unwrap().unwrap_err().timeout, Duration::ZERO);
    assert_eq!(rt.asked(), 0);
    let elapsed = timeout_at(&rt, SECOND, pending::<()>()).now_or_never();
    assert_eq!(elapsed.unwrap().unwrap_err().timeout, Duration::ZERO);
    // It was asked for the time.
    assert_eq!(rt.asked(), 1);
}

// TO-1: not when it is made.
#[test]
fn one_that_is_never_polled_asks_nothing() {
    let rt = Still::default();
    let dropped = Rc::new(());
    let kept = dropped.clone();
    drop(timeout(&rt, SECOND, async move {
        drop(kept);
    }));
    assert_eq!((rt.asked(), Rc::strong_count(&dropped)), (0, 1));
}

// TO-17
#[test]
fn a_second_end_is_a_panic() {
    let rt = Still::default();
    let mut timed = pin!(timeout(&rt, SECOND, ready(())));
    assert!(poll(timed.as_mut()).is_ready());
    let again = catch_unwind(AssertUnwindSafe(|| poll(timed.as_mut())));
    let message = again.unwrap_err();
    assert_eq!(
        message.downcast_ref::<&str>(),
        Some(&"a timeout was polled after completion")
    );
}

// A-5, K11
#[test]
fn a_panic_goes_on() {
    let rt = Still::default();
    let mut timed = pin!(timeout(&rt, SECOND, async { panic!("in the work") }));
    let ended: Result<Poll<Result<(), _>>, _> =
        catch_unwind(AssertUnwindSafe(|| poll(timed.as_mut())));
    assert_eq!(ended.unwrap_err().downcast_ref(), Some(&"in the work"));
}

#[test]
fn it_says_what_it_is() {
    let rt = Still::default();
    let elapsed = timeout(&rt, Duration::ZERO, pending::<()>()).now_or_never();
    let elapsed = elapsed.unwrap().unwrap_err();
    assert_eq!(elapsed.to_string(), "not finished within 0ns");
    let timed = timeout(&rt, SECOND, pending::<()>()).budget(SECOND);
    let text = format!("{timed:?}");
    for part in ["1s", "budget", "running"] {
        assert!(text.contains(part), "{text}");
    }
}

// leaked, it leaks its future, and nothing else happens.
#[test]
fn a_leaked_one_does_no_harm() {
    let rt = Still::default();
    let dropped = Rc::new(());
    let kept = dropped.clone();
    let mut timed = Box::pin(timeout(&rt, SECOND, async move {
        pending::<()>().await;
        drop(kept);
    }));
    assert!(poll(timed.as_mut()).is_pending());
    std::mem::forget(timed);
    assert_eq!(Rc::strong_count(&dropped), 2);
}

fn spawned<T: Send + 'static>(task: impl Future<Output = T> + Send + 'static) -> T {
    let owner = tokio::runtime::Runtime::new().unwrap();
    owner.block_on(async { tokio::spawn(task).await.unwrap() })
}

/// Gives `word` back, later.
async fn later(word: &str) -> &str {
    tokio::task::yield_now().await;
    word
}

// CM-15: that these compile is half of the test.
#[test]
fn what_borrows_is_spawned_with_its_timeout() {
    let length = spawned(async {
        let (rt, words) = (Still::default(), ["with", "all"].map(String::from));
        let mut length = 0;
        let first = timeout(&rt, SECOND, later(&words[0])).await.unwrap();
        let counted = timeout(&rt, SECOND, async {
            length += later(first).await.len();
            let second = move_on_after(&rt, SECOND, later(&words[1])).await;
            length += later(second.unwrap()).await.len();
            second
        });
        assert_eq!(counted.await, Ok(Some("all")));
        let mut work = pin!(later(first));
        let waited = wait_for(&rt, SECOND, work.as_mut()).await;
        length + waited.unwrap().len()
    });
    assert_eq!(length, 11);
}

/// A generic caller, whose future is spawned.
async fn limited<'w, R: Timer>(rt: &R, work: impl Future<Output = &'w str>) -> Option<&'w str> {
    timeout_at(rt, rt.deadline(SECOND), work).await.ok()
}

// CM-15
#[test]
fn generic_callers_are_spawned() {
    let found = spawned(async {
        let (rt, text) = (Still::default(), String::from("with all"));
        let found = limited(&rt, async { later(text.split(' ').next().unwrap()).await });
        found.await.map(str::to_owned)
    });
    assert_eq!(found.as_deref(), Some("with"));
    let found = spawned(async {
        let (rt, text) = (Still::default(), String::from("all"));
        let inner = timeout(&rt, SECOND, later(&text));
        let nested = timeout(&rt, SECOND, timeout(&rt, SECOND, inner));
        nested.await.unwrap().unwrap().unwrap().to_owned()
    });
    assert_eq!(found, "all");
}

// CM-15, K8
#[test]
fn what_stays_on_its_thread_may_be_limited() {
    let (rt, seen) = (Still::default(), Rc::new(Cell::new(0)));
    let local = timeout(&rt, SECOND, async {
        seen.set(1);
        seen.clone()
    });
    let ended = local.local().budget(SECOND).now_or_never();
    assert_eq!(ended.unwrap().unwrap().get(), 1);
    let moved_on = move_on_after(&rt, SECOND, async { seen.get() }).local();
    assert_eq!(moved_on.now_or_never(), Some(Some(1)));
}

const _: () = {
    const fn send<T: Send>() {}
    send::<Timeout<'static, Still, Pending<()>, ()>>();
};

//! Frames that treat what they lend, and the lending, as badly as safe code can.

#![cfg(feature = "std")]

mod common;

use std::cell::RefCell;
use std::convert::Infallible;
use std::future::{Future, pending, poll_fn};
use std::mem::{forget, swap};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use common::{Numbered, Slow, Trace, drive, now, waits, yield_now};
use futures_util::FutureExt;
use futures_util::future::{Either, join, select};
use futures_util::stream::{FuturesUnordered, StreamExt};
use withal_core::cleanup::{CleanupTask, Report, set_report_hook};
use withal_core::runtime::{Cleanup, NoExecutor, RuntimeId};
use withal_core::scope::{
    Ended, ExitError, ExitKind, ExitReason, Lend, LendMut, Local, Owned, ScopeError,
    scope_fn_borrowing, scope_fn_borrowing_local, scope_fn_local,
};
use withal_core::{cancel, with, with_borrowing};

type Lends<'l> = LendMut<'l, Owned<String>>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Torn;

/// Writes into what it holds when it is dropped.
struct Mark<'a>(&'a mut String);

impl Drop for Mark<'_> {
    fn drop(&mut self) {
        self.0.push_str(" dropped");
    }
}

/// A body that has the resource over awaits, and in its own drop.
async fn holds(text: &mut String) -> Result<usize, Torn> {
    text.push_str(" body");
    let mark = Mark(text);
    for _ in 0..3 {
        yield_now().await;
        mark.0.push('.');
    }
    Ok(mark.0.len())
}

async fn holds_for_ever(text: &mut String) -> Result<usize, Torn> {
    text.push_str(" body");
    let _mark = Mark(text);
    pending().await
}

fn polls<F: Future>(future: Pin<&mut F>, times: usize) -> Option<F::Output> {
    let mut future = future;
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..times {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return Some(output);
        }
    }
    None
}

// GM-23: the lending is leaked before the body has begun, and its borrow ends.
#[test]
fn a_lending_that_is_leaked_unused() {
    let (rt, log) = (NoExecutor::new(), Trace::default());
    let own = log.clone();
    let scope = scope_fn_borrowing(async move |lend: Lends<'_>| {
        let mut text = String::from("frame");
        let mut lending = Box::pin(lend.lend(&mut text));
        assert!(futures_util::poll!(lending.as_mut()).is_pending());
        forget(lending);
        text.push_str(" goes on");
        own.push(text);
        yield_now().await;
        Err::<Ended, _>(Torn)
    });
    let ended = drive(with_borrowing(&rt, scope, async |text| {
        log.push(format!("body: {text}"));
        Ok::<_, Torn>(())
    }));
    let exit = Some(ExitError::Failed(Torn));
    assert_eq!(ended, Err(ScopeError::Withdrawn(exit)));
    assert_eq!(log.take(), "frame goes on");
}

/// What the body holds; leaked with it.
struct Held(Arc<()>);

// GM-23, A-8: the same, when it has begun. Its body is leaked where it is: neither polled again nor
// dropped, also when the scope is gone.
#[test]
fn a_lending_that_is_leaked_under_its_body() {
    for ends in [true, false] {
        let (rt, log, held) = (NoExecutor::new(), Trace::default(), Arc::new(()));
        let own = log.clone();
        let scope = scope_fn_borrowing(async move |lend: Lends<'_>| {
            let text = Box::new(String::from("frame"));
            let mut text = *text;
            let mut lending = Box::pin(lend.lend(&mut text));
            for _ in 0..2 {
                assert!(futures_util::poll!(lending.as_mut()).is_pending());
                yield_now().await;
            }
            forget(lending);
            own.push(text.clone());
            // What the body had is gone.
            drop(text);
            yield_now().await;
            if ends {
                return Err::<Ended, _>(Torn);
            }
            pending().await
        });
        let body = Held(held.clone());
        let mut scoped = Box::pin(with_borrowing(&rt, scope, async move |text| {
            let body = body;
            let ended = holds_for_ever(text).await;
            drop(body.0);
            ended
        }));
        let ended = polls(scoped.as_mut(), 9);
        assert_eq!(ended.is_some(), ends);
        drop(scoped);
        assert_eq!(log.take(), "frame body");
        assert_eq!(Arc::strong_count(&held), 2, "it is leaked");
    }
}

thread_local! {
    static REPORTS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Keeps what each thread reports of bodies and panics, to be looked at by [`reports`].
fn keep_reports() {
    set_report_hook(Some(|report| {
        let line = match report {
            Report::BodyLeaked(_) => String::from("leaked"),
            Report::PanicLost(_, message) => format!("lost {message}"),
            _ => return,
        };
        REPORTS.with_borrow_mut(|reports| reports.push(line));
    }));
}

fn reports() -> String {
    REPORTS.take().join(", ")
}

// GM-23, A-8, K11: and when the set that would poll it cannot be woken, as its waker panics.
#[test]
fn a_lending_that_is_leaked_with_a_waker_that_panics() {
    struct Panics;

    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            resume_unwind(Box::new("wake"));
        }
    }

    fn poll_by_itself(lending: &mut (impl Future + Unpin)) {
        let waker = Waker::from(Arc::new(Panics));
        let polled = Pin::new(lending).poll(&mut Context::from_waker(&waker));
        assert!(polled.is_pending());
    }

    keep_reports();
    let (rt, held) = (NoExecutor::new(), Arc::new(()));
    let scope = scope_fn_borrowing(async move |lend: Lends<'_>| {
        let mut text = String::from("frame");
        let mut lending = lend.lend(&mut text);
        poll_by_itself(&mut lending);
        yield_now().await;
        poll_by_itself(&mut lending);
        forget(lending);
        drop(text);
        pending::<Result<Ended, Torn>>().await
    });
    let body = Held(held.clone());
    let mut scoped = Box::pin(with_borrowing(&rt, scope, async move |text| {
        let body = body;
        let ended = holds_for_ever(text).await;
        drop(body.0);
        ended
    }));
    assert_eq!(polls(scoped.as_mut(), 1), None);
    assert_eq!(Arc::strong_count(&held), 2);
    drop(scoped);
    assert_eq!(Arc::strong_count(&held), 2, "it is leaked");
    assert_eq!(reports(), "leaked");
}

/// Panics once, in the drop of a scope.
#[derive(Clone)]
struct PanicsInContext {
    before: bool,
    is_done: Arc<AtomicBool>,
}

impl Cleanup for PanicsInContext {
    fn id(&self) -> RuntimeId {
        RuntimeId::new("panics in context", 0)
    }

    fn spawn_cleanup(&self, task: CleanupTask) {
        let _refused = task;
    }

    fn in_context<T>(&self, f: impl FnOnce() -> T) -> T {
        let panics = !self.is_done.swap(true, Ordering::Relaxed);
        if panics && self.before {
            resume_unwind(Box::new("context"));
        }
        let value = f();
        if panics {
            resume_unwind(Box::new("context"));
        }
        value
    }
}

// GM-23, K11: a runtime that panics before the frame is polled keeps it from its body; after that,
// it does not.
#[test]
fn a_body_that_is_leaked_by_a_runtime_that_panics() {
    struct Drops(bool);

    impl Drop for Drops {
        fn drop(&mut self) {
            if self.0 {
                resume_unwind(Box::new("drop"));
            }
        }
    }

    for (before, drop_panics) in [(true, false), (false, false), (false, true)] {
        keep_reports();
        let log = Trace::default();
        let rt = PanicsInContext {
            before,
            is_done: Arc::default(),
        };
        let own = log.clone();
        let scope = scope_fn_borrowing(async move |lend: Lends<'_>| {
            let mut told = Told(own, String::from("frame"));
            let ended = lend.lend(&mut told.1).await;
            Ok::<_, Torn>(ended)
        });
        let mut scoped = Box::pin(with_borrowing(&rt, scope, async |text| {
            let _drops = Drops(drop_panics);
            holds_for_ever(text).await
        }));
        assert_eq!(polls(scoped.as_mut(), 1), None);
        let mut dropped = Ok(());
        drop_inside(&rt, || {
            dropped = catch_unwind(AssertUnwindSafe(|| drop(scoped)));
        });
        let (panic, reported, text) = match (before, drop_panics) {
            (true, _) => ("context", "leaked", "frame body"),
            (false, false) => ("context", "", "frame body dropped"),
            (false, true) => ("drop", "lost context", "frame body dropped"),
        };
        assert_eq!(dropped.unwrap_err().downcast_ref(), Some(&panic));
        assert_eq!(reports(), reported);
        assert_eq!(log.take(), text);
    }
}

// GM-23: moved between its polls, and polled by sets of futures, of which the second polls only what
// was woken, by the waker that the body got.
#[test]
fn a_lending_that_moves_and_is_polled_by_sets() {
    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    let (rt, log) = (NoExecutor::new(), Trace::default());
    let own = log.clone();
    let scope = scope_fn_borrowing(async move |lend: Lends<'_>| {
        let mut text = String::from("frame");
        let mut lending = lend.lend(&mut text);
        assert!(futures_util::poll!(&mut lending).is_pending());
        let mut moved = [None, Some(lending)];
        moved.swap(0, 1);
        yield_now().await;
        assert!(futures_util::poll!(moved[0].as_mut().unwrap()).is_pending());
        let mut set = FuturesUnordered::new();
        set.extend(moved.into_iter().flatten());
        let ended = set.next().await.unwrap();
        drop(set);
        own.push(format!("{text}, {}", ended.kind()));
        Ok::<_, Torn>(ended)
    });
    let given: Mutex<Option<Waker>> = Mutex::new(None);
    let is_open = AtomicBool::new(false);
    let mut scoped = pin!(with_borrowing(&rt, scope, async |text| {
        yield_now().await;
        yield_now().await;
        let mark = Mark(text);
        poll_fn(|cx| {
            if is_open.load(Ordering::Relaxed) {
                return Poll::Ready(());
            }
            *given.lock().unwrap() = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
        mark.0.push_str(" written");
        Ok::<_, Torn>(())
    }));
    let count = Arc::new(Count::default());
    let waker = Waker::from(count.clone());
    let mut cx = Context::from_waker(&waker);
    while given.lock().unwrap().is_none() {
        assert!(scoped.as_mut().poll(&mut cx).is_pending());
    }
    assert!(scoped.as_mut().poll(&mut cx).is_pending());
    let before = count.0.load(Ordering::Relaxed);
    // The wake of the body reaches the task.
    is_open.store(true, Ordering::Relaxed);
    given.lock().unwrap().take().unwrap().wake();
    assert_eq!(count.0.load(Ordering::Relaxed), before + 1);
    assert_eq!(scoped.as_mut().poll(&mut cx), Poll::Ready(Ok(())));
    assert_eq!(log.take(), "frame written dropped, completed");
}

// GM-23, GM-19: a set that polls only what was woken gives its body up as well.
#[test]
fn a_scope_that_is_dropped_reaches_its_body_in_a_set() {
    let (rt, log) = (NoExecutor::new(), Trace::default());
    let own = log.clone();
    let scope = scope_fn_borrowing(async move |lend: Lends<'_>| {
        let mut text = String::from("frame");
        let mut set = FuturesUnordered::new();
        set.push(lend.lend(&mut text));
        let ended = set.next().await.unwrap();
        drop(set);
        own.push(format!("{text}, {}", ended.kind()));
        Ok::<_, Torn>(ended)
    });
    now(cancel_after(2, with_borrowing(&rt, scope, holds_for_ever)));
    assert_eq!(log.take(), "frame body dropped, cancelled");
}

/// Polls a future so often, and cancels it.
async fn cancel_after<F: Future + Send>(times: usize, future: F) {
    let mut future = Box::pin(future);
    for _ in 0..times {
        if futures_util::poll!(future.as_mut()).is_ready() {
            return;
        }
    }
    cancel(future).await;
}

// GM-10, GM-23: the frame drops the lending while the body runs.
#[test]
fn a_lending_that_is_dropped_under_its_body() {
    for polls_before in 0..5 {
        let (rt, log) = (NoExecutor::new(), Trace::default());
        let own = log.clone();
        let scope = scope_fn_borrowing(async move |lend: Lends<'_>| {
            let mut text = String::from("frame");
            let alarm = async {
                for _ in 0..polls_before {
                    yield_now().await;
                }
            };
            let ended = match select(lend.lend(&mut text), Box::pin(alarm)).await {
                Either::Left((ended, _)) => Ok(ended),
                Either::Right(((), lending)) => {
                    drop(lending);
                    Err(Torn)
                }
            };
            own.push(text.clone());
            yield_now().await;
            ended
        });
        let ended = drive(with_borrowing(&rt, scope, holds));
        let exit = ExitError::Failed(Torn);
        match polls_before {
            0 => {
                // It never came to the body: that is an enter which failed.
                assert_eq!(ended, Err(ScopeError::Enter(Torn)));
                assert_eq!(log.take(), "frame");
            }
            1..4 => {
                assert_eq!(ended, Err(ScopeError::Withdrawn(Some(exit))));
                let dots = ".".repeat(polls_before - 1);
                assert_eq!(log.take(), format!("frame body{dots} dropped"));
            }
            _ => {
                // In the same poll: the body's value is not lost.
                assert_eq!(
                    ended,
                    Err(ScopeError::Exit {
                        error: exit,
                        value: 13
                    })
                );
                assert_eq!(log.take(), "frame body... dropped");
            }
        }
    }
}

/// What it has become, for the log.
struct Told(Trace, String);

impl Drop for Told {
    fn drop(&mut self) {
        self.0.push(self.1.clone());
    }
}

// GM-23, K11: the frame panics beside the body.
#[test]
fn a_frame_that_panics_beside_its_body() {
    let (rt, log) = (NoExecutor::new(), Trace::default());
    let own = log.clone();
    let scope = scope_fn_borrowing(async move |lend: LendMut<'_, Owned<String>>| {
        let mut told = Told(own, String::from("frame"));
        let (ended, ()) = join(lend.lend(&mut told.1), async {
            yield_now().await;
            yield_now().await;
            panic!("beside");
        })
        .await;
        Ok::<_, Torn>(ended)
    });
    let ended = catch_unwind(AssertUnwindSafe(|| {
        drive(with_borrowing(&rt, scope, holds_for_ever))
    }));
    assert_eq!(ended.unwrap_err().downcast_ref(), Some(&"beside"));
    assert_eq!(log.take(), "frame body dropped");
}

// GM-7, K11: the panic of the body passes by the frame, which tears down.
#[test]
fn a_body_that_panics_does_not_unwind_its_frame() {
    let (rt, log) = (NoExecutor::new(), Trace::default());
    let own = log.clone();
    let scope = scope_fn_borrowing(async move |lend: Lends<'_>| {
        let mut text = String::from("frame");
        let ended = lend.lend(&mut text).await;
        yield_now().await;
        own.push(format!("{text}, {}", ended.kind()));
        Ok::<_, Torn>(ended)
    });
    let ended = catch_unwind(AssertUnwindSafe(|| {
        drive(with_borrowing(&rt, scope, async |text| {
            let mark = Mark(text);
            yield_now().await;
            mark.0.push('!');
            if mark.0.len() > 1 {
                resume_unwind(Box::new("body"));
            }
            Ok::<_, Torn>(())
        }))
    }));
    assert_eq!(ended.unwrap_err().downcast_ref(), Some(&"body"));
    assert_eq!(log.take(), "frame! dropped, panicked");
}

// GM-23: a drop that panics, of a body that was cancelled, ended or taken.
#[test]
fn a_body_whose_drop_panics() {
    struct Panics<'a>(&'a mut String);

    impl Drop for Panics<'_> {
        fn drop(&mut self) {
            self.0.push_str(" drop");
            if !std::thread::panicking() {
                resume_unwind(Box::new("drop"));
            }
        }
    }

    for (times, frame_takes) in [(1, false), (2, false), (3, true), (9, false)] {
        let (rt, log) = (NoExecutor::new(), Trace::default());
        let own = log.clone();
        let scope = scope_fn_borrowing(async move |lend: Lends<'_>| {
            let mut text = String::from("frame");
            let alarm = async {
                yield_now().await;
                yield_now().await;
                if !frame_takes {
                    pending::<()>().await;
                }
            };
            let ended = match select(lend.lend(&mut text), pin!(alarm)).await {
                Either::Left((ended, _)) => Ok(ended),
                Either::Right(((), lending)) => {
                    drop(lending);
                    Err(Torn)
                }
            };
            own.push(text);
            ended
        });
        let scoped = with_borrowing(&rt, scope, async |text| {
            let _panics = Panics(text);
            for _ in 0..5 {
                yield_now().await;
            }
            Ok::<_, Torn>(())
        });
        let ended = catch_unwind(AssertUnwindSafe(|| now(cancel_after(times, scoped))));
        assert_eq!(ended.unwrap_err().downcast_ref(), Some(&"drop"), "{times}");
        assert_eq!(log.take(), "frame drop", "{times}");
    }
}

// GM-23, CM-17, GM-19: dropped at every poll, softly and hard, also while the thread unwinds.
#[test]
fn a_scope_that_is_dropped_at_any_poll() {
    #[derive(Clone, Copy, PartialEq, Eq)]
    enum How {
        Soft,
        Hard,
        Unwinding,
    }

    for how in [How::Soft, How::Hard, How::Unwinding] {
        for times in 0..9 {
            let (rt, log) = (NoExecutor::new(), Trace::default());
            let own = log.clone();
            let scope = scope_fn_borrowing(async move |lend: Lends<'_>| {
                let mut text = String::from("frame");
                yield_now().await;
                let ended = lend.lend(&mut text).await;
                yield_now().await;
                own.push(format!("{text}, {}", ended.kind()));
                Ok::<_, Torn>(ended)
            });
            let mut scoped = Box::pin(with_borrowing(&rt, scope, holds));
            let ended = polls(scoped.as_mut(), times).is_some();
            match how {
                How::Soft => drive(cancel(scoped)),
                How::Hard => drop_inside(&rt, || drop(scoped)),
                How::Unwinding => drop_inside(&rt, || {
                    let unwound = catch_unwind(AssertUnwindSafe(|| {
                        let _scoped = scoped;
                        resume_unwind(Box::new(()));
                    }));
                    unwound.unwrap_err();
                }),
            }
            let dots = ".".repeat(times.saturating_sub(2).min(3));
            let expected = match times {
                0 | 1 => String::new(),
                2..5 => format!("frame body{dots} dropped, cancelled"),
                _ => String::from("frame body... dropped, completed"),
            };
            assert_eq!(log.take(), expected, "{times}");
            assert_eq!(ended, times > 5, "{times}");
        }
    }
}

/// Calls `f` in a scope, which takes over what is dropped in it: there is no executor.
fn drop_inside(rt: &impl Cleanup, f: impl FnOnce()) {
    let inside = with(rt, Numbered::new(0), async |_| {
        f();
        Ok::<_, Infallible>(())
    });
    drive(inside).unwrap();
}

/// The same, where it stays on its thread.
fn drop_locally(rt: &NoExecutor, f: impl FnOnce()) {
    let around = scope_fn_local(async |lend: Lend<()>| {
        let ((), ended) = lend.lend(()).await;
        Ok::<_, Infallible>(ended)
    });
    let inside = with(rt, Local(around), async |()| {
        f();
        Ok::<_, Infallible>(())
    });
    drive(inside).unwrap();
}

// CM-18, GM-1: leaked, it stands still.
#[test]
fn a_scope_that_is_leaked() {
    let (rt, log) = (NoExecutor::new(), Trace::default());
    let own = log.clone();
    let scope = scope_fn_borrowing(async move |lend: Lends<'_>| {
        let mut text = String::from("frame");
        let ended = lend.lend(&mut text).await;
        own.push(text);
        Ok::<_, Torn>(ended)
    });
    let mut scoped = Box::pin(with_borrowing(&rt, scope, holds_for_ever));
    waits(scoped.as_mut());
    forget(scoped);
    assert_eq!(log.take(), "");
}

// GM-7, K11: a look that panics does so in the frame, which may go on.
#[test]
fn a_look_that_panics() {
    let (rt, log) = (NoExecutor::new(), Trace::default());
    let own = log.clone();
    let scope = scope_fn_borrowing(async move |lend: Lends<'_>| {
        let mut text = String::from("frame");
        let look = |_: ExitReason<'_>| resume_unwind(Box::new("look"));
        let lending = lend.lend_with_look(&mut text, look);
        let ended: Result<(Ended, ()), _> = AssertUnwindSafe(lending).catch_unwind().await;
        yield_now().await;
        let panic = ended.unwrap_err().downcast::<&str>().unwrap();
        own.push(format!("{text}, {panic}"));
        Err::<Ended, _>(Torn)
    });
    let ended = drive(with_borrowing(&rt, scope, async |text| {
        text.push_str(" body");
        Ok::<_, Torn>(3)
    }));
    let exit = ScopeError::Exit {
        error: ExitError::Failed(Torn),
        value: 3,
    };
    assert_eq!(ended, Err(exit));
    assert_eq!(log.take(), "frame body, look");
}

// GM-10, K11: nobody is left to get what the look returns, and its drop panics: the frame ends first.
#[test]
fn a_look_for_nobody_whose_value_panics() {
    struct Panics;

    impl Drop for Panics {
        fn drop(&mut self) {
            resume_unwind(Box::new("drop"));
        }
    }

    let (rt, log) = (NoExecutor::new(), Trace::default());
    let own = log.clone();
    let scope = scope_fn_borrowing(async move |lend: Lends<'_>| {
        let mut text = String::from("frame");
        let mut lending = Box::pin(lend.lend_with_look(&mut text, |_| Panics));
        for _ in 0..2 {
            assert!(futures_util::poll!(lending.as_mut()).is_pending());
            yield_now().await;
        }
        drop(lending);
        for _ in 0..3 {
            yield_now().await;
        }
        own.push(text);
        Err::<Ended, _>(Torn)
    });
    let ended = catch_unwind(AssertUnwindSafe(|| {
        drive(with_borrowing(&rt, scope, holds_for_ever))
    }));
    assert_eq!(ended.unwrap_err().downcast_ref(), Some(&"drop"));
    assert_eq!(log.take(), "frame body dropped");
}

// GM-23: a body that is bound to its thread is not polled on another, although the lending is.
#[test]
fn a_lending_that_is_polled_on_another_thread() {
    let rt = NoExecutor::new();
    let scope = scope_fn_borrowing(async |lend: Lends<'_>| {
        let mut text = String::from("frame");
        let mut lending = lend.lend(&mut text);
        assert!(futures_util::poll!(&mut lending).is_pending());
        yield_now().await;
        for _ in 0..3 {
            std::thread::scope(|threads| {
                threads.spawn(|| waits(Pin::new(&mut lending)));
            });
            yield_now().await;
        }
        let ended = lending.await;
        Ok::<_, Torn>(ended)
    });
    let home = std::thread::current().id();
    let bound = std::rc::Rc::new(());
    let value = with_borrowing(&rt, scope, async |text| {
        let bound = bound.clone();
        assert_eq!(std::thread::current().id(), home);
        yield_now().await;
        assert_eq!(std::thread::current().id(), home);
        text.push('!');
        drop(bound);
        Ok::<_, Torn>(text.len())
    });
    assert_eq!(drive(value), Ok(6));
}

// GM-23: dropped on another thread, it can neither be polled nor be dropped.
#[test]
fn a_lending_that_is_dropped_on_another_thread_leaks_its_body() {
    let (rt, held) = (NoExecutor::new(), std::rc::Rc::new(()));
    let scope = scope_fn_borrowing(async |lend: Lends<'_>| {
        let mut text = String::from("frame");
        let mut lending = lend.lend(&mut text);
        for _ in 0..3 {
            assert!(futures_util::poll!(&mut lending).is_pending());
            yield_now().await;
        }
        std::thread::scope(|threads| {
            threads.spawn(move || drop(lending));
        });
        Err::<Ended, _>(Torn)
    });
    let ended = drive(with_borrowing(&rt, scope, async |_| {
        let _held = held.clone();
        pending::<Result<(), Torn>>().await
    }));
    let exit = Some(ExitError::Failed(Torn));
    assert_eq!(ended, Err(ScopeError::Withdrawn(exit)));
    assert_eq!(std::rc::Rc::strong_count(&held), 2);
}

// A-8, GM-3: the proof of another scope, while the body runs.
#[test]
fn a_frame_that_ends_with_the_proof_of_another() {
    let rt = NoExecutor::new();
    let proof: Arc<Mutex<Option<Ended>>> = Arc::default();
    let own = proof.clone();
    let first = scope_fn_borrowing(async move |lend: Lends<'_>| {
        let ended = lend.lend(&mut String::new()).await;
        *own.lock().unwrap() = Some(ended);
        pending::<Result<Ended, Torn>>().await
    });
    let mut first = Box::pin(with_borrowing(&rt, first, async |_| Ok::<_, Torn>(())));
    waits(first.as_mut());
    forget(first);
    let second = scope_fn_borrowing(async move |lend: Lends<'_>| {
        let mut text = String::from("frame");
        let mut lending = lend.lend(&mut text);
        assert!(futures_util::poll!(&mut lending).is_pending());
        yield_now().await;
        drop(lending);
        let stolen = proof.lock().unwrap().take().unwrap();
        Ok::<_, Torn>(stolen)
    });
    let ended = catch_unwind(AssertUnwindSafe(|| {
        drive(with_borrowing(&rt, second, holds_for_ever))
    }));
    let text = *ended.unwrap_err().downcast::<String>().unwrap();
    assert!(text.contains("the proof of another scope"), "{text}");
}

// GM-23: bodies of `with` swap the frames of two scopes: each is exited with what it has got.
#[test]
fn frames_that_change_places() {
    let (rt, log) = (NoExecutor::new(), Trace::default());
    let scope = |name: &'static str| {
        let log = log.clone();
        scope_fn_borrowing(async move |lend: Lends<'_>| {
            let mut text = String::from(name);
            let ended = lend.lend(&mut text).await;
            log.push(format!("{text}:{}", ended.kind()));
            Ok::<_, Torn>(ended)
        })
    };
    let outer = with(&rt, scope("a"), async |a| {
        let inner = with(&rt, scope("b"), async |b| {
            swap(a, b);
            Err::<(), _>("no")
        });
        inner.await.unwrap_err();
        Ok::<_, Infallible>(())
    });
    drive(outer).unwrap();
    assert_eq!(log.take(), "a:failed b:completed");
}

// GM-24, K2, K3: what foreign code drops in the body is cleaned up before the frame goes on, also
// where the frame lends inside of a scope of its own.
#[test]
fn what_the_body_leaves_is_waited_for_before_the_frame_goes_on() {
    let (rt, log) = (NoExecutor::new(), Trace::default());
    let (own_rt, own) = (rt, log.clone());
    let scope = scope_fn_borrowing(async move |lend: Lends<'_>| {
        let around = with(&own_rt, Slow::new("around", &own), async |()| {
            let mut text = String::from("frame");
            let ended = lend.lend(&mut text).await;
            own.push(text);
            Ok::<_, Infallible>(ended)
        });
        Ok::<_, Torn>(around.await.unwrap())
    });
    let ended = with_borrowing(&rt, scope, async |text| {
        let inner = with(&rt, Slow::new("inner", &log), async |()| {
            pending::<Result<(), Infallible>>().await
        });
        let mut inner = Box::pin(inner);
        assert!(futures_util::poll!(inner.as_mut()).is_pending());
        drop(inner);
        text.push('!');
        Ok::<_, Torn>(())
    });
    drive(ended).unwrap();
    assert_eq!(log.take(), "+around +inner -inner frame! -around");
    // The same, where the body is cancelled.
    let (own_rt, own) = (rt, log.clone());
    let scope = scope_fn_borrowing(async move |lend: Lends<'_>| {
        let around = with(&own_rt, Slow::new("around", &own), async |()| {
            let mut text = String::from("frame");
            let ended = lend.lend(&mut text).await;
            own.push(text);
            Ok::<_, Infallible>(ended)
        });
        Ok::<_, Torn>(around.await.unwrap())
    });
    let scoped = with_borrowing(&rt, scope, async |text| {
        let _mark = Mark(text);
        let inner = with(&rt, Slow::new("inner", &log), async |()| {
            pending::<Result<(), Infallible>>().await
        });
        inner.await.unwrap();
        Ok::<_, Torn>(())
    });
    drive(cancel_after(3, scoped));
    assert_eq!(log.take(), "+around +inner -inner frame dropped -around");
}

// K8: the same for frames and bodies of one thread.
#[test]
fn a_local_scope_that_is_dropped_at_any_poll() {
    for times in 0..6 {
        let (rt, log) = (NoExecutor::new(), Trace::default());
        let own = std::rc::Rc::new(log.clone());
        let scope = scope_fn_borrowing_local(async move |lend: Lends<'_>| {
            let mut text = String::from("frame");
            let ended = lend.lend(&mut text).await;
            own.push(format!("{text}, {}", ended.kind()));
            Ok::<_, Torn>(ended)
        });
        let mut scoped = Box::pin(with_borrowing(&rt, Local(scope), holds));
        polls(scoped.as_mut(), times);
        drop_locally(&rt, || drop(scoped));
        let kind = if times < 4 {
            ExitKind::Cancelled
        } else {
            ExitKind::Completed
        };
        let dots = ".".repeat(times.saturating_sub(1).min(3));
        let expected = format!("frame body{dots} dropped, {kind}");
        let expected = if times == 0 { String::new() } else { expected };
        assert_eq!(log.take(), expected, "{times}");
    }
}

//! A combinator whose cleanup budget has run out stops waiting, and what it waited for goes on.

#![cfg(feature = "std")]

mod common;

use std::cell::RefCell;
use std::convert::Infallible;
use std::future::{Future, Pending, pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use common::{Slow, Trace, drive, yield_now};
use withal_core::cancel::{Branch, Cancellable};
use withal_core::cleanup::{CleanupTask, Report, drain, set_report_hook};
use withal_core::runtime::{Cleanup, RuntimeId, Timer};
use withal_core::{ExitReason, HandOver, Local, LocalScope, await_cleanup, with};

const BUDGET: Duration = Duration::from_secs(3);

thread_local! {
    static OVER: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Keeps the reports of each thread, to be looked at by [`over_budget`].
fn keep_reports() {
    set_report_hook(Some(|report| {
        if let Report::OverBudget(about, BUDGET, child) = report {
            let line = format!("{} at {}", about.name, about.location.line());
            OVER.with_borrow_mut(|over| over.push(line));
            assert_eq!(child.location.file(), file!());
        }
    }));
}

/// Which combinators were reported as over their budget on this thread since.
fn over_budget() -> String {
    OVER.take().join(", ")
}

/// Keeps the cleanups that it gets, to be run by hand.
#[derive(Clone, Default)]
struct Later(Arc<Mutex<Vec<CleanupTask>>>);

impl Cleanup for Later {
    fn id(&self) -> RuntimeId {
        RuntimeId::new("later", 0)
    }

    fn spawn_cleanup(&self, task: CleanupTask) {
        self.0.lock().unwrap().push(task);
    }
}

impl Later {
    fn run(&self) {
        let tasks = std::mem::take(&mut *self.0.lock().unwrap());
        tasks.into_iter().for_each(drive);
    }
}

/// For a drain: no time passes.
impl Timer for Later {
    type Instant = ();
    type Sleep = Pending<()>;

    fn now(&self) {}

    fn deadline(&self, _: Duration) {}

    fn elapsed(&self, (): (), (): ()) -> Duration {
        Duration::ZERO
    }

    fn sleep_until(&self, (): ()) -> Pending<()> {
        pending()
    }
}

/// Polls `held` once.
fn once<C, T>(
    held: &mut Pin<&mut C>,
    poll: impl FnOnce(Pin<&mut C>, &mut Context<'_>) -> Poll<T>,
) -> Poll<T> {
    poll(held.as_mut(), &mut Context::from_waker(Waker::noop()))
}

async fn endless() -> Result<(), Infallible> {
    pending().await
}

// K9
#[test]
fn what_was_collected_goes_on_by_itself() {
    keep_reports();
    let (rt, trace) = (Later::default(), Trace::default());
    let line = line!() + 2;
    let scoped = with(&rt, Slow::new("a", &trace), async |()| endless().await);
    let mut held = pin!(Cancellable::new("test", scoped));
    assert!(once(&mut held, Cancellable::poll).is_pending());
    assert!(once(&mut held, Cancellable::poll_cancel).is_pending());
    held.as_mut().give_up(BUDGET);
    assert_eq!(over_budget(), format!("test at {line}"));
    assert!(once(&mut held, Cancellable::poll_cancel).is_ready());
    assert_eq!(trace.take(), "+a");
    rt.run();
    assert_eq!(trace.take(), "-a");
}

// K9, K10, CM-22
#[test]
fn an_exit_in_progress_goes_on_from_where_it_stands() {
    keep_reports();
    let (rt, trace) = (Later::default(), Trace::default());
    let scoped = with(&rt, Slow::new("a", &trace), async |()| {
        trace.push(".a".to_owned());
        Ok::<_, Infallible>(())
    });
    let mut held = pin!(Cancellable::new("test", scoped));
    // Of the two waits of the exit, one is over.
    assert!(once(&mut held, Cancellable::poll).is_pending());
    assert!(once(&mut held, Cancellable::poll).is_pending());
    held.as_mut().stop();
    assert!(held.is_exiting());
    held.as_mut().give_up(BUDGET);
    assert!(!held.is_exiting());
    assert!(over_budget().starts_with("test at"));
    assert!(once(&mut held, Cancellable::poll_cancel).is_ready());
    let [exit] = &mut std::mem::take(&mut *rt.0.lock().unwrap())[..] else {
        panic!("one cleanup");
    };
    assert!(once(&mut pin!(exit), Future::poll).is_ready());
    assert_eq!(trace.take(), "+a .a -a");
}

// K9, K2: whoever drops the combinator collects, and is not made to wait for what was given up.
#[test]
fn nobody_around_waits_for_what_was_given_up() {
    keep_reports();
    let (rt, trace) = (Later::default(), Trace::default());
    let inner = with(&rt, Slow::new("b", &trace), async |()| endless().await);
    let scoped = with(&rt, Slow::new("a", &trace), async |()| {
        let mut held = pin!(Cancellable::new("test", inner));
        assert!(once(&mut held, Cancellable::poll).is_pending());
        held.as_mut().give_up(BUDGET);
        poll_fn(|cx| held.as_mut().poll_cancel(cx)).await;
        Ok::<_, Infallible>(())
    });
    drive(await_cleanup(scoped)).unwrap();
    assert_eq!(trace.take(), "+a +b -a");
    assert!(over_budget().starts_with("test at"));
    rt.run();
    assert_eq!(trace.take(), "-b");
}

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic_any("bomb");
    }
}

// K9, K11
#[test]
fn a_panic_of_what_is_dropped_goes_on_afterwards() {
    keep_reports();
    let (rt, trace) = (Later::default(), Trace::default());
    let scoped = with(&rt, Slow::new("a", &trace), async |()| {
        let _bomb = Bomb;
        endless().await
    });
    let mut held = pin!(Cancellable::new("test", scoped));
    assert!(once(&mut held, Cancellable::poll).is_pending());
    held.as_mut().give_up(BUDGET);
    assert!(over_budget().starts_with("test at"));
    let ended = catch_unwind(AssertUnwindSafe(|| {
        once(&mut held, Cancellable::poll_cancel)
    }));
    assert_eq!(ended.unwrap_err().downcast_ref(), Some(&"bomb"));
    rt.run();
    assert_eq!(trace.take(), "+a -a");
}

// K9
#[test]
fn a_branch_that_is_given_up_is_cancelled() {
    keep_reports();
    let (rt, trace) = (Later::default(), Trace::default());
    let scoped = with(&rt, Slow::new("a", &trace), async |()| endless().await);
    let mut branch = pin!(Branch::new("test", scoped));
    assert!(once(&mut branch, |branch, cx| branch.poll_branch(cx, false)).is_pending());
    assert!(once(&mut branch, |branch, cx| branch.poll_branch(cx, true)).is_pending());
    branch.as_mut().give_up(BUDGET);
    assert!(over_budget().starts_with("test at"));
    let ended = once(&mut branch, |branch, cx| branch.poll_branch(cx, true));
    assert!(matches!(ended, Poll::Ready(Err(error)) if !error.is_panic()));
    rt.run();
    assert_eq!(trace.take(), "+a -a");
}

// K9: what foreign code dropped in it, and a value that it had come to.
#[test]
fn a_branch_that_is_given_up_keeps_its_value() {
    keep_reports();
    let (rt, trace) = (Later::default(), Trace::default());
    let mut branch = pin!(Branch::new("test", async {
        let scoped = with(&rt, Slow::new("a", &trace), async |()| endless().await);
        let mut scoped = Box::pin(scoped);
        common::waits(scoped.as_mut());
        drop(scoped);
        7
    }));
    assert!(once(&mut branch, |branch, cx| branch.poll_branch(cx, false)).is_pending());
    branch.as_mut().give_up(BUDGET);
    assert!(over_budget().starts_with("test at"));
    let ended = once(&mut branch, |branch, cx| branch.poll_branch(cx, false));
    assert!(matches!(ended, Poll::Ready(Ok(7))));
    rt.run();
    assert_eq!(trace.take(), "+a -a");
}

/// A scope of one thread, whose exit waits.
struct Bound(Trace, Rc<()>);

impl LocalScope for Bound {
    type Resource = ();
    type Error = Infallible;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<(), Infallible> {
        self.0.push("+a".to_owned());
        Ok(())
    }

    async fn exit(self, (): (), _: ExitReason<'_>) -> Result<(), Infallible> {
        yield_now().await;
        self.0.push(format!("-a {}", Rc::strong_count(&self.1)));
        Ok(())
    }
}

// K9, K8
#[test]
fn a_local_cleanup_that_is_given_up_stays_on_its_thread() {
    keep_reports();
    let (rt, trace) = (Later::default(), Trace::default());
    let scope = Local(Bound(trace.clone(), Rc::new(())));
    let scoped = with(&rt, scope, async |()| endless().await);
    let mut held = pin!(Cancellable::new("test", scoped).local());
    assert!(once(&mut held, Cancellable::poll).is_pending());
    assert!(once(&mut held, Cancellable::poll_cancel).is_pending());
    held.as_mut().give_up(BUDGET);
    assert!(over_budget().starts_with("test at"));
    assert!(once(&mut held, Cancellable::poll_cancel).is_ready());
    assert_eq!(trace.take(), "+a");
    assert!(drive(drain(&rt, Duration::MAX)).is_clean());
    assert_eq!(trace.take(), "-a 1");
}

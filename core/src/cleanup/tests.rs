//! Models of what threads share: loom runs each in every order in which its threads can meet, up
//! to a bound, and with every value that a load may give. A wake that gets lost shows as a
//! deadlock, a cleanup that two threads run at once as a race.
//!
//! `cargo xtask loom` runs them; `LOOM_LOG=trace` prints what led to a failure.

mod cells;
mod drains;
mod exits;
mod registers;

use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::task::Wake;
use alloc::vec::Vec;
use core::cell::RefCell;
use core::convert::Infallible;
use core::future::{Future, Pending, pending, poll_fn};
use core::mem;
use core::panic::Location;
use core::pin::{Pin, pin};
use core::sync::atomic::{AtomicUsize, Ordering};
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use std::sync::PoisonError;

use loom::cell::UnsafeCell;
use loom::sync::Condvar;
use loom::sync::atomic::AtomicBool;
use loom::thread::{self, JoinHandle};

use super::kind::Sendable;
use super::leftovers::Leftovers;
use super::live::{LiveEntry, ScopeId};
use super::scope_link::Bequest;
use super::{About, CleanupTask, CollectorId, Report, Subject, set_report_hook};
use crate::lock::Mutex;
use crate::runtime::{Cleanup, RuntimeId, Timer};

/// Calls `f` as the body of `scope`. Its panic goes on.
fn within<T>(scope: &mut Leftovers<Sendable>, f: impl FnOnce() -> T) -> T {
    let result = scope.within(ScopeId::NONE, f);
    result.unwrap_or_else(|payload| payload.resume())
}

std::thread_local! {
    // All threads of a model take turns on one thread of the system, which no other model uses.
    static LINES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Runs `threads` in every order with at most three preemptions: switches to another thread where the
/// one that runs could go on. `LOOM_MAX_PREEMPTIONS` sets another bound.
fn model(threads: impl Fn() + Send + Sync + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound.get_or_insert(3);
    model.check(move || {
        LINES.take();
        set_report_hook(Some(keep_report));
        threads();
    });
}

fn keep_report(report: &Report<'_>) {
    keep_line(report.to_string());
}

fn keep_line(line: String) {
    LINES.with_borrow_mut(|lines| lines.push(line));
}

/// What the hooks of this run were told.
fn lines() -> Vec<String> {
    LINES.with_borrow(Clone::clone)
}

/// How many reports of this run contain `text`.
fn reports_of(text: &str) -> usize {
    lines().iter().filter(|line| line.contains(text)).count()
}

/// Polls until ready, asleep between a poll and the next wake.
fn block_on<F: Future>(future: F) -> F::Output {
    #[derive(Default)]
    struct Sleeper {
        woken: loom::sync::Mutex<bool>,
        alarm: Condvar,
    }

    impl Wake for Sleeper {
        fn wake(self: Arc<Self>) {
            *self.woken.lock().unwrap() = true;
            self.alarm.notify_one();
        }
    }

    let sleeper = Arc::<Sleeper>::default();
    let waker = Waker::from(sleeper.clone());
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        let mut woken = sleeper.woken.lock().unwrap();
        while !mem::take(&mut *woken) {
            woken = sleeper.alarm.wait(woken).unwrap();
        }
    }
}

/// Polls once, by somebody who never comes back.
fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// What a model's executor does with a cleanup.
#[derive(Clone, Copy)]
enum Executor {
    /// Runs it on a thread of its own, which may be quicker than the one that spawns.
    Runs,
    /// Keeps it until the model asks for it.
    Keeps,
    /// Drops it.
    Refuses,
}

/// A runtime whose executor does as told, and whose clock stands still.
#[derive(Clone)]
struct Rt {
    executor: Executor,
    // The locks are std's: what the model itself needs has no order to be tried.
    kept: Arc<std::sync::Mutex<Vec<CleanupTask>>>,
    threads: Arc<std::sync::Mutex<Vec<JoinHandle<()>>>>,
}

impl Rt {
    fn new(executor: Executor) -> Self {
        Self {
            executor,
            kept: Arc::default(),
            threads: Arc::default(),
        }
    }

    /// The cleanup that the executor keeps.
    fn task(&self) -> CleanupTask {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.pop().expect("a cleanup was spawned")
    }

    /// Waits for the executor's threads.
    fn join(&self) {
        loop {
            let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
            let thread = threads.pop();
            drop(threads);
            match thread {
                Some(thread) => thread.join().unwrap(),
                None => return,
            }
        }
    }
}

impl Cleanup for Rt {
    fn id(&self) -> RuntimeId {
        RuntimeId::new("model", 0)
    }

    fn spawn_cleanup(&self, task: CleanupTask) {
        match self.executor {
            Executor::Runs => {
                let thread = thread::spawn(move || block_on(task));
                let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
                threads.push(thread);
            }
            Executor::Keeps => {
                let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.push(task);
            }
            Executor::Refuses => drop(task),
        }
    }
}

impl Timer for Rt {
    type Instant = Duration;
    type Sleep = Pending<()>;

    fn now(&self) -> Duration {
        Duration::ZERO
    }

    fn deadline(&self, timeout: Duration) -> Duration {
        timeout
    }

    fn elapsed(&self, earlier: Duration, later: Duration) -> Duration {
        later.saturating_sub(earlier)
    }

    fn sleep_until(&self, _deadline: Duration) -> Pending<()> {
        pending()
    }
}

/// Something that happens once, and that one exit waits for.
#[derive(Default)]
struct Event {
    state: Mutex<(bool, Option<Waker>)>,
}

impl Event {
    fn happen(&self) {
        let waker = self.state.with(|(happened, waker)| {
            *happened = true;
            waker.take()
        });
        waker.into_iter().for_each(Waker::wake);
    }

    fn poll(&self, cx: &mut Context<'_>) -> Poll<()> {
        let waker = cx.waker().clone();
        let (happened, _stale) = self
            .state
            .with(|(happened, slot)| (*happened, slot.replace(waker)));
        if happened {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

/// What an exit waits for.
enum Until {
    Now,
    /// Its second poll, which it asks for itself.
    Again,
    Happened(Arc<Event>),
    Both(Arc<Both>),
    /// Something went away; nobody is woken for it.
    Gone(Arc<AtomicBool>),
}

/// Two threads do something each, and show it by nothing but their wakes.
#[derive(Default)]
struct Both {
    done: [AtomicBool; 2],
    waker: std::sync::Mutex<Option<Waker>>,
}

impl Both {
    /// The waker of the exit that waits for them.
    fn waker(&self) -> Waker {
        let mut waker = self.waker.lock().unwrap_or_else(PoisonError::into_inner);
        waker.take().expect("an exit was polled")
    }

    fn poll(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.done.iter().all(|done| done.load(Ordering::Relaxed)) {
            return Poll::Ready(());
        }
        let mut waker = self.waker.lock().unwrap_or_else(PoisonError::into_inner);
        *waker = Some(cx.waker().clone());
        Poll::Pending
    }
}

/// The exit of a scope. Polled or dropped by two threads at once, it is a race.
struct Exit {
    until: Until,
    access: UnsafeCell<()>,
    ended: Ended,
}

impl Exit {
    fn new(until: Until, ended: &Ended) -> Self {
        Self {
            until,
            access: UnsafeCell::new(()),
            ended: ended.clone(),
        }
    }
}

impl Future for Exit {
    type Output = (Result<(), Infallible>, ());

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.access.with_mut(|_| ());
        let poll = match mem::replace(&mut self.until, Until::Now) {
            Until::Now => Poll::Ready(()),
            Until::Again => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Until::Happened(event) => {
                let poll = event.poll(cx);
                self.until = Until::Happened(event);
                poll
            }
            Until::Gone(gone) => {
                let is_gone = gone.load(Ordering::Relaxed);
                self.until = Until::Gone(gone);
                if is_gone {
                    Poll::Ready(())
                } else {
                    Poll::Pending
                }
            }
            Until::Both(both) => {
                let poll = both.poll(cx);
                self.until = Until::Both(both);
                poll
            }
        };
        poll.map(|()| {
            self.ended.0.fetch_add(1, Ordering::Relaxed);
            (Ok(()), ())
        })
    }
}

impl Drop for Exit {
    fn drop(&mut self) {
        self.access.with_mut(|_| ());
    }
}

/// How many exits have ended.
#[derive(Clone, Default)]
struct Ended(Arc<AtomicUsize>);

impl Ended {
    fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

fn about(name: &'static str) -> About {
    About {
        subject: Subject::Scope,
        name,
        location: Location::caller(),
        runtime: RuntimeId::new("model", 0),
    }
}

/// A scope that is entered is dropped by foreign code.
fn abandon(rt: &Rt, exit: Exit) {
    let bequest = Bequest::<_, Sendable> {
        rt,
        about: about("dropped"),
        budget: None,
        leftovers: Leftovers::new(),
        live: LiveEntry::default(),
        entered_under: CollectorId::NONE,
        detached: false,
    };
    bequest.hand_over(exit);
}

/// Waits as a scope does before its own exit.
async fn wait(scope: &mut Leftovers<Sendable>) {
    poll_fn(|cx| {
        scope
            .poll(cx, || about("scope"), |_| None, None)
            .map(|_| ())
    })
    .await;
}

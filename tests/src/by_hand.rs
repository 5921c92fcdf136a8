//! A runtime that does nothing by itself: its executor and its clock are moved by the test.

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use withal::cleanup::CleanupTask;
use withal::runtime::{Alarm, Cleanup, RuntimeId, Timer};

/// A runtime whose executor polls, and whose clock moves, when the test says so. It counts what is
/// done with it.
#[derive(Debug, Default)]
pub struct ByHand {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    instance: u64,
    tasks: Mutex<VecDeque<CleanupTask>>,
    clones: AtomicUsize,
    spawned: AtomicUsize,
    contexts: AtomicUsize,
    refuses: Mutex<bool>,
    clock: Mutex<Clock>,
}

#[derive(Debug, Default)]
struct Clock {
    now: Duration,
    next: usize,
    sleeping: BTreeMap<usize, Waker>,
}

impl Clone for ByHand {
    fn clone(&self) -> Self {
        self.inner.clones.fetch_add(1, Ordering::Relaxed);
        Self {
            inner: self.inner.clone(),
        }
    }
}

impl ByHand {
    /// A runtime of its own.
    pub fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self {
            inner: Arc::new(Inner {
                instance: NEXT.fetch_add(1, Ordering::Relaxed),
                ..Inner::default()
            }),
        }
    }

    /// Polls each task once, the new ones too, and drops those that ended. Gives how many are left.
    pub fn poll_tasks(&self) -> usize {
        let mut left = VecDeque::new();
        loop {
            let Some(mut task) = lock(&self.inner.tasks).pop_front() else {
                break;
            };
            let poll = Pin::new(&mut task).poll(&mut Context::from_waker(Waker::noop()));
            if poll.is_pending() {
                left.push_back(task);
            }
        }
        let count = left.len();
        lock(&self.inner.tasks).extend(left);
        count
    }

    /// Takes the oldest task off the executor.
    pub fn take_task(&self) -> Option<CleanupTask> {
        lock(&self.inner.tasks).pop_front()
    }

    /// Drops every task and refuses those that come: the runtime is gone.
    pub fn shut_down(&self) {
        *lock(&self.inner.refuses) = true;
        let tasks = std::mem::take(&mut *lock(&self.inner.tasks));
        drop(tasks);
    }

    /// Moves the clock on, and wakes who sleeps.
    pub fn advance(&self, span: Duration) {
        let mut clock = lock(&self.inner.clock);
        clock.now += span;
        let sleeping = std::mem::take(&mut clock.sleeping);
        drop(clock);
        sleeping.into_values().for_each(Waker::wake);
    }

    /// A sleep of that many seconds on this clock.
    pub fn sleep_for(&self, seconds: u64) -> Sleep {
        self.sleep(Duration::from_secs(seconds))
    }

    /// How often the value was cloned.
    pub fn clones(&self) -> usize {
        self.inner.clones.load(Ordering::Relaxed)
    }

    /// How many tasks were spawned, refused ones included.
    pub fn spawned(&self) -> usize {
        self.inner.spawned.load(Ordering::Relaxed)
    }

    /// How often its context was entered.
    pub fn contexts(&self) -> usize {
        self.inner.contexts.load(Ordering::Relaxed)
    }
}

impl Cleanup for ByHand {
    fn id(&self) -> RuntimeId {
        RuntimeId::new("by-hand", self.inner.instance)
    }

    fn spawn_cleanup(&self, task: CleanupTask) {
        self.inner.spawned.fetch_add(1, Ordering::Relaxed);
        if *lock(&self.inner.refuses) {
            drop(task);
        } else {
            lock(&self.inner.tasks).push_back(task);
        }
    }

    fn in_context<T>(&self, f: impl FnOnce() -> T) -> T {
        self.inner.contexts.fetch_add(1, Ordering::Relaxed);
        f()
    }

    fn alarm(&self, timeout: Duration) -> Option<Alarm> {
        Some(Alarm::new(self.sleep(timeout)))
    }
}

impl Timer for ByHand {
    type Instant = Duration;
    type Sleep = Sleep;

    fn now(&self) -> Duration {
        lock(&self.inner.clock).now
    }

    fn deadline(&self, timeout: Duration) -> Duration {
        self.now().saturating_add(timeout)
    }

    fn elapsed(&self, earlier: Duration, later: Duration) -> Duration {
        later.saturating_sub(earlier)
    }

    fn sleep_until(&self, deadline: Duration) -> Sleep {
        let mut clock = lock(&self.inner.clock);
        clock.next += 1;
        Sleep {
            inner: self.inner.clone(),
            number: clock.next,
            deadline,
            ended: false,
        }
    }
}

/// Waits for the clock of a [`ByHand`]. Keeps one waker, and must not be polled after its end.
#[derive(Debug)]
pub struct Sleep {
    inner: Arc<Inner>,
    number: usize,
    deadline: Duration,
    ended: bool,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        assert!(!this.ended, "a sleep was polled after its end");
        let mut clock = lock(&this.inner.clock);
        this.ended = clock.now >= this.deadline;
        if this.ended {
            return Poll::Ready(());
        }
        clock.sleeping.insert(this.number, cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        lock(&self.inner.clock).sleeping.remove(&self.number);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

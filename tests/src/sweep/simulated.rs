//! The runtime of a simulated run: one thread, virtual time, and a shutdown at any moment.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use futures_util::future::BoxFuture;
use withal::cleanup::CleanupTask;
use withal::runtime::{Alarm, Blocking, Cleanup, RuntimeId, Spawn, TaskError, TaskFuture, Timer};

/// A runtime on this thread, moved by the sweep: tasks are polled first in, first out; time passes
/// when nothing else is to be done; blocking work runs at once, where it is asked for.
#[derive(Clone)]
pub struct Simulated(Arc<Inner>);

#[derive(Default)]
struct Inner {
    instance: u64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    gone: bool,
    next: usize,
    tasks: BTreeMap<usize, Arc<Task>>,
    ready: VecDeque<Arc<Task>>,
    now: Duration,
    sleeping: BTreeMap<(Duration, usize), Waker>,
}

struct Task {
    id: usize,
    future: Mutex<Option<BoxFuture<'static, ()>>>,
    queued: AtomicBool,
    runtime: Weak<Inner>,
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        if !self.queued.swap(true, Ordering::AcqRel)
            && let Some(runtime) = self.runtime.upgrade()
        {
            lock(&runtime.state).ready.push_back(self);
        }
    }
}

impl Simulated {
    pub(super) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self(Arc::new(Inner {
            instance: NEXT.fetch_add(1, Ordering::Relaxed),
            state: Mutex::default(),
        }))
    }

    fn start(&self, future: BoxFuture<'static, ()>) {
        let mut state = lock(&self.0.state);
        if state.gone {
            drop(state);
            drop(future);
            return;
        }
        let id = state.number();
        let task = Arc::new(Task {
            id,
            future: Mutex::new(Some(future)),
            queued: AtomicBool::new(true),
            runtime: Arc::downgrade(&self.0),
        });
        state.tasks.insert(id, task.clone());
        state.ready.push_back(task);
    }

    /// Polls the task that was woken first; `false` if there is none.
    pub(super) fn poll_a_task(&self) -> bool {
        let Some(task) = lock(&self.0.state).ready.pop_front() else {
            return false;
        };
        self.poll(task);
        true
    }

    /// Polls once each task that is woken now.
    pub(super) fn poll_tasks_once(&self) {
        let ready = std::mem::take(&mut lock(&self.0.state).ready);
        for task in ready {
            self.poll(task);
        }
    }

    fn poll(&self, task: Arc<Task>) {
        task.queued.store(false, Ordering::Release);
        let Some(mut future) = lock(&task.future).take() else {
            return;
        };
        let waker = Waker::from(task.clone());
        if future
            .as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_ready()
        {
            let _task = lock(&self.0.state).tasks.remove(&task.id);
        } else if lock(&self.0.state).tasks.contains_key(&task.id) {
            *lock(&task.future) = Some(future);
        }
    }

    /// Moves the clock to the next sleep's end; `false` if nobody sleeps.
    pub(super) fn advance_to_next(&self) -> bool {
        let mut state = lock(&self.0.state);
        let Some(((deadline, _), waker)) = state.sleeping.pop_first() else {
            return false;
        };
        state.now = state.now.max(deadline);
        drop(state);
        waker.wake();
        true
    }

    /// Drops every task, and takes no more.
    pub(super) fn shut_down(&self) {
        let mut state = lock(&self.0.state);
        state.gone = true;
        let tasks = std::mem::take(&mut state.tasks);
        let _ready = std::mem::take(&mut state.ready);
        drop(state);
        for task in tasks.into_values() {
            // Dropped outside of every lock.
            let _future = lock(&task.future).take();
        }
    }
}

impl State {
    fn number(&mut self) -> usize {
        self.next += 1;
        self.next
    }
}

impl fmt::Debug for Simulated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Simulated").field(&self.0.instance).finish()
    }
}

impl Cleanup for Simulated {
    fn id(&self) -> RuntimeId {
        RuntimeId::new("simulated", self.0.instance)
    }

    fn spawn_cleanup(&self, task: CleanupTask) {
        self.start(Box::pin(task));
    }

    fn alarm(&self, timeout: Duration) -> Option<Alarm> {
        Some(Alarm::new(self.sleep(timeout)))
    }
}

impl Timer for Simulated {
    type Instant = Duration;
    type Sleep = Sleep;

    fn now(&self) -> Duration {
        lock(&self.0.state).now
    }

    fn deadline(&self, timeout: Duration) -> Duration {
        self.now().saturating_add(timeout)
    }

    fn elapsed(&self, earlier: Duration, later: Duration) -> Duration {
        later.saturating_sub(earlier)
    }

    fn sleep_until(&self, deadline: Duration) -> Sleep {
        let number = lock(&self.0.state).number();
        Sleep {
            runtime: self.clone(),
            key: (deadline, number),
        }
    }
}

/// Waits for the virtual clock.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Sleep {
    runtime: Simulated,
    key: (Duration, usize),
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let waker = cx.waker().clone();
        let mut state = lock(&self.runtime.0.state);
        if state.now >= self.key.0 {
            return Poll::Ready(());
        }
        let _stale = state.sleeping.insert(self.key, waker);
        drop(state);
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        let _waker = lock(&self.runtime.0.state).sleeping.remove(&self.key);
    }
}

impl Spawn for Simulated {
    type Task<T: Send + 'static> = Handle<T>;

    fn spawn<F>(&self, future: F) -> Handle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let slot = Arc::new(Slot::default());
        let sender = Sender(slot.clone());
        let task = TaskFuture::new(future);
        self.start(Box::pin(async move { sender.send(task.await) }));
        Handle(slot)
    }
}

impl Blocking for Simulated {
    type Job<T: Send + 'static> = Handle<T>;

    fn unblock<F, T>(&self, work: F) -> Handle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let slot = Arc::new(Slot::default());
        let sender = Sender(slot.clone());
        let runtime = self.clone();
        // A turn later, so that there is a moment to be cancelled in.
        self.start(Box::pin(async move {
            let _runtime = runtime;
            sender.send(catch_unwind(AssertUnwindSafe(work)).map_err(TaskError::panicked));
        }));
        Handle(slot)
    }
}

struct Slot<T> {
    value: Mutex<Option<Result<T, TaskError>>>,
    waiting: Mutex<Option<Waker>>,
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self {
            value: Mutex::default(),
            waiting: Mutex::default(),
        }
    }
}

struct Sender<T>(Arc<Slot<T>>);

impl<T> Sender<T> {
    fn send(self, value: Result<T, TaskError>) {
        *lock(&self.0.value) = Some(value);
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let mut value = lock(&self.0.value);
        // The task was dropped.
        value.get_or_insert_with(|| Err(TaskError::cancelled()));
        drop(value);
        let waiting = lock(&self.0.waiting).take();
        if let Some(waker) = waiting {
            waker.wake();
        }
    }
}

/// A task or a blocking job of a [`Simulated`] runtime: resolves to its value.
#[must_use = "futures do nothing unless polled"]
pub struct Handle<T>(Arc<Slot<T>>);

impl<T> Future for Handle<T> {
    type Output = Result<T, TaskError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let waker = cx.waker().clone();
        let _stale = lock(&self.0.waiting).replace(waker);
        match lock(&self.0.value).take() {
            Some(value) => Poll::Ready(value),
            None => Poll::Pending,
        }
    }
}

impl<T> Drop for Handle<T> {
    fn drop(&mut self) {
        let _waker = lock(&self.0.waiting).take();
    }
}

impl<T> fmt::Debug for Handle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

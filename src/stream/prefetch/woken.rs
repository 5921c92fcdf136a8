use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Wake, Waker};

/// Which of several futures in one task were woken.
#[derive(Debug, Default)]
pub(super) struct Woken {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Where they are; in the order of their wakes.
    slots: Vec<usize>,
    /// The task. It is taken by the first wake.
    task: Option<Waker>,
}

/// Wakes one of the futures: the one in `slot`.
#[derive(Debug)]
pub(super) struct SlotWaker {
    slot: usize,
    /// It stands among the woken, or has no future that could be.
    is_noted: AtomicBool,
    woken: Arc<Woken>,
}

impl Woken {
    /// From now on, a wake wakes `task`.
    pub(super) fn register(&self, task: &Waker) {
        let is_registered = |state: &mut State| {
            let registered = state.task.as_ref();
            registered.is_some_and(|registered| registered.will_wake(task))
        };
        if !self.with(is_registered) {
            let task = task.clone();
            let stale = self.with(|state| state.task.replace(task));
            drop(stale);
        }
    }

    /// Moves those that were woken to `into`, which is empty.
    pub(super) fn take(&self, into: &mut Vec<usize>) {
        self.with(|state| mem::swap(&mut state.slots, into));
    }

    fn with<R>(&self, f: impl FnOnce(&mut State) -> R) -> R {
        f(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl SlotWaker {
    pub(super) fn new(slot: usize, woken: &Arc<Woken>) -> Arc<Self> {
        Arc::new(Self {
            slot,
            is_noted: AtomicBool::new(false),
            woken: woken.clone(),
        })
    }

    /// The future is about to be polled: wakes count from now on.
    pub(super) fn begin(&self) {
        self.is_noted.store(false, Ordering::SeqCst);
    }

    /// The future is gone: wakes count no more.
    pub(super) fn end(&self) {
        self.is_noted.store(true, Ordering::SeqCst);
    }

    /// So is the loop.
    pub(super) fn forget_task(&self) {
        let task = self.woken.with(|state| state.task.take());
        drop(task);
    }
}

impl Wake for SlotWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.is_noted.swap(true, Ordering::SeqCst) {
            return;
        }
        let task = self.woken.with(|state| {
            state.slots.push(self.slot);
            state.task.take()
        });
        task.into_iter().for_each(Waker::wake);
    }
}
